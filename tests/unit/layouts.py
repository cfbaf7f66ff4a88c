# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Layouts of VPCs, subnets and route tables as EC2 describes them, and what the facts say about one."""

from __future__ import annotations

from hypothesis import strategies as st

from ansible_collections.sky.aws.plugins.module_utils._identity import Identity
from ansible_collections.sky.aws.plugins.module_utils._resources.network import RESOURCE as network
from ansible_collections.sky.aws.plugins.module_utils._skypilot.subnets import Layout

REGION = "us-east-1"
ME = Identity("111111111111", "aws", "arn:aws:iam::111111111111:user/admin")

NO_DEFAULT = "The default VPC in us-east-1 either does not exist or has no subnets."
ALL_PRIVATE = "All candidate subnets are private, did you mean to set use_internal_ips to True?"
ALL_PUBLIC = "The use_internal_ips option is set to True, but all candidate subnets are public."


def options(**given_options):
    defaults = {
        "regions": None,
        "vpc_names": [],
        "subnet_names": [],
        "use_internal_ips": False,
        "on_unusable": "report",
    }
    return {**defaults, **given_options}


def vpc(vpc_id, name="", default=False):
    tags = [{"Key": "Name", "Value": name}] if name else []
    return {"VpcId": vpc_id, "CidrBlock": "10.0.0.0/16", "IsDefault": default, "State": "available", "Tags": tags}


def subnet(subnet_id, zone, vpc_id="vpc-1", state="available", gives_public=False, name=""):
    return {
        "SubnetId": subnet_id,
        "AvailabilityZone": f"{REGION}{zone}",
        "VpcId": vpc_id,
        "State": state,
        "MapPublicIpOnLaunch": gives_public,
        "CidrBlock": "10.0.1.0/24",
        "Tags": [{"Key": "Name", "Value": name}] if name else [],
    }


def table(table_id, *routes, vpc_id="vpc-1", main=False, subnets=()):
    associations = [{"Main": True}] if main else []
    associations += [{"Main": False, "SubnetId": subnet_id} for subnet_id in subnets]
    return {
        "RouteTableId": table_id,
        "VpcId": vpc_id,
        "Associations": associations,
        "Routes": [{"GatewayId": "local"}, *routes],
    }


IGW = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"}
NAT = {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1"}
EGRESS_ONLY = {"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": "eigw-1"}
DEFAULT = vpc("vpc-1", default=True)
MAIN_OPEN = table("rtb-main", IGW, main=True)
MAIN_CLOSED = table("rtb-main", NAT, EGRESS_ONLY, main=True)


def look(layout, **given_options):
    """The network that the facts show for one layout."""
    [found] = network.plan([layout], options(**given_options), ME).facts["networks"]
    return found


def usable_ids(found):
    return [item["subnet_id"] for item in found["subnets"]]


def reasons(found):
    return {item["subnet_id"]: item["reason"] for item in found["rejected"]}


VPC_IDS = st.sampled_from(["vpc-1", "vpc-2"])
SUBNETS = st.lists(
    st.builds(
        subnet,
        st.integers(0, 99).map(lambda number: f"subnet-{number:02}"),
        st.sampled_from("abcdf"),
        VPC_IDS,
        st.sampled_from(["available", "available", "pending"]),
        st.booleans(),
        st.just("one"),
    ),
    max_size=8,
    unique_by=lambda item: item["SubnetId"],
)
TABLES = st.lists(
    st.builds(
        lambda open_, vpc_id, main, subnets: table(
            "rtb-x", *([IGW] if open_ else []), vpc_id=vpc_id, main=main, subnets=subnets
        ),
        st.booleans(),
        VPC_IDS,
        st.booleans(),
        st.lists(st.integers(0, 99).map(lambda number: f"subnet-{number:02}"), max_size=3),
    ),
    max_size=4,
)
LAYOUTS = st.builds(
    lambda subnets, tables: Layout(REGION, [vpc("vpc-1", "x", default=True)], subnets, tables), SUBNETS, TABLES
)
OPTIONS = st.fixed_dictionaries(
    {
        "vpc_names": st.sampled_from([[], ["x"], ["gone"], ["gone", "x"]]),
        "subnet_names": st.sampled_from([[], ["one"]]),
        "use_internal_ips": st.booleans(),
    }
)
