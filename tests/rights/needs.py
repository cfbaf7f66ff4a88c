# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each feature is for: the authorizations that SkyPilot's calls take, read in its source and AWS's reference.

Where the real SkyPilot can be driven, tests/skypilot records what it asks for, and a test holds that to be in here.
"""

from __future__ import annotations

import dataclasses

from .requests import (
    ACCOUNT,
    BUCKET,
    CLUSTER,
    GROUP,
    INSTANCE,
    OBJECT,
    OWN,
    PROFILE,
    REGION,
    ROLE,
    SPOT_ROLE,
    SUBNET,
    TO_EC2,
    Request,
    creating_group,
    ec2,
    iam,
    image,
    of,
    tagged,
)

IDENTITIES = ("research", "teams/trainer")
BUCKETS = ("research-data", "results-*")
EFA_GROUP = ec2("security-group/sg-0efa")


@dataclasses.dataclass(frozen=True)
class Need:
    """The requests of a feature by who makes them, and the features that it stands on."""

    upon: tuple[str, ...] = ()
    both: tuple[Request, ...] = ()
    user: tuple[Request, ...] = ()
    role: tuple[Request, ...] = ()

    def of(self, principal: str) -> tuple[Request, ...]:
        return self.both + {"user": self.user, "role": self.role}[principal]


def launch(group: str = GROUP) -> tuple[Request, ...]:
    """RunInstances as SkyPilot sends it, without the tags of volumes."""
    return (
        of("ec2:RunInstances", image()),
        of("ec2:RunInstances", ec2("instance/*"), {"ec2:InstanceType": "g5.xlarge"}),
        of("ec2:RunInstances", ec2("network-interface/*")),
        of("ec2:RunInstances", SUBNET),
        of("ec2:RunInstances", ec2("volume/*")),
        of("ec2:RunInstances", group),
        of("ec2:CreateTags", ec2("instance/*"), {"ec2:CreateAction": "RunInstances"}),
        of("iam:PassRole", ROLE, TO_EC2),
        of("iam:GetInstanceProfile", PROFILE),
    )


LIFE = (
    *(
        of(f"ec2:{action}")
        for action in (
            "DescribeAvailabilityZones",
            "DescribeCapacityReservations",
            "DescribeImages",
            "DescribeInstances",
            "DescribeInstanceTypes",
            "DescribeRegions",
            "DescribeRouteTables",
            "DescribeSecurityGroups",
            "DescribeSubnets",
            "DescribeVpcs",
        )
    ),
    of("ec2:CreateTags", INSTANCE, CLUSTER),
    of("ec2:StartInstances", INSTANCE, CLUSTER),
    of("ec2:StopInstances", INSTANCE, CLUSTER),
    of("ec2:TerminateInstances", INSTANCE, CLUSTER),
)

VOLUME_TAGS = of("ec2:CreateTags", ec2("volume/*"), {"ec2:CreateAction": "RunInstances"})

NEEDS = {
    "base": Need(
        both=(
            *launch(),
            *LIFE,
            of("ec2:CreateSecurityGroup", ec2("security-group/*")),
            of("ec2:CreateSecurityGroup", ec2("vpc/vpc-0a1b2c3d4e5f60718")),
            of("ec2:AuthorizeSecurityGroupIngress", GROUP),
            of("ec2:DeleteTags", INSTANCE, CLUSTER),
            of("iam:GetRole", ROLE),
        )
    ),
    "create_role": Need(
        upon=("base",),
        user=(
            of("iam:CreateRole", ROLE),
            of("iam:AttachRolePolicy", ROLE, {"iam:PolicyARN": "arn:aws:iam::aws:policy/AmazonEC2FullAccess"}),
            of("iam:AttachRolePolicy", ROLE, {"iam:PolicyARN": "arn:aws:iam::aws:policy/AmazonS3FullAccess"}),
            of("iam:CreateInstanceProfile", PROFILE),
            of("iam:AddRoleToInstanceProfile", PROFILE),
        ),
    ),
    "clone_disk": Need(
        upon=("base",),
        user=(
            of("ec2:CreateImage", INSTANCE, CLUSTER),
            of("ec2:CreateImage", image("*")),
            of("ec2:CreateImage", f"arn:aws:ec2:{REGION}::snapshot/*"),
            of("ec2:CopyImage", image("*")),
            of("ec2:DeregisterImage", image()),
        ),
    ),
    "launch_tags": Need(
        upon=("base",),
        both=(
            of("ec2:CreateTags", ec2("security-group/*"), creating_group(skypilot="true")),
            VOLUME_TAGS,
        ),
    ),
    "base_named_group": Need(both=(*launch(), *LIFE, VOLUME_TAGS)),
    "ports": Need(
        upon=("base", "launch_tags"),
        both=(
            of("ec2:ModifyInstanceAttribute", INSTANCE, CLUSTER),
            of("ec2:ModifyInstanceAttribute", GROUP, tagged(skypilot="true")),
            of("ec2:ModifyInstanceAttribute", GROUP),
            of("ec2:DeleteSecurityGroup", GROUP, tagged(skypilot="true")),
        ),
    ),
    "spot": Need(
        upon=("base",),
        both=(of("iam:CreateServiceLinkedRole", SPOT_ROLE, {"iam:AWSServiceName": "spot.amazonaws.com"}),),
    ),
    "efa": Need(upon=("base",), both=(of("ec2:AuthorizeSecurityGroupEgress", EFA_GROUP),)),
    "capacity_reservations": Need(
        upon=("base",), both=(of("ec2:RunInstances", ec2("capacity-reservation/cr-0a1b2c3d4e5f60718")),)
    ),
    "quotas": Need(
        upon=("base",),
        both=(of("servicequotas:GetServiceQuota", f"arn:aws:servicequotas:{REGION}:{ACCOUNT}:ec2/L-1216C47A"),),
    ),
    "ssm": Need(
        upon=("base",),
        both=(
            of(
                "ssm:StartSession",
                INSTANCE,
                {"ssm:resourceTag/ray-cluster-name": "c-1a2b", "ssm:SessionDocumentAccessCheck": "true"},
            ),
            # A call that names its document, as SkyPilot's does, may come without the key.
            of("ssm:StartSession", INSTANCE, {"ssm:resourceTag/ray-cluster-name": "c-1a2b"}),
            of("ssm:StartSession", f"arn:aws:ssm:{REGION}:{ACCOUNT}:document/AWS-StartSSHSession"),
        ),
        role=(
            of("ssm:UpdateInstanceInformation", INSTANCE),
            of("ssmmessages:CreateControlChannel"),
            of("ssmmessages:CreateDataChannel"),
            of("ssmmessages:OpenControlChannel"),
            of("ssmmessages:OpenDataChannel"),
        ),
    ),
    "create_role_inline": Need(upon=("base", "create_role"), user=(of("iam:PutRolePolicy", ROLE),)),
    "create_role_bounded": Need(
        # base has iam:GetRole; what create_role_bounded stands on otherwise is the base without it.
        upon=("base_named_group",),
        user=(
            of("iam:GetRole", ROLE),
            of("iam:CreateRole", ROLE),
            of("iam:AttachRolePolicy", ROLE, {"iam:PolicyARN": "arn:aws:iam::aws:policy/AmazonEC2FullAccess"}),
            of("iam:AttachRolePolicy", ROLE, {"iam:PolicyARN": "arn:aws:iam::aws:policy/AmazonS3FullAccess"}),
            of("iam:CreateInstanceProfile", PROFILE),
            of("iam:AddRoleToInstanceProfile", PROFILE),
        ),
    ),
    "custom_identity": Need(
        upon=("base",),
        both=(
            of("iam:PassRole", iam("role/research"), TO_EC2),
            of("iam:PassRole", iam("role/teams/trainer"), TO_EC2),
        ),
    ),
    "s3_read": Need(
        both=(
            of("s3:ListAllMyBuckets"),
            of("s3:ListBucket", BUCKET, OWN),
            of("s3:GetBucketLocation", BUCKET, OWN),
            of("s3:GetObject", OBJECT, OWN),
        )
    ),
    "s3_write": Need(
        upon=("s3_read",),
        both=(
            of("s3:PutObject", OBJECT, OWN),
            of("s3:DeleteObject", OBJECT, OWN),
            of("s3:AbortMultipartUpload", OBJECT, OWN),
            of("s3:PutObjectAcl", OBJECT, {**OWN, "s3:x-amz-acl": "private"}),
            of("s3:ListBucketMultipartUploads", BUCKET, OWN),
        ),
    ),
    "s3_manage": Need(
        upon=("s3_read", "s3_write"),
        both=(
            of("s3:CreateBucket", BUCKET, OWN),
            of("s3:DeleteBucket", BUCKET, OWN),
            of("s3:PutBucketTagging", BUCKET, OWN),
        ),
    ),
    "autostop": Need(
        role=(
            of("ec2:DescribeInstances"),
            of("ec2:DescribeSecurityGroups"),
            of("ec2:DescribeVpcs"),
            of("ec2:StopInstances", INSTANCE, CLUSTER),
            of("ec2:TerminateInstances", INSTANCE, CLUSTER),
        )
    ),
    "ecr": Need(
        role=(
            of("ecr:GetAuthorizationToken"),
            *(
                of(f"ecr:{action}", f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/team/train")
                for action in ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")
            ),
        )
    ),
    "logs": Need(
        role=(
            of("cloudwatch:ListMetrics"),
            of("logs:CreateLogGroup", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:skypilot-logs"),
            # As AWS's own refusals name the group.
            of("logs:CreateLogGroup", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:skypilot-logs:log-stream:"),
            of(
                "logs:CreateLogStream",
                f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:skypilot-logs:log-stream:skypilot-c-1a2b-x",
            ),
            of(
                "logs:PutLogEvents",
                f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:skypilot-logs:log-stream:skypilot-c-1a2b-x",
            ),
        )
    ),
}
