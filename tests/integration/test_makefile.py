# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Makefile on machines that are not as one would like: in a folder with a blank in its name, from an empty start."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENVIRONMENT = ".venv/bin/python"


@pytest.fixture
def checkout(tmp_path: pathlib.Path) -> pathlib.Path:
    folder = tmp_path / "sky aws"
    folder.mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    return folder


def make(checkout: pathlib.Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    # Not as part of the make that runs the tests.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "ARGS"))}
    return subprocess.run(
        ["make", *arguments],
        cwd=checkout,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def shown(checkout: pathlib.Path, name: str, **environment: str) -> str:
    """A variable of the environment as a recipe sees it."""
    return make(checkout, "--eval", f'shown:; @echo "$${name}"', "shown", **environment).stdout.strip()


class TestTheEnvironment:
    MISSING = "Python 3.11 to 3.14 with venv is needed; on Debian and Ubuntu: apt install python3-venv"

    def test_without_a_python_one_line_says_what_to_install(self, checkout: pathlib.Path) -> None:
        done = make(checkout, ENVIRONMENT, "PYTHON=")
        assert done.returncode != 0
        assert done.stdout.splitlines() == [self.MISSING]
        assert not (checkout / ".venv").exists()

    def test_a_half_made_one_is_made_again_and_then_stays(self, checkout: pathlib.Path) -> None:
        """What python3 -m venv leaves where ensurepip is missing: a Python without pip."""
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", checkout / ".venv"], check=True)
        made = make(checkout, ENVIRONMENT, f"PYTHON={sys.executable}")
        assert made.returncode == 0, made.stderr
        assert subprocess.check_output([checkout / ".venv/bin/pip", "--version"], text=True).startswith("pip ")
        again = make(checkout, ENVIRONMENT, "PYTHON=")
        assert (again.returncode, again.stdout) == (0, "")

    def test_one_whose_folder_was_moved_is_not_taken(self, checkout: pathlib.Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", checkout / ".venv"], check=True)
        pip = checkout / ".venv/bin/pip"
        pip.write_text(f"#!{checkout.parent}/before/.venv/bin/python\n")
        pip.chmod(0o755)
        assert self.MISSING in make(checkout, ENVIRONMENT, "PYTHON=").stdout


class TestSettings:
    @pytest.mark.parametrize("name", ["PYTHONPATH", "ANSIBLE_HOME", "ANSIBLE_CONFIG"])
    def test_folders_are_those_of_the_checkout(self, checkout: pathlib.Path, name: str) -> None:
        assert shown(checkout, name).startswith(f"{checkout}/")

    def test_programs_are_those_of_the_checkout(self, checkout: pathlib.Path) -> None:
        assert shown(checkout, "PATH").split(":")[0] == f"{checkout}/.venv/bin"

    @pytest.mark.parametrize("locale", ["C", "POSIX", "en_US", "nowhere.UTF-8"])
    def test_a_locale_that_ansible_refuses_is_replaced(self, checkout: pathlib.Path, locale: str) -> None:
        assert shown(checkout, "LC_ALL", LC_ALL=locale) == "C.UTF-8"

    def test_a_good_one_stays(self, checkout: pathlib.Path) -> None:
        assert shown(checkout, "LC_ALL", LC_ALL="C.utf8") == "C.utf8"
