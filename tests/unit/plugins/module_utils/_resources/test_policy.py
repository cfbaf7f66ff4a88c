# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy in an account: made, drifted, foreign, gone; and each time the steps are what the server sees."""

from __future__ import annotations

import json

import pytest

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._policy import equality
from ansible_collections.sky.aws.plugins.module_utils._resources.policy import RESOURCE as policy

NAME = "minimal-skypilot-policy"
OTHER = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}]}
)


@pytest.fixture
def arn(sandbox):
    return sandbox.arn(f"policy/{NAME}")


@pytest.fixture
def made(sandbox, arn):
    """The policy, made by us."""
    sandbox.run(policy)
    return arn


@pytest.fixture
def foreign(sandbox, arn):
    """The policy, made by a person."""
    sandbox.iam.create_policy(PolicyName=NAME, PolicyDocument=OTHER)
    return arn


def default_document(sandbox, arn):
    version = sandbox.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return sandbox.iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def versions(sandbox, arn):
    return [version["VersionId"] for version in sandbox.iam.list_policy_versions(PolicyArn=arn)["Versions"]]


class TestPresent:
    def test_made(self, sandbox, arn):
        done = sandbox.converge(policy, tags={"team": "ml"}, description="For researchers")
        assert done["steps"] == [{"api": "iam:CreatePolicy", "target": NAME}]
        assert done["policy"]["arn"] == arn
        assert done["policy"]["policy_id"]
        assert done["policy"]["create_date"]
        assert done["drift"] == []
        assert default_document(sandbox, arn) == done["policy"]["document"]
        described = sandbox.iam.get_policy(PolicyArn=arn)["Policy"]
        assert described["Description"] == "For researchers"
        assert {"Key": "sky.aws/managed-by", "Value": "sky.aws"} in described["Tags"]

    def test_what_the_check_foretold(self, sandbox):
        checked = sandbox.run(policy, check_mode=True)["policy"]
        done = sandbox.run(policy)["policy"]
        learned = {"policy_id", "create_date", "update_date"}
        assert {k: v for k, v in checked.items() if k not in learned} == {
            k: v for k, v in done.items() if k not in learned
        }

    def test_facts_stay_the_same_when_nothing_changes(self, sandbox, made):
        assert sandbox.run(policy)["policy"] == sandbox.run(policy)["policy"]

    def test_reading_costs_two_calls(self, sandbox, made):
        sandbox.emulator.clear_log()
        sandbox.run(policy)
        calls = [call["api"] for call in sandbox.emulator.calls(sandbox.account_id)]
        assert calls == ["iam:GetPolicy", "iam:GetPolicyVersion"]

    def test_under_a_path(self, sandbox):
        done = sandbox.converge(policy, path="/team/")
        assert done["policy"]["arn"] == sandbox.arn(f"policy/team/{NAME}")

    def test_a_new_default_version_by_hand(self, sandbox, made):
        sandbox.iam.create_policy_version(PolicyArn=made, PolicyDocument=OTHER, SetAsDefault=True)
        done = sandbox.converge(policy)
        assert done["steps"] == [{"api": "iam:CreatePolicyVersion", "target": made}]
        assert done["policy"]["default_version_id"] == "v3"
        assert equality.equal(default_document(sandbox, made), done["policy"]["document"])
        assert sorted(versions(sandbox, made)) == ["v1", "v2", "v3"]

    def test_a_version_that_is_not_the_default_does_not_matter(self, sandbox, made):
        sandbox.iam.create_policy_version(PolicyArn=made, PolicyDocument=OTHER, SetAsDefault=False)
        assert sandbox.converge(policy)["steps"] == []

    def test_an_older_version_set_back(self, sandbox, made):
        sandbox.run(policy, features=["base"])
        sandbox.iam.set_default_policy_version(PolicyArn=made, VersionId="v1")
        done = sandbox.converge(policy, features=["base"])
        assert sandbox.apis(done) == ["CreatePolicyVersion"]

    @pytest.mark.parametrize(("default", "gone"), [("v5", "v1"), ("v1", "v2"), ("v3", "v1")])
    def test_at_the_limit_the_oldest_that_is_not_the_default_goes(self, sandbox, made, default, gone):
        for _ in range(4):
            sandbox.iam.create_policy_version(PolicyArn=made, PolicyDocument=OTHER, SetAsDefault=True)
        sandbox.iam.set_default_policy_version(PolicyArn=made, VersionId=default)
        done = sandbox.converge(policy, features=["base"])
        assert sandbox.apis(done) == ["DeletePolicyVersion", "CreatePolicyVersion"]
        assert gone not in versions(sandbox, made)
        assert len(versions(sandbox, made)) == 5

    def test_fewer_versions_are_kept_if_declared(self, sandbox, made):
        sandbox.iam.create_policy_version(PolicyArn=made, PolicyDocument=OTHER, SetAsDefault=True)
        sandbox.converge(policy, keep_versions=1)
        assert versions(sandbox, made) == ["v3"]

    @pytest.mark.parametrize(
        ("options", "apis", "after"),
        [
            ({"tags": {"team": "b"}}, ["TagPolicy"], {"team": "b", "by-hand": "1"}),
            ({"tags": {"team": "a"}, "purge_tags": True}, ["UntagPolicy"], {"team": "a"}),
            ({"tags": {"who": "me"}, "purge_tags": True}, ["TagPolicy", "UntagPolicy"], {"who": "me"}),
            ({}, [], {"team": "a", "by-hand": "1"}),
        ],
    )
    def test_tags(self, sandbox, made, options, apis, after):
        tags = [{"Key": "team", "Value": "a"}, {"Key": "by-hand", "Value": "1"}]
        sandbox.iam.tag_policy(PolicyArn=made, Tags=tags)
        done = sandbox.converge(policy, **options)
        assert sandbox.apis(done) == apis
        assert done["policy"]["tags"] == {**after, "sky.aws/managed-by": "sky.aws"}

    def test_a_description_cannot_be_changed_and_is_reported(self, sandbox, made):
        done = sandbox.converge(policy, description="new")
        assert done["drift"] == [{"aspect": "description", "declared": "new", "found": ""}]


class TestForeign:
    def test_converge(self, sandbox, foreign):
        done = sandbox.converge(policy, tags={"team": "ml"})
        assert sandbox.apis(done) == ["CreatePolicyVersion", "TagPolicy"]
        assert done["policy"]["tags"] == {"team": "ml"}

    def test_keep(self, sandbox, foreign):
        done = sandbox.converge(policy, existing="keep")
        assert [item["aspect"] for item in done["drift"]] == ["document"]
        assert default_document(sandbox, foreign) == json.loads(OTHER)

    def test_fail(self, sandbox, foreign):
        with pytest.raises(SkyError, match="was not made by this collection"):
            sandbox.run(policy, existing="fail")

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_full_of_versions(self, sandbox, foreign, check_mode):
        for _ in range(4):
            sandbox.iam.create_policy_version(PolicyArn=foreign, PolicyDocument=OTHER)
        sandbox.emulator.clear_log()
        with pytest.raises(SkyError, match="5 versions"):
            sandbox.run(policy, check_mode=check_mode)
        assert sandbox.writes() == []


class TestAbsent:
    def test_ours_with_all_that_hangs_on_it(self, sandbox, made):
        iam = sandbox.iam
        iam.create_policy_version(PolicyArn=made, PolicyDocument=OTHER)
        iam.create_user(UserName="alice")
        iam.create_group(GroupName="staff")
        iam.create_role(RoleName="worker", AssumeRolePolicyDocument=OTHER)
        iam.attach_user_policy(UserName="alice", PolicyArn=made)
        iam.attach_group_policy(GroupName="staff", PolicyArn=made)
        iam.attach_role_policy(RoleName="worker", PolicyArn=made)
        done = sandbox.converge(policy, state="absent")
        assert sandbox.apis(done) == [
            "DetachUserPolicy",
            "DetachRolePolicy",
            "DetachGroupPolicy",
            "DeletePolicyVersion",
            "DeletePolicy",
        ]
        assert done["policy"] is None

    def test_foreign(self, sandbox, foreign):
        done = sandbox.converge(policy, state="absent")
        assert done["policy"]["arn"] == foreign
        assert "is left in place" in sandbox.warnings[0]

    def test_foreign_and_fail(self, sandbox, foreign):
        with pytest.raises(SkyError, match="is not deleted"):
            sandbox.run(policy, state="absent", existing="fail")

    def test_gone_already(self, sandbox):
        assert sandbox.converge(policy, state="absent")["policy"] is None

    def test_and_back_again(self, sandbox, made):
        sandbox.converge(policy, state="absent")
        assert sandbox.apis(sandbox.converge(policy)) == ["CreatePolicy"]


class TestErrors:
    def test_a_refused_write_says_what_was_done(self, sandbox, made):
        sandbox.iam.create_policy_version(PolicyArn=made, PolicyDocument=OTHER, SetAsDefault=True)
        sandbox.emulator.fault("iam:TagPolicy", "AccessDenied", "not authorized", status=403)
        with pytest.raises(SkyError) as caught:
            sandbox.run(policy, tags={"team": "ml"})
        assert f"Done before: iam:CreatePolicyVersion {made}. Not done: iam:TagPolicy {made}" in caught.value.message
        assert caught.value.steps == [{"api": "iam:CreatePolicyVersion", "target": made}]
        assert sandbox.apis(sandbox.converge(policy, tags={"team": "ml"})) == ["TagPolicy"]

    def test_too_many_policies(self, sandbox):
        sandbox.emulator.fault("iam:CreatePolicy", "LimitExceeded", "Cannot exceed quota", status=409)
        with pytest.raises(SkyError, match=rf"iam:CreatePolicy on {NAME} .*LimitExceeded.*Service Quotas"):
            sandbox.run(policy)
