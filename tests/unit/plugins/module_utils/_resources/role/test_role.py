# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role and instance profile in an account: made, drifted, foreign, gone; the steps are what the server sees."""

from __future__ import annotations

import json

import pytest

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._policy import compose
from ansible_collections.sky.aws.plugins.module_utils._resources.policy import RESOURCE as policy
from ansible_collections.sky.aws.plugins.module_utils._resources.role import RESOURCE as role

NAME = "skypilot-v1"
POLICY = "minimal-skypilot-policy"
DECLARED = {"policies": [POLICY]}
LAMBDA = json.dumps(compose.trust("lambda.amazonaws.com"))
EC2 = json.dumps(compose.trust("ec2.amazonaws.com"))
OTHER = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})


@pytest.fixture
def prepared(sandbox):
    """The policy is there."""
    sandbox.run(policy)
    return sandbox


@pytest.fixture
def made(prepared):
    prepared.run(role, **DECLARED)
    return prepared


@pytest.fixture
def skypilot_made(prepared):
    """As sky/provision/aws/config.py makes it: trust, two policies of AWS, an inline policy, the profile."""
    iam = prepared.iam
    iam.create_instance_profile(InstanceProfileName=NAME)
    iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=EC2)
    for name in ("AmazonEC2FullAccess", "AmazonS3FullAccess"):
        iam.attach_role_policy(RoleName=NAME, PolicyArn=f"arn:aws:iam::aws:policy/{name}")
    iam.put_role_policy(RoleName=NAME, PolicyName="SkyPilotPassRolePolicy", PolicyDocument=OTHER)
    iam.add_role_to_instance_profile(InstanceProfileName=NAME, RoleName=NAME)
    return prepared


def by_hand(sandbox, name):
    return sandbox.iam.create_policy(PolicyName=name, PolicyDocument=OTHER)["Policy"]["Arn"]


def attached(sandbox):
    return {item["PolicyName"] for item in sandbox.iam.list_attached_role_policies(RoleName=NAME)["AttachedPolicies"]}


def in_profile(sandbox):
    profile = sandbox.iam.get_instance_profile(InstanceProfileName=NAME)["InstanceProfile"]
    return [item["RoleName"] for item in profile["Roles"]]


class TestMade:
    def test_with_everything(self, prepared):
        by_hand(prepared, "limit")
        done = prepared.converge(
            role,
            **DECLARED,
            s3_access=True,
            permissions_boundary="limit",
            tags={"team": "ml"},
            max_session_duration=7200,
        )
        assert prepared.apis(done) == [
            "CreateRole",
            "AttachRolePolicy",
            "AttachRolePolicy",
            "CreateInstanceProfile",
            "AddRoleToInstanceProfile",
        ]
        assert attached(prepared) == {POLICY, "AmazonS3FullAccess"}
        assert in_profile(prepared) == [NAME]
        made = prepared.iam.get_role(RoleName=NAME)["Role"]
        assert made["MaxSessionDuration"] == 7200
        assert made["PermissionsBoundary"]["PermissionsBoundaryArn"] == prepared.arn("policy/limit")
        assert made["AssumeRolePolicyDocument"] == json.loads(EC2)

    def test_what_the_check_foretold(self, prepared):
        checked = prepared.run(role, check_mode=True, **DECLARED)
        done = prepared.run(role, **DECLARED)
        for noun, learned in (("role", {"role_id"}), ("instance_profile", {"instance_profile_id"})):
            known = set(done[noun]) - learned - {"create_date"}
            assert {key: checked[noun][key] for key in known} == {key: done[noun][key] for key in known}
            assert set(checked[noun]) == set(done[noun])

    def test_facts_are_then_those_that_are_read(self, prepared):
        done = prepared.run(role, **DECLARED, tags={"a": "1"})
        again = prepared.run(role, **DECLARED, tags={"a": "1"})
        assert done["role"] == again["role"]
        assert done["instance_profile"] == again["instance_profile"]

    def test_reading_costs_four_calls(self, made):
        made.emulator.clear_log()
        made.run(role, **DECLARED)
        calls = [call["api"] for call in made.emulator.calls(made.account_id)]
        assert sorted(calls) == [
            "iam:GetInstanceProfile",
            "iam:GetRole",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
        ]

    def test_a_check_on_an_empty_account_foretells_it_before_the_policy_is_there(self, sandbox):
        checked = sandbox.run(role, check_mode=True, **DECLARED)
        assert sandbox.apis(checked)[:2] == ["CreateRole", "AttachRolePolicy"]

    def test_a_policy_that_is_not_there_leaves_no_half_role(self, sandbox, monkeypatch):
        from ansible_collections.sky.aws.plugins.module_utils._resources import _principal as _principal

        monkeypatch.setattr(_principal, "_POLICY_WAIT_DELAY", 1)
        monkeypatch.setattr(_principal, "_POLICY_WAIT_ATTEMPTS", 2)
        with pytest.raises(SkyError, match=rf"iam:GetPolicy on {sandbox.arn('policy/nowhere')} .*make it first"):
            sandbox.run(role, policies=["nowhere"])
        assert sandbox.writes() == []


class TestDrift:
    """What a person changed by hand is put right."""

    def test_policy_detached(self, made):
        made.iam.detach_role_policy(RoleName=NAME, PolicyArn=made.arn(f"policy/{POLICY}"))
        assert made.apis(made.converge(role, **DECLARED)) == ["AttachRolePolicy"]
        assert attached(made) == {POLICY}

    def test_extra_policy_attached(self, made):
        made.iam.attach_role_policy(RoleName=NAME, PolicyArn=by_hand(made, "extra"))
        assert made.apis(made.converge(role, **DECLARED)) == ["DetachRolePolicy"]
        assert attached(made) == {POLICY}

    def test_extra_policy_that_may_stay(self, made):
        made.iam.attach_role_policy(RoleName=NAME, PolicyArn=by_hand(made, "extra"))
        assert made.converge(role, **DECLARED, purge_policies=False)["steps"] == []
        assert attached(made) == {POLICY, "extra"}

    def test_trust_changed(self, made):
        made.iam.update_assume_role_policy(RoleName=NAME, PolicyDocument=LAMBDA)
        done = made.converge(role, **DECLARED)
        assert made.apis(done) == ["UpdateAssumeRolePolicy"]
        assert "lambda" in str(done["diff"]["before"])
        assert "lambda" not in str(done["diff"]["after"])

    def test_trust_spelt_otherwise(self, made):
        document = json.loads(EC2)
        document["Statement"] = [{**document["Statement"][0], "Action": ["sts:AssumeRole"], "Sid": "X"}]
        made.iam.update_assume_role_policy(RoleName=NAME, PolicyDocument=json.dumps(document))
        assert made.converge(role, **DECLARED)["steps"] == []

    def test_profile_emptied(self, made):
        made.iam.remove_role_from_instance_profile(InstanceProfileName=NAME, RoleName=NAME)
        assert made.apis(made.converge(role, **DECLARED)) == ["AddRoleToInstanceProfile"]
        assert in_profile(made) == [NAME]

    def test_another_role_in_the_profile(self, made):
        made.iam.create_role(RoleName="other", AssumeRolePolicyDocument=EC2)
        made.iam.remove_role_from_instance_profile(InstanceProfileName=NAME, RoleName=NAME)
        made.iam.add_role_to_instance_profile(InstanceProfileName=NAME, RoleName="other")
        done = made.converge(role, **DECLARED)
        assert made.apis(done) == ["RemoveRoleFromInstanceProfile", "AddRoleToInstanceProfile"]
        assert in_profile(made) == [NAME]

    def test_profile_deleted(self, made):
        made.iam.remove_role_from_instance_profile(InstanceProfileName=NAME, RoleName=NAME)
        made.iam.delete_instance_profile(InstanceProfileName=NAME)
        assert made.apis(made.converge(role, **DECLARED)) == ["CreateInstanceProfile", "AddRoleToInstanceProfile"]

    def test_boundary(self, made):
        limit = by_hand(made, "limit")
        made.iam.put_role_permissions_boundary(RoleName=NAME, PermissionsBoundary=limit)
        assert made.converge(role, **DECLARED)["role"]["permissions_boundary"] == limit
        assert made.apis(made.converge(role, **DECLARED, permissions_boundary="")) == ["DeleteRolePermissionsBoundary"]
        assert made.apis(made.converge(role, **DECLARED, permissions_boundary=limit)) == ["PutRolePermissionsBoundary"]

    def test_description_and_duration(self, made):
        made.converge(role, **DECLARED, description="first", max_session_duration=7200)
        done = made.converge(role, **DECLARED, description="second")
        assert made.apis(done) == ["UpdateRole"]
        assert (done["role"]["description"], done["role"]["max_session_duration"]) == ("second", 7200)

    def test_tags(self, made):
        made.iam.tag_role(RoleName=NAME, Tags=[{"Key": "team", "Value": "a"}, {"Key": "x", "Value": "1"}])
        done = made.converge(role, **DECLARED, tags={"team": "b"}, purge_tags=True)
        assert made.apis(done) == ["TagRole", "UntagRole", "TagInstanceProfile"]
        assert done["role"]["tags"] == {"sky.aws/managed-by": "sky.aws", "team": "b"}
        assert done["instance_profile"]["tags"] == {"sky.aws/managed-by": "sky.aws", "team": "b"}

    def test_inline_policy_is_reported(self, made):
        made.iam.put_role_policy(RoleName=NAME, PolicyName="secret-rights", PolicyDocument=OTHER)
        done = made.converge(role, **DECLARED)
        assert done["drift"] == [{"aspect": "inline_policies", "declared": [], "found": ["secret-rights"]}]
        assert done["role"]["inline_policies"] == ["secret-rights"]

    def test_everything_at_once(self, made):
        made.iam.detach_role_policy(RoleName=NAME, PolicyArn=made.arn(f"policy/{POLICY}"))
        made.iam.attach_role_policy(RoleName=NAME, PolicyArn=by_hand(made, "extra"))
        made.iam.update_assume_role_policy(RoleName=NAME, PolicyDocument=LAMBDA)
        made.iam.remove_role_from_instance_profile(InstanceProfileName=NAME, RoleName=NAME)
        assert made.apis(made.converge(role, **DECLARED)) == [
            "UpdateAssumeRolePolicy",
            "AttachRolePolicy",
            "DetachRolePolicy",
            "AddRoleToInstanceProfile",
        ]


class TestForeign:
    def test_the_role_that_skypilot_made_is_kept(self, skypilot_made):
        done = skypilot_made.converge(role, **DECLARED)
        assert done["steps"] == []
        assert [item["aspect"] for item in done["drift"]] == ["attached_policies", "inline_policies"]

    def test_its_link_is_made_again(self, skypilot_made):
        skypilot_made.iam.remove_role_from_instance_profile(InstanceProfileName=NAME, RoleName=NAME)
        done = skypilot_made.converge(role, **DECLARED)
        assert skypilot_made.apis(done) == ["AddRoleToInstanceProfile"]

    def test_converge_leaves_it_foreign(self, skypilot_made):
        done = skypilot_made.converge(role, **DECLARED, existing="converge", tags={"team": "ml"})
        assert attached(skypilot_made) == {POLICY}
        assert done["role"]["tags"] == done["instance_profile"]["tags"] == {"team": "ml"}

    def test_fail(self, skypilot_made):
        skypilot_made.emulator.clear_log()
        with pytest.raises(SkyError, match="role skypilot-v1 exists and was not made by this collection"):
            skypilot_made.run(role, **DECLARED, existing="fail")
        assert skypilot_made.writes() == []

    def test_absent_leaves_it(self, skypilot_made):
        done = skypilot_made.converge(role, state="absent")
        assert done["steps"] == []
        assert len(skypilot_made.warnings) == 2
        assert in_profile(skypilot_made) == [NAME]

    def test_a_profile_with_another_role_is_kept(self, prepared):
        prepared.iam.create_role(RoleName="other", AssumeRolePolicyDocument=EC2)
        prepared.iam.create_instance_profile(InstanceProfileName=NAME)
        prepared.iam.add_role_to_instance_profile(InstanceProfileName=NAME, RoleName="other")
        done = prepared.converge(role, **DECLARED)
        assert prepared.apis(done) == ["CreateRole", "AttachRolePolicy"]
        assert [item["aspect"] for item in done["drift"]] == ["instance_profile"]
        assert in_profile(prepared) == ["other"]


class TestAbsent:
    def test_ours(self, made):
        made.iam.put_role_policy(RoleName=NAME, PolicyName="x", PolicyDocument=OTHER)
        made.iam.create_instance_profile(InstanceProfileName="second")
        made.iam.add_role_to_instance_profile(InstanceProfileName="second", RoleName=NAME)
        done = made.converge(role, state="absent")
        assert made.apis(done) == [
            "RemoveRoleFromInstanceProfile",
            "RemoveRoleFromInstanceProfile",
            "DeleteInstanceProfile",
            "DetachRolePolicy",
            "DeleteRolePolicy",
            "DeleteRole",
        ]
        assert (done["role"], done["instance_profile"]) == (None, None)

    def test_gone_already(self, sandbox):
        done = sandbox.converge(role, state="absent")
        assert (done["role"], done["instance_profile"], done["drift"]) == (None, None, [])

    def test_only_the_profile_is_left(self, made):
        made.iam.remove_role_from_instance_profile(InstanceProfileName=NAME, RoleName=NAME)
        made.iam.detach_role_policy(RoleName=NAME, PolicyArn=made.arn(f"policy/{POLICY}"))
        made.iam.delete_role(RoleName=NAME)
        assert made.apis(made.converge(role, state="absent")) == ["DeleteInstanceProfile"]

    def test_and_back_again(self, made):
        made.converge(role, state="absent")
        assert len(made.converge(role, **DECLARED)["steps"]) == 4


class TestErrors:
    def test_interrupted_and_taken_up_again(self, prepared):
        prepared.emulator.fault("iam:CreateInstanceProfile", "LimitExceeded", status=409)
        with pytest.raises(SkyError) as caught:
            prepared.run(role, **DECLARED)
        assert [step["api"] for step in caught.value.steps] == ["iam:CreateRole", "iam:AttachRolePolicy"]
        assert "Not done: iam:CreateInstanceProfile skypilot-v1, iam:AddRoleToInstanceProfile" in caught.value.message
        done = prepared.converge(role, **DECLARED)
        assert prepared.apis(done) == ["CreateInstanceProfile", "AddRoleToInstanceProfile"]
