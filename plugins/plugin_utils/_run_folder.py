# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the credentials of a run are kept: in Ansible's own per-run folder, and nowhere else. PRIVATE to the collection.

Ansible removes that folder when a run ends, but not when it is killed. So the controlling process holds a lock on a file
beside the credentials for as long as it or one of its workers lives, and the next run removes what nobody holds.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import shutil
import typing as t

from ansible import constants as C

from ansible_collections.sky.aws.plugins.module_utils import _botocore

_NAME = "sky-aws-credentials"
_LOCK = "run.lock"

#: The lock's file descriptor, which stays open until the process ends; forked workers inherit it.
_held: list[int] = []


def prepare() -> None:
    """Make this run's folder, and remove what killed runs left.

    Called where Ansible imports the action plugins: in the controlling process, before it forks.
    """
    _hold()
    with contextlib.suppress(FileNotFoundError):
        for folder in _runs().glob(f"ansible-local-*/{_NAME}"):
            if folder != _folder() and not _is_held(folder / _LOCK):
                shutil.rmtree(folder, ignore_errors=True)


def _hold() -> None:
    """Make the folder (0700) and take its lock for as long as this process or one of its workers lives."""
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    _held.append(descriptor)


def credential_cache() -> t.Any:
    """The cache of this run: a file of mode 0600 for each set of credentials; None without botocore."""
    if _botocore.IMPORT_ERROR is not None:
        return None
    return _botocore.JSONFileCache(str(_folder()))


def _folder() -> pathlib.Path:
    return pathlib.Path(C.DEFAULT_LOCAL_TMP) / _NAME


def _runs() -> pathlib.Path:
    return pathlib.Path(C.DEFAULT_LOCAL_TMP).parent


def _is_held(lock: pathlib.Path) -> bool:
    """Whether a live process holds the lock. A folder without one is just being made and has no credentials yet."""
    try:
        descriptor = os.open(lock, os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
