# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The instance resource against the emulated AWS: calls, waits, faults, and what EC2 really has afterwards."""

from __future__ import annotations

import itertools
import json

import botocore.waiter
import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.sky.aws.plugins.module_utils._account import Account
from ansible_collections.sky.aws.plugins.module_utils._errors import AWSError, SkyError
from ansible_collections.sky.aws.plugins.module_utils._plan import argument_spec, run
from ansible_collections.sky.aws.plugins.module_utils._resources import _instance_launch, instance
from ansible_collections.sky.aws.tests.emulator.server import Emulator

AMI = "ami-0a1b2c3d4e5f60718"
PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
RUN, DESCRIBE = "ec2:RunInstances", "ec2:DescribeInstances"
UNSEEN = "Value (skypilot-v1) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"
ACCOUNTS = itertools.count(211111111111)


@pytest.fixture(scope="module")
def emulator():
    with Emulator({"MOTO_IAM_LOAD_MANAGED_POLICIES": "false"}) as running:
        yield running


class Lab:
    """An account of its own for one test, with internet, the instance profile, and the module's run in it."""

    def __init__(self, emulator):
        self.aws = emulator
        self.account_id = str(next(ACCOUNTS))
        self.cache = {}
        emulator.internet(self.account_id)
        emulator.client("iam", self.account_id).create_instance_profile(InstanceProfileName="skypilot-v1")
        self.ec2 = emulator.client("ec2", self.account_id)
        emulator.clear_log()

    def params(self, **options):
        task = {
            "account_id": self.account_id,
            "assume_role": "OrganizationAccountAccessRole",
            "access_key": "AKIAIOSFODNN7EXAMPLE",
            "secret_key": "example",
            "region": "us-east-1",
            "endpoint_url": self.aws.url,
            "name": "box",
            **options,
        }
        validation = ArgumentSpecValidator(argument_spec(instance), **instance.SPEC_RULES).validate(task)
        assert not validation.error_messages
        return validation.validated_parameters

    def run(self, check=False, image_id=AMI, **options):
        """The result; the log holds the calls of this run only."""
        self.aws.clear_log()
        if "image_parameter" not in options:
            options["image_id"] = image_id
        return run(instance, self.params(**options), check_mode=check, warn=pytest.fail, cache=self.cache)

    def fails(self, **options):
        with pytest.raises(SkyError) as caught:
            self.run(**options)
        assert "\n" not in caught.value.message
        return caught.value

    def calls(self):
        return [call["api"] for call in self.aws.calls(self.account_id)]

    def writes(self):
        return [call["api"] for call in self.aws.writes(self.account_id)]

    def instances(self):
        reservations = self.ec2.describe_instances()["Reservations"]
        return [found for reservation in reservations for found in reservation["Instances"]]

    def subnets(self):
        found = self.ec2.describe_subnets()["Subnets"]
        return [s["SubnetId"] for s in sorted(found, key=lambda s: s["AvailabilityZone"], reverse=True)]

    def fault(self, api, code, message="injected", times=1):
        self.aws.fault(api, code, message, times=times, account=self.account_id)


@pytest.fixture
def lab(emulator):
    yield Lab(emulator)
    emulator.clear_faults()


@pytest.fixture
def naps(monkeypatch):
    """The seconds that botocore's waiters would have slept."""
    slept = []
    monkeypatch.setattr(botocore.waiter.time, "sleep", slept.append)
    return slept


def steps(result):
    return [step["api"] for step in result["steps"]]


class TestLife:
    @pytest.mark.parametrize(
        ("state", "writes"), [("running", [RUN]), ("stopped", [RUN, "ec2:StopInstances"])], ids=["running", "stopped"]
    )
    def test_planned_made_unchanged(self, lab, state, writes):
        planned = lab.run(check=True, state=state)
        assert lab.writes() == []
        made = lab.run(state=state)
        assert lab.writes() == steps(made) == steps(planned) == writes
        again = lab.run(state=state)
        assert lab.calls() == [DESCRIBE]
        assert (planned["changed"], made["changed"], again["changed"]) == (True, True, False)
        assert again["instance"] == made["instance"]
        assert (again["diff"]["before"], planned["diff"]) == (again["diff"]["after"], made["diff"])
        for result in (planned, made, again):
            assert set(result) == {"changed", "diff", "steps", "instance", "drift"}
            assert set(result["instance"]) == set(planned["instance"])
            assert result["instance"]["state"] == state
            json.dumps(result)
        known = {key: value for key, value in planned["instance"].items() if value is not None}
        del known["metadata_options"]
        assert {key: made["instance"][key] for key in known} == known

    def test_what_ec2_has(self, lab):
        lab.run(tags={"team": "ml"}, volume={"size": 20}, user_data="#!/bin/sh")
        [made] = lab.instances()
        volume = lab.ec2.describe_volumes()["Volumes"][0]
        assert made["MetadataOptions"]["HttpTokens"] == "required"
        assert made["IamInstanceProfile"]["Arn"].endswith(":instance-profile/skypilot-v1")
        assert (volume["Size"], volume["Encrypted"], volume["VolumeType"]) == (20, True, "gp3")
        tags = {"Name": "box", "team": "ml", "sky.aws/managed-by": "sky.aws"}
        for tagged in (made, volume):
            assert {tag["Key"]: tag["Value"] for tag in tagged["Tags"]} == tags
        data = lab.ec2.describe_instance_attribute(InstanceId=made["InstanceId"], Attribute="userData")
        assert data["UserData"]["Value"] == "IyEvYmluL3No"

    def test_stop_start_and_terminate(self, lab):
        first = lab.run()["instance"]["instance_id"]
        for state, api in (("stopped", "ec2:StopInstances"), ("running", "ec2:StartInstances")):
            assert steps(lab.run(check=True, state=state)) == [api]
            result = lab.run(state=state)
            assert lab.writes() == steps(result) == [api]
            assert (result["instance"]["instance_id"], result["instance"]["state"]) == (first, state)
            assert lab.run(state=state)["changed"] is False
        planned = lab.run(check=True, state="absent")
        result = lab.run(state="absent")
        assert lab.writes() == steps(result) == steps(planned) == ["ec2:TerminateInstances"]
        assert (result["instance"], lab.instances()[0]["State"]["Name"]) == (None, "terminated")
        assert lab.run(state="absent")["changed"] is False
        assert lab.calls() == [DESCRIBE]

    def test_after_a_termination_another_one_is_made_with_another_token(self, lab):
        first = lab.run()["instance"]
        lab.run(state="absent")
        second = lab.run()["instance"]
        assert second["instance_id"] != first["instance_id"]
        assert second["client_token"] != first["client_token"]
        assert lab.run()["changed"] is False

    def test_a_new_image_is_drift_and_makes_no_twin(self, lab):
        lab.run()
        result = lab.run(image_parameter=PARAMETER)
        assert sorted(lab.calls()) == [DESCRIBE, "ssm:GetParameter"]
        assert [difference["aspect"] for difference in result["drift"]] == ["image_id"]
        assert len(lab.instances()) == 1

    def test_an_image_parameter(self, lab):
        made = lab.run(image_parameter=PARAMETER)
        again = lab.run(image_parameter=PARAMETER)
        assert made["instance"]["image_id"].startswith("ami-")
        assert (again["changed"], again["drift"]) == (False, [])

    def test_tags_and_metadata_are_put_back(self, lab):
        made = lab.run(tags={"team": "ml"})["instance"]
        ids = [made["instance_id"]]
        lab.ec2.create_tags(Resources=ids, Tags=[{"Key": "team", "Value": "x"}, {"Key": "theirs", "Value": "y"}])
        lab.ec2.modify_instance_metadata_options(InstanceId=ids[0], HttpTokens="optional", HttpPutResponseHopLimit=2)
        options = {"tags": {"team": "ml"}, "purge_tags": True}
        planned, result = lab.run(check=True, **options), lab.run(**options)
        wanted = ["ec2:CreateTags", "ec2:DeleteTags", "ec2:ModifyInstanceMetadataOptions"]
        assert lab.writes() == steps(result) == steps(planned) == wanted
        again = lab.run(**options)
        assert again["changed"] is False
        assert again["instance"] == result["instance"] == planned["instance"]
        assert again["instance"]["metadata_options"]["http_put_response_hop_limit"] == 2

    def test_without_wait_the_answer_gives_the_facts(self, lab):
        result = lab.run(wait=False, tags={"a": "b"})
        assert lab.calls().count(DESCRIBE) == 1
        assert result["instance"]["state"] == "pending"
        assert result["instance"]["instance_id"] == lab.instances()[0]["InstanceId"]
        assert result["instance"]["tags"]["a"] == "b"
        stopped = lab.run(wait=False, state="stopped", tags={"a": "b"})
        assert (stopped["instance"]["state"], lab.calls()) == ("stopping", [DESCRIBE, "ec2:StopInstances"])

    def test_spot(self, lab):
        lab.run(spot=True)
        assert lab.instances()[0]["InstanceLifecycle"] == "spot"
        assert lab.run(spot=True)["instance"]["spot"] is True


class TestNetwork:
    def test_a_first_run_makes_these_calls(self, lab):
        lab.run()
        reads = ["DescribeImages", "DescribeVpcs", "DescribeSubnets", "DescribeRouteTables"]
        # The waiter's look, and the one that gives the facts.
        assert lab.calls() == [DESCRIBE, *(f"ec2:{name}" for name in reads), RUN, DESCRIBE, DESCRIBE]

    def test_the_default_vpc_gives_the_subnet_in_skypilots_order(self, lab):
        assert lab.run()["instance"]["subnet_id"] == lab.subnets()[0]

    def test_a_named_vpc_may_be_private(self, lab):
        tags = [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "research"}]}]
        vpc = lab.ec2.create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=tags)["Vpc"]["VpcId"]
        subnet = lab.ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
        group = lab.ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
        result = lab.run(vpc_name="research", security_groups=["web"])
        assert result["instance"]["subnet_id"] == subnet
        assert result["instance"]["security_groups"] == [{"group_id": group, "group_name": "web"}]
        assert lab.run(vpc_name="research", security_groups=["web"])["drift"] == []
        assert lab.calls() == [DESCRIBE]

    def test_subnets_in_the_order_of_preference(self, lab):
        wanted = lab.subnets()[2:0:-1]
        assert lab.run(subnet_ids=wanted)["instance"]["subnet_id"] == wanted[0]
        assert "ec2:DescribeVpcs" not in lab.calls()


class TestRefusedBeforeTheFirstWrite:
    @pytest.mark.parametrize(
        ("options", "says"),
        [
            ({"image_id": None}, "image_id: instance box does not exist in account"),
            ({"image_id": "ami-00000000000000000"}, "image_id: ami-00000000000000000 is not available to account"),
            ({"image_parameter": "/missing"}, "ssm:GetParameter on /missing in account"),
            ({"vpc_name": "missing"}, "vpc_name: No VPC with name 'missing' is found in us-east-1"),
            ({"subnet_ids": ["subnet-00000000"]}, "subnet_ids: subnet-00000000 not found in account"),
            ({"security_groups": ["default", "missing"]}, "security_groups: missing not found in vpc-"),
        ],
    )
    def test_what_does_not_exist(self, lab, options, says):
        assert lab.fails(**options).message.startswith(says)
        assert lab.fails(check=True, **options).message.startswith(says)
        assert lab.writes() == []

    def test_a_parameter_without_an_image(self, lab):
        ssm = lab.aws.client("ssm", lab.account_id)
        ssm.put_parameter(Name="/golden", Value='{"image_id": "ami-1"}', Type="String")
        assert "/golden in account" in lab.fails(image_parameter="/golden").message

    def test_subnets_of_two_vpcs(self, lab):
        vpc = lab.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        other = lab.ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
        assert "they are in 2 VPCs" in lab.fails(subnet_ids=[lab.subnets()[0], other]).message

    def test_no_default_vpc(self, lab):
        for subnet in lab.subnets():
            lab.ec2.delete_subnet(SubnetId=subnet)
        message = lab.fails().message
        assert message.startswith("vpc_name: The default VPC in us-east-1 either does not exist or has no subnets.")
        assert lab.account_id in message

    def test_a_region_that_cannot_be_read(self, lab):
        lab.fault("ec2:DescribeVpcs", "UnauthorizedOperation")
        assert "allow ec2:DescribeVpcs for" in lab.fails().message

    @pytest.mark.parametrize("state", ["running", "stopped", "absent"])
    def test_a_foreign_instance_is_left_alone(self, lab, state):
        tags = [{"Key": "Name", "Value": "box"}, {"Key": "sky.aws/managed-by", "Value": "sky.aws"}]
        specification = [{"ResourceType": "instance", "Tags": tags}]
        lab.ec2.run_instances(ImageId=AMI, MinCount=1, MaxCount=1, TagSpecifications=specification)
        error = lab.fails(state=state, image_parameter=PARAMETER)
        assert "is not this collection's" in error.message
        assert lab.calls() == [DESCRIBE]
        assert lab.instances()[0]["State"]["Name"] == "running"

    @pytest.mark.parametrize("state", ["running", "absent"])
    def test_two_of_one_name(self, lab, state):
        first = lab.run()["instance"]["instance_id"]
        second = lab.run(name="other")["instance"]["instance_id"]
        lab.ec2.create_tags(Resources=[second], Tags=[{"Key": "Name", "Value": "box"}])
        message = lab.fails(state=state).message
        assert all(f"{found} (running)" in message for found in (first, second))
        assert lab.writes() == []


class TestFaults:
    def test_a_profile_that_ec2_does_not_see_yet_is_waited_for(self, lab, naps):
        lab.fault(RUN, "InvalidParameterValue", UNSEEN, times=3)
        result = lab.run()
        assert naps == [5, 5]
        tries = [call["params"].get("DryRun") for call in lab.aws.calls(lab.account_id) if call["api"] == RUN]
        assert tries == [None, "true", "true", "true", None]
        assert (steps(result), len(lab.instances())) == ([RUN], 1)

    def test_its_role_too(self, lab, naps):
        lab.fault(RUN, "InvalidParameterValue", 'IAM Instance Profile "arn:aws:x" has no associated IAM Roles')
        assert steps(lab.run()) == [RUN]
        assert naps == []

    def test_the_wait_for_a_profile_ends(self, lab, naps):
        lab.fault(RUN, "InvalidParameterValue", UNSEEN, times=100)
        error = lab.fails()
        assert sum(naps) == 55
        assert "make both (sky_role) or correct instance_profile" in error.message
        assert error.steps == []

    def test_what_else_comes_up_while_waiting_is_told_by_the_call_itself(self, lab, naps):
        lab.fault(RUN, "InvalidParameterValue", UNSEEN)
        lab.fault(RUN, "UnauthorizedOperation", times=2)
        assert f"allow {RUN} for" in lab.fails().message
        assert naps == []

    def test_another_invalid_value_is_not_waited_for(self, lab, naps):
        lab.fault(RUN, "InvalidParameterValue", "Invalid value for something")
        assert isinstance(lab.fails().__cause__, AWSError)
        assert lab.calls().count(RUN) == 1

    @pytest.mark.parametrize("code", ["InsufficientInstanceCapacity", "Unsupported", "InsufficientFreeAddressesInSubnet"])
    def test_the_next_subnet_is_tried(self, lab, code):
        wanted = lab.subnets()[:2]
        lab.fault(RUN, code)
        result = lab.run(subnet_ids=wanted)
        assert result["instance"]["subnet_id"] == wanted[1]
        assert (steps(result), lab.writes()) == ([RUN], [RUN, RUN])
        first, second = (call["params"] for call in lab.aws.writes(lab.account_id))
        assert first["ClientToken"] != second["ClientToken"]
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
        tokens = [call["params"]["ClientToken"] for call in lab.aws.writes(lab.account_id)]
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
        first = {call["params"]["ClientToken"] for call in lab.aws.writes(lab.account_id)}
        lab.fails()
        second = {call["params"]["ClientToken"] for call in lab.aws.writes(lab.account_id)}
        assert first == second
        assert len(first) == 1

    def test_a_stop_that_fails_tells_what_was_done(self, lab):
        lab.fault("ec2:StopInstances", "UnauthorizedOperation")
        error = lab.fails(state="stopped")
        assert error.steps == [{"api": RUN, "target": "box"}]
        assert f"Done before: {RUN} box. Not done: ec2:StopInstances box." in error.message
        assert steps(lab.run(state="stopped")) == ["ec2:StopInstances"]

    def test_a_denied_look_at_the_end_keeps_the_steps(self, lab, monkeypatch):
        original = _instance_launch.await_state

        def then_deny(*arguments):
            original(*arguments)
            lab.fault(DESCRIBE, "UnauthorizedOperation")

        monkeypatch.setattr(instance, "await_state", then_deny)
        error = lab.fails()
        assert error.steps == [{"api": RUN, "target": "box"}]
        assert f"allow {DESCRIBE} for" in error.message


class TestAwaitState:
    def account(self, lab):
        return Account(lab.params(), lab.cache)

    def test_one_that_stays_is_told_with_its_state(self, lab, naps):
        made = lab.run(state="stopped")["instance"]["instance_id"]
        with pytest.raises(SkyError, match=r"instance box \(i-.*\) in account .* is stopped, not running, .* 12 s.*wait_timeout"):
            _instance_launch.await_state(self.account(lab), "box", made, "running", 12)
        assert naps == [5, 5]

    def test_one_that_dies_is_told_with_ec2s_reason(self, lab, naps):
        made = lab.run()["instance"]["instance_id"]
        lab.ec2.terminate_instances(InstanceIds=[made])
        with pytest.raises(SkyError, match=r"is terminated, not running, .*\. To mend it: correct what EC2 says"):
            _instance_launch.await_state(self.account(lab), "box", made, "running", 600)
        assert naps == []

    def test_a_look_that_fails_is_told_as_such(self, lab, naps):
        made = lab.run()["instance"]["instance_id"]
        account = self.account(lab)
        lab.fault(DESCRIBE, "UnauthorizedOperation")
        with pytest.raises(AWSError, match="ec2:DescribeInstances on box in account .*UnauthorizedOperation"):
            _instance_launch.await_state(account, "box", made, "running", 600)

    def test_a_new_instance_that_ec2_does_not_describe_yet(self, lab, naps):
        made = lab.run()["instance"]["instance_id"]
        account = self.account(lab)
        lab.fault(DESCRIBE, "InvalidInstanceID.NotFound", times=2)
        _instance_launch.await_state(account, "box", made, "running", 600)
        assert naps == [5, 5]
