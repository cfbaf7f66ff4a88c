# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the credentials of a run are kept: in Ansible's own per-run folder, and nowhere else. PRIVATE to the collection.

Ansible removes that folder when a run ends, but not when it is killed. So the controlling process holds a lock on a file
beside the credentials for as long as it or one of its workers lives, and the next run removes what nobody holds. Runs of
several users may share the folder that all of this is in, so what another user put there is never touched.
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
from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._files import trust
from ansible_collections.sky.aws.plugins.module_utils._files.folder import Folder
from ansible_collections.sky.aws.plugins.module_utils._files.place import held

if t.TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = "sky-aws-credentials"
_LOCK = "run.lock"

#: What stays open until the process ends: the folder and its lock. Forked workers inherit both.
_open = contextlib.ExitStack()
#: This run's folder, if it is for nobody else.
_own: list[Folder] = []


def prepare() -> None:
    """Make this run's folder, and remove what killed runs left.

    Called where Ansible imports the action plugins: in the controlling process, before it forks. A folder that cannot be
    had, or that others can write into, is no error: each task assumes its role anew then.
    """
    with contextlib.suppress(SkyError, OSError):
        _hold()
        _sweep()


def _hold() -> None:
    """Make the folder (0700) and take its lock for as long as this process or one of its workers lives."""
    folder = _open.enter_context(held(str(_folder() / _LOCK))).made().folder
    if folder.exposure(trust.trusted()):
        return
    descriptor = folder.open(_LOCK, os.O_CREAT | os.O_RDWR)
    _open.callback(os.close, descriptor)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    _own.append(folder)


def credential_cache() -> t.Any:
    """The cache of this run: a file of mode 0600 for each set of credentials; None without botocore or folder."""
    if _botocore.IMPORT_ERROR is not None or not _own:
        return None
    # The folder that is held, where the system has such paths (Linux): whoever may move it cannot put another in its place.
    path = pathlib.Path(f"/proc/self/fd/{_own[0].descriptor}")
    return _botocore.JSONFileCache(str(path if path.is_dir() else _folder()))


def _folder() -> pathlib.Path:
    return pathlib.Path(C.DEFAULT_LOCAL_TMP) / _NAME


def _sweep() -> None:
    """Remove the credentials of runs of ours that nobody holds any more."""
    own = pathlib.Path(C.DEFAULT_LOCAL_TMP)
    with held(str(own)) as place:
        for run in own.parent.glob("ansible-local-*"):
            if run.name != own.name:
                with contextlib.suppress(SkyError, OSError):
                    _remove_if_dead(place.folder, run.name)


def _remove_if_dead(runs: Folder, name: str) -> None:
    with _entered(runs, name) as run, _entered(run, _NAME) as folder:
        is_ours = run.status.st_uid == folder.status.st_uid == os.geteuid()
        if is_ours and not _is_held(folder):
            shutil.rmtree(_NAME, ignore_errors=True, dir_fd=run.descriptor)


@contextlib.contextmanager
def _entered(folder: Folder, name: str) -> Iterator[Folder]:
    entered = folder.enter(name)
    try:
        yield entered
    finally:
        entered.close()


def _is_held(folder: Folder) -> bool:
    """Whether a live process holds the lock. A folder without one is just being made and has no credentials yet."""
    try:
        descriptor = folder.open(_LOCK, os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
