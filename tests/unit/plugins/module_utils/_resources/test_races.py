# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs on one account: the slower one looks again, and both end in the declared state."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import functools
import time
import typing as t

import pytest

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._resources.policy import RESOURCE as policy
from ansible_collections.sky.aws.plugins.module_utils._resources.role import RESOURCE as role
from ansible_collections.sky.aws.plugins.module_utils._resources.security_group import RESOURCE as security_group
from ansible_collections.sky.aws.plugins.module_utils._resources.user import RESOURCE as user
from ansible_collections.sky.aws.plugins.module_utils._run import Resource, run
from ansible_collections.sky.aws.tests.unit.sandbox import params

CASES = [(policy, {}), (role, {"service_linked_roles": ["spot.amazonaws.com"]}), (user, {"name": "alice"})]


def overtaken(resource: Resource, other_run: t.Callable[[], object]) -> Resource:
    """The resource as a slower run has it: another run does all its work between the first look and the writes."""
    others = iter([other_run])

    def read(account, asked):
        found = resource.read(account, asked)
        for other in others:
            other()
        return found

    return dataclasses.replace(resource, read=read)


@pytest.mark.parametrize(("resource", "given"), CASES, ids=["policy", "role", "user"])
def test_the_slower_run_ends_in_the_declared_state_and_made_nothing(sandbox, resource, given):
    wanted = params(resource, **sandbox.reach, **given)
    faster = functools.partial(run, resource, wanted, check_mode=False, warn=print)
    result = run(overtaken(resource, faster), wanted, check_mode=False, warn=print)
    assert result["steps"] == []
    assert result["changed"] is False
    assert run(resource, wanted, check_mode=True, warn=print)["steps"] == []


@pytest.mark.parametrize("half_made", [False, True])
def test_security_groups_of_two_runs(sandbox, half_made):
    """The faster run made the group, or made it and was killed before its rules."""
    ec2 = sandbox.emulator.client("ec2", sandbox.account_id)
    networks = [{"region": "us-east-1", "vpc_id": ec2.describe_vpcs()["Vpcs"][0]["VpcId"]}]
    wanted = params(security_group, **sandbox.reach, name="skypilot", networks=networks)

    def faster():
        run(security_group, wanted, check_mode=False, warn=print)
        if half_made:
            [group] = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["skypilot"]}])[
                "SecurityGroups"
            ]
            ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])

    result = run(overtaken(security_group, faster), wanted, check_mode=False, warn=print)
    assert [step["api"] for step in result["steps"]] == ["ec2:AuthorizeSecurityGroupIngress"] * half_made
    assert run(security_group, wanted, check_mode=True, warn=print)["steps"] == []


def test_a_name_that_stays_taken_is_an_error_in_the_end(sandbox, monkeypatch):
    """A policy of the name under another path, for one: it is never found, and always in the way."""
    naps: list[float] = []
    monkeypatch.setattr(time, "sleep", naps.append)
    looks = {"times": 9, "status": 409, "account": sandbox.account_id}
    sandbox.emulator.fault("iam:CreatePolicy", "EntityAlreadyExists", **looks)
    with pytest.raises(SkyError, match="EntityAlreadyExists") as caught:
        run(policy, params(policy, **sandbox.reach), check_mode=False, warn=print)
    sandbox.emulator.clear_faults()
    assert caught.value.steps == []
    assert len(sandbox.writes()) == 5
    assert naps == [2, 4, 8]


def test_two_runs_at_once(sandbox):
    """Whatever the order of their calls, both succeed, and between them they made each thing once."""
    jobs = [(policy, {}), (role, {"policies": ["minimal-skypilot-policy"]}), (user, {"name": "alice"})]
    for resource, given in jobs:
        wanted = params(resource, **sandbox.reach, **given)
        with concurrent.futures.ThreadPoolExecutor(2) as threads:
            both = [threads.submit(run, resource, wanted, check_mode=False, warn=print) for _run in range(2)]
            results = [future.result() for future in both]
        made = [step["api"] for result in results for step in result["steps"]]
        creations = [api for api in made if ":Create" in api]
        assert len(creations) == len(set(creations))
        assert run(resource, wanted, check_mode=True, warn=print)["steps"] == []
