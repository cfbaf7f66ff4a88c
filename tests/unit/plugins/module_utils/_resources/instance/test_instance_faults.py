# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The instance resource when EC2 refuses, is late, or answers with an instance that is no more."""

from __future__ import annotations

import botocore.waiter
import pytest

from ansible_collections.sky.aws.plugins.module_utils._account import Account
from ansible_collections.sky.aws.plugins.module_utils._errors import AWSError, SkyError
from ansible_collections.sky.aws.plugins.module_utils._resources.instance import RESOURCE as instance
from ansible_collections.sky.aws.plugins.module_utils._resources.instance import launch, work
from ansible_collections.sky.aws.plugins.module_utils._run import run
from ansible_collections.sky.aws.tests.unit.instance_scene import AMI, DESCRIBE, RUN, Lab, steps

UNSEEN = "Value (skypilot-v1) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"


@pytest.fixture
def lab(sandbox):
    return Lab(sandbox)


@pytest.fixture
def naps(monkeypatch):
    """The seconds that botocore's waiters would have slept."""
    slept = []
    monkeypatch.setattr(botocore.waiter.time, "sleep", slept.append)
    return slept


class TestFaults:
    def test_a_profile_that_ec2_does_not_see_yet_is_waited_for(self, lab, naps):
        lab.fault(RUN, "InvalidParameterValue", UNSEEN, times=3)
        result = lab.run()
        assert naps == [2, 3, 5]
        assert len(lab.sent("ClientToken")) == 4
        assert len(set(lab.sent("ClientToken"))) == 1
        assert (steps(result), len(lab.instances())) == ([RUN], 1)

    def test_its_role_too(self, lab, naps):
        lab.fault(RUN, "InvalidParameterValue", 'IAM Instance Profile "arn:aws:x" has no associated IAM Roles')
        assert steps(lab.run()) == [RUN]
        assert naps == [2]

    def test_the_wait_is_told(self, lab, naps):
        lab.fault(RUN, "InvalidParameterValue", UNSEEN)
        told = []
        run(instance, lab.params(name="box", image_id=AMI), check_mode=False, warn=print, tell=told.append)
        assert told[0].startswith(
            "AWS refuses it for now, trying again in 2 s, for 60 s at most: ec2:RunInstances on box in"
        )
        assert told[1] == f"account {lab.account_id}: waiting for instance_running of box, 600 s at most"

    def test_the_wait_for_a_profile_ends(self, lab, naps):
        lab.fault(RUN, "InvalidParameterValue", UNSEEN, times=100)
        error = lab.fails()
        assert sum(naps) == 60
        assert "it was asked for 60 s" in error.message
        assert "make both (sky_role) or correct instance_profile" in error.message
        assert error.steps == []

    def test_what_else_comes_up_while_waiting_is_told(self, lab, naps):
        lab.fault(RUN, "InvalidParameterValue", UNSEEN)
        lab.fault(RUN, "UnauthorizedOperation")
        assert f"allow {RUN} for" in lab.fails().message
        assert naps == [2]

    def test_another_invalid_value_is_not_waited_for(self, lab, naps):
        lab.fault(RUN, "InvalidParameterValue", "Invalid value for something")
        assert isinstance(lab.fails().__cause__, AWSError)
        assert lab.calls().count(RUN) == 1

    @pytest.mark.parametrize(
        "code", ["InsufficientInstanceCapacity", "Unsupported", "InsufficientFreeAddressesInSubnet"]
    )
    def test_the_next_subnet_is_tried(self, lab, code):
        wanted = lab.subnets()[:2]
        lab.fault(RUN, code)
        result = lab.run(subnet_ids=wanted)
        assert result["instance"]["subnet_id"] == wanted[1]
        assert (steps(result), lab.writes()) == ([RUN], [RUN, RUN])
        assert len(set(lab.sent("ClientToken"))) == 2
        assert lab.run(subnet_ids=wanted)["changed"] is False

    def test_no_subnet_has_room(self, lab):
        wanted = lab.subnets()[:2]
        lab.fault(RUN, "InsufficientInstanceCapacity", "We currently do not have sufficient capacity.", times=2)
        error = lab.fails(subnet_ids=wanted)
        assert all(f"{subnet}: InsufficientInstanceCapacity, We currently" in error.message for subnet in wanted)
        assert "To mend it: try another instance_type" in error.message
        assert (error.steps, lab.instances()) == ([], [])

    def test_a_spent_token_is_followed_by_the_next(self, lab):
        lab.fault(RUN, "IdempotentInstanceTerminated", times=2)
        result = lab.run()
        tokens = lab.sent("ClientToken")
        assert len(set(tokens)) == 3
        assert result["instance"]["client_token"] == tokens[2]
        assert steps(result) == [RUN]

    def test_spent_tokens_come_to_an_end(self, lab):
        lab.fault(RUN, "IdempotentInstanceTerminated", times=100)
        assert "5 ClientTokens in a row" in lab.fails().message
        assert lab.calls().count(RUN) == 5

    def test_an_answer_with_a_dead_instance_is_a_step_and_the_next_token_follows(self, lab, monkeypatch):
        call, answers = Account.call, iter(["terminated", "shutting-down"])

        def dead_first(account, api, target="", **arguments):
            state = next(answers, None) if api == RUN else None
            if state:
                return {"Instances": [{"InstanceId": "i-dead", "State": {"Name": state}}]}
            return call(account, api, target, **arguments)

        monkeypatch.setattr(Account, "call", dead_first)
        result = lab.run(state="stopped")
        assert steps(result) == [RUN, RUN, RUN, "ec2:StopInstances"]
        assert (len(lab.instances()), result["instance"]["state"]) == (1, "stopped")

    def test_a_repeated_attempt_sends_the_same_token(self, lab):
        lab.fault(RUN, "InternalError", times=1)
        lab.fault(RUN, "UnauthorizedOperation", times=2)
        lab.fails()
        first = set(lab.sent("ClientToken"))
        lab.fails()
        second = set(lab.sent("ClientToken"))
        assert first == second
        assert len(first) == 1

    def test_a_stop_that_fails_tells_what_was_done(self, lab):
        lab.fault("ec2:StopInstances", "UnauthorizedOperation")
        error = lab.fails(state="stopped")
        assert error.steps == [{"api": RUN, "target": "box"}]
        assert f"Done before: {RUN} box. Not done: ec2:StopInstances box." in error.message
        assert steps(lab.run(state="stopped")) == ["ec2:StopInstances"]

    def test_a_denied_look_at_the_end_keeps_the_steps(self, lab, monkeypatch):
        original = launch.await_state

        def then_deny(*arguments):
            original(*arguments)
            lab.fault(DESCRIBE, "UnauthorizedOperation")

        monkeypatch.setattr(work, "await_state", then_deny)
        error = lab.fails()
        assert error.steps == [{"api": RUN, "target": "box"}]
        assert f"allow {DESCRIBE} for" in error.message


class TestAwaitState:
    def account(self, lab):
        return Account(lab.params(), lab.sandbox.cache)

    def test_one_that_stays_is_told_with_its_state(self, lab, naps):
        made = lab.run(state="stopped")["instance"]["instance_id"]
        with pytest.raises(
            SkyError, match=r"instance box \(i-.*\) in account .* is stopped, not running, .* 12 s.*wait_timeout"
        ):
            launch.await_state(self.account(lab), "box", made, "running", 12)
        assert naps == [5, 5]

    def test_one_that_dies_is_told_with_ec2s_reason(self, lab, naps):
        made = lab.run()["instance"]["instance_id"]
        lab.ec2.terminate_instances(InstanceIds=[made])
        with pytest.raises(SkyError, match=r"is terminated, not running, .*\. To mend it: correct what EC2 says"):
            launch.await_state(self.account(lab), "box", made, "running", 600)
        assert naps == []

    def test_a_look_that_fails_is_told_as_such(self, lab, naps):
        made = lab.run()["instance"]["instance_id"]
        account = self.account(lab)
        lab.fault(DESCRIBE, "UnauthorizedOperation")
        with pytest.raises(AWSError, match=r"ec2:DescribeInstances on box in account .*UnauthorizedOperation"):
            launch.await_state(account, "box", made, "running", 600)

    def test_a_new_instance_that_ec2_does_not_describe_yet(self, lab, naps):
        made = lab.run()["instance"]["instance_id"]
        account = self.account(lab)
        lab.fault(DESCRIBE, "InvalidInstanceID.NotFound", times=2)
        launch.await_state(account, "box", made, "running", 600)
        assert naps == [5, 5]
