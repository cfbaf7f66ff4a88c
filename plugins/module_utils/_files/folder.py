# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder that is held by a descriptor, and the files in it. PRIVATE to the collection.

Others may write into the folders that files are put into. A path that is resolved anew for each step may lead elsewhere
each time: whoever swaps a file for a link in between has any other file read or overwritten. So a folder is opened once, and
all that is done in it is done through its descriptor, to names that are never followed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import stat
import typing as t

from .._errors import SkyError
from . import trust

if t.TYPE_CHECKING:
    from .trust import Owner

#: Bytes of a file that is read: ten thousand accounts take half of it, and a worker reads and checks it in seconds.
MAX_BYTES = 2_000_000

#: To go through a folder takes no right to list it, where the system has such descriptors (Linux).
_HOLD = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: Nothing is waited for (a FIFO without a writer), and no terminal becomes ours.
_CAREFULLY = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_ACL = "system.posix_acl_access"


class Refused(SkyError):
    """A file or folder that will not do; the message begins with its path and lacks the option that gave it."""


@dataclasses.dataclass(frozen=True)
class Content:
    """What a file held, and what it was, when it was read."""

    data: bytes
    status: os.stat_result


@dataclasses.dataclass(frozen=True)
class Folder:
    """A folder by its descriptor; ``path`` is the one it was found by, for messages. Every method may raise OSError."""

    descriptor: int
    path: str

    @classmethod
    def root(cls) -> Folder:
        return cls(os.open("/", _HOLD), "/")

    def enter(self, name: str) -> Folder:
        """A folder in this one, which the caller closes. A link is none."""
        return Folder(os.open(name, _HOLD, dir_fd=self.descriptor), self.path_of(name))

    def close(self) -> None:
        os.close(self.descriptor)

    def path_of(self, name: str) -> str:
        return os.path.join(self.path, name)  # noqa: PTH118 - a text for messages

    # What it is

    @property
    def status(self) -> os.stat_result:
        return os.fstat(self.descriptor)

    @property
    def is_writable(self) -> bool:
        by_effective = os.access in os.supports_effective_ids
        return os.access(".", os.W_OK | os.X_OK, dir_fd=self.descriptor, effective_ids=by_effective)

    def exposure(self, users: frozenset[int]) -> str | None:
        """How others than these users can change what is in it, in words; None where it is private to them."""
        status = self.status
        if status.st_uid not in users:
            return f"it belongs to {trust.called(status.st_uid)}"
        if status.st_mode & stat.S_IWOTH or (status.st_mode & stat.S_IWGRP and not self._is_group_of(users)):
            return f"others can write into it (mode {stat.S_IMODE(status.st_mode):04o})"
        return None

    @property
    def keeps_links(self) -> bool:
        """Whether nobody but trusted users can put a link in place of one of theirs."""
        status, users = self.status, trust.trusted()
        is_sticky = bool(status.st_mode & stat.S_ISVTX)
        return self.exposure(users) is None or (status.st_uid in users and is_sticky)

    def _is_group_of(self, users: frozenset[int]) -> bool:
        """Whether the bits of its group are for none but these users."""
        # With an access control list, these bits are the most that anybody on it may do (acl(5)).
        return trust.is_group_of(self.status.st_gid, users) and not self._has_acl()

    def _has_acl(self) -> bool:
        if not hasattr(os, "getxattr"):
            return False
        descriptor = self._readable()
        try:
            os.getxattr(descriptor, _ACL)
        except OSError as error:
            return error.errno not in (errno.ENODATA, errno.EOPNOTSUPP)
        finally:
            os.close(descriptor)
        return True

    def _readable(self) -> int:
        """A descriptor for more than going through, which the caller closes."""
        return os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self.descriptor)

    # What is in it

    def look(self, name: str) -> os.stat_result | None:
        """What has this name, a link itself included; None where nothing has."""
        try:
            return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def link(self, name: str) -> str:
        """Where a link leads to."""
        return os.readlink(name, dir_fd=self.descriptor)

    def open(self, name: str, flags: int) -> int:
        """A regular file that has no other name; mode 0600 where it is made.

        :raises Refused: it is something else.
        """
        found = self.look(name)
        if found is not None:
            self._refuse_special(name, found)
        descriptor = os.open(name, flags | _CAREFULLY, 0o600, dir_fd=self.descriptor)
        try:
            self._refuse_special(name, os.fstat(descriptor))
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _refuse_special(self, name: str, found: os.stat_result) -> None:
        path = self.path_of(name)
        if stat.S_ISLNK(found.st_mode):
            raise Refused(f"{path} has become a link; run it again, and find out who writes there")
        if not stat.S_ISREG(found.st_mode):
            raise Refused(f"{path} is not a regular file; give the path of one, or remove it")
        if found.st_nlink > 1:
            raise Refused(
                f"{path} has {found.st_nlink} names (hard links), and what is written to it is in all of them; "
                "put a copy in its place"
            )

    def read(self, name: str) -> Content | None:
        """A file's content; None where there is none.

        :raises Refused: it is not a regular file, has another name, or is too long.
        """
        try:
            descriptor = self.open(name, os.O_RDONLY)
        except FileNotFoundError:
            return None
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            data = file.read(MAX_BYTES + 1)
        length = max(status.st_size, len(data))
        if length > MAX_BYTES:
            raise Refused(f"{self.path_of(name)} has {length} bytes; give a file of at most {MAX_BYTES}")
        return Content(data, status)

    def create(self, name: str, data: bytes, owner: Owner | None = None) -> None:
        """A new file, 0600 from its first byte, that is on the disk when this returns.

        :param owner: whose it is; None for who runs us.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _CAREFULLY
        descriptor = os.open(name, flags, 0o600, dir_fd=self.descriptor)
        try:
            with open(descriptor, "wb") as file:
                os.fchmod(descriptor, 0o600)
                if owner:
                    os.fchown(descriptor, owner.uid, owner.gid)
                file.write(data)
                file.flush()
                os.fsync(descriptor)
        except BaseException:
            self.remove(name)
            raise

    def replace(self, name: str, data: bytes, *, draft: str, owner: Owner | None = None) -> None:
        """A new file in place of the one before, whatever that was, in one step.

        :param draft: the name that it has until it is complete. What has that name is removed.
        """
        self.remove(draft)
        self.create(draft, data, owner)
        try:
            os.rename(draft, name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
        except BaseException:
            self.remove(draft)
            raise
        self._sync()

    def remove(self, name: str) -> None:
        """Remove a file or link, if there is one."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self.descriptor)

    def make(self, name: str, owner: Owner | None = None) -> None:
        """A folder for its owner only, if there is none."""
        # Given away afterwards, it could be another one that was put in its place.
        with (
            trust.acting_as(owner) if owner else contextlib.nullcontext(),
            contextlib.suppress(FileExistsError),
        ):
            os.mkdir(name, 0o700, dir_fd=self.descriptor)

    def _sync(self) -> None:
        descriptor = self._readable()
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
