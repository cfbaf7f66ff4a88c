# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way from a path to the folder of its file, gone once and held. PRIVATE to the collection.

Python has no ``openat2``, and no library without native code goes such a way; so it is gone here, one name at a time, from
one descriptor to the next. A link on it is followed where nobody but root and who runs us can have put it there.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import stat
import typing as t

from . import trust
from .folder import Folder, Refused

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from .trust import Owner

#: As many as Linux follows (path_resolution(7)).
_MAX_LINKS = 40


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a file is, or will be: a folder that is held, folders that are missing below it, and the file's name."""

    folder: Folder
    missing: tuple[str, ...]
    name: str
    _open: contextlib.ExitStack = dataclasses.field(repr=False, compare=False)

    @property
    def path(self) -> str:
        """The path without a link in it."""
        return "/".join((self.folder.path.rstrip("/"), *self.missing, self.name))

    @property
    def identity(self) -> tuple[int, int, tuple[str, ...], str]:
        """Equal for two paths of one file."""
        status = self.folder.status
        return status.st_dev, status.st_ino, self.missing, self.name

    def made(self, owner: Owner | None = None) -> Place:
        """The place with the missing folders made, each for its owner only.

        :raises OSError: one of them cannot be made.
        """
        folder = self.folder
        for name in self.missing:
            folder.make(name, owner)
            folder = _entered(folder, name, self._open)
        return dataclasses.replace(self, folder=folder, missing=())


@contextlib.contextmanager
def held(path: str) -> Iterator[Place]:
    """The place of a file; nothing is made.

    :param path: absolute.
    :raises Refused: a link on the way, that another user can have put there.
    :raises OSError: there is no way, such as through a file.
    :raises ValueError: the path is not absolute.
    """
    if not path.startswith("/"):
        raise ValueError(f"{path!r} is not absolute")
    with contextlib.ExitStack() as stack:
        yield _walk(path, stack)


def _walk(path: str, stack: contextlib.ExitStack) -> Place:
    folders = [_kept(Folder.root(), stack)]
    left, links = _names(path), 0
    while left:
        folder, name = folders[-1], left.pop(0)
        if name == "..":
            # The folder that we came from; what the disk calls so by now may be another one.
            folders = folders[:-1] or folders
            continue
        found = folder.look(name)
        if found is not None and stat.S_ISLNK(found.st_mode):
            links += 1
            if links > _MAX_LINKS:
                raise _os_error(errno.ELOOP)
            target = _followed(folder, name, found)
            folders = folders[:1] if target.startswith("/") else folders
            left = [*_names(target), *left]
        elif not left or found is None:
            return _place(folder, [name, *left], stack)
        else:
            folders.append(_entered(folder, name, stack))
    raise _os_error(errno.EISDIR)


def _os_error(code: int) -> OSError:
    return OSError(code, os.strerror(code))


def _names(path: str) -> list[str]:
    return [name for name in path.split("/") if name not in ("", ".")]


def _followed(folder: Folder, name: str, found: os.stat_result) -> str:
    """Where a link leads to.

    :raises Refused: it is not one of root's or our own, or others can have moved it here.
    """
    if found.st_uid not in trust.trusted():
        raise Refused(
            f"{folder.path_of(name)} is a link of {trust.called(found.st_uid)}, who can have it lead anywhere; "
            "give the path that it leads to"
        )
    if not folder.keeps_links:
        raise Refused(
            f"{folder.path_of(name)} is a link in a folder that others can write; give the path that it leads to"
        )
    return folder.link(name)


def _place(folder: Folder, names: list[str], stack: contextlib.ExitStack) -> Place:
    if ".." in names:
        raise _os_error(errno.ENOENT)
    *missing, name = names
    return Place(folder, tuple(missing), name, stack)


def _entered(folder: Folder, name: str, stack: contextlib.ExitStack) -> Folder:
    return _kept(folder.enter(name), stack)


def _kept(folder: Folder, stack: contextlib.ExitStack) -> Folder:
    stack.callback(folder.close)
    return folder
