# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python that a module needs on its target. PRIVATE to the collection.

To import this file is to check it: an older Python ends the module here with one line, before it reads a file that it
cannot read and before any call. ansible-core checks its own minimum, which is lower, in the same way
(``_PY_MIN`` in ansible/module_utils/basic.py). So this file, and what is imported before it, stays readable for Python 3.8.
"""

from __future__ import annotations

import json
import sys

MINIMUM = (3, 11)


def refusal(version: tuple[int, ...], executable: str) -> str | None:
    """Why a Python cannot run the collection, in one line; None if it can.

    :param version: the first numbers of ``sys.version_info``.
    :param executable: path of the interpreter.
    """
    if version >= MINIMUM:
        return None
    needed, found = (".".join(map(str, numbers)) for numbers in (MINIMUM, version))
    return (
        f"sky.aws requires Python {needed} or later on the target; {executable} is Python {found}. "
        "To fix: set ansible_python_interpreter to a later one"
    )


_REFUSAL = refusal(sys.version_info[:3], sys.executable)
if _REFUSAL:
    sys.stdout.write(json.dumps({"failed": True, "msg": _REFUSAL}))
    raise SystemExit(1)
