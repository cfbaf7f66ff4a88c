# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lock that somebody holds is waited for, told about, and given up when its holder does not end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import time
import typing as t

import pytest

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._files import lock
from ansible_collections.sky.aws.plugins.module_utils._files.text_file import TextFile
from ansible_collections.sky.aws.plugins.module_utils._resources.config import check
from ansible_collections.sky.aws.tests.unit.processes import ALICE, given, needs_root, shared_folder, within

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FAST = 0.4


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "PATIENCE", FAST)
    return tmp_path / ".file.sky-aws.lock"


def write(path: Path) -> list[str]:
    """Write the file of the lock; what was told meanwhile."""
    told: list[str] = []
    with TextFile(str(path.with_name("file")), "config_file", "a file").opened() as file, file.locked(told.append):
        file.replace("text")
    return told


@contextlib.contextmanager
def taken(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def refused(path: Path) -> str:
    """The message of one who gives up; in a process of its own, since it might not."""
    with pytest.raises(SkyError) as caught:
        within(20, write, path)
    assert not path.with_name("file").exists()
    return caught.value.message


def test_a_free_lock_is_not_told_of(path):
    assert write(path) == []
    assert write(path) == []


def test_one_that_is_held_is_told_of_and_given_up_in_time(path):
    with taken(path):
        began = time.monotonic()
        message = refused(path)
        assert FAST <= time.monotonic() - began < 10
    assert message == (
        f"config_file: {path} has been locked by one process for {FAST} seconds; end that process (lsof shows it) or wait "
        "for it, and run this again"
    )
    assert write(path) == []


def test_one_that_is_freed_in_time_is_taken(path):
    with contextlib.ExitStack() as stack:
        stack.enter_context(taken(path))
        threading.Timer(FAST / 2, stack.pop_all().close).start()
        [told] = write(path)
    assert told == f"{path} is locked by another process, waiting {FAST} s at most for each that is before us"


def pass_on(descriptor: int, over: threading.Event) -> None:
    """As if the lock went from hand to hand."""
    while not over.wait(FAST / 8):
        os.utime(descriptor)


@needs_root
@pytest.mark.parametrize("owner", [0, ALICE])
def test_many_holders_are_waited_for_but_not_one_who_only_says_so(path, owner):
    """Root's lock cannot be touched by others; her own she can touch as long as she likes."""
    over = threading.Event()
    with taken(path) as descriptor:
        given(path, owner)
        thread = threading.Thread(target=pass_on, args=(descriptor, over))
        thread.start()
        threading.Timer(5 * FAST, over.set).start()
        began = time.monotonic()
        refused(path)
        waited = time.monotonic() - began
        over.set()
        thread.join()
    assert (waited > 5 * FAST) is (owner == 0)


@needs_root
def test_one_of_another_user_is_said_to_be_that():
    for folder in shared_folder():
        path = folder / ".file.sky-aws.lock"
        given(folder, ALICE)
        path.touch(mode=0o600)
        with pytest.raises(SkyError) as caught:
            within(20, write, path, user=ALICE, group=ALICE)
        assert caught.value.message == (
            f"config_file: {path} is the lock of another user; run this as that user, or remove it after the last run"
        )


def test_taking_it_shows_those_who_wait(path):
    path.touch(mode=0o600)
    os.utime(path, (1, 1))
    write(path)
    assert path.stat().st_mtime > 1


def test_a_holder_gets_as_long_as_skypilots_check_may_take():
    assert check._TIMEOUT < lock.PATIENCE <= 120
