# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network that SkyPilot would find in each region of an account; reads only. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from .._errors import AWSError, SkyError
from .._plan import Plan
from . import _regions
from ._plain_yaml import is_plain_yaml
from ._subnets import Choice, Layout, Verdict, Wish, choose, name_of

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .._account import Account, Identity
    from .._plan import Facts, Params
    from ._subnets import Item

SKYPILOT_RELEASE = "0.14.1"
#: The regions of SkyPilot's catalog, in its order: sky/catalog/data_fetchers/fetch_aws.py:38-66.
SKYPILOT_REGIONS = (
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "eu-central-1", "eu-west-1", "eu-west-2",
    "eu-south-1", "eu-south-2", "eu-west-3", "eu-north-1", "me-central-1", "af-south-1", "ap-east-1", "ap-southeast-3",
    "ap-south-1", "ap-northeast-3", "ap-northeast-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-4",
    "ap-northeast-1",
)  # fmt: skip

ARGUMENT_SPEC: dict[str, t.Any] = {
    "regions": {"type": "list", "elements": "str"},
    "vpc_names": {"type": "list", "elements": "str", "default": []},
    "subnet_names": {"type": "list", "elements": "str", "default": []},
    "use_internal_ips": {"type": "bool", "default": False},
    "on_unusable": {"type": "str", "choices": ["fail", "report"], "default": "fail"},
}
SPEC_RULES: dict[str, t.Any] = {}

#: Longest value of a tag (EC2 User Guide, tag restrictions).
_MAX_NAME = 256
#: EC2 reads these in the value of a filter as a pattern.
_PATTERN = frozenset("*?\\")


def validate(params: Params) -> list[str]:
    """Regions and names; one line a fault."""
    return [
        *(_regions.faults(params["regions"]) if params.get("regions") is not None else ()),
        *_name_faults("vpc_names", params["vpc_names"]),
        *_name_faults("subnet_names", params["subnet_names"]),
        *(fault for index, name in enumerate(params["vpc_names"]) for fault in _vpc_name_faults(index, name)),
    ]


def _name_faults(option: str, names: Sequence[str]) -> list[str]:
    faults = [
        f"{option}[{index}]: {name[:40]!r} cannot be a Name tag; give 1 to {_MAX_NAME} characters"
        for index, name in enumerate(names)
        if not name.strip() or len(name) > _MAX_NAME
    ]
    return faults + _repeated(option, names)


def _repeated(option: str, names: Sequence[str]) -> list[str]:
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    return [f"{option}: {name!r} is there twice; name it once" for name in twice]


def _vpc_name_faults(index: int, name: str) -> list[str]:
    """What SkyPilot cannot use as a VPC's name."""
    if _PATTERN.intersection(name):
        return [f"vpc_names[{index}]: {name!r} is a pattern to EC2 (* ? \\); give the exact Name tag of one VPC"]
    if name.strip() and not is_plain_yaml("vpc_name", name):
        # sky/templates/aws-ray.yml.j2:42; null would even mean the default VPC
        fault = f"vpc_names[{index}]: SkyPilot writes {name!r} into YAML without quotes and reads back something else"
        return [f"{fault}; rename the VPC"]
    return []


def read(account: Account, params: Params) -> list[Layout]:
    """What EC2 says about each region, in the order of the regions.

    At most three calls a region, and one more when ``regions`` is ``all``. A region that cannot be read is a Layout
    with an ``error``.

    :raises AWSError: when the account's regions cannot be listed.
    """
    return _regions.each(account, _wanted(account, params), functools.partial(_look_safely, account, params))


def _wanted(account: Account, params: Params) -> list[str]:
    wanted = params.get("regions") or [account.region]
    if not _regions.is_all(wanted):
        return list(wanted)
    enabled = _regions.enabled(account)
    return [region for region in SKYPILOT_REGIONS if region in enabled]


def _look_safely(account: Account, params: Params, region: str) -> Layout:
    try:
        return _look(account, params, region)
    except AWSError as error:
        return Layout(region, error=error.message)


def _look(account: Account, params: Params, region: str) -> Layout:
    """The reads of one region; it stops as soon as SkyPilot's refusal is certain."""
    ask = functools.partial(_ask, account, region)
    vpc_names, subnet_names = params["vpc_names"], params["subnet_names"]
    if subnet_names and not vpc_names:
        subnets = ask("Subnets", {"tag:Name": subnet_names})
        vpc_ids = [subnet["VpcId"] for subnet in subnets[:1]]
        vpcs = ask("Vpcs", {"vpc-id": vpc_ids}) if vpc_ids else []
    else:
        vpcs = ask("Vpcs", {"tag:Name": vpc_names} if vpc_names else {"is-default": ["true"]})
        vpc_ids = [vpc["VpcId"] for vpc in vpcs]
        named = {"tag:Name": subnet_names} if subnet_names else {"vpc-id": vpc_ids}
        subnets = ask("Subnets", named) if vpc_ids else []
    inside = sorted({subnet["VpcId"] for subnet in subnets}.intersection(vpc_ids))
    # Without a name SkyPilot looks at the route tables of all VPCs, so we need them to decide as it does.
    scope = {"vpc-id": inside} if vpc_names or subnet_names else {}
    tables = ask("RouteTables", scope) if inside else []
    return Layout(region, vpcs, subnets, tables)


def _ask(account: Account, region: str, noun: str, filters: Mapping[str, Sequence[str]]) -> list[dict[str, t.Any]]:
    """All items of one Describe call: ``_ask(account, "us-east-1", "Vpcs", {"is-default": ["true"]})``."""
    given = [{"Name": name, "Values": list(values)} for name, values in filters.items()]
    return account.pages(f"ec2:Describe{noun}", noun, f"region {region}", region=region, Filters=given)


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


def apply(account: Account, plan: Plan) -> Facts:
    """Nothing to write: the facts of the plan."""
    return plan.facts


def sky_config(params: Params) -> dict[str, t.Any]:
    """The part of ``~/.sky/config.yaml`` that makes SkyPilot use this network: ``{"aws": {...}}``.

    Without an ``ssh_proxy_command``, ``use_internal_ips`` makes SkyPilot reach machines through Session Manager, with a
    warning at each launch (sky/backends/backend_utils.py:973-983). ``use_ssm`` says it openly and ends the warning.
    """
    aws: dict[str, t.Any] = {}
    if params["vpc_names"]:
        aws["vpc_names"] = list(params["vpc_names"])
    if params["subnet_names"]:
        aws["subnet_names"] = list(params["subnet_names"])
    if params["use_internal_ips"]:
        aws |= {"use_internal_ips": True, "use_ssm": True}
    return {"aws": aws}


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
    if layout.region not in SKYPILOT_REGIONS:
        found.append(f"SkyPilot {SKYPILOT_RELEASE} has no catalog for this region and never launches here")
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
    return [name for name in params["subnet_names"] if name not in seen and not _PATTERN.intersection(name)]


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
