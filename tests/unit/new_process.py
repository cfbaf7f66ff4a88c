# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Code in a Python of its own, for what an import does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t

if t.TYPE_CHECKING:
    import pathlib


def python(code: str, tmp_path: pathlib.Path, *arguments: str) -> list[t.Any]:
    """What a new process prints, a JSON document a line. It succeeds, and says nothing beside."""
    environment = {
        **os.environ,
        "ANSIBLE_LOCAL_TEMP": str(tmp_path),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]
