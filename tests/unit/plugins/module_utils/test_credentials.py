# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reaching an account over HTTP: credentials, the guard, what is shared, and calls."""

from __future__ import annotations

import datetime
import typing as t

import pytest

from ansible_collections.sky.aws.demo import launch
from ansible_collections.sky.aws.plugins.module_utils._account import Account
from ansible_collections.sky.aws.plugins.module_utils._botocore import JSONFileCache
from ansible_collections.sky.aws.plugins.module_utils._errors import AWSError, SkyError
from ansible_collections.sky.aws.plugins.module_utils._identity import Identity
from ansible_collections.sky.aws.plugins.module_utils._resources.account import RESOURCE as account_resource
from ansible_collections.sky.aws.plugins.module_utils._resources.policy import RESOURCE as policy
from ansible_collections.sky.aws.tests.emulator.server import Emulator
from ansible_collections.sky.aws.tests.unit.sandbox import MANAGEMENT, ROLE, Sandbox, fresh_account_id, params

HUB = Emulator.management_account
PLAIN = {"assume_role": None}


def reach(sandbox: Sandbox, cache: t.Any = None, **changes: t.Any) -> Account:
    return Account(params(account_resource, **{**sandbox.reach, **changes}), cache)


def calls(sandbox: Sandbox) -> list[str]:
    """The calls of all accounts since the sandbox was made."""
    return [call["api"] for call in sandbox.emulator.calls()]


def assumed(sandbox: Sandbox) -> list[dict[str, t.Any]]:
    """Parameters of the AssumeRole calls."""
    return [call["params"] for call in sandbox.emulator.calls() if call["api"] == "sts:AssumeRole"]


@pytest.fixture
def member_keys(sandbox):
    """Keys of an IAM user of the account, as options."""
    sandbox.iam.create_user(UserName="bot")
    key = sandbox.iam.create_access_key(UserName="bot")["AccessKey"]
    sandbox.emulator.clear_log()
    return {"access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"], "assume_role": None}


@pytest.fixture
def shared_files(tmp_path, monkeypatch):
    """A writer of the shared configuration, which also sends every call to the emulator."""

    def write(url: str, text: str) -> None:
        (tmp_path / "config").write_text(text)
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)

    return write


def profiles(**roles: str) -> str:
    """Shared configuration: profile ``hub`` with the keys of the management account, others that assume a role."""
    keys = "\n".join(f"{name} = {value}" for name, value in launch.MANAGEMENT.items())
    chained = [f"[profile {name}]\nrole_arn = {arn}\nsource_profile = hub\n" for name, arn in roles.items()]
    return f"[profile hub]\n{keys}\n\n" + "\n".join(chained)


NO_KEYS = {"access_key": None, "secret_key": None, "endpoint_url": None}


class TestPlainCredentials:
    def test_in_the_account(self, sandbox, member_keys):
        found = reach(sandbox, **member_keys)
        assert found.identity == Identity(sandbox.account_id, "aws", sandbox.arn("user/bot"))
        assert calls(sandbox) == ["sts:GetCallerIdentity"]

    def test_in_another_account_nothing_is_written(self, sandbox):
        with pytest.raises(SkyError) as caught:
            sandbox.run(policy, **PLAIN)
        message = caught.value.message
        assert message.startswith("wrong account: ")
        assert all(word in message for word in (HUB, sandbox.account_id, "nothing was written", "assume_role"))
        assert calls(sandbox) == ["sts:GetCallerIdentity"]
        assert "\n" not in message

    def test_the_proof_is_asked_for_once_a_run(self, sandbox, member_keys):
        cache: dict[str, t.Any] = {}
        first, second = reach(sandbox, cache, **member_keys), reach(sandbox, cache, **member_keys)
        assert first.identity == second.identity
        assert calls(sandbox) == ["sts:GetCallerIdentity"]

    def test_a_kept_proof_does_not_let_another_account_in(self, sandbox):
        cache: dict[str, t.Any] = {}
        for _ in range(2):
            with pytest.raises(SkyError, match="wrong account"):
                reach(sandbox, cache, **PLAIN)

    def test_other_keys_are_proven_anew(self, sandbox, member_keys):
        cache: dict[str, t.Any] = {}
        reach(sandbox, cache, **member_keys)
        with pytest.raises(SkyError, match=HUB):
            reach(sandbox, cache, **PLAIN)

    def test_refused_keys(self, sandbox, member_keys):
        sandbox.emulator.fault("sts:GetCallerIdentity", "InvalidClientTokenId", "The security token is invalid")
        with pytest.raises(AWSError) as caught:
            reach(sandbox, **member_keys)
        assert "sts:GetCallerIdentity in account" in caught.value.message
        assert "give credentials that are valid now" in caught.value.message

    def test_from_the_environment(self, sandbox, member_keys, monkeypatch):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", member_keys["access_key"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", member_keys["secret_key"])
        found = reach(sandbox, **PLAIN, access_key=None, secret_key=None)
        assert found.identity.arn == sandbox.arn("user/bot")

    def test_none_at_all(self, sandbox):
        with pytest.raises(SkyError) as caught:
            reach(sandbox, access_key=None, secret_key=None)
        message = caught.value.message
        assert message.startswith(f"no credentials for account {sandbox.account_id}: give profile")
        assert "AWS_ACCESS_KEY_ID" in message
        assert calls(sandbox) == []

    def test_a_session_token_goes_with_its_keys(self, sandbox):
        arn = sandbox.arn("role/visitor")
        keys = sandbox.emulator.client("sts").assume_role(RoleArn=arn, RoleSessionName="me")["Credentials"]
        given = {"access_key": keys["AccessKeyId"], "secret_key": keys["SecretAccessKey"]}
        found = reach(sandbox, **PLAIN, **given, session_token=keys["SessionToken"])
        assert found.identity.account_id == sandbox.account_id


class TestAssume:
    @pytest.mark.parametrize(
        ("role", "resource"),
        [("Admin", "role/Admin"), ("/team/Admin", "role/team/Admin"), ("team/Admin", "role/team/Admin")],
    )
    def test_by_name_or_path(self, sandbox, role, resource):
        found = reach(sandbox, assume_role=role)
        assert [call["RoleArn"] for call in assumed(sandbox)] == [sandbox.arn(resource)]
        session = f"arn:aws:sts::{sandbox.account_id}:assumed-role/Admin/sky.aws"
        assert found.identity == Identity(sandbox.account_id, "aws", session)
        assert calls(sandbox) == ["sts:AssumeRole"]
        assert found.call("sts:GetCallerIdentity")["Arn"] == session

    def test_by_arn(self, sandbox):
        found = reach(sandbox, assume_role=sandbox.arn("role/team/Admin"))
        assert found.identity.arn == f"arn:aws:sts::{sandbox.account_id}:assumed-role/Admin/sky.aws"

    def test_what_is_sent(self, sandbox):
        reach(sandbox, external_id="tenant-7", session_name="rollout", session_duration=900)
        assert assumed(sandbox) == [
            {
                "RoleArn": sandbox.arn(f"role/{ROLE}"),
                "RoleSessionName": "rollout",
                "DurationSeconds": "900",
                "ExternalId": "tenant-7",
            }
        ]

    def test_no_external_id_is_sent_where_none_is_given(self, sandbox):
        reach(sandbox)
        assert "ExternalId" not in assumed(sandbox)[0]

    def test_external_id_from_the_environment(self, sandbox, monkeypatch):
        monkeypatch.setenv("SKY_EXTERNAL_ID", "tenant-8")
        reach(sandbox)
        assert assumed(sandbox)[0]["ExternalId"] == "tenant-8"

    def test_refused_it_names_role_and_caller(self, sandbox):
        caller = sandbox.emulator.client("sts").get_caller_identity()["Arn"]
        sandbox.emulator.fault("sts:AssumeRole", "AccessDenied", "not authorized", status=403)
        with pytest.raises(SkyError) as caught:
            reach(sandbox)
        message = caught.value.message
        assert f"sts:AssumeRole on {sandbox.arn(f'role/{ROLE}')} in account {sandbox.account_id}" in message
        assert f"The caller is {caller}" in message
        assert "trust" in message
        assert "\n" not in message
        assert MANAGEMENT["secret_key"] not in message

    def test_refused_with_keys_that_are_refused_too(self, sandbox):
        sandbox.emulator.fault("sts:*", "InvalidClientTokenId", "The token is invalid", status=403, times=2)
        with pytest.raises(SkyError, match=r"InvalidClientTokenId.*give credentials"):
            reach(sandbox)

    def test_partition_of_the_region(self, sandbox):
        reach(sandbox, region="cn-north-1", assume_role="/team/Admin")
        assert assumed(sandbox)[0]["RoleArn"] == f"arn:aws-cn:iam::{sandbox.account_id}:role/team/Admin"

    def test_identity_in_another_partition(self, sandbox):
        identity = reach(sandbox, region="us-gov-west-1").identity
        assert identity.partition == "aws-us-gov"
        assert identity.iam_arn("policy/x") == f"arn:aws-us-gov:iam::{sandbox.account_id}:policy/x"
        assert identity.aws_policy_arn("X") == "arn:aws-us-gov:iam::aws:policy/X"


class TestProfiles:
    def test_its_keys_are_used(self, sandbox, shared_files):
        shared_files(sandbox.emulator.url, profiles())
        assert reach(sandbox, **NO_KEYS, profile="hub").identity.account_id == sandbox.account_id

    def test_that_points_elsewhere(self, sandbox, shared_files):
        shared_files(sandbox.emulator.url, profiles())
        with pytest.raises(SkyError, match=rf"wrong account: .*{HUB}.*another profile"):
            reach(sandbox, **NO_KEYS, **PLAIN, profile="hub")

    def test_that_assumes_a_role_itself(self, sandbox, shared_files):
        shared_files(sandbox.emulator.url, profiles(member=sandbox.arn("role/Admin")))
        cache: dict[str, t.Any] = {}
        for _ in range(3):
            found = reach(sandbox, cache, **NO_KEYS, **PLAIN, profile="member")
            assert found.identity.account_id == sandbox.account_id
        assert calls(sandbox) == ["sts:AssumeRole", "sts:GetCallerIdentity"]

    def test_a_role_over_a_role(self, sandbox, shared_files):
        first = f"arn:aws:iam::{fresh_account_id()}:role/Broker"
        shared_files(sandbox.emulator.url, profiles(broker=first))
        cache: dict[str, t.Any] = {}
        for _ in range(2):
            reach(sandbox, cache, **NO_KEYS, profile="broker")
        assert [call["RoleArn"] for call in assumed(sandbox)] == [first, sandbox.arn(f"role/{ROLE}")]

    @pytest.mark.parametrize("assume_role", [None, ROLE])
    def test_that_assumes_a_role_and_is_refused(self, sandbox, shared_files, assume_role):
        shared_files(sandbox.emulator.url, profiles(member=sandbox.arn("role/Admin")))
        sandbox.emulator.fault("sts:AssumeRole", "AccessDenied", "not authorized", status=403, times=9)
        with pytest.raises(SkyError) as caught:
            reach(sandbox, **NO_KEYS, assume_role=assume_role, profile="member")
        assert "AccessDenied" in caught.value.message
        assert "\n" not in caught.value.message

    def test_that_nobody_wrote(self, sandbox, shared_files):
        shared_files(sandbox.emulator.url, profiles())
        with pytest.raises(SkyError, match=r"ProfileNotFound.*nobody.*correct profile"):
            reach(sandbox, **NO_KEYS, profile="nobody")
        assert calls(sandbox) == []

    def test_that_nobody_wrote_and_nobody_needs(self, sandbox, monkeypatch):
        """AWS_PROFILE is set for something else; keys are given."""
        monkeypatch.setenv("AWS_PROFILE", "nobody")
        try:
            found = reach(sandbox)
        except SkyError as error:
            assert "ProfileNotFound" in error.message  # noqa: PT017 - refused in one line will do as well
        else:
            assert found.identity.account_id == sandbox.account_id

    def test_its_region_is_used(self, sandbox, shared_files):
        shared_files(sandbox.emulator.url, "[profile hub]\nregion = eu-west-1\n" + profiles().partition("\n")[2])
        assert reach(sandbox, **NO_KEYS, profile="hub", region=None).region == "eu-west-1"

    def test_no_region_anywhere(self, sandbox):
        with pytest.raises(SkyError, match="region: give it"):
            reach(sandbox, region=None)


class TestSharing:
    def test_one_assume_for_each_account_and_run(self, sandbox):
        cache: dict[str, t.Any] = {}
        found = [reach(sandbox, cache).identity for _ in range(3)]
        assert len(set(found)) == 1
        assert calls(sandbox) == ["sts:AssumeRole"]

    def test_nothing_is_shared_without_a_cache(self, sandbox):
        reach(sandbox)
        reach(sandbox)
        assert calls(sandbox) == ["sts:AssumeRole"] * 2

    @pytest.mark.parametrize(
        "other",
        [
            {"access_key": "AKIAI44QH8DHBEXAMPLE"},
            {"external_id": "tenant-7"},
            {"assume_role": "Admin"},
            {"assume_role": f"/team/{ROLE}"},
            {"session_name": "rollout"},
            {"session_duration": 900},
            {"endpoint_url": "localhost"},
        ],
        ids=lambda other: next(iter(other)),
    )
    def test_who_asks_otherwise_never_shares(self, sandbox, other):
        if "endpoint_url" in other:
            other = {"endpoint_url": sandbox.emulator.url.replace("127.0.0.1", "localhost")}
        cache: dict[str, t.Any] = {}
        reach(sandbox, cache)
        reach(sandbox, cache, **other)
        assert calls(sandbox) == ["sts:AssumeRole"] * 2
        reach(sandbox, cache)
        reach(sandbox, cache, **other)
        assert calls(sandbox) == ["sts:AssumeRole"] * 2

    def test_another_account_never_shares(self, sandbox):
        cache: dict[str, t.Any] = {}
        other = Sandbox(sandbox.emulator, fresh_account_id())
        assert reach(sandbox, cache).identity.account_id == sandbox.account_id
        assert reach(other, cache).identity.account_id == other.account_id

    @pytest.mark.parametrize("configured", ["environment", "service", "profile", "services of the profile"])
    def test_another_configured_endpoint_never_shares(self, sandbox, shared_files, monkeypatch, tmp_path, configured):
        cache: dict[str, t.Any] = {}
        for host in ("127.0.0.1", "localhost"):
            url = sandbox.emulator.url.replace("127.0.0.1", host)
            shared_files(url, profiles())
            if configured != "environment":
                monkeypatch.delenv("AWS_ENDPOINT_URL")
            if configured == "service":
                monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
            if configured == "profile":
                (tmp_path / "config").write_text(f"{profiles()}endpoint_url = {url}\n")
            if configured == "services of the profile":
                services = f"services = hosts\n[services hosts]\nsts =\n  endpoint_url = {url}\n"
                (tmp_path / "config").write_text(profiles() + services)
            reach(sandbox, cache, **NO_KEYS, profile="hub")
        assert calls(sandbox) == ["sts:AssumeRole"] * 2

    def test_a_profile_that_assumes_a_role_never_shares_with_another_endpoint(self, sandbox, shared_files):
        cache: dict[str, t.Any] = {}
        for host in ("127.0.0.1", "localhost"):
            url = sandbox.emulator.url.replace("127.0.0.1", host)
            shared_files(url, profiles(member=sandbox.arn("role/Admin")))
            reach(sandbox, cache, **NO_KEYS, **PLAIN, profile="member")
        assert len(assumed(sandbox)) == 2

    def test_profiles_that_assume_the_same_role_with_other_keys_never_share(self, sandbox, shared_files):
        arn = sandbox.arn("role/Admin")
        other = profiles().replace("profile hub", "profile other").replace("AKIAIOSFODNN7", "AKIAI44QH8DHB")
        second = f"[profile second]\nrole_arn = {arn}\nsource_profile = other\n"
        shared_files(sandbox.emulator.url, f"{profiles(first=arn)}\n{other}\n{second}")
        cache: dict[str, t.Any] = {}
        for profile in ("first", "second"):
            reach(sandbox, cache, **NO_KEYS, **PLAIN, profile=profile)
        assert len(assumed(sandbox)) == 2

    @pytest.mark.parametrize(("seconds", "assumes"), [(-60, 2), (60, 2), (3000, 1)])
    def test_what_is_about_to_expire_is_not_used(self, sandbox, seconds, assumes):
        cache: dict[str, t.Any] = {}
        reach(sandbox, cache)
        expiry = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
        (kept,) = cache.values()
        kept["Credentials"]["Expiration"] = expiry.isoformat()
        reach(sandbox, cache)
        assert len(assumed(sandbox)) == assumes


class TestCacheFiles:
    def test_they_are_for_the_owner_only_and_hold_what_the_next_task_needs(self, sandbox, tmp_path):
        folder = tmp_path / "run"
        folder.mkdir(mode=0o700)
        for _ in range(2):
            reach(sandbox, JSONFileCache(str(folder)))
        files = list(folder.iterdir())
        assert [f"{path.stat().st_mode & 0o777:o}" for path in files] == ["600"]
        assert calls(sandbox) == ["sts:AssumeRole"]

    def test_no_name_tells_a_key_an_account_or_an_external_id(self, sandbox, tmp_path):
        reach(sandbox, JSONFileCache(str(tmp_path)), external_id="tenant-7")
        (path,) = tmp_path.iterdir()
        assert not any(word in path.name for word in ("tenant", sandbox.account_id, MANAGEMENT["access_key"]))

    def test_the_source_secret_is_not_kept(self, sandbox, tmp_path):
        reach(sandbox, JSONFileCache(str(tmp_path)))
        assert MANAGEMENT["secret_key"] not in "".join(path.read_text() for path in tmp_path.iterdir())

    @pytest.mark.parametrize("text", ["", "{"])
    def test_a_damaged_file_is_replaced(self, sandbox, tmp_path, text):
        reach(sandbox, JSONFileCache(str(tmp_path)))
        (path,) = tmp_path.iterdir()
        path.write_text(text)
        assert reach(sandbox, JSONFileCache(str(tmp_path))).identity.account_id == sandbox.account_id

    def test_a_proof_is_kept_too(self, sandbox, member_keys, tmp_path):
        for _ in range(2):
            reach(sandbox, JSONFileCache(str(tmp_path)), **member_keys)
        assert calls(sandbox) == ["sts:GetCallerIdentity"]
