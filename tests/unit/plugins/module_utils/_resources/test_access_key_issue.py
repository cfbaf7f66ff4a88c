# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys issued against the embedded AWS: delivery, failures, kills, lost answers, the limit of two."""

from __future__ import annotations

import copy
import itertools
import json
import traceback

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.sky.aws.demo import launch
from ansible_collections.sky.aws.plugins.module_utils import _plan
from ansible_collections.sky.aws.plugins.module_utils._account import Account
from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._resources import user
from ansible_collections.sky.aws.tests.emulator.server import Emulator
from botocore.configloader import raw_config_parse

ACCOUNT = "111122223333"
NUMBERS = itertools.count()


class Killed(BaseException):
    """Stands for a SIGKILL: nothing in the collection catches it."""


@pytest.fixture(scope="module")
def emulator():
    with Emulator({"MOTO_IAM_LOAD_MANAGED_POLICIES": "false"}) as running:
        yield running


@pytest.fixture(params=["file", "secret"])
def alice(request, emulator, tmp_path):
    return Scene(emulator, tmp_path, request.param)


@pytest.fixture
def filed(emulator, tmp_path):
    return Scene(emulator, tmp_path, "file")


@pytest.fixture
def secreted(emulator, tmp_path):
    return Scene(emulator, tmp_path, "secret")


class Scene:
    """A user of its own, and what was delivered for it."""

    CACHE: dict = {}

    def __init__(self, emulator, folder, kind):
        self.name = f"alice{next(NUMBERS)}"
        self.emulator = emulator
        self.iam = emulator.client("iam", ACCOUNT)
        self.secrets = emulator.client("secretsmanager", ACCOUNT)
        self.path = folder / "aws" / "credentials"
        self.profile = f"{ACCOUNT}-{self.name}"
        self.is_file = kind == "file"
        self.place = {"file": str(self.path)} if self.is_file else {"secret": f"sky/{self.name}"}
        emulator.clear_faults()
        emulator.clear_log()

    def run(self, *, check_mode=False, state="present", **delivery):
        options = {
            "account_id": ACCOUNT,
            "region": "us-east-1",
            "endpoint_url": self.emulator.url,
            "assume_role": "OrganizationAccountAccessRole",
            "access_key": launch.MANAGEMENT["aws_access_key_id"],
            "secret_key": launch.MANAGEMENT["aws_secret_access_key"],
            "aws_config": {"retries": {"mode": "standard", "max_attempts": 1}},
            "name": self.name,
            "state": state,
            "access_key_delivery": {**self.place, **delivery},
        }
        validation = ArgumentSpecValidator(_plan.argument_spec(user)).validate(options)
        assert validation.error_messages == []
        self.warnings = []
        params = validation.validated_parameters
        return _plan.run(user, params, check_mode=check_mode, warn=self.warnings.append, cache=self.CACHE)

    def keys(self):
        return [key["AccessKeyId"] for key in self.iam.list_access_keys(UserName=self.name)["AccessKeyMetadata"]]

    def tags(self):
        return {tag["Key"]: tag["Value"] for tag in self.iam.list_user_tags(UserName=self.name)["Tags"]}

    def delivered(self):
        """The delivered key as ``(id, secret)``; None where there is none."""
        if self.is_file:
            found = raw_config_parse(str(self.path)).get(self.profile) if self.path.exists() else None
        else:
            names = [secret["Name"] for secret in self.secrets.list_secrets()["SecretList"]]
            name = self.place["secret"]
            found = json.loads(self.secrets.get_secret_value(SecretId=name)["SecretString"]) if name in names else None
        return (found["aws_access_key_id"], found["aws_secret_access_key"]) if found else None

    def lose(self):
        """What was delivered is gone, as an execution environment's files are when its job ends."""
        if self.is_file:
            self.path.unlink()
        else:
            self.secrets.delete_secret(SecretId=self.place["secret"], ForceDeleteWithoutRecovery=True)

    def writes(self):
        return [call["api"] for call in self.emulator.writes(ACCOUNT)]

    def assert_delivered(self):
        """Exactly one key, it is the delivered one, it works, and nothing is left to do."""
        (key_id,) = self.keys()
        delivered = self.delivered()
        assert delivered[0] == key_id
        assert self.tags()["sky.aws/access-key"] == key_id
        assert self.tags()["sky.aws/access-key-intent"].startswith("settled")
        again = self.run()
        assert (again["changed"], again["steps"], again["drift"], self.warnings) == (False, [], [], [])
        assert again["access_key"]["access_key_id"] == key_id
        return again


def apis(result):
    return [step["api"] for step in result["steps"]]


def test_a_first_run_delivers_and_a_second_changes_nothing(alice):
    planned = alice.run(check_mode=True)
    assert alice.writes() == []
    made = alice.run()
    assert made["changed"]
    assert planned["steps"] == made["steps"]
    carrier = [] if alice.is_file else ["secretsmanager:CreateSecret"]
    assert apis(made) == ["iam:CreateUser", "iam:TagUser", "iam:CreateAccessKey", *carrier, "iam:TagUser"] == alice.writes()
    assert planned["access_key"] == {**made["access_key"], "access_key_id": None, "create_date": None}
    assert planned.keys() == made.keys()
    again = alice.assert_delivered()
    assert again["access_key"] == made["access_key"]
    assert again["user"]["tags"] == made["user"]["tags"]
    assert alice.run(reissue=True)["steps"] == []


def test_a_delivered_key_costs_one_call_more(alice):
    alice.run()
    alice.emulator.clear_log()
    alice.run()
    calls = [call["api"] for call in alice.emulator.calls(ACCOUNT)]
    read = ["iam:GetUser", "iam:ListAttachedUserPolicies", "iam:ListUserPolicies"]
    place = [] if alice.is_file else ["secretsmanager:DescribeSecret"]
    assert calls == [*read, *place, "iam:ListAccessKeys"]


def test_the_secret_is_nowhere_but_in_its_place(alice):
    planned, made, again = alice.run(check_mode=True), alice.run(), alice.run()
    _, secret = alice.delivered()
    assert secret not in repr([planned, made, again, alice.warnings, alice.tags()])


def test_a_lost_delivery_is_reported_and_made_anew_when_asked(alice):
    alice.run()
    (old,) = alice.keys()
    alice.lose()
    reported = alice.run()
    assert not reported["changed"]
    assert [difference["aspect"] for difference in reported["drift"]] == ["access_key"]
    assert "reissue" in alice.warnings[0]
    planned = alice.run(check_mode=True, reissue=True)
    alice.emulator.clear_log()
    made = alice.run(reissue=True)
    assert planned["steps"] == made["steps"]
    assert apis(made) == alice.writes()
    assert apis(made)[-1] == "iam:DeleteAccessKey"
    assert alice.keys() != [old]
    alice.assert_delivered()
    assert not alice.run(reissue=True)["changed"]


def test_a_deleted_or_inactive_key_is_made_anew_when_asked(alice):
    alice.run()
    (old,) = alice.keys()
    alice.iam.update_access_key(UserName=alice.name, AccessKeyId=old, Status="Inactive")
    assert not alice.run()["changed"]
    alice.run(reissue=True)
    (new,) = alice.keys()
    assert new != old
    alice.iam.delete_access_key(UserName=alice.name, AccessKeyId=new)
    assert not alice.run()["changed"]
    alice.run(reissue=True)
    alice.assert_delivered()


def test_a_persons_key_is_never_touched(alice):
    alice.run()
    person = alice.iam.create_access_key(UserName=alice.name)["AccessKey"]["AccessKeyId"]
    alice.lose()
    alice.emulator.clear_log()
    made = alice.run(reissue=True)
    assert apis(made)[0] == "iam:DeleteAccessKey"
    assert alice.writes() == apis(made)
    assert person in alice.keys()
    assert len(alice.keys()) == 2
    assert alice.run()["drift"] == [{"aspect": "access_keys", "declared": [], "found": [person]}]


def test_no_room_is_an_error_before_any_write(alice):
    alice.iam.create_user(UserName=alice.name)
    for _ in range(2):
        alice.iam.create_access_key(UserName=alice.name)
    alice.emulator.clear_log()
    with pytest.raises(SkyError, match="delete one by hand"):
        alice.run()
    assert alice.writes() == []


# Failures


def failing(alice, api, nth, **delivery):
    """Run while the nth call of an api is refused."""
    count = itertools.count(1)

    def call(account, called, target="", **arguments):
        if called == api and next(count) == nth:
            alice.emulator.fault(api, "AccessDenied", status=403, account=ACCOUNT)
        return CALL(account, called, target, **arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Account, "call", call)
        with pytest.raises(SkyError) as caught:
            alice.run(**delivery)
    return caught.value


CALL = Account.call


@pytest.mark.parametrize(("api", "nth"), [("iam:CreateAccessKey", 1), ("iam:TagUser", 2), ("iam:TagUser", 1)])
def test_a_failure_leaves_no_key(alice, api, nth):
    error = failing(alice, api, nth)
    assert alice.keys() == []
    assert alice.tags().keys() == {"sky.aws/managed-by"}
    performed = [step["api"] for step in error.steps]
    refused = performed.index("iam:DeleteAccessKey") if nth == 2 else len(performed)
    if api == "iam:CreateAccessKey":
        assert performed == ["iam:CreateUser", "iam:TagUser", "iam:UntagUser"]
    if nth == 2:
        assert "has been deleted again" in error.message
        assert performed[refused:] == ["iam:DeleteAccessKey", "iam:UntagUser"]
        if alice.is_file:
            assert "It was taken out of" in error.message
            assert alice.delivered() is None
    alice.run()
    alice.assert_delivered()


def test_a_secret_that_cannot_be_made_leaves_no_key(secreted):
    error = failing(secreted, "secretsmanager:CreateSecret", 1)
    assert secreted.keys() == []
    assert "secretsmanager:CreateSecret" in error.message
    assert "has been deleted again" in error.message
    secreted.run()
    secreted.assert_delivered()


def test_a_file_that_cannot_be_written_leaves_no_key(filed):
    def call(account, api, target="", **arguments):
        answer = CALL(account, api, target, **arguments)
        if api == "iam:CreateAccessKey":
            filed.path.mkdir(parents=True)
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Account, "call", call)
        with pytest.raises(SkyError, match=r"not a regular file.* has been deleted again") as caught:
            filed.run()
    assert filed.keys() == []
    assert [step["api"] for step in caught.value.steps][-1] == "iam:DeleteAccessKey"
    filed.path.rmdir()
    filed.run()
    filed.assert_delivered()


def test_a_failing_reissue_leaves_the_old_state(alice):
    alice.run()
    (old,) = alice.keys()
    alice.lose()
    failing(alice, "iam:TagUser", 2, reissue=True)
    assert alice.keys() == [old]
    assert (alice.tags()["sky.aws/access-key"], alice.tags()["sky.aws/access-key-intent"]) == (old, "settled")
    alice.run(reissue=True)
    alice.assert_delivered()


def test_what_cannot_be_cleared_up_is_left_to_the_next_run(alice):
    def refuse(account, api, target="", **arguments):
        if api == "iam:DeleteAccessKey":
            alice.emulator.fault(api, "AccessDenied", status=403, account=ACCOUNT)
        return CALL(account, api, target, **arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Account, "call", refuse)
        error = failing_tag(alice)
    assert "Clearing up failed as well" in error.message
    assert len(alice.keys()) == 1
    alice.run()
    alice.assert_delivered()


def failing_tag(alice):
    before, count = Account.call, itertools.count(1)

    def call(account, api, target="", **arguments):
        if api == "iam:TagUser" and next(count) == 2:
            alice.emulator.fault(api, "AccessDenied", status=403, account=ACCOUNT)
        return before(account, api, target, **arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Account, "call", call)
        with pytest.raises(SkyError) as caught:
            alice.run()
    return caught.value


def test_no_secret_in_any_trace_of_a_failure(alice):
    secrets = []

    def call(account, api, target="", **arguments):
        answer = CALL(account, api, target, **arguments)
        if api == "iam:CreateAccessKey":
            secrets.append(answer["AccessKey"]["SecretAccessKey"])
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Account, "call", call)
        error = failing_tag(alice)
    trace = traceback.TracebackException.from_exception(error, capture_locals=False)
    assert secrets
    assert not any(secrets[0] in line for line in trace.format())


# Kills


def killed(alice, write, *, before, **delivery):
    """Run until the nth write call; killed before it is made, or after it took effect. False where there are fewer."""
    reads = ("Get", "List", "Describe")
    count = itertools.count(1)

    def call(account, api, target="", **arguments):
        is_write = not api.partition(":")[2].startswith(reads)
        is_last = is_write and next(count) == write
        if is_last and before:
            raise Killed
        answer = CALL(account, api, target, **arguments)
        if is_last:
            raise Killed
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Account, "call", call)
        try:
            alice.run(**delivery)
        except Killed:
            return True
    return False


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("write", range(1, 6))
def test_a_killed_run_is_finished_by_the_next(alice, write, before):
    assert killed(alice, write, before=before) == (write <= (4 if alice.is_file else 5))
    alice.run()
    alice.assert_delivered()


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("write", range(1, 6))
def test_a_killed_reissue_is_finished_by_the_next(alice, write, before):
    alice.run()
    alice.lose()
    assert killed(alice, write, before=before, reissue=True) == (write <= (4 if alice.is_file else 5))
    alice.run(reissue=True)
    alice.assert_delivered()


@pytest.mark.parametrize("writes", list(itertools.product([2, 3, 4], [1, 2, 3, 4])))
def test_a_run_killed_twice_is_finished_by_the_third(alice, writes):
    for write in writes:
        killed(alice, write, before=False)
    alice.run()
    alice.assert_delivered()


def test_a_killed_run_plans_what_it_does(alice):
    killed(alice, 3, before=False)
    planned = alice.run(check_mode=True)
    alice.emulator.clear_log()
    made = alice.run()
    assert planned["steps"] == made["steps"]
    assert apis(made) == alice.writes()
    assert apis(made)[0] == "iam:DeleteAccessKey"


# A lost answer: botocore repeats the call, and IAM makes a second key.


def losing(alice, *, final_error=False, **delivery):
    def call(account, api, target="", **arguments):
        if api != "iam:CreateAccessKey":
            return CALL(account, api, target, **arguments)
        CALL(account, api, target, **arguments)
        answer = copy.deepcopy(CALL(account, api, target, **arguments))
        answer["ResponseMetadata"]["RetryAttempts"] = 1
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Account, "call", call)
        return alice.run(**delivery)


def test_the_surplus_key_of_a_lost_answer_is_deleted(alice):
    alice.emulator.clear_log()
    made = losing(alice)
    assert apis(made).count("iam:DeleteAccessKey") == 1
    writes = alice.writes()
    writes.remove("iam:CreateAccessKey")
    assert apis(made) == writes
    alice.assert_delivered()


def test_a_lost_answer_at_the_limit_leaves_no_key_of_ours(alice):
    alice.iam.create_user(UserName=alice.name)
    person = alice.iam.create_access_key(UserName=alice.name)["AccessKey"]["AccessKeyId"]
    with pytest.raises(SkyError, match="LimitExceeded"):
        losing(alice)
    assert alice.keys() == [person]
    alice.run()
    assert len(alice.keys()) == 2


# The secret


def test_the_secret_says_whose_it_is(secreted):
    secreted.run()
    described = secreted.secrets.describe_secret(SecretId=secreted.place["secret"])
    assert {tag["Key"]: tag["Value"] for tag in described["Tags"]} == {
        "sky.aws/managed-by": "sky.aws",
        "sky.aws/user": secreted.name,
    }
    value = json.loads(secreted.secrets.get_secret_value(SecretId=secreted.place["secret"])["SecretString"])
    assert value.keys() == {"aws_access_key_id", "aws_secret_access_key", "account_id", "user_name"}


def test_a_secret_of_others_is_refused_before_any_write(secreted):
    secreted.secrets.create_secret(Name=secreted.place["secret"], SecretString="mine")
    secreted.emulator.clear_log()
    with pytest.raises(SkyError, match="was not made by this collection"):
        secreted.run()
    assert secreted.writes() == []


def test_two_users_do_not_share_a_secret(secreted, emulator, tmp_path):
    secreted.run()
    bob = Scene(emulator, tmp_path, "secret")
    bob.place = secreted.place
    with pytest.raises(SkyError, match="is for the key of another user"):
        bob.run()
    assert bob.writes() == []


def test_a_secret_that_is_scheduled_for_deletion_is_restored(secreted):
    secreted.run()
    secreted.secrets.delete_secret(SecretId=secreted.place["secret"])
    assert not secreted.run()["changed"]
    made = secreted.run(reissue=True)
    assert apis(made) == [
        "secretsmanager:RestoreSecret",
        "iam:TagUser",
        "iam:CreateAccessKey",
        "secretsmanager:PutSecretValue",
        "iam:TagUser",
        "iam:DeleteAccessKey",
    ]
    secreted.assert_delivered()


def test_readers_are_kept_in_the_resource_policy(secreted):
    readers = ["arn:aws:iam::111122223333:role/ci"]
    assert "secretsmanager:PutResourcePolicy" in apis(secreted.run(readers=readers))
    assert not secreted.run(readers=readers)["changed"]
    (put,) = [call for call in secreted.emulator.calls(ACCOUNT) if call["api"] == "secretsmanager:PutResourcePolicy"]
    assert put["params"]["BlockPublicPolicy"] is True
    changed = secreted.run(readers=["arn:aws:iam::111122223333:role/other"])
    assert apis(changed) == ["secretsmanager:PutResourcePolicy"]
    assert apis(secreted.run(readers=[])) == ["secretsmanager:DeleteResourcePolicy"]
    assert not secreted.run(readers=[])["changed"]
    assert not secreted.run()["changed"]


def test_the_kms_key_is_kept(secreted):
    secreted.run(kms_key_id="alias/one")
    assert not secreted.run(kms_key_id="alias/one")["changed"]
    assert apis(secreted.run(kms_key_id="alias/two")) == ["secretsmanager:UpdateSecret"]
    assert not secreted.run(kms_key_id="alias/two")["changed"]
    secreted.assert_delivered()


# Removal


def test_an_absent_user_goes_with_its_key(alice):
    alice.run()
    gone = alice.run(state="absent")
    assert apis(gone) == ["iam:DeleteAccessKey", "iam:DeleteUser"]
    assert gone["access_key"] is None
    alice.run()
    alice.assert_delivered()
