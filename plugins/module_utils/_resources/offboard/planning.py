# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is in an account to one without anything of ours. Pure. PRIVATE to the collection.

Each resource plans its own removal, so whose a thing is and what AWS demands first stand in one place. Here is what the
resources cannot know of each other: the order, and what must stay because something else does.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .. import _ownership, _tags
from .._errors import SkyError
from .._plan import Plan, Step
from . import _key_intent, _key_secret, instance, policy, role, security_group, user
from ._instance_facts import state_of, tags_of
from ._instance_ownership import is_marked, whose
from ._instance_plan import Found as InstanceFound
from ._offboard_found import absent
from ._security_group_places import Place

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .._account import Identity
    from .._plan import Params
    from ._instance_facts import Instance
    from ._key_file import KeyFile
    from ._offboard_found import Described, Found, Region

    Going = Mapping[str, set[str]]

#: Days in which a deleted secret can be restored; AWS's own default (API reference, DeleteSecret).
RECOVERY_DAYS = 30
#: How many things a reason names.
_NAMED = 3


@dataclasses.dataclass(frozen=True)
class Part:
    """One thing of the account: removed by its steps, or left for a ``reason``, a sentence. ``before`` is for the diff.

    Something that is left may have steps, too: what of it is ours goes.
    """

    kind: str
    name: str
    region: str | None = None
    steps: Sequence[Step] = dataclasses.field(default=(), compare=False)
    before: Mapping[str, t.Any] = dataclasses.field(default_factory=dict, compare=False)
    reason: str | None = None

    @property
    def label(self) -> str:
        return f"{self.kind} {self.name}" + (f" in {self.region}" if self.region else "")

    def shown(self) -> dict[str, t.Any]:
        """The part as results show it."""
        facts = {"type": self.kind, "name": self.name, "region": self.region}
        return {**facts, "reason": self.reason} if self.reason else facts


@dataclasses.dataclass
class OffboardPlan(Plan):
    """A plan with what is not a call: instances that must be gone (ids by region), and profiles with dead keys."""

    leaving: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)
    files: Sequence[KeyFile] = ()
    timeout: int = 0

    @property
    def writes(self) -> bool:
        return bool(self.steps or self.files)


def plan(current: Found, params: Params, identity: Identity) -> OffboardPlan:
    """Everything of ours goes; what is not ours, or is in use by what is not, is left with the reason."""
    instances = [part for region in current.regions for part in _instances(region, current, params, identity)]
    users = _users(current, params, identity)
    files = _dead_files(current, users)
    roles = _roles(current, params, identity)
    parts = [
        *instances,
        *users,
        *_secrets(current, users),
        *[_file_part(current, file) for file in files],
        *_undeclared_files(current, users),
        *roles,
        *_policies(current, params, identity, _going([*users, *roles])),
        *[part for region in current.regions for part in _groups(region, identity)],
        *[_closed(region) for region in current.regions if region.error],
    ]
    left = list(dict.fromkeys(part for part in parts if part.reason))
    return OffboardPlan(
        steps=[step for part in parts for step in part.steps],
        before={part.label: dict(part.before) for part in parts if part.before},
        facts={
            "removed": [part.shown() for part in parts if not part.reason],
            "left": [part.shown() for part in left],
        },
        warnings=[str(part.reason) for part in left],
        leaving={region.name: [each["InstanceId"] for each in region.ours] for region in current.regions},
        files=[file for file in files if not file.fault],
        timeout=params["wait_timeout"],
    )


# Instances


def _instances(region: Region, current: Found, params: Params, identity: Identity) -> Iterator[Part]:
    for found in region.ours:
        if state_of(found) != "shutting-down":
            name = _instance_name(found)
            planned = instance.plan(InstanceFound(region.name, [found]), absent(instance, name=name), identity)
            steps = [dataclasses.replace(step, region=region.name) for step in planned.steps]
            yield Part("instance", name, region.name, steps, planned.before)
    for found in region.foreign:
        if _concerns(found, region, current, params):
            text = f"instance {_in_words(found, region)} is left in place"
            yield Part("instance", _instance_name(found), region.name, reason=text)


def _instance_name(found: Instance) -> str:
    return tags_of(found).get("Name") or str(found["InstanceId"])


def _in_words(found: Instance, region: Region) -> str:
    return f"{found['InstanceId']} in {region.name} ({whose(found)})"


def _concerns(found: Instance, region: Region, current: Found, params: Params) -> bool:
    """Whether an instance that is not ours is SkyPilot's, looks like ours, or uses what is ours."""
    groups = {group["GroupId"] for group in region.groups}
    uses_group = any(group["GroupId"] in groups for group in found.get("SecurityGroups", ()))
    return uses_group or is_marked(found) or _profile(found) in {*current.roles, params["role_name"]}


def _profile(found: Instance) -> str:
    """The name of its instance profile, or empty."""
    return str(found.get("IamInstanceProfile", {}).get("Arn", "")).rpartition("/")[2]


# Users, their secrets and files


def _users(current: Found, params: Params, identity: Identity) -> list[Part]:
    parts = [_user(name, found, identity) for name, found in current.users.items()]
    declared = {item["name"] for item in params["users"]}
    return parts + [
        Part("user", name, reason=_ownership.left(f"user {name}"))
        for name in (described["UserName"] for described in current.all_users)
        if name in declared and name not in current.users
    ]


def _user(name: str, found: user.Found, identity: Identity) -> Part:
    if identity.arn == identity.iam_arn(f"user{found.user['Path'] if found.user else '/'}{name}"):
        return Part("user", name, reason=_is_caller(f"user {name}"))
    try:
        planned = user.plan(found, absent(user, name=name), identity)
    except SkyError as error:
        return Part("user", name, reason=error.message)
    stays = planned.facts["user"] is not None
    reason = (" ".join(planned.warnings) or f"user {name} is left in place") if stays else None
    return Part("user", name, steps=planned.steps, before=planned.before, reason=reason)


def _is_caller(what: str) -> str:
    return f"{what} is the caller of this run and is left in place; delete it with other credentials"


def _staying(current: Found, users: Sequence[Part]) -> set[str]:
    """Names of the users that will be there."""
    going = {part.name for part in users if not part.reason}
    return {described["UserName"] for described in current.all_users} - going


def _secrets(current: Found, users: Sequence[Part]) -> Iterator[Part]:
    """The secret of a user that is left holds a key that may still be in use."""
    holders = {_key_secret.tag_value(name): name for name in _staying(current, users)}
    for region, secret in _all_secrets(current):
        name = secret["Name"]
        holder = holders.get(_tags.from_aws(secret["Tags"])[_key_secret.USER_KEY])
        if holder:
            reason = f"secret {name} holds the access key of user {holder} and is left in place with the user"
            yield Part("secret", name, region.name, reason=reason)
            continue
        arguments = {"SecretId": name, "RecoveryWindowInDays": RECOVERY_DAYS}
        step = Step("secretsmanager:DeleteSecret", name, arguments, region.name)
        yield Part("secret", name, region.name, [step], {"secret": {"name": name}})


def _all_secrets(current: Found) -> Iterator[tuple[Region, Described]]:
    return ((region, secret) for region in current.regions for secret in region.secrets)


def _dead_files(current: Found, users: Sequence[Part]) -> list[KeyFile]:
    """Profiles that hold the key of a user that is not there any more."""
    staying = _staying(current, users)
    return [file for name, file in current.files.items() if name not in staying and file.held]


def _file_part(current: Found, file: KeyFile) -> Part:
    if file.fault:
        return Part("key file", file.label, reason=f"{file.label} holds a dead access key: {file.fault}")
    return Part("key file", file.label, before={"access_key_id": file.held})


def _undeclared_files(current: Found, users: Sequence[Part]) -> Iterator[Part]:
    """What was delivered to a file that nobody names now."""
    in_secrets = {_tags.from_aws(secret["Tags"])[_key_secret.USER_KEY] for _region, secret in _all_secrets(current)}
    for part in users:
        found = current.users.get(part.name)
        if part.reason or found is None or not _key_intent.read(found.tags).delivered:
            continue
        if part.name in current.files or _key_secret.tag_value(part.name) in in_secrets:
            continue
        reason = (
            f"the access key of user {part.name} was delivered to a file that users does not name; the key is dead, "
            "take its profile out of that file by hand"
        )
        yield Part("key file", part.name, reason=reason)


# Roles


def _roles(current: Found, params: Params, identity: Identity) -> list[Part]:
    parts = [part for name, found in current.roles.items() for part in _role(name, found, current, identity)]
    return parts + [
        Part("role", name, reason=_ownership.left(f"role {name}"))
        for name in (described["RoleName"] for described in current.all_roles)
        if name == params["role_name"] and name not in current.roles
    ]


def _role(name: str, found: role.Found, current: Found, identity: Identity) -> Iterator[Part]:
    if f":assumed-role/{name}/" in identity.arn:
        yield Part("role", name, reason=_is_caller(f"role {name}"))
        return
    users = _instances_with(current, {name, *found.profiles})
    if users:
        yield Part("role", name, reason=_in_use(f"role {name}", users))
        return
    planned = role.plan(found, absent(role, name=name), identity)
    kinds = {"role": "role", "instance_profile": "instance profile"}
    going = [kind for key, kind in kinds.items() if key in planned.before and key not in planned.after]
    for index, kind in enumerate(going):
        yield Part(kind, name, steps=() if index else planned.steps, before={} if index else planned.before)
    for warning in planned.warnings:
        yield Part("role" if warning.startswith("role") else "instance profile", name, reason=warning)


def _instances_with(current: Found, profiles: set[str]) -> list[str]:
    """The live instances of others that carry one of the profiles."""
    return [
        _in_words(found, region)
        for region in current.regions
        for found in region.foreign
        if _profile(found) in profiles
    ]


def _in_use(what: str, users: Sequence[str]) -> str:
    more = f" and {len(users) - _NAMED} more" if len(users) > _NAMED else ""
    return (
        f"{what} is in use by {', '.join(users[:_NAMED])}{more} and is left in place; terminate what uses "
        "it (sky down), then run this again"
    )


# Policies


def _going(parts: Iterable[Part]) -> dict[str, set[str]]:
    """Names of the users and roles that go, by IAM's noun."""
    gone = [part for part in parts if not part.reason]
    return {noun: {part.name for part in gone if part.kind == noun.lower()} for noun in ("User", "Role", "Group")}


def _policies(current: Found, params: Params, identity: Identity, going: Going) -> Iterator[Part]:
    for found in current.policies.values():
        yield from _policy(found, current, identity, going)
    for arn in current.foreign_policies:
        name = arn.rpartition("/")[2]
        if name == params["policy_name"]:
            yield Part("policy", name, reason=_ownership.left(f"policy {name}"))


def _policy(found: policy.Found, current: Found, identity: Identity, going: Going) -> Iterator[Part]:
    name, path, arn = found.policy["PolicyName"], found.policy["Path"], found.policy["Arn"]
    staying = {noun: [each for each in names if each not in going[noun]] for noun, names in found.attached.items()}
    needed = [*_needed_by(staying, current), *_bounds(arn, current, going)]
    if needed:
        reason = f"policy {name} is in use by {', '.join(needed[:_NAMED])} and is left in place with what uses it"
        yield Part("policy", name, reason=reason)
        return
    rest = dataclasses.replace(found, attached=staying)
    planned = policy.plan(rest, absent(policy, name=name, path=path), identity)
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


# Security groups and regions


def _groups(region: Region, identity: Identity) -> Iterator[Part]:
    ours = [found["InstanceId"] for found in region.ours]
    staying = {found["InstanceId"] for found in region.instances}.difference(ours)
    for name in dict.fromkeys(group["GroupName"] for group in region.groups):
        free: dict[Place, Described | None] = {}
        for group in (group for group in region.groups if group["GroupName"] == name):
            place = Place(region.name, group["VpcId"])
            users = [_user_of(found) for found in region.interfaces if _holds(found, group, staying)]
            if users:
                reason = _in_use(f"security group {name} in {place}", users)
                yield Part("security group", name, region.name, reason=reason)
            else:
                free[place] = group
        networks = [{"region": place.region, "vpc_id": place.vpc_id} for place in free]
        planned = security_group.plan(free, absent(security_group, name=name, networks=networks), identity)
        for step, shown in zip(planned.steps, planned.before.items(), strict=True):
            yield Part("security group", step.target, region.name, [step], dict([shown]))


def _holds(interface: Described, group: Described, staying: set[str]) -> bool:
    """Whether an interface keeps a group from being deleted; that of an instance that is no more goes by itself."""
    holder = (interface.get("Attachment") or {}).get("InstanceId")
    uses = group["GroupId"] in [used["GroupId"] for used in interface["Groups"]]
    return uses and (holder is None or holder in staying)


def _user_of(interface: Described) -> str:
    holder = (interface.get("Attachment") or {}).get("InstanceId")
    name = str(interface["NetworkInterfaceId"])
    return f"instance {holder}" if holder else f"network interface {name}"


def _closed(region: Region) -> Part:
    reason = f"region {region.name} could not be read, and what is in it is left: {region.error}"
    return Part("region", region.name, reason=reason)
