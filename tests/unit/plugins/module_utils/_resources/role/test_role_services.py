# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Service-linked roles: asked for, made once, shown, never deleted; without them nothing is called."""

from __future__ import annotations

import time

import pytest

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._resources.role import RESOURCE as role
from ansible_collections.sky.aws.tests.unit.sandbox import params

SPOT = "spot.amazonaws.com"
FLEET = "spotfleet.amazonaws.com"
TAKEN = "Service role name AWSServiceRoleForEC2Spot has been taken in this account, please try a different suffix."


def calls(sandbox, api):
    return [call for call in sandbox.emulator.calls(sandbox.account_id) if call["api"] == f"iam:{api}"]


class TestMade:
    def test_after_the_role(self, sandbox):
        done = sandbox.converge(role, service_linked_roles=[SPOT, FLEET])
        assert done["steps"][-2:] == [
            {"api": "iam:CreateServiceLinkedRole", "target": SPOT},
            {"api": "iam:CreateServiceLinkedRole", "target": FLEET},
        ]
        made = done["service_linked_roles"]
        assert [item["service_name"] for item in made] == [SPOT, FLEET]
        assert all(f":role/aws-service-role/{item['service_name']}/" in item["arn"] for item in made)
        assert done["diff"]["after"]["service_linked_roles"] == [SPOT, FLEET]

    def test_only_what_is_missing(self, sandbox):
        sandbox.run(role, service_linked_roles=[FLEET])
        done = sandbox.converge(role, service_linked_roles=[SPOT, FLEET])
        assert done["steps"] == [{"api": "iam:CreateServiceLinkedRole", "target": SPOT}]
        assert done["diff"]["before"]["service_linked_roles"] == [FLEET]

    def test_beside_a_role_that_is_kept(self, sandbox):
        trust = '{"Version": "2012-10-17", "Statement": []}'
        sandbox.iam.create_role(RoleName="skypilot-v1", AssumeRolePolicyDocument=trust)
        sandbox.iam.create_instance_profile(InstanceProfileName="skypilot-v1")
        sandbox.iam.add_role_to_instance_profile(InstanceProfileName="skypilot-v1", RoleName="skypilot-v1")
        done = sandbox.converge(role, service_linked_roles=[SPOT])
        assert sandbox.apis(done) == ["CreateServiceLinkedRole"]


def test_facts_are_then_those_that_are_read(sandbox):
    done = sandbox.run(role, service_linked_roles=[SPOT, FLEET])
    again = sandbox.run(role, service_linked_roles=[SPOT, FLEET])
    assert done["service_linked_roles"] == again["service_linked_roles"]


def test_in_a_check_the_names_that_iam_chooses_are_not_known(sandbox):
    checked = sandbox.run(role, check_mode=True, service_linked_roles=[SPOT])
    assert checked["service_linked_roles"] == [{"service_name": SPOT, "role_name": None, "arn": None}]


def test_one_call_for_each_and_none_where_nobody_asks(sandbox):
    sandbox.run(role, service_linked_roles=[SPOT, FLEET])
    sandbox.emulator.clear_log()
    assert sandbox.run(role)["service_linked_roles"] == []
    assert calls(sandbox, "ListRoles") == []
    assert len(sandbox.emulator.calls(sandbox.account_id)) == 4
    sandbox.run(role, service_linked_roles=[SPOT, FLEET])
    assert [call["params"]["PathPrefix"] for call in calls(sandbox, "ListRoles")] == [
        f"/aws-service-role/{SPOT}/",
        f"/aws-service-role/{FLEET}/",
    ]


def test_never_deleted(sandbox):
    sandbox.run(role, service_linked_roles=[SPOT])
    sandbox.emulator.clear_log()
    done = sandbox.converge(role, state="absent", service_linked_roles=[SPOT])
    assert done["service_linked_roles"] == []
    assert calls(sandbox, "ListRoles") == []
    assert sandbox.iam.list_roles(PathPrefix=f"/aws-service-role/{SPOT}/")["Roles"] != []


class TestRaces:
    def test_made_by_another_run_meanwhile(self, sandbox):
        """Between look and call; IAM says so with a code that means many things, so its text decides."""
        sandbox.emulator.fault("iam:CreateServiceLinkedRole", "InvalidInput", TAKEN, account=sandbox.account_id)
        sandbox.run(role)
        done = sandbox.run(role, service_linked_roles=[SPOT])
        assert sandbox.apis(done) == ["CreateServiceLinkedRole"]
        assert len(calls(sandbox, "ListRoles")) == 2

    def test_a_name_that_stays_taken_is_an_error_in_the_end(self, sandbox, monkeypatch):
        monkeypatch.setattr(time, "sleep", lambda _: None)
        fault = {"times": 9, "account": sandbox.account_id}
        sandbox.emulator.fault("iam:CreateServiceLinkedRole", "InvalidInput", TAKEN, **fault)
        with pytest.raises(SkyError, match=f"iam:CreateServiceLinkedRole on {SPOT} .* has been taken"):
            sandbox.run(role, service_linked_roles=[SPOT])
        assert len(calls(sandbox, "CreateServiceLinkedRole")) == 5

    def test_another_invalid_input_is_an_error_at_once(self, sandbox):
        sandbox.emulator.fault(
            "iam:CreateServiceLinkedRole", "InvalidInput", "no such service", account=sandbox.account_id
        )
        with pytest.raises(SkyError, match="no such service") as caught:
            sandbox.run(role, service_linked_roles=[SPOT])
        assert len(calls(sandbox, "CreateServiceLinkedRole")) == 1
        assert [step["api"] for step in caught.value.steps][-1] == "iam:AddRoleToInstanceProfile"


@pytest.mark.parametrize("name", [SPOT, "ops.apigateway.amazonaws.com", "spot.amazonaws.com.cn"])
def test_services(name):
    assert role.validate(params(role, service_linked_roles=[name])) == []


@pytest.mark.parametrize(
    "name", ["spot", "", "AWSServiceRoleForEC2Spot", "amazonaws.com", f"{'a' * 120}.amazonaws.com", "*"]
)
def test_what_is_no_service(name):
    [fault] = role.validate(params(role, service_linked_roles=[name]))
    assert fault.startswith(f"service_linked_roles[0]: {name[:40]!r} is not a service; give its principal")


def test_twice():
    [fault] = role.validate(params(role, service_linked_roles=[SPOT, FLEET, SPOT]))
    assert fault == f"service_linked_roles: {SPOT!r} is there twice; name it once"
