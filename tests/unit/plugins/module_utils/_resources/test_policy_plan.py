# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of the policy: current and declared in, steps, drift and warnings out."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._features import documents
from ansible_collections.sky.aws.plugins.module_utils._identity import Identity
from ansible_collections.sky.aws.plugins.module_utils._policy import readable
from ansible_collections.sky.aws.plugins.module_utils._resources.policy import RESOURCE as policy
from ansible_collections.sky.aws.plugins.module_utils._resources.policy import Found
from ansible_collections.sky.aws.tests.unit.sandbox import params

ME = Identity("111122223333", "aws", "arn:aws:iam::111122223333:user/me")
NAME = "minimal-skypilot-policy"
ARN = f"arn:aws:iam::111122223333:policy/{NAME}"
OURS = {"sky.aws/managed-by": "sky.aws"}
STATEMENT = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
OTHER = {"Version": "2012-10-17", "Statement": [STATEMENT]}


def wanted(*features: str) -> dict[str, t.Any]:
    chosen = features or documents.DEFAULT
    return documents.document(chosen, [], account_id=ME.account_id, partition="aws", principals=["user", "role"])


def found(
    document: dict[str, t.Any] | None = None,
    tags: t.Mapping[str, str] | None = None,
    versions: t.Sequence[str] = ("v1",),
    default: str = "v1",
    **more: t.Any,
) -> Found:
    """A policy of ours as declared, unless told otherwise."""
    described = {
        "Arn": ARN,
        "PolicyName": NAME,
        "PolicyId": "ANPA",
        "Path": "/",
        "DefaultVersionId": default,
        "AttachmentCount": 1,
        "IsAttachable": True,
        "Tags": [{"Key": key, "Value": value} for key, value in (OURS if tags is None else tags).items()],
        **more,
    }
    listed = tuple({"VersionId": version, "IsDefaultVersion": version == default} for version in versions)
    return Found(described, document or wanted(), listed)


def plan(current: Found | None, **options: t.Any):
    return policy.plan(current, params(policy, **options), ME)


def steps(current: Found | None, **options: t.Any) -> list[str]:
    """Steps in short: operation, and the version where one goes."""
    planned = plan(current, **options).steps
    return [
        " ".join([step.api[4:], *([step.arguments["VersionId"]] if "VersionId" in step.arguments else [])])
        for step in planned
    ]


FULL = ("v1", "v2", "v3", "v4", "v5")


@pytest.mark.parametrize(
    ("current", "options", "expected"),
    [
        (None, {}, ["CreatePolicy"]),
        (None, {"state": "absent"}, []),
        (found(), {}, []),
        (found(), {"existing": "fail"}, []),
        (found(OTHER), {}, ["CreatePolicyVersion"]),
        (found(OTHER), {"existing": "keep"}, ["CreatePolicyVersion"]),
        (found(OTHER, versions=FULL, default="v5"), {}, ["DeletePolicyVersion v1", "CreatePolicyVersion"]),
        (found(OTHER, versions=FULL, default="v1"), {}, ["DeletePolicyVersion v2", "CreatePolicyVersion"]),
        (
            found(OTHER, versions=("v12", "v11", "v10", "v9", "v8"), default="v12"),
            {},
            ["DeletePolicyVersion v8", "CreatePolicyVersion"],
        ),
        (
            found(OTHER, versions=("v10", "v9"), default="v10"),
            {"keep_versions": 2},
            ["CreatePolicyVersion", "DeletePolicyVersion v9"],
        ),
        (found(OTHER), {"keep_versions": 1}, ["CreatePolicyVersion", "DeletePolicyVersion v1"]),
        (
            found(OTHER, versions=FULL, default="v5"),
            {"keep_versions": 2},
            ["DeletePolicyVersion v1", "CreatePolicyVersion", *[f"DeletePolicyVersion v{n}" for n in (2, 3, 4)]],
        ),
        (found(versions=FULL, default="v5"), {"keep_versions": 1}, []),
        (found(tags={**OURS, "team": "a"}), {"tags": {"team": "b"}}, ["TagPolicy"]),
        (found(tags={**OURS, "team": "a"}), {}, []),
        (found(tags={**OURS, "team": "a"}), {"purge_tags": True}, ["UntagPolicy"]),
        (
            found(OTHER, tags={**OURS, "x": "1"}),
            {"tags": {"team": "b"}, "purge_tags": True},
            ["CreatePolicyVersion", "TagPolicy", "UntagPolicy"],
        ),
        (found(OTHER, tags={}), {}, ["CreatePolicyVersion"]),
        (found(OTHER, tags={}), {"existing": "keep"}, []),
        (found(OTHER, tags={}, versions=("v1", "v2"), default="v2"), {"keep_versions": 1}, ["CreatePolicyVersion"]),
        (found(tags={}), {"state": "absent"}, []),
        (found(Description="old"), {"description": "new"}, []),
    ],
)
def test_steps(current, options, expected):
    assert steps(current, **options) == expected


@pytest.mark.parametrize(
    ("current", "options", "aspects"),
    [
        (found(), {}, []),
        (found(OTHER), {}, []),
        (found(Description="old"), {}, []),
        (found(Description="old"), {"description": "old"}, []),
        (found(Description="old"), {"description": "new"}, ["description"]),
        (found(), {"description": ""}, []),
        (found(tags={}), {"existing": "keep"}, []),
        (found(OTHER, tags={}), {"existing": "keep"}, ["document"]),
        (
            found(OTHER, tags={}),
            {"existing": "keep", "tags": {"team": "b"}, "description": "x"},
            ["description", "document", "tags"],
        ),
        (found(tags={}), {"state": "absent"}, ["state"]),
    ],
)
def test_drift(current, options, aspects):
    planned = plan(current, **options)
    assert [item["aspect"] for item in planned.facts["drift"]] == aspects
    assert all(item["declared"] != item["found"] for item in planned.facts["drift"])


def test_drift_tells_document_against_document():
    (drift,) = plan(found(OTHER, tags={}), existing="keep").facts["drift"]
    assert drift["found"] == readable.readable(OTHER)
    assert drift["declared"] == readable.readable(wanted())


@pytest.mark.parametrize(
    ("current", "options", "words"),
    [
        (found(tags={}), {"existing": "fail"}, ["policy minimal-skypilot-policy", "existing"]),
        (found(tags={}), {"existing": "fail", "state": "absent"}, ["is not deleted"]),
        (found(OTHER, tags={}, versions=FULL, default="v5"), {}, ["5 versions", "by hand"]),
    ],
)
def test_what_a_look_shows_to_be_impossible(current, options, words):
    with pytest.raises(SkyError) as caught:
        plan(current, **options)
    assert all(word in caught.value.message for word in words)


def test_creating():
    planned = plan(None, tags={"team": "ml"}, path="/team/", description="For researchers")
    (step,) = planned.steps
    assert (step.api, step.target) == ("iam:CreatePolicy", NAME)
    assert json.loads(step.arguments.pop("PolicyDocument")) == wanted()
    assert step.arguments == {
        "PolicyName": NAME,
        "Path": "/team/",
        "Description": "For researchers",
        "Tags": [{"Key": "sky.aws/managed-by", "Value": "sky.aws"}, {"Key": "team", "Value": "ml"}],
    }
    facts = planned.facts["policy"]
    assert facts["arn"] == "arn:aws:iam::111122223333:policy/team/minimal-skypilot-policy"
    assert (facts["policy_id"], facts["create_date"], facts["default_version_id"]) == (None, None, "v1")
    assert planned.before == {}


def test_foreign_is_brought_to_the_declared_state_and_stays_foreign():
    planned = plan(found(OTHER, tags={}), tags={"team": "ml"})
    tagged = next(step for step in planned.steps if step.api == "iam:TagPolicy")
    assert tagged.arguments["Tags"] == [{"Key": "team", "Value": "ml"}]
    assert planned.facts["policy"]["tags"] == {"team": "ml"}


def test_absent_clears_the_way_first():
    current = found(versions=("v1", "v2"), default="v2")
    attached = {"User": ["alice"], "Role": ["skypilot-v1"], "Group": ["staff"]}
    planned = plan(Found(current.policy, current.document, current.versions, attached), state="absent")
    assert [(step.api, step.target) for step in planned.steps] == [
        ("iam:DetachUserPolicy", "alice"),
        ("iam:DetachRolePolicy", "skypilot-v1"),
        ("iam:DetachGroupPolicy", "staff"),
        ("iam:DeletePolicyVersion", ARN),
        ("iam:DeletePolicy", ARN),
    ]
    assert planned.facts == {"policy": None, "drift": []}
    assert planned.after == {}


def test_absent_and_foreign_is_left_with_a_warning():
    planned = plan(found(tags={}), state="absent")
    assert planned.before == planned.after != {}
    (warning,) = planned.warnings
    assert "is left in place" in warning
    assert planned.facts["policy"]["arn"] == ARN


@pytest.mark.parametrize("spelling", [{"Action": ["S3:listallmybuckets"]}, {"Resource": ["*"]}, {"Sid": "Buckets"}])
def test_another_spelling_is_no_change(spelling):
    document = {"Version": "2012-10-17", "Statement": [{**STATEMENT, **spelling}]}
    assert steps(found(document), features=[], extra_statements=[STATEMENT]) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "a b"}, ["name: 'a b'"]),
        ({"name": "a" * 129}, ["name: ", "1 to 128"]),
        ({"path": "team"}, ["path: "]),
        ({"features": ["base", "bse"]}, ["features", "bse", "base"]),
        ({"features": [], "extra_statements": []}, ["features: ", "empty"]),
        ({"keep_versions": 0}, ["keep_versions: 0"]),
        ({"keep_versions": 6}, ["keep_versions: 6", "1 to 5"]),
        (
            {"extra_statements": [{"Effect": "Maybe", "Action": "s3:*", "Resource": "*"}]},
            ["extra_statements[0].Effect"],
        ),
        (
            {"extra_statements": [{**STATEMENT, "Action": [f"s3:{'a' * 60}{n}" for n in range(100)]}]},
            ["6144", "second policy"],
        ),
        ({"tags": {"aws:x": "1"}}, ["tags: "]),
    ],
)
def test_offline_faults(options, words):
    (fault,) = policy.validate(params(policy, **options))
    assert all(word in fault for word in words)
    assert "\n" not in fault


def test_defaults_are_fine():
    assert policy.validate(params(policy)) == []
    assert policy.validate(params(policy, account_id=111122223333)) == []


def test_china():
    china = Identity("111122223333", "aws-cn", "")
    planned = policy.plan(None, params(policy, region="cn-north-1"), china)
    document = planned.steps[0].arguments["PolicyDocument"]
    assert "arn:aws-cn:" in document
    assert "arn:aws:" not in document
