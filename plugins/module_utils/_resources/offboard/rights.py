# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and policies of ours, and what must keep them. Pure. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ... import _ownership, _tags
from ..policy import RESOURCE as POLICY
from ..role import RESOURCE as ROLE
from .found import absent
from .machines import in_words, profile
from .part import NAMED, Part, caller_stays, in_use_stays

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ..._identity import Identity
    from ..._plan import Params
    from ..policy import Found as PolicyFound
    from ..role.found import Found as RoleFound
    from .found import Described, Found
    from .planning import Going


def roles(current: Found, params: Params, identity: Identity) -> list[Part]:
    parts = [part for name, found in current.roles.items() for part in _role(name, found, current, identity)]
    return parts + [
        Part("role", name, reason=_ownership.left(f"role {name}"))
        for name in (described["RoleName"] for described in current.all_roles)
        if name == params["role_name"] and name not in current.roles
    ]


def _role(name: str, found: RoleFound, current: Found, identity: Identity) -> Iterator[Part]:
    if f":assumed-role/{name}/" in identity.arn:
        yield Part("role", name, reason=caller_stays(f"role {name}"))
        return
    users = _instances_with(current, {name, *found.profiles})
    if users:
        yield Part("role", name, reason=in_use_stays(f"role {name}", users))
        return
    planned = ROLE.plan(found, absent(ROLE, name=name), identity)
    kinds = {"role": "role", "instance_profile": "instance profile"}
    going = [kind for key, kind in kinds.items() if key in planned.before and key not in planned.after]
    for index, kind in enumerate(going):
        yield Part(kind, name, steps=() if index else planned.steps, before={} if index else planned.before)
    for warning in planned.warnings:
        yield Part("role" if warning.startswith("role") else "instance profile", name, reason=warning)


def _instances_with(current: Found, profiles: set[str]) -> list[str]:
    """The live instances of others that carry one of the profiles."""
    return [
        in_words(found, region) for region in current.regions for found in region.foreign if profile(found) in profiles
    ]


def going(parts: Iterable[Part]) -> dict[str, set[str]]:
    """Names of the users and roles that go, by IAM's noun."""
    gone = [part for part in parts if not part.reason]
    return {noun: {part.name for part in gone if part.kind == noun.lower()} for noun in ("User", "Role", "Group")}


def policies(current: Found, params: Params, identity: Identity, going: Going) -> Iterator[Part]:
    for found in current.policies.values():
        yield from _policy(found, current, identity, going)
    for arn in current.foreign_policies:
        name = arn.rpartition("/")[2]
        if name == params["policy_name"]:
            yield Part("policy", name, reason=_ownership.left(f"policy {name}"))


def _policy(found: PolicyFound, current: Found, identity: Identity, going: Going) -> Iterator[Part]:
    name, path, arn = found.policy["PolicyName"], found.policy["Path"], found.policy["Arn"]
    staying = {noun: [each for each in names if each not in going[noun]] for noun, names in found.attached.items()}
    needed = [*_needed_by(staying, current), *_bounds(arn, current, going)]
    if needed:
        reason = f"policy {name} is in use by {', '.join(needed[:NAMED])} and is left in place with what uses it"
        yield Part("policy", name, reason=reason)
        return
    rest = dataclasses.replace(found, attached=staying)
    planned = POLICY.plan(rest, absent(POLICY, name=name, path=path), identity)
    yield Part("policy", name, steps=planned.steps, before=planned.before)
    for noun, names in staying.items():
        for each in names:
            what = f"{noun.lower()} {each}"
            reason = f"{what} was not made by this collection and is left in place, without the policy {name}"
            yield Part(noun.lower(), each, reason=reason)


def _needed_by(staying: Mapping[str, Sequence[str]], current: Found) -> list[str]:
    """Those who have a policy and must not lose it: ours that are left, and roles on live instances of others."""
    users = [f"user {name}" for name in staying.get("User", ()) if name in current.users]
    roles = [
        f"role {name}"
        for name in staying.get("Role", ())
        if name in _names_of_ours(current) or _instances_with(current, _profiles_of(name, current))
    ]
    return users + roles


def _names_of_ours(current: Found) -> set[str]:
    return {name for name, found in current.roles.items() if _tags.is_ours(found.tags)}


def _profiles_of(name: str, current: Found) -> set[str]:
    return {
        profile["InstanceProfileName"]
        for described in current.all_roles
        if described["RoleName"] == name
        for profile in described.get("InstanceProfileList", ())
    }


def _bounds(arn: str, current: Found, going: Going) -> list[str]:
    """Users and roles that stay and have the policy as their permissions boundary: IAM would not delete it."""
    everybody: tuple[tuple[str, Sequence[Described]], ...] = (("User", current.all_users), ("Role", current.all_roles))
    return [
        f"{noun.lower()} {described[f'{noun}Name']} as its permissions boundary"
        for noun, listed in everybody
        for described in listed
        if (described.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn") == arn
        and described[f"{noun}Name"] not in going[noun]
    ]
