# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page's policy and its two optional blocks, statement by statement. PRIVATE to the collection.

They never change: who wants other rights names other features.
"""

from __future__ import annotations

from ..._skypilot import names
from ..feature import Feature

CATALOGUE = (
    Feature(
        name="base",
        title="Launch, stop, start and terminate clusters",
        why=(
            "The page's minimal policy, statement by statement. The role needs it too: controllers launch clusters and "
            "autostop stops or terminates them with the role's credentials."
        ),
        since=None,
        source="the page, User Account, step 3",
        both=(
            {
                "Effect": "Allow",
                "Action": "ec2:RunInstances",
                "Resource": "arn:<partition>:ec2:*::image/ami-*",
            },
            {
                "Effect": "Allow",
                "Action": "ec2:RunInstances",
                "Resource": [
                    "arn:<partition>:ec2:*:<account_id>:instance/*",
                    "arn:<partition>:ec2:*:<account_id>:network-interface/*",
                    "arn:<partition>:ec2:*:<account_id>:subnet/*",
                    "arn:<partition>:ec2:*:<account_id>:volume/*",
                    "arn:<partition>:ec2:*:<account_id>:security-group/*",
                ],
            },
            {
                "Effect": "Allow",
                "Action": [
                    "ec2:TerminateInstances",
                    "ec2:DeleteTags",
                    "ec2:StartInstances",
                    "ec2:CreateTags",
                    "ec2:StopInstances",
                ],
                "Resource": "arn:<partition>:ec2:*:<account_id>:instance/*",
            },
            {
                "Effect": "Allow",
                "Action": ["ec2:Describe*"],
                "Resource": "*",
            },
            {
                "Effect": "Allow",
                "Action": ["ec2:CreateSecurityGroup", "ec2:AuthorizeSecurityGroupIngress"],
                "Resource": "arn:<partition>:ec2:*:<account_id>:*",
            },
            {
                "Effect": "Allow",
                "Action": ["iam:GetRole", "iam:PassRole"],
                "Resource": [names.ROLE_ARN],
            },
            {
                "Effect": "Allow",
                "Action": ["iam:GetInstanceProfile"],
                "Resource": names.PROFILE_ARN,
            },
        ),
    ),
    Feature(
        name="create_role",
        title=f"Let SkyPilot make the role {names.INSTANCE_ROLE} itself",
        why=(
            "The page's first way to the role: the last two statements of base, extended, in whose place they stand in "
            "a document. For users only, since an instance that uses the role has it. As on the page it does not cover "
            "the inline policy that SkyPilot puts on the new role (create_role_inline does), and it lets users attach "
            "any managed policy to that role, AdministratorAccess included, and use it from an instance."
        ),
        since=None,
        source="the page, User Account, way 1 of making the role; provision/aws/config.py:229-297",
        user=(
            {
                "Effect": "Allow",
                "Action": ["iam:GetRole", "iam:PassRole", "iam:CreateRole", "iam:AttachRolePolicy"],
                "Resource": [names.ROLE_ARN],
            },
            {
                "Effect": "Allow",
                "Action": [
                    "iam:GetInstanceProfile",
                    "iam:CreateInstanceProfile",
                    "iam:AddRoleToInstanceProfile",
                ],
                "Resource": names.PROFILE_ARN,
            },
        ),
    ),
    Feature(
        name="clone_disk",
        title="sky launch --clone-disk-from",
        why=(
            "The page's optional statement. For users only: images are made and removed where sky launch and sky down "
            "run; no controller or autostop does it."
        ),
        since=None,
        source="the page, User Account, step 4; clouds/aws.py:1607-1699",
        user=(
            {
                "Effect": "Allow",
                "Action": ["ec2:CreateImage", "ec2:CopyImage", "ec2:DeregisterImage"],
                "Resource": "*",
            },
        ),
    ),
)
