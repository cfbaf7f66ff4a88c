# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of the role and its instance profile: current and declared in, steps, drift and warnings out."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._identity import Identity
from ansible_collections.sky.aws.plugins.module_utils._policy import compose
from ansible_collections.sky.aws.plugins.module_utils._resources._principal import Rights
from ansible_collections.sky.aws.plugins.module_utils._resources.role import RESOURCE as role
from ansible_collections.sky.aws.plugins.module_utils._resources.role.found import Found
from ansible_collections.sky.aws.plugins.module_utils._resources.role.planning import trust_policy
from ansible_collections.sky.aws.tests.unit.sandbox import params

ME = Identity("111122223333", "aws", "arn:aws:iam::111122223333:user/me")
NAME = "skypilot-v1"
OURS = {"sky.aws/managed-by": "sky.aws"}
POLICY = "arn:aws:iam::111122223333:policy/minimal-skypilot-policy"
BYHAND = "arn:aws:iam::111122223333:policy/by-hand"
S3 = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
TRUST = compose.trust("ec2.amazonaws.com")
LAMBDA = compose.trust("lambda.amazonaws.com")


def tags_of(tags: t.Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def a_role(tags: t.Mapping[str, str] = OURS, **more: t.Any) -> dict[str, t.Any]:
    return {
        "Arn": f"arn:aws:iam::111122223333:role/{NAME}",
        "RoleName": NAME,
        "RoleId": "AROA",
        "Path": "/",
        "MaxSessionDuration": 3600,
        "AssumeRolePolicyDocument": TRUST,
        "Tags": tags_of(tags),
        **more,
    }


def a_profile(*roles: str, tags: t.Mapping[str, str] = OURS) -> dict[str, t.Any]:
    return {
        "Arn": f"arn:aws:iam::111122223333:instance-profile/{NAME}",
        "InstanceProfileName": NAME,
        "InstanceProfileId": "AIPA",
        "Path": "/",
        "Roles": [{"RoleName": name, "Arn": f"arn:aws:iam::111122223333:role/{name}"} for name in roles],
        "Tags": tags_of(tags),
    }


def found(
    described: dict[str, t.Any] | None = None,
    profile: dict[str, t.Any] | None = None,
    attached: t.Sequence[str] = (POLICY,),
    inline: t.Sequence[str] = (),
    profiles: t.Sequence[str] = (NAME,),
) -> Found:
    """Role and profile of ours as declared, unless told otherwise."""
    rights = Rights(tuple(attached), tuple(inline))
    return Found(described or a_role(), rights, profile or a_profile(NAME), tuple(profiles))


NOTHING = Found(None, Rights(), None)
FOREIGN = found(a_role(tags={}), a_profile(NAME, tags={}))


def plan(current: Found, **options: t.Any):
    return role.plan(current, params(role, **{"policies": [POLICY], **options}), ME)


def steps(current: Found, **options: t.Any) -> list[str]:
    return [step.api.removeprefix("iam:") for step in plan(current, **options).steps]


CREATED = ["CreateRole", "AttachRolePolicy", "CreateInstanceProfile", "AddRoleToInstanceProfile"]
REMOVED = ["RemoveRoleFromInstanceProfile", "DeleteInstanceProfile", "DetachRolePolicy", "DeleteRole"]
RELINKED = ["RemoveRoleFromInstanceProfile", "AddRoleToInstanceProfile"]


@pytest.mark.parametrize(
    ("current", "options", "expected"),
    [
        (NOTHING, {}, CREATED),
        (NOTHING, {"policies": []}, [CREATED[0], *CREATED[2:]]),
        (NOTHING, {"s3_access": True}, [CREATED[0], "AttachRolePolicy", *CREATED[1:]]),
        (NOTHING, {"permissions_boundary": BYHAND}, CREATED),
        (NOTHING, {"state": "absent"}, []),
        (found(), {}, []),
        (found(), {"existing": "fail"}, []),
        (found(attached=()), {}, ["AttachRolePolicy"]),
        (found(attached=[BYHAND]), {}, ["AttachRolePolicy", "DetachRolePolicy"]),
        (found(attached=[POLICY, BYHAND]), {"purge_policies": False}, []),
        (found(), {"policies": ["minimal-skypilot-policy", POLICY]}, []),
        (found(), {"policies": ["/minimal-skypilot-policy"]}, []),
        (found(attached=[POLICY, S3]), {"s3_access": True}, []),
        (found(attached=[POLICY, S3]), {}, ["DetachRolePolicy"]),
        (found(a_role(AssumeRolePolicyDocument=LAMBDA)), {}, ["UpdateAssumeRolePolicy"]),
        (found(a_role(Description="x")), {}, []),
        (found(a_role(Description="x")), {"description": "y"}, ["UpdateRole"]),
        (found(a_role(Description="x")), {"description": ""}, ["UpdateRole"]),
        (found(), {"description": ""}, []),
        (found(), {"max_session_duration": 7200}, ["UpdateRole"]),
        (found(a_role(MaxSessionDuration=7200)), {}, []),
        (found(), {"permissions_boundary": BYHAND}, ["PutRolePermissionsBoundary"]),
        (
            found(a_role(PermissionsBoundary={"PermissionsBoundaryArn": BYHAND})),
            {"permissions_boundary": "by-hand"},
            [],
        ),
        (found(a_role(PermissionsBoundary={"PermissionsBoundaryArn": BYHAND})), {}, []),
        (
            found(a_role(PermissionsBoundary={"PermissionsBoundaryArn": BYHAND})),
            {"permissions_boundary": ""},
            ["DeleteRolePermissionsBoundary"],
        ),
        (found(), {"tags": {"team": "ml"}}, ["TagRole", "TagInstanceProfile"]),
        (found(a_role({**OURS, "x": "1"})), {"purge_tags": True}, ["UntagRole"]),
        (found(inline=["DefaultPolicy"]), {}, []),
        (found(profile=a_profile()), {}, ["AddRoleToInstanceProfile"]),
        (found(profile=a_profile("other")), {}, RELINKED),
        (Found(a_role(), Rights((POLICY,)), None), {}, CREATED[2:]),
        (Found(None, Rights(), a_profile()), {}, [*CREATED[:2], "AddRoleToInstanceProfile"]),
        (Found(None, Rights(), a_profile("other")), {}, [*CREATED[:2], *RELINKED]),
        # What is not ours: kept but for the link, or converged.
        (FOREIGN, {}, []),
        (FOREIGN, {"existing": "converge"}, []),
        (found(a_role({}), a_profile(tags={}), attached=[]), {}, ["AddRoleToInstanceProfile"]),
        (Found(a_role({}), Rights(), None), {}, CREATED[2:]),
        (found(a_role({}), a_profile("other", tags={}), attached=[]), {}, []),
        (found(a_role({}, AssumeRolePolicyDocument=LAMBDA), attached=[BYHAND]), {}, []),
        (
            found(a_role({}, AssumeRolePolicyDocument=LAMBDA), a_profile("other", tags={}), attached=[BYHAND]),
            {"existing": "converge"},
            ["UpdateAssumeRolePolicy", "AttachRolePolicy", "DetachRolePolicy", *RELINKED],
        ),
        # Gone.
        (found(), {"state": "absent"}, REMOVED),
        (found(inline=["x"]), {"state": "absent"}, [*REMOVED[:3], "DeleteRolePolicy", "DeleteRole"]),
        (found(profiles=[NAME, "second"]), {"state": "absent"}, [REMOVED[0], *REMOVED]),
        (found(profile=a_profile(NAME, tags={})), {"state": "absent"}, [REMOVED[0], *REMOVED[2:]]),
        (FOREIGN, {"state": "absent"}, []),
        (found(a_role({})), {"state": "absent"}, REMOVED[:2]),
        (Found(None, Rights(), a_profile()), {"state": "absent"}, ["DeleteInstanceProfile"]),
    ],
)
def test_steps(current, options, expected):
    assert steps(current, **options) == expected


@pytest.mark.parametrize(
    ("current", "options", "aspects"),
    [
        (found(), {}, []),
        (found(a_role(Path="/x/")), {}, ["path"]),
        (found(inline=["DefaultPolicy"]), {}, ["inline_policies"]),
        (found(a_role(AssumeRolePolicyDocument=LAMBDA), attached=[]), {}, []),
        (FOREIGN, {}, []),
        (found(a_role({}, AssumeRolePolicyDocument=LAMBDA)), {}, ["trust_policy"]),
        (found(a_role({}), attached=[BYHAND]), {}, ["attached_policies"]),
        (found(a_role({}), attached=[POLICY, BYHAND]), {"purge_policies": False}, []),
        (found(a_role({})), {"permissions_boundary": BYHAND}, ["permissions_boundary"]),
        (found(a_role({})), {"permissions_boundary": ""}, []),
        (
            found(a_role({})),
            {"description": "x", "max_session_duration": 7200},
            ["description", "max_session_duration"],
        ),
        (found(a_role({})), {"description": "", "max_session_duration": 3600}, []),
        (found(a_role({})), {"tags": {"team": "ml"}}, ["tags"]),
        (found(a_role({}), a_profile("other", tags={})), {}, ["instance_profile"]),
        (found(a_role({}, Path="/x/"), inline=["a"]), {}, ["path", "inline_policies"]),
        (FOREIGN, {"state": "absent"}, ["state", "instance_profile_state"]),
    ],
)
def test_drift(current, options, aspects):
    drift = plan(current, **options).facts["drift"]
    assert [item["aspect"] for item in drift] == aspects
    assert all(item["declared"] != item["found"] for item in drift)


@pytest.mark.parametrize(
    ("current", "options"),
    [
        (FOREIGN, {"existing": "fail"}),
        (found(profile=a_profile(NAME, tags={})), {"existing": "fail"}),
        (FOREIGN, {"existing": "fail", "state": "absent"}),
    ],
)
def test_fail_stops(current, options):
    with pytest.raises(SkyError, match="was not made by this collection"):
        plan(current, **options)


def test_the_foreign_profile_of_a_role_that_goes_is_told_as_it_will_be():
    planned = plan(found(profile=a_profile(NAME, tags={})), state="absent")
    assert planned.facts["instance_profile"]["roles"] == []
    assert planned.after["instance_profile"]["roles"] == []


def test_a_foreign_profile_with_another_role_is_kept_with_a_warning():
    (warning,) = plan(found(a_role({}), a_profile("other", tags={}))).warnings
    assert all(word in warning for word in ("other", NAME, "iam:PassRole", "existing"))


def test_creating():
    planned = plan(NOTHING, path="/team/", description="x", max_session_duration=7200, permissions_boundary="by-hand")
    create = planned.steps[0]
    assert create.target == NAME
    assert {
        key: create.arguments[key] for key in ("Path", "Description", "MaxSessionDuration", "PermissionsBoundary")
    } == {
        "Path": "/team/",
        "Description": "x",
        "MaxSessionDuration": 7200,
        "PermissionsBoundary": BYHAND,
    }
    assert planned.facts["role"]["arn"] == f"arn:aws:iam::111122223333:role/team/{NAME}"
    assert planned.facts["instance_profile"]["roles"] == [
        {"role_name": NAME, "arn": f"arn:aws:iam::111122223333:role/team/{NAME}"}
    ]


def test_what_update_role_is_not_given_would_be_lost():
    (step,) = plan(found(a_role(Description="stays", MaxSessionDuration=7200)), max_session_duration=3600).steps
    assert step.arguments == {"RoleName": NAME, "Description": "stays", "MaxSessionDuration": 3600}


def test_the_link_of_a_kept_role_tells_the_role_as_it_is():
    described = a_role({}, Path="/x/", Arn=f"arn:aws:iam::111122223333:role/x/{NAME}")
    facts = plan(Found(described, Rights(), None)).facts
    assert facts["instance_profile"]["roles"] == [{"role_name": NAME, "arn": described["Arn"]}]


def test_trust_in_china():
    assert trust_policy(Identity("1", "aws-cn", ""))["Statement"][0]["Principal"] == {"Service": "ec2.amazonaws.com.cn"}


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"name": "a" * 65}, "name: "),
        ({"path": "x"}, "path: "),
        ({"policies": ["two words"]}, "policies[0]: "),
        ({"permissions_boundary": "arn:aws:iam::1:role/x"}, "permissions_boundary: "),
        ({"max_session_duration": 3599}, "max_session_duration: 3599"),
        ({"max_session_duration": 43201}, "3600 to 43200"),
        ({"tags": {"sky.aws/x": "1"}}, "tags: "),
    ],
)
def test_offline_faults(options, word):
    (fault,) = role.validate(params(role, **options))
    assert word in fault
    assert role.validate(params(role)) == []


def test_no_boundary_is_none_in_every_result():
    for current in (NOTHING, found(), found(a_role(PermissionsBoundary={"PermissionsBoundaryArn": BYHAND}))):
        assert plan(current, permissions_boundary="").facts["role"]["permissions_boundary"] is None
