# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A text file that many processes write: read, backed up, replaced in one step under a lock. PRIVATE to the collection.

A file has many writers (one process for each host); each reads it again under a lock, and puts the new one in its place in
one step. Nobody but the owner can read what is written here, and the owner is whose file was read.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import stat
import time
import typing as t

from .._errors import SkyError, one_line
from . import lock
from .folder import MAX_BYTES, Refused
from .place import held
from .trust import Owner

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .folder import Content
    from .place import Place


def path_faults(option: str, path: str) -> list[str]:
    """Faults of the path of a file, with ``~`` expanded; looks at no disk."""
    if path.startswith("/") and path.isprintable() and path.rpartition("/")[2] not in ("", ".", ".."):
        return []
    return [f"{option}: {path!r} is not the path of a file; give an absolute path, or one that starts with ~/"]


@dataclasses.dataclass(frozen=True)
class Look:
    """A file as it was at one time.

    ``text`` has its line ends as they are and is empty where there is no file, ``mode`` are the permissions, and ``fault``
    says why it cannot be written. ``identity`` is equal for two paths of one file, ``path`` without a link in it.
    """

    text: str
    mode: int
    fault: str | None
    identity: tuple[t.Any, ...]
    path: str


@dataclasses.dataclass(frozen=True)
class TextFile:
    """A file by its path.

    ``option`` is the option that gave the path, ``what`` the words for such a file (``an AWS credentials file``), both for
    messages. A missing file reads as empty. Every method raises SkyError for what the disk refuses, and for a file or folder
    that is not to be trusted.
    """

    path: str
    option: str
    what: str

    def look(self) -> Look:
        """The file as it is; nothing is made or changed."""
        with self.refusals(), held(self.path) as place:
            content = None if place.missing else place.folder.read(place.name)
            return Look(
                self.text_of(content),
                stat.S_IMODE(content.status.st_mode) if content else 0,
                self.fault(place, content),
                place.identity,
                place.path,
            )

    @contextlib.contextmanager
    def opened(self) -> Iterator[OpenFile]:
        """The file to be changed: its folder, which is made where it is missing, is held."""
        with contextlib.ExitStack() as stack:
            with self.refusals():
                place = stack.enter_context(held(self.path))
                self._refuse(place)
                place = place.made(self.new_owner(None))
                self._refuse(place)
            yield OpenFile(self, place)

    def _refuse(self, place: Place) -> None:
        if fault := self.fault(place, None):
            raise SkyError(fault)

    def fault(self, place: Place, content: Content | None) -> str | None:
        """Why the file cannot be written into this place, in place of what was read."""
        if not place.folder.is_writable:
            why = f"{place.folder.path} is not writable"
            return f"{self.option}: {self.path} cannot be written, since {why}; give another path"
        return None

    def new_owner(self, content: Content | None) -> Owner | None:
        """Whose the file will be: of the owner of what was read, where we may give files away; None for us."""
        if content is None or os.geteuid() != 0:
            return None
        return Owner(content.status.st_uid, content.status.st_gid)

    def text_of(self, content: Content | None) -> str:
        try:
            return content.data.decode() if content else ""
        except UnicodeDecodeError:
            raise Refused(f"{self.path} is not {self.what}: it is not UTF-8 text; give another path") from None

    @contextlib.contextmanager
    def refusals(self) -> Iterator[None]:
        """Errors of the disk, and refusals, as those of the option."""
        try:
            yield
        except Refused as error:
            # pylint cannot look into the class
            raise SkyError(f"{self.option}: {error.message}") from error  # pylint: disable=bad-exception-cause
        except OSError as error:
            reason = one_line(error.strerror or str(error))
            raise SkyError(f"{self.option}: {self.path}: {reason}; give another path or mend its rights") from error


class OpenFile:
    """A file whose folder is held: what is read, backed up and replaced is in it, wherever the path leads by now."""

    def __init__(self, file: TextFile, place: Place) -> None:
        self._file = file
        self._folder = place.folder
        self._name = place.name
        self._place = place
        self._content: Content | None = None
        self.identity = place.identity
        self.path = place.path

    @contextlib.contextmanager
    def locked(self, tell: Callable[[str], object]) -> Iterator[None]:
        """Be the only writer. The lock is a file of its own that stays, since the file itself is replaced.

        :param tell: takes one line when there is something to wait for.
        """
        with contextlib.ExitStack() as stack:
            with self._file.refusals():
                stack.enter_context(lock.locked(self._folder, self._beside("lock"), tell))
            yield

    def read(self) -> str:
        """The text with its line ends as they are. It is what a backup has, and its owner gets what replaces it.

        :raises SkyError: it is none to be replaced.
        """
        with self._file.refusals():
            self._content = self._folder.read(self._name)
            if fault := self._file.fault(self._place, self._content):
                raise SkyError(fault)
            return self._file.text_of(self._content)

    def back_up(self) -> str | None:
        """A copy of what was read, beside the file under the name that Ansible gives backups; None where there was none.

        :returns: the path of the copy.
        """
        if self._content is None:
            return None
        with self._file.refusals():
            name = self._backup_name()
            self._folder.create(name, self._content.data, self._file.new_owner(self._content))
            return self._folder.path_of(name)

    def replace(self, text: str) -> None:
        """A new file, 0600 from its first byte, in place of the old one. To be called under the lock."""
        data, owner = text.encode(), self._file.new_owner(self._content)
        with self._file.refusals():
            if len(data) > MAX_BYTES:
                raise Refused(f"{self.path} would have {len(data)} bytes, more than {MAX_BYTES}; give another path")
            # One name for all writers, who have the lock: so what a killed one left is removed by the next.
            self._folder.replace(self._name, data, draft=self._beside("new"), owner=owner)

    def _beside(self, kind: str) -> str:
        return f".{self._name}.sky-aws.{kind}"

    def _backup_name(self) -> str:
        # A second change within a second must not take the place of the first one's backup.
        now = time.strftime("%Y-%m-%d@%H:%M:%S~")
        for count in itertools.count(1):
            writer = os.getpid() if count == 1 else f"{os.getpid()}-{count}"
            name = f"{self._name}.{writer}.{now}"
            if self._folder.look(name) is None:
                break
        return name
