# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every * of the catalogue beyond the page's own text, with the reason that nothing narrower works."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from ansible_collections.sky.aws.plugins.module_utils._features.feature import Feature

_EC2 = "arn:<partition>:ec2:*:<account_id>:"

#: The page's words: what EC2 lists cannot be narrowed by resource.
ACTIONS = frozenset({"ec2:Describe*"})
#: The reason for the resources of a text, whatever feature it is in.
RESOURCES = {
    # Made by the call or drawn by EC2, in any region that SkyPilot tries; the name is not known before.
    "arn:<partition>:ec2:*::image/ami-*": "the page's words; SkyPilot's images belong to other accounts",
    f"{_EC2}capacity-reservation/*": "reservations are named in SkyPilot's configuration",
    f"{_EC2}instance/*": "made by the call, or limited by the condition",
    f"{_EC2}network-interface/*": "made by the call",
    f"{_EC2}security-group/*": "made by SkyPilot under names of its own, or limited by the condition",
    f"{_EC2}subnet/*": "SkyPilot chooses",
    f"{_EC2}volume/*": "made by the call",
    "arn:<partition>:ssm:*:*:document/AWS-StartSSHSession": "a document of AWS's, whose account is not ours",
    "arn:<partition>:s3:::<s3_bucket>/*": "the objects of a bucket",
    "arn:<partition>:ecr:*:<account_id>:repository/*": "images are named in the tasks",
    "arn:<partition>:logs:*:<account_id>:log-group:skypilot-logs": "any region",
    "arn:<partition>:logs:*:<account_id>:log-group:skypilot-logs:*": "the group's other ARN",
    "arn:<partition>:logs:*:<account_id>:log-group:skypilot-logs:log-stream:skypilot-*": "a stream for each node",
}
#: The actions of statements on all resources: they take none, or AWS's documentation gives them with none.
WITHOUT_RESOURCE = frozenset(
    {
        "cloudwatch:ListMetrics",
        "ec2:Describe*",
        "ec2:DescribeInstances",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeVpcs",
        "ecr:GetAuthorizationToken",
        "s3:ListAllMyBuckets",
        "servicequotas:GetServiceQuota",
        "ssm:UpdateInstanceInformation",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    }
)


def unaccounted(feature: Feature) -> Iterator[str]:
    """The stars of a feature that nobody gave a reason for."""
    for statement in (*feature.both, *feature.user, *feature.role):
        actions, resources = _listed(statement["Action"]), _listed(statement["Resource"])
        yield from (action for action in actions if "*" in action and action not in ACTIONS)
        yield from (resource for resource in resources if "*" in resource and resource not in {"*", *RESOURCES})
        # To deny on all resources, or all tags of ours, is to give nothing.
        if statement["Effect"] == "Deny":
            continue
        if "*" in resources:
            yield from (f"{action} on *" for action in actions if action not in WITHOUT_RESOURCE)
        for operator, tests in statement.get("Condition", {}).items():
            # A tag that must be there, whatever it says.
            yield from (
                f"{operator} {key}"
                for key, values in tests.items()
                if "*" in str(values) and key != "ssm:resourceTag/ray-cluster-name"
            )


def _listed(value: t.Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
