# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user's tags say about its access keys, and which keys a killed run left. PRIVATE to the collection.

Two tags are kept on the user. ``sky.aws/access-key`` is the id of the delivered key. ``sky.aws/access-key-intent`` is
written before a key is made: AWS's time, a word that no other run has, and the ids of the keys that were there
(``2026-11-24T09:30:00Z@1f0c55aa AKIA...``). When
the key is delivered it becomes ``settled``, followed by the id of the key that was replaced, if one was. A replaced key that
is not deleted at once has the time until which it is kept before its id (``settled 2026-12-01T09:30:00Z AKIA...``); the
intent has that time, too, in the same place.
"""

from __future__ import annotations

import dataclasses
import datetime
import email.utils
import re
import secrets
import typing as t

from ...._errors import SkyError
from ...._tags import RESERVED_PREFIX

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .key import Key

DELIVERED = f"{RESERVED_PREFIX}access-key"
INTENT = f"{RESERVED_PREFIX}access-key-intent"

_SETTLED = "settled"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
#: Ids have 16 to 128 word characters (IAM API reference, AccessKeyMetadata).
_KEY_ID = re.compile(r"\w{16,128}", re.ASCII)
#: A key of ours is made right after its intent. botocore's ten attempts of 60 seconds and 20 to wait take 14 minutes.
_WINDOW = datetime.timedelta(minutes=20)


@dataclasses.dataclass(frozen=True)
class Intent:
    """That a key is about to be made: since when, which keys were there, and until when the replaced one is kept.

    ``run`` is a word by which two runs that write one at the same time know theirs.
    """

    since: datetime.datetime
    noted: frozenset[str] = frozenset()
    until: datetime.datetime | None = None
    run: str = ""

    @classmethod
    def now(cls, answer: Mapping[str, t.Any], key_ids: Iterable[str], until: datetime.datetime | None = None) -> Intent:
        """An intent at the time of an answer of AWS.

        :raises SkyError: the answer has no date.
        """
        return cls(time_of(answer), frozenset(key_ids), until, secrets.token_hex(4))

    def tag(self) -> str:
        """The value of the tag."""
        return _value(f"{_text(self.since)}@{self.run}", self.until, sorted(self.noted))

    def covers(self, key: Key) -> bool:
        """Whether the key can have been made for this intent. AWS's dates are in whole seconds."""
        return key.id not in self.noted and self.since <= key.created <= self.since + _WINDOW


@dataclasses.dataclass(frozen=True)
class Notes:
    """The two tags, read.

    ``open`` is an intent that was not settled; ``replaced`` a key of ours that is to be deleted, after ``until`` if that is
    set; ``unreadable`` the intent's value where it is neither.
    """

    delivered: str | None = None
    open: Intent | None = None
    replaced: str | None = None
    unreadable: str | None = None
    until: datetime.datetime | None = None

    def is_suspect(self, key: Key) -> bool:
        """Whether a killed run can have made the key: newer than the open intent, not noted, not delivered."""
        return self.open is not None and key.id != self.delivered and self.open.covers(key)

    def is_half_made(self, key: Key) -> bool:
        """Whether the key is ours to delete: made by a killed run, and never used."""
        return self.is_suspect(key) and key.used is False

    @property
    def times(self) -> bool:
        """Whether a replaced key is kept for a while."""
        return self.until is not None or (self.open is not None and self.open.until is not None)

    def is_ours(self, key: Key) -> bool:
        """Whether the collection made the key: delivered, replaced or half made."""
        return key.id in (self.delivered, self.replaced) or self.is_half_made(key)


def time_of(answer: Mapping[str, t.Any]) -> datetime.datetime:
    """When AWS gave an answer.

    It is compared with the dates that AWS gives keys, and the controller's clock may be wrong.

    :raises SkyError: the answer has no such header.
    """
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    if not date:
        raise SkyError("AWS's answer has no Date header, so no key is made; look for a proxy that removes it")
    return email.utils.parsedate_to_datetime(date)


def read_notes(tags: Mapping[str, str]) -> Notes:
    """The notes in a user's tags."""
    delivered = tags.get(DELIVERED) or None
    value = tags.get(INTENT, _SETTLED)
    first, *ids = value.split(" ")
    until = _time(ids[0]) if ids else None
    if until:
        ids = ids[1:]
    unreadable = Notes(delivered, unreadable=value)
    if not all(_KEY_ID.fullmatch(key_id) for key_id in ids):
        return unreadable
    if first == _SETTLED:
        # A time is one of a key; more than one key is never replaced.
        if len(ids) > 1 or (until and not ids):
            return unreadable
        return Notes(delivered, replaced=ids[0] if ids else None, until=until)
    date, _at, run = first.partition("@")
    since = _time(date)
    return Notes(delivered, open=Intent(since, frozenset(ids), until, run)) if since else unreadable


def settled(
    delivered: str | None, replaced: str | None = None, until: datetime.datetime | None = None
) -> dict[str, str]:
    """The tags once a key is delivered; ``replaced`` is the one of ours that is deleted, next or after ``until``."""
    tags = {INTENT: _value(_SETTLED, until, [replaced] if replaced else [])}
    return {DELIVERED: delivered, **tags} if delivered else tags


def _value(first: str, until: datetime.datetime | None, ids: Iterable[str]) -> str:
    return " ".join([first, *([_text(until)] if until else []), *ids])


def _text(time: datetime.datetime) -> str:
    return time.astimezone(datetime.UTC).strftime(_TIME)


def _time(text: str) -> datetime.datetime | None:
    try:
        return datetime.datetime.strptime(text, _TIME).replace(tzinfo=datetime.UTC)
    except ValueError:
        return None
