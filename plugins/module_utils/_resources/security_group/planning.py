# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The security group of SkyPilot's machines, one of the same name in each VPC. PRIVATE to the collection.

SkyPilot looks for a group of the exact name in the VPC that it launches in, makes it where it is missing, and adds rules
only to one that has none (sky/provision/aws/config.py). Where it finds this one, it needs no right to do either.
"""

from __future__ import annotations

import functools
import re
import typing as t

from .. import _ownership, _tags
from .._errors import AWSError, SkyError
from .._plan import Plan, Step, drift, interrupted
from . import _regions, _security_group_places, _security_group_rules
from ._plain_yaml import is_plain_yaml
from ._security_group_places import Place, places
from ._security_group_rules import ITSELF, Access

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .._account import Account, Identity
    from .._plan import Facts, Params

    #: A group as EC2 describes it.
    Group = Mapping[str, t.Any]
    #: What is in each VPC, in the order of the networks.
    Found: t.TypeAlias = "Mapping[Place, Group | None]"

ARGUMENT_SPEC: dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "networks": {"type": "list", "elements": "dict", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "ssh_sources": {"type": "list", "elements": "str", "default": ["0.0.0.0/0"]},
    "efa": {"type": "bool", "default": False},
    "description": {"type": "str"},
    "existing": _ownership.existing_argument("keep"),
    **_tags.TAG_ARGUMENTS,
}
SPEC_RULES: dict[str, t.Any] = {}

#: EC2 demands one.
_DESCRIPTION = "Security group of SkyPilot clusters"
#: Names and descriptions: API reference, CreateSecurityGroup.
_TEXT = re.compile(r"[A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]{1,255}")

_CREATE = "ec2:CreateSecurityGroup"
#: A new group may not be seen at once; EC2's documentation on consistency speaks of seconds.
_WAIT_DELAY = 2
_WAIT_ATTEMPTS = 15


def validate(params: Params) -> list[str]:
    """Name, description, networks, sources and tags; one line a fault."""
    return [
        *_name_faults(params["name"]),
        *_description_faults(params["description"]),
        *_security_group_places.faults(params["networks"]),
        *_security_group_rules.source_faults(params["ssh_sources"], "ssh_sources"),
        *_tags.faults(params),
    ]


def _name_faults(name: str) -> list[str]:
    if name.lower() == "default":
        return [f"name: {name!r} is the name of the group that every VPC has; choose another"]
    if _TEXT.fullmatch(name) and name == name.strip() and not name.lower().startswith("sg-"):
        if is_plain_yaml("GroupName", name):
            return []
        # sky/templates/aws-ray.yml.j2:38
        return [
            f"name: SkyPilot writes {name!r} into YAML without quotes and reads back something else; choose another"
        ]
    return [
        f"name: {name[:40]!r} is not a valid security group name; use 1 to 255 of letters, digits, spaces and "
        "._-:/()#,@[]+=&;{}!$*, no space at either end, and do not begin with sg-"
    ]


def _description_faults(description: str | None) -> list[str]:
    if description is None or _TEXT.fullmatch(description):
        return []
    return [
        f"description: {description[:40]!r} is not a valid description; use 1 to 255 of letters, digits, spaces and "
        "._-:/()#,@[]+=&;{}!$*"
    ]


def read(account: Account, params: Params) -> Found:
    """The groups of that name: one call a region for all its VPCs, regions side by side.

    :raises SkyError: one line for each region that could not be read.
    """
    wanted = places(params["networks"])
    regions = list(dict.fromkeys(place.region for place in wanted))
    answers = _regions.each(account, regions, functools.partial(_look, account, params["name"], wanted))
    refused = [answer.message for answer in answers if isinstance(answer, AWSError)]
    if refused:
        raise SkyError("\n".join(refused))
    groups = {place: group for answer in answers if not isinstance(answer, AWSError) for place, group in answer.items()}
    return {place: groups.get(place) for place in wanted}


def _look(account: Account, name: str, wanted: Sequence[Place], region: str) -> dict[Place, Group] | AWSError:
    vpc_ids = [place.vpc_id for place in wanted if place.region == region]
    filters = [{"Name": "vpc-id", "Values": vpc_ids}, {"Name": "group-name", "Values": [name]}]
    try:
        groups = account.pages("ec2:DescribeSecurityGroups", "SecurityGroups", name, region=region, Filters=filters)
    except AWSError as error:
        return error
    # EC2 reads * in a filter as a pattern; a name may hold one.
    return {Place(region, group["VpcId"]): group for group in groups if group["GroupName"] == name}


def plan(current: Found, params: Params, identity: Identity) -> Plan:
    """From what is there to the declared group in each VPC.

    :raises SkyError: one of them is not ours and ``existing`` is ``fail``.
    """
    several = len(current) > 1
    parts = [
        _plan_one(_Site(place, f"{place}/{params['name']}" if several else params["name"]), group, params, identity)
        for place, group in current.items()
    ]
    return Plan(
        steps=[step for part in parts for step in part.steps],
        before={key: shown for part in parts for key, shown in part.before.items()},
        after={key: shown for part in parts for key, shown in part.after.items()},
        facts={key: [item for part in parts for item in part.facts[key]] for key in ("security_groups", "drift")},
        warnings=[warning for part in parts for warning in part.warnings],
    )


class _Site(t.NamedTuple):
    """A VPC, and what its group is called in ``steps``: by its name alone where there is one VPC only."""

    place: Place
    target: str

    def step(self, api: str, arguments: Mapping[str, t.Any]) -> Step:
        return Step(f"ec2:{api}", self.target, arguments, self.place.region)

    def drift(self, aspect: str, declared: t.Any, found: t.Any) -> dict[str, t.Any]:
        return {**drift(aspect, declared, found), "network": str(self.place)}


def _plan_one(site: _Site, group: Group | None, params: Params, identity: Identity) -> Plan:
    if params["state"] == "absent":
        return _plan_absent(site, group, params)
    if group is None:
        return _plan_create(site, params, identity)
    return _plan_present(site, group, params)


def _what(site: _Site, params: Params) -> str:
    return f"security group {params['name']} in {site.place}"


def _wanted(params: Params) -> Access:
    return _security_group_rules.wanted(params["ssh_sources"], efa=params["efa"])


def _plan_create(site: _Site, params: Params, identity: Identity) -> Plan:
    tags = {**_tags.declared(params), **_tags.OWNER}
    described = {
        "GroupName": params["name"],
        "Description": params["description"] or _DESCRIPTION,
        "VpcId": site.place.vpc_id,
    }
    tagged = [{"ResourceType": "security-group", "Tags": _tags.to_aws(tags)}]
    new = _security_group_rules.NEW
    changes = _security_group_rules.changes(new, _wanted(params))
    access = _security_group_rules.after(new, *changes)
    facts = _facts(site, {**described, "OwnerId": identity.account_id}, access, tags)
    steps = [
        site.step("CreateSecurityGroup", {**described, "TagSpecifications": tagged}),
        *_rule_steps(site, ITSELF, *changes),
    ]
    return Plan(steps, {}, _shown(site, facts, access), {"security_groups": [facts], "drift": []})


def _plan_present(site: _Site, group: Group, params: Params) -> Plan:
    tags = _tags.from_aws(group.get("Tags"))
    access = _security_group_rules.of_group(group)
    found = _facts(site, group, access, tags)
    before = _shown(site, found, access)
    left = _description_drift(site, group, params)
    to_authorize, to_revoke = _security_group_rules.changes(access, _wanted(params))
    if not _ownership.may_converge(_what(site, params), ours=_tags.is_ours(tags), existing=params["existing"]):
        wanted = _security_group_rules.after(access, to_authorize, to_revoke)
        left += [*_rule_drift(site, wanted, access), *_tag_drift(site, tags, params)]
        warnings = _lacks(site, to_authorize, params)
        return Plan([], before, before, {"security_groups": [found], "drift": left}, warnings)
    declared, purge = _tags.declared(params), params["purge_tags"]
    after = _security_group_rules.after(access, to_authorize, to_revoke)
    facts = _facts(site, group, after, _tags.after(tags, declared, purge=purge))
    steps = [
        *_rule_steps(site, group["GroupId"], to_authorize, to_revoke),
        *_tag_steps(site, group["GroupId"], *_tags.changes(tags, declared, purge=purge)),
    ]
    return Plan(steps, before, _shown(site, facts, after), {"security_groups": [facts], "drift": left})


def _rule_steps(site: _Site, group_id: str, to_authorize: Access, to_revoke: Access) -> list[Step]:
    """Authorize before revoke, so that no access is missing in between; one call for each direction."""
    calls = (
        ("AuthorizeSecurityGroupIngress", to_authorize.ingress),
        ("AuthorizeSecurityGroupEgress", to_authorize.egress),
        ("RevokeSecurityGroupIngress", to_revoke.ingress),
        ("RevokeSecurityGroupEgress", to_revoke.egress),
    )
    return [
        site.step(api, {"GroupId": group_id, "IpPermissions": _security_group_rules.permissions(rules, group_id)})
        for api, rules in calls
        if rules
    ]


def _tag_steps(site: _Site, group_id: str, to_set: Mapping[str, str], to_remove: Sequence[str]) -> list[Step]:
    steps = []
    if to_set:
        steps.append(site.step("CreateTags", {"Resources": [group_id], "Tags": _tags.to_aws(to_set)}))
    if to_remove:
        keys = [{"Key": key} for key in to_remove]
        steps.append(site.step("DeleteTags", {"Resources": [group_id], "Tags": keys}))
    return steps


def _description_drift(site: _Site, group: Group, params: Params) -> list[dict[str, t.Any]]:
    """EC2 has no call that changes a group's description."""
    wanted, found = params["description"], group["Description"]
    return [] if wanted in (None, found) else [site.drift("description", wanted, found)]


def _rule_drift(site: _Site, wanted: Access, found: Access) -> list[dict[str, t.Any]]:
    declared, described = _security_group_rules.texts(wanted), _security_group_rules.texts(found)
    return [
        site.drift(direction, declared[direction], described[direction])
        for direction in declared
        if declared[direction] != described[direction]
    ]


def _tag_drift(site: _Site, tags: Mapping[str, str], params: Params) -> list[dict[str, t.Any]]:
    missing = _tags.missing(tags, _tags.declared(params))
    return [site.drift("tags", missing, {key: tags.get(key) for key in missing})] if missing else []


def _lacks(site: _Site, to_authorize: Access, params: Params) -> list[str]:
    """The warning about a group that is kept and lacks what SkyPilot's machines need."""
    lacking = [rule for rules in _security_group_rules.texts(to_authorize).values() for rule in rules]
    if not lacking:
        return []
    return [
        f"{_what(site, params)} lacks what SkyPilot's machines need ({', '.join(lacking)}); set existing to converge to "
        "add it and remove what is not declared"
    ]


def _plan_absent(site: _Site, group: Group | None, params: Params) -> Plan:
    if group is None:
        return Plan(facts={"security_groups": [], "drift": []})
    tags = _tags.from_aws(group.get("Tags"))
    access = _security_group_rules.of_group(group)
    found = _facts(site, group, access, tags)
    before = _shown(site, found, access)
    what = _what(site, params)
    if not _ownership.may_delete(what, ours=_tags.is_ours(tags), existing=params["existing"]):
        facts = {"security_groups": [found], "drift": [site.drift("state", "absent", "present")]}
        return Plan([], before, before, facts, [_ownership.left(what)])
    steps = [site.step("DeleteSecurityGroup", {"GroupId": group["GroupId"]})]
    return Plan(steps, before, {}, {"security_groups": [], "drift": []})


def apply(account: Account, plan: Plan) -> Facts:
    """Perform the steps; the ids of new groups come from EC2's answers.

    :raises SkyError: with the steps that were performed.
    """
    made: dict[str, str] = {}
    facts = dict(plan.facts)
    for index, step in enumerate(plan.steps):
        try:
            if index and plan.steps[index - 1].api == _CREATE:
                _await(account, step, made[step.target])
            arguments = _filled(step.arguments, made.get(step.target, ITSELF))
            answer = account.call(step.api, step.target, region=step.region, **arguments)
        except SkyError as error:
            raise interrupted(error, plan.steps[:index], plan.steps[index:]) from error
        if step.api == _CREATE:
            made[step.target] = answer["GroupId"]
            place = Place(str(step.region), step.arguments["VpcId"])
            facts["security_groups"] = [_learned(group, place, answer["GroupId"]) for group in facts["security_groups"]]
    return facts


def _await(account: Account, step: Step, group_id: str) -> None:
    """Before the first call on a new group, which is always one about its rules: EC2 must know it."""
    account.wait(
        "ec2:DescribeSecurityGroups",
        "security_group_exists",
        step.target,
        delay=_WAIT_DELAY,
        attempts=_WAIT_ATTEMPTS,
        region=step.region,
        GroupIds=[group_id],
    )


def _filled(value: t.Any, group_id: str) -> t.Any:
    """Arguments of a call with the group's id where ITSELF stands for it."""
    if isinstance(value, dict):
        return {key: _filled(item, group_id) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, group_id) for item in value]
    return group_id if value == ITSELF else value


def _learned(group: dict[str, t.Any], place: Place, group_id: str) -> dict[str, t.Any]:
    """The facts of a group, completed by its id if it is the one that was made in that VPC."""
    if Place(group["region"], group["vpc_id"]) != place:
        return group
    rules = {key: _identified(group[key], group_id) for key in ("ip_permissions", "ip_permissions_egress")}
    return {**group, "group_id": group_id, **rules}


def _identified(value: t.Any, group_id: str) -> t.Any:
    if isinstance(value, dict):
        return {key: _identified(item, group_id) for key, item in value.items()}
    if isinstance(value, list):
        return [_identified(item, group_id) for item in value]
    return group_id if value is None else value


def _facts(site: _Site, group: Group, access: Access, tags: Mapping[str, str]) -> dict[str, t.Any]:
    """One item of the result, with the key names of amazon.aws's ec2_security_group."""
    group_id = group.get("GroupId")
    return {
        "region": site.place.region,
        "vpc_id": site.place.vpc_id,
        "group_id": group_id,
        "group_name": group["GroupName"],
        "description": group["Description"],
        "owner_id": group["OwnerId"],
        **_security_group_rules.facts(access, group_id),
        "tags": _tags.visible(tags),
    }


def _shown(site: _Site, facts: Mapping[str, t.Any], access: Access) -> dict[str, t.Any]:
    """What a diff shows: what is declared, rules as text."""
    shown = {key: facts[key] for key in ("group_name", "description", "tags")}
    return {f"security_group {site.place}": {**shown, **_security_group_rules.texts(access)}}
