# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lock that many processes take in turn, and that nobody waits for for ever. PRIVATE to the collection."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
import typing as t

from . import trust
from .folder import Refused

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .folder import Folder

#: Seconds that one holder of a lock gets; SkyPilot's check of a configuration, made under it, gets 60.
PATIENCE = 90
#: Seconds between two attempts; flock(2) knows no time limit but by a signal.
_PAUSE = 0.05


@contextlib.contextmanager
def locked(folder: Folder, name: str, tell: Callable[[str], object]) -> Iterator[None]:
    """Hold the lock of this name; its file is made for its owner only, and stays.

    :param tell: takes one line when there is something to wait for.
    :raises Refused: one holder has it for longer than PATIENCE, or its file is another user's or not a plain one.
    """
    path = folder.path_of(name)
    try:
        descriptor = folder.open(name, os.O_RDWR | os.O_CREAT)
    except PermissionError:
        raise Refused(
            f"{path} is the lock of another user; run this as that user, or remove it after the last run"
        ) from None
    try:
        _take(descriptor, path, tell)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: str, tell: Callable[[str], object]) -> None:
    if _is_free(descriptor):
        return
    tell(f"{path} is locked by another process, waiting {PATIENCE} s at most for each that is before us")
    turn, deadline = _turn(descriptor), time.monotonic() + PATIENCE
    while not _is_free(descriptor):
        if turn != _turn(descriptor):
            turn, deadline = _turn(descriptor), time.monotonic() + PATIENCE
        if time.monotonic() > deadline:
            raise Refused(
                f"{path} has been locked by one process for {PATIENCE} seconds; end that process (lsof shows it) or wait "
                "for it, and run this again"
            )
        time.sleep(_PAUSE)


def _is_free(descriptor: int) -> bool:
    """Whether the lock was free, and is now ours."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    os.utime(descriptor)
    return True


def _turn(descriptor: int) -> int | None:
    """When the lock was taken last. Another user's file tells nothing: its owner may say that it was just now."""
    status = os.fstat(descriptor)
    return status.st_mtime_ns if status.st_uid in trust.trusted() else None
