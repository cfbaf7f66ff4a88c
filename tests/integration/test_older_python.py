# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A target whose Python is too old: one line, before any call. Real interpreters, where the machine has them."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import typing as t

import pytest

from ansible_collections.sky.aws.tests.emulator.server import Emulator
from ansible_collections.sky.aws.tests.integration.runs import Runner

#: Those that ansible-core 2.18 and 2.19 can run a module with, and the collection cannot; later ones begin with 3.9.
VERSIONS = ("3.8", "3.9", "3.10")


def interpreter(version: str) -> str | None:
    """A Python of that version: on the PATH, or one of pyenv's."""
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT") or pathlib.Path.home() / ".pyenv")
    candidates = [shutil.which(f"python{version}"), *pyenv.glob(f"versions/{version}.*/bin/python{version}")]
    return next((str(path) for path in candidates if path and _is(str(path), version)), None)


def _is(path: str, version: str) -> bool:
    """Whether it runs, and as what it is called: pyenv's shims are there for versions that are not chosen, too."""
    script = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run([path, "-c", script], capture_output=True, text=True, check=False).stdout.strip() == version


def test_an_older_python_is_refused_before_any_call(aws: Emulator, runner: Runner) -> None:
    pythons = {version: python for version in VERSIONS if (python := interpreter(version))}
    if not pythons:
        pytest.skip(f"this machine has no Python {', '.join(VERSIONS)}")
    options = {"account_id": "111122223333", "region": "us-east-1", "name": "alice"}
    # async makes Ansible run an ordinary module, by the host's own interpreter.
    task: dict[str, t.Any] = {"sky.aws.sky_user": options, "async": 60, "poll": 1}
    play = {"hosts": "all", "connection": "local", "gather_facts": False, "tasks": [task]}
    run = runner.play([play], {f"python{v}": {"ansible_python_interpreter": pythons[v]} for v in pythons})
    for version, python in pythons.items():
        said = run.message(f"python{version}")
        assert said.startswith(f"sky.aws requires Python 3.11 or later on the target; {python} is Python {version}.")
        assert "ansible_python_interpreter" in said
    assert aws.calls() == []
