# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What SkyPilot calls the things that it makes, looks for or asks for. PRIVATE to the collection.

Paths with line numbers are in the package ``sky`` of the release in release.py. ``<partition>`` and ``<account_id>`` in
an ARN stand for those of an account.
"""

from __future__ import annotations

#: The role of SkyPilot's machines, and the instance profile with that role: provision/aws/config.py:38-40.
INSTANCE_ROLE = "skypilot-v1"
ROLE_ARN = f"arn:<partition>:iam::<account_id>:role/{INSTANCE_ROLE}"
PROFILE_ARN = f"arn:<partition>:iam::<account_id>:instance-profile/{INSTANCE_ROLE}"
#: The managed policies of a role that SkyPilot makes itself: provision/aws/config.py:260-263.
ROLE_POLICY_ARNS = (
    "arn:<partition>:iam::aws:policy/AmazonEC2FullAccess",
    "arn:<partition>:iam::aws:policy/AmazonS3FullAccess",
)

#: The policy of users and role, and AWS's for buckets: SkyPilot's documentation, AWS: Minimal Permissions, User Account,
#: steps 5 and 7.
POLICY = "minimal-skypilot-policy"
S3_POLICY = "AmazonS3FullAccess"

#: Tags of machines: the first finds the machines of a cluster (provision/constants.py:4-5), the last names who launched
#: them (templates/aws-ray.yml.j2:151).
CLUSTER_TAG = "ray-cluster-name"
CLUSTER_NAME_TAG = "skypilot-cluster-name"
USER_TAG = "skypilot-user"
#: The tag of a security group that SkyPilot makes, with the value "true": provision/aws/config.py:38,762-768.
GROUP_TAG = "skypilot"

#: ``logs.store: aws`` without names of its own: logs/aws.py:18-19.
LOG_GROUP = "skypilot-logs"
LOG_STREAM_PREFIX = "skypilot-"

#: The document of Session Manager that ``aws.use_ssm`` connects with: backends/backend_utils.py:998.
SSM_DOCUMENT = "AWS-StartSSHSession"
