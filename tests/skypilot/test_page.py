# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy of SkyPilot's documentation, verbatim (features: [base]): where SkyPilot gets with it.

It makes no first launch. Where its security groups are there already it launches, and does without what is refused or
fails later. What is missing are features of ours; that they suffice is in test_lifecycle.py.
"""

from __future__ import annotations

import itertools
import typing as t

import pytest

from ansible_collections.sky.aws.tests.skypilot.accounts import NETWORKS, Account
from ansible_collections.sky.aws.tests.skypilot.recorded import load
from ansible_collections.sky.aws.tests.skypilot.skypilot import Machine, Report, Step, step
from ansible_collections.sky.aws.tests.skypilot.uses import DOWN, LAUNCH, MAKING_THE_ROLE, UP_AND_DOWN, make_identity

PAGE = {"sky_policy_features": ["base"]}
#: What the page lacks for a first launch, as upstream's pull request 9863 words it.
TAG_GROUPS = {
    "Effect": "Allow",
    "Action": "ec2:CreateTags",
    "Resource": "arn:aws:ec2:*:*:security-group/*",
    "Condition": {"StringEquals": {"ec2:CreateAction": "CreateSecurityGroup"}},
}
ACCOUNTS = {
    "page": PAGE,
    "with groups": PAGE,
    "mended": {**PAGE, "sky_policy_extra_statements": [TAG_GROUPS]},
    "without role": {**PAGE, "sky_instance_role_state": "unmanaged"},
}
WEB = step("render", name="web", ports=["8080"])


@pytest.fixture(scope="module")
def page(accounts: dict[str, Account]) -> Account:
    """An account with the groups that SkyPilot would make: its default one, and that of a cluster with ports."""
    account = accounts["with groups"]
    default = account.laptop().run("default_group").result("default_group")
    for name in (default, "sky-sg-web"):
        make_group(account, name)
    make_identity(account)
    return account


def make_group(account: Account, name: str) -> None:
    ec2 = account.client("ec2")
    tags = [{"ResourceType": "security-group", "Tags": [{"Key": "skypilot", "Value": "true"}]}]
    group = ec2.create_security_group(GroupName=name, Description="made before", TagSpecifications=tags)["GroupId"]
    inside = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}
    ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[inside, ssh])


def launch(account: Account, machine: Machine, *steps: str | Step) -> tuple[Report, list[str]]:
    """The report, and the actions that AWS refused, in order, each with the type of the first resource."""
    before = len(account.checks())
    report = machine.run(*steps)
    denied = [check for check in account.checks()[before:] if not check["allowed"]]
    firsts = [next(group) for _, group in itertools.groupby(denied, key=lambda check: check["action"])]
    return report, [f"{each['action']} {each['resource'].split(':')[-1].split('/')[0]}" for each in firsts]


@pytest.mark.parametrize("network", NETWORKS)
def test_the_first_launch_fails_at_the_tag_of_the_security_group(accounts: dict[str, Account], network: str) -> None:
    account = accounts["page"]
    report, denied = launch(account, account.laptop(network), "check_compute", "render", *LAUNCH)
    assert report.failed == "bootstrap", report
    assert report.error.startswith("NoClusterLaunchedError")
    assert denied == ["ec2:CreateTags security-group"]


@pytest.mark.parametrize("network", NETWORKS)
def test_with_upstreams_statement_only_the_tags_of_volumes_are_missing(
    accounts: dict[str, Account], network: str
) -> None:
    """Each launch costs a refused call and a warning."""
    account = accounts["mended"]
    laptop = account.laptop(network)
    report, denied = launch(account, laptop, "render", *LAUNCH, "stop", "bootstrap", "run", "wait", *DOWN)
    assert report.ok, report
    assert denied == ["ec2:CreateTags volume"]
    assert "Volumes will not be tagged" in report.log.read_text()


def test_a_group_made_beforehand_mends_it_too(page: Account) -> None:
    report, denied = launch(page, page.laptop(), *UP_AND_DOWN)
    assert report.ok, report
    assert denied == ["ec2:CreateTags volume"]


def test_tags_that_are_enforced_stop_the_launch(page: Account) -> None:
    report, denied = launch(page, page.laptop(enforce_tags=["volume"]), "render", *LAUNCH)
    assert report.failed == "run", report
    assert report.error.startswith("InvalidCloudCredentials: Volume tagging is required")
    assert denied == ["ec2:CreateTags volume"]


def test_a_cluster_with_ports_comes_up_and_does_not_go_down(page: Account) -> None:
    laptop = page.laptop()
    report, denied = launch(page, laptop, WEB, *LAUNCH, "open_ports", *DOWN)
    assert report.failed == "terminate", report
    assert "UnauthorizedOperation" in report.error
    assert denied == ["ec2:CreateTags volume", "ec2:ModifyInstanceAttribute instance"]
    report, _ = launch(page, laptop, WEB, "query")
    assert report.result("query") == ["UP"]


def test_the_group_of_a_cluster_with_ports_stays(page: Account) -> None:
    report, denied = launch(page, page.laptop(), WEB, "cleanup_ports")
    assert report.failed == "cleanup_ports", report
    assert denied == ["ec2:DeleteSecurityGroup security-group"]


@pytest.mark.parametrize(
    ("render", "steps", "failed", "denied"),
    [
        pytest.param(
            {"instance_type": "p4d.24xlarge", "network_tier": "best"},
            LAUNCH,
            "bootstrap",
            "ec2:AuthorizeSecurityGroupEgress security-group",
            id="efa",
        ),
        pytest.param({"use_spot": True}, LAUNCH, "run", "iam:CreateServiceLinkedRole role", id="spot"),
        pytest.param({}, ("quota",), None, "servicequotas:GetServiceQuota ec2", id="quota"),
        pytest.param(
            {},
            (*LAUNCH, "stop", step("clone_disk", target_region="us-west-2")),
            "clone_disk",
            "ec2:CreateImage image",
            id="clone",
        ),
    ],
)
def test_what_else_is_missing(
    page: Account,
    request: pytest.FixtureRequest,
    render: dict[str, t.Any],
    steps: tuple[str | Step, ...],
    failed: str | None,
    denied: str,
) -> None:
    name = request.node.callspec.id
    report, all_denied = launch(page, page.laptop(), step("render", name=name, **render), *steps)
    assert report.failed == failed, report
    assert [each for each in all_denied if each != "ec2:CreateTags volume"] == [denied]


@pytest.mark.parametrize(
    ("config", "failed", "denied"),
    [
        pytest.param({"remote_identity": "research"}, "run", "iam:PassRole role", id="identity"),
        pytest.param({"use_ssm": True}, "ssm", "ssm:StartSession instance", id="ssm"),
    ],
)
def test_what_settings_make_missing(
    page: Account, request: pytest.FixtureRequest, config: dict[str, t.Any], failed: str, denied: str
) -> None:
    name = request.node.callspec.id
    report, all_denied = launch(page, page.laptop(**config), step("render", name=name), *LAUNCH, "ssm")
    assert report.failed == failed, report
    assert [each for each in all_denied if each != "ec2:CreateTags volume"] == [denied]


def test_there_is_no_storage(page: Account) -> None:
    report, denied = launch(page, page.laptop(), "check_storage")
    assert report.failed == "check_storage", report
    assert denied == ["s3:ListAllMyBuckets *"]


def test_users_cannot_make_the_role(accounts: dict[str, Account]) -> None:
    account = accounts["without role"]
    report, denied = launch(account, account.laptop(), "render", *LAUNCH)
    assert report.failed == "bootstrap", report
    assert denied == ["iam:CreateInstanceProfile instance-profile"]


def test_two_rights_of_the_page_are_never_used() -> None:
    """ec2:DeleteTags, and iam:GetRole where the role is in its profile."""
    asked = {use: {request["action"] for request in requests} for use, requests in load().items()}
    assert [use for use, actions in asked.items() if "ec2:DeleteTags" in actions] == []
    assert [use for use, actions in asked.items() if "iam:GetRole" in actions] == [str(MAKING_THE_ROLE)]
