# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two ways of docs/researchers.md to hand files over, by its own commands."""

from __future__ import annotations

import pathlib
import pwd
import shutil
import stat
import subprocess

import pytest

from ansible_collections.sky.aws.plugins.module_utils._resources.config import RESOURCE as config
from ansible_collections.sky.aws.plugins.module_utils._resources.user.key import in_file
from ansible_collections.sky.aws.plugins.module_utils._resources.user.key.key import NewKey
from ansible_collections.sky.aws.plugins.module_utils._run import run
from ansible_collections.sky.aws.tests.unit.processes import linked, made, needs_root, shared_folder
from ansible_collections.sky.aws.tests.unit.sandbox import params

pytestmark = [needs_root, pytest.mark.skipif(not shutil.which("setpriv"), reason="needs setpriv (util-linux)")]

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "researchers.md"
HER = pwd.getpwnam("daemon")
FILES = (".aws/credentials", ".aws/config", ".sky/config.yaml")


@pytest.fixture
def folder():
    yield from shared_folder()


@pytest.fixture
def home(folder):
    return made(folder / "home", HER.pw_uid, 0o755, HER.pw_gid)


def hand_over(command: str, folder: pathlib.Path) -> int:
    """Run a command of the page, for a user and folders that are here; its exit status."""
    [line] = [line.strip() for line in PAGE.read_text().splitlines() if line.startswith(f"    {command}")]
    her = f"setpriv --reuid {HER.pw_uid} --regid {HER.pw_gid} --clear-groups"
    changes = {"/srv/sky/alice": folder / "ours", "/home/alice": folder / "home", "sudo -u alice": her}
    for text, here in changes.items():
        line = line.replace(text, str(here))
    return subprocess.run(["/bin/sh", "-c", line], check=False).returncode


def write(folder: pathlib.Path, owner: str | None = None) -> None:
    """What the roles write."""
    key, aws, sky = (str(folder / name) for name in FILES)
    in_file.read(key, "p", owner).deliver(NewKey("ID", "SECRET", "Active", None), print)
    options = {"config_file": sky, "aws_config_file": aws, "skypilot_python": "", "backup": False}
    run(config, params(config, user="alice", **options), check_mode=False, warn=print)


def hers(home: pathlib.Path) -> list[tuple[int, int]]:
    found = [(home / name).lstat() for name in FILES]
    return [(status.st_uid, stat.S_IMODE(status.st_mode)) for status in found]


def test_a_folder_of_ones_own_and_a_copy_that_she_writes(folder, home):
    write(folder / "ours")
    assert hand_over("tar -C", folder) == 0
    assert hers(home) == [(HER.pw_uid, 0o600)] * 3
    assert [(home / name).read_bytes() for name in FILES] == [(folder / "ours" / name).read_bytes() for name in FILES]


def test_a_copy_is_not_written_where_her_links_lead(folder, home):
    write(folder / "ours")
    made(folder / "root", mode=0o700)
    linked(home / ".aws", folder / "root", HER.pw_uid)
    assert hand_over("tar -C", folder) != 0
    assert list((folder / "root").iterdir()) == []


def test_her_own_files(folder, home):
    assert hand_over("sudo -u alice sh", folder) == 0
    write(home, HER.pw_name)
    assert hers(home) == [(HER.pw_uid, 0o600)] * 3
    assert stat.S_IMODE((home / ".aws").stat().st_mode) == 0o700
