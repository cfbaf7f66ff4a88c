# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The access key of a user: what is there, and what it takes to have one delivered. PRIVATE to the collection.

A key is made where none was delivered, and again only where its owner asks for it and the delivered one is unusable.
The calls themselves, and what happens when one fails, are in ``_key_issue``.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .. import _tags, _validate
from .._errors import SkyError
from .._facts import timestamp
from .._plan import Step, drift
from . import _key_file, _key_intent, _key_secret, _text_file
from ._key_intent import Key, Notes

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .._account import Account
    from .._plan import Params

    Place = _key_file.KeyFile | _key_secret.KeySecret

#: IAM allows a user this many access keys (IAM quotas).
MAX_KEYS = 2

ARGUMENTS: dict[str, t.Any] = {
    # Names with "key" or "secret" in them, none of which is one: masking their values would mangle results.
    "access_key_delivery": {
        "type": "dict",
        "no_log": False,
        "options": {
            "file": {"type": "path"},
            "secret": {"type": "str", "no_log": False},
            "reissue": {"type": "bool", "default": False},
            "kms_key_id": {"type": "str", "no_log": False},
            "readers": {"type": "list", "elements": "str"},
            "resource_policy": {"type": "dict"},
        },
        "required_one_of": [("file", "secret")],
        "mutually_exclusive": [("file", "secret"), ("readers", "resource_policy")],
        "required_by": {"kms_key_id": "secret", "readers": "secret", "resource_policy": "secret"},
    },
}

_SECRET_NAME = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")
_READERS = "give ARNs of users, roles or accounts (arn:aws:iam::111111111111:root)"


@dataclasses.dataclass(frozen=True)
class Found:
    """The keys of a user, what its tags say about them, and the place of delivery."""

    user_name: str
    place: Place
    keys: tuple[Key, ...] = ()
    notes: Notes = dataclasses.field(default_factory=Notes)

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


@dataclasses.dataclass(frozen=True)
class Issue:
    """The steps around a new key, by what they depend on.

    ``opening`` and ``closing`` are complete; ``intent``, ``create``, ``delivery`` and ``tag`` are completed when made.
    ``replaced`` is the id of the key of ours that ``closing`` deletes.
    """

    opening: tuple[Step, ...]
    intent: Step
    create: Step
    delivery: tuple[Step, ...]
    tag: Step
    closing: tuple[Step, ...]
    replaced: str | None

    def steps(self) -> list[Step]:
        return [*self.opening, self.intent, self.create, *self.delivery, self.tag, *self.closing]


@dataclasses.dataclass
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


def faults(params: Params) -> list[str]:
    """Faults of the place of delivery and of who may read it."""
    delivery = params["access_key_delivery"]
    if not delivery:
        return []
    return [
        *(_text_file.path_faults("access_key_delivery.file", delivery["file"]) if delivery["file"] is not None else ()),
        *_secret_faults(delivery["secret"]),
        *[fault for reader in delivery["readers"] or () for fault in _reader_faults(reader)],
        *_resource_policy_faults(delivery["resource_policy"]),
    ]


def _secret_faults(name: str | None) -> list[str]:
    if name is None or _SECRET_NAME.fullmatch(name):
        return []
    return [
        f"access_key_delivery.secret: {name!r} is not the name of a secret (not an ARN); "
        "use 1 to 512 of letters, digits and / _ + = . @ -"
    ]


def _reader_faults(reader: str) -> list[str]:
    arn = _validate.parse_arn(reader)
    if arn and arn["service"] in ("iam", "sts") and arn["account"].isdigit() and "*" not in reader:
        return []
    return [f"access_key_delivery.readers: {reader!r} is not the ARN of a principal; {_READERS}"]


def _resource_policy_faults(policy: Mapping[str, t.Any] | None) -> list[str]:
    if policy is None or (policy.get("Version") and policy.get("Statement")):
        return []
    return ["access_key_delivery.resource_policy: give a policy document with Version and Statement, or use readers"]


def delivered_id(tags: Mapping[str, str]) -> str | None:
    """The id of the delivered key in a user's tags."""
    return _key_intent.read(tags).delivered


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
    notes = _key_intent.read(_tags.from_aws(user.get("Tags")))
    listed = account.call("iam:ListAccessKeys", name, UserName=name)["AccessKeyMetadata"]
    return Found(name, place, tuple(with_use(account, notes, listed)), notes)


def _place(account: Account, params: Params) -> Place:
    delivery = params["access_key_delivery"]
    if delivery["file"]:
        return _key_file.read(delivery["file"], profile_name(account.account_id, params["name"]))
    return _key_secret.read(account, delivery, params["name"])


def with_use(account: Account, notes: Notes, listed: Iterable[Mapping[str, t.Any]]) -> list[Key]:
    """Keys as IAM lists them; for those that a killed run may have made, with whether they were ever used."""
    keys = [Key(key["AccessKeyId"], key["Status"], key["CreateDate"]) for key in listed]
    return [dataclasses.replace(key, used=_used(account, key)) if notes.is_suspect(key) else key for key in keys]


def _used(account: Account, key: Key) -> bool:
    answer = account.call("iam:GetAccessKeyLastUsed", key.id, AccessKeyId=key.id)
    return "LastUsedDate" in answer["AccessKeyLastUsed"]


def plan(found: Found, params: Params) -> KeyPlan:
    """From what is there to a delivered key.

    :raises SkyError: the place cannot be written, or the user has no room for a key.
    """
    if found.unfinished:
        planned = _plan_finish(found, found.unfinished)
    elif _must_issue(found, is_asked=params["access_key_delivery"]["reissue"]):
        planned = _plan_issue(found)
    else:
        planned = _plan_keep(found)
    planned.drift += _notes_drift(found)
    if found.place.warning:
        planned.warnings.append(found.place.warning)
    return planned


def _must_issue(found: Found, *, is_asked: bool) -> bool:
    """A delivered key that is unusable is made anew when asked for, or when a killed run was about to."""
    if _is_delivered(found):
        return False
    if is_asked or found.notes.open is not None:
        return True
    return found.notes.delivered is None and found.held is None


def _is_delivered(found: Found) -> bool:
    return found.held is not None and found.held == found.delivered


def _plan_finish(found: Found, key: Key) -> KeyPlan:
    """All that a killed run left to do is to note the key, and to delete the one that it replaces."""
    old = found.delivered
    tags = _key_intent.settled(key.id, old.id if old else None)
    steps = [
        *_deletions(found, found.half_made),
        *found.place.upkeep_steps(),
        _tag_step(found, tags),
        *_deletions(found, [old] if old else []),
    ]
    fact = _fact(found, key.id, key)
    return KeyPlan(found, steps, *_shown(found, fact), fact)


def _plan_issue(found: Found) -> KeyPlan:
    if found.place.fault:
        raise SkyError(found.place.fault)
    name, old = found.user_name, found.delivered
    leftovers = [*found.half_made, *_replaced(found)]
    staying = [key for key in found.keys if key not in leftovers]
    is_full = len(staying) >= MAX_KEYS
    if is_full and old is None:
        ids = ", ".join(key.id for key in staying)
        raise SkyError(
            f"user {name} has {len(staying)} access keys, the most IAM allows, and none of them is the collection's to "
            f"delete ({ids}); delete one by hand, or leave out access_key_delivery"
        )
    deleted_first = [*leftovers, old] if is_full and old else leftovers
    deleted_last = [old] if old and not is_full else []
    issue = Issue(
        opening=(*found.place.opening_steps(), *_deletions(found, deleted_first)),
        intent=_tag_step(found, {}),
        create=Step("iam:CreateAccessKey", name, {"UserName": name}),
        delivery=tuple(found.place.delivery_steps()),
        tag=_tag_step(found, {}),
        closing=tuple(_deletions(found, deleted_last)),
        replaced=deleted_last[0].id if deleted_last else None,
    )
    fact = {**_fact(found, None, None), "status": "Active", "delivered_to": found.place.shown}
    return KeyPlan(found, issue.steps(), *_shown(found, fact), fact, issue=issue)


def _plan_keep(found: Found) -> KeyPlan:
    """No key is made: leftovers go, settings are kept, and what is wrong is said."""
    delivered = found.notes.delivered
    steps = [*_deletions(found, [*found.half_made, *_replaced(found)]), *found.place.upkeep_steps()]
    if found.notes.open:
        steps.append(_tag_step(found, _key_intent.settled(delivered)))
    fact = _fact(found, delivered, found.delivered) if delivered else None
    planned = KeyPlan(found, steps, *_shown(found, fact), fact)
    trouble = _trouble(found)
    if trouble:
        planned.drift.append(drift("access_key", found.place.shown, trouble))
        planned.warnings.append(
            f"user {found.user_name}: {trouble}; set access_key_delivery.reissue to true to have a new key delivered"
        )
    return planned


def _trouble(found: Found) -> str | None:
    """Why what was delivered is not usable, in words."""
    delivered, key = found.notes.delivered, found.delivered
    if delivered is None:
        held = f" {found.held.id}" if found.held else ""
        return f"{found.place.label} holds access key{held}, which this collection did not deliver and does not replace"
    if key is None:
        return f"the delivered access key {delivered} does not exist any more"
    if not key.active:
        return f"the delivered access key {delivered} is not active"
    return None if found.place.holds(delivered) else f"{found.place.label} does not hold access key {delivered}"


def _notes_drift(found: Found) -> list[dict[str, t.Any]]:
    """Keys that nobody declared, and an intent that nobody can read; both are left."""
    unreadable = found.notes.unreadable
    known = [*found.half_made, *_replaced(found), found.delivered, found.unfinished]
    foreign = [key.id for key in found.keys if key not in known]
    return [
        *([drift(f"tag {_key_intent.INTENT}", "settled", unreadable)] if unreadable else []),
        *([drift("access_keys", [], foreign)] if foreign else []),
    ]


def _replaced(found: Found) -> list[Key]:
    """The key that a killed run replaced and did not come to delete."""
    is_done = found.notes.replaced != found.notes.delivered
    return [key for key in found.keys if is_done and key.id == found.notes.replaced]


def _deletions(found: Found, keys: Iterable[Key]) -> list[Step]:
    return [delete_step(found.user_name, key.id) for key in keys]


def delete_step(user_name: str, key_id: str) -> Step:
    return Step("iam:DeleteAccessKey", user_name, {"UserName": user_name, "AccessKeyId": key_id})


def _tag_step(found: Found, tags: Mapping[str, str]) -> Step:
    arguments: dict[str, t.Any] = {"UserName": found.user_name}
    return Step("iam:TagUser", found.user_name, {**arguments, "Tags": _tags.to_aws(tags)} if tags else arguments)


def _fact(found: Found, key_id: str | None, key: Key | None) -> dict[str, t.Any]:
    """``access_key`` of the result, with the key names of amazon.aws's iam_access_key."""
    return {
        "access_key_id": key_id,
        "user_name": found.user_name,
        "status": key.status if key else None,
        "create_date": timestamp(key.created) if key else None,
        "delivered_to": found.place.shown if key_id and found.place.holds(key_id) else None,
    }


def _shown(found: Found, fact: Mapping[str, t.Any] | None) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """What the diff shows, before and after: the key, and settings of its secret that change."""
    delivered = found.notes.delivered
    current = _fact(found, delivered, found.delivered) if delivered else None
    before: dict[str, t.Any] = {"access_key": current} if current else {}
    after: dict[str, t.Any] = {"access_key": dict(fact)} if fact else {}
    settings_before, settings_after = found.place.settings()
    if settings_after:
        before["access_key_secret"], after["access_key_secret"] = settings_before, settings_after
    return before, after
