# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of a user, what its tags say about them, and the place of delivery; reads only. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from .... import _tags
from . import in_file, in_secret
from .key import Key
from .notes import Notes, read_notes, time_of

if t.TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable, Mapping

    from ...._account import Account
    from ...._plan import Params
    from .planning import Place

#: IAM allows a user this many access keys (IAM quotas).
MAX_KEYS = 2


@dataclasses.dataclass(frozen=True)
class Found:
    """The keys of a user, what its tags say about them, and the place of delivery.

    ``now`` is AWS's time of the look, None where no key's age matters.
    """

    user_name: str
    place: Place
    keys: tuple[Key, ...] = ()
    notes: Notes = dataclasses.field(default_factory=Notes)
    now: datetime.datetime | None = None

    @property
    def delivered(self) -> Key | None:
        """The delivered key, if the user still has it."""
        return next((key for key in self.keys if key.id == self.notes.delivered), None)

    @property
    def half_made(self) -> list[Key]:
        """What a killed run left and is deleted: not what the place holds."""
        return [key for key in self.keys if self.notes.is_half_made(key) and not self.place.holds(key.id)]

    @property
    def unfinished(self) -> Key | None:
        """A key that a killed run delivered, and did not come to note."""
        suspects = (key for key in self.keys if key.active and self.notes.is_suspect(key))
        return next((key for key in suspects if self.place.holds(key.id)), None)

    @property
    def held(self) -> Key | None:
        """The active key of the user that the place holds, whoever made it."""
        return next((key for key in self.keys if key.active and self.place.holds(key.id)), None)

    @property
    def is_delivered(self) -> bool:
        """Whether the delivered key is active and in its place."""
        return self.held is not None and self.held == self.delivered

    @property
    def replaced(self) -> Key | None:
        """The key that was replaced, if the user still has it."""
        replaced = self.notes.replaced
        return next((key for key in self.keys if key.id == replaced and key != self.delivered), None)

    @property
    def foreign(self) -> list[Key]:
        """Keys that are not the collection's."""
        known = [*self.half_made, self.replaced, self.delivered, self.unfinished]
        return [key for key in self.keys if key not in known]


def delivered_id(tags: Mapping[str, str]) -> str | None:
    """The id of the delivered key in a user's tags."""
    return read_notes(tags).delivered


def profile_name(account_id: str, user_name: str) -> str:
    """The name of the profile in a credentials file."""
    return f"{account_id}-{user_name}"


def read(account: Account, params: Params, user: Mapping[str, t.Any] | None) -> Found:
    """Place and keys: ListAccessKeys for a user that exists, DescribeSecret for a secret.

    What a key was used for is asked only where a killed run may have made it.

    :param user: AWS's description of the user, None where there is none yet.
    :raises SkyError: a file that is no credentials file, or a secret that is not for this key.
    """
    name = params["name"]
    place = _place(account, params)
    if user is None:
        return Found(name, place)
    notes = read_notes(_tags.from_aws(user.get("Tags")))
    answer = account.call("iam:ListAccessKeys", name, UserName=name)
    has_times = params["access_key_delivery"]["max_age_days"] is not None or notes.times
    keys = tuple(with_use(account, notes, answer["AccessKeyMetadata"]))
    return Found(name, place, keys, notes, time_of(answer) if has_times else None)


def _place(account: Account, params: Params) -> Place:
    delivery = params["access_key_delivery"]
    if delivery["file"]:
        return in_file.read(delivery["file"], profile_name(account.account_id, params["name"]), delivery["owner"])
    return in_secret.read(account, delivery, params["name"])


def with_use(account: Account, notes: Notes, listed: Iterable[Mapping[str, t.Any]]) -> list[Key]:
    """Keys as IAM lists them; for those that a killed run may have made, with whether they were ever used."""
    keys = [Key(key["AccessKeyId"], key["Status"], key["CreateDate"]) for key in listed]
    return [dataclasses.replace(key, used=_used(account, key)) if notes.is_suspect(key) else key for key in keys]


def _used(account: Account, key: Key) -> bool:
    answer = account.call("iam:GetAccessKeyLastUsed", key.id, AccessKeyId=key.id)
    return "LastUsedDate" in answer["AccessKeyLastUsed"]
