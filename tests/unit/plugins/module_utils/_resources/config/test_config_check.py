# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom the configuration is shown, and what becomes of the answer; tests/skypilot asks the real SkyPilot."""

from __future__ import annotations

import pathlib
import sys

import pytest

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._resources.config import check as checking
from ansible_collections.sky.aws.plugins.module_utils._resources.config.check import NOT_FOUND, Verdict, check

#: A package that stands in for SkyPilot: it refuses the word "bad", and says what it was given.
SKY = """
import os
__version__ = "9.9.9"
"""
SKYPILOT_CONFIG = """
import os, pathlib, sys, threading, time
def parse_and_validate_config_file(path):
    print("noise"); print("noise", file=sys.stderr)
    assert os.environ["IS_SKYPILOT_SERVER"] == "true"
    assert pathlib.Path.home() == pathlib.Path.cwd() and pathlib.Path.cwd() != pathlib.Path("/")
    assert pathlib.Path.home().stat().st_mode & 0o777 == 0o700
    left = {name for name in os.environ if name.startswith(("AWS_", "SKY_", "SKYPILOT_"))}
    assert left == {"SKYPILOT_DISABLE_USAGE_COLLECTION"}, left
    threading.Thread(target=time.sleep, args=(600,)).start()
    if "bad" in open(path).read():
        raise ValueError(f"Invalid config YAML from ({path}). See: somewhere. Error: found\\n bad")
"""


@pytest.fixture
def python(tmp_path: pathlib.Path) -> str:
    """An interpreter that has the stand-in."""
    package = tmp_path / "lib" / "sky"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(SKY)
    (package / "skypilot_config.py").write_text(SKYPILOT_CONFIG)
    return program(tmp_path / "bin" / "python3", f'PYTHONPATH={tmp_path}/lib exec "{sys.executable}" "$@"')


def program(path: pathlib.Path, text: str) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_what_is_good_is_checked_by_its_release(python, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "x")
    monkeypatch.setenv("SKYPILOT_CONFIG", "x")
    assert check(python, "", "a: 1\n", "/f") == Verdict("SkyPilot 9.9.9")


def test_a_new_text_that_is_refused(python):
    with pytest.raises(SkyError) as caught:
        check(python, "a: 1\n", "bad\n", "/f")
    assert caught.value.message == ("/f is left as it is, since SkyPilot 9.9.9 would refuse the new one: found bad")


def test_an_old_text_that_is_refused(python):
    with pytest.raises(SkyError) as caught:
        check(python, "bad\n", "bad\n", "/f")
    assert caught.value.message == "/f is left as it is, since SkyPilot 9.9.9 refuses what is in it: found bad"


def test_nobody_is_asked_when_switched_off():
    assert check("", "bad\n", "bad\n", "/f") == Verdict()


def test_without_skypilot_there_is_one_warning(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert check("auto", "", "a: 1\n", "/f") == check("auto", "", "b: 1\n", "/g") == Verdict(warning=NOT_FOUND)


@pytest.mark.parametrize("line", ["#!{python}", "#! {python} -E", "#!/usr/bin/env python3"])
def test_the_interpreter_of_the_command_is_found(python, monkeypatch, tmp_path, line):
    folder = pathlib.Path(python).parent
    (folder / "sky").write_text(line.format(python=python) + "\nimport sky\n")
    (folder / "sky").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    assert check("auto", "", "a: 1\n", "/f") == Verdict("SkyPilot 9.9.9")


@pytest.mark.parametrize("text", [b"#!/bin/sh\n", b"\x7fELF\xff", b"", b"#!/usr/bin/env nothing\n"])
def test_a_command_of_another_kind_is_not_run(monkeypatch, tmp_path, text):
    (tmp_path / "sky").write_bytes(text)
    (tmp_path / "sky").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert check("auto", "", "a: 1\n", "/f") == Verdict(warning=NOT_FOUND)


def test_a_command_whose_python_has_no_skypilot_is_a_warning(monkeypatch, tmp_path):
    broken = program(tmp_path / "python3", "echo ModuleNotFoundError: no sky >&2; exit 1")
    (tmp_path / "sky").write_text(f"#!{broken}\n")
    (tmp_path / "sky").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = check("auto", "", "a: 1\n", "/f")
    assert found.checked_by is None
    assert found.warning == (
        "SkyPilot could not be asked, so it has not checked the configuration files: "
        f"{broken}: ModuleNotFoundError: no sky"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("exit 1", "it ended without an answer"),
        ("echo ImportError: x >&2; exit 1", "ImportError: x"),
        ("exec sleep 600", "did not answer within 1 seconds; run it again"),
    ],
)
def test_a_given_python_that_does_not_answer_is_an_error(tmp_path, monkeypatch, text, words):
    monkeypatch.setattr(checking, "_TIMEOUT", 1)
    with pytest.raises(SkyError) as caught:
        check(program(tmp_path / "python3", text), "", "a: 1\n", "/f")
    assert words in caught.value.message
    assert "\n" not in caught.value.message


def test_a_given_python_that_is_none_is_an_error(tmp_path):
    with pytest.raises(SkyError, match=r"skypilot_python: .*: No such file or directory; give an interpreter"):
        check(str(tmp_path / "nothing"), "", "a: 1\n", "/f")


def test_no_copy_is_left(python, tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    check(python, "", "a: 1\n", "/f")
    assert list(scratch.iterdir()) == []
