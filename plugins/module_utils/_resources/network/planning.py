# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network that SkyPilot would find in each region of an account; reads only. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._errors import SkyError
from ..._plan import Plan
from ..._skypilot.configuration import sky_config
from ..._skypilot.release import REGIONS, RELEASE
from ..._skypilot.subnets import Choice, Wish, choose, name_of
from .options import PATTERN

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..._identity import Identity
    from ..._plan import Params
    from ..._skypilot.subnets import Item, Layout, Verdict


def plan(current: Sequence[Layout], params: Params, identity: Identity) -> Plan:
    """SkyPilot's decision for each region, as the facts ``networks`` and ``sky_config``; never a step.

    :raises SkyError: one line a region, where a region is unusable and ``on_unusable`` is ``fail``, where none could
        be read, or where ``all`` is none.
    """
    if not current:
        raise SkyError(f"regions: none of SkyPilot's regions is enabled in account {identity.account_id}")
    decisions = [_Decision(layout, _choices(layout, params)) for layout in current]
    refused = [decision for decision in decisions if decision.choice.error]
    if refused and (params["on_unusable"] == "fail" or all(layout.error for layout in current)):
        raise SkyError("\n".join(_refusal(decision, params) for decision in refused))
    warnings = [*_option_warnings(params), *(w for decision in decisions for w in _warnings(decision, params))]
    facts = {"networks": [_network(decision) for decision in decisions], "sky_config": sky_config(params)}
    return Plan(facts=facts, warnings=warnings)


@dataclasses.dataclass(frozen=True)
class _Decision:
    """SkyPilot's decisions for one region, by VPC name in its order of failover; None stands for no name."""

    layout: Layout
    choices: Mapping[str | None, Choice]

    @property
    def taken(self) -> str | None:
        """The first name without an error, else the first."""
        return next((name for name, choice in self.choices.items() if not choice.error), next(iter(self.choices)))

    @property
    def choice(self) -> Choice:
        return self.choices[self.taken]


def _choices(layout: Layout, params: Params) -> dict[str | None, Choice]:
    if layout.error:
        return {None: Choice(error=layout.error)}
    # sky/clouds/aws.py:1732-1744 yields the names one by one, or once nothing.
    names: Sequence[str | None] = params["vpc_names"] or [None]
    return {name: choose(layout, Wish(name, params["subnet_names"], params["use_internal_ips"])) for name in names}


def _refusal(decision: _Decision, params: Params) -> str:
    """One line for an unusable region: SkyPilot's text for each VPC that it would try."""
    line = f"{decision.layout.region}: {' '.join(choice.error or '' for choice in decision.choices.values())}"
    return f"{line} To fix: give vpc_names, or make a default VPC." if _lacks_default_vpc(decision, params) else line


def _lacks_default_vpc(decision: _Decision, params: Params) -> bool:
    named = params["vpc_names"] or params["subnet_names"]
    return not (named or decision.layout.error or decision.layout.vpcs)


def _option_warnings(params: Params) -> list[str]:
    if not params["subnet_names"] or params["vpc_names"]:
        return []
    # sky/provision/aws/instance.py:1193-1210 knows vpc_name only.
    line = "subnet_names without vpc_names: SkyPilot launches in these subnets, but opens ports and terminates clusters"
    return [f"{line} in the default VPC; give vpc_names too"]


def _warnings(decision: _Decision, params: Params) -> list[str]:
    """What SkyPilot does not say itself, or says too late."""
    layout, found = decision.layout, []
    if layout.region not in REGIONS:
        found.append(f"SkyPilot {RELEASE} has no catalog for this region and never launches here")
    if _lacks_default_vpc(decision, params):
        # sky/provision/aws/instance.py:1206 raises what sky/provision/provisioner.py:399-407 turns into a stop.
        found.append("no default VPC: SkyPilot's failover stops here instead of going on; give vpc_names, or make one")
    found += [f"no subnet is named {name!r}; SkyPilot goes on without it" for name in _unseen_subnets(layout, params)]
    borrowed = [v.subnet["SubnetId"] for v in decision.choice.usable if v.way and v.way.borrowed]
    if borrowed:
        found.append(
            f"SkyPilot takes {', '.join(borrowed)} for public because the main route table of another VPC routes to an "
            "internet gateway; machines there cannot be reached. Give the default VPC such a route"
        )
    return [f"{layout.region}: {line}" for line in found]


def _unseen_subnets(layout: Layout, params: Params) -> list[str]:
    """Exact names of ``subnet_names`` that no subnet has, where others were found."""
    if not layout.subnets:
        return []
    seen = {name_of(subnet) for subnet in layout.subnets}
    return [name for name in params["subnet_names"] if name not in seen and not PATTERN.intersection(name)]


def _network(decision: _Decision) -> dict[str, t.Any]:
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
