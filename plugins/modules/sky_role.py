#!/usr/bin/python
# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module sky_role: documentation and entry point."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sky_role
short_description: Manage the IAM role and the instance profile of SkyPilot's instances
version_added: 0.1.0
author: the sky.aws authors (@sky-aws)
description:
  - Keeps the role that every instance of SkyPilot carries, and the instance profile of the same name with the role in it.
    The role trusts EC2.
  - SkyPilot looks for an instance profile named C(skypilot-v1) and uses whatever role is in it. Where it finds one it makes
    none, so a role made beforehand keeps its rights small.
  - A role that is there and was not made by this collection, most likely by SkyPilot itself, is kept as it is unless
    O(existing) says otherwise. The differences are reported in C(drift).
options:
  name:
    description: Name of the role and of the instance profile. SkyPilot looks for the default.
    type: str
    default: skypilot-v1
  state:
    description:
      - V(present) keeps role and instance profile.
      - V(absent) takes the role out of its instance profiles and deletes both. Only what this collection made is deleted.
    type: str
    choices: [present, absent]
    default: present
  policies:
    description: Managed policies of the role, each by name, by path and name, or by ARN.
    type: list
    elements: str
    default: []
  purge_policies:
    description: Whether other managed policies are detached.
    type: bool
    default: true
  features:
    description:
      - Features of SkyPilot for which the role gets a policy of its own, which nobody else has; see
        M(sky.aws.sky_iam_policy). Its name is that of the role with C(-policy) at the end, and it has the statements that
        a role needs.
      - With features, O(policies) is not used. Empty to have no policy of its own.
      - With O(state=absent) the policy is deleted, too, if this collection made it.
    type: list
    elements: str
    default: []
  custom_identities:
    description:
      - Names of the roles that the feature C(custom_identity) of that policy is for, each with its path if it has one.
    type: list
    elements: str
    default: []
  s3_buckets:
    description: Buckets that the features C(s3_read), C(s3_write) and C(s3_manage) of that policy are for; any by default.
    type: list
    elements: str
    default: ['*']
  s3_access:
    description: Whether the role gets the AWS managed policy C(AmazonS3FullAccess), so that instances reach S3 buckets.
    type: bool
    default: false
  permissions_boundary:
    description:
      - Managed policy that bounds the role's rights, by name, by path and name, or by ARN.
      - Left out, a boundary that is there stays. An empty string removes it.
    type: str
  path:
    description:
      - Path of a new role and instance profile. IAM cannot change it later; a difference is reported in C(drift).
    type: str
    default: /
  description:
    description: Description of the role. Left out, it stays as it is.
    type: str
  max_session_duration:
    description: How long a session of the role may last, 3600 to 43200 seconds. Left out, it stays as it is.
    type: int
  service_linked_roles:
    description:
      - Services whose service-linked role is made in the account where it is missing, by service principal, such as
        V(spot.amazonaws.com), which the first spot instance of an account needs.
      - Made here, nobody who launches instances needs C(iam:CreateServiceLinkedRole).
      - One call each, C(iam:ListRoles) on the path that IAM keeps them under; none by default.
      - They are never deleted, with O(state=absent) either, because other users of the account may need them.
    type: list
    elements: str
    default: []
  existing:
    description:
      - What to do with a role or instance profile of this name that this collection did not make. What it did make is
        always converged.
      - V(keep) changes nothing but what SkyPilot cannot do without, the role in its instance profile, and reports the
        differences in C(drift).
      - V(converge) brings it to the declared state. It is not marked as the collection's, and O(state=absent) will not
        delete it.
      - V(fail) stops with an error.
    type: str
    choices: [keep, converge, fail]
    default: keep
extends_documentation_fragment:
  - sky.aws._account
  - sky.aws._attributes
  - sky.aws._tags
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
  idempotent: {support: full}
  action_group: {support: full, membership: [sky.aws.aws]}
seealso:
  - module: sky.aws.sky_iam_policy
  - module: sky.aws.sky_instance
"""

EXAMPLES = r"""
- name: Keep the role with the minimal policy
  sky.aws.sky_role:
    account_id: "111111111111"
    region: us-east-1
    policies: [minimal-skypilot-policy]

- name: Keep it in a member account, with access to S3
  sky.aws.sky_role:
    account_id: "111111111111"
    assume_role: OrganizationAccountAccessRole
    region: us-east-1
    policies: [minimal-skypilot-policy]
    s3_access: true

- name: Make the role for spot instances too
  sky.aws.sky_role:
    account_id: "111111111111"
    region: us-east-1
    policies: [minimal-skypilot-policy]
    service_linked_roles: [spot.amazonaws.com]

- name: Give the role rights of its own
  sky.aws.sky_role:
    account_id: "111111111111"
    region: us-east-1
    features: [autostop, s3_read]
    s3_buckets: [research-data]

- name: Replace the broad rights of a role that SkyPilot made
  sky.aws.sky_role:
    account_id: "111111111111"
    region: us-east-1
    policies: [minimal-skypilot-policy]
    existing: converge

- name: Remove role and instance profile
  sky.aws.sky_role:
    account_id: "111111111111"
    region: us-east-1
    state: absent
"""

RETURN = r"""
role:
  description: The role as it is after the task, or will be after the real run. Null when there is none.
  returned: success
  type: dict
  sample:
    arn: arn:aws:iam::111111111111:role/skypilot-v1
    assume_role_policy_document:
      Version: "2012-10-17"
      Statement: [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    attached_policies:
      - policy_arn: arn:aws:iam::111111111111:policy/minimal-skypilot-policy
        policy_name: minimal-skypilot-policy
    create_date: "2026-11-24T09:30:00+00:00"
    description: ""
    inline_policies: []
    max_session_duration: 3600
    path: /
    permissions_boundary: null
    role_id: AROA1234567890EXAMPLE
    role_name: skypilot-v1
    tags: {"sky.aws/managed-by": sky.aws}
  contains:
    arn:
      description: ARN of the role, predicted in check mode.
      type: str
      returned: success
      sample: arn:aws:iam::111111111111:role/skypilot-v1
    assume_role_policy_document:
      description: The trust policy, which says who may take the role.
      type: dict
      returned: success
      sample:
        Version: "2012-10-17"
        Statement: [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    attached_policies:
      description: Managed policies that are attached.
      type: list
      elements: dict
      returned: success
      sample:
        - policy_arn: arn:aws:iam::111111111111:policy/minimal-skypilot-policy
          policy_name: minimal-skypilot-policy
    create_date:
      description: When it was made, ISO 8601. Null in check mode for a role that does not exist yet.
      type: str
      returned: success
      sample: "2026-11-24T09:30:00+00:00"
    description:
      description: Its description.
      type: str
      returned: success
      sample: ""
    inline_policies:
      description: Names of its inline policies, which are reported in C(drift).
      type: list
      elements: str
      returned: success
      sample: []
    max_session_duration:
      description: How long a session may last, in seconds.
      type: int
      returned: success
      sample: 3600
    path:
      description: Its path.
      type: str
      returned: success
      sample: /
    permissions_boundary:
      description: ARN of its permissions boundary, or null.
      type: str
      returned: success
      sample: arn:aws:iam::111111111111:policy/boundary
    role_id:
      description: Its id. Null in check mode for a role that does not exist yet.
      type: str
      returned: success
      sample: AROA1234567890EXAMPLE
    role_name:
      description: Its name.
      type: str
      returned: success
      sample: skypilot-v1
    tags:
      description: Its tags.
      type: dict
      returned: success
      sample: {"sky.aws/managed-by": sky.aws}
instance_profile:
  description: The instance profile as it is after the task, or will be after the real run. Null when there is none.
  returned: success
  type: dict
  sample:
    arn: arn:aws:iam::111111111111:instance-profile/skypilot-v1
    create_date: "2026-11-24T09:30:00+00:00"
    instance_profile_id: AIPA1234567890EXAMPLE
    instance_profile_name: skypilot-v1
    path: /
    roles: [{"role_name": skypilot-v1, "arn": "arn:aws:iam::111111111111:role/skypilot-v1"}]
    tags: {"sky.aws/managed-by": sky.aws}
  contains:
    arn:
      description: ARN of the instance profile, predicted in check mode.
      type: str
      returned: success
      sample: arn:aws:iam::111111111111:instance-profile/skypilot-v1
    create_date:
      description: When it was made, ISO 8601. Null in check mode for one that does not exist yet.
      type: str
      returned: success
      sample: "2026-11-24T09:30:00+00:00"
    instance_profile_id:
      description: Its id. Null in check mode for one that does not exist yet.
      type: str
      returned: success
      sample: AIPA1234567890EXAMPLE
    instance_profile_name:
      description: Its name.
      type: str
      returned: success
      sample: skypilot-v1
    path:
      description: Its path.
      type: str
      returned: success
      sample: /
    roles:
      description: The role in it; IAM allows one.
      type: list
      elements: dict
      returned: success
      sample: [{"role_name": "skypilot-v1", "arn": "arn:aws:iam::111111111111:role/skypilot-v1"}]
    tags:
      description: Its tags.
      type: dict
      returned: success
      sample: {"sky.aws/managed-by": sky.aws}
policy:
  description: The policy of the role's own, as M(sky.aws.sky_iam_policy) returns it. Null without O(features).
  returned: success
  type: dict
  sample:
    arn: arn:aws:iam::111111111111:policy/skypilot-v1-policy
    policy_name: skypilot-v1-policy
service_linked_roles:
  description: The roles of O(service_linked_roles), in that order. Empty with O(state=absent).
  returned: success
  type: list
  elements: dict
  sample:
    - service_name: spot.amazonaws.com
      role_name: AWSServiceRoleForEC2Spot
      arn: arn:aws:iam::111111111111:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot
  contains:
    service_name:
      description: The service principal.
      type: str
      returned: success
      sample: spot.amazonaws.com
    role_name:
      description: Name of the role, which IAM chooses. Null in check mode for one that does not exist yet.
      type: str
      returned: success
      sample: AWSServiceRoleForEC2Spot
    arn:
      description: ARN of the role. Null in check mode for one that does not exist yet.
      type: str
      returned: success
      sample: arn:aws:iam::111111111111:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot
drift:
  description: Differences that are reported and not changed, each with what is declared and what was found.
  returned: success
  type: list
  elements: dict
  sample:
    - aspect: attached_policies
      declared: ["arn:aws:iam::111111111111:policy/minimal-skypilot-policy"]
      found: ["arn:aws:iam::aws:policy/AmazonEC2FullAccess", "arn:aws:iam::aws:policy/AmazonS3FullAccess"]
steps:
  description: The write calls in order, planned in check mode, performed otherwise; on failure those performed by then.
  returned: always
  type: list
  elements: dict
  sample:
    - api: iam:CreateRole
      target: skypilot-v1
    - api: iam:AttachRolePolicy
      target: skypilot-v1
    - api: iam:CreateInstanceProfile
      target: skypilot-v1
    - api: iam:AddRoleToInstanceProfile
      target: skypilot-v1
diff:
  description: The declared part of role and instance profile before and after.
  returned: success
  type: dict
  sample:
    before: {}
    after:
      role:
        role_name: skypilot-v1
"""

from ansible_collections.sky.aws.plugins.module_utils._module import run_module
from ansible_collections.sky.aws.plugins.module_utils._resources.role import RESOURCE


def main() -> None:
    """Run the module."""
    run_module(RESOURCE)


if __name__ == "__main__":
    main()
