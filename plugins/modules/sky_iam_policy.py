#!/usr/bin/python
# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module sky_iam_policy: documentation and entry point."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sky_iam_policy
short_description: Manage the IAM policy that SkyPilot's users and role need
version_added: 0.1.0
author: the sky.aws authors (@sky-aws)
description:
  - Keeps one customer managed policy of an account in the declared state, by default the minimal policy of SkyPilot's
    documentation with the account id filled in.
  - The document is put together from O(features), each a named set of rights that one SkyPilot feature needs.
  - Documents are compared by meaning. Order, a string for a list of one, the case of actions, repeated or split statements
    make no difference; everything else does.
  - A changed document becomes the policy's new default version. At IAM's limit of five versions the oldest one that is not
    the default goes first, and C(steps) says so.
options:
  name:
    description: Name of the policy.
    type: str
    default: minimal-skypilot-policy
  state:
    description:
      - V(present) makes the policy and keeps its document and tags.
      - V(absent) detaches and deletes it, all versions of it. Only a policy that this collection made is deleted.
    type: str
    choices: [present, absent]
    default: present
  features:
    description:
      - What SkyPilot may do, by name. The documentation of the collection has the whole table with the reason and the source
        of each (docs/features.md).
      - V(base) is the minimal policy of SkyPilot's documentation, statement by statement. V(base_named_group) takes its
        place where the security group is made beforehand (M(sky.aws.sky_security_group)).
      - V(launch_tags) lets SkyPilot tag the security groups and volumes that it makes. SkyPilot 0.12.1 and later cannot make
        their first launch without it.
      - V(protect_tags) denies setting and removing the tags by which this collection knows what it made, and putting the tag
        of SkyPilot's clusters on an instance that is no cluster's. Without it every user can do both to every instance.
      - V(ports), V(spot), V(efa), V(capacity_reservations), V(quotas), V(ssm) and V(clone_disk) are for what SkyPilot can do
        with instances. V(s3_read), V(s3_write) and V(s3_manage) are for buckets.
      - V(create_role) lets SkyPilot make the role C(skypilot-v1) itself, V(create_role_inline) finish it. They are for
        accounts where M(sky.aws.sky_role) does not make it. V(create_role_bounded) in place of V(create_role) keeps users
        from attaching other policies to it than SkyPilot does.
      - V(custom_identity) is for C(aws.remote_identity) with the name of an instance profile.
      - V(autostop), V(ecr) and V(logs) are for the role of the instances only.
      - Features that contradict each other are refused. Of a selection that will surprise the module warns.
    type: list
    elements: str
    default: [base, launch_tags, protect_tags]
  custom_identities:
    description:
      - Names of the roles that V(custom_identity) in O(features) lets SkyPilot put on instances, each with its path if it
        has one, such as V(teams/research).
      - C(aws.remote_identity) has the name of the instance profile; what counts here is the role in it.
    type: list
    elements: str
    default: []
  s3_buckets:
    description:
      - Buckets that V(s3_read), V(s3_write) and V(s3_manage) in O(features) are for, by name, or with C(*) and C(?) for a
        pattern of names.
      - The default is any bucket of the account. Buckets of other accounts take O(extra_statements).
    type: list
    elements: str
    default: ["*"]
  principals:
    description:
      - Whose rights the policy holds, where a feature needs other rights for the user than for the role on the instances.
      - The default is one policy for both, as in SkyPilot's documentation.
    type: list
    elements: str
    choices: [user, role]
    default: [user, role]
  extra_statements:
    description:
      - Statements that are added to those of O(features), as IAM writes them.
      - Each has C(Effect), C(Action) or C(NotAction), C(Resource) or C(NotResource), and may have C(Sid) and C(Condition).
    type: list
    elements: dict
    default: []
  path:
    description:
      - Path of the policy. It is part of the ARN and cannot be changed later.
    type: str
    default: /
  description:
    description:
      - Description of a new policy. IAM cannot change it later; a difference is reported in C(drift).
    type: str
  keep_versions:
    description:
      - How many versions of the policy stay when a new one is made, the new one included, 1 to 5.
      - Versions of a policy that this collection did not make are never deleted.
    type: int
    default: 5
  existing:
    description:
      - What to do with a policy of this name that this collection did not make, such as one made by following SkyPilot's
        documentation. A policy that it did make is always converged.
      - V(converge) brings document and tags to the declared state. The policy is not marked as the collection's, and
        O(state=absent) will not delete it.
      - V(keep) changes nothing and reports the differences in C(drift).
      - V(fail) stops with an error.
    type: str
    choices: [keep, converge, fail]
    default: converge
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
  - module: sky.aws.sky_user
  - module: sky.aws.sky_role
"""

EXAMPLES = r"""
- name: Keep the minimal policy, with the credentials at hand
  sky.aws.sky_iam_policy:
    account_id: "111111111111"
    region: us-east-1

- name: Keep it in a member account, with the rights to clone disks
  sky.aws.sky_iam_policy:
    account_id: "111111111111"
    assume_role: OrganizationAccountAccessRole
    region: us-east-1
    features: [base, launch_tags, protect_tags, clone_disk]
    tags:
      team: ml-platform

- name: Let SkyPilot use spot instances, ports and two buckets
  sky.aws.sky_iam_policy:
    account_id: "111111111111"
    region: us-east-1
    features: [base, launch_tags, protect_tags, ports, spot, s3_read, s3_write]
    s3_buckets: [research-data, research-results]

- name: Add a statement of one's own
  sky.aws.sky_iam_policy:
    account_id: "111111111111"
    region: us-east-1
    extra_statements:
      - Effect: Deny
        Action: ec2:RunInstances
        Resource: arn:aws:ec2:*:111111111111:instance/*
        Condition:
          StringNotEquals:
            aws:RequestedRegion: [us-east-1, us-west-2]

- name: Remove the policy
  sky.aws.sky_iam_policy:
    account_id: "111111111111"
    region: us-east-1
    state: absent
"""

RETURN = r"""
policy:
  description: The policy as it is after the task, or will be after the real run. Null when there is none.
  returned: success
  type: dict
  sample:
    arn: arn:aws:iam::111111111111:policy/minimal-skypilot-policy
    attachment_count: 2
    create_date: "2026-11-24T09:30:00+00:00"
    default_version_id: v1
    description: ""
    document:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Action: ["ec2:Describe*"]
          Resource: "*"
    is_attachable: true
    path: /
    permissions_boundary_usage_count: 0
    policy_id: ANPA1234567890EXAMPLE
    policy_name: minimal-skypilot-policy
    tags: {"sky.aws/managed-by": sky.aws}
    update_date: "2026-11-24T09:30:00+00:00"
  contains:
    arn:
      description: ARN of the policy, predicted in check mode.
      type: str
      returned: success
      sample: arn:aws:iam::111111111111:policy/minimal-skypilot-policy
    attachment_count:
      description: How many users, groups and roles it is attached to, as AWS counted before the task.
      type: int
      returned: success
      sample: 2
    create_date:
      description: When it was made, ISO 8601. Null in check mode for a policy that does not exist yet.
      type: str
      returned: success
      sample: "2026-11-24T09:30:00+00:00"
    default_version_id:
      description: The version in force, predicted in check mode.
      type: str
      returned: success
      sample: v1
    description:
      description: Its description.
      type: str
      returned: success
      sample: Rights for SkyPilot
    document:
      description: The document of the version in force.
      type: dict
      returned: success
      sample: {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["ec2:Describe*"], "Resource": "*"}]}
    is_attachable:
      description: Whether it can be attached.
      type: bool
      returned: success
      sample: true
    path:
      description: Its path.
      type: str
      returned: success
      sample: /
    permissions_boundary_usage_count:
      description: How many users and roles have it as their permissions boundary.
      type: int
      returned: success
      sample: 0
    policy_id:
      description: Its id. Null in check mode for a policy that does not exist yet.
      type: str
      returned: success
      sample: ANPA1234567890EXAMPLE
    policy_name:
      description: Its name.
      type: str
      returned: success
      sample: minimal-skypilot-policy
    tags:
      description: Its tags.
      type: dict
      returned: success
      sample: {"sky.aws/managed-by": sky.aws}
    update_date:
      description: When the version in force was made, ISO 8601.
      type: str
      returned: success
      sample: "2026-11-24T09:30:00+00:00"
drift:
  description: Differences that are reported and not changed, each with what is declared and what was found.
  returned: success
  type: list
  elements: dict
  sample:
    - aspect: description
      declared: Rights for SkyPilot
      found: ""
steps:
  description: The write calls in order, planned in check mode, performed otherwise; on failure those performed by then.
  returned: always
  type: list
  elements: dict
  sample:
    - api: iam:CreatePolicy
      target: minimal-skypilot-policy
diff:
  description: The declared part of the policy before and after.
  returned: success
  type: dict
  sample:
    before: {}
    after:
      policy:
        policy_name: minimal-skypilot-policy
"""

from ansible_collections.sky.aws.plugins.module_utils._module import run_module
from ansible_collections.sky.aws.plugins.module_utils._resources.policy import RESOURCE


def main() -> None:
    """Run the module."""
    run_module(RESOURCE)


if __name__ == "__main__":
    main()
