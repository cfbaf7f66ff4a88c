# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a user without a key: current and declared in, steps, drift and warnings out."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._identity import Identity
from ansible_collections.sky.aws.plugins.module_utils._resources._principal import Rights
from ansible_collections.sky.aws.plugins.module_utils._resources.user import RESOURCE as user
from ansible_collections.sky.aws.plugins.module_utils._resources.user.found import Found
from ansible_collections.sky.aws.plugins.module_utils._resources.user.key.key import Key
from ansible_collections.sky.aws.plugins.module_utils._resources.user.key.notes import Intent, Notes
from ansible_collections.sky.aws.plugins.module_utils._resources.user.removal import Belongings
from ansible_collections.sky.aws.tests.unit.sandbox import params

ME = Identity("111122223333", "aws", "arn:aws:iam::111122223333:user/me")
OURS = {"sky.aws/managed-by": "sky.aws"}
POLICY = "arn:aws:iam::111122223333:policy/minimal-skypilot-policy"
BYHAND = "arn:aws:iam::111122223333:policy/by-hand"
S3 = "arn:aws:iam::aws:policy/AmazonS3FullAccess"


def found(
    tags: t.Mapping[str, str] = OURS,
    attached: t.Sequence[str] = (POLICY,),
    inline: t.Sequence[str] = (),
    belongings: Belongings | None = None,
    **more: t.Any,
) -> Found:
    """A user of ours as declared, unless told otherwise."""
    described = {
        "Arn": "arn:aws:iam::111122223333:user/alice",
        "UserName": "alice",
        "UserId": "AIDA",
        "Path": "/",
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        **more,
    }
    return Found(described, Rights(tuple(attached), tuple(inline)), belongings=belongings)


NOBODY = Found(None)
LIMITED = {"PermissionsBoundary": {"PermissionsBoundaryArn": BYHAND}}


def plan(current: Found, **options: t.Any):
    return user.plan(current, params(user, **{"name": "alice", "policies": [POLICY], **options}), ME)


def steps(current: Found, **options: t.Any) -> list[str]:
    return [step.api.removeprefix("iam:") for step in plan(current, **options).steps]


@pytest.mark.parametrize(
    ("current", "options", "expected"),
    [
        (NOBODY, {}, ["CreateUser", "AttachUserPolicy"]),
        (NOBODY, {"s3_access": True}, ["CreateUser", "AttachUserPolicy", "AttachUserPolicy"]),
        (NOBODY, {"policies": [], "permissions_boundary": BYHAND}, ["CreateUser"]),
        (NOBODY, {"state": "absent"}, []),
        (found(), {}, []),
        (found(), {"existing": "fail"}, []),
        (found(attached=[BYHAND]), {}, ["AttachUserPolicy", "DetachUserPolicy"]),
        (found(attached=[POLICY, BYHAND]), {"purge_policies": False}, []),
        (found(attached=[POLICY, S3]), {"s3_access": True}, []),
        (found(Path="/old/"), {}, ["UpdateUser"]),
        (found(), {"path": "/team/"}, ["UpdateUser"]),
        (found(), {"permissions_boundary": "by-hand"}, ["PutUserPermissionsBoundary"]),
        (found(**LIMITED), {}, []),
        (found(**LIMITED), {"permissions_boundary": ""}, ["DeleteUserPermissionsBoundary"]),
        (found(), {"tags": {"team": "ml"}}, ["TagUser"]),
        (found({**OURS, "x": "1"}), {"purge_tags": True}, ["UntagUser"]),
        (found(inline=["x"]), {}, []),
        (found(tags={}, attached=[]), {}, ["AttachUserPolicy"]),
        (found(tags={}, attached=[]), {"existing": "keep"}, []),
        (
            found(attached=[], Path="/old/"),
            {"permissions_boundary": BYHAND, "tags": {"a": "1"}},
            ["UpdateUser", "PutUserPermissionsBoundary", "AttachUserPolicy", "TagUser"],
        ),
        (found(tags={}), {"state": "absent"}, []),
        (found(belongings=Belongings()), {"state": "absent"}, ["DetachUserPolicy", "DeleteUser"]),
        (
            found(
                inline=["x"],
                belongings=Belongings(
                    has_password=True,
                    mfa_devices=(
                        "GAHT12345678",
                        "arn:aws:iam::111122223333:mfa/alice",
                        "arn:aws:iam::111122223333:u2f/a",
                    ),
                    certificates=("cert",),
                    ssh_keys=("ssh",),
                    groups=("staff",),
                ),
            ),
            {"state": "absent"},
            [
                "DeleteLoginProfile",
                "DeactivateMFADevice",
                "DeactivateMFADevice",
                "DeleteVirtualMFADevice",
                "DeactivateMFADevice",
                "DeleteSigningCertificate",
                "DeleteSSHPublicKey",
                "RemoveUserFromGroup",
                "DetachUserPolicy",
                "DeleteUserPolicy",
                "DeleteUser",
            ],
        ),
    ],
)
def test_steps(current, options, expected):
    assert steps(current, **options) == expected


@pytest.mark.parametrize(
    ("current", "options", "aspects"),
    [
        (found(), {}, []),
        (found(inline=["x"]), {}, ["inline_policies"]),
        (found(tags={}, inline=["x"]), {}, ["inline_policies"]),
        (found(tags={}, Path="/old/"), {"existing": "keep"}, ["path"]),
        (found(tags={}, attached=[BYHAND]), {"existing": "keep"}, ["attached_policies"]),
        (found(tags={}, **LIMITED), {"existing": "keep", "permissions_boundary": ""}, ["permissions_boundary"]),
        (found(tags={}), {"existing": "keep", "tags": {"a": "1"}}, ["tags"]),
        (found(tags={}), {"state": "absent"}, ["state"]),
    ],
)
def test_drift(current, options, aspects):
    drift = plan(current, **options).facts["drift"]
    assert [item["aspect"] for item in drift] == aspects
    assert all(item["declared"] != item["found"] for item in drift)


@pytest.mark.parametrize("state", ["present", "absent"])
def test_fail_stops(state):
    with pytest.raises(SkyError, match=r"user alice .*not made by this collection"):
        plan(found(tags={}), existing="fail", state=state)


NOW = datetime.datetime(2026, 11, 24, 9, 30, tzinfo=datetime.UTC)
DELIVERED, RETIRED, HALF, PERSONS = (f"AKIA{word:_<16}" for word in ("DELIVERED", "RETIRED", "HALF", "PERSONS"))


def owner(*key_ids: str, inactive: t.Sequence[str] = ()) -> Found:
    """A user of ours with these keys; a killed run was about to make one more."""
    intent = Intent(NOW, frozenset([DELIVERED, PERSONS]))
    notes = Notes(DELIVERED, open=intent) if HALF in key_ids else Notes(DELIVERED, replaced=RETIRED, until=NOW)
    keys = [Key(k, "Inactive" if k in inactive else "Active", NOW, used=False if k == HALF else None) for k in key_ids]
    return found(attached=(), belongings=Belongings(tuple(keys), notes))


def key_calls(current: Found, absent_keys: str) -> list[str]:
    planned = plan(current, state="absent", absent_keys=absent_keys)
    return [f"{step.api} {step.arguments.get('AccessKeyId', '')}".strip() for step in planned.steps]


@pytest.mark.parametrize("word", ["delete_ours", "deactivate_ours", "delete_all", "deactivate_all"])
@pytest.mark.parametrize("keys", [(), (DELIVERED,), (DELIVERED, RETIRED), (DELIVERED, HALF)])
def test_keys_of_ours_go_in_every_way(keys, word):
    current = owner(*keys)
    if word.startswith("delete"):
        assert key_calls(current, word) == [*[f"iam:DeleteAccessKey {key}" for key in keys], "iam:DeleteUser"]
        return
    assert key_calls(current, word) == [f"iam:UpdateAccessKey {key}" for key in keys]
    assert plan(current, state="absent", absent_keys=word).facts["user"]["user_name"] == "alice"
    assert key_calls(owner(*keys, inactive=keys), word) == []


def test_a_key_that_a_person_made_goes_only_where_that_is_said():
    current = owner(DELIVERED, PERSONS)
    with pytest.raises(
        SkyError, match=rf"user alice has access keys .*\({PERSONS}\).*by hand, or set absent_keys to delete_all"
    ):
        plan(current, state="absent")
    assert f"iam:DeleteAccessKey {PERSONS}" in key_calls(current, "delete_all")
    assert key_calls(current, "deactivate_ours") == [f"iam:UpdateAccessKey {DELIVERED}"]
    assert key_calls(current, "deactivate_all") == [f"iam:UpdateAccessKey {key}" for key in (DELIVERED, PERSONS)]


def test_a_key_that_stays_active_is_drift():
    planned = plan(owner(DELIVERED, PERSONS), state="absent", absent_keys="deactivate_ours")
    assert planned.facts["drift"] == [{"aspect": "access_keys", "declared": [], "found": [PERSONS]}]
    assert planned.before["access_keys"] == {DELIVERED: "Active", PERSONS: "Active"}
    assert planned.after["access_keys"] == {DELIVERED: "Inactive", PERSONS: "Active"}


@pytest.mark.parametrize("word", ["delete_all", "deactivate_all"])
def test_a_user_of_others_keeps_its_keys(word):
    assert plan(found(tags={}), state="absent", absent_keys=word).steps == []


def test_foreign_and_absent_is_left_with_a_warning():
    planned = plan(found(tags={}), state="absent")
    assert "user alice was not made by this collection" in planned.warnings[0]
    assert planned.facts["user"]["user_name"] == "alice"


def test_moving_changes_the_arn():
    facts = plan(found(), path="/team/").facts["user"]
    assert (facts["path"], facts["arn"]) == ("/team/", "arn:aws:iam::111122223333:user/team/alice")


def test_the_result_has_the_same_keys_whatever_happens():
    plans = [plan(NOBODY), plan(found()), plan(NOBODY, state="absent"), plan(found(tags={}), state="absent")]
    assert {frozenset(planned.facts) for planned in plans} == {frozenset({"user", "access_key", "drift"})}


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"name": "a b"}, "name: 'a b'"),
        ({"name": ""}, "name: "),
        ({"name": "a" * 65}, "1 to 64"),
        ({"path": "team"}, "path: "),
        ({"policies": ["ok", ""]}, "policies[1]: "),
        ({"permissions_boundary": "two words"}, "permissions_boundary: "),
        ({"tags": {"aws:x": "1"}}, "tags: "),
        ({"manage": "access_key", "access_key_delivery": {"file": "/x"}, "state": "absent"}, "manage: access_key"),
    ],
)
def test_offline_faults(options, word):
    (fault,) = user.validate(params(user, **{"name": "alice", **options}))
    assert word in fault
    assert user.validate(params(user, name="alice")) == []


def test_a_key_alone_needs_a_place():
    spec = ArgumentSpecValidator(user.argument_spec, **user.rules)
    options = {"account_id": "111122223333", "name": "alice", "manage": "access_key"}
    (message,) = spec.validate(options).error_messages
    assert message.endswith("access_key_delivery")


@pytest.mark.parametrize(("tags", "existing"), [(OURS, "keep"), ({}, "converge"), ({}, "keep")])
def test_a_key_alone_changes_nothing_of_the_user(tags, existing):
    options = {"manage": "access_key", "access_key_delivery": {"file": "/x"}, "existing": existing, "s3_access": True}
    planned = plan(found(tags, attached=(), Path="/old/"), path="/new/", tags={"a": "1"}, **options)
    assert (planned.steps, planned.facts["drift"]) == ([], [])
    assert planned.before == planned.after


def test_a_key_alone_stops_at_a_user_of_others():
    with pytest.raises(SkyError, match="not made by this collection"):
        plan(found(tags={}), manage="access_key", access_key_delivery={"file": "/x"}, existing="fail")


def test_no_boundary_is_none_in_every_result():
    for current in (NOBODY, found(), found(**LIMITED)):
        assert plan(current, permissions_boundary="").facts["user"]["permissions_boundary"] is None
