# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each feature is for: the authorizations that SkyPilot's calls take, read in its source and AWS's reference.

The collection has a table of its own (plugins/module_utils/_skypilot/requests.py). This one is written down a second time,
with the names of one account, and knows nothing of the other. test_frozen_requests.py compares them: a change touches both.
"""

from __future__ import annotations

import dataclasses

from .requests import (
    ACCOUNT,
    CLUSTER,
    CLUSTER_TAGS,
    GROUP,
    INSTANCE,
    OWN,
    PROFILE,
    REGION,
    ROLE,
    SPOT_ROLE,
    SUBNET,
    TO_EC2,
    VPC,
    Request,
    creating_group,
    ec2,
    iam,
    image,
    of,
    requested,
    tagged,
)

IDENTITIES = ("research", "teams/trainer")
BUCKETS = ("research-data", "results-*")
#: Buckets that these names fit.
FITTING = ("research-data", "results-example")


@dataclasses.dataclass(frozen=True)
class Need:
    """The requests of a feature by who makes them, and the features that it stands on.

    ``granted`` are requests that SkyPilot makes with the feature and that those features allow already; ``unused`` are
    those of the others that the page allows and SkyPilot does not make.
    """

    upon: tuple[str, ...] = ()
    both: tuple[Request, ...] = ()
    user: tuple[Request, ...] = ()
    role: tuple[Request, ...] = ()
    granted: tuple[Request, ...] = ()
    unused: tuple[Request, ...] = ()

    def of(self, principal: str) -> tuple[Request, ...]:
        """What the feature itself has to allow."""
        return self.both + {"user": self.user, "role": self.role}[principal] + self.unused

    def asked(self, principal: str) -> tuple[Request, ...]:
        """What SkyPilot asks for."""
        return tuple(request for request in self.of(principal) if request not in self.unused) + self.granted


LAUNCH_TAGS = requested(Name="c-1a2b", **CLUSTER_TAGS)
IN_VPC = {"ec2:Vpc": VPC}
OWN_GROUP = {**IN_VPC, **tagged(skypilot="true")}


def new_instance(market: str = "on-demand", profile: str = PROFILE) -> Request:
    launch = {
        "ec2:InstanceMarketType": market,
        "ec2:InstanceProfile": profile,
        "ec2:InstanceType": "g5.xlarge",
        "ec2:MetadataHttpTokens": "required",
    }
    return of("ec2:RunInstances", ec2("instance/*"), {**launch, **LAUNCH_TAGS})


VOLUME_CONTEXT = {
    "ec2:Encrypted": "false",
    "ec2:VolumeIops": "3500",
    "ec2:VolumeSize": "256",
    "ec2:VolumeThroughput": "218",
    "ec2:VolumeType": "gp3",
    **LAUNCH_TAGS,
}
INTERFACE_CONTEXT = {"ec2:AssociatePublicIpAddress": "true", "ec2:Subnet": SUBNET, **IN_VPC}


def launch(group: dict[str, str]) -> tuple[Request, ...]:
    """RunInstances as SkyPilot sends it, without the tags of volumes; ``group`` is the context of the security group."""
    return (
        of("ec2:RunInstances", image()),
        new_instance(),
        new_instance(market="spot"),
        of("ec2:RunInstances", ec2("network-interface/*"), INTERFACE_CONTEXT),
        of("ec2:RunInstances", SUBNET, IN_VPC),
        of("ec2:RunInstances", ec2("volume/*"), VOLUME_CONTEXT),
        of("ec2:RunInstances", GROUP, group),
        of("ec2:CreateTags", ec2("instance/*"), {"ec2:CreateAction": "RunInstances", **LAUNCH_TAGS}),
        of("iam:PassRole", ROLE, TO_EC2),
        of("iam:GetInstanceProfile", PROFILE),
    )


def node_tags(kind: str, is_head: str) -> Request:
    """The tags that SkyPilot sets on an instance once it runs."""
    node = {"ray__node__type": kind, "skypilot__head__node": is_head}
    return of("ec2:CreateTags", INSTANCE, {**CLUSTER, **requested(Name=f"sky-c-1a2b-{kind}", **node, **CLUSTER_TAGS)})


def in_buckets(action: str, key: str = "", **context: str) -> tuple[Request, ...]:
    """A request of S3 for each of the buckets: on the bucket, or with a key like ``/a/b`` on an object."""
    return tuple(of(action, f"arn:aws:s3:::{bucket}{key}", {**OWN, **context}) for bucket in FITTING)


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
    node_tags("head", "1"),
    node_tags("worker", "0"),
    of("ec2:StartInstances", INSTANCE, CLUSTER),
    of("ec2:StopInstances", INSTANCE, CLUSTER),
    of("ec2:TerminateInstances", INSTANCE, CLUSTER),
)

VOLUME_TAGS = of("ec2:CreateTags", ec2("volume/*"), {"ec2:CreateAction": "RunInstances", **LAUNCH_TAGS})

SESSION = {**CLUSTER, "ssm:resourceTag/ray-cluster-name": "c-1a2b"}

NEEDS = {
    "base": Need(
        both=(
            *launch(OWN_GROUP),
            *LIFE,
            of("ec2:CreateSecurityGroup", ec2("security-group/*"), requested(skypilot="true")),
            of("ec2:CreateSecurityGroup", VPC),
            of("ec2:AuthorizeSecurityGroupIngress", GROUP, OWN_GROUP),
            of("iam:GetRole", ROLE),
        ),
        unused=(
            of("ec2:DeleteTags", INSTANCE, {**CLUSTER, **requested(mine="")}),
            of("ec2:CreateTags", INSTANCE, requested(mine="x")),
        ),
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
            of("ec2:CopyImage", image()),
            of("ec2:CopyImage", image("*")),
            of("ec2:CopyImage", f"arn:aws:ec2:{REGION}::snapshot/*"),
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
    "protect_tags": Need(upon=("base", "launch_tags")),
    "base_named_group": Need(both=(*launch(IN_VPC), *LIFE, VOLUME_TAGS)),
    "ports": Need(
        upon=("base", "launch_tags"),
        both=(
            of("ec2:ModifyInstanceAttribute", INSTANCE, CLUSTER),
            of("ec2:ModifyInstanceAttribute", GROUP, OWN_GROUP),
            of("ec2:ModifyInstanceAttribute", GROUP, IN_VPC),
            of("ec2:DeleteSecurityGroup", GROUP, OWN_GROUP),
        ),
    ),
    "spot": Need(
        upon=("base",),
        both=(of("iam:CreateServiceLinkedRole", SPOT_ROLE, {"iam:AWSServiceName": "spot.amazonaws.com"}),),
    ),
    "efa": Need(upon=("base",), both=(of("ec2:AuthorizeSecurityGroupEgress", GROUP, OWN_GROUP),)),
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
            # A call that names its document, as SkyPilot's does, may come without the key.
            of("ssm:StartSession", INSTANCE, SESSION),
            of("ssm:StartSession", INSTANCE, {**SESSION, "ssm:SessionDocumentAccessCheck": "true"}),
            of("ssm:StartSession", f"arn:aws:ssm:{REGION}::document/AWS-StartSSHSession"),
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
        granted=(
            new_instance(profile=iam("instance-profile/research")),
            new_instance(profile=iam("instance-profile/teams/trainer")),
        ),
    ),
    "s3_read": Need(
        both=(
            of("s3:ListAllMyBuckets"),
            *in_buckets("s3:ListBucket"),
            *in_buckets("s3:GetBucketLocation"),
            *in_buckets("s3:GetObject", "/a/b"),
        )
    ),
    "s3_write": Need(
        upon=("s3_read",),
        both=(
            *in_buckets("s3:PutObject", "/a/b"),
            *in_buckets("s3:DeleteObject", "/a/b"),
            *in_buckets("s3:AbortMultipartUpload", "/a/b"),
            *in_buckets("s3:PutObjectAcl", "/a/b", **{"s3:x-amz-acl": "private"}),
            *in_buckets("s3:ListBucketMultipartUploads"),
        ),
    ),
    "s3_manage": Need(
        upon=("s3_read", "s3_write"),
        both=(
            *in_buckets("s3:CreateBucket"),
            *in_buckets("s3:DeleteBucket"),
            *in_buckets("s3:PutBucketTagging"),
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
                f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:skypilot-logs:log-stream:skypilot-c-1a2b",
            ),
            of(
                "logs:PutLogEvents",
                f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:skypilot-logs:log-stream:skypilot-c-1a2b",
            ),
        )
    ),
}
