# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The security group of SkyPilot's machines, one of the same name in each VPC. PRIVATE to the collection.

Where SkyPilot finds the group with its rules, it needs no right to make one or to add rules.
"""

from __future__ import annotations

import typing as t

from ... import _ownership, _tags
from ..._plan import Plan, Step, drift
from . import rules
from .rules import ITSELF

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..._identity import Identity
    from ..._plan import Params
    from .places import Place
    from .rules import Access

    #: A group as EC2 describes it.
    Group = Mapping[str, t.Any]
    #: What is in each VPC, in the order of the networks.
    Found: t.TypeAlias = "Mapping[Place, Group | None]"


#: EC2 demands one.
_DESCRIPTION = "Security group of SkyPilot clusters"

CREATE = "ec2:CreateSecurityGroup"


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
    return rules.wanted(params["ssh_sources"], efa=params["efa"])


def _plan_create(site: _Site, params: Params, identity: Identity) -> Plan:
    tags = {**_tags.declared(params), **_tags.OWNER}
    described = {
        "GroupName": params["name"],
        "Description": params["description"] or _DESCRIPTION,
        "VpcId": site.place.vpc_id,
    }
    tagged = [{"ResourceType": "security-group", "Tags": _tags.to_aws(tags)}]
    new = rules.NEW
    changes = rules.changes(new, _wanted(params))
    access = rules.after(new, *changes)
    facts = _facts(site, {**described, "OwnerId": identity.account_id}, access, tags)
    steps = [
        site.step("CreateSecurityGroup", {**described, "TagSpecifications": tagged}),
        *_rule_steps(site, ITSELF, *changes),
    ]
    return Plan(steps, {}, _shown(site, facts, access), {"security_groups": [facts], "drift": []})


def _plan_present(site: _Site, group: Group, params: Params) -> Plan:
    tags = _tags.from_aws(group.get("Tags"))
    access = rules.of_group(group)
    found = _facts(site, group, access, tags)
    before = _shown(site, found, access)
    left = _description_drift(site, group, params)
    to_authorize, to_revoke = rules.changes(access, _wanted(params))
    if not _ownership.may_converge(_what(site, params), ours=_tags.is_ours(tags), existing=params["existing"]):
        wanted = rules.after(access, to_authorize, to_revoke)
        left += [*_rule_drift(site, wanted, access), *_tag_drift(site, tags, params)]
        warnings = _lacks(site, to_authorize, params)
        return Plan([], before, before, {"security_groups": [found], "drift": left}, warnings)
    declared, purge = _tags.declared(params), params["purge_tags"]
    after = rules.after(access, to_authorize, to_revoke)
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
        site.step(api, {"GroupId": group_id, "IpPermissions": rules.permissions(changed, group_id)})
        for api, changed in calls
        if changed
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
    declared, described = rules.texts(wanted), rules.texts(found)
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
    lacking = [rule for texts in rules.texts(to_authorize).values() for rule in texts]
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
    access = rules.of_group(group)
    found = _facts(site, group, access, tags)
    before = _shown(site, found, access)
    what = _what(site, params)
    if not _ownership.may_delete(what, ours=_tags.is_ours(tags), existing=params["existing"]):
        facts = {"security_groups": [found], "drift": [site.drift("state", "absent", "present")]}
        return Plan([], before, before, facts, [_ownership.left(what)])
    steps = [site.step("DeleteSecurityGroup", {"GroupId": group["GroupId"]})]
    return Plan(steps, before, {}, {"security_groups": [], "drift": []})


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
        **rules.facts(access, group_id),
        "tags": _tags.visible(tags),
    }


def _shown(site: _Site, facts: Mapping[str, t.Any], access: Access) -> dict[str, t.Any]:
    """What a diff shows: what is declared, rules as text."""
    shown = {key: facts[key] for key in ("group_name", "description", "tags")}
    return {f"security_group {site.place}": {**shown, **rules.texts(access)}}
