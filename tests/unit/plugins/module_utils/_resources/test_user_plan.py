# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a user without a key: current and declared in, steps, drift and warnings out."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sky.aws.plugins.module_utils._account import Identity
from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._resources import user
from ansible_collections.sky.aws.plugins.module_utils._resources._principal import Rights
from ansible_collections.sky.aws.plugins.module_utils._resources._user_removal import Belongings
from ansible_collections.sky.aws.plugins.module_utils._resources.user import Found
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
                belongings=Belongings((), True, ("mfa",), ("cert",), ("ssh",), ("staff",)),
            ),
            {"state": "absent"},
            [
                "DeleteLoginProfile",
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


def test_a_key_that_a_person_made_keeps_the_user():
    with pytest.raises(SkyError, match=r"user alice has access keys .*AKIAPERSON.*by hand"):
        plan(found(belongings=Belongings(keys=("AKIAPERSON",))), state="absent")


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
    ],
)
def test_offline_faults(options, word):
    (fault,) = user.validate(params(user, **{"name": "alice", **options}))
    assert word in fault
    assert user.validate(params(user, name="alice")) == []


def test_no_boundary_is_none_in_every_result():
    for current in (NOBODY, found(), found(**LIMITED)):
        assert plan(current, permissions_boundary="").facts["user"]["permissions_boundary"] is None
