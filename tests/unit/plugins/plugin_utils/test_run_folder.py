# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of a run: for the owner only, kept while the run lives, removed by the next when it was killed."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time
import typing as t

import pytest

from ansible_collections.sky.aws.tests.unit.processes import ALICE, given, linked, made, needs_root, written

RUN = """
import sys
from ansible_collections.sky.aws.plugins.plugin_utils import _run_folder
_run_folder.prepare()
_run_folder.credential_cache()["proof"] = {"secret": "x"}
print(_run_folder._folder(), flush=True)
sys.stdin.read()
"""
#: One whose folder is moved away between its start and the first credentials; what is put there is shown.
MOVED = RUN.replace(
    '_run_folder.credential_cache()["proof"]',
    """
folder = _run_folder._folder()
folder.rename(folder.with_name("aside"))
folder.mkdir()
_run_folder.credential_cache()["proof"]""".lstrip(),
)
#: One whose folder for all of it is not its own alone.
OPEN = """
import os
from ansible import constants as C
os.makedirs(C.DEFAULT_LOCAL_TMP + "/sky-aws-credentials")
os.chmod(C.DEFAULT_LOCAL_TMP + "/sky-aws-credentials", 0o777)
from ansible_collections.sky.aws.plugins.plugin_utils import _run_folder
_run_folder.prepare()
print(_run_folder.credential_cache(), flush=True)
"""
#: The same with a worker that outlives it; the worker's id comes second.
FORKING = RUN.replace(
    "sys.stdin.read()",
    """
import os, time
worker = os.fork()
if worker:
    print(worker, flush=True)
    sys.stdin.read()
else:
    time.sleep(60)
""",
)


@pytest.fixture
def start(tmp_path):
    """Start runs that share one temporary folder; all are ended with the test."""
    with contextlib.ExitStack() as stack:

        def start(code: str = RUN) -> tuple[subprocess.Popen[str], pathlib.Path]:
            environment = {
                **os.environ,
                "ANSIBLE_LOCAL_TEMP": str(tmp_path),
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            }
            command = [sys.executable, "-c", code]
            process = subprocess.Popen(
                command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            stack.callback(end, process)
            return process, pathlib.Path(t.cast("t.IO[str]", process.stdout).readline().strip())

        yield start


def end(process: subprocess.Popen[str]) -> None:
    """Let a run end as runs do."""
    process.communicate()


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def mode(path: pathlib.Path) -> str:
    return f"{path.stat().st_mode & 0o777:o}"


def test_it_is_for_the_owner_only(start):
    _, folder = start()
    assert mode(folder) == mode(folder.parent) == "700"
    assert mode(folder / "proof.json") == "600"


def test_ansible_removes_it_when_the_run_ends(start):
    process, folder = start()
    end(process)
    assert process.returncode == 0
    assert not folder.exists()


def test_a_live_run_keeps_it(start):
    _, first = start()
    _, second = start()
    assert (first / "proof.json").exists()
    assert (second / "proof.json").exists()
    assert first != second


def test_the_next_run_removes_that_of_a_killed_one(start):
    process, folder = start()
    kill(process)
    assert (folder / "proof.json").exists()
    _, second = start()
    assert not folder.exists()
    assert second.exists()


def test_a_worker_that_still_lives_keeps_it(start):
    process, folder = start(FORKING)
    worker = int(t.cast("t.IO[str]", process.stdout).readline())
    kill(process)
    _, second = start()
    assert (folder / "proof.json").exists()
    os.kill(worker, signal.SIGKILL)
    while not_gone(worker):
        time.sleep(0.01)
    start()
    assert not folder.exists()
    assert second.exists()


def not_gone(process: int) -> bool:
    """Whether a process still runs; it is no child of ours, so nobody waits for it."""
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_other_folders_stay(start, tmp_path):
    strangers = [tmp_path / "ansible-local-1x" / "other", tmp_path / "elsewhere" / "sky-aws-credentials"]
    for stranger in strangers:
        stranger.mkdir(parents=True)
    start()
    assert all(stranger.exists() for stranger in strangers)


def test_credentials_go_into_the_folder_that_was_made_wherever_it_is(start):
    _, folder = start(MOVED)
    assert [path.name for path in folder.with_name("aside").glob("*.json")] == ["proof.json"]
    assert list(folder.iterdir()) == []


def test_a_folder_that_others_can_write_takes_none(start):
    _, said = start(OPEN)
    assert str(said) == "None"


class TestWhatOthersPutThere:
    """Several users may share the folder in which Ansible makes that of each run."""

    def dead_run(self, folder: pathlib.Path, owner: int = 0) -> pathlib.Path:
        """What a killed run leaves."""
        made(folder, owner)
        credentials = made(folder / "sky-aws-credentials", owner)
        written(credentials / "run.lock", "", owner)
        return credentials

    def test_what_a_killed_run_leaves_is_removed(self, start, tmp_path):
        ours = self.dead_run(tmp_path / "ansible-local-1x", os.geteuid())
        start()
        assert not ours.exists()

    def test_a_run_that_is_just_being_made_has_no_lock_yet_and_stays(self, start, tmp_path):
        ours = self.dead_run(tmp_path / "ansible-local-1x", os.geteuid())
        (ours / "run.lock").unlink()
        start()
        assert ours.exists()

    @needs_root
    def test_a_run_of_another_user_stays(self, start, tmp_path):
        hers = self.dead_run(tmp_path / "ansible-local-1x", ALICE)
        inner = self.dead_run(tmp_path / "ansible-local-2x", 0)
        given(inner, ALICE)
        start()
        assert hers.exists()
        assert inner.exists()

    @needs_root
    def test_what_a_link_leads_to_stays(self, start, tmp_path):
        elsewhere = self.dead_run(tmp_path / "elsewhere")
        linked(tmp_path / "ansible-local-1x", elsewhere.parent, ALICE)
        made(tmp_path / "ansible-local-2x")
        linked(tmp_path / "ansible-local-2x" / "sky-aws-credentials", elsewhere, ALICE)
        start()
        assert (elsewhere / "run.lock").exists()

    def test_a_lock_that_is_a_fifo_is_not_waited_for(self, start, tmp_path):
        credentials = self.dead_run(tmp_path / "ansible-local-1x", os.geteuid())
        (credentials / "run.lock").unlink()
        os.mkfifo(credentials / "run.lock")
        _, folder = start()
        assert folder.exists()
        assert credentials.exists()
