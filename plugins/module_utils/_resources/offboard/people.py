# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users of ours, and the secrets and files that hold their keys. Pure. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from ... import _ownership, _tags
from ..._errors import SkyError
from ..._plan import Step
from ..user import RESOURCE as USER
from ..user.key import in_secret
from ..user.key.notes import read_notes
from .found import absent
from .part import Part, caller_stays

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..._identity import Identity
    from ..._plan import Params
    from ..user.found import Found as UserFound
    from ..user.key.in_file import KeyFile
    from .found import Described, Found, Region

#: Days in which a deleted secret can be restored; AWS's own default (API reference, DeleteSecret).
RECOVERY_DAYS = 30


def users(current: Found, params: Params, identity: Identity) -> list[Part]:
    parts = [_user(name, found, identity) for name, found in current.users.items()]
    declared = {item["name"] for item in params["users"]}
    return parts + [
        Part("user", name, reason=_ownership.left(f"user {name}"))
        for name in (described["UserName"] for described in current.all_users)
        if name in declared and name not in current.users
    ]


def _user(name: str, found: UserFound, identity: Identity) -> Part:
    if identity.arn == identity.iam_arn(f"user{found.user['Path'] if found.user else '/'}{name}"):
        return Part("user", name, reason=caller_stays(f"user {name}"))
    try:
        planned = USER.plan(found, absent(USER, name=name), identity)
    except SkyError as error:
        return Part("user", name, reason=error.message)
    stays = planned.facts["user"] is not None
    reason = (" ".join(planned.warnings) or f"user {name} is left in place") if stays else None
    return Part("user", name, steps=planned.steps, before=planned.before, reason=reason)


def _staying(current: Found, users: Sequence[Part]) -> set[str]:
    """Names of the users that will be there."""
    going = {part.name for part in users if not part.reason}
    return {described["UserName"] for described in current.all_users} - going


def secrets(current: Found, users: Sequence[Part]) -> Iterator[Part]:
    """The secret of a user that is left holds a key that may still be in use."""
    holders = {in_secret.tag_value(name): name for name in _staying(current, users)}
    for region, secret in _all_secrets(current):
        name = secret["Name"]
        holder = holders.get(_tags.from_aws(secret["Tags"])[in_secret.USER_KEY])
        if holder:
            reason = f"secret {name} holds the access key of user {holder} and is left in place with the user"
            yield Part("secret", name, region.name, reason=reason)
            continue
        arguments = {"SecretId": name, "RecoveryWindowInDays": RECOVERY_DAYS}
        step = Step("secretsmanager:DeleteSecret", name, arguments, region.name)
        yield Part("secret", name, region.name, [step], {"secret": {"name": name}})


def _all_secrets(current: Found) -> Iterator[tuple[Region, Described]]:
    return ((region, secret) for region in current.regions for secret in region.secrets)


def dead_files(current: Found, users: Sequence[Part]) -> list[KeyFile]:
    """Profiles that hold the key of a user that is not there any more."""
    staying = _staying(current, users)
    return [file for name, file in current.files.items() if name not in staying and file.held]


def file_part(current: Found, file: KeyFile) -> Part:
    if file.fault:
        return Part("key file", file.label, reason=f"{file.label} holds a dead access key: {file.fault}")
    return Part("key file", file.label, before={"access_key_id": file.held})


def undeclared_files(current: Found, users: Sequence[Part]) -> Iterator[Part]:
    """What was delivered to a file that nobody names now."""
    in_secrets = {_tags.from_aws(secret["Tags"])[in_secret.USER_KEY] for _region, secret in _all_secrets(current)}
    for part in users:
        found = current.users.get(part.name)
        if part.reason or found is None or not read_notes(found.tags).delivered:
            continue
        if part.name in current.files or in_secret.tag_value(part.name) in in_secrets:
            continue
        reason = (
            f"the access key of user {part.name} was delivered to a file that users does not name; the key is dead, "
            "take its profile out of that file by hand"
        )
        yield Part("key file", part.name, reason=reason)
