# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An AWS credentials file as the place where an access key is delivered. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import pwd
import typing as t

from ...._errors import SkyError
from ...._files import ini_text
from ...._files.secret_file import SecretFile, UsersFile
from ...._files.trust import Owner
from ...._patience import silent

if t.TYPE_CHECKING:
    import configparser
    from collections.abc import Callable

    from ...._account import Account
    from ...._files.text_file import TextFile
    from ...._plan import Step
    from .key import NewKey


_WHAT = "an AWS credentials file"
_FILE, _OWNER = "access_key_delivery.file", "access_key_delivery.owner"
_ID, _SECRET = "aws_access_key_id", "aws_secret_access_key"
#: What a delivered key replaces in its profile; a session token left there would make AWS refuse the key.
_REPLACED = (_ID, _SECRET, "aws_session_token", "aws_security_token")


@dataclasses.dataclass(frozen=True)
class KeyFile:
    """A profile of a credentials file, as it was read.

    ``held`` is the id of the key in it. ``fault`` says why the file cannot be written. ``warning`` is about who else can
    read it. ``owner`` is the name of the user whose own file it is, None for who runs us.
    """

    path: str
    profile: str
    held: str | None = None
    fault: str | None = None
    warning: str | None = None
    owner: str | None = None

    @property
    def label(self) -> str:
        return f"profile {self.profile} of file {self.path}"

    @property
    def shown(self) -> dict[str, str]:
        return {"file": self.path, "profile": self.profile}

    def holds(self, key_id: str) -> bool:
        return self.held == key_id

    def settings(self) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
        """A file has none."""
        return {}, {}

    def upkeep_steps(self) -> list[Step]:
        """Writing a file is no call."""
        return []

    def opening_steps(self) -> list[Step]:
        """Writing a file is no call."""
        return []

    def delivery_steps(self) -> list[Step]:
        """Writing a file is no call."""
        return []

    def deliver(self, new: NewKey, do: Callable[..., t.Any], tell: Callable[[str], object] = silent) -> None:
        """Put the key into the profile; ``tell`` takes a line about a wait for other writers.

        :raises SkyError: the file cannot be written.
        """
        self._edit(lambda text: with_profile(text, self.profile, new.id, new.secret), tell)

    def received(self, key_id: str, account: Account) -> bool:
        """Whether the profile holds the key now.

        :raises SkyError: the file cannot be read.
        """
        return read(self.path, self.profile, self.owner).holds(key_id)

    def take_back(self, key_id: str, tell: Callable[[str], object] = silent) -> str:
        """Take the key out of the profile, where it is in it; what was done, in words."""
        if not read(self.path, self.profile, self.owner).holds(key_id):
            return ""
        self._edit(lambda text: without_key(text, self.profile), tell)
        return f" It was taken out of {self.label}."

    def _edit(self, change: Callable[[str], str], tell: Callable[[str], object]) -> None:
        """Replace the file's text in one step, under the lock that all writers take.

        :raises SkyError: the file cannot be written.
        """
        with _file(self.path, self.owner).opened() as file, file.locked(tell):
            text = file.read()
            ini_text.parse(text, self.path, _WHAT)
            try:
                changed = change(text)
            except ValueError as error:
                raise SkyError(f"{self.path}: {error}; correct the file by hand") from None
            file.replace(changed)


def read(path: str, profile: str, owner: str | None = None) -> KeyFile:
    """The profile as it is; nothing is made or changed.

    :param owner: the user whose own file it is, None for who runs us.
    :raises SkyError: there is a file that cannot be read, or that is no credentials file, or no such user.
    """
    look = _file(path, owner).look()
    parser = ini_text.parse(look.text, path, _WHAT)
    try:
        with_profile(look.text, profile, "id", "secret")
    except ValueError as error:
        raise SkyError(f"{path}: {error}; correct the file by hand") from error
    held = _held(parser, profile)
    exposed = f"{path} can be read by others (mode {look.mode:04o}); chmod 600 it" if look.mode & 0o077 else None
    return KeyFile(path, profile, held, look.fault, exposed or (look.fault if held else None), owner)


def _file(path: str, owner: str | None) -> TextFile:
    if owner is None:
        return SecretFile(path, _FILE, _WHAT, _OWNER)
    try:
        account = pwd.getpwnam(owner)
    except KeyError:
        raise SkyError(f"{_OWNER}: there is no user {owner!r} on this machine; give the name of one") from None
    return UsersFile(path, _FILE, _WHAT, Owner(account.pw_uid, account.pw_gid), _OWNER)


def _held(parser: configparser.RawConfigParser, profile: str) -> str | None:
    if not parser.get(profile, _SECRET, fallback=""):
        return None
    return parser.get(profile, _ID, fallback=None)


def with_profile(text: str, profile: str, key_id: str, secret: str) -> str:
    """The text with the key in the profile; all other lines are as they were.

    :raises ValueError: the text is such that the edit would change another profile.
    """
    _refuse_common_key(text)
    return ini_text.with_options(text, profile, {_ID: key_id, _SECRET: secret}, replaced=_REPLACED)


def without_key(text: str, profile: str) -> str:
    """The text without the profile's key, and without the profile where nothing else is in it.

    :raises ValueError: the text is such that the edit would change another profile.
    """
    _refuse_common_key(text)
    return ini_text.without_options(text, profile, _REPLACED)


def _refuse_common_key(text: str) -> None:
    if not ini_text.defaults(text).isdisjoint(_REPLACED):
        raise ValueError("the section DEFAULT holds a key, which every profile would inherit")
