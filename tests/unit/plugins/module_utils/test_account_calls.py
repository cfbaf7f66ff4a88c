# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls through an account: errors in one line, what is missing, pages, waits, clients, aws_config."""

from __future__ import annotations

import socket
import time
import typing as t

import pytest

from ansible_collections.sky.aws.plugins.module_utils._account import Account
from ansible_collections.sky.aws.plugins.module_utils._errors import AWSError, SkyError
from ansible_collections.sky.aws.plugins.module_utils._resources.account import RESOURCE as account_resource
from ansible_collections.sky.aws.tests.unit.sandbox import MANAGEMENT, params

ONCE = {"retries": {"total_max_attempts": 1}}


@pytest.fixture
def reach(sandbox):
    def reach(**changes: t.Any) -> Account:
        return Account(params(account_resource, **{**sandbox.reach, **changes}), sandbox.cache)

    return reach


class TestErrors:
    @pytest.mark.parametrize(
        ("code", "mend"),
        [("AccessDenied", "allow iam:GetUser for "), ("Throttling", "--forks"), ("LimitExceeded", "Service Quotas")],
    )
    def test_one_line_with_action_resource_account_and_mend(self, sandbox, reach, code, mend):
        account = reach(aws_config=ONCE)
        sandbox.emulator.fault("iam:GetUser", code, "injected\ntext", account=sandbox.account_id)
        with pytest.raises(AWSError) as caught:
            account.find("iam:GetUser", "alice", UserName="alice")
        message = caught.value.message
        start = f"iam:GetUser on alice in account {sandbox.account_id} failed with {code}: injected text."
        assert message.startswith(start)
        assert mend in message
        assert "\n" not in message
        assert caught.value.code == code

    def test_a_refusal_names_the_caller(self, sandbox, reach):
        account = reach()
        sandbox.emulator.fault("iam:GetUser", "AccessDenied", status=403, account=sandbox.account_id)
        with pytest.raises(AWSError, match=f"for {account.identity.arn}"):
            account.call("iam:GetUser", "alice", UserName="alice")

    def test_a_refusal_in_a_list_of_pages(self, sandbox, reach):
        account = reach()
        sandbox.emulator.fault("iam:ListUserPolicies", "AccessDenied", status=403, account=sandbox.account_id)
        with pytest.raises(AWSError, match=r"iam:ListUserPolicies on alice .*allow iam:ListUserPolicies"):
            account.pages("iam:ListUserPolicies", "PolicyNames", "alice", UserName="alice")

    def test_throttling_is_ridden_out_by_botocore(self, sandbox, reach, monkeypatch):
        monkeypatch.setattr(time, "sleep", lambda _: None)
        account = reach()
        sandbox.emulator.fault("iam:ListInstanceProfiles", "Throttling", times=2, account=sandbox.account_id)
        assert account.call("iam:ListInstanceProfiles")["InstanceProfiles"] == []
        made = [
            call["error"]
            for call in sandbox.emulator.calls(sandbox.account_id)
            if call["api"] == "iam:ListInstanceProfiles"
        ]
        assert made == ["Throttling", "Throttling", None]

    def test_a_repeated_call_knows_whether_an_answer_was_lost(self, sandbox, reach, monkeypatch):
        monkeypatch.setattr(time, "sleep", lambda _: None)
        account = reach()
        account.call("iam:CreateUser", "alice", UserName="alice")
        for fault, lost in (
            ({"kind": "reset"}, True),
            ({"code": "ServiceUnavailable"}, True),
            ({"code": "Throttling"}, False),
        ):
            sandbox.emulator.disturb("iam:CreateUser", account=sandbox.account_id, **fault)
            with pytest.raises(AWSError, match="EntityAlreadyExists") as caught:
                account.call("iam:CreateUser", "alice", UserName="alice")
            assert caught.value.repeats_lost is lost
        with pytest.raises(AWSError, match="EntityAlreadyExists") as caught:
            account.call("iam:CreateUser", "alice", UserName="alice")
        assert caught.value.repeats_lost is False

    @pytest.mark.parametrize(("code", "calls"), [("InsufficientInstanceCapacity", 1), ("InternalError", 4)])
    def test_what_ec2_has_not_is_asked_for_once(self, sandbox, reach, code, calls):
        account = reach(aws_config={"retries": {"max_attempts": 3}})
        sandbox.emulator.disturb("ec2:RunInstances", code=code, times=None, account=sandbox.account_id)
        with pytest.raises(AWSError, match=code):
            account.call("ec2:RunInstances", "box", MinCount=1, MaxCount=1)
        assert len(sandbox.writes()) == calls

    @pytest.mark.parametrize("assume_role", [None, "Admin"])
    def test_nobody_answers(self, reach, assume_role):
        with socket.create_server(("127.0.0.1", 0)) as free:
            url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(SkyError) as caught:
            reach(endpoint_url=url, aws_config=ONCE, assume_role=assume_role)
        message = caught.value.message
        assert all(word in message for word in ("sts:", "EndpointConnectionError", url, "check endpoint_url"))
        assert "\n" not in message
        assert MANAGEMENT["secret_key"] not in message

    def test_an_answer_that_does_not_come(self, reach):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            with pytest.raises(SkyError, match=r"ReadTimeoutError.*run it again") as caught:
                reach(endpoint_url=url, aws_config={**ONCE, "read_timeout": 1}, assume_role=None)
        assert "\n" not in caught.value.message

    @pytest.mark.parametrize("url", ["http://under_score.example:1", "http://127.0.0.1:port", "http://-.example"])
    def test_an_endpoint_that_botocore_refuses(self, reach, url):
        with pytest.raises(SkyError, match="endpoint") as caught:
            reach(endpoint_url=url, aws_config=ONCE)
        assert "\n" not in caught.value.message

    def test_a_parameter_that_botocore_refuses(self, reach):
        with pytest.raises(AWSError, match=r"ParamValidationError.*correct the option") as caught:
            reach().call("iam:GetUser", "alice", UserName=7)
        assert "\n" not in caught.value.message


class TestReading:
    def test_what_is_missing_is_none(self, reach):
        assert reach().find("iam:GetUser", "nobody", UserName="nobody") is None

    def test_call_does_not_forgive_it(self, reach):
        with pytest.raises(AWSError, match=r"NoSuchEntity.*make it first"):
            reach().call("iam:GetUser", "nobody", UserName="nobody")

    def test_pages_are_one_list(self, sandbox, reach):
        names = [f"profile-{number}" for number in range(5)]
        for name in names:
            sandbox.iam.create_instance_profile(InstanceProfileName=name)
        found = reach().pages("iam:ListInstanceProfiles", "InstanceProfiles", PaginationConfig={"PageSize": 2})
        assert sorted(profile["InstanceProfileName"] for profile in found) == names

    def test_pages_of_nothing(self, reach):
        assert reach().pages("iam:ListInstanceProfiles", "InstanceProfiles") == []


class TestWaiting:
    def test_it_returns_when_it_has_come_about(self, sandbox, reach):
        sandbox.iam.create_user(UserName="alice")
        reach().wait("iam:GetUser", "user_exists", "alice", delay=1, attempts=1, UserName="alice")

    def test_it_is_bounded(self, reach):
        account = reach()
        start = time.monotonic()
        with pytest.raises(AWSError, match="iam:GetUser on nobody in account"):
            account.wait("iam:GetUser", "user_exists", "nobody", delay=1, attempts=2, UserName="nobody")
        assert time.monotonic() - start < 5

    def test_a_refusal_ends_it_at_once(self, sandbox, reach):
        account = reach()
        sandbox.emulator.fault("iam:GetUser", "AccessDenied", status=403, account=sandbox.account_id)
        start = time.monotonic()
        with pytest.raises(AWSError, match=r"AccessDenied.*allow iam:GetUser"):
            account.wait("iam:GetUser", "user_exists", "alice", delay=5, attempts=9, UserName="alice")
        assert time.monotonic() - start < 5


class TestClients:
    def test_one_for_each_service_and_region(self, reach):
        account = reach()
        assert account.client("ec2") is account.client("ec2", account.region)
        assert account.client("ec2", "eu-west-1") is account.client("ec2", "eu-west-1")
        assert account.client("ec2", "eu-west-1") is not account.client("ec2")
        assert account.client("ec2", "eu-west-1").meta.region_name == "eu-west-1"

    def test_a_call_may_name_its_region(self, sandbox, reach):
        reach().call("ec2:DescribeVpcs", region="eu-west-1")
        (call,) = [call for call in sandbox.emulator.calls(sandbox.account_id) if call["service"] == "ec2"]
        assert call["region"] == "eu-west-1"

    def test_our_defaults(self, reach):
        config = reach().client("iam").meta.config
        assert config.retries == {"mode": "standard", "total_max_attempts": 11}
        assert config.user_agent_extra.startswith("sky.aws/")

    def test_the_number_of_attempts_alone_keeps_the_mode(self, reach):
        config = reach(aws_config={"retries": {"max_attempts": 20}}).client("iam").meta.config
        assert config.retries == {"mode": "standard", "total_max_attempts": 21}

    def test_botocores_own_clients_have_them_too(self, reach):
        """Such as the one with which it assumes the role of a profile."""
        config = reach()._session.core.create_client("sts", "us-east-1").meta.config
        assert config.retries == {"mode": "standard", "total_max_attempts": 11}

    def test_aws_config_goes_over_them(self, reach):
        given = {"retries": {"mode": "adaptive", "max_attempts": 20}, "read_timeout": 5}
        config = reach(aws_config=given).client("iam").meta.config
        assert config.retries["mode"] == "adaptive"
        assert (config.read_timeout, config.connect_timeout) == (5, 20)

    @pytest.mark.parametrize(("given", "verify"), [({}, True), ({"validate_certs": False}, False)])
    def test_certificates(self, reach, given, verify):
        assert bool(reach(**given).client("iam")._endpoint.http_session._verify) is verify

    @pytest.mark.parametrize(
        "given",
        [
            {"nonsense": 1},
            {"retries": {"mode": "eager"}},
            {"retries": {"nonsense": 1}},
            {"retries": {"max_attempts": -1}},
            {"retries": {"max_attempts": "ten"}},
            {"retries": "many"},
            {"s3": {"addressing_style": "odd"}},
        ],
        ids=str,
    )
    def test_a_bad_aws_config_is_one_line(self, sandbox, reach, given):
        with pytest.raises(SkyError, match=r"aws_config: .*botocore\.config\.Config") as caught:
            reach(aws_config=given)
        assert "\n" not in caught.value.message
        assert sandbox.emulator.calls() == []


class TestCallsThatNoModuleMakes:
    """The models of EC2 and IAM are trimmed to what the collection calls; more is possible all the same."""

    def test_a_call(self, sandbox, reach):
        sandbox.iam.create_account_alias(AccountAlias="research")
        account = reach()
        before = account.client("iam")
        assert account.call("iam:ListAccountAliases")["AccountAliases"] == ["research"]
        assert account.client("iam") is not before
        assert account.call("iam:ListAccountAliases", region=account.region)["AccountAliases"] == ["research"]
        assert account.client("iam") is account.client("iam")

    def test_it_is_signed_and_configured_as_the_others(self, sandbox, reach):
        account = reach(aws_config={"read_timeout": 7})
        account.call("ec2:DescribeKeyPairs", region="eu-west-1")
        client = account.client("ec2", "eu-west-1")
        assert client.meta.config.read_timeout == 7
        assert client.meta.config.retries == {"mode": "standard", "total_max_attempts": 11}
        (call,) = [call for call in sandbox.emulator.calls(sandbox.account_id) if call["service"] == "ec2"]
        assert (call["api"], call["region"]) == ("ec2:DescribeKeyPairs", "eu-west-1")

    def test_pages(self, sandbox, reach):
        sandbox.iam.create_group(GroupName="team")
        (found,) = reach().pages("iam:ListGroups", "Groups")
        assert found["GroupName"] == "team"

    def test_a_wait(self, sandbox, reach):
        with pytest.raises(AWSError, match="ec2:DescribeKeyPairs on laptop in account"):
            reach().wait("ec2:DescribeKeyPairs", "key_pair_exists", "laptop", delay=1, attempts=1, KeyNames=["laptop"])

    def test_a_lost_answer_is_marked_there_too(self, sandbox, reach, monkeypatch):
        monkeypatch.setattr(time, "sleep", lambda _: None)
        account = reach()
        account.call("iam:CreateGroup", "team", GroupName="team")
        sandbox.emulator.disturb("iam:CreateGroup", account=sandbox.account_id, kind="reset")
        with pytest.raises(AWSError, match="EntityAlreadyExists") as caught:
            account.call("iam:CreateGroup", "team", GroupName="team")
        assert caught.value.repeats_lost is True

    @pytest.mark.parametrize("api", ["iam:MakeCoffee", "sts:MakeCoffee"])
    def test_what_botocore_does_not_know(self, sandbox, reach, api):
        account = reach()
        sandbox.emulator.clear_log()
        with pytest.raises(SkyError, match=rf"^{api}: .*does not know this call.*pip install --upgrade boto3$"):
            account.call(api)
        assert sandbox.emulator.calls() == []

    def test_a_service_that_botocore_does_not_know(self, reach):
        with pytest.raises(
            AWSError, match=r"^coffee:MakeOne in account .* failed with UnknownServiceError: "
        ) as caught:
            reach().call("coffee:MakeOne")
        assert "\n" not in caught.value.message
