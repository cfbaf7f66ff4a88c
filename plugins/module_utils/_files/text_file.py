# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A text file that many processes write: read, backed up, replaced in one step under a lock. PRIVATE to the collection.

A file has many writers (one process for each host); each reads it again under a lock, and puts the new one in its place in
one step. Nobody but the owner can read what is written here.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import itertools
import os
import pathlib
import stat
import time
import typing as t

from .._errors import SkyError, one_line

if t.TYPE_CHECKING:
    from collections.abc import Iterator


def path_faults(option: str, path: str) -> list[str]:
    """Faults of the path of a file, with ``~`` expanded; looks at no disk."""
    if path.startswith("/") and path.isprintable() and path.rpartition("/")[2] not in ("", ".", ".."):
        return []
    return [f"{option}: {path!r} is not the path of a file; give an absolute path, or one that starts with ~/"]


@dataclasses.dataclass(frozen=True)
class TextFile:
    """A file by its path.

    ``option`` is the option that gave the path, ``what`` the words for such a file (``an AWS credentials file``), both for
    messages. A missing file reads as empty. Every method raises SkyError for what the disk refuses.
    """

    path: str
    option: str
    what: str

    @property
    def target(self) -> pathlib.Path:
        """The file itself: a link stays a link."""
        return pathlib.Path(os.path.realpath(self.path))

    @property
    def mode(self) -> int:
        """Its permissions; 0 where there is no file."""
        with self._os_errors():
            return stat.S_IMODE(self.target.stat().st_mode) if self.target.exists() else 0

    def read(self) -> str:
        """The text with its line ends as they are."""
        target = self.target
        with self._os_errors():
            try:
                if not stat.S_ISREG(target.stat().st_mode):
                    raise SkyError(f"{target} is not a regular file; give the path of {self.what}")
                return target.read_bytes().decode()
            except FileNotFoundError:
                return ""
            except UnicodeDecodeError as error:
                raise SkyError(f"{target} is not {self.what}: it is not UTF-8 text; give another path") from error

    def folder_fault(self) -> str | None:
        """Why no file can be put into the folder, or the folder not be made."""
        folder = self.target.parent
        nearest = next(parent for parent in (folder, *folder.parents) if os.path.lexists(parent))
        if not nearest.is_dir():
            return f"{self.option}: {self.path} cannot be written, since {nearest} is not a folder; give another path"
        if not os.access(nearest, os.W_OK | os.X_OK):
            return f"{self.option}: {self.path} cannot be written, since {nearest} is not writable; give another path"
        return None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only writer; a missing folder is made for the owner only.

        The lock is a file of its own that stays, since the file itself is replaced.
        """
        with self._os_errors():
            _make_folder(self.target.parent)
            descriptor = os.open(self._beside("lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            with self._os_errors():
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def replace(self, text: str) -> None:
        """A new file, 0600 from its first byte, in place of the old one. To be called under the lock."""
        # One name for all writers, who have the lock: so what a killed one left is removed by the next.
        draft = self._beside("new")
        with self._os_errors():
            draft.unlink(missing_ok=True)
            try:
                self._write_new(draft, text.encode())
                draft.replace(self.target)
            except BaseException:
                draft.unlink(missing_ok=True)
                raise
            _sync_folder(self.target.parent)

    def back_up(self) -> str | None:
        """A copy beside the file under the name that Ansible gives backups; None where there is no file.

        :returns: the path of the copy.
        """
        target, now = self.target, time.strftime("%Y-%m-%d@%H:%M:%S~")
        with self._os_errors():
            if not target.exists():
                return None
            # A second change within a second must not take the place of the first one's backup.
            for count in itertools.count(1):
                writer = os.getpid() if count == 1 else f"{os.getpid()}-{count}"
                copy = target.with_name(f"{target.name}.{writer}.{now}")
                if not os.path.lexists(copy):
                    break
            self._write_new(copy, target.read_bytes())
        return str(copy)

    def _beside(self, kind: str) -> pathlib.Path:
        return self.target.with_name(f".{self.target.name}.sky-aws.{kind}")

    def _write_new(self, path: pathlib.Path, data: bytes) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            self._keep_owner(descriptor)
            file.write(data)
            file.flush()
            os.fsync(descriptor)

    def _keep_owner(self, descriptor: int) -> None:
        """The owner of the old file, where we may give files away."""
        with contextlib.suppress(FileNotFoundError, PermissionError):
            old = self.target.stat()
            os.fchown(descriptor, old.st_uid, old.st_gid)

    @contextlib.contextmanager
    def _os_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = one_line(error.strerror or str(error))
            raise SkyError(f"{self.option}: {self.path}: {reason}; give another path or mend its rights") from error


def _make_folder(folder: pathlib.Path) -> None:
    """Make what is missing of the folder, for the owner only."""
    missing = itertools.takewhile(lambda parent: not parent.exists(), (folder, *folder.parents))
    for parent in reversed(list(missing)):
        parent.mkdir(mode=0o700, exist_ok=True)


def _sync_folder(folder: pathlib.Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
