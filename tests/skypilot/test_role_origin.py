# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who makes the role skypilot-v1: SkyPilot with the page's rights, with the one that the page lacks, the playbook."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.sky.aws.tests.skypilot.accounts import USER, Account, Check
from ansible_collections.sky.aws.tests.skypilot.recorded import load, requests
from ansible_collections.sky.aws.tests.skypilot.skypilot import Machine, Running
from ansible_collections.sky.aws.tests.skypilot.uses import CORE, LAUNCH, MAKING_THE_ROLE, UNMANAGED, UP_AND_DOWN

ACCOUNTS = {
    "page": {"sky_policy_features": [*CORE, "create_role"], **UNMANAGED},
    "inline": MAKING_THE_ROLE.account(),
    "bounded": {"sky_policy_features": [*CORE, "create_role_bounded"], **UNMANAGED},
    "ours": {"sky_policy_features": [*CORE, "create_role", "create_role_inline"]},
}
ROLE = "skypilot-v1"
INLINE = "SkyPilotPassRolePolicy"


@dataclasses.dataclass
class Launches:
    """The first launch of an account, under way, and the machine that makes it."""

    account: Account
    laptop: Machine
    first: Running


@pytest.fixture(scope="module")
def launches(accounts: dict[str, Account]) -> dict[str, Launches]:
    """SkyPilot waits 15 seconds for the profile and 15 for the role: all at the same time."""
    started = {}
    for name in ("page", "inline", "bounded"):
        laptop = accounts[name].laptop()
        started[name] = Launches(accounts[name], laptop, laptop.begin("render", *LAUNCH))
    return started


def iam_actions(checks: list[Check]) -> list[str]:
    return [check["action"] for check in checks if check["action"].startswith("iam:")]


def inline_policies(account: Account) -> list[str]:
    return list(account.client("iam").list_role_policies(RoleName=ROLE)["PolicyNames"])


def test_the_role_of_the_playbook_is_left_alone(accounts: dict[str, Account]) -> None:
    """Even by users who could change it: one look at the profile for each launch, no more."""
    account = accounts["ours"]
    for _ in range(2):
        before = len(account.checks())
        report = account.laptop().run(*UP_AND_DOWN)
        assert report.ok, report
        assert iam_actions(account.checks()[before:]) == ["iam:GetInstanceProfile", "iam:PassRole"]
    assert inline_policies(account) == []
    attached = account.client("iam").list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == ["minimal-skypilot-policy"]


@pytest.mark.parametrize("name", ["page", "bounded"])
def test_without_put_role_policy_the_second_launch_works_with_half_a_role(
    launches: dict[str, Launches], name: str
) -> None:
    account, laptop = launches[name].account, launches[name].laptop
    report = launches[name].first.report
    assert report.failed == "bootstrap", report
    assert "AccessDenied" in report.error
    assert account.refused() == {("iam:PutRolePolicy", f"arn:aws:iam::{account.id}:role/{ROLE}")}

    before = len(account.checks())
    second = laptop.run(*UP_AND_DOWN)
    assert second.ok, second
    assert iam_actions(account.checks()[before:]) == [
        "iam:GetInstanceProfile",
        "iam:GetRole",
        "iam:AddRoleToInstanceProfile",
        "iam:PassRole",
        "iam:GetInstanceProfile",
        "iam:PassRole",
    ]
    third = laptop.run(*UP_AND_DOWN)
    assert third.ok, third
    assert inline_policies(account) == []


def test_a_controller_dies_on_half_a_role(launches: dict[str, Launches]) -> None:
    """Its role may not even look at its own instance profile, and SkyPilot ends by SystemExit."""
    account = launches["page"].account
    assert launches["page"].first.report.failed == "bootstrap"
    assert launches["page"].laptop.run("render", "bootstrap").ok
    with account.instance() as controller:
        report = controller.run("render", *LAUNCH)
    assert report.failed == "bootstrap", report
    assert report.error.startswith("SystemExit")
    assert ("iam:GetInstanceProfile", f"arn:aws:iam::{account.id}:instance-profile/{ROLE}") in account.refused()


def test_with_put_role_policy_all_is_well(launches: dict[str, Launches]) -> None:
    account = launches["inline"].account
    report = launches["inline"].first.report
    assert report.ok, report
    assert account.refused() == set()
    assert requests(account.checks()) == load()[str(MAKING_THE_ROLE)]
    assert inline_policies(account) == [INLINE]
    made = [action for action in iam_actions(account.checks()) if not action.startswith("iam:Get")]
    assert made == [
        "iam:CreateInstanceProfile",
        "iam:CreateRole",
        "iam:AttachRolePolicy",
        "iam:AttachRolePolicy",
        "iam:PutRolePolicy",
        "iam:AddRoleToInstanceProfile",
        "iam:PassRole",
        "iam:PassRole",
    ]
    with account.instance() as controller:
        launched = controller.run(*UP_AND_DOWN)
    assert launched.ok, launched


def test_a_controller_launches_with_the_role_of_the_playbook(accounts: dict[str, Account]) -> None:
    """The page's way: the role has the policy of the users. Nothing asks for the user's key."""
    account = accounts["ours"]
    before = len(account.checks())
    with account.instance() as controller:
        report = controller.run("check_compute", *UP_AND_DOWN)
    assert report.ok, report
    asked = account.checks()[before:]
    assert all(check["allowed"] for check in asked)
    assert not [check for check in asked if check["principal"].endswith(f":user/{USER}")]
