# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys issued against the embedded AWS: delivery, second runs, reissue, the limit of two, secrets."""

from __future__ import annotations

import json

import pytest

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.tests.unit.key_scene import ACCOUNT, Scene, apis


def test_a_first_run_delivers_and_a_second_changes_nothing(alice):
    planned = alice.run(check_mode=True)
    assert alice.writes() == []
    made = alice.run()
    assert made["changed"]
    assert planned["steps"] == made["steps"]
    carrier = [] if alice.is_file else ["secretsmanager:CreateSecret"]
    assert (
        apis(made)
        == ["iam:CreateUser", "iam:TagUser", "iam:CreateAccessKey", *carrier, "iam:TagUser"]
        == alice.writes()
    )
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
    (old,) = alice.key_ids()
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
    assert alice.key_ids() != [old]
    alice.assert_delivered()
    assert not alice.run(reissue=True)["changed"]


def test_a_deleted_or_inactive_key_is_made_anew_when_asked(alice):
    alice.run()
    (old,) = alice.key_ids()
    alice.iam.update_access_key(UserName=alice.name, AccessKeyId=old, Status="Inactive")
    assert not alice.run()["changed"]
    alice.run(reissue=True)
    (new,) = alice.key_ids()
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
    assert person in alice.key_ids()
    assert len(alice.key_ids()) == 2
    assert alice.run()["drift"] == [{"aspect": "access_keys", "declared": [], "found": [person]}]


def test_no_room_is_an_error_before_any_write(alice):
    alice.iam.create_user(UserName=alice.name)
    for _ in range(2):
        alice.iam.create_access_key(UserName=alice.name)
    alice.emulator.clear_log()
    with pytest.raises(SkyError, match="delete one by hand"):
        alice.run()
    assert alice.writes() == []


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


def test_a_user_that_is_made_again_gets_a_key_of_its_own(alice):
    alice.run()
    (old,) = alice.key_ids()
    alice.iam.delete_access_key(UserName=alice.name, AccessKeyId=old)
    alice.iam.delete_user(UserName=alice.name)
    alice.run()
    assert alice.key_ids() != [old]
    alice.assert_delivered()
