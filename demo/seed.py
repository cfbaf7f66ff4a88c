# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seed the embedded AWS: the organization that the sample inventory names, and what its accounts have already.

The inventory is the one list of units (groups), accounts (hosts) and their ids. What an account has beside an empty
default VPC with an internet route is in SETUPS.
"""

from __future__ import annotations

import argparse
import functools
import http.client
import json
import pathlib
import secrets
import sys
import typing as t
import zlib

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .launch import MANAGEMENT

if t.TYPE_CHECKING:
    from collections.abc import Callable

INVENTORY = pathlib.Path(__file__).with_name("inventory") / "accounts.yml"
REGION = "us-east-1"
ACCESS_ROLE = "OrganizationAccountAccessRole"


class SeedError(Exception):
    """The embedded AWS does not come out as the inventory says."""


class Cloud:
    """Clients of the AWS at ``url``. One session: its service models are loaded once."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = botocore.session.Session()
        # No proxy between us and 127.0.0.1; an error is shown at once instead of tried again.
        self._config = Config(proxies={}, retries={"mode": "standard", "total_max_attempts": 1})

    def client(
        self,
        service: str,
        region: str = REGION,
        credentials: dict[str, str] | None = None,
    ) -> t.Any:
        """A client of the management account, or with ``credentials`` (create_client's keyword arguments)."""
        keys = credentials or MANAGEMENT
        return self._session.create_client(service, region, endpoint_url=self.url, config=self._config, **keys)

    def assume(self, account_id: str) -> dict[str, str]:
        """Credentials in a member account."""
        role = f"arn:aws:iam::{account_id}:role/{ACCESS_ROLE}"
        answer = self.client("sts").assume_role(RoleArn=role, RoleSessionName="seed")["Credentials"]
        return {
            "aws_access_key_id": answer["AccessKeyId"],
            "aws_secret_access_key": answer["SecretAccessKey"],
            "aws_session_token": answer["SessionToken"],
        }


#: A client of one account: ``client("ec2", "us-east-1")``.
Client = t.Callable[..., t.Any]


def give_internet(ec2: t.Any) -> None:
    """An internet gateway and the main route to it for the default VPC, as AWS makes them and moto does not."""
    vpc = _default_vpc(ec2)
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    main = [
        {"Name": "vpc-id", "Values": [vpc]},
        {"Name": "association.main", "Values": ["true"]},
    ]
    table = ec2.describe_route_tables(Filters=main)["RouteTables"][0]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)


def delete_default_vpc(ec2: t.Any) -> None:
    """What security teams do to every new account."""
    vpc = _default_vpc(ec2)
    for subnet in ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    ec2.delete_vpc(VpcId=vpc)


def _default_vpc(ec2: t.Any) -> str:
    vpcs = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    return str(vpcs[0]["VpcId"])


def make_private_vpc(ec2: t.Any, name: str) -> None:
    """A VPC with a private subnet in each of two zones: no internet gateway, no public addresses."""
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": name}]}]
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16", TagSpecifications=tags)["Vpc"]["VpcId"]
    zones = ec2.describe_availability_zones()["AvailabilityZones"][:2]
    for number, zone in enumerate(zones):
        tags = [
            {
                "ResourceType": "subnet",
                "Tags": [{"Key": "Name", "Value": f"{name}-{zone['ZoneName']}"}],
            }
        ]
        block = f"10.20.{number}.0/24"
        ec2.create_subnet(
            VpcId=vpc,
            CidrBlock=block,
            AvailabilityZone=zone["ZoneName"],
            TagSpecifications=tags,
        )


def make_skypilot_role(iam: t.Any) -> None:
    """The role and the instance profile skypilot-v1 as SkyPilot makes them at its first launch.

    Source: SkyPilot, provision/aws/config.py, _configure_iam_role. Ours differs in one thing: the inline policy
    names its Version, without which moto refuses it and AWS does not.
    """
    name = "skypilot-v1"
    profile = iam.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Arn"]
    trust = [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ]
    document = json.dumps({"Statement": trust})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    for policy in ("AmazonEC2FullAccess", "AmazonS3FullAccess"):
        iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
    passing = [
        {
            "Effect": "Allow",
            "Action": ["iam:GetRole", "iam:PassRole"],
            "Resource": role,
        },
        {"Effect": "Allow", "Action": "iam:GetInstanceProfile", "Resource": profile},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": passing})
    iam.put_role_policy(RoleName=name, PolicyName="SkyPilotPassRolePolicy", PolicyDocument=document)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)


def set_up_plain(client: Client) -> None:
    """A new account: the default VPC is all there is."""
    give_internet(client("ec2"))


def set_up_private(client: Client) -> None:
    """No default VPC, a private one with a name.

    In this order: moto gives the first subnet of a zone public addresses, whatever its VPC.
    """
    make_private_vpc(client("ec2"), "research-private")
    delete_default_vpc(client("ec2"))


def set_up_used(client: Client) -> None:
    """SkyPilot was here before us."""
    give_internet(client("ec2"))
    make_skypilot_role(client("iam"))


def set_up_two_regions(client: Client) -> None:
    """A default VPC in one region, none in the other."""
    give_internet(client("ec2"))
    delete_default_vpc(client("ec2", "eu-central-1"))


#: The tag ``team`` of accounts, for inventories that are asked from the organization.
TEAMS = {"genomics": "life-sciences", "imaging": "life-sciences", "training": "ml-platform", "serving": "ml-platform"}

SETUPS: dict[str, Callable[[Client], None]] = {
    "genomics": set_up_private,
    "training": set_up_used,
    "serving": set_up_two_regions,
}


def read_inventory() -> dict[str, dict[str, str]]:
    """The inventory as ``{unit: {account name: account id}}``."""
    import yaml  # here, so that the tests' emulator needs botocore only

    groups = yaml.safe_load(INVENTORY.read_text())["all"]["children"]
    return {
        unit: {name: variables["sky_account_id"] for name, variables in group["hosts"].items()}
        for unit, group in groups.items()
    }


def create_account(cloud: Cloud, name: str) -> str:
    """Create a member account and return its id, which depends on the name only.

    moto draws the id from its seedable source of random numbers, so that source is seeded with the name right before.
    https://docs.getmoto.org/en/latest/docs/configuration/recorder/index.html#deterministic-identifiers
    """
    reseed(cloud, zlib.crc32(name.encode()))
    organizations = cloud.client("organizations")
    tags = [{"Key": "team", "Value": TEAMS[name]}] if name in TEAMS else []
    made = organizations.create_account(AccountName=name, Email=f"{name}@example.com", Tags=tags)
    return str(made["CreateAccountStatus"]["AccountId"])


def reseed(cloud: Cloud, number: int) -> None:
    connection = http.client.HTTPConnection(cloud.url.removeprefix("http://"), timeout=10)
    connection.request("POST", f"/moto-api/seed?a={number}")
    connection.getresponse().read()
    connection.close()


def create_organization(cloud: Cloud, units: dict[str, dict[str, str]]) -> None:
    """The organization with its units and accounts; raises SeedError when an id is not the inventory's."""
    organizations = cloud.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    root = organizations.list_roots()["Roots"][0]["Id"]
    faults = []
    for unit, accounts in units.items():
        parent = organizations.create_organizational_unit(ParentId=root, Name=unit)["OrganizationalUnit"]["Id"]
        for name, wanted in accounts.items():
            account_id = create_account(cloud, name)
            organizations.move_account(AccountId=account_id, SourceParentId=root, DestinationParentId=parent)
            if account_id != wanted:
                faults.append(f'{name}: this moto makes it "{account_id}", sky_account_id says {wanted!r}')
    if faults:
        raise SeedError(f"{INVENTORY}: the accounts are not those of the embedded AWS: {'; '.join(faults)}")


def seed(url: str) -> None:
    """Seed the empty AWS at ``url``."""
    cloud = Cloud(url)
    units = read_inventory()
    create_organization(cloud, units)
    for accounts in units.values():
        for name, account_id in accounts.items():
            client = functools.partial(cloud.client, credentials=cloud.assume(account_id))
            SETUPS.get(name, set_up_plain)(client)
    reseed(cloud, secrets.randbits(64))  # AWS never gives an access key id twice; nor does the next start of this one


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m demo.seed", description=__doc__)
    parser.add_argument("url")
    try:
        seed(parser.parse_args().url)
    except (SeedError, ClientError, BotoCoreError, OSError, KeyError) as error:
        sys.exit(f"seeding failed: {error}")


if __name__ == "__main__":
    main()
