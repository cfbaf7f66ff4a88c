# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A user without a key in an account: made, drifted, foreign, gone; the steps are what the server sees.

moto knows no permissions boundary of a user; the plan's own test has those.
"""

from __future__ import annotations

import json

import pytest

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._resources.policy import RESOURCE as policy
from ansible_collections.sky.aws.plugins.module_utils._resources.user import RESOURCE as user

POLICY = "minimal-skypilot-policy"
DECLARED = {"name": "alice", "policies": [POLICY]}
OTHER = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})


@pytest.fixture
def prepared(sandbox):
    """The policy is there, and one by hand."""
    sandbox.run(policy)
    sandbox.iam.create_policy(PolicyName="by-hand", PolicyDocument=OTHER)
    return sandbox


@pytest.fixture
def made(prepared):
    prepared.run(user, **DECLARED)
    return prepared


@pytest.fixture
def foreign(prepared):
    prepared.iam.create_user(UserName="alice", Path="/people/")
    return prepared


def attached(sandbox):
    return {
        item["PolicyName"] for item in sandbox.iam.list_attached_user_policies(UserName="alice")["AttachedPolicies"]
    }


class TestMade:
    def test_with_everything(self, prepared):
        done = prepared.converge(user, **DECLARED, s3_access=True, path="/team/", tags={"team": "ml"})
        assert prepared.apis(done) == ["CreateUser", "AttachUserPolicy", "AttachUserPolicy"]
        assert attached(prepared) == {POLICY, "AmazonS3FullAccess"}
        made = prepared.iam.get_user(UserName="alice")["User"]
        assert made["Arn"] == done["user"]["arn"] == prepared.arn("user/team/alice")
        assert done["access_key"] is None

    def test_facts_are_foretold_and_then_those_that_are_read(self, prepared):
        checked = prepared.run(user, check_mode=True, **DECLARED)["user"]
        done = prepared.run(user, **DECLARED)["user"]
        assert done == prepared.run(user, **DECLARED)["user"]
        known = set(done) - {"user_id", "create_date"}
        assert {key: checked[key] for key in known} == {key: done[key] for key in known}

    def test_reading_costs_three_calls(self, made):
        made.emulator.clear_log()
        made.run(user, **DECLARED)
        calls = [call["api"] for call in made.emulator.calls(made.account_id)]
        assert calls == ["iam:GetUser", "iam:ListAttachedUserPolicies", "iam:ListUserPolicies"]


class TestDrift:
    def test_policy_detached(self, made):
        made.iam.detach_user_policy(UserName="alice", PolicyArn=made.arn(f"policy/{POLICY}"))
        assert made.apis(made.converge(user, **DECLARED)) == ["AttachUserPolicy"]

    def test_extra_policy_attached(self, made):
        made.iam.attach_user_policy(UserName="alice", PolicyArn=made.arn("policy/by-hand"))
        assert made.apis(made.converge(user, **DECLARED)) == ["DetachUserPolicy"]
        assert attached(made) == {POLICY}

    def test_s3_access_taken_back(self, made):
        made.converge(user, **DECLARED, s3_access=True)
        assert made.apis(made.converge(user, **DECLARED)) == ["DetachUserPolicy"]

    def test_moved(self, made):
        # moto files tags under the ARN and forgets those of a user that is moved, so there is no quiet second run.
        made.iam.update_user(UserName="alice", NewPath="/people/")
        made.emulator.clear_log()
        checked = made.run(user, check_mode=True, **DECLARED)
        assert made.run(user, **DECLARED)["steps"] == checked["steps"] == made.writes()
        assert made.writes() == [{"api": "iam:UpdateUser", "target": "alice"}]
        assert made.iam.get_user(UserName="alice")["User"]["Path"] == "/"

    def test_tags(self, made):
        made.iam.tag_user(UserName="alice", Tags=[{"Key": "team", "Value": "a"}, {"Key": "x", "Value": "1"}])
        assert made.apis(made.converge(user, **DECLARED, tags={"team": "b"})) == ["TagUser"]
        done = made.converge(user, **DECLARED, tags={"team": "b"}, purge_tags=True)
        assert made.apis(done) == ["UntagUser"]
        assert done["user"]["tags"] == {"sky.aws/managed-by": "sky.aws", "team": "b"}

    def test_inline_policy_is_reported(self, made):
        made.iam.put_user_policy(UserName="alice", PolicyName="more", PolicyDocument=OTHER)
        done = made.converge(user, **DECLARED)
        assert done["drift"] == [{"aspect": "inline_policies", "declared": [], "found": ["more"]}]


class TestForeign:
    def test_converge_leaves_it_foreign(self, foreign):
        done = foreign.converge(user, **DECLARED)
        assert foreign.apis(done) == ["UpdateUser", "AttachUserPolicy"]
        assert done["user"]["tags"] == {}

    def test_keep(self, foreign):
        done = foreign.converge(user, **DECLARED, existing="keep")
        assert [item["aspect"] for item in done["drift"]] == ["path", "attached_policies"]
        assert attached(foreign) == set()

    def test_fail(self, foreign):
        with pytest.raises(SkyError, match="user alice exists"):
            foreign.run(user, **DECLARED, existing="fail")

    def test_absent_leaves_it(self, foreign):
        done = foreign.converge(user, name="alice", state="absent")
        assert done["user"]["arn"] == foreign.arn("user/people/alice")
        assert "left in place" in foreign.warnings[0]


class TestAbsent:
    def test_ours_with_all_that_it_has(self, made):
        iam = made.iam
        iam.put_user_policy(UserName="alice", PolicyName="more", PolicyDocument=OTHER)
        iam.create_group(GroupName="staff")
        iam.add_user_to_group(UserName="alice", GroupName="staff")
        iam.create_login_profile(UserName="alice", Password="correct horse battery")
        done = made.converge(user, name="alice", state="absent")
        assert made.apis(done) == [
            "DeleteLoginProfile",
            "RemoveUserFromGroup",
            "DetachUserPolicy",
            "DeleteUserPolicy",
            "DeleteUser",
        ]
        assert done["user"] is None

    def test_a_key_that_a_person_made_stops_it(self, made):
        key = made.iam.create_access_key(UserName="alice")["AccessKey"]["AccessKeyId"]
        made.emulator.clear_log()
        for check_mode in (True, False):
            with pytest.raises(SkyError, match=key):
                made.run(user, name="alice", state="absent", check_mode=check_mode)
        assert made.writes() == []

    def test_gone_already(self, sandbox):
        assert sandbox.converge(user, name="alice", state="absent")["user"] is None

    def test_and_back_again(self, made):
        made.converge(user, name="alice", state="absent")
        assert made.apis(made.converge(user, **DECLARED)) == ["CreateUser", "AttachUserPolicy"]


class TestErrors:
    def test_interrupted_and_taken_up_again(self, prepared):
        prepared.emulator.fault("iam:AttachUserPolicy", "AccessDenied", status=403)
        with pytest.raises(SkyError) as caught:
            prepared.run(user, **DECLARED)
        assert caught.value.steps == [{"api": "iam:CreateUser", "target": "alice"}]
        assert "allow iam:AttachUserPolicy" in caught.value.message
        assert prepared.apis(prepared.converge(user, **DECLARED)) == ["AttachUserPolicy"]
