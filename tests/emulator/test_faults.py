# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bad days of the emulated AWS, as a real botocore meets them at the wire."""

from __future__ import annotations

import concurrent.futures
import itertools
import json
import time

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from ansible_collections.sky.aws.demo.launch import MANAGEMENT
from ansible_collections.sky.aws.tests.emulator.server import Emulator

IMAGE = "ami-0a1b2c3d4e5f60718"
NUMBERS = itertools.count(310000000000)
TRUST = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def document(statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def shared():
    with Emulator({"MOTO_IAM_LOAD_MANAGED_POLICIES": "false"}) as emulator:
        yield emulator


class Account:
    def __init__(self, emulator):
        self.emulator = emulator
        self.id = str(next(NUMBERS))
        self.iam = emulator.client("iam", self.id)
        self.ec2 = emulator.client("ec2", self.id)

    def disturb(self, *what, **how):
        self.emulator.disturb(*what, **{"account": self.id, **how})

    def users(self):
        return [user["UserName"] for user in self.iam.list_users()["Users"]]

    def launch(self, token, **changes):
        asked = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1, "ClientToken": token}
        return self.ec2.run_instances(**{**asked, **changes})["Instances"][0]["InstanceId"]

    def state(self, instance_id):
        described = self.ec2.describe_instances(InstanceIds=[instance_id])
        return described["Reservations"][0]["Instances"][0]["State"]["Name"]

    def instances(self):
        reservations = self.ec2.describe_instances()["Reservations"]
        return [instance["InstanceId"] for one in reservations for instance in one["Instances"]]


@pytest.fixture
def account(shared):
    shared.clear_faults()
    yield Account(shared)
    shared.clear_faults()


def refused(do, **arguments):
    """Code, status and text of the error."""
    with pytest.raises(ClientError) as caught:
        do(**arguments)
    response = caught.value.response
    error = response["Error"]
    return error["Code"], response["ResponseMetadata"]["HTTPStatusCode"], error["Message"]


class TestErrors:
    @pytest.mark.parametrize(
        ("service", "code", "status"),
        [
            ("iam", "Throttling", 400),
            ("iam", "ServiceUnavailable", 503),
            ("iam", "LimitExceeded", 409),
            ("ec2", "RequestLimitExceeded", 503),
            ("ec2", "InsufficientInstanceCapacity", 500),
            ("ec2", "VcpuLimitExceeded", 400),
        ],
    )
    def test_known_codes_have_aws_status_and_text(self, account, service, code, status):
        account.disturb(f"{service}:*", code=code)
        do = account.iam.list_users if service == "iam" else account.ec2.describe_vpcs
        assert refused(do)[:2] == (code, status)

    def test_capacity_lacks_in_one_subnet_only(self, account):
        first, second = [subnet["SubnetId"] for subnet in account.ec2.describe_subnets()["Subnets"]][:2]
        account.disturb("ec2:RunInstances", code="InsufficientInstanceCapacity", times=None, given={"SubnetId": first})
        with pytest.raises(ClientError, match="InsufficientInstanceCapacity"):
            account.launch("a", SubnetId=first)
        account.launch("a", SubnetId=second)

    def test_the_first_calls_pass(self, account):
        account.disturb("iam:CreateUser", code="ServiceUnavailable", skip=1)
        account.iam.create_user(UserName="a")
        assert refused(account.iam.create_user, UserName="b")[0] == "ServiceUnavailable"
        account.iam.create_user(UserName="c")
        assert account.users() == ["a", "c"]

    def test_an_error_after_the_effect(self, account):
        account.disturb("iam:CreateUser", code="InternalFailure", when="after")
        assert refused(account.iam.create_user, UserName="alice")[:2] == ("InternalFailure", 500)
        assert account.users() == ["alice"]
        assert refused(account.iam.create_user, UserName="alice")[0] == "EntityAlreadyExists"

    def pattern(self, account, seed):
        account.emulator.clear_faults()
        account.disturb("iam:GetAccountSummary", code="Throttling", probability=0.3, seed=seed, times=None)
        answers = []
        for _call in range(60):
            try:
                account.iam.get_account_summary()
                answers.append(True)
            except ClientError:
                answers.append(False)
        return answers

    def test_by_probability_and_to_be_repeated(self, account):
        first = self.pattern(account, seed=7)
        assert 9 <= first.count(False) <= 27
        assert self.pattern(account, seed=7) == first
        assert self.pattern(account, seed=8) != first

    def test_an_answer_without_its_end(self, account):
        account.disturb("iam:CreateUser", "torn")
        with pytest.raises(ResponseParserError, match="<UserName>alice</UserName>"):
            account.iam.create_user(UserName="alice")
        assert account.users() == ["alice"]

    def test_what_is_no_fault_is_refused(self, account):
        for wrong in ({"kind": "flood"}, {"kind": "error"}, {"kind": "reset", "when": "during"}):
            with pytest.raises(RuntimeError, match="500"):
                account.emulator.disturb("iam:*", **wrong)
        assert account.users() == []


class TestNoAnswer:
    def test_before_the_effect(self, account):
        account.disturb("iam:CreateUser", "reset")
        with pytest.raises(ConnectionClosedError):
            account.iam.create_user(UserName="alice")
        assert account.users() == []

    def test_after_the_effect(self, account):
        account.disturb("iam:CreateUser", "reset", when="after")
        with pytest.raises(ConnectionClosedError):
            account.iam.create_user(UserName="alice")
        assert account.users() == ["alice"]

    def test_it_is_in_the_log(self, account):
        account.disturb("iam:CreateUser", "reset", when="after")
        with pytest.raises(ConnectionClosedError):
            account.iam.create_user(UserName="alice")
        [call] = account.emulator.writes(account.id)
        assert (call["api"], call["status"], call["error"]) == ("iam:CreateUser", 500, None)

    def impatient(self, account):
        config = Config(read_timeout=0.3, retries={"mode": "standard", "total_max_attempts": 1}, proxies={})
        keys = account.emulator._cloud.assume(account.id)
        session = botocore.session.Session()
        return session.create_client("iam", "us-east-1", endpoint_url=account.emulator.url, config=config, **keys)

    @pytest.mark.parametrize(("when", "users"), [("before", []), ("after", ["alice"])])
    def test_a_call_that_hangs(self, account, when, users):
        account.disturb("iam:CreateUser", "hang", when=when, seconds=1)
        with pytest.raises(ReadTimeoutError):
            self.impatient(account).create_user(UserName="alice")
        assert account.users() == users

    def test_a_slow_answer(self, account):
        account.disturb("iam:ListUsers", "slow", seconds=0.2)
        began = time.monotonic()
        assert account.users() == []
        assert 0.2 <= time.monotonic() - began < 2

    def test_other_accounts_have_better_weather(self, shared, account):
        other = Account(shared)
        account.disturb("iam:*", "reset", times=None)
        other.iam.create_user(UserName="alice")
        assert other.users() == ["alice"]

    def test_the_management_account_too(self, shared, account):
        shared.disturb("sts:AssumeRole", "reset")
        client = shared._cloud.client("sts", "us-east-1", MANAGEMENT)
        asked = {"RoleArn": f"arn:aws:iam::{account.id}:role/x", "RoleSessionName": "me"}
        with pytest.raises(ConnectionClosedError):
            client.assume_role(**asked)
        client.assume_role(**asked)


class TestClientTokens:
    def test_the_same_instance_for_the_same_token(self, account):
        first = account.launch("a")
        assert account.launch("a") == first
        assert account.launch("b") != first
        assert len(account.instances()) == 2

    def test_after_a_lost_answer(self, account):
        account.disturb("ec2:RunInstances", "reset", when="after")
        with pytest.raises(ConnectionClosedError):
            account.launch("a")
        assert account.instances() == [account.launch("a")]

    def test_another_request(self, account):
        account.launch("a")
        code, status, text = refused(account.launch, token="a", InstanceType="t3.small")
        assert (code, status) == ("IdempotentParameterMismatch", 400)
        assert "inconsistent" in text

    def test_a_refused_request_uses_no_token_up(self, account):
        assert refused(account.launch, token="a", ImageId="ami-00000000")[0] == "InvalidAMIID.NotFound"
        account.launch("a")

    def test_a_dry_run_uses_no_token_up(self, account):
        assert refused(account.launch, token="a", DryRun=True)[0] == "DryRunOperation"
        account.launch("a", InstanceType="t3.small")

    def test_other_accounts_and_regions_have_their_own(self, shared, account):
        other = Account(shared)
        here, there = account.launch("a"), other.launch("a")
        assert here != there
        account.ec2 = shared.client("ec2", account.id, "us-west-2")
        assert account.launch("a") not in (here, there)

    def test_a_terminated_instance_has_spent_it(self, account):
        account.ec2.terminate_instances(InstanceIds=[account.launch("a")])
        assert refused(account.launch, token="a")[0] == "IdempotentInstanceTerminated"

    def test_at_the_same_time(self, account):
        with concurrent.futures.ThreadPoolExecutor(4) as threads:
            assert len(set(threads.map(account.launch, ["a"] * 8))) == 1
        assert len(account.instances()) == 1

    def test_a_reset_forgets_them(self):
        with Emulator({"MOTO_IAM_LOAD_MANAGED_POLICIES": "false"}) as emulator:
            Account(emulator).launch("a")
            emulator.reset()
            other = Account(emulator)
            assert other.instances() == []
            other.launch("a", InstanceType="t3.small")


class TestStates:
    def until(self, account, instance_id, state):
        for _look in range(100):
            if account.state(instance_id) == state:
                return
            time.sleep(0.02)
        pytest.fail(f"{account.state(instance_id)} and never {state}")

    def test_they_take_their_time(self, account):
        account.emulator.take_time(0.3, account=account.id)
        made = account.launch("a")
        assert account.state(made) == "pending"
        self.until(account, made, "running")
        account.ec2.stop_instances(InstanceIds=[made])
        assert account.state(made) == "stopping"
        assert refused(account.ec2.start_instances, InstanceIds=[made])[:2] == ("IncorrectInstanceState", 400)
        self.until(account, made, "stopped")
        account.ec2.start_instances(InstanceIds=[made])
        assert account.state(made) == "pending"
        account.ec2.terminate_instances(InstanceIds=[made])
        assert account.state(made) == "shutting-down"
        self.until(account, made, "terminated")

    def test_a_call_that_changes_nothing_begins_nothing(self, account):
        made = account.launch("a")
        account.emulator.take_time(60, account=account.id)
        account.ec2.start_instances(InstanceIds=[made])
        assert account.launch("a") == made
        assert account.state(made) == "running"

    def test_fine_weather_settles_them(self, account):
        account.emulator.take_time(60, account=account.id)
        made = account.launch("a")
        assert refused(account.ec2.stop_instances, InstanceIds=[made])[0] == "IncorrectInstanceState"
        account.emulator.clear_faults()
        assert account.state(made) == "running"

    def test_nothing_starts_after_its_end(self, account):
        made = account.launch("a")
        account.ec2.terminate_instances(InstanceIds=[made])
        code, _, text = refused(account.ec2.start_instances, InstanceIds=[made])
        assert (code, text) == (
            "IncorrectInstanceState",
            f"The instance '{made}' is not in a state from which it can be started.",
        )


class TestVisibility:
    def test_iam(self, account):
        account.emulator.lag(60, account=account.id)
        iam = account.iam
        iam.create_user(UserName="alice")
        iam.create_role(RoleName="sky", AssumeRolePolicyDocument=document(TRUST))
        iam.create_instance_profile(InstanceProfileName="sky")
        arn = iam.create_policy(PolicyName="p", PolicyDocument=document(EVERYTHING))["Policy"]["Arn"]
        calls = [
            (iam.get_user, {"UserName": "alice"}),
            (iam.attach_user_policy, {"UserName": "alice", "PolicyArn": arn}),
            (iam.get_role, {"RoleName": "sky"}),
            (iam.get_instance_profile, {"InstanceProfileName": "sky"}),
            (iam.add_role_to_instance_profile, {"InstanceProfileName": "sky", "RoleName": "sky"}),
            (iam.get_policy, {"PolicyArn": arn}),
        ]
        for call, arguments in calls:
            code, status, text = refused(call, **arguments)
            assert (code, status) == ("NoSuchEntity", 404)
            assert any(value in text for value in arguments.values())
        assert refused(iam.create_user, UserName="alice")[0] == "EntityAlreadyExists"
        account.emulator.clear_faults()
        for call, arguments in calls:
            call(**arguments)

    def test_the_profile_and_its_role_for_ec2(self, account):
        account.emulator.lag(60, "profile", account=account.id)
        account.iam.create_instance_profile(InstanceProfileName="sky")
        profile = {"IamInstanceProfile": {"Name": "sky"}}
        code, status, text = refused(account.launch, token="a", **profile)
        assert (code, status) == ("InvalidParameterValue", 400)
        assert "Invalid IAM Instance Profile name" in text
        account.emulator.clear_faults()
        account.emulator.lag(60, "role in profile", account=account.id)
        account.iam.create_role(RoleName="sky", AssumeRolePolicyDocument=document(TRUST))
        account.iam.add_role_to_instance_profile(InstanceProfileName="sky", RoleName="sky")
        code, _, text = refused(account.launch, token="a", **profile)
        assert code == "InvalidParameterValue"
        assert "has no associated IAM Roles" in text

    def test_a_security_group(self, account):
        account.emulator.lag(60, "group", account=account.id)
        vpc = account.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        group = account.ec2.create_security_group(GroupName="sky", Description="x", VpcId=vpc)["GroupId"]
        assert refused(account.ec2.describe_security_groups, GroupIds=[group])[0] == "InvalidGroup.NotFound"
        assert refused(account.launch, token="a", SecurityGroupIds=[group])[0] == "InvalidGroup.NotFound"
        asked = {"Filters": [{"Name": "group-name", "Values": ["sky"]}]}
        assert account.ec2.describe_security_groups(**asked)["SecurityGroups"] == []
        account.emulator.clear_faults()
        assert len(account.ec2.describe_security_groups(**asked)["SecurityGroups"]) == 1

    def test_an_instance(self, account):
        account.emulator.lag(60, "instance", account=account.id)
        tags = {"TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "box"}]}]}
        made = account.launch("a", **tags)
        assert refused(account.state, instance_id=made)[0] == "InvalidInstanceID.NotFound"
        asked = {"Filters": [{"Name": "tag:Name", "Values": ["box"]}]}
        assert account.ec2.describe_instances(**asked)["Reservations"] == []
        assert account.launch("a", **tags) == made

    def test_it_ends_by_itself_and_a_repeated_token_does_not_begin_it_again(self, account):
        account.emulator.lag(0.3, account=account.id)
        account.iam.create_user(UserName="alice")
        made = account.launch("a")
        time.sleep(0.35)
        account.iam.get_user(UserName="alice")
        account.launch("a")
        assert account.state(made) == "running"

    def test_only_what_was_said(self, shared, account):
        other = Account(shared)
        account.emulator.lag(60, "user", account=account.id, apis="iam:Get*")
        for each in (account, other):
            each.iam.create_user(UserName="alice")
            each.iam.create_instance_profile(InstanceProfileName="sky")
            each.iam.get_instance_profile(InstanceProfileName="sky")
            each.iam.tag_user(UserName="alice", Tags=[{"Key": "a", "Value": "b"}])
        other.iam.get_user(UserName="alice")
        assert refused(account.iam.get_user, UserName="alice")[0] == "NoSuchEntity"
        with pytest.raises(RuntimeError, match="500"):
            account.emulator.lag(60, "planet")


def test_an_assumed_role_needs_trust_the_external_id_and_to_be_there(enforced):
    """What the enforcing emulator reads in the role's trust policy."""
    account = Account(enforced)
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{enforced.management_account}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "the lab"}},
    }
    account.iam.create_role(RoleName="trusting", AssumeRolePolicyDocument=document(statement))
    account.iam.create_role(RoleName="closed", AssumeRolePolicyDocument=document(TRUST))
    sts = enforced.client("sts")

    def assume(role, **more):
        return sts.assume_role(RoleArn=f"arn:aws:iam::{account.id}:role/{role}", RoleSessionName="me", **more)

    for role, more in [("trusting", {}), ("trusting", {"ExternalId": "my lab"}), ("closed", {}), ("missing", {})]:
        assert refused(assume, role=role, **more)[:2] == ("AccessDenied", 403)
    assume("trusting", ExternalId="the lab")


def test_a_role_that_left_its_profile(account):
    account.iam.create_role(RoleName="sky", AssumeRolePolicyDocument=document(TRUST))
    account.iam.create_instance_profile(InstanceProfileName="sky")
    link = {"InstanceProfileName": "sky", "RoleName": "sky"}
    account.iam.add_role_to_instance_profile(**link)
    account.iam.remove_role_from_instance_profile(**link)
    assert refused(account.iam.remove_role_from_instance_profile, **link)[:2] == ("NoSuchEntity", 404)
