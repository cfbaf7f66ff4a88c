# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role of the instances: SkyPilot making it, and others in its place. PRIVATE to the collection."""

from __future__ import annotations

from ..._skypilot import names
from ..feature import Feature

CATALOGUE = (
    Feature(
        name="create_role_inline",
        title="Let SkyPilot finish the role that it makes",
        why=(
            "SkyPilot puts an inline policy on the role that it makes, which create_role does not allow: the first "
            "launch fails with role and profile made, the next passes, and the role never gets the policy that "
            "controllers need. IAM has no condition on what is in the policy, so who has this right can give "
            f"{names.INSTANCE_ROLE} any right there is."
        ),
        since="0.6.1",
        source="provision/aws/config.py:273-294",
        user=(
            {
                "Effect": "Allow",
                "Action": "iam:PutRolePolicy",
                "Resource": names.ROLE_ARN,
            },
        ),
    ),
    Feature(
        name="create_role_bounded",
        title="Let SkyPilot make the role, with the policies that SkyPilot attaches and no other",
        why=(
            f"In the place of create_role. Users cannot attach AdministratorAccess to {names.INSTANCE_ROLE}. What they "
            "can reach through it is what SkyPilot gives it, all of EC2 and S3, so a role made beforehand stays the "
            "narrower way. Without create_role_inline, which opens the way again, the first launch fails with the role "
            "made, and the next passes."
        ),
        since=None,
        source="provision/aws/config.py:229-297; Service Authorization Reference, iam:PolicyARN",
        user=(
            {
                "Effect": "Allow",
                "Action": ["iam:GetRole", "iam:CreateRole"],
                "Resource": names.ROLE_ARN,
            },
            {
                "Effect": "Allow",
                "Action": "iam:AttachRolePolicy",
                "Resource": names.ROLE_ARN,
                "Condition": {"ArnEquals": {"iam:PolicyARN": list(names.ROLE_POLICY_ARNS)}},
            },
            {
                "Effect": "Allow",
                "Action": ["iam:CreateInstanceProfile", "iam:AddRoleToInstanceProfile"],
                "Resource": names.PROFILE_ARN,
            },
        ),
    ),
    Feature(
        name="custom_identity",
        title="aws.remote_identity names an instance profile",
        why=(
            "SkyPilot passes the profile to its instances and looks nothing up, so the right to pass the role in it "
            "is all it needs. Which roles: custom_identities."
        ),
        since="0.5.0",
        source="backends/backend_utils.py:824-911, templates/aws-ray.yml.j2:71-74",
        both=(
            {
                "Effect": "Allow",
                "Action": "iam:PassRole",
                "Resource": ["arn:<partition>:iam::<account_id>:role/<custom_identity>"],
                "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
            },
        ),
    ),
)
