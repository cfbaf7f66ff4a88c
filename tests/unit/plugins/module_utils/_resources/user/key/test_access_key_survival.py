# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys when AWS refuses, a run is killed, or an answer is lost: never a key that is not delivered."""

from __future__ import annotations

import copy
import itertools
import time
import traceback

import pytest

from ansible_collections.sky.aws.plugins.module_utils._account import Account
from ansible_collections.sky.aws.plugins.module_utils._errors import AWSError, SkyError
from ansible_collections.sky.aws.tests.unit.key_scene import ACCOUNT, apis

CALL = Account.call


class Killed(BaseException):
    """Stands for a SIGKILL: nothing in the collection catches it."""


# Failures


def failing(alice, api, nth, **delivery):
    """The error of a run in which the nth call of an api is refused."""
    before, count = Account.call, itertools.count(1)

    def call(account, called, target="", **arguments):
        if called == api and next(count) == nth:
            alice.emulator.fault(api, "AccessDenied", status=403, account=ACCOUNT)
        return before(account, called, target, **arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Account, "call", call)
        with pytest.raises(SkyError) as caught:
            alice.run(**delivery)
    return caught.value


def performed(error):
    return [step["api"] for step in error.steps]


@pytest.mark.parametrize("api", ["iam:CreateUser", "iam:TagUser"])
def test_a_call_that_came_together_with_another_is_repeated(filed, monkeypatch, api):
    """As IAM says it; nothing of a refused call was done."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    for _number in range(2):
        filed.emulator.fault(api, "ConcurrentModification", status=409, account=ACCOUNT)
    assert apis(filed.run()) == ["iam:CreateUser", "iam:TagUser", "iam:CreateAccessKey", "iam:TagUser"]
    filed.assert_delivered()


def test_a_refused_key_leaves_no_note(alice):
    error = failing(alice, "iam:CreateAccessKey", 1)
    assert performed(error) == ["iam:CreateUser", "iam:TagUser", "iam:UntagUser"]
    assert alice.key_ids() == []
    assert alice.tags().keys() == {"sky.aws/managed-by"}


def test_a_refused_note_leaves_no_key(alice):
    error = failing(alice, "iam:TagUser", 2)
    assert performed(error)[-2:] == ["iam:DeleteAccessKey", "iam:UntagUser"]
    assert "that was made has been deleted again." in error.message
    assert alice.key_ids() == []
    assert alice.tags().keys() == {"sky.aws/managed-by"}
    if alice.is_file:
        assert "It was taken out of" in error.message
        assert alice.delivered() is None
    alice.run()
    alice.assert_delivered()


def test_a_refused_intent_makes_no_key(alice):
    assert performed(failing(alice, "iam:TagUser", 1)) == ["iam:CreateUser"]
    assert alice.key_ids() == []


def test_a_secret_that_cannot_be_made_leaves_no_key(secreted):
    error = failing(secreted, "secretsmanager:CreateSecret", 1)
    assert secreted.key_ids() == []
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
    assert filed.key_ids() == []
    assert [step["api"] for step in caught.value.steps][-1] == "iam:DeleteAccessKey"
    filed.path.rmdir()
    filed.run()
    filed.assert_delivered()


def test_a_failing_reissue_leaves_the_old_state(alice):
    alice.run()
    (old,) = alice.key_ids()
    alice.lose()
    failing(alice, "iam:TagUser", 2, reissue=True)
    assert alice.key_ids() == [old]
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
        error = failing(alice, "iam:TagUser", 2)
    assert "Clearing up failed as well" in error.message
    assert len(alice.key_ids()) == 1
    alice.run()
    alice.assert_delivered()


def test_no_secret_in_any_trace_of_a_failure(alice):
    secrets = []

    def call(account, api, target="", **arguments):
        answer = CALL(account, api, target, **arguments)
        if api == "iam:CreateAccessKey":
            secrets.append(answer["AccessKey"]["SecretAccessKey"])
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Account, "call", call)
        error = failing(alice, "iam:TagUser", 2)
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
def test_a_run_killed_twice_is_finished_by_the_third(filed, writes):
    for write in writes:
        killed(filed, write, before=False)
    filed.run()
    filed.assert_delivered()


def test_a_killed_run_plans_what_it_does(alice):
    killed(alice, 3, before=False)
    planned = alice.run(check_mode=True)
    alice.emulator.clear_log()
    made = alice.run()
    assert planned["steps"] == made["steps"]
    assert apis(made) == alice.writes()
    assert apis(made)[0] == "iam:DeleteAccessKey"


# A lost answer: botocore repeats the call, and IAM makes a second key.


def losing(alice):
    def call(account, api, target="", **arguments):
        if api != "iam:CreateAccessKey":
            return CALL(account, api, target, **arguments)
        CALL(account, api, target, **arguments)
        try:
            answer = copy.deepcopy(CALL(account, api, target, **arguments))
        except AWSError as error:
            error.repeats_lost = True
            raise
        answer["ResponseMetadata"]["RetryAttempts"] = 1
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Account, "call", call)
        return alice.run()


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
    assert alice.key_ids() == [person]
    alice.run()
    assert len(alice.key_ids()) == 2
