# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network that SkyPilot would find in each region of an account; reads only. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from ..._errors import SkyError
from ..._plan import Plan
from ..._skypilot.configuration import sky_config
from ..._skypilot.failover import decide, lacks_default_vpc, option_warnings, warnings
from ..._skypilot.subnets import name_of

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._identity import Identity
    from ..._plan import Params
    from ..._skypilot.failover import Decision
    from ..._skypilot.subnets import Item, Layout, Verdict


def plan(current: Sequence[Layout], params: Params, identity: Identity) -> Plan:
    """SkyPilot's decision for each region, as the facts ``networks`` and ``sky_config``; never a step.

    :raises SkyError: one line a region, where a region is unusable and ``on_unusable`` is ``fail``, where none could
        be read, or where ``all`` is none.
    """
    if not current:
        raise SkyError(f"regions: none of SkyPilot's regions is enabled in account {identity.account_id}")
    decisions = [decide(layout, params) for layout in current]
    refused = [decision for decision in decisions if decision.choice.error]
    if refused and (params["on_unusable"] == "fail" or all(layout.error for layout in current)):
        raise SkyError(*(_refusal(decision, params) for decision in refused))
    told = [
        *option_warnings(params),
        *(f"network unusable: {_refusal(decision, params)}" for decision in refused),
        *(f"{each.layout.region}: {line}" for each in decisions for line in warnings(each, params)),
    ]
    facts = {"networks": [_network(decision) for decision in decisions], "sky_config": sky_config(params)}
    return Plan(facts=facts, warnings=told)


def _refusal(decision: Decision, params: Params) -> str:
    """One line for an unusable region: SkyPilot's text for each VPC that it would try."""
    line = f"{decision.layout.region}: {' '.join(choice.error or '' for choice in decision.choices.values())}"
    return f"{line} To fix: give vpc_names, or make a default VPC." if lacks_default_vpc(decision, params) else line


def _network(decision: Decision) -> dict[str, t.Any]:
    choice = decision.choice
    others = {name: other for name, other in decision.choices.items() if name != decision.taken}
    return {
        "region": decision.layout.region,
        "vpc": _vpc_facts(choice.vpc) if choice.vpc else None,
        "subnets": [_subnet_facts(verdict) for verdict in choice.usable],
        "rejected": [_rejected_facts(verdict) for verdict in choice.rejected],
        "error": choice.error,
        "tried": [
            {"name": name, "vpc_id": other.vpc["VpcId"] if other.vpc else None, "error": other.error}
            for name, other in others.items()
        ],
    }


def _vpc_facts(vpc: Item) -> dict[str, t.Any]:
    return {
        "id": vpc["VpcId"],
        "vpc_id": vpc["VpcId"],
        "name": name_of(vpc),
        "cidr_block": vpc.get("CidrBlock"),
        "is_default": vpc.get("IsDefault", False),
    }


def _subnet_facts(verdict: Verdict) -> dict[str, t.Any]:
    subnet = verdict.subnet
    return {
        "id": subnet["SubnetId"],
        "subnet_id": subnet["SubnetId"],
        "availability_zone": subnet["AvailabilityZone"],
        "cidr_block": subnet.get("CidrBlock"),
        "public": bool(verdict.way and verdict.way.public),
        "name": name_of(subnet),
    }


def _rejected_facts(verdict: Verdict) -> dict[str, t.Any]:
    subnet = verdict.subnet
    return {
        "subnet_id": subnet["SubnetId"],
        "availability_zone": subnet["AvailabilityZone"],
        "reason": verdict.reason,
    }
