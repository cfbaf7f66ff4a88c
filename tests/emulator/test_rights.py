# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rights of users and of roles: policies, groups, boundaries, conditions, trust."""

from __future__ import annotations

import json

import pytest

from ansible_collections.sky.aws.demo import seed
from ansible_collections.sky.aws.tests.emulator.people import (
    ACCOUNT,
    NUMBERS,
    OTHER,
    TRUST_EC2,
    User,
    allow,
    allowed,
    deny,
    document,
    error_of,
    launch,
    refused,
)


class TestPolicies:
    def test_an_explicit_deny_is_told_as_one(self, aws):
        user = User(aws, allow("ec2:*"), deny("ec2:DescribeVpcs"))
        assert error_of(user.client("ec2").describe_vpcs)[2].endswith(
            "is not authorized to perform: ec2:DescribeVpcs with an explicit deny in an identity-based policy"
        )
        assert allowed(user.client("ec2").describe_subnets)

    def test_groups(self, aws):
        user = User(aws)
        user.iam.create_group(GroupName="readers")
        user.iam.put_group_policy(
            GroupName="readers", PolicyName="p", PolicyDocument=document(allow("ec2:DescribeVpcs"))
        )
        policy = user.iam.create_policy(PolicyName="zones", PolicyDocument=document(allow("ec2:DescribeSubnets")))
        user.iam.attach_group_policy(GroupName="readers", PolicyArn=policy["Policy"]["Arn"])
        assert refused(user.client("ec2").describe_vpcs)
        user.iam.add_user_to_group(GroupName="readers", UserName=user.name)
        assert allowed(user.client("ec2").describe_vpcs)
        assert allowed(user.client("ec2").describe_subnets)
        user.iam.remove_user_from_group(GroupName="readers", UserName=user.name)
        assert refused(user.client("ec2").describe_vpcs)

    def test_the_default_version_counts_at_once(self, aws):
        user = User(aws)
        arn = user.iam.create_policy(PolicyName="versions", PolicyDocument=document(allow("ec2:DescribeVpcs")))[
            "Policy"
        ]["Arn"]
        user.iam.attach_user_policy(UserName=user.name, PolicyArn=arn)
        assert allowed(user.client("ec2").describe_vpcs)
        new = document(allow("ec2:DescribeSubnets"))
        user.iam.create_policy_version(PolicyArn=arn, PolicyDocument=new, SetAsDefault=True)
        assert refused(user.client("ec2").describe_vpcs)
        user.iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
        assert allowed(user.client("ec2").describe_vpcs)
        user.iam.detach_user_policy(UserName=user.name, PolicyArn=arn)
        assert refused(user.client("ec2").describe_vpcs)

    def test_a_boundary_caps_a_user(self, aws):
        user = User(aws, allow("ec2:*"))
        fence = user.iam.create_policy(PolicyName="fence", PolicyDocument=document(allow("ec2:DescribeVpcs")))
        arn = fence["Policy"]["Arn"]
        user.iam.put_user_permissions_boundary(UserName=user.name, PermissionsBoundary=arn)
        shown = user.iam.get_user(UserName=user.name)["User"]["PermissionsBoundary"]
        assert shown["PermissionsBoundaryArn"] == arn
        assert allowed(user.client("ec2").describe_vpcs)
        assert error_of(user.client("ec2").describe_subnets)[2].endswith(
            "because no permissions boundary allows the ec2:DescribeSubnets action"
        )
        user.iam.delete_user_permissions_boundary(UserName=user.name)
        assert "PermissionsBoundary" not in user.iam.get_user(UserName=user.name)["User"]
        assert allowed(user.client("ec2").describe_subnets)

    def test_a_boundary_from_the_start(self, aws):
        iam = aws.client("iam", ACCOUNT)
        fence = iam.create_policy(PolicyName="fence2", PolicyDocument=document(allow("ec2:DescribeVpcs")))
        user = User(aws, allow("ec2:*"), PermissionsBoundary=fence["Policy"]["Arn"])
        assert refused(user.client("ec2").describe_subnets)

    def test_a_boundary_that_is_missing(self, aws):
        user = User(aws)
        arn = f"arn:aws:iam::{ACCOUNT}:policy/nothing"
        error = error_of(user.iam.put_user_permissions_boundary, UserName=user.name, PermissionsBoundary=arn)
        assert error == (404, "NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.")

    def test_resource_tags(self, aws, places):
        mine = {"StringEquals": {"aws:ResourceTag/holder": "me"}}
        user = User(aws, allow("ec2:StopInstances", Condition=mine))
        stop = {"InstanceIds": [places["instance"]], "DryRun": True}
        assert refused(user.client("ec2").stop_instances, **stop)
        ec2 = aws.client("ec2", ACCOUNT)
        ec2.create_tags(Resources=stop["InstanceIds"], Tags=[{"Key": "holder", "Value": "me"}])
        assert allowed(user.client("ec2").stop_instances, **stop)

    def test_passed_to_service_and_policy_arn(self, aws):
        to_ec2 = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
        to_lambda = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
        assert allowed(_launch_with_role(User(aws, allow("ec2:*"), allow("iam:PassRole", Condition=to_ec2))))
        assert refused(_launch_with_role(User(aws, allow("ec2:*"), allow("iam:PassRole", Condition=to_lambda))))
        only = {"ArnEquals": {"iam:PolicyARN": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}}
        iam = User(aws, allow("iam:AttachRolePolicy", Condition=only)).client("iam")
        role = {"RoleName": "skypilot-v1"}
        assert allowed(iam.attach_role_policy, **role, PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
        assert refused(iam.attach_role_policy, **role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")

    def test_filling_a_profile_passes_its_role(self, aws):
        user = User(aws, allow("iam:AddRoleToInstanceProfile"), allow("iam:CreateInstanceProfile"))
        iam = user.client("iam")
        iam.create_instance_profile(InstanceProfileName="filled")
        given = {"InstanceProfileName": "filled", "RoleName": "skypilot-v1"}
        assert "iam:PassRole" in error_of(iam.add_role_to_instance_profile, **given)[2]
        user.put(allow("iam:*InstanceProfile"), allow("iam:PassRole"))
        assert allowed(iam.add_role_to_instance_profile, **given)

    def test_policy_variables(self, aws):
        user = User(aws, allow("iam:ListAccessKeys", f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}"))
        assert allowed(user.client("iam").list_access_keys, UserName=user.name)
        assert refused(user.client("iam").list_access_keys, UserName=User(aws).name)


def _launch_with_role(user):
    return launch(user.client("ec2"), IamInstanceProfile={"Name": "skypilot-v1"})


class TestRoles:
    def role(self, aws, trusted, account=ACCOUNT, **condition):
        name = f"role{next(NUMBERS)}"
        statement = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole", **condition}
        text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam = aws.client("iam", account)
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=text)["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(allow("ec2:DescribeVpcs")))
        return arn

    def assume(self, user, arn, **more):
        return lambda: user.client("sts").assume_role(RoleArn=arn, RoleSessionName="test", **more)

    def test_the_session_has_the_rights_of_the_role(self, aws):
        user = User(aws, allow("sts:AssumeRole"))
        arn = self.role(aws, {"AWS": ACCOUNT})
        answer = self.assume(user, arn)()["Credentials"]
        keys = {
            "aws_access_key_id": answer["AccessKeyId"],
            "aws_secret_access_key": answer["SecretAccessKey"],
            "aws_session_token": answer["SessionToken"],
        }
        ec2 = seed.Cloud(aws.url).client("ec2", "us-east-1", keys)
        assert allowed(ec2.describe_vpcs)
        session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{arn.rpartition('/')[2]}/test"
        assert f"User: {session} is not authorized" in error_of(ec2.describe_subnets)[2]

    def test_the_caller_needs_the_right_the_role_the_trust(self, aws):
        arn = self.role(aws, {"AWS": ACCOUNT})
        assert refused(self.assume(User(aws), arn))
        assert allowed(self.assume(User(aws, allow("sts:AssumeRole", arn)), arn))
        closed = self.role(aws, {"Service": "ec2.amazonaws.com"})
        assert refused(self.assume(User(aws, allow("*")), closed))

    def test_another_account_needs_both(self, aws):
        user = User(aws, allow("sts:AssumeRole"))
        assert allowed(self.assume(user, self.role(aws, {"AWS": user.arn}, OTHER)))
        assert refused(self.assume(user, self.role(aws, {"AWS": OTHER}, OTHER)))
        assert refused(self.assume(User(aws), self.role(aws, {"AWS": ACCOUNT}, OTHER)))

    def test_the_external_id(self, aws):
        condition = {"StringEquals": {"sts:ExternalId": "sky"}}
        arn = self.role(aws, {"AWS": ACCOUNT}, Condition=condition)
        user = User(aws, allow("sts:AssumeRole"))
        assert refused(self.assume(user, arn))
        assert refused(self.assume(user, arn, ExternalId="fly"))
        assert allowed(self.assume(user, arn, ExternalId="sky"))

    def test_a_role_that_is_missing(self, aws):
        user = User(aws, allow("*"))
        for account in (ACCOUNT, OTHER, "999988887777"):
            arn = f"arn:aws:iam::{account}:role/gone"
            assert error_of(self.assume(user, arn)) == (
                403,
                "AccessDenied",
                f"User: {user.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}",
            )

    def test_root_needs_the_trust_too(self, aws):
        sts = aws.client("sts")
        arn = self.role(aws, {"AWS": OTHER})
        assert refused(sts.assume_role, RoleArn=arn, RoleSessionName="test")

    def test_a_boundary_caps_a_role(self, aws):
        iam = aws.client("iam", ACCOUNT)
        fence = iam.create_policy(PolicyName="role-fence", PolicyDocument=document(allow("ec2:DescribeSubnets")))
        iam.create_role(RoleName="fenced", AssumeRolePolicyDocument=json.dumps(TRUST_EC2))
        iam.put_role_permissions_boundary(RoleName="fenced", PermissionsBoundary=fence["Policy"]["Arn"])
        iam.put_role_policy(RoleName="fenced", PolicyName="p", PolicyDocument=document(allow("ec2:*")))
        iam.create_instance_profile(InstanceProfileName="fenced")
        iam.add_role_to_instance_profile(InstanceProfileName="fenced", RoleName="fenced")
        keys = aws.instance_credentials(ACCOUNT, "fenced")
        ec2 = seed.Cloud(aws.url).client("ec2", "us-east-1", keys)
        assert allowed(ec2.describe_subnets)
        assert refused(ec2.describe_vpcs)

    def test_instances_get_the_keys_of_their_role(self, aws):
        keys = aws.instance_credentials(ACCOUNT, "skypilot-v1")
        client = seed.Cloud(aws.url).client("sts", "us-east-1", keys)
        assert ":assumed-role/skypilot-v1/i-" in client.get_caller_identity()["Arn"]

    def test_instances_get_no_keys_of_a_role_that_does_not_trust_ec2(self, aws):
        iam = aws.client("iam", ACCOUNT)
        name = self.role(aws, {"AWS": ACCOUNT}).rpartition("/")[2]
        iam.create_instance_profile(InstanceProfileName=name)
        with pytest.raises(RuntimeError, match="has no role"):
            aws.instance_credentials(ACCOUNT, name)
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
        with pytest.raises(RuntimeError, match="does not trust"):
            aws.instance_credentials(ACCOUNT, name)
