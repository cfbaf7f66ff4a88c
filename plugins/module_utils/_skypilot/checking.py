# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an installed SkyPilot is asked about a configuration, and what it answers. PRIVATE to the collection.

Paths with line numbers are in the package ``sky`` of the release in release.py.
"""

from __future__ import annotations

from .._errors import one_line

#: The file that the script writes: ``{"version": "0.9.1", "found": [null, "what is wrong", ...]}``, one for each file.
VERDICT = "verdict.json"

#: Checks the files that it is given, in its working directory. Leaves by os._exit, because SkyPilot's threads would keep it.
SCRIPT = f"""
import json, os, sys
import sky
from sky import skypilot_config
found = []
for path in sys.argv[1:]:
    try:
        skypilot_config.parse_and_validate_config_file(path)
        found.append(None)
    except BaseException as error:
        found.append(str(error) or type(error).__name__)
with open("{VERDICT}", "w") as file:
    json.dump({{"version": sky.__version__, "found": found}}, file)
os._exit(0)
"""

#: As a server SkyPilot is strict: skylet/constants.py, ENV_VAR_IS_SKYPILOT_SERVER.
ENVIRONMENT = {"IS_SKYPILOT_SERVER": "true", "SKYPILOT_DISABLE_USAGE_COLLECTION": "1"}


def cause(message: str) -> str:
    """What is wrong, from a message that names the file before it."""
    return one_line(message.partition(" Error: ")[2] or message)
