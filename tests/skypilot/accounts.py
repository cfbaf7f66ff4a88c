# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts that the playbook onboarded, and the machines of their users and instances."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
import pathlib
import typing as t

from ansible_collections.sky.aws.demo.seed import ACCESS_ROLE, make_private_vpc
from ansible_collections.sky.aws.tests.emulator.server import Emulator
from ansible_collections.sky.aws.tests.integration.runs import Runner
from ansible_collections.sky.aws.tests.skypilot.metadata import metadata_service
from ansible_collections.sky.aws.tests.skypilot.skypilot import Machine, SkyPilot

USER = "alice"
PRIVATE_VPC = "research-private"
PUBLIC_VPC = "research"
#: What a configuration of SkyPilot says about the network, for each kind that it knows.
NETWORKS: dict[str, dict[str, t.Any]] = {
    "default": {},
    "named": {"vpc_names": [PUBLIC_VPC]},
    "private": {
        "vpc_names": [PRIVATE_VPC],
        "use_internal_ips": True,
        "ssh_proxy_command": "ssh -W %h:%p jump@bastion.example.com",
    },
}
_ids = itertools.count(310000000000)

Variables = dict[str, t.Any]
Check = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Account:
    """An account with the user alice, whose key the playbook delivered into ``key_file``."""

    id: str
    aws: Emulator
    sky: SkyPilot
    key_file: pathlib.Path

    def laptop(self, network: str = "default", **config: t.Any) -> Machine:
        """alice's machine; ``network`` one of NETWORKS, ``config`` the part ``aws`` of SkyPilot's configuration."""
        self._make(network)
        profile = f"{self.id}-{USER}"
        settings = {"aws": {**NETWORKS[network], **config}}
        return self.sky.machine(credentials=self.key_file, profile=profile, config=settings)

    @functools.cache  # noqa: B019 - accounts live as long as the tests
    def _make(self, network: str) -> None:
        """Make the VPC when it is first wanted."""
        if network == "named":
            make_public_vpc(self.client("ec2"), PUBLIC_VPC)
        if network == "private":
            make_private_vpc(self.client("ec2"), PRIVATE_VPC)

    @contextlib.contextmanager
    def instance(self, profile: str = "skypilot-v1", **config: t.Any) -> t.Iterator[Machine]:
        """An instance with an instance profile, whose credentials the metadata service gives."""
        credentials = self.aws.instance_credentials(self.id, profile)
        with metadata_service(profile, credentials) as url:
            yield self.sky.machine(metadata=url, config={"aws": config})

    def client(self, service: str, region: str = "us-east-1") -> t.Any:
        """A client with all rights."""
        return self.aws.client(service, self.id, region)

    def checks(self) -> list[Check]:
        """The decisions on what SkyPilot asked for; what the playbook and the tests did is not among them."""
        return [check for check in self.aws.checks(self.id) if ACCESS_ROLE not in check["principal"]]

    def refused(self) -> set[tuple[str, str]]:
        """Action and resource of what was refused."""
        return {(check["action"], check["resource"]) for check in self.checks() if not check["allowed"]}


def onboard(aws: Emulator, sky: SkyPilot, folder: pathlib.Path, wanted: dict[str, Variables]) -> dict[str, Account]:
    """Bring the accounts to ready with one run of the playbook: ``wanted`` are the variables of each by its name.

    Every one has a user with a delivered key and a default VPC with internet. SkyPilot knows their zones, save for the
    account "new".
    """
    keys = folder / "keys"
    ids = {name: str(next(_ids)) for name in wanted}
    for account in ids.values():
        aws.account(account)
        aws.internet(account)
    hosts = {
        name: {
            "sky_account_id": ids[name],
            "sky_users_present": [{"name": USER, "access_key_delivery": {"file": str(keys)}}],
            **variables,
        }
        for name, variables in wanted.items()
    }
    run = Runner(aws.url, folder).onboard(hosts)
    if run.rc:
        raise RuntimeError(run.stdout)
    accounts = {name: Account(account, aws, sky, keys) for name, account in ids.items()}
    found = next(iter(accounts.values())).client("ec2").describe_availability_zones()["AvailabilityZones"]
    zones = [(zone["ZoneName"], zone["ZoneId"]) for zone in found]
    for name, account in accounts.items():
        if name != "new":
            sky.tell_zones(account.client("iam").get_user(UserName=USER)["User"]["UserId"], zones)
    return accounts


def make_public_vpc(ec2: t.Any, name: str) -> None:
    """A VPC with one subnet, whose main route leads to the internet."""
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": name}]}]
    vpc = ec2.create_vpc(CidrBlock="10.30.0.0/16", TagSpecifications=tags)["Vpc"]["VpcId"]
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.30.0.0/24", AvailabilityZone="us-east-1a")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
