# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances and security groups of ours in each region, and what must keep them. Pure. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ..instance import RESOURCE as INSTANCE
from ..instance.facts import state_of, tags_of
from ..instance.found import Found as InstanceFound
from ..instance.ownership import is_marked, whose
from ..security_group import RESOURCE as SECURITY_GROUP
from ..security_group.places import Place
from .found import absent
from .part import Part, in_use_stays

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from ..._identity import Identity
    from ..._plan import Params
    from ..instance.facts import Instance
    from .found import Described, Found, Region


def instances(region: Region, current: Found, params: Params, identity: Identity) -> Iterator[Part]:
    for found in region.ours:
        if state_of(found) != "shutting-down":
            name = _instance_name(found)
            planned = INSTANCE.plan(InstanceFound(region.name, [found]), absent(INSTANCE, name=name), identity)
            steps = [dataclasses.replace(step, region=region.name) for step in planned.steps]
            yield Part("instance", name, region.name, steps, planned.before)
    for found in region.foreign:
        if _concerns(found, region, current, params):
            text = f"instance {in_words(found, region)} is left in place"
            yield Part("instance", _instance_name(found), region.name, reason=text)


def _instance_name(found: Instance) -> str:
    return tags_of(found).get("Name") or str(found["InstanceId"])


def in_words(found: Instance, region: Region) -> str:
    return f"{found['InstanceId']} in {region.name} ({whose(found)})"


def _concerns(found: Instance, region: Region, current: Found, params: Params) -> bool:
    """Whether an instance that is not ours is SkyPilot's, looks like ours, or uses what is ours."""
    groups = {group["GroupId"] for group in region.groups}
    uses_group = any(group["GroupId"] in groups for group in found.get("SecurityGroups", ()))
    return uses_group or is_marked(found) or profile(found) in {*current.roles, params["role_name"]}


def profile(found: Instance) -> str:
    """The name of its instance profile, or empty."""
    return str(found.get("IamInstanceProfile", {}).get("Arn", "")).rpartition("/")[2]


def groups(region: Region, identity: Identity) -> Iterator[Part]:
    ours = [found["InstanceId"] for found in region.ours]
    staying = {found["InstanceId"] for found in region.instances}.difference(ours)
    for name in dict.fromkeys(group["GroupName"] for group in region.groups):
        free: dict[Place, Described | None] = {}
        for group in (group for group in region.groups if group["GroupName"] == name):
            place = Place(region.name, group["VpcId"])
            users = [_user_of(found) for found in region.interfaces if _holds(found, group, staying)]
            if users:
                reason = in_use_stays(f"security group {name} in {place}", users)
                yield Part("security group", name, region.name, reason=reason)
            else:
                free[place] = group
        networks = [{"region": place.region, "vpc_id": place.vpc_id} for place in free]
        planned = SECURITY_GROUP.plan(free, absent(SECURITY_GROUP, name=name, networks=networks), identity)
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


def closed(region: Region) -> Part:
    reason = f"region {region.name} could not be read, and what is in it is left: {region.error}"
    return Part("region", region.name, reason=reason)
