# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nobody may do, whatever features there are; ``unless`` names the features whose very purpose it is.

What the page allows and a feature denies again is refused ``where`` that feature is.

Each entry is near to something that a feature allows, or is a way to rights or data that no feature is for.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .requests import (
    ACCOUNT,
    BUCKET,
    CLUSTER,
    CLUSTER_TAGS,
    GROUP,
    INSTANCE,
    OBJECT,
    OTHER,
    OWN,
    PROFILE,
    REGION,
    ROLE,
    SPOT_ROLE,
    SUBNET,
    TO_EC2,
    VOLUME,
    Request,
    creating_group,
    ec2,
    iam,
    image,
    of,
    requested,
    tagged,
)

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

POLICY = iam("policy/minimal-skypilot-policy")
ALICE = iam("user/alice")
ADMINISTRATOR = {"iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess"}
EC2_FULL = {"iam:PolicyARN": "arn:aws:iam::aws:policy/AmazonEC2FullAccess"}
#: A policy of the account that bears the name of AWS's.
EC2_FULL_OF_OURS = {"iam:PolicyARN": iam("policy/AmazonEC2FullAccess")}
BASES = frozenset({"base", "base_named_group"})
FOREIGN = {"s3:ResourceAccount": OTHER, "aws:ResourceAccount": OTHER}
CREATING_GROUP = creating_group(skypilot="true")
#: A tag by which the collection knows what it made.
FORGED = {"sky.aws/managed-by": "sky.aws"}
#: Another of the collection's tags, beside one of the user's own.
OURS = {"sky.aws/request": "x", "team": "x"}
#: The same key as SkyPilot's to a condition, and another to EC2.
OTHER_CASE = {"Ray-Cluster-Name": "c-1a2b"}
RUNNING = {"ec2:CreateAction": "RunInstances"}


@dataclasses.dataclass(frozen=True)
class Refusal:
    """A request that no document allows that has none of the features ``unless`` and has all of ``where``."""

    request: Request
    unless: frozenset[str] = frozenset()
    where: frozenset[str] = frozenset()

    def holds(self, features: Iterable[str]) -> bool:
        """Whether it is for a document of these features."""
        return self.unless.isdisjoint(features) and self.where.issubset(features)


def never(requests: Iterable[Request], unless: Iterable[str] = (), where: Iterable[str] = ()) -> tuple[Refusal, ...]:
    return tuple(Refusal(request, frozenset(unless), frozenset(where)) for request in requests)


def each(
    service: str, actions: str, resource: str = "*", context: Mapping[str, str | tuple[str, ...]] | None = None
) -> list[Request]:
    """The actions of a service, named in one text, on one resource."""
    return [of(f"{service}:{action}", resource, context) for action in actions.split()]


OTHER_ACCOUNTS = never(
    [
        *each("ec2", "RunInstances", ec2("instance/*", OTHER)),
        *each("ec2", "RunInstances", ec2("network-interface/*", OTHER)),
        *each("ec2", "RunInstances", ec2("subnet/subnet-0f00", OTHER)),
        *each("ec2", "RunInstances", ec2("volume/*", OTHER)),
        *each("ec2", "RunInstances", ec2("security-group/sg-0f00", OTHER)),
        *each("ec2", "RunInstances", ec2("capacity-reservation/cr-0f00", OTHER)),
        *each("ec2", "StartInstances StopInstances TerminateInstances", ec2("instance/i-0f00", OTHER), CLUSTER),
        *each("ec2", "CreateTags DeleteTags ModifyInstanceAttribute", ec2("instance/i-0f00", OTHER), CLUSTER),
        *each("ec2", "CreateTags", ec2("security-group/*", OTHER), CREATING_GROUP),
        *each("ec2", "CreateTags", ec2("volume/*", OTHER), RUNNING),
        *each("ec2", "CreateSecurityGroup", ec2("vpc/vpc-0f00", OTHER)),
        *each("ec2", "AuthorizeSecurityGroupIngress", ec2("security-group/sg-0f00", OTHER)),
        *each("ec2", "AuthorizeSecurityGroupEgress ModifyInstanceAttribute", ec2("security-group/sg-0f00", OTHER)),
        *each("ec2", "DeleteSecurityGroup", ec2("security-group/sg-0f00", OTHER), tagged(skypilot="true")),
        *each("iam", "GetRole CreateRole PutRolePolicy", iam("role/skypilot-v1", OTHER)),
        *each("iam", "AttachRolePolicy", iam("role/skypilot-v1", OTHER), EC2_FULL),
        *each("iam", "PassRole", iam("role/skypilot-v1", OTHER), TO_EC2),
        *each("iam", "PassRole", iam("role/research", OTHER), TO_EC2),
        *each(
            "iam",
            "GetInstanceProfile CreateInstanceProfile AddRoleToInstanceProfile",
            iam("instance-profile/skypilot-v1", OTHER),
        ),
        *each(
            "iam",
            "CreateServiceLinkedRole",
            SPOT_ROLE.replace(ACCOUNT, OTHER),
            {"iam:AWSServiceName": "spot.amazonaws.com"},
        ),
        *each("ssm", "StartSession", ec2("instance/i-0f00", OTHER), {"ssm:resourceTag/ray-cluster-name": "c-1a2b"}),
        *each("ecr", "BatchGetImage GetDownloadUrlForLayer", f"arn:aws:ecr:{REGION}:{OTHER}:repository/train"),
        *each("ecr", "BatchCheckLayerAvailability", f"arn:aws:ecr:{REGION}:{OTHER}:repository/train"),
        *each("logs", "CreateLogGroup", f"arn:aws:logs:{REGION}:{OTHER}:log-group:skypilot-logs"),
        *each("logs", "CreateLogGroup", f"arn:aws:logs:{REGION}:{OTHER}:log-group:skypilot-logs:log-stream:"),
        *each(
            "logs",
            "CreateLogStream PutLogEvents",
            f"arn:aws:logs:{REGION}:{OTHER}:log-group:skypilot-logs:log-stream:skypilot-x",
        ),
        *each("sts", "AssumeRole", iam("role/OrganizationAccountAccessRole", OTHER)),
    ]
) + never(
    # The page allows cloning of any image and snapshot there is, in its own words: Resource "*".
    each("ec2", "CreateImage", ec2("instance/i-0f00", OTHER)),
    unless=["clone_disk"],
)

OTHER_ROLES = never(
    [
        *each("iam", "PassRole", iam("role/skypilot-v2"), TO_EC2),
        *each("iam", "PassRole", iam("role/skypilot-v1x"), TO_EC2),
        *each("iam", "PassRole", iam("role/x/skypilot-v1"), TO_EC2),
        *each("iam", "PassRole", iam("role/OrganizationAccountAccessRole"), TO_EC2),
        *each("iam", "PassRole", iam("role/research-admin"), TO_EC2),
        *each("iam", "PassRole", iam("role/trainer"), TO_EC2),
        *each("iam", "PassRole", iam("role/research"), {"iam:PassedToService": "lambda.amazonaws.com"}),
        *each("iam", "PassRole", SPOT_ROLE, TO_EC2),
        *each("iam", "GetRole CreateRole PutRolePolicy", iam("role/skypilot-v2")),
        *each("iam", "GetRole CreateRole PutRolePolicy", iam("role/skypilot-v1-admin")),
        *each("iam", "AttachRolePolicy", iam("role/skypilot-v1-admin"), EC2_FULL),
        *each(
            "iam",
            "GetInstanceProfile CreateInstanceProfile AddRoleToInstanceProfile",
            iam("instance-profile/skypilot-v1-admin"),
        ),
        *each("iam", "AttachRolePolicy", iam("role/skypilot-v2"), EC2_FULL),
        *each("iam", "AttachRolePolicy", iam("role/OrganizationAccountAccessRole"), EC2_FULL),
        *each("iam", "PutRolePolicy", iam("role/OrganizationAccountAccessRole")),
        *each(
            "iam",
            "GetInstanceProfile CreateInstanceProfile AddRoleToInstanceProfile",
            iam("instance-profile/skypilot-v2"),
        ),
        *each(
            "iam",
            "CreateServiceLinkedRole",
            iam("role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"),
            {"iam:AWSServiceName": "autoscaling.amazonaws.com"},
        ),
        *each("iam", "CreateServiceLinkedRole", f"{SPOT_ROLE}_x", {"iam:AWSServiceName": "spot.amazonaws.com"}),
        *each(
            "iam",
            "CreateServiceLinkedRole",
            iam("role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForSpot"),
            {"iam:AWSServiceName": "spot.amazonaws.com"},
        ),
        *each(
            "iam",
            "CreateServiceLinkedRole",
            iam("role/aws-service-role/x/AWSServiceRoleForX"),
            {"iam:AWSServiceName": "spot.amazonaws.com"},
        ),
        *each("iam", "CreateServiceLinkedRole", SPOT_ROLE, {"iam:AWSServiceName": "autoscaling.amazonaws.com"}),
        *each("sts", "AssumeRole", iam("role/OrganizationAccountAccessRole")),
        *each("sts", "AssumeRole TagSession", ROLE),
    ]
)

#: What is allowed of skypilot-v1 is allowed by the features that name it.
OUR_ROLE = (
    *never(each("iam", "PassRole", ROLE, {"iam:PassedToService": "lambda.amazonaws.com"}), ["base", "create_role"]),
    *never(each("iam", "AttachRolePolicy", ROLE, ADMINISTRATOR), ["create_role"]),
    *never(each("iam", "AttachRolePolicy", ROLE, EC2_FULL_OF_OURS), ["create_role"]),
    *never(each("iam", "AttachRolePolicy", ROLE, EC2_FULL), ["create_role", "create_role_bounded"]),
    *never(each("iam", "CreateRole", ROLE), ["create_role", "create_role_bounded"]),
    *never(each("iam", "PutRolePolicy", ROLE), ["create_role_inline"]),
    *never(
        each("iam", "CreateInstanceProfile AddRoleToInstanceProfile", PROFILE), ["create_role", "create_role_bounded"]
    ),
    *never(
        [
            *each("iam", "UpdateAssumeRolePolicy DeleteRole UpdateRole TagRole UntagRole DeleteRolePolicy", ROLE),
            *each("iam", "PutRolePermissionsBoundary DeleteRolePermissionsBoundary", ROLE),
            *each("iam", "DetachRolePolicy", ROLE, EC2_FULL),
            *each("iam", "RemoveRoleFromInstanceProfile DeleteInstanceProfile", PROFILE),
            *each("iam", "DeleteServiceLinkedRole", SPOT_ROLE),
        ]
    ),
)

IDENTITIES = never(
    [
        *each("iam", "CreateUser DeleteUser UpdateUser PutUserPolicy DeleteUserPolicy CreateAccessKey", ALICE),
        *each("iam", "UpdateAccessKey DeleteAccessKey CreateLoginProfile UpdateLoginProfile TagUser", ALICE),
        *each("iam", "PutUserPermissionsBoundary DeleteUserPermissionsBoundary", ALICE),
        *each("iam", "CreateAccessKey", iam("user/bob")),
        *each("iam", "AttachUserPolicy", ALICE, ADMINISTRATOR),
        *each("iam", "DetachUserPolicy", ALICE, {"iam:PolicyARN": POLICY}),
        *each("iam", "AddUserToGroup CreateGroup PutGroupPolicy", iam("group/admins")),
        *each("iam", "CreatePolicy CreatePolicyVersion SetDefaultPolicyVersion DeletePolicyVersion", POLICY),
        *each("iam", "DeletePolicy TagPolicy", POLICY),
        *each("iam", "CreateSAMLProvider", iam("saml-provider/x")),
        *each("iam", "ListUsers ListRoles GetAccountAuthorizationDetails"),
        *each("iam", "GetUser", ALICE),
        *each("sts", "GetFederationToken", f"arn:aws:sts::{ACCOUNT}:federated-user/x"),
        *each("organizations", "ListAccounts LeaveOrganization"),
    ]
)

TAGS = never(
    [
        *each("ec2", "CreateTags", GROUP, tagged(skypilot="true")),
        *each("ec2", "CreateTags", ec2("security-group/*"), {**CREATING_GROUP, **RUNNING}),
        *each("ec2", "CreateTags", ec2("security-group/*"), creating_group(**FORGED)),
        *each("ec2", "CreateTags", ec2("security-group/*"), creating_group(skypilot="true", **FORGED)),
        *each("ec2", "CreateTags", ec2("security-group/*"), creating_group(skypilot="false")),
        *each("ec2", "CreateTags", VOLUME),
        *each("ec2", "CreateTags", ec2("volume/*"), {"ec2:CreateAction": "CreateVolume"}),
        *each("ec2", "CreateTags", ec2("network-interface/*"), RUNNING),
        *each("ec2", "CreateTags", ec2("spot-instances-request/*"), RUNNING),
        *each("ec2", "CreateTags", ec2("vpc/vpc-0a1b2c3d4e5f60718")),
        *each("ec2", "CreateTags", SUBNET),
        *each("ec2", "CreateTags", image()),
        *each("ec2", "CreateTags", f"arn:aws:ec2:{REGION}::snapshot/snap-0a1b"),
        *each("ec2", "DeleteTags", GROUP, tagged(skypilot="true")),
        *each("ec2", "DeleteTags", VOLUME),
        *each("ec2", "DeleteTags", SUBNET),
    ]
) + never(each("ec2", "CreateTags", ec2("security-group/*"), CREATING_GROUP), unless=["launch_tags"])

MARKS = (
    *never(
        [
            *each("ec2", "CreateTags", INSTANCE, requested(**FORGED)),
            *each("ec2", "CreateTags", INSTANCE, {**CLUSTER, **requested(**OURS)}),
            *each("ec2", "CreateTags", ec2("instance/*"), {**RUNNING, **requested(**CLUSTER_TAGS, **FORGED)}),
            *each("ec2", "CreateTags", INSTANCE, requested(**CLUSTER_TAGS)),
            *each("ec2", "CreateTags", INSTANCE, requested(**OTHER_CASE)),
        ],
        where=["protect_tags"],
    ),
    # base_named_group lets nobody remove a tag.
    *never(
        [
            *each("ec2", "DeleteTags", INSTANCE, {**tagged(**FORGED), **requested(**FORGED)}),
            *each("ec2", "DeleteTags", INSTANCE, {**tagged(**FORGED), **requested(**OURS)}),
            *each("ec2", "DeleteTags", INSTANCE, tagged(**FORGED)),
            *each("ec2", "DeleteTags", INSTANCE, CLUSTER),
        ],
        where=["base", "protect_tags"],
    ),
    *never(
        each("ec2", "CreateTags", ec2("volume/*"), {**RUNNING, **requested(**CLUSTER_TAGS, **FORGED)}),
        where=["launch_tags", "protect_tags"],
    ),
)

NETWORK = (
    *never(
        [
            *each("ec2", "CreateVpc DeleteVpc ModifyVpcAttribute", ec2("vpc/vpc-0a1b2c3d4e5f60718")),
            *each("ec2", "CreateSubnet DeleteSubnet ModifySubnetAttribute", SUBNET),
            *each("ec2", "CreateRoute DeleteRoute", ec2("route-table/rtb-0a1b")),
            *each("ec2", "CreateInternetGateway AttachInternetGateway", ec2("internet-gateway/igw-0a1b")),
            *each("ec2", "CreateVpcPeeringConnection", ec2("vpc/vpc-0a1b2c3d4e5f60718")),
            *each("ec2", "AllocateAddress AssociateAddress", ec2("elastic-ip/eipalloc-0a1b")),
            *each("ec2", "CreateNetworkInterface", SUBNET),
            *each("ec2", "RevokeSecurityGroupIngress RevokeSecurityGroupEgress ModifySecurityGroupRules", GROUP),
            *each("ec2", "DeleteSecurityGroup", GROUP),
            *each("ec2", "DeleteSecurityGroup", GROUP, tagged(skypilot="false")),
        ]
    ),
    *never(each("ec2", "AuthorizeSecurityGroupEgress", GROUP), ["efa"]),
    *never(each("ec2", "AuthorizeSecurityGroupIngress CreateSecurityGroup", GROUP), ["base"]),
    *never(each("ec2", "CreateSecurityGroup", ec2("vpc/vpc-0a1b2c3d4e5f60718")), ["base"]),
)

INSTANCES = (
    *never(
        [
            *each("ec2", "RunInstances", ec2("key-pair/alice")),
            *each("ec2", "RunInstances", ec2("placement-group/pg")),
            *each("ec2", "RunInstances", ec2("launch-template/lt-0a1b")),
            *each("ec2", "RunInstances", f"arn:aws:ec2:{REGION}::snapshot/snap-0a1b"),
            *each("ec2", "CreateKeyPair ImportKeyPair", ec2("key-pair/alice")),
            *each("ec2", "ModifyInstanceAttribute", INSTANCE),
            *each(
                "ec2", "ModifyInstanceAttribute", INSTANCE, {**CLUSTER, "ec2:Attribute/UserData": "IyEvYmluL3NoCg=="}
            ),
            *each("ec2", "ModifyInstanceAttribute", VOLUME),
            *each("ec2", "AssociateIamInstanceProfile ReplaceIamInstanceProfileAssociation", INSTANCE, CLUSTER),
            *each("ec2", "ModifyInstanceMetadataOptions RebootInstances GetPasswordData", INSTANCE, CLUSTER),
            *each("ec2", "GetConsoleOutput CreateReplaceRootVolumeTask", INSTANCE, CLUSTER),
            *each("ec2", "CreateVolume AttachVolume DeleteVolume CreateSnapshot", VOLUME),
            *each("ec2", "DeleteSnapshot ModifySnapshotAttribute", f"arn:aws:ec2:{REGION}::snapshot/snap-0a1b"),
            *each("ec2", "ModifyImageAttribute", image()),
            *each("ec2", "RequestSpotInstances", ec2("spot-instances-request/*")),
            *each("ec2", "CreateCapacityReservation", ec2("capacity-reservation/*")),
            *each("ec2", "PurchaseReservedInstancesOffering"),
        ]
    ),
    *never(each("ec2", "RunInstances", ec2("capacity-reservation/cr-0a1b")), ["capacity_reservations"]),
    *never(each("ec2", "StopInstances TerminateInstances", INSTANCE), BASES),
    *never(each("ec2", "StartInstances CreateTags", INSTANCE, CLUSTER), BASES),
    *never(each("ec2", "RunInstances", image()), BASES),
    *never(each("ec2", "RunInstances", SUBNET), BASES),
    *never(each("ec2", "DescribeVolumes DescribeKeyPairs DescribeSpotPriceHistory"), BASES),
    *never(each("ec2", "CreateImage", INSTANCE, CLUSTER), ["clone_disk"]),
    *never(each("ec2", "DeregisterImage CopyImage", image()), ["clone_disk"]),
)

CONNECTIONS = (
    *never(
        [
            *each("ssm", "StartSession", INSTANCE),
            *each("ssm", "StartSession", f"arn:aws:ssm:{REGION}:{ACCOUNT}:managed-instance/mi-0a1b"),
            *each(
                "ssm",
                "StartSession",
                INSTANCE,
                {"ssm:resourceTag/ray-cluster-name": "c-1a2b", "ssm:SessionDocumentAccessCheck": "false"},
            ),
            *each("ssm", "StartSession", f"arn:aws:ssm:{REGION}:{ACCOUNT}:document/SSM-SessionManagerRunShell"),
            *each("ssm", "StartSession", f"arn:aws:ssm:{REGION}:{ACCOUNT}:document/AWS-StartPortForwardingSession"),
            *each("ssm", "StartSession", f"arn:aws:ssm:{REGION}:{ACCOUNT}:document/AWS-StartSSHSession-Ours"),
            *each("ssm", "SendCommand", INSTANCE, {"ssm:resourceTag/ray-cluster-name": "c-1a2b"}),
            *each("ssm", "SendCommand", f"arn:aws:ssm:{REGION}:{ACCOUNT}:document/AWS-RunShellScript"),
            *each("ssm", "GetParameter PutParameter", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/secret"),
            *each("ssm", "CreateActivation DescribeInstanceInformation"),
            *each("ec2-instance-connect", "SendSSHPublicKey", INSTANCE),
        ]
    ),
)

BUCKETS = (
    *never(each("s3", "ListAllMyBuckets"), ["s3_read"]),
    *never(each("s3", "ListBucket GetBucketLocation", BUCKET, OWN), ["s3_read"]),
    *never(each("s3", "GetObject", OBJECT, OWN), ["s3_read"]),
    *never(each("s3", "PutObject DeleteObject AbortMultipartUpload", OBJECT, OWN), ["s3_write"]),
    *never(each("s3", "ListBucketMultipartUploads", BUCKET, OWN), ["s3_write"]),
    *never(each("s3", "PutObjectAcl", OBJECT, {**OWN, "s3:x-amz-acl": "private"}), ["s3_write"]),
    *never(each("s3", "CreateBucket DeleteBucket PutBucketTagging", BUCKET, OWN), ["s3_manage"]),
    *never(
        [
            *each("s3", "ListBucket GetBucketLocation ListBucketMultipartUploads", BUCKET, FOREIGN),
            *each("s3", "CreateBucket DeleteBucket PutBucketTagging", BUCKET, FOREIGN),
            *each("s3", "GetObject PutObject DeleteObject AbortMultipartUpload", OBJECT, FOREIGN),
            *each("s3", "PutObjectAcl", OBJECT, {**FOREIGN, "s3:x-amz-acl": "private"}),
            *each("s3", "PutObjectAcl", OBJECT, {**OWN, "s3:x-amz-acl": "public-read"}),
            *each("s3", "PutObjectAcl", OBJECT, OWN),
            *each("s3", "ListBucket GetBucketLocation ListBucketMultipartUploads", "arn:aws:s3:::payroll", OWN),
            *each("s3", "CreateBucket DeleteBucket PutBucketTagging", "arn:aws:s3:::payroll", OWN),
            *each("s3", "ListBucket GetBucketLocation ListBucketMultipartUploads", f"{BUCKET}-2", OWN),
            *each("s3", "CreateBucket DeleteBucket PutBucketTagging", f"{BUCKET}-2", OWN),
            *each("s3", "GetObject PutObject DeleteObject AbortMultipartUpload", "arn:aws:s3:::payroll/a", OWN),
            *each("s3", "PutObjectAcl", "arn:aws:s3:::payroll/a", {**OWN, "s3:x-amz-acl": "private"}),
            *each("s3", "PutBucketPolicy DeleteBucketPolicy PutBucketAcl PutBucketPublicAccessBlock", BUCKET, OWN),
            *each("s3", "PutBucketVersioning PutLifecycleConfiguration PutReplicationConfiguration", BUCKET, OWN),
            *each("s3", "ListBucketVersions GetBucketPolicy", BUCKET, OWN),
            *each("s3", "DeleteObjectVersion GetObjectVersion PutObjectTagging", OBJECT, OWN),
        ]
    ),
)

SERVICES = (
    *never(
        [
            *each(
                "servicequotas",
                "RequestServiceQuotaIncrease",
                f"arn:aws:servicequotas:{REGION}:{ACCOUNT}:ec2/L-1216C47A",
            ),
            *each("servicequotas", "ListServiceQuotas"),
            *each("ecr", "PutImage DeleteRepository CreateRepository", f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/x"),
            *each("ecr", "DescribeRepositories", f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/x"),
            *each("logs", "CreateLogGroup", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:billing"),
            *each("logs", "CreateLogGroup", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:skypilot-logs-x"),
            *each(
                "logs",
                "CreateLogStream PutLogEvents",
                f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:billing:log-stream:skypilot-x",
            ),
            *each(
                "logs",
                "CreateLogStream PutLogEvents GetLogEvents DeleteLogStream",
                f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:skypilot-logs:log-stream:audit",
            ),
            *each("logs", "DeleteLogGroup", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:skypilot-logs"),
            *each("cloudwatch", "PutMetricData GetMetricData"),
            *each("secretsmanager", "GetSecretValue", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:alice-a1b2c3"),
            *each("kms", "Decrypt", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b"),
            *each("lambda", "CreateFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:x"),
            *each("cloudformation", "CreateStack", f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/x/y"),
            *each("pricing", "GetProducts"),
        ]
    ),
    *never(
        each("servicequotas", "GetServiceQuota", f"arn:aws:servicequotas:{REGION}:{ACCOUNT}:ec2/L-1216C47A"),
        ["quotas"],
    ),
    *never(
        [
            *each("ssm", "UpdateInstanceInformation", INSTANCE),
            *each("ssmmessages", "CreateControlChannel CreateDataChannel OpenControlChannel OpenDataChannel"),
        ],
        ["ssm"],
    ),
    *never(each("ecr", "BatchGetImage", f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/x"), ["ecr"]),
    *never(each("ecr", "GetAuthorizationToken"), ["ecr"]),
    *never(each("cloudwatch", "ListMetrics"), ["logs"]),
)

REFUSALS = (
    *OTHER_ACCOUNTS,
    *OTHER_ROLES,
    *OUR_ROLE,
    *IDENTITIES,
    *TAGS,
    *MARKS,
    *NETWORK,
    *INSTANCES,
    *CONNECTIONS,
    *BUCKETS,
    *SERVICES,
)
