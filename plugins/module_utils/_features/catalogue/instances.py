# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs on the instances, with the rights of their role. PRIVATE to the collection."""

from __future__ import annotations

from ..._skypilot import names
from ..feature import Feature

_LOG_GROUP = f"arn:<partition>:logs:*:<account_id>:log-group:{names.LOG_GROUP}"

CATALOGUE = (
    Feature(
        name="autostop",
        title="Autostop and autodown, and no more",
        why=(
            "The least for a role of its own (sky_instance_role_features) whose instances stop or end their own "
            "cluster. Autostop always takes the role, whatever else is there. base has it already. A cluster with "
            "ports needs the feature ports too. IAM cannot tell one cluster from another: it is every instance with "
            "SkyPilot's cluster tag."
        ),
        since=None,
        source="skylet/events.py:457-530, provision/aws/instance.py:752-958",
        role=(
            {
                "Effect": "Allow",
                "Action": ["ec2:DescribeInstances", "ec2:DescribeSecurityGroups", "ec2:DescribeVpcs"],
                "Resource": "*",
            },
            {
                "Effect": "Allow",
                "Action": ["ec2:StopInstances", "ec2:TerminateInstances"],
                "Resource": "arn:<partition>:ec2:*:<account_id>:instance/*",
                "Condition": {"Null": {f"aws:ResourceTag/{names.CLUSTER_TAG}": "false"}},
            },
        ),
    ),
    Feature(
        name="ecr",
        title="Private images from ECR",
        why="Docker on the instance signs in to the account's registry and pulls.",
        since="0.10.5",
        source="provision/docker_utils.py:316-334; Service Authorization Reference, Amazon ECR",
        role=(
            {
                "Effect": "Allow",
                "Action": "ecr:GetAuthorizationToken",
                "Resource": "*",
            },
            {
                "Effect": "Allow",
                "Action": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                "Resource": "arn:<partition>:ecr:*:<account_id>:repository/*",
            },
        ),
    ),
    Feature(
        name="logs",
        title="logs.store: aws",
        why=(
            "The set-up lists metrics and stops if it may not; Fluent Bit makes the group and the streams and writes. "
            f"For the default names, group {names.LOG_GROUP} and streams {names.LOG_STREAM_PREFIX}*. A group has two "
            "ARNs, and CloudWatch Logs takes the one that ends in :* for all but tagging."
        ),
        since="0.10.1",
        source=(
            "logs/aws.py:14-21,148-161; Fluent Bit, plugin cloudwatch_logs; CloudWatch Logs User Guide, Resources and "
            "operations"
        ),
        role=(
            {
                "Effect": "Allow",
                "Action": "cloudwatch:ListMetrics",
                "Resource": "*",
            },
            {
                "Effect": "Allow",
                "Action": "logs:CreateLogGroup",
                "Resource": [
                    _LOG_GROUP,
                    f"{_LOG_GROUP}:*",
                ],
            },
            {
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": f"{_LOG_GROUP}:log-stream:{names.LOG_STREAM_PREFIX}*",
            },
        ),
    ),
)
