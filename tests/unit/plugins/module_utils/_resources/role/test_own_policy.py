# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role with features of its own: its policy is made before it, follows the features, and goes with it."""

from __future__ import annotations

import pytest

from ansible_collections.sky.aws.plugins.module_utils._errors import BadInput
from ansible_collections.sky.aws.plugins.module_utils._resources.role import RESOURCE as role

NAME = "skypilot-v1"
OTHER = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
OWN = {"features": ["autostop", "s3_read"], "s3_buckets": ["research-data"]}


@pytest.fixture
def made(sandbox):
    sandbox.run(role, **OWN)
    return sandbox


def attached(sandbox):
    return {item["PolicyName"] for item in sandbox.iam.list_attached_role_policies(RoleName=NAME)["AttachedPolicies"]}


def test_policy_role_and_profile_in_one_plan(sandbox):
    done = sandbox.converge(role, **OWN, tags={"team": "ml"})
    assert sandbox.apis(done) == [
        "CreatePolicy",
        "CreateRole",
        "AttachRolePolicy",
        "CreateInstanceProfile",
        "AddRoleToInstanceProfile",
    ]
    assert attached(sandbox) == {f"{NAME}-policy"}
    assert done["policy"]["arn"] == sandbox.arn(f"policy/{NAME}-policy")
    assert done["policy"]["policy_id"]
    assert done["policy"]["tags"]["team"] == "ml"
    text = str(done["policy"]["document"])
    assert "research-data" in text
    assert "iam:PassRole" not in text  # what only users need


def test_its_own_policy_takes_the_place_of_those_declared(sandbox):
    sandbox.converge(role, **OWN, policies=["shared"])
    assert attached(sandbox) == {f"{NAME}-policy"}


def test_other_features_are_a_new_version(made):
    done = made.converge(role, **{**OWN, "s3_buckets": ["results"]})
    assert made.apis(done) == ["CreatePolicyVersion"]
    assert done["policy"]["default_version_id"] == "v2"


def test_a_role_without_features_asks_for_no_policy_and_has_none(sandbox):
    done = sandbox.converge(role)
    assert done["policy"] is None
    assert "CreatePolicy" not in sandbox.apis(done)


def test_a_policy_that_is_there_is_brought_to_the_features(sandbox):
    sandbox.iam.create_policy(PolicyName=f"{NAME}-policy", PolicyDocument=OTHER)
    done = sandbox.converge(role, **OWN)
    assert sandbox.apis(done)[:2] == ["CreatePolicyVersion", "CreateRole"]
    assert done["drift"] == []


def test_one_that_is_left_is_reported_under_its_own_name(sandbox):
    sandbox.iam.create_policy(PolicyName=f"{NAME}-policy", PolicyDocument=OTHER)
    done = sandbox.converge(role, state="absent", **OWN)
    assert [item["aspect"] for item in done["drift"]] == ["policy.state"]


def test_both_go_and_the_policy_is_detached_once(made):
    done = made.converge(role, state="absent", **OWN)
    assert made.apis(done) == [
        "RemoveRoleFromInstanceProfile",
        "DeleteInstanceProfile",
        "DetachRolePolicy",
        "DeleteRole",
        "DeletePolicy",
    ]
    assert done["role"] is None
    assert done["policy"] is None


def test_a_user_who_has_the_policy_loses_it_with_the_role(made):
    made.iam.create_user(UserName="eve")
    made.iam.attach_user_policy(UserName="eve", PolicyArn=made.arn(f"policy/{NAME}-policy"))
    done = made.converge(role, state="absent", **OWN)
    assert made.apis(done)[-3:] == ["DeleteRole", "DetachUserPolicy", "DeletePolicy"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"features": ["s3_raed"]}, "features[0]: 's3_raed' is not a feature; did you mean s3_read?"),
        ({"custom_identities": ["research"]}, "custom_identities: only the feature custom_identity uses it"),
        ({"features": ["s3_read"], "s3_buckets": ["s3://x"]}, "s3_buckets[0]: 's3://x' is not the name of a bucket"),
    ],
)
def test_what_cannot_be_is_refused_before_the_first_call(sandbox, given, said):
    with pytest.raises(BadInput) as caught:
        sandbox.run(role, **given)
    assert caught.value.message.startswith(said)
    assert sandbox.emulator.calls() == []


def test_a_bad_name_is_one_fault(sandbox):
    with pytest.raises(BadInput) as caught:
        sandbox.run(role, name="two words", **OWN)
    assert len(caught.value.faults) == 1
