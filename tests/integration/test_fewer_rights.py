# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""onboard.yml with what takes rights away from users: a security group and a service-linked role made beforehand."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sky.aws.tests.emulator.server import Emulator
from ansible_collections.sky.aws.tests.integration.runs import Runner

REGIONS = ["us-east-1", "us-west-2"]
SPOT = "spot.amazonaws.com"
OPTIONS: dict[str, t.Any] = {
    "sky_network_regions": REGIONS,
    "sky_network_security_group": "skypilot",
    "sky_network_ssh_sources": ["203.0.113.0/24", "2001:db8::/32"],
    "sky_instance_role_service_linked_roles": [SPOT],
    "sky_account_tags": {"team": "ml"},
}


@pytest.fixture
def ready(aws: Emulator, account: str) -> str:
    """The account, with internet in the second region, too."""
    aws.internet(account, REGIONS[1])
    aws.clear_log()
    return account


def host(account: str, **variables: t.Any) -> dict[str, dict[str, t.Any]]:
    return {"ml": {"sky_account_id": account, **OPTIONS, **variables}}


def groups(aws: Emulator, account: str) -> list[tuple[str, str, dict[str, t.Any]]]:
    """Region, VPC and description of each group of the name."""
    named = [{"Name": "group-name", "Values": ["skypilot"]}]
    return [
        (region, group["VpcId"], group)
        for region in REGIONS
        for group in aws.client("ec2", account, region).describe_security_groups(Filters=named)["SecurityGroups"]
    ]


def test_the_plan_is_what_happens_and_the_second_run_writes_nothing(aws: Emulator, runner: Runner, ready: str) -> None:
    planned = runner.onboard(host(ready), "--check", "--diff")
    assert planned.rc == 0, planned.stdout
    assert aws.writes() == []

    real = runner.onboard(host(ready))
    assert real.rc == 0, real.stdout
    assert planned.steps("ml") == real.steps("ml")
    assert [api for api, target in real.steps("ml")] == [call["api"] for call in aws.writes(ready)]
    made = groups(aws, ready)
    assert [region for region, vpc_id, group in made] == REGIONS
    expected = [
        (f"ec2:{call}", f"{region}/{vpc_id}/skypilot")
        for region, vpc_id, group in made
        for call in ("CreateSecurityGroup", "AuthorizeSecurityGroupIngress")
    ]
    assert real.steps("ml")[:4] == expected
    assert real.steps("ml")[-1] == ("iam:CreateServiceLinkedRole", SPOT)
    for _region, _vpc_id, group in made:
        tags = {tag["Key"]: tag["Value"] for tag in group["Tags"]}
        assert tags == {"sky.aws/managed-by": "sky.aws", "team": "ml"}

    aws.clear_log()
    again = runner.onboard(host(ready))
    assert again.rc == 0
    assert (again.changed("ml"), aws.writes()) == (0, [])
    calls = [call["api"] for call in aws.calls(ready)]
    assert calls.count("ec2:DescribeSecurityGroups") == len(REGIONS)
    assert calls.count("iam:ListRoles") == 1
    results = [run.of("ml", "sky_security_group")[0] for run in (planned, real, again)]
    assert len({tuple(sorted(set(result) - {"invocation"})) for result in results}) == 1
    assert results[1]["security_groups"] == results[2]["security_groups"]


def test_drift_in_one_region_is_mended_there(aws: Emulator, runner: Runner, ready: str) -> None:
    assert runner.onboard(host(ready), "--tags", "sky_network").rc == 0
    region, vpc_id, group = groups(aws, ready)[1]
    ec2 = aws.client("ec2", ready, region)
    ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
    aws.clear_log()
    planned = runner.onboard(host(ready), "--check", "--tags", "sky_network")
    real = runner.onboard(host(ready), "--tags", "sky_network")
    assert (
        planned.steps("ml")
        == real.steps("ml")
        == [("ec2:AuthorizeSecurityGroupIngress", f"{region}/{vpc_id}/skypilot")]
    )
    assert [(call["api"], call["region"]) for call in aws.writes()] == [("ec2:AuthorizeSecurityGroupIngress", region)]


def test_a_region_that_skypilot_cannot_use_gets_no_group(aws: Emulator, runner: Runner, account: str) -> None:
    """The second region's default VPC has no way to the internet."""
    run = runner.onboard(host(account, sky_network_on_unusable="report"), "--tags", "sky_network")
    assert run.rc == 0, run.stdout
    assert [region for region, vpc_id, group in groups(aws, account)] == REGIONS[:1]
    assert [target for api, target in run.steps("ml")] == ["skypilot"] * 2
    # It is told each time, also where nothing changes.
    again = runner.onboard(host(account, sky_network_on_unusable="report"), "--tags", "sky_network")
    assert again.changed("ml") == 0
    assert f"ml: network unusable: {REGIONS[1]}: " in " ".join(again.stdout.split())


def test_every_vpc_that_skypilot_may_go_on_to_has_the_group(aws: Emulator, runner: Runner, account: str) -> None:
    """Two names of VPCs, of which SkyPilot takes the first while it has capacity."""
    ec2 = aws.client("ec2", account)
    [vpc] = ec2.describe_vpcs()["Vpcs"]
    ec2.create_tags(Resources=[vpc["VpcId"]], Tags=[{"Key": "Name", "Value": "first"}])
    second = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    ec2.create_tags(Resources=[second], Tags=[{"Key": "Name", "Value": "second"}])
    ec2.create_subnet(VpcId=second, CidrBlock="10.9.1.0/24")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=second)
    [table] = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [second]}])["RouteTables"]
    ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    names = {"sky_network_regions": REGIONS[:1], "sky_network_vpc_names": ["first", "second", "gone"]}
    run = runner.onboard(host(account, **names), "--tags", "sky_network")
    assert run.rc == 0, run.stdout
    assert {vpc_id for region, vpc_id, group in groups(aws, account)} == {vpc["VpcId"], second}


def test_bad_values_are_refused_before_the_first_call(aws: Emulator, runner: Runner, account: str) -> None:
    bad = {
        "sky_network_security_group": "sg-1",
        "sky_network_ssh_sources": ["10.0.0.1"],
        "sky_network_security_group_existing": "keep",
        "sky_instance_role_service_linked_roles": ["spot"],
    }
    run = runner.onboard(host(account, **bad))
    assert run.rc == 2
    lines = run.message("ml").splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "sky_network_security_group",
        "sky_network_ssh_sources[0]",
        "sky_instance_role_service_linked_roles[0]",
    ]
    assert aws.calls() == []


def test_the_roles_alone(aws: Emulator, runner: Runner, account: str) -> None:
    alone = {"hosts": "all", "connection": "local", "gather_facts": False}
    play = [{**alone, "roles": ["sky.aws.sky_network", "sky.aws.sky_instance_role"]}]
    variables = {"sky_network_regions": REGIONS[:1], "sky_instance_role_policies": []}
    real = runner.play(play, host(account, **variables))
    assert real.rc == 0, real.stdout
    assert len(real.steps("ml")) == 6
    assert runner.play(play, host(account, **variables)).changed("ml") == 0
