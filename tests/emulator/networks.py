# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks made at once in the emulated AWS, in states that no call leads to, such as a subnet that is still pending."""

from __future__ import annotations

import typing as t

from moto.backends import get_backend

ANYWHERE = "0.0.0.0/0"


class Subnet(t.TypedDict):
    """``table`` is the place of its own route table among those of the VPC; None: the main one."""

    zone: str
    name: str
    pending: bool
    public_ip: bool
    table: int | None


class Vpc(t.TypedDict):
    """``default``: the account's own, with these subnets in place of its own. ``tables``: whether each reaches out."""

    default: bool
    name: str
    gateway: bool
    main_reaches_out: bool
    tables: list[bool]
    subnets: list[Subnet]


def build(account: str, region: str, vpcs: list[Vpc]) -> None:
    """Make these VPCs the only ones of an account's region; the account must be new there."""
    ec2 = get_backend("ec2")[account][region]
    _clear(ec2)
    for number, vpc in enumerate(vpcs):
        _build_vpc(ec2, region, number, vpc)


def _clear(ec2: t.Any) -> None:
    for vpc in ec2.describe_vpcs():
        for subnet in ec2.describe_subnets(filters={"vpc-id": [vpc.id]}):
            ec2.delete_subnet(subnet.id)
        ec2.delete_vpc(vpc.id)


def _build_vpc(ec2: t.Any, region: str, number: int, wanted: Vpc) -> None:
    vpc = ec2.create_vpc(f"10.{number}.0.0/16", is_default=wanted["default"])
    _name(ec2, vpc.id, wanted["name"])
    gateway = ec2.create_internet_gateway().id if wanted["gateway"] else None
    if gateway:
        ec2.attach_internet_gateway(gateway, vpc.id)
    main = ec2.describe_route_tables(filters={"vpc-id": [vpc.id], "association.main": ["true"]})[0].id
    tables = [ec2.create_route_table(vpc.id).id for _ in wanted["tables"]]
    for table, reaches_out in zip([main, *tables], [wanted["main_reaches_out"], *wanted["tables"]], strict=True):
        if gateway and reaches_out:
            ec2.create_route(table, ANYWHERE, gateway_id=gateway)
    for place, subnet in enumerate(wanted["subnets"]):
        _build_subnet(ec2, vpc.id, f"10.{number}.{place}.0/24", f"{region}{subnet['zone']}", subnet, tables)


def _build_subnet(ec2: t.Any, vpc_id: str, block: str, zone: str, wanted: Subnet, tables: list[str]) -> None:
    subnet = ec2.create_subnet(vpc_id, block, availability_zone=zone)
    _name(ec2, subnet.id, wanted["name"])
    if wanted["pending"]:
        subnet.state = "pending"
    ec2.modify_subnet_attribute(subnet.id, "map_public_ip_on_launch", wanted["public_ip"])
    if wanted["table"] is not None and tables:
        ec2.associate_route_table(tables[wanted["table"] % len(tables)], subnet_id=subnet.id)


def _name(ec2: t.Any, resource_id: str, name: str) -> None:
    if name:
        ec2.create_tags([resource_id], {"Name": name})
