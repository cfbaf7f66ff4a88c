# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What SkyPilot's documented minimal policy allows and what it does not, call by call."""

from __future__ import annotations

import json

import pytest

from ansible_collections.sky.aws.plugins.module_utils._features import documents
from ansible_collections.sky.aws.plugins.module_utils._tags import OWNER_KEY
from ansible_collections.sky.aws.tests.emulator.people import (
    ACCOUNT,
    EC2,
    IMAGE,
    OTHER,
    TRUST_EC2,
    User,
    allowed,
    error_of,
    launch,
    refused,
    tagged,
)


class TestTheDocumentedPolicy:
    """What base allows and what it does not: each case is one call with everything else as it should be."""

    @pytest.mark.parametrize(
        "more",
        [
            {},
            {"IamInstanceProfile": {"Name": "skypilot-v1"}},
            {"IamInstanceProfile": {"Arn": f"arn:aws:iam::{ACCOUNT}:instance-profile/skypilot-v1"}},
            {"TagSpecifications": tagged("instance")},
            {"BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 50}}]},
        ],
    )
    def test_launches_that_it_allows(self, aws, base, more):
        assert error_of(launch(base.client("ec2"), **more)) is None

    @pytest.mark.parametrize(
        ("more", "action", "resource"),
        [
            ({"KeyName": "k"}, "ec2:RunInstances", f"{EC2}key-pair/k"),
            ({"Placement": {"GroupName": "g"}}, "ec2:RunInstances", f"{EC2}placement-group/g"),
            ({"LaunchTemplate": {"LaunchTemplateId": "lt-1"}}, "ec2:RunInstances", f"{EC2}launch-template/lt-1"),
            (
                {"BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": "snap-1"}}]},
                "ec2:RunInstances",
                "arn:aws:ec2:us-east-1::snapshot/snap-1",
            ),
            (
                {"CapacityReservationSpecification": {"CapacityReservationTarget": {"CapacityReservationId": "cr-1"}}},
                "ec2:RunInstances",
                f"{EC2}capacity-reservation/cr-1",
            ),
            ({"TagSpecifications": tagged("instance", "volume")}, "ec2:CreateTags", f"{EC2}volume/*"),
            ({"TagSpecifications": tagged("network-interface")}, "ec2:CreateTags", f"{EC2}network-interface/*"),
            (
                {"IamInstanceProfile": {"Name": "other"}},
                "iam:PassRole",
                f"arn:aws:iam::{ACCOUNT}:role/other",
            ),
            (
                {"IamInstanceProfile": {"Name": "deep"}},
                "iam:PassRole",
                f"arn:aws:iam::{ACCOUNT}:role/team/deep",
            ),
            (
                {"InstanceMarketOptions": {"MarketType": "spot"}},
                "iam:CreateServiceLinkedRole",
                f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot",
            ),
        ],
    )
    def test_launches_that_it_refuses_in_the_words_of_ec2(self, aws, base, places, more, action, resource):
        assert error_of(launch(base.client("ec2"), **more)) == (
            403,
            "UnauthorizedOperation",
            f"You are not authorized to perform this operation. User: {base.arn} is not authorized to perform: "
            f"{action} on resource: {resource} because no identity-based policy allows the {action} action",
        )

    def test_a_subnet_of_another_account(self, base, places):
        _, _, text = error_of(launch(base.client("ec2"), SubnetId=places["foreign_subnet"]))
        assert f"arn:aws:ec2:us-east-1:{OTHER}:subnet/{places['foreign_subnet']}" in text

    def test_own_subnet_and_group(self, base, places):
        network = {"SubnetId": places["subnet"], "SecurityGroupIds": [places["group"]]}
        assert error_of(launch(base.client("ec2"), **network)) is None

    def test_instances(self, base, places):
        ec2, ids = base.client("ec2"), [places["instance"]]
        for method in ("stop_instances", "start_instances", "terminate_instances"):
            assert error_of(getattr(ec2, method), InstanceIds=ids, DryRun=True) is None
        assert refused(ec2.reboot_instances, InstanceIds=ids, DryRun=True)
        group = places["group"]
        assert refused(ec2.modify_instance_attribute, InstanceId=ids[0], Groups=[group], DryRun=True)

    def test_tags(self, base, places):
        ec2, tags = base.client("ec2"), [{"Key": "a", "Value": "b"}]
        assert allowed(ec2.create_tags, Resources=[places["instance"]], Tags=tags)
        assert allowed(ec2.delete_tags, Resources=[places["instance"]], Tags=tags)
        assert refused(ec2.create_tags, Resources=[places["volume"]], Tags=tags)
        assert refused(ec2.create_tags, Resources=[places["instance"], places["group"]], Tags=tags)

    def test_reads(self, base):
        ec2 = base.client("ec2")
        for method in ("regions", "availability_zones", "images", "instances", "subnets", "vpcs", "route_tables"):
            assert allowed(getattr(ec2, f"describe_{method}"))

    def test_security_groups(self, base, places):
        ec2 = base.client("ec2")
        new = {"GroupName": "sky-sg", "Description": "d", "VpcId": places["vpc"]}
        assert refused(ec2.create_security_group, **new, TagSpecifications=tagged("security-group"))
        group = ec2.create_security_group(**new)["GroupId"]
        rule = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        assert allowed(ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=rule)
        assert refused(ec2.authorize_security_group_egress, GroupId=group, IpPermissions=rule)
        assert refused(ec2.delete_security_group, GroupId=group)

    def test_iam(self, base):
        iam = base.client("iam")
        assert allowed(iam.get_role, RoleName="skypilot-v1")
        assert allowed(iam.get_instance_profile, InstanceProfileName="skypilot-v1")
        assert refused(iam.get_role, RoleName="other")
        assert refused(iam.create_role, RoleName="mine", AssumeRolePolicyDocument=json.dumps(TRUST_EC2))
        assert refused(iam.list_users)

    def test_other_services(self, base):
        assert refused(base.client("s3").list_buckets)
        assert refused(base.client("ssm").get_parameter, Name="x")
        assert refused(base.client("service-quotas").get_service_quota, ServiceCode="ec2", QuotaCode="L-1216C47A")
        assert refused(base.client("cloudwatch").list_metrics)
        assert allowed(base.client("sts").get_caller_identity)

    def test_images(self, base, places):
        ec2 = base.client("ec2")
        assert refused(ec2.create_image, InstanceId=places["instance"], Name="clone", DryRun=True)
        assert refused(ec2.copy_image, Name="clone", SourceImageId=IMAGE, SourceRegion="us-east-1", DryRun=True)
        assert refused(ec2.deregister_image, ImageId=IMAGE, DryRun=True)

    def test_in_another_account_it_is_worth_nothing(self, aws):
        stranger = User(aws, account=OTHER)
        statements = documents.document(["base"], account_id=ACCOUNT, partition="aws")["Statement"]
        stranger.put(*statements)
        assert refused(launch(stranger.client("ec2")))
        assert allowed(stranger.client("ec2").describe_vpcs)

    def test_launch_tags_are_for_what_is_being_made(self, aws, places):
        names = ["base", "launch_tags"]
        user = User(aws, *documents.document(names, account_id=ACCOUNT, partition="aws")["Statement"])
        ec2, tags = user.client("ec2"), [{"Key": "a", "Value": "b"}]
        assert error_of(launch(ec2, TagSpecifications=tagged("instance", "volume"))) is None
        assert refused(ec2.create_tags, Resources=[places["volume"]], Tags=tags)
        assert refused(ec2.create_tags, Resources=[places["group"]], Tags=tags)
        new = {"GroupName": "tagged", "Description": "d", "VpcId": places["vpc"]}
        skypilots, forged = {"Key": "skypilot", "Value": "true"}, {"Key": OWNER_KEY, "Value": "sky.aws"}
        for given in ([forged], [skypilots, forged]):
            specification = {"ResourceType": "security-group", "Tags": given}
            assert refused(ec2.create_security_group, **new, TagSpecifications=[specification])
        specification = {"ResourceType": "security-group", "Tags": [skypilots]}
        assert allowed(ec2.create_security_group, **new, TagSpecifications=[specification])
