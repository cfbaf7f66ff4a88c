# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text files with secrets: in a private folder, or the own file of the user they are for. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import os
import typing as t

from . import trust
from .text_file import TextFile

if t.TYPE_CHECKING:
    from .folder import Content
    from .place import Place
    from .trust import Owner


@dataclasses.dataclass(frozen=True)
class SecretFile(TextFile):
    """A file that nobody but root and who runs us can take, put another one in place of, or read.

    ``owner_option`` is the option that would declare another owner, for messages.
    """

    owner_option: str

    def fault(self, place: Place, content: Content | None) -> str | None:
        users = trust.trusted()
        # A folder that is made is for us alone.
        exposed = None if place.missing else place.folder.exposure(users)
        if exposed is None and content and content.status.st_uid not in users:
            exposed = f"{place.name} in it belongs to {trust.called(content.status.st_uid)}"
        if exposed is None:
            return super().fault(place, content)
        return (
            f"{self.option}: {place.folder.path} is no place for a secret of yours: {exposed}; give a path in a folder of "
            f"your own (chmod 700), or declare the user whose own file it is ({self.owner_option})"
        )


@dataclasses.dataclass(frozen=True)
class UsersFile(TextFile):
    """The own file of a user, who need not be the one that runs us; mode 0600, in a folder of that user or of ours."""

    owner: Owner
    owner_option: str

    def new_owner(self, content: Content | None) -> Owner:
        return self.owner

    def fault(self, place: Place, content: Content | None) -> str | None:
        folder, user = place.folder, trust.called(self.owner.uid)
        if os.geteuid() not in (0, self.owner.uid):
            return f"{self.owner_option}: only root can write a file of {user}; run it as root, or as {user}"
        if place.missing and folder.status.st_uid != self.owner.uid:
            return (
                f"{self.option}: {folder.path_of(place.missing[0])} does not exist; create it for {user} (install -d -m 700 "
                "-o), since only what is in a folder of that user is created for that user"
            )
        if exposed := folder.exposure(trust.trusted() | {self.owner.uid}):
            return (
                f"{self.option}: {folder.path} is no place for a secret of {user}: {exposed}; give a path in a folder of "
                "that user (chmod 700)"
            )
        if content and content.status.st_uid != self.owner.uid:
            return (
                f"{self.option}: {place.path} belongs to {trust.called(content.status.st_uid)}, and is not given to {user}; "
                "chown it if all that is in it is for that user, or give another path"
            )
        return super().fault(place, content)
