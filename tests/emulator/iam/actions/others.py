# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Systems Manager, Secrets Manager, Organizations, tags, Service Quotas, ECR, CloudWatch and its logs.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import typing as t

from ..authorization import Ask, Check, Context, Rule, anywhere, by_name, request_tags, resource_tags

if t.TYPE_CHECKING:
    from collections.abc import Iterator


def parameter_arn(ask: Ask, name: str) -> str:
    """AWS's own public parameters have no account in their ARN."""
    if name.startswith("arn:"):
        return name
    account = "" if name.startswith("/aws/service/") else None
    return ask.arn("ssm", f"parameter/{name.removeprefix('/')}", account=account)


def parameter(ask: Ask) -> Iterator[Check]:
    for name in ask.params.get("Names") or [ask.params.get("Name") or ask.params["Path"]]:
        yield ask.check(ask.call.api, parameter_arn(ask, name), request_tags(ask.params.get("Tags") or []))


def start_session(ask: Ask) -> Iterator[Check]:
    """On the instance, and on the document where one is named; AWS's own documents have no account."""
    instance = ask.params["Target"]
    tags = resource_tags(ask.resources.tags(ask.region, instance), "ssm:resourceTag")
    yield ask.check(ask.call.api, ask.arn("ec2", f"instance/{instance}"), tags)
    document = ask.params.get("DocumentName")
    if document:
        account = "" if document.startswith("AWS-") else None
        yield ask.check(ask.call.api, ask.arn("ssm", f"document/{document}", account=account))


def session(ask: Ask) -> Iterator[Check]:
    yield ask.check(ask.call.api, ask.arn("ssm", f"session/{ask.params['SessionId']}"))


def secret(ask: Ask) -> Iterator[Check]:
    given = ask.params["SecretId"]
    found = ask.resources.secret(ask.region, given)
    resource, policy = found or (given if given.startswith("arn:") else _secret_arn(ask, given), None)
    context: Context = {"secretsmanager:SecretId": resource, **request_tags(ask.params.get("Tags") or [])}
    yield ask.check(ask.call.api, resource, context, resource.split(":")[4], policy)


def create_secret(ask: Ask) -> Iterator[Check]:
    tags = request_tags(ask.params.get("Tags") or [])
    resource = _secret_arn(ask, ask.params["Name"])
    yield ask.check(ask.call.api, resource, {"secretsmanager:Name": ask.params["Name"], **tags})
    if tags:
        yield ask.check("secretsmanager:TagResource", resource, tags)


def _secret_arn(ask: Ask, name: str) -> str:
    """Secrets Manager adds a hyphen and six characters to the name."""
    return ask.arn("secretsmanager", f"secret:{name}-AAAAAA")


def organization_parent(ask: Ask) -> Iterator[Check]:
    yield ask.check(ask.call.api, _organization_arn(ask, ask.params["ParentId"]))


def move_account(ask: Ask) -> Iterator[Check]:
    for name in ("AccountId", "SourceParentId", "DestinationParentId"):
        yield ask.check(ask.call.api, _organization_arn(ask, ask.params[name]))


def tagged_in_organization(ask: Ask) -> Iterator[Check]:
    yield ask.check(ask.call.api, _organization_arn(ask, ask.params["ResourceId"]))


def organization_account(ask: Ask) -> Iterator[Check]:
    yield ask.check(ask.call.api, _organization_arn(ask, ask.params.get("AccountId") or ask.params["ChildId"]))


def _organization_arn(ask: Ask, entity: str) -> str:
    management, organization = ask.resources.organization()
    kind = {"r": "root", "o": "ou"}.get(entity[0], "account")
    return ask.arn("organizations", f"{kind}/{organization}/{entity}", region="", account=management)


def quota(ask: Ask) -> Iterator[Check]:
    resource = ask.arn("servicequotas", f"{ask.params['ServiceCode']}/{ask.params['QuotaCode']}")
    yield ask.check(ask.call.api, resource)


def repository(ask: Ask) -> Iterator[Check]:
    names = ask.params.get("repositoryNames") or [ask.params.get("repositoryName") or "*"]
    for name in names:
        yield ask.check(ask.call.api, ask.arn("ecr", f"repository/{name}"))


def log_group(ask: Ask) -> Iterator[Check]:
    yield ask.check(ask.call.api, ask.arn("logs", f"log-group:{ask.params['logGroupName']}"))


def log_stream(ask: Ask) -> Iterator[Check]:
    name = f"log-group:{ask.params['logGroupName']}:log-stream:{ask.params['logStreamName']}"
    yield ask.check(ask.call.api, ask.arn("logs", name))


RULES: dict[str, Rule] = {
    **by_name(
        "ssm",
        {
            anywhere: "DescribeParameters DescribeInstanceInformation",
            parameter: "GetParameter GetParameters GetParametersByPath PutParameter DeleteParameter",
            start_session: "StartSession",
            session: "TerminateSession ResumeSession",
        },
    ),
    **by_name(
        "secretsmanager",
        {
            anywhere: "ListSecrets",
            create_secret: "CreateSecret",
            secret: """
                DescribeSecret GetSecretValue PutSecretValue UpdateSecret DeleteSecret RestoreSecret GetResourcePolicy
                PutResourcePolicy DeleteResourcePolicy TagResource UntagResource""",
        },
    ),
    **by_name(
        "organizations",
        {
            anywhere: """
                CreateAccount CreateOrganization DescribeCreateAccountStatus DescribeOrganization ListAccounts
                ListRoots""",
            organization_parent: "CreateOrganizationalUnit ListAccountsForParent ListOrganizationalUnitsForParent",
            move_account: "MoveAccount",
            organization_account: "DescribeAccount ListParents",
            tagged_in_organization: "ListTagsForResource",
        },
    ),
    **by_name("tag", {anywhere: "GetResources"}),
    **by_name("servicequotas", {anywhere: "ListServiceQuotas", quota: "GetServiceQuota"}),
    **by_name(
        "ecr",
        {
            anywhere: "GetAuthorizationToken",
            repository: """
                BatchCheckLayerAvailability BatchGetImage CreateRepository DescribeRepositories
                GetDownloadUrlForLayer""",
        },
    ),
    **by_name(
        "logs",
        {
            anywhere: "DescribeLogGroups",
            log_group: "CreateLogGroup DeleteLogGroup DescribeLogStreams",
            log_stream: "CreateLogStream PutLogEvents GetLogEvents",
        },
    ),
    **by_name("cloudwatch", {anywhere: "ListMetrics PutMetricData"}),
}
