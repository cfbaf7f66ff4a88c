# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tables say that AWS authorizes, call by call."""

from __future__ import annotations

import pytest

from ansible_collections.sky.aws.tests.emulator.asking import ACCOUNT, ALICE, EC2, IAM, OTHER, TAGS, Fake, found, pairs
from ansible_collections.sky.aws.tests.emulator.iam.authorization import UnknownAction

LAUNCH = {"ImageId": "ami-1", "SubnetId": "subnet-1", "SecurityGroupIds": ["sg-1"]}
BASE = [
    ("RunInstances", "arn:aws:ec2:us-east-1::image/ami-1"),
    ("RunInstances", "instance/*"),
    ("RunInstances", "volume/*"),
    ("RunInstances", "network-interface/*"),
    ("RunInstances", "subnet/subnet-1"),
    ("RunInstances", "security-group/sg-1"),
]


def told(context, prefix):
    return {key: value for key, value in context.items() if key.startswith(prefix)}


class TestLaunch:
    def test_the_least(self):
        assert pairs("ec2:RunInstances", **LAUNCH) == BASE

    @pytest.mark.parametrize(
        ("params", "more"),
        [
            ({"KeyName": "k"}, [("RunInstances", "key-pair/k")]),
            ({"Placement": {"GroupName": "g"}}, [("RunInstances", "placement-group/g")]),
            ({"LaunchTemplate": {"LaunchTemplateId": "lt-1"}}, [("RunInstances", "launch-template/lt-1")]),
            (
                {"BlockDeviceMappings": [{"VirtualName": "ephemeral0"}, {"Ebs": {"SnapshotId": "snap-1"}}]},
                [("RunInstances", "arn:aws:ec2:us-east-1::snapshot/snap-1")],
            ),
            (
                {"CapacityReservationSpecification": {"CapacityReservationTarget": {"CapacityReservationId": "cr-1"}}},
                [("RunInstances", "capacity-reservation/cr-1")],
            ),
            (
                {
                    "TagSpecifications": [
                        {"ResourceType": "instance", "Tags": TAGS},
                        {"ResourceType": "volume", "Tags": TAGS},
                        {"ResourceType": "network-interface", "Tags": []},
                    ]
                },
                [("CreateTags", "instance/*"), ("CreateTags", "volume/*")],
            ),
            ({"IamInstanceProfile": {"Name": "p"}}, [("iam:PassRole", f"{IAM}role/skypilot-v1")]),
            (
                {"InstanceMarketOptions": {"MarketType": "spot"}},
                [
                    (
                        "iam:CreateServiceLinkedRole",
                        f"{IAM}role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot",
                    )
                ],
            ),
        ],
    )
    def test_more_only_where_it_is_named(self, params, more):
        assert pairs("ec2:RunInstances", **LAUNCH, **params) == BASE + more

    def test_what_a_launch_leaves_out_is_what_ec2_takes(self):
        assert pairs("ec2:RunInstances", ImageId="ami-1")[-2:] == [
            ("RunInstances", "subnet/subnet-default"),
            ("RunInstances", "security-group/sg-default"),
        ]

    def test_subnet_and_groups_of_interfaces_count(self):
        interfaces = [{"DeviceIndex": 0, "SubnetId": "subnet-2", "Groups": ["sg-2", "sg-3"]}]
        assert pairs("ec2:RunInstances", ImageId="ami-1", NetworkInterfaces=interfaces)[-3:] == [
            ("RunInstances", "subnet/subnet-2"),
            ("RunInstances", "security-group/sg-2"),
            ("RunInstances", "security-group/sg-3"),
        ]

    def test_a_subnet_of_another_account_has_that_account_in_its_arn(self):
        made = found("ec2:RunInstances", **{**LAUNCH, "SubnetId": "subnet-far"})
        assert f"arn:aws:ec2:us-east-1:{OTHER}:subnet/subnet-far" in [check.resource for check in made]

    def test_a_profile_without_a_role_passes_none(self):
        assert pairs("ec2:RunInstances", Fake(role=None), **LAUNCH, IamInstanceProfile={"Name": "p"}) == BASE

    def test_spot_needs_its_role_once(self):
        spot = {"InstanceMarketOptions": {"MarketType": "spot"}}
        assert pairs("ec2:RunInstances", Fake(spot=True), **LAUNCH, **spot) == BASE

    def test_contexts(self):
        specifications = [{"ResourceType": "instance", "Tags": TAGS}]
        made = found("ec2:RunInstances", **LAUNCH, TagSpecifications=specifications, IamInstanceProfile={"Name": "p"})
        by_action = {check.action: check.context for check in made}
        assert by_action["ec2:CreateTags"]["ec2:CreateAction"] == "RunInstances"
        assert by_action["ec2:CreateTags"]["aws:RequestTag/team"] == "red"
        assert by_action["ec2:CreateTags"]["aws:TagKeys"] == ["team"]
        assert by_action["iam:PassRole"]["iam:PassedToService"] == "ec2.amazonaws.com"
        assert made[1].context["aws:RequestTag/team"] == "red"
        assert made[4].context["ec2:Vpc"] == f"{EC2}vpc/vpc-1"

    def test_volumes_and_interfaces_tell_what_the_launch_says_of_them(self):
        volume = {"Encrypted": False, "VolumeSize": 256, "VolumeType": "gp3", "Iops": 3500, "Throughput": 125}
        interface = {"DeviceIndex": 0, "SubnetId": "subnet-1", "AssociatePublicIpAddress": True}
        mappings = [{"Ebs": volume}, {"Ebs": {"VolumeSize": 8}}]
        launch = {"ImageId": "ami-1", "NetworkInterfaces": [interface], "BlockDeviceMappings": mappings}
        made = [check for check in found("ec2:RunInstances", **launch) if check.resource.endswith("/*")]
        _, first, second, public = [told(check.context, "ec2:") for check in made]
        assert first == {
            "ec2:Encrypted": "false",
            "ec2:VolumeIops": "3500",
            "ec2:VolumeThroughput": "125",
            "ec2:VolumeSize": "256",
            "ec2:VolumeType": "gp3",
        }
        assert second == {"ec2:VolumeSize": "8"}
        assert public == {
            "ec2:AssociatePublicIpAddress": "true",
            "ec2:Subnet": f"{EC2}subnet/subnet-1",
            "ec2:Vpc": f"{EC2}vpc/vpc-1",
        }

    def test_a_group_of_reservations_is_not_guessed(self):
        target = {"CapacityReservationTarget": {"CapacityReservationResourceGroupArn": "arn:aws:x"}}
        with pytest.raises(UnknownAction, match="group of capacity reservations"):
            found("ec2:RunInstances", **LAUNCH, CapacityReservationSpecification=target)


class TestEc2:
    @pytest.mark.parametrize(
        ("api", "params", "expected"),
        [
            ("ec2:DescribeInstances", {"InstanceIds": ["i-1"]}, [("DescribeInstances", "*")]),
            (
                "ec2:StopInstances",
                {"InstanceIds": ["i-1", "i-2"]},
                [("StopInstances", "instance/i-1"), ("StopInstances", "instance/i-2")],
            ),
            (
                "ec2:ModifyInstanceAttribute",
                {"InstanceId": "i-1", "Groups": ["sg-1", "sg-2"]},
                [
                    ("ModifyInstanceAttribute", "instance/i-1"),
                    ("ModifyInstanceAttribute", "security-group/sg-1"),
                    ("ModifyInstanceAttribute", "security-group/sg-2"),
                ],
            ),
            (
                "ec2:CreateSecurityGroup",
                {"VpcId": "vpc-1", "TagSpecifications": [{"ResourceType": "security-group", "Tags": TAGS}]},
                [
                    ("CreateSecurityGroup", "security-group/*"),
                    ("CreateSecurityGroup", "vpc/vpc-1"),
                    ("CreateTags", "security-group/*"),
                ],
            ),
            (
                "ec2:DeleteSecurityGroup",
                {"GroupName": "web"},
                [("DeleteSecurityGroup", "security-group/sg-web")],
            ),
            (
                "ec2:CreateImage",
                {"InstanceId": "i-1", "Name": "n"},
                [
                    ("CreateImage", "arn:aws:ec2:us-east-1::image/*"),
                    ("CreateImage", "arn:aws:ec2:us-east-1::snapshot/*"),
                    ("CreateImage", "instance/i-1"),
                ],
            ),
            (
                "ec2:CreateTags",
                {"Resources": ["i-1", "vol-1"], "Tags": TAGS},
                [("CreateTags", "instance/i-1"), ("CreateTags", "volume/vol-1")],
            ),
        ],
    )
    def test_resources(self, api, params, expected):
        assert pairs(api, **params) == expected

    def test_tags_of_what_is_there_are_context(self):
        check = found("ec2:StopInstances", InstanceIds=["i-1"])[0]
        assert check.context["aws:ResourceTag/owner"] == check.context["ec2:ResourceTag/owner"] == "alice"

    def test_tagging_later_has_no_create_action(self):
        assert "ec2:CreateAction" not in found("ec2:CreateTags", Resources=["i-1"], Tags=TAGS)[0].context


class TestIam:
    @pytest.mark.parametrize(
        ("api", "params", "expected"),
        [
            ("iam:GetRole", {"RoleName": "deep"}, [("iam:GetRole", f"{IAM}role/team/deep")]),
            ("iam:GetUser", {}, [("iam:GetUser", f"{IAM}user/alice")]),
            ("iam:CreateUser", {"UserName": "u", "Path": "/lab/"}, [("iam:CreateUser", f"{IAM}user/lab/u")]),
            (
                "iam:CreateRole",
                {"RoleName": "r", "Tags": TAGS},
                [("iam:CreateRole", f"{IAM}role/r"), ("iam:TagRole", f"{IAM}role/r")],
            ),
            (
                "iam:AddRoleToInstanceProfile",
                {"RoleName": "deep", "InstanceProfileName": "p"},
                [
                    ("iam:AddRoleToInstanceProfile", f"{IAM}instance-profile/p"),
                    ("iam:PassRole", f"{IAM}role/team/deep"),
                ],
            ),
            (
                "iam:GetAccessKeyLastUsed",
                {"AccessKeyId": "AKIA"},
                [("iam:GetAccessKeyLastUsed", f"{IAM}user/bob")],
            ),
        ],
    )
    def test_resources(self, api, params, expected):
        assert pairs(api, **params) == expected

    def test_what_is_attached_and_the_boundary_are_context(self):
        context = found("iam:AttachUserPolicy", UserName="fenced", PolicyArn=f"{IAM}policy/p")[0].context
        assert context["iam:PolicyARN"] == f"{IAM}policy/p"
        assert context["iam:PermissionsBoundary"] == f"{IAM}policy/fence"

    def test_a_role_is_assumed_in_its_own_account(self):
        role = f"arn:aws:iam::{OTHER}:role/there"
        check = found("sts:AssumeRole", RoleArn=role, RoleSessionName="test", ExternalId="secret")[0]
        assert (check.account, check.policy) == (OTHER, '{"Statement": []}')
        assert check.context["sts:ExternalId"] == "secret"

    def test_a_missing_role_trusts_nobody(self):
        assert '"Deny"' in found("sts:AssumeRole", RoleArn=f"{IAM}role/gone", RoleSessionName="test")[0].policy


class TestOthers:
    @pytest.mark.parametrize(
        ("api", "params", "expected"),
        [
            ("s3:ListBuckets", {}, [("s3:ListAllMyBuckets", "*")]),
            ("s3:HeadBucket", {"Bucket": "b"}, [("s3:ListBucket", "arn:aws:s3:::b")]),
            ("s3:GetObject", {"Bucket": "b", "Key": "x/y"}, [("s3:GetObject", "arn:aws:s3:::b/x/y")]),
            (
                "s3:HeadObject",
                {"Bucket": "b", "Key": "missing"},
                [("s3:GetObject", "arn:aws:s3:::b/missing"), ("s3:ListBucket", "arn:aws:s3:::b")],
            ),
            (
                "s3:CopyObject",
                {"Bucket": "b", "Key": "y", "CopySource": "/a/x%20y?versionId=1"},
                [("s3:PutObject", "arn:aws:s3:::b/y"), ("s3:GetObject", "arn:aws:s3:::a/x y")],
            ),
            (
                "ssm:GetParameters",
                {"Names": ["/a/b", "/aws/service/ami/x"]},
                [
                    ("ssm:GetParameters", f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/a/b"),
                    ("ssm:GetParameters", "arn:aws:ssm:us-east-1::parameter/aws/service/ami/x"),
                ],
            ),
            (
                "ssm:StartSession",
                {"Target": "i-1", "DocumentName": "AWS-StartSSHSession"},
                [
                    ("ssm:StartSession", "instance/i-1"),
                    ("ssm:StartSession", "arn:aws:ssm:us-east-1::document/AWS-StartSSHSession"),
                ],
            ),
            (
                "secretsmanager:GetSecretValue",
                {"SecretId": "there"},
                [
                    (
                        "secretsmanager:GetSecretValue",
                        f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:there-AbCdEf",
                    )
                ],
            ),
        ],
    )
    def test_resources(self, api, params, expected):
        assert pairs(api, **params) == expected

    def test_a_bucket_of_another_account_brings_its_policy(self):
        check = found("s3:GetObject", Bucket="foreign", Key="x")[0]
        assert (check.account, check.policy) == (OTHER, '{"Statement": []}')


class TestUnknown:
    def test_a_call_without_a_rule_is_an_error(self):
        with pytest.raises(UnknownAction, match="what lambda:Invoke needs"):
            found("lambda:Invoke")

    def test_a_call_that_names_nothing_is_an_error(self):
        with pytest.raises(UnknownAction, match="names nothing"):
            found("ec2:StopInstances", DryRun=True)

    def test_an_id_of_an_unknown_kind_is_an_error(self):
        with pytest.raises(UnknownAction, match="xyz-1"):
            found("ec2:CreateTags", Resources=["xyz-1"], Tags=TAGS)

    def test_every_request_has_the_common_context(self):
        context = found("ec2:DescribeVpcs")[0].context
        assert context == {
            "aws:RequestedRegion": "us-east-1",
            "aws:PrincipalAccount": ACCOUNT,
            "aws:ResourceAccount": ACCOUNT,
            "aws:PrincipalArn": ALICE,
            "aws:username": "alice",
        }
