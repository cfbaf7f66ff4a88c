# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which VPC and subnets SkyPilot would launch in, from what EC2 answered. PRIVATE to the collection.

Everything here is pure. The decisions and the error texts are those of SkyPilot (Apache-2.0) in the release of release.py,
sky/provision/aws/config.py: ``_get_subnet_and_vpc_id`` 593-647, ``get_vpc_id_by_name`` 565-590, ``_usable_subnets``
375-537, ``_is_subnet_public`` 331-372. SkyPilot's log puts ``SKYPILOT_ERROR_NO_NODES_LAUNCHED: `` before each text.
Its text about subnets in more than one VPC cannot occur: the subnets were already cut down to one VPC by then.
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t

from .. import _tags

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    #: A VPC, subnet or route table as EC2 describes it.
    Item = Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Layout:
    """What EC2 answered for one region, in EC2's order; only as much as the decision needs.

    ``error`` is why the region could not be read, one line, or None.
    """

    region: str
    vpcs: Sequence[Item] = ()
    subnets: Sequence[Item] = ()
    route_tables: Sequence[Item] = ()
    error: str | None = None


@dataclasses.dataclass(frozen=True)
class Wish:
    """What SkyPilot's configuration asks for.

    Without ``vpc_name`` the VPC is that of the first named subnet, or without ``subnet_names`` the default one.
    """

    vpc_name: str | None = None
    subnet_names: Sequence[str] = ()
    use_internal_ips: bool = False

    @property
    def default_vpc(self) -> bool:
        """Whether SkyPilot falls back to the default VPC."""
        return self.vpc_name is None and not self.subnet_names


class Passed(enum.IntEnum):
    """How far a subnet got in SkyPilot's checks, which come in this order."""

    NOTHING = 0
    VPC = 1
    STATE = 2
    ALL = 3


@dataclasses.dataclass(frozen=True)
class Way:
    """How a subnet reaches the internet, as SkyPilot sees it.

    ``borrowed``: the route is in the main table of another VPC, so that the subnet has none in truth.
    """

    public: bool
    why: str
    borrowed: bool = False


@dataclasses.dataclass(frozen=True)
class Verdict:
    """A subnet, how far it got, and why no further (``reason``, empty for a usable one)."""

    subnet: Item
    passed: Passed
    reason: str
    way: Way | None = None


@dataclasses.dataclass(frozen=True)
class Choice:
    """SkyPilot's decision for one wish. With an ``error`` (SkyPilot's text) nothing is usable.

    Both lists are sorted by zone from Z to A as SkyPilot does, then by subnet id; within a zone SkyPilot keeps EC2's
    order, which EC2 does not define.
    """

    vpc: Item | None = None
    usable: Sequence[Verdict] = ()
    rejected: Sequence[Verdict] = ()
    error: str | None = None


def name_of(item: Item) -> str:
    """The Name tag of a VPC or subnet, or an empty string."""
    return _tags.from_aws(item.get("Tags")).get("Name", "")


def choose(layout: Layout, wish: Wish) -> Choice:
    """What SkyPilot would do in this region."""
    vpc, error = _find_vpc(layout, wish)
    if vpc is None or error:
        return Choice(vpc, error=error)
    # A subnet named elsewhere is a candidate too: SkyPilot refuses all named subnets when it has to drop one.
    candidates = [s for s in layout.subnets if wish.subnet_names or s["VpcId"] == vpc["VpcId"]]
    verdicts = _sorted(_judge(subnet, vpc["VpcId"], layout, wish) for subnet in candidates)
    rejected = [verdict for verdict in verdicts if verdict.passed < Passed.ALL]
    usable = [verdict for verdict in verdicts if verdict.passed == Passed.ALL]
    error = _refusal(usable, rejected, vpc["VpcId"], wish)
    if error:
        spoiled = [dataclasses.replace(verdict, reason=_SPOILED) for verdict in usable]
        return Choice(vpc, rejected=_sorted([*rejected, *spoiled]), error=error)
    return Choice(vpc, usable, rejected)


_SPOILED = "usable by itself, but SkyPilot refuses all of subnet_names because of the others"


def _find_vpc(layout: Layout, wish: Wish) -> tuple[Item | None, str | None]:
    """The VPC, and SkyPilot's text where it stops before it looks at subnets one by one."""
    region = layout.region
    if wish.vpc_name is not None:
        named = [vpc for vpc in layout.vpcs if name_of(vpc) == wish.vpc_name]
        if len(named) != 1:
            return None, _not_one_vpc(named, wish.vpc_name, region)
        if wish.subnet_names and not layout.subnets:
            return named[0], _no_named_subnets(wish, region)
        return named[0], None
    if wish.subnet_names:
        if not layout.subnets:
            return None, _no_named_subnets(wish, region)
        vpc_id = layout.subnets[0]["VpcId"]
        return next((vpc for vpc in layout.vpcs if vpc["VpcId"] == vpc_id), {"VpcId": vpc_id}), None
    default = next((vpc for vpc in layout.vpcs if vpc["IsDefault"]), None)
    if default is None or not any(subnet["VpcId"] == default["VpcId"] for subnet in layout.subnets):
        # config.py:636
        return default, f"The default VPC in {region} either does not exist or has no subnets."
    return default, None


def _not_one_vpc(named: Sequence[Item], name: str, region: str) -> str:
    if not named:
        # config.py:581
        return f"No VPC with name {name!r} is found in {region}. To fix: specify a correct VPC name."
    # config.py:585; SkyPilot prints boto3's objects
    found = ", ".join(f"ec2.Vpc(id={vpc['VpcId']!r})" for vpc in named)
    return (
        f"Multiple VPCs with name {name!r} found in {region}: [{found}]. It is ambiguous as to which VPC to use. "
        "To fix: specify a VPC name that is uniquely identifying."
    )


def _no_named_subnets(wish: Wish, region: str) -> str:
    # config.py:622
    return (
        f"No subnets with name(s) {list(wish.subnet_names)} found in {region}. "
        "Please check the subnet names in your config."
    )


def _judge(subnet: Item, vpc_id: str, layout: Layout, wish: Wish) -> Verdict:
    """SkyPilot's checks of one subnet, in its order."""
    if subnet["VpcId"] != vpc_id:
        return Verdict(subnet, Passed.NOTHING, f"it is in {subnet['VpcId']}, not in {vpc_id}")
    if subnet["State"] != "available":
        return Verdict(subnet, Passed.VPC, f"its state is {subnet['State']}, not available")
    way = _way(subnet, layout, wish)
    reason = _wrong_side(subnet, way, wish)
    return Verdict(subnet, Passed.STATE if reason else Passed.ALL, reason, way)


def _wrong_side(subnet: Item, way: Way, wish: Wish) -> str:
    if not wish.use_internal_ips:
        # MapPublicIpOnLaunch does not matter: SkyPilot asks for a public address itself (config.py:461-469).
        return "" if way.public else f"private: {way.why}"
    if way.public:
        return f"public: {way.why}"
    if subnet["MapPublicIpOnLaunch"]:
        return "it gives instances public addresses (MapPublicIpOnLaunch)"
    return ""


def _way(subnet: Item, layout: Layout, wish: Wish) -> Way:
    """Public: its own route table, or without one the main table, has a route to an internet gateway."""
    vpc_id = subnet["VpcId"]
    # For the default VPC SkyPilot asks without a VPC id and so gets the main tables of all VPCs (config.py:348,371).
    tables = [table for table in layout.route_tables if wish.default_vpc or table["VpcId"] == vpc_id]
    own = [table for table in tables if any(a.get("SubnetId") == subnet["SubnetId"] for a in _associations(table))]
    main = [table for table in tables if any(a.get("Main") for a in _associations(table))]
    used = own or sorted(main, key=lambda table: table["VpcId"] != vpc_id)
    if not used:
        return Way(False, "no route table applies to it")
    for table in used:
        gateway = _internet_gateway(table)
        if gateway:
            borrowed = table["VpcId"] != vpc_id
            whose = f" of {table['VpcId']}" if borrowed else ""
            return Way(True, f"route table {table['RouteTableId']}{whose} has a route to {gateway}", borrowed)
    return Way(False, f"route table {used[0]['RouteTableId']} has no route to an internet gateway")


def _associations(table: Item) -> Iterable[Item]:
    return t.cast("Iterable[Item]", table.get("Associations", ()))


def _internet_gateway(table: Item) -> str:
    """The first internet gateway that a table routes to, whatever the destination and the state of the route."""
    gateways: Iterable[str] = (route.get("GatewayId", "") for route in table.get("Routes", ()))
    return next((gateway for gateway in gateways if gateway.startswith("igw-")), "")


def _refusal(usable: Sequence[Verdict], rejected: Sequence[Verdict], vpc_id: str, wish: Wish) -> str | None:
    """SkyPilot's text for the first check that no subnet passed, or for named subnets that it had to drop."""
    if usable:
        if not (wish.subnet_names and rejected):
            return None
        # config.py:492; SkyPilot prints a set, whose order is chance
        dropped = ", ".join(repr(subnet_id) for subnet_id in sorted(v.subnet["SubnetId"] for v in rejected))
        return f"The specified subnets are not usable: {{{dropped}}}"
    furthest = max((verdict.passed for verdict in rejected), default=Passed.NOTHING)
    if furthest == Passed.NOTHING:
        return f"No candidate subnets found in specified VPC {vpc_id}."  # config.py:425
    if furthest == Passed.VPC:
        # config.py:434; for the default VPC SkyPilot has no id to print
        return f"All candidate subnets are pending in specified VPC {None if wish.default_vpc else vpc_id}."
    if wish.use_internal_ips:
        return "The use_internal_ips option is set to True, but all candidate subnets are public."  # config.py:456
    return "All candidate subnets are private, did you mean to set use_internal_ips to True?"  # config.py:475


def _sorted(verdicts: Iterable[Verdict]) -> list[Verdict]:
    by_id = sorted(verdicts, key=lambda verdict: verdict.subnet["SubnetId"])
    # A stable sort: reversed, equal zones keep their order.
    return sorted(by_id, key=lambda verdict: verdict.subnet["AvailabilityZone"], reverse=True)
