# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys rotated in the embedded AWS, while its days go by: delivery, grace, faults, kills; and what an absent user leaves."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import time

import pytest

from ansible_collections.sky.aws.plugins.module_utils._account import Account
from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.tests.unit.key_scene import ACCOUNT, apis

CALL = Account.call
AGE = {"max_age_days": 90}
READS = ("Get", "List", "Describe")


class Killed(BaseException):
    """Stands for a SIGKILL: nothing in the collection catches it."""


@pytest.fixture
def aged(alice):
    """A user whose key was delivered a hundred days ago."""
    alice.run()
    alice.emulator.days_later(100)
    alice.emulator.clear_log()
    yield alice
    alice.emulator.days_later(0)


@pytest.fixture(autouse=True)
def calls_as_they_are():
    """Whatever a test did to them, and however it ended."""
    yield
    Account.call = CALL


def statuses(alice):
    listed = alice.iam.list_access_keys(UserName=alice.name)["AccessKeyMetadata"]
    return {key["AccessKeyId"]: key["Status"] for key in listed}


def assert_rotated(alice, old):
    """The old key is inactive and the new one delivered; nothing is left to do, until the grace is over."""
    new, _ = alice.delivered()
    assert statuses(alice) == {old: "Inactive", new: "Active"}
    assert alice.tags()["sky.aws/access-key"] == new
    again = alice.run(**AGE)
    assert (again["steps"], again["drift"], alice.warnings) == ([], [], [])
    assert again["access_key"]["access_key_id"] == new
    assert again["access_key"]["previous"]["access_key_id"] == old
    alice.emulator.days_later(106)
    assert alice.run()["steps"] == []
    alice.emulator.days_later(108)
    over = alice.run()
    assert apis(over) == ["iam:DeleteAccessKey"]
    assert over["access_key"]["previous"] is None
    alice.assert_delivered()


def test_an_old_key_is_rotated_and_deleted_after_its_grace(aged):
    old, old_secret = aged.delivered()
    planned = aged.run(check_mode=True, **AGE)
    assert aged.writes() == []
    made = aged.run(**AGE)
    carrier = [] if aged.is_file else ["secretsmanager:PutSecretValue"]
    assert apis(planned) == apis(made) == aged.writes()
    assert apis(made) == ["iam:TagUser", "iam:CreateAccessKey", *carrier, "iam:TagUser", "iam:UpdateAccessKey"]
    assert planned["access_key"].keys() == made["access_key"].keys()
    assert planned["access_key"]["previous"]["access_key_id"] == made["access_key"]["previous"]["access_key_id"] == old
    _, new_secret = aged.delivered()
    assert not any(secret in repr([planned, made, aged.warnings, aged.tags()]) for secret in (old_secret, new_secret))
    assert_rotated(aged, old)


def test_a_young_key_is_not_rotated(aged):
    assert aged.run(max_age_days=101)["steps"] == []


def test_no_grace_deletes_the_old_key_at_once(aged):
    made = aged.run(max_age_days=90, grace_days=0)
    assert apis(made)[-1] == "iam:DeleteAccessKey"
    aged.assert_delivered()


def test_reissue_and_rotation_do_not_fight(aged):
    old, _ = aged.delivered()
    aged.run(reissue=True, **AGE)
    new, _ = aged.delivered()
    assert aged.run(reissue=True, **AGE)["steps"] == []
    aged.lose()
    assert aged.run(**AGE)["steps"] == []
    aged.run(reissue=True, **AGE)
    assert not {old, new} & set(aged.key_ids())
    aged.assert_delivered()


def test_a_persons_key_is_left_and_so_is_ours(aged):
    person = aged.iam.create_access_key(UserName=aged.name)["AccessKey"]["AccessKeyId"]
    aged.emulator.clear_log()
    kept = aged.run(**AGE)
    assert (kept["steps"], aged.writes()) == ([], [])
    assert [difference["aspect"] for difference in kept["drift"]] == ["access_key_age", "access_keys"]
    assert person in aged.warnings[0]


def test_the_key_alone_leaves_the_user_alone(aged):
    aged.iam.tag_user(UserName=aged.name, Tags=[{"Key": "x", "Value": "1"}])
    aged.iam.attach_user_policy(UserName=aged.name, PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")
    old, _ = aged.delivered()
    made = aged.run(manage="access_key", **AGE)
    assert not {"iam:DetachUserPolicy", "iam:UntagUser"} & set(apis(made))
    assert made["access_key"]["previous"]["access_key_id"] == old


def test_the_key_alone_makes_no_user(alice):
    done = alice.run(manage="access_key", **AGE)
    assert (done["user"], done["access_key"], done["steps"], alice.writes()) == (None, None, [], [])
    assert done["drift"] == [{"aspect": "state", "declared": "present", "found": "absent"}]
    assert "does not exist" in alice.warnings[0]


# Faults and kills at every write


def writing(stop):
    """Have ``stop`` called around each write, with its number and whether it is before; a patch."""
    count = itertools.count(1)

    def call(account, api, target="", **arguments):
        if api.partition(":")[2].startswith(READS):
            return CALL(account, api, target, **arguments)
        number = next(count)
        stop(api, number, True)
        answer = CALL(account, api, target, **arguments)
        stop(api, number, False)
        return answer

    patch = pytest.MonkeyPatch()
    patch.setattr(Account, "call", call)
    return patch


WRITES = range(1, 6)


def has_write(alice, number):
    """A file takes one call less than a secret."""
    return number <= (4 if alice.is_file else 5)


@pytest.mark.parametrize("write", WRITES)
def test_a_rotation_that_fails_anywhere_is_finished_by_the_next_run(aged, write):
    old, _ = aged.delivered()

    def fail(api, number, is_before):
        if is_before and number == write:
            aged.emulator.fault(api, "AccessDenied", status=403, account=ACCOUNT)

    patch = writing(fail)
    expected = pytest.raises(SkyError, match="AccessDenied") if has_write(aged, write) else contextlib.nullcontext()
    with expected:
        aged.run(**AGE)
    patch.undo()
    usable, _ = aged.delivered()
    assert statuses(aged)[usable] == "Active"
    aged.run(**AGE)
    assert_rotated(aged, old)


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("write", WRITES)
def test_a_rotation_that_is_killed_anywhere_is_finished_by_the_next_run(aged, write, before):
    old, _ = aged.delivered()

    def kill(_api, number, is_before):
        if number == write and is_before is before:
            raise Killed

    patch = writing(kill)
    with pytest.raises(Killed) if has_write(aged, write) else contextlib.nullcontext():
        aged.run(**AGE)
    patch.undo()
    usable, _ = aged.delivered()
    assert statuses(aged)[usable] == "Active"
    assert len(aged.key_ids()) <= 2
    aged.run(**AGE)
    assert_rotated(aged, old)


def test_a_file_that_cannot_be_written_keeps_the_old_key(filed, monkeypatch):
    filed.run()
    filed.emulator.days_later(100)
    old = filed.delivered()

    def call(account, api, target="", **arguments):
        answer = CALL(account, api, target, **arguments)
        if api == "iam:CreateAccessKey":
            monkeypatch.setattr("os.fsync", full)
        return answer

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Account, "call", call)
        with pytest.raises(SkyError, match=r"No space left.*has been deleted again"):
            filed.run(**AGE)
    monkeypatch.undo()
    assert filed.delivered() == old
    assert statuses(filed) == {old[0]: "Active"}
    assert filed.tags()["sky.aws/access-key-intent"] == "settled"
    filed.emulator.days_later(0)


def test_a_key_that_is_delivered_stays_where_its_note_fails(aged):
    """The old key's secret is overwritten by then: to delete the new one would leave none."""
    old, _ = aged.delivered()
    numbers = itertools.count(1)

    def fail(api, _number, is_before):
        if is_before and api == "iam:TagUser" and next(numbers) == 2:
            aged.emulator.fault(api, "AccessDenied", status=403, account=ACCOUNT)

    patch = writing(fail)
    with pytest.raises(SkyError, match="the next run goes on from there"):
        aged.run(**AGE)
    patch.undo()
    new, _ = aged.delivered()
    assert statuses(aged) == {old: "Active", new: "Active"}
    assert apis(aged.run()) == ["iam:TagUser", "iam:UpdateAccessKey"]
    assert_rotated(aged, old)


@pytest.fixture
def naps(monkeypatch):
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


def test_two_runs_at_once_rotate_once(aged, naps):
    """The slower one finds no room, and looks again. The key that the faster one made is not its own to delete."""
    old, _ = aged.delivered()

    def outrun(api, _number, is_before):
        if api == "iam:CreateAccessKey" and is_before:
            patch.undo()
            aged.run(**AGE)

    patch = writing(outrun)
    assert aged.run(**AGE)["access_key"]["access_key_id"] == aged.delivered()[0]
    assert naps == [2]
    assert_rotated(aged, old)


@pytest.mark.parametrize(
    ("alice", "way"),
    [("file", "new"), ("file", "reissue"), ("secret", "rotation")],
    indirect=["alice"],
)
def test_a_second_run_at_any_moment_of_the_first_leaves_one_key(alice, naps, way):
    """Between any two calls of a run another one does all its work. Both succeed, and one key is active: the delivered.

    One moment is left out: from the first run's last look, which finds it alone, to its next call, PutSecretValue.
    """
    options = {"new": {}, "reissue": {"reissue": True}, "rotation": AGE}[way]
    for moment in itertools.count(2):  # the first call is the first look
        alice.name, alice.profile = f"{alice.name}x", f"{alice.profile}x"
        alice.place = alice.place if alice.is_file else {"secret": f"sky/{alice.name}"}
        alice.emulator.days_later(0)
        if way != "new":
            alice.run()
        if way == "reissue":
            alice.lose()
        alice.emulator.days_later(100 if way == "rotation" else 0)
        numbers = itertools.count(1)

        def call(account, api, target="", *, numbers=numbers, moment=moment, **arguments):
            if next(numbers) >= moment and api != "secretsmanager:PutSecretValue":
                Account.call = CALL
                alice.run(**options)
            return CALL(account, api, target, **arguments)

        Account.call = call
        alice.run(**options)
        is_over, Account.call = Account.call is call, CALL
        active = [key for key, status in statuses(alice).items() if status == "Active"]
        assert active == [alice.delivered()[0]] == [alice.tags()["sky.aws/access-key"]], moment
        again = alice.run(**options)
        assert (again["steps"], again["drift"]) == ([], []), moment
        if is_over:
            break
    assert moment > 6


def test_a_key_that_a_person_makes_meanwhile_is_left(aged, naps):
    old, _ = aged.delivered()
    made = []

    def outrun(api, _number, is_before):
        if api == "iam:CreateAccessKey" and is_before:
            made.append(aged.iam.create_access_key(UserName=aged.name)["AccessKey"]["AccessKeyId"])

    patch = writing(outrun)
    kept = aged.run(**AGE)
    patch.undo()
    assert made[0] in aged.warnings[0]
    assert [difference["aspect"] for difference in kept["drift"]] == ["access_key_age", "access_keys"]
    assert statuses(aged) == {old: "Active", made[0]: "Active"}
    assert aged.tags()["sky.aws/access-key-intent"] == "settled"


# Absent users


def absent(alice, **options):
    return alice.run(state="absent", **options)


def test_a_rotated_user_goes_with_both_keys(aged):
    aged.run(**AGE)
    gone = absent(aged)
    assert apis(gone) == ["iam:DeleteAccessKey", "iam:DeleteAccessKey", "iam:DeleteUser"]
    assert absent(aged)["steps"] == []


def test_a_half_made_key_is_ours_to_delete(alice):
    def kill(api, _number, is_before):
        if api == "iam:CreateAccessKey" and not is_before:
            raise Killed

    patch = writing(kill)
    with pytest.raises(Killed):
        alice.run()
    patch.undo()
    planned = absent(alice, check_mode=True)
    gone = absent(alice)
    assert apis(planned) == apis(gone) == ["iam:DeleteAccessKey", "iam:DeleteUser"]


def test_keys_are_made_inactive_and_the_user_stays(alice):
    alice.run()
    key_id, _ = alice.delivered()
    person = alice.iam.create_access_key(UserName=alice.name)["AccessKey"]["AccessKeyId"]
    done = absent(alice, absent_keys="deactivate_ours")
    assert apis(done) == ["iam:UpdateAccessKey"]
    assert done["diff"]["after"]["access_keys"] == {key_id: "Inactive", person: "Active"}
    assert statuses(alice) == {key_id: "Inactive", person: "Active"}
    assert absent(alice, absent_keys="deactivate_ours")["steps"] == []
    assert apis(absent(alice, absent_keys="deactivate_all")) == ["iam:UpdateAccessKey"]
    assert set(statuses(alice).values()) == {"Inactive"}
    with pytest.raises(SkyError, match=rf"{person}.*or set absent_keys to delete_all"):
        absent(alice)
    gone = absent(alice, absent_keys="delete_all")
    assert apis(gone) == ["iam:DeleteAccessKey", "iam:DeleteAccessKey", "iam:DeleteUser"]


def test_a_virtual_mfa_device_goes_with_its_user(alice):
    alice.run()
    device = alice.iam.create_virtual_mfa_device(VirtualMFADeviceName=alice.name)["VirtualMFADevice"]["SerialNumber"]
    codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
    alice.iam.enable_mfa_device(UserName=alice.name, SerialNumber=device, **codes)
    alice.emulator.clear_log()
    gone = absent(alice)
    assert apis(gone) == alice.writes()
    assert apis(gone)[1:3] == ["iam:DeactivateMFADevice", "iam:DeleteVirtualMFADevice"]
    devices = alice.iam.list_virtual_mfa_devices()["VirtualMFADevices"]
    assert device not in [found["SerialNumber"] for found in devices]


def test_the_notes_tell_when_the_grace_is_over(aged):
    aged.run(max_age_days=90, grace_days=3)
    _, until, _ = aged.tags()["sky.aws/access-key-intent"].split(" ")
    left = datetime.datetime.fromisoformat(until) - datetime.datetime.now(datetime.UTC)
    assert round(left.total_seconds() / 86400) == 103
