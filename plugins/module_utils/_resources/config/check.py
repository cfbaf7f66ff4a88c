# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SkyPilot's own check of a configuration file, by a SkyPilot that is installed. PRIVATE to the collection.

It runs in a process and a home of its own: importing SkyPilot loads the user's configuration and makes folders, and leaves
threads behind. It takes a second or two.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from ..._errors import SkyError, one_line
from ..._skypilot import checking

AUTO = "auto"
NOT_FOUND = (
    "SkyPilot was not found, so it has not checked the configuration files; put sky on the PATH or give skypilot_python "
    "(an empty one, to go without)"
)

#: Seconds that SkyPilot gets; it needs two on a small machine.
_TIMEOUT = 60
_SHEBANG = re.compile(r"#!\s*(?P<program>\S+)(?:\s+(?P<argument>\S+))?")
_ERRORS = "stderr"


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Who has checked: ``SkyPilot`` and its version, or nobody, and then perhaps a warning, the same for all accounts."""

    checked_by: str | None = None
    warning: str | None = None


def check(python: str, before: str, after: str, path: str) -> Verdict:
    """Have SkyPilot check the text of a file as it is (empty: there is none) and as it will be.

    :param python: path of an interpreter that has SkyPilot, ``auto`` for that of the command ``sky``, empty for no check.
    :param path: the file, for messages.
    :raises SkyError: SkyPilot refuses one of them, or cannot be asked; with ``auto`` the latter is a warning.
    """
    if not python:
        return Verdict()
    interpreter = _interpreter() if python == AUTO else python
    if interpreter is None:
        return Verdict(warning=NOT_FOUND)
    answer = _asked(interpreter, {"before": before, "after": after})
    if isinstance(answer, str):
        if python == AUTO:
            return Verdict(
                warning=f"SkyPilot could not be asked, so it has not checked the configuration files: {answer}"
            )
        raise SkyError(
            f"skypilot_python: {answer}; give an interpreter that has SkyPilot, or an empty text to go without"
        )
    skypilot = f"SkyPilot {answer['version']}"
    refused_before, refused_after = answer["found"]
    if before and refused_before:
        raise SkyError(
            f"{path} is left as it is, since {skypilot} refuses what is in it: {checking.cause(refused_before)}"
        )
    if refused_after:
        raise SkyError(
            f"{path} is left as it is, since {skypilot} would refuse the new one: {checking.cause(refused_after)}"
        )
    return Verdict(checked_by=skypilot)


def _interpreter() -> str | None:
    """The Python that the command ``sky`` names in its first line."""
    command = shutil.which("sky")
    if command is None:
        return None
    try:
        with open(command, "rb") as file:
            shebang = _SHEBANG.match(file.readline(4096).decode(errors="replace"))
    except OSError:
        return None
    if not shebang:
        return None
    name = pathlib.PurePath(shebang["program"]).name
    found = shutil.which(shebang["argument"]) if name == "env" and shebang["argument"] else shebang["program"]
    return found if found and "python" in pathlib.PurePath(found).name else None


def _asked(interpreter: str, texts: dict[str, str]) -> dict[str, list[str | None]] | str:
    """What SkyPilot says of the texts, or why it says nothing.

    :raises SkyError: there is no room for the copies, or SkyPilot takes too long.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="sky-aws-") as home:
            return _answer(interpreter, pathlib.Path(home), texts)
    except subprocess.TimeoutExpired:
        raise SkyError(f"SkyPilot ({interpreter}) did not answer within {_TIMEOUT} seconds; run it again") from None
    except OSError as error:
        return one_line(f"{interpreter}: {error.strerror or error}")


def _answer(interpreter: str, home: pathlib.Path, texts: dict[str, str]) -> dict[str, list[str | None]] | str:
    for name, text in texts.items():
        (home / f"{name}.yaml").write_text(text, encoding="utf-8", newline="")
    # Into a file: a pipe would be held open by what SkyPilot itself starts.
    with open(home / _ERRORS, "wb") as errors:
        subprocess.run(  # pylint: disable=ansible-bad-function # a resource has no run_command
            [interpreter, "-c", checking.SCRIPT, *(f"{name}.yaml" for name in texts)],
            cwd=home,
            env=_environment(home),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            timeout=_TIMEOUT,
            check=False,
        )
    verdict = home / checking.VERDICT
    if verdict.exists():
        answer: dict[str, list[str | None]] = json.loads(verdict.read_text())
        return answer
    said = (home / _ERRORS).read_text(errors="replace").strip().splitlines()
    return one_line(f"{interpreter}: {said[-1] if said else 'it ended without an answer'}")


def _environment(home: pathlib.Path) -> dict[str, str]:
    """Nothing of the user's but the PATH and where ``pip install --user`` puts packages."""
    return {
        "HOME": str(home),
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONUSERBASE": os.environ.get("PYTHONUSERBASE") or str(pathlib.Path("~/.local").expanduser()),
        "PYTHONDONTWRITEBYTECODE": "1",
        **checking.ENVIRONMENT,
    }
