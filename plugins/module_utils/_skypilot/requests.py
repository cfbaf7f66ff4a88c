# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What SkyPilot asks of AWS, by feature of the policy, as data. PRIVATE to the collection.

A row is one authorization that AWS makes for a call; ``<name>`` in it is filled in by Names. A row without ``source`` is
recorded from the real SkyPilot (tests/skypilot/recorded_requests.json). The others name where they are read: paths with line
numbers are in the package ``sky`` of the release in release.py.

No row has what is the same for all of them or is the caller's: Region and account of the request, principal, address. Nor
do they have the tags of ``aws.labels``.
"""

from __future__ import annotations

import types
import typing as t

from .names import (
    CLUSTER_NAME_TAG,
    CLUSTER_TAG,
    GROUP_TAG,
    LOG_GROUP,
    LOG_STREAM_PREFIX,
    PROFILE_ARN,
    ROLE_ARN,
    ROLE_POLICY_ARNS,
    SSM_DOCUMENT,
    USER_TAG,
)
from .request import Need, Request

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from .request import Context, Names


def _row(action: str, resource: str = "*", context: Context | None = None, source: str = "") -> Request:
    return Request(action, resource, tuple(sorted((context or {}).items())), source)


def _requested(tags: Mapping[str, str]) -> Context:
    """The context of tags that a call sets."""
    return {**{f"aws:RequestTag/{key}": value for key, value in tags.items()}, "aws:TagKeys": tuple(sorted(tags))}


def _tagged(tags: Mapping[str, str]) -> Context:
    """The context of tags that a resource has."""
    return {f"aws:ResourceTag/{key}": value for key, value in tags.items()}


_EC2 = "arn:<partition>:ec2:<region>:<account_id>:"
_INSTANCE = f"{_EC2}instance/<instance_id>"
_GROUP = f"{_EC2}security-group/<group_id>"
_SUBNET = f"{_EC2}subnet/<subnet_id>"
_VPC = f"{_EC2}vpc/<vpc_id>"
#: Images and snapshots may belong to anyone.
_IMAGE = "arn:<partition>:ec2:<region>::image/"
_SNAPSHOT = "arn:<partition>:ec2:<region>::snapshot/"
_BUCKET = "arn:<partition>:s3:::<s3_bucket>"
_OBJECT = f"{_BUCKET}/<s3_key>"
_LOGS = f"arn:<partition>:logs:<region>:<account_id>:log-group:{LOG_GROUP}"
_LOG_STREAM = f"{_LOGS}:log-stream:{LOG_STREAM_PREFIX}<cluster>"

_CLUSTER_TAGS = {CLUSTER_TAG: "<cluster>", CLUSTER_NAME_TAG: "<cluster>", USER_TAG: "<user>"}
_LAUNCH_TAGS = {"Name": "<cluster>", **_CLUSTER_TAGS}
_OF_CLUSTER = _tagged(_CLUSTER_TAGS)
_GROUP_TAGS = {GROUP_TAG: "true"}
_IN_VPC = {"ec2:Vpc": _VPC}
#: A group that SkyPilot made, and one that was there.
_OWN_GROUP = {**_IN_VPC, **_tagged(_GROUP_TAGS)}
_GIVEN_GROUP = _IN_VPC
#: A bucket of the account.
_OWN_BUCKET = {"s3:ResourceAccount": "<account_id>", "aws:ResourceAccount": "<account_id>"}
_TO_EC2 = {"iam:PassedToService": "ec2.amazonaws.com"}
_SPOT_ROLE = "arn:<partition>:iam::<account_id>:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"


def _new_instance(market: str = "on-demand", profile: str = PROFILE_ARN) -> Request:
    launch = {
        "ec2:InstanceMarketType": market,
        "ec2:InstanceProfile": profile,
        "ec2:InstanceType": "<instance_type>",
        "ec2:MetadataHttpTokens": "required",
    }
    return _row("ec2:RunInstances", f"{_EC2}instance/*", {**launch, **_requested(_LAUNCH_TAGS)})


def _node_tags(kind: str, is_head: str) -> Request:
    """The tags that an instance gets once it is known what it will be."""
    tags = {**_CLUSTER_TAGS, "Name": f"sky-<cluster>-{kind}", "ray-node-type": kind, "skypilot-head-node": is_head}
    return _row("ec2:CreateTags", _INSTANCE, {**_OF_CLUSTER, **_requested(tags)})


def _launch(group: Context) -> tuple[Request, ...]:
    """RunInstances into a security group, without the tags of volumes. The sizes are those of a task that names none."""
    volume = {
        "ec2:Encrypted": "<disk_encrypted>",
        "ec2:VolumeIops": "3500",
        "ec2:VolumeSize": "256",
        "ec2:VolumeThroughput": "218",
        "ec2:VolumeType": "gp3",
    }
    interface = {"ec2:AssociatePublicIpAddress": "<public_ip>", "ec2:Subnet": _SUBNET, **_IN_VPC}
    return (
        _row("ec2:RunInstances", f"{_IMAGE}<image_id>"),
        _new_instance(),
        _new_instance("spot"),
        _row("ec2:RunInstances", f"{_EC2}network-interface/*", interface),
        _row("ec2:RunInstances", _SUBNET, _IN_VPC),
        _row("ec2:RunInstances", f"{_EC2}volume/*", {**volume, **_requested(_LAUNCH_TAGS)}),
        _row("ec2:RunInstances", _GROUP, group),
        _row("ec2:CreateTags", f"{_EC2}instance/*", {"ec2:CreateAction": "RunInstances", **_requested(_LAUNCH_TAGS)}),
        _row("iam:PassRole", ROLE_ARN, _TO_EC2),
        _row("iam:GetInstanceProfile", PROFILE_ARN),
    )


_LIFE = (
    _row("ec2:DescribeAvailabilityZones", source="catalog/data_fetchers/fetch_aws.py:159"),
    _row("ec2:DescribeCapacityReservations", source="clouds/utils/aws_utils.py:54"),
    _row("ec2:DescribeImages"),
    _row("ec2:DescribeInstances"),
    _row("ec2:DescribeInstanceTypes"),
    _row("ec2:DescribeRegions", source="catalog/data_fetchers/fetch_aws.py:107"),
    _row("ec2:DescribeRouteTables"),
    _row("ec2:DescribeSecurityGroups"),
    _row("ec2:DescribeSubnets"),
    _row("ec2:DescribeVpcs"),
    _node_tags("head", "1"),
    _node_tags("worker", "0"),
    _row("ec2:StartInstances", _INSTANCE, _OF_CLUSTER),
    _row("ec2:StopInstances", _INSTANCE, _OF_CLUSTER),
    _row("ec2:TerminateInstances", _INSTANCE, _OF_CLUSTER),
)
_VOLUME_TAGS = _row(
    "ec2:CreateTags", f"{_EC2}volume/*", {"ec2:CreateAction": "RunInstances", **_requested(_LAUNCH_TAGS)}
)
_MAKING_THE_ROLE = (
    _row("iam:CreateRole", ROLE_ARN),
    *(_row("iam:AttachRolePolicy", ROLE_ARN, {"iam:PolicyARN": policy}) for policy in ROLE_POLICY_ARNS),
    _row("iam:CreateInstanceProfile", PROFILE_ARN),
    _row("iam:AddRoleToInstanceProfile", PROFILE_ARN),
)
_SESSION = {**_OF_CLUSTER, f"ssm:resourceTag/{CLUSTER_TAG}": "<cluster>"}
_DOCUMENT_CHECK = (
    "Systems Manager User Guide, Start a session with a document by specifying the session documents in IAM policies"
)
_AGENT = "Systems Manager User Guide, Add Session Manager permissions to an existing IAM role"
_ECR = "Service Authorization Reference, Amazon ECR"
_FLUENT_BIT = "logs/aws.py:18-20"

#: What SkyPilot asks for, by feature, in the order of the catalogue.
NEEDS: Mapping[str, Need] = types.MappingProxyType(
    {
        "base": Need(
            both=(
                *_launch(_OWN_GROUP),
                *_LIFE,
                _row("ec2:CreateSecurityGroup", f"{_EC2}security-group/*", _requested(_GROUP_TAGS)),
                _row("ec2:CreateSecurityGroup", _VPC),
                _row("ec2:AuthorizeSecurityGroupIngress", _GROUP, _OWN_GROUP),
                _row("iam:GetRole", ROLE_ARN),
            )
        ),
        "create_role": Need(user=_MAKING_THE_ROLE),
        "clone_disk": Need(
            user=(
                _row("ec2:CreateImage", _INSTANCE, _OF_CLUSTER),
                _row("ec2:CreateImage", f"{_IMAGE}*"),
                _row("ec2:CreateImage", f"{_SNAPSHOT}*"),
                _row("ec2:CopyImage", f"{_IMAGE}<image_id>"),
                _row("ec2:CopyImage", f"{_IMAGE}*"),
                _row("ec2:CopyImage", f"{_SNAPSHOT}*"),
                _row("ec2:DeregisterImage", f"{_IMAGE}<image_id>"),
            ),
        ),
        "launch_tags": Need(
            both=(
                _row(
                    "ec2:CreateTags",
                    f"{_EC2}security-group/*",
                    {"ec2:CreateAction": "CreateSecurityGroup", **_requested(_GROUP_TAGS)},
                ),
                _VOLUME_TAGS,
            ),
        ),
        # It only denies.
        "protect_tags": Need(),
        "base_named_group": Need(both=(*_launch(_GIVEN_GROUP), *_LIFE, _VOLUME_TAGS)),
        "ports": Need(
            both=(
                _row("ec2:ModifyInstanceAttribute", _INSTANCE, _OF_CLUSTER),
                _row("ec2:ModifyInstanceAttribute", _GROUP, _OWN_GROUP),
                # The default group of a VPC in which a release before 0.12.1 made it.
                _row("ec2:ModifyInstanceAttribute", _GROUP, _GIVEN_GROUP, "provision/aws/instance.py:898"),
                _row("ec2:DeleteSecurityGroup", _GROUP, _OWN_GROUP),
            ),
        ),
        "spot": Need(
            both=(_row("iam:CreateServiceLinkedRole", _SPOT_ROLE, {"iam:AWSServiceName": "spot.amazonaws.com"}),)
        ),
        "efa": Need(both=(_row("ec2:AuthorizeSecurityGroupEgress", _GROUP, _OWN_GROUP),)),
        "capacity_reservations": Need(
            both=(
                _row(
                    "ec2:RunInstances",
                    f"{_EC2}capacity-reservation/<reservation_id>",
                    source="provision/aws/instance.py:674-677",
                ),
            )
        ),
        "quotas": Need(
            both=(
                _row(
                    "servicequotas:GetServiceQuota",
                    "arn:<partition>:servicequotas:<region>:<account_id>:ec2/<quota_code>",
                ),
            )
        ),
        "ssm": Need(
            both=(
                # A call that names its document, as SkyPilot's does, may come with the key or without.
                _row("ssm:StartSession", _INSTANCE, _SESSION),
                _row(
                    "ssm:StartSession",
                    _INSTANCE,
                    {**_SESSION, "ssm:SessionDocumentAccessCheck": "true"},
                    _DOCUMENT_CHECK,
                ),
                _row("ssm:StartSession", f"arn:<partition>:ssm:<region>::document/{SSM_DOCUMENT}"),
            ),
            role=(
                _row("ssm:UpdateInstanceInformation", _INSTANCE, source=_AGENT),
                _row("ssmmessages:CreateControlChannel", source=_AGENT),
                _row("ssmmessages:CreateDataChannel", source=_AGENT),
                _row("ssmmessages:OpenControlChannel", source=_AGENT),
                _row("ssmmessages:OpenDataChannel", source=_AGENT),
            ),
        ),
        "create_role_inline": Need(user=(_row("iam:PutRolePolicy", ROLE_ARN),)),
        "create_role_bounded": Need(user=(_row("iam:GetRole", ROLE_ARN), *_MAKING_THE_ROLE)),
        "custom_identity": Need(
            # The instance profile is taken to bear the name and the path of the role in it.
            both=(
                _new_instance(profile="arn:<partition>:iam::<account_id>:instance-profile/<custom_identity>"),
                _row("iam:PassRole", "arn:<partition>:iam::<account_id>:role/<custom_identity>", _TO_EC2),
            )
        ),
        "s3_read": Need(
            both=(
                _row("s3:ListAllMyBuckets"),
                _row("s3:ListBucket", _BUCKET, _OWN_BUCKET),
                _row("s3:GetBucketLocation", _BUCKET, _OWN_BUCKET, "data/mounting_utils.py:94-192"),
                _row("s3:GetObject", _OBJECT, _OWN_BUCKET),
            )
        ),
        "s3_write": Need(
            both=(
                _row("s3:PutObject", _OBJECT, _OWN_BUCKET),
                _row("s3:DeleteObject", _OBJECT, _OWN_BUCKET),
                _row("s3:AbortMultipartUpload", _OBJECT, _OWN_BUCKET, "data/storage.py:2276-2328"),
                _row(
                    "s3:PutObjectAcl", _OBJECT, {**_OWN_BUCKET, "s3:x-amz-acl": "private"}, "data/data_utils.py:806-826"
                ),
                _row("s3:ListBucketMultipartUploads", _BUCKET, _OWN_BUCKET, "data/mounting_utils.py:94-192"),
            ),
        ),
        "s3_manage": Need(
            both=(
                _row("s3:CreateBucket", _BUCKET, _OWN_BUCKET),
                _row("s3:DeleteBucket", _BUCKET, _OWN_BUCKET),
                _row("s3:PutBucketTagging", _BUCKET, _OWN_BUCKET, "data/storage.py:2447"),
            ),
        ),
        "autostop": Need(
            role=(
                _row("ec2:DescribeInstances"),
                _row("ec2:DescribeSecurityGroups"),
                _row("ec2:DescribeVpcs"),
                _row("ec2:StopInstances", _INSTANCE, _OF_CLUSTER),
                _row("ec2:TerminateInstances", _INSTANCE, _OF_CLUSTER),
            )
        ),
        "ecr": Need(
            role=(
                _row("ecr:GetAuthorizationToken"),
                *(
                    _row(
                        f"ecr:{action}",
                        "arn:<partition>:ecr:<region>:<account_id>:repository/<repository>",
                        source=_ECR,
                    )
                    for action in ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")
                ),
            )
        ),
        "logs": Need(
            role=(
                _row("cloudwatch:ListMetrics"),
                _row("logs:CreateLogGroup", _LOGS, source=_FLUENT_BIT),
                # As AWS's own refusals name the group.
                _row("logs:CreateLogGroup", f"{_LOGS}:log-stream:", source=_FLUENT_BIT),
                _row("logs:CreateLogStream", _LOG_STREAM, source=_FLUENT_BIT),
                _row("logs:PutLogEvents", _LOG_STREAM, source=_FLUENT_BIT),
            )
        ),
    }
)


def requests(feature: str, principal: str, names: Names) -> list[Request]:
    """What SkyPilot asks for with a feature, as ``user`` or as ``role``, with the names filled in; each request once.

    Raises KeyError for a feature or a principal that is unknown.
    """
    rows = NEEDS[feature].of(principal)
    return list(dict.fromkeys(row.filled(values) for row in rows for values in names.values(row.places)))
