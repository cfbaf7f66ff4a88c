# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The access key of a user: what is there, and what it takes to have one delivered. PRIVATE to the collection.

A key is made where none was delivered, and again only where its owner asks for it and the delivered one is unusable, or
where it is older than declared (``_key_rotation``). The calls themselves, and what happens when one fails, are in
``_key_issue``.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ...._errors import SkyError
from ...._facts import timestamp
from ...._plan import drift
from . import calls, rotating
from .found import MAX_KEYS
from .notes import INTENT, settled

if t.TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable, Mapping

    from ...._plan import Params, Step
    from . import in_file, in_secret
    from .found import Found
    from .key import Key
    from .rotating import Rotation

    Place: t.TypeAlias = "in_file.KeyFile | in_secret.KeySecret"


@dataclasses.dataclass(frozen=True)
class Issue:
    """The steps around a new key, by what they depend on.

    ``opening`` and ``closing`` are complete; ``intent``, ``create``, ``delivery`` and ``tag`` are completed when made.
    ``replaced`` is the id of the key of ours that ``closing`` deletes, or makes inactive and leaves until ``until``.
    """

    opening: tuple[Step, ...]
    intent: Step
    create: Step
    delivery: tuple[Step, ...]
    tag: Step
    closing: tuple[Step, ...]
    replaced: str | None
    until: datetime.datetime | None

    def steps(self) -> list[Step]:
        return [*self.opening, self.intent, self.create, *self.delivery, self.tag, *self.closing]


@dataclasses.dataclass(frozen=True)
class KeyPlan:
    """The key's part of a user's plan; ``fact`` is ``access_key`` of the result.

    Without ``issue`` all steps are complete as they stand.
    """

    found: Found
    steps: list[Step] = dataclasses.field(default_factory=list)
    before: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    after: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    fact: dict[str, t.Any] | None = None
    drift: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    warnings: list[str] = dataclasses.field(default_factory=list)
    issue: Issue | None = None


def plan(found: Found, params: Params) -> KeyPlan:
    """From what is there to a delivered key.

    :raises SkyError: the place cannot be written, or the user has no room for a key.
    """
    rotation = rotating.declared(params["access_key_delivery"])
    if found.unfinished:
        planned = _plan_finish(found, found.unfinished, rotation)
    elif _must_issue(found, params):
        planned = _plan_issue(found, until=None)
    elif rotating.is_due(found, rotation):
        planned = _plan_rotate(found, rotation)
    else:
        planned = _plan_keep(found, rotation)
    planned.drift.extend(_notes_drift(found))
    if found.place.warning:
        planned.warnings.append(found.place.warning)
    return planned


def _must_issue(found: Found, params: Params) -> bool:
    """A delivered key that is unusable is made anew when asked for, or when a killed run was about to."""
    if found.is_delivered:
        return False
    if found.notes.delivered is None and params["manage"] == "access_key":
        return False
    if params["access_key_delivery"]["reissue"] or found.notes.open is not None:
        return True
    return found.notes.delivered is None and found.held is None


def _plan_finish(found: Found, key: Key, rotation: Rotation) -> KeyPlan:
    """All that a killed run left to do is to note the key, and to retire the one that it replaces."""
    old = found.delivered
    noted = found.notes.open.until if found.notes.open else None
    until = rotating.kept_until(found, rotation, noted) if old and noted else None
    steps = [
        *_deletions(found, found.half_made),
        *found.place.upkeep_steps(),
        calls.tag(found.user_name, settled(key.id, old.id if old else None, until)),
        *_retire_steps(found, old, until),
    ]
    fact = _fact(found, key.id, key, _previous(old, until))
    return KeyPlan(found, steps, *_shown(found, fact), fact)


def _plan_rotate(found: Found, rotation: Rotation) -> KeyPlan:
    """A new key for one that is too old, or why there is none."""
    why = rotating.obstacle(found)
    if why is None:
        return _plan_issue(found, until=rotating.until(found, rotation))
    planned = _plan_keep(found, rotation)
    overdue = rotating.overdue(found, rotation, why)
    planned.drift.append(overdue)
    planned.warnings.append(
        f"user {found.user_name}: access key {found.notes.delivered} is due for rotation ({overdue['found']})"
    )
    return planned


def _plan_issue(found: Found, until: datetime.datetime | None) -> KeyPlan:
    """A new key; the delivered one, if there is one, is made inactive and kept until then, or deleted."""
    if found.place.fault:
        raise SkyError(found.place.fault)
    name, old = found.user_name, found.delivered
    leftovers = [*found.half_made, *([found.replaced] if found.replaced else [])]
    staying = [key for key in found.keys if key not in leftovers]
    is_full = len(staying) >= MAX_KEYS
    if is_full and old is None:
        ids = ", ".join(key.id for key in staying)
        raise SkyError(
            f"user {name} has {len(staying)} access keys, the most IAM allows, and none of them is the collection's to "
            f"delete ({ids}); delete one by hand, or leave out access_key_delivery"
        )
    deleted_first = [*leftovers, old] if is_full and old else leftovers
    retired = None if is_full else old
    issue = Issue(
        opening=(*found.place.opening_steps(), *_deletions(found, deleted_first)),
        intent=calls.tag(name, {}),
        create=calls.create(name),
        delivery=tuple(found.place.delivery_steps()),
        tag=calls.tag(name, {}),
        closing=tuple(_retire_steps(found, retired, until)),
        replaced=retired.id if retired else None,
        until=until if retired else None,
    )
    fact = {
        **_fact(found, None, None, _previous(retired, until)),
        "status": "Active",
        "delivered_to": found.place.shown,
    }
    return KeyPlan(found, issue.steps(), *_shown(found, fact), fact, issue=issue)


def _retire_steps(found: Found, key: Key | None, until: datetime.datetime | None) -> list[Step]:
    """A key that was just replaced: inactive where it is kept for a while, else deleted."""
    if key is None:
        return []
    if until is None:
        return _deletions(found, [key])
    return [calls.deactivate(found.user_name, key.id)] if key.active else []


def _plan_keep(found: Found, rotation: Rotation) -> KeyPlan:
    """No key is made: leftovers go, settings are kept, and what is wrong is said."""
    delivered = found.notes.delivered
    retirement = rotating.retirement(found, rotation)
    steps = [*_deletions(found, found.half_made), *retirement, *found.place.upkeep_steps()]
    if found.notes.open:
        steps.append(calls.tag(found.user_name, settled(delivered)))
    fact = _fact(found, delivered, found.delivered, _kept(found, rotation)) if delivered else None
    planned = KeyPlan(found, steps, *_shown(found, fact), fact)
    trouble = _trouble(found)
    if trouble:
        planned.drift.append(drift("access_key", found.place.shown, trouble))
        planned.warnings.append(f"user {found.user_name}: {trouble}; {_mend(found)}")
    return planned


def _kept(found: Found, rotation: Rotation) -> dict[str, t.Any] | None:
    """``previous`` of the fact once the steps of a plan that makes no key are made."""
    until = found.notes.until
    if found.replaced is None or until is None or rotating.is_over(found):
        return None
    end = rotating.kept_until(found, rotation, until) if found.replaced.active else until
    return _previous(found.replaced, end)


def _previous(key: Key | None, until: datetime.datetime | None) -> dict[str, t.Any] | None:
    return rotating.previous(key, "Inactive", until) if key and until else None


def _mend(found: Found) -> str:
    if found.notes.delivered is None and found.held is None:
        return "leave out manage to have one delivered"
    return "set access_key_delivery.reissue to true to have a new key delivered"


def _trouble(found: Found) -> str | None:
    """Why what was delivered is not usable, in words."""
    delivered, key = found.notes.delivered, found.delivered
    if delivered is None and found.held:
        return (
            f"{found.place.label} holds access key {found.held.id}, which this collection did not deliver and does not "
            "replace"
        )
    if delivered is None:
        return "no access key was delivered yet"
    if key is None:
        return f"the delivered access key {delivered} does not exist any more"
    if not key.active:
        return f"the delivered access key {delivered} is not active"
    return None if found.place.holds(delivered) else f"{found.place.label} does not hold access key {delivered}"


def _notes_drift(found: Found) -> list[dict[str, t.Any]]:
    """Keys that nobody declared, and an intent that nobody can read; both are left."""
    unreadable = found.notes.unreadable
    foreign = [key.id for key in found.foreign]
    return [
        *([drift(f"tag {INTENT}", "settled", unreadable)] if unreadable else []),
        *([drift("access_keys", [], foreign)] if foreign else []),
    ]


def _deletions(found: Found, keys: Iterable[Key]) -> list[Step]:
    return [calls.delete(found.user_name, key.id) for key in keys]


def _fact(found: Found, key_id: str | None, key: Key | None, previous: dict[str, t.Any] | None) -> dict[str, t.Any]:
    """``access_key`` of the result, with the key names of amazon.aws's iam_access_key."""
    return {
        "access_key_id": key_id,
        "user_name": found.user_name,
        "status": key.status if key else None,
        "create_date": timestamp(key.created) if key else None,
        "delivered_to": found.place.shown if key_id and found.place.holds(key_id) else None,
        "previous": previous,
    }


def _shown(found: Found, fact: Mapping[str, t.Any] | None) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """What the diff shows, before and after: the key, and settings of its secret that change."""
    delivered = found.notes.delivered
    replaced, until = found.replaced, found.notes.until
    previous = rotating.previous(replaced, replaced.status, until) if replaced and until else None
    current = _fact(found, delivered, found.delivered, previous) if delivered else None
    before: dict[str, t.Any] = {"access_key": current} if current else {}
    after: dict[str, t.Any] = {"access_key": dict(fact)} if fact else {}
    settings_before, settings_after = found.place.settings()
    if settings_after:
        before["access_key_secret"], after["access_key_secret"] = settings_before, settings_after
    return before, after
