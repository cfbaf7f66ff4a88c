# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a delivered key is replaced for its age, and what becomes of the old one. PRIVATE to the collection.

The old key is made inactive as soon as the new one is delivered, and deleted by a later run after a time of grace, in which
who still uses it finds out and it could be activated again. Until when it is kept stands in the user's tags.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ...._facts import timestamp
from ...._plan import drift
from . import calls
from .notes import settled

if t.TYPE_CHECKING:
    from ...._plan import Params, Step
    from .found import Found
    from .key import Key

#: Days that a replaced key is kept where none are declared.
GRACE_DAYS = 7
#: Ten years: beyond is a slip.
_MOST_DAYS = 3650

ARGUMENTS: dict[str, t.Any] = {
    "max_age_days": {"type": "int"},
    "grace_days": {"type": "int"},
}
REQUIRED_BY = {"grace_days": "max_age_days"}


@dataclasses.dataclass(frozen=True)
class Rotation:
    """What is declared: the age at which a key is replaced (None: never), and how long the old one is kept."""

    max_age: datetime.timedelta | None = None
    grace: datetime.timedelta = datetime.timedelta(days=GRACE_DAYS)


def faults(delivery: Params) -> list[str]:
    """Faults of the numbers of days."""
    return [
        *_days_faults("max_age_days", delivery["max_age_days"], least=1),
        *_days_faults("grace_days", delivery["grace_days"], least=0),
    ]


def _days_faults(option: str, days: int | None, least: int) -> list[str]:
    if days is None or least <= days <= _MOST_DAYS:
        return []
    return [f"access_key_delivery.{option}: {days} is out of range; give {least} to {_MOST_DAYS} days"]


def declared(delivery: Params) -> Rotation:
    """The rotation that the options declare."""
    age, grace = delivery["max_age_days"], delivery["grace_days"]
    return Rotation(
        None if age is None else datetime.timedelta(days=age),
        datetime.timedelta(days=GRACE_DAYS if grace is None else grace),
    )


def is_due(found: Found, rotation: Rotation) -> bool:
    """Whether the delivered key, usable and in its place, is old enough to be replaced.

    One that is lost is not: a new one might be lost in the same way, and the old one still be in use somewhere.
    """
    key, now = found.delivered, found.now
    if rotation.max_age is None or key is None or now is None or not found.is_delivered:
        return False
    return now - key.created >= rotation.max_age


def obstacle(found: Found) -> str | None:
    """Why a key that is due cannot be replaced now, in words: IAM allows a user two keys."""
    replaced = found.replaced
    if replaced and not is_over(found):
        return f"the key before it, {replaced.id}, is kept until {timestamp(found.notes.until)}"
    others = [key.id for key in found.foreign]
    if others:
        return (
            f"the user also has access key {', '.join(others)}, which this collection did not deliver, and IAM allows two; "
            "delete that one by hand"
        )
    return None


def overdue(found: Found, rotation: Rotation, why: str) -> dict[str, t.Any]:
    """The drift of a key that is due and stays."""
    age = (found.now - found.delivered.created).days if found.now and found.delivered else None
    most = rotation.max_age.days if rotation.max_age else None
    return drift("access_key_age", f"at most {most} days", f"{age} days; {why}")


def is_over(found: Found) -> bool:
    """Whether the replaced key is to be deleted: inactive, and its time of grace is over."""
    until, now = found.notes.until, found.now
    if until is None:
        return True
    is_active = found.replaced is not None and found.replaced.active
    return not is_active and now is not None and until <= now


def until(found: Found, rotation: Rotation) -> datetime.datetime | None:
    """Until when a key that is replaced now is kept; None where it is deleted at once."""
    return found.now + rotation.grace if found.now and rotation.grace else None


def kept_until(found: Found, rotation: Rotation, noted: datetime.datetime) -> datetime.datetime:
    """The noted end of the grace, or a new one where it passed while the key was still active: each gets its grace."""
    if found.now is None or found.now < noted:
        return noted
    return found.now + (rotation.grace or datetime.timedelta(days=GRACE_DAYS))


def retirement(found: Found, rotation: Rotation) -> list[Step]:
    """What is due of a replaced key: nothing in its grace, unless it is active."""
    key, noted = found.replaced, found.notes.until
    if key is None:
        return []
    if noted is None or is_over(found):
        return [calls.delete(found.user_name, key.id)]
    if not key.active:
        return []
    end = kept_until(found, rotation, noted)
    tags = settled(found.notes.delivered, key.id, end)
    again = [] if end == noted else [calls.tag(found.user_name, tags)]
    return [*again, calls.deactivate(found.user_name, key.id)]


def previous(key: Key, status: str, end: datetime.datetime) -> dict[str, t.Any]:
    """``previous`` of the fact ``access_key``: a replaced key in its time of grace."""
    return {"access_key_id": key.id, "status": status, "deleted_after": timestamp(end)}
