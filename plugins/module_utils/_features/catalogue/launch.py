# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What SkyPilot does beyond the page to launch, reach and end clusters. PRIVATE to the collection."""

from __future__ import annotations

from ..._skypilot import names
from ..._tags import RESERVED_PREFIX
from ..feature import Feature

_SPOT_ROLE = "role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"

CATALOGUE = (
    Feature(
        name="launch_tags",
        title="Tag security groups and volumes while they are created",
        why=(
            "SkyPilot creates security groups with a tag since 0.12.1 and tags volumes in RunInstances since 0.13.0, "
            "which base does not allow: the group blocks the first launch; the volumes block every launch of 0.13 and "
            "cost a warning and a refused call from 0.14 on, or the launch with aws.enforce_tags. The condition on "
            "ec2:CreateAction keeps existing groups and volumes out of reach; a group takes SkyPilot's own tag and no "
            "other, so that nobody passes a group off as made by an administrator. The CreateTags call for volumes when a "
            "cluster resumes has no CreateAction and stays refused: SkyPilot makes it only for tags that its own "
            "provisioner never passes (provision/provisioner.py:264), and the volumes keep the tags of their creation."
        ),
        since="0.12.1",
        source="provision/aws/config.py:758-769, provision/aws/instance.py:310-328,612-620",
        both=(
            {
                "Effect": "Allow",
                "Action": "ec2:CreateTags",
                "Resource": "arn:<partition>:ec2:*:<account_id>:security-group/*",
                "Condition": {
                    "StringEquals": {
                        "ec2:CreateAction": "CreateSecurityGroup",
                        f"aws:RequestTag/{names.GROUP_TAG}": "true",
                    },
                    "ForAllValues:StringEquals": {"aws:TagKeys": [names.GROUP_TAG]},
                },
            },
            {
                "Effect": "Allow",
                "Action": "ec2:CreateTags",
                "Resource": "arn:<partition>:ec2:*:<account_id>:volume/*",
                "Condition": {"StringEquals": {"ec2:CreateAction": "RunInstances"}},
            },
        ),
    ),
    Feature(
        name="protect_tags",
        title="Keep the marks of the collection, and of clusters, from being forged",
        why=(
            "base lets every user tag every instance, and tags are rights: the collection knows what it made by "
            f"{RESERVED_PREFIX} tags, and ports, ssm and autostop are for instances with SkyPilot's cluster tag. Nobody "
            f"with this policy sets or removes a tag {RESERVED_PREFIX}*, in RunInstances neither, which EC2 authorizes as "
            "CreateTags; DeleteTags without keys is denied since EC2 then removes all tags; and the cluster tag goes on "
            "an instance as it is launched or where it is already, in any case of its letters, since IAM compares the "
            "keys of tags without case. SkyPilot asks for none of this. What is denied here no other policy of the same "
            "user or role allows; users and roles without it still can."
        ),
        since=None,
        source=(
            "Service Authorization Reference, Amazon EC2, CreateTags and DeleteTags; EC2 API Reference, DeleteTags; EC2 "
            "User Guide, Grant permission to tag Amazon EC2 resources during creation; IAM User Guide, Controlling access "
            "to AWS resources using tags; provision/aws/instance.py:296-372"
        ),
        both=(
            {
                "Effect": "Deny",
                "Action": ["ec2:CreateTags", "ec2:DeleteTags"],
                "Resource": "*",
                "Condition": {"ForAnyValue:StringLike": {"aws:TagKeys": f"{RESERVED_PREFIX}*"}},
            },
            {
                "Effect": "Deny",
                "Action": "ec2:DeleteTags",
                "Resource": "*",
                "Condition": {"Null": {"aws:TagKeys": "true"}},
            },
            {
                "Effect": "Deny",
                "Action": "ec2:CreateTags",
                "Resource": "*",
                "Condition": {
                    "Null": {
                        f"aws:RequestTag/{names.CLUSTER_TAG}": "false",
                        f"aws:ResourceTag/{names.CLUSTER_TAG}": "true",
                        "ec2:CreateAction": "true",
                    }
                },
            },
        ),
    ),
    Feature(
        name="base_named_group",
        title="Launch into a security group that was made beforehand",
        why=(
            "Takes the place of base where aws.security_group_name names a group that exists in the VPC with its rules: "
            "SkyPilot then makes, tags and opens no group, and base's rights to do so go. Volumes are tagged as with "
            "launch_tags. Without what the page grants and SkyPilot does not use: ec2:DeleteTags and iam:GetRole; "
            "iam:PassRole is for EC2 only. SkyPilot opens no ports in a named group. Before 0.14.0 it made its default "
            "group all the same, and went on when that was refused."
        ),
        since="0.14.0",
        source="provision/aws/config.py:104-136,692-725, clouds/aws.py:874-902",
        both=(
            {
                "Effect": "Allow",
                "Action": "ec2:RunInstances",
                "Resource": [
                    "arn:<partition>:ec2:*::image/ami-*",
                    "arn:<partition>:ec2:*:<account_id>:instance/*",
                    "arn:<partition>:ec2:*:<account_id>:network-interface/*",
                    "arn:<partition>:ec2:*:<account_id>:subnet/*",
                    "arn:<partition>:ec2:*:<account_id>:volume/*",
                    "arn:<partition>:ec2:*:<account_id>:security-group/*",
                ],
            },
            {
                "Effect": "Allow",
                "Action": ["ec2:TerminateInstances", "ec2:StartInstances", "ec2:CreateTags", "ec2:StopInstances"],
                "Resource": "arn:<partition>:ec2:*:<account_id>:instance/*",
            },
            {
                "Effect": "Allow",
                "Action": "ec2:CreateTags",
                "Resource": "arn:<partition>:ec2:*:<account_id>:volume/*",
                "Condition": {"StringEquals": {"ec2:CreateAction": "RunInstances"}},
            },
            {
                "Effect": "Allow",
                "Action": "ec2:Describe*",
                "Resource": "*",
            },
            {
                "Effect": "Allow",
                "Action": "iam:PassRole",
                "Resource": names.ROLE_ARN,
                "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
            },
            {
                "Effect": "Allow",
                "Action": "iam:GetInstanceProfile",
                "Resource": names.PROFILE_ARN,
            },
        ),
    ),
    Feature(
        name="ports",
        title="Clusters with ports",
        why=(
            "A cluster with ports has a security group of its own. To end it SkyPilot first moves its instances to the "
            "default group, without which sky down fails and the instances go on running, then deletes the group, "
            "without which the group stays. Instances are those with SkyPilot's cluster tag; a group that goes has "
            "SkyPilot's own tag, which groups made before 0.12.1 have not. The same call writes an instance's user data, "
            "which is root on it with its role: that is denied. No statement needs ec2:Attribute to be there or to have "
            "a value, since AWS's texts spell the attribute of the groups in several ways. Goes with protect_tags, "
            "without which a user can make any instance one with the cluster tag."
        ),
        since="0.4.0",
        source=(
            "provision/aws/instance.py:872-958,1059-1113; Service Authorization Reference, Amazon EC2, "
            "ec2:Attribute/${AttributeName}"
        ),
        both=(
            {
                "Effect": "Allow",
                "Action": "ec2:ModifyInstanceAttribute",
                "Resource": "arn:<partition>:ec2:*:<account_id>:instance/*",
                "Condition": {"Null": {f"aws:ResourceTag/{names.CLUSTER_TAG}": "false"}},
            },
            {
                "Effect": "Allow",
                "Action": "ec2:ModifyInstanceAttribute",
                "Resource": "arn:<partition>:ec2:*:<account_id>:security-group/*",
            },
            {
                "Effect": "Allow",
                "Action": "ec2:DeleteSecurityGroup",
                "Resource": "arn:<partition>:ec2:*:<account_id>:security-group/*",
                "Condition": {"StringEquals": {f"aws:ResourceTag/{names.GROUP_TAG}": "true"}},
            },
            {
                "Effect": "Deny",
                "Action": "ec2:ModifyInstanceAttribute",
                "Resource": "*",
                "Condition": {"Null": {"ec2:Attribute/UserData": "false"}},
            },
        ),
    ),
    Feature(
        name="spot",
        title="The first spot request of an account",
        why=(
            "EC2 makes the service-linked role for spot at an account's first spot request, with the rights of who "
            "asks. Not needed where the administrator made it: service_linked_roles of sky_role."
        ),
        since=None,
        source="templates/aws-ray.yml.j2:90-96; EC2 User Guide, Service-linked role for Spot Instance requests",
        both=(
            {
                "Effect": "Allow",
                "Action": "iam:CreateServiceLinkedRole",
                "Resource": f"arn:<partition>:iam::<account_id>:{_SPOT_ROLE}",
                "Condition": {"StringEquals": {"iam:AWSServiceName": "spot.amazonaws.com"}},
            },
        ),
    ),
    Feature(
        name="efa",
        title="network_tier: best on instances with EFA",
        why="EFA wants the security group to let its members reach each other, outbound too.",
        since="0.10.3",
        source="provision/aws/config.py:679-699",
        both=(
            {
                "Effect": "Allow",
                "Action": "ec2:AuthorizeSecurityGroupEgress",
                "Resource": "arn:<partition>:ec2:*:<account_id>:security-group/*",
            },
        ),
    ),
    Feature(
        name="capacity_reservations",
        title="aws.specific_reservations, aws.prioritize_reservations and capacity blocks",
        why="RunInstances that names a reservation is authorised on it too. Finding reservations is in base.",
        since="0.7.0",
        source="provision/aws/instance.py:640-697, clouds/utils/aws_utils.py:30-71",
        both=(
            {
                "Effect": "Allow",
                "Action": "ec2:RunInstances",
                "Resource": "arn:<partition>:ec2:*:<account_id>:capacity-reservation/*",
            },
        ),
    ),
    Feature(
        name="quotas",
        title="Skip regions without quota",
        why=(
            "SkyPilot asks for the quota of each candidate region. Without the right it tries regions of no quota too. "
            "On all resources: AWS lists quotas as one that the action can take, not must, and a number is no secret."
        ),
        since="0.3.2",
        source="clouds/aws.py:1525-1536, backends/cloud_vm_ray_backend.py:1063-1073",
        both=(
            {
                "Effect": "Allow",
                "Action": "servicequotas:GetServiceQuota",
                "Resource": "*",
            },
        ),
    ),
    Feature(
        name="ssm",
        title="aws.use_ssm",
        why=(
            "SSH through Session Manager, which use_internal_ips without a proxy command turns on too. Sessions are "
            "for SSH only, to SkyPilot's own instances. The role has what the agent needs for sessions, not all of "
            "AmazonSSMManagedInstanceCore."
        ),
        since="0.10.3",
        source=(
            "backends/backend_utils.py:959-1001; Systems Manager User Guide, Quickstart end user policies for Session "
            "Manager, Add Session Manager permissions to an existing IAM role"
        ),
        both=(
            {
                "Effect": "Allow",
                "Action": "ssm:StartSession",
                "Resource": "arn:<partition>:ec2:*:<account_id>:instance/*",
                "Condition": {
                    "StringLike": {f"ssm:resourceTag/{names.CLUSTER_TAG}": "*"},
                    "BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"},
                },
            },
            {
                "Effect": "Allow",
                "Action": "ssm:StartSession",
                "Resource": f"arn:<partition>:ssm:*:*:document/{names.SSM_DOCUMENT}",
            },
        ),
        role=(
            {
                "Effect": "Allow",
                "Action": [
                    "ssm:UpdateInstanceInformation",
                    "ssmmessages:CreateControlChannel",
                    "ssmmessages:CreateDataChannel",
                    "ssmmessages:OpenControlChannel",
                    "ssmmessages:OpenDataChannel",
                ],
                "Resource": "*",
            },
        ),
    ),
)
