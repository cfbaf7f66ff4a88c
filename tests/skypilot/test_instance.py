# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What SkyPilot does on an instance, with a role whose own policy has the least for it: AWS refuses nothing.

The credentials are the role's, from a metadata service: skylet and what else runs there has no others.
"""

from __future__ import annotations

import pytest

from ansible_collections.sky.aws.tests.skypilot.accounts import Account
from ansible_collections.sky.aws.tests.skypilot.recorded import load, requests
from ansible_collections.sky.aws.tests.skypilot.skypilot import step
from ansible_collections.sky.aws.tests.skypilot.uses import LAUNCH, NODE_USES, Use, cases

ACCOUNTS = {str(use): use.account() for use in NODE_USES}
RECORDED = load()


@pytest.mark.parametrize(("use", "network"), cases(NODE_USES))
def test_with_a_role_of_its_own(accounts: dict[str, Account], use: Use, network: str) -> None:
    account = accounts[str(use)]
    before = len(account.checks())
    reports = use.play(account, network)
    assert all(report.ok for report in reports), reports[-1]
    assert account.refused() == set()
    asked = [check for check in account.checks()[before:] if ":assumed-role/skypilot-v1/" in check["principal"]]
    assert requests(asked) == RECORDED[f"node: {use}"]


@pytest.mark.parametrize(("down", "state"), [(False, "stopped"), (True, "terminated")])
def test_autostop_ends_the_cluster_it_runs_on(accounts: dict[str, Account], down: bool, state: str) -> None:
    account = accounts["autostop"]
    laptop = account.laptop()
    report = laptop.run(step("render", name=state), *LAUNCH)
    assert report.ok, report
    with account.instance() as node:
        node.make_head_node(laptop)
        done = node.run(step("autostop", down=down))
    assert done.ok, done
    filters = [{"Name": "instance-id", "Values": report.result("run")["created"]}]
    (reservation,) = account.client("ec2").describe_instances(Filters=filters)["Reservations"]
    assert [instance["State"]["Name"] for instance in reservation["Instances"]] == [state]
