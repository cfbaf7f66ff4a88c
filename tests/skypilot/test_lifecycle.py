# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""With a feature SkyPilot does what the feature is for, with the least policy that has it, and AWS refuses nothing.

Every kind of network, the role made by the playbook or by SkyPilot, each feature; make test has every pair of the three,
make matrix all of them. What SkyPilot asks for is at the same
time held against recorded_requests.json.
"""

from __future__ import annotations

import pytest

from ansible_collections.sky.aws.tests.skypilot.accounts import Account
from ansible_collections.sky.aws.tests.skypilot.recorded import load, requests
from ansible_collections.sky.aws.tests.skypilot.skypilot import Running
from ansible_collections.sky.aws.tests.skypilot.uses import CORE, USES, Use, cases

#: One account with everything, where SkyPilot makes the role: that takes it 30 seconds of waiting.
SKYPILOTS_USES = tuple(use for use in USES if use.feature != "base_named_group")
SKYPILOTS = {
    "sky_policy_features": [
        *(*CORE, "create_role", "create_role_inline"),
        *(use.feature for use in SKYPILOTS_USES if use.feature not in CORE),
    ],
    "sky_policy_custom_identities": ["research"],
    "sky_instance_role_state": "unmanaged",
}
ACCOUNTS = {
    "new": {},
    **{str(use): use.account() for use in USES},
    "skypilots": SKYPILOTS,
}
RECORDED = load()


@pytest.fixture(scope="module")
def first_launch(accounts: dict[str, Account]) -> Running:
    """The launch at which SkyPilot makes the role, under way."""
    return accounts["skypilots"].laptop().begin("render", "bootstrap")


@pytest.fixture(scope="module", autouse=True)
def _begin_early(first_launch: Running) -> None:
    """It waits for 30 seconds, while others can run."""


def test_a_new_users_check(accounts: dict[str, Account]) -> None:
    """``sky check aws`` asks for regions and for the zones of each; without S3's feature the storage half says no."""
    account = accounts["new"]
    report = account.laptop().run("check_compute", "check_storage")
    assert report.failed == "check_storage", report
    assert "Failed to list buckets" in report.error
    assert account.refused() == {("s3:ListAllMyBuckets", "*")}
    assert len([check for check in account.checks() if check["action"] == "ec2:DescribeAvailabilityZones"]) > 20


@pytest.mark.parametrize(("use", "network"), cases(USES))
def test_with_the_role_of_the_playbook(accounts: dict[str, Account], use: Use, network: str) -> None:
    account = accounts[str(use)]
    before = len(account.checks())
    (report,) = use.play(account, network)
    assert report.ok, report
    assert account.refused() == set()
    assert requests(account.checks()[before:]) == RECORDED[str(use)]


@pytest.mark.parametrize(("use", "network"), cases(SKYPILOTS_USES, less=True))
def test_with_the_role_that_skypilot_made(
    accounts: dict[str, Account], first_launch: Running, use: Use, network: str
) -> None:
    assert first_launch.report.ok, first_launch.report
    account = accounts["skypilots"]
    (report,) = use.play(account, network)
    assert report.ok, report
    assert account.refused() == set()
