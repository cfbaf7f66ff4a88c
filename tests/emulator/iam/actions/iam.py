# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM and STS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html"""

from __future__ import annotations

import typing as t

from ..authorization import Ask, Check, Context, Rule, anywhere, by_name, free, request_tags, resource_tags

if t.TYPE_CHECKING:
    from collections.abc import Iterator

#: The parameter with the name of a thing, by resource type.
NAMES = {
    "group": "GroupName",
    "instance-profile": "InstanceProfileName",
    "role": "RoleName",
    "user": "UserName",
    "policy": "PolicyName",
}
TAG_ACTIONS = {
    "instance-profile": "iam:TagInstanceProfile",
    "policy": "iam:TagPolicy",
    "role": "iam:TagRole",
    "user": "iam:TagUser",
}
SERVICE_ROLES = {"spot.amazonaws.com": "AWSServiceRoleForEC2Spot"}


def arn(ask: Ask, kind: str, name: str) -> str:
    """The ARN of a thing, with the path it has; for one that is missing, as if it had none."""
    return ask.arn("iam", f"{kind}{ask.resources.path(kind, name)}{name}", region="")


def _name(ask: Ask, kind: str) -> str:
    """The name in the call. IAM takes the calling user where a call names none."""
    given = ask.params.get(NAMES[kind])
    return str(given) if given else ask.caller.rpartition("/")[2]


def _context(ask: Ask, kind: str, name: str) -> Context:
    """What the call attaches and sets, and what its target has already."""
    context = resource_tags(ask.resources.iam_tags(kind, name), "iam:ResourceTag")
    context |= request_tags(ask.params.get("Tags") or [])
    if ask.params.get("TagKeys"):
        context["aws:TagKeys"] = list(ask.params["TagKeys"])
    if ask.params.get("PolicyArn"):
        context["iam:PolicyARN"] = ask.params["PolicyArn"]
    boundary = ask.params.get("PermissionsBoundary") or ask.resources.boundary(kind, name)
    if boundary:
        context["iam:PermissionsBoundary"] = boundary
    return context


def on(kind: str) -> Rule:
    """The rule of a call on a thing that is there."""

    def rule(ask: Ask) -> Iterator[Check]:
        name = _name(ask, kind)
        yield ask.check(ask.call.api, arn(ask, kind, name), _context(ask, kind, name))

    return rule


def creates(kind: str) -> Rule:
    """The rule of a call that makes a thing, at the path it names; with tags it needs the right to tag, too."""

    def rule(ask: Ask) -> Iterator[Check]:
        name = ask.params[NAMES[kind]]
        resource = ask.arn("iam", f"{kind}{ask.params.get('Path') or '/'}{name}", region="")
        yield ask.check(ask.call.api, resource, _context(ask, kind, name))
        if ask.params.get("Tags") and kind in TAG_ACTIONS:
            yield ask.check(TAG_ACTIONS[kind], resource, request_tags(ask.params["Tags"]))

    return rule


def policy(ask: Ask) -> Iterator[Check]:
    yield ask.check(ask.call.api, ask.params["PolicyArn"], request_tags(ask.params.get("Tags") or []))


def add_role(ask: Ask) -> Iterator[Check]:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddRoleToInstanceProfile.html: needs iam:PassRole."""
    yield ask.check(ask.call.api, arn(ask, "instance-profile", ask.params["InstanceProfileName"]))
    role = arn(ask, "role", ask.params["RoleName"])
    yield ask.check("iam:PassRole", role, {"iam:PassedToService": "ec2.amazonaws.com"})


def remove_role(ask: Ask) -> Iterator[Check]:
    yield ask.check(ask.call.api, arn(ask, "instance-profile", ask.params["InstanceProfileName"]))


def service_linked_role(ask: Ask) -> Iterator[Check]:
    service = ask.params["AWSServiceName"]
    role = f"role/aws-service-role/{service}/{SERVICE_ROLES.get(service, 'AWSServiceRoleFor*')}"
    yield ask.check(ask.call.api, ask.arn("iam", role, region=""), {"iam:AWSServiceName": service})


def key_last_used(ask: Ask) -> Iterator[Check]:
    user = ask.resources.user_of_key(ask.params["AccessKeyId"]) or ask.caller.rpartition("/")[2]
    yield ask.check(ask.call.api, arn(ask, "user", user))


def mfa_device(ask: Ask) -> Iterator[Check]:
    yield ask.check(ask.call.api, ask.arn("iam", f"mfa/{ask.params['VirtualMFADeviceName']}", region=""))


def assume_role(ask: Ask) -> Iterator[Check]:
    """The caller's policies and the role's trust policy both have a say. Refused, too, where there is no such role."""
    role = ask.params["RoleArn"]
    context: Context = {"sts:RoleSessionName": ask.params.get("RoleSessionName", "")}
    if ask.params.get("ExternalId"):
        context["sts:ExternalId"] = ask.params["ExternalId"]
    account = role.split(":")[4]
    organization = ask.resources.organization_of(account)
    if organization:
        context["aws:ResourceOrgID"] = organization
    trust = ask.resources.trust_policy(role)
    yield ask.check(ask.call.api, role, context, account=account, policy=trust or NOBODY)


#: The trust policy of a role that is missing: AWS does not tell one that is missing from one that trusts others.
NOBODY = '{"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}]}'

_BY_RULE: dict[Rule, str] = {
    anywhere: """
        ListAccountAliases ListGroups ListInstanceProfiles ListPolicies ListRoles ListUsers GetAccountSummary
        GetAccountAuthorizationDetails ListVirtualMFADevices""",
    on("user"): """
        GetUser DeleteUser UpdateUser TagUser UntagUser ListUserTags CreateAccessKey DeleteAccessKey UpdateAccessKey
        ListAccessKeys AttachUserPolicy DetachUserPolicy PutUserPolicy GetUserPolicy DeleteUserPolicy ListUserPolicies
        ListAttachedUserPolicies PutUserPermissionsBoundary DeleteUserPermissionsBoundary CreateLoginProfile
        GetLoginProfile DeleteLoginProfile ListMFADevices EnableMFADevice DeactivateMFADevice ListSigningCertificates
        DeleteSigningCertificate UploadSigningCertificate ListSSHPublicKeys DeleteSSHPublicKey UploadSSHPublicKey
        ListGroupsForUser""",
    on("role"): """
        GetRole DeleteRole UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy TagRole UntagRole ListRoleTags
        AttachRolePolicy DetachRolePolicy PutRolePolicy GetRolePolicy DeleteRolePolicy ListRolePolicies
        ListAttachedRolePolicies PutRolePermissionsBoundary DeleteRolePermissionsBoundary
        ListInstanceProfilesForRole""",
    on("group"): """
        GetGroup DeleteGroup AttachGroupPolicy DetachGroupPolicy PutGroupPolicy DeleteGroupPolicy GetGroupPolicy
        ListGroupPolicies ListAttachedGroupPolicies AddUserToGroup RemoveUserFromGroup""",
    on("instance-profile"): "GetInstanceProfile DeleteInstanceProfile TagInstanceProfile UntagInstanceProfile",
    policy: """
        GetPolicy DeletePolicy GetPolicyVersion CreatePolicyVersion DeletePolicyVersion ListPolicyVersions
        SetDefaultPolicyVersion ListEntitiesForPolicy TagPolicy UntagPolicy ListPolicyTags""",
    creates("user"): "CreateUser",
    creates("role"): "CreateRole",
    creates("group"): "CreateGroup",
    creates("policy"): "CreatePolicy",
    creates("instance-profile"): "CreateInstanceProfile",
    add_role: "AddRoleToInstanceProfile",
    remove_role: "RemoveRoleFromInstanceProfile",
    service_linked_role: "CreateServiceLinkedRole",
    key_last_used: "GetAccessKeyLastUsed",
    mfa_device: "CreateVirtualMFADevice",
}

RULES: dict[str, Rule] = {
    **by_name("iam", _BY_RULE),
    "sts:GetCallerIdentity": free,
    "sts:AssumeRole": assume_role,
}
