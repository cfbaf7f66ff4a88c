#!/usr/bin/python
# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module sky_offboard: documentation and entry point."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sky_offboard
short_description: Remove from an AWS account what this collection made in it
version_added: 0.1.0
author: the sky.aws authors (@sky-aws)
description:
  - Removes the instances, the users with their delivered access keys, the roles with their instance profiles, the
    managed policies and the security groups that this collection made in an account, in the order that AWS demands.
  - What the collection made is told by its tag C(sky.aws/managed-by), for an instance also by its ClientToken, and not
    by the names that are declared now. Everything else is left; what of it has to do with SkyPilot is reported in
    RV(left).
  - A run that was interrupted is finished by the next one.
options:
  confirm:
    description:
      - The id of the account once more, so that no account loses its users by mistake. It must be equal to
        O(account_id), in check mode too, or the task fails before the first call.
    type: str
    required: true
  regions:
    description:
      - Regions to look for instances, security groups and secrets with delivered keys in. Secrets are looked for in
        O(region), too.
      - V(all) stands for every region that the account has enabled. One that is closed to the caller, by a service
        control policy for example, is then reported in RV(left) and not looked into. In a region that is named here, or
        in O(region), that is an error.
      - Where regions are named, instances elsewhere that use the role are not seen, and lose it.
    type: list
    elements: str
    default: [all]
  users:
    description:
      - The users as they are declared, each a dictionary with C(name) and, where its key was delivered to a file,
        C(access_key_delivery) with C(file). Items of C(sky_users_present) will do as they are.
      - Users are found by their tag. These are for two things besides. Of those that the collection did not make is
        reported that they are left, and the profile with the dead key is taken out of the file.
    type: list
    elements: dict
    default: []
  role_name:
    description: Name of the role that is reported where the collection did not make it.
    type: str
    default: skypilot-v1
  policy_name:
    description: Name of the policy that is reported where the collection did not make it.
    type: str
    default: minimal-skypilot-policy
  wait_timeout:
    description: How long to wait for the instances of a region to be terminated, in seconds.
    type: int
    default: 600
extends_documentation_fragment:
  - sky.aws._account
  - sky.aws._attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
  idempotent: {support: full}
  action_group: {support: full, membership: [sky.aws.aws]}
notes:
  - A role or security group that an instance of somebody else uses is left, with the policies of the role, so that
    clusters of SkyPilot go on working. Terminate them (C(sky down)) and run it again.
  - A user with an access key that a person made is left as it is, with its policies and its secret.
  - A policy is detached from users, groups and roles that the collection did not make, unless a live instance of
    somebody else uses such a role.
  - A secret with a delivered key is scheduled for deletion in 30 days, AWS's own default, and can be restored until
    then.
  - Service-linked roles are never deleted, since they may serve others than SkyPilot.
seealso:
  - module: sky.aws.sky_user
  - module: sky.aws.sky_role
  - module: sky.aws.sky_iam_policy
  - module: sky.aws.sky_security_group
  - module: sky.aws.sky_instance
"""

EXAMPLES = r"""
- name: List what would be removed
  sky.aws.sky_offboard:
    account_id: "111111111111"
    confirm: "111111111111"
    region: us-east-1
  check_mode: true

- name: Remove it, and take alice's key out of the file that it was delivered to
  sky.aws.sky_offboard:
    account_id: "111111111111"
    confirm: "111111111111"
    assume_role: OrganizationAccountAccessRole
    region: us-east-1
    regions: [us-east-1, us-west-2]
    users:
      - name: alice
        access_key_delivery: {file: /srv/sky-keys/ml-research}
"""

RETURN = r"""
removed:
  description: What is removed, or would be in check mode, in order.
  returned: success
  type: list
  elements: dict
  sample:
    - {"type": "instance", "name": "smoke", "region": "us-east-1"}
    - {"type": "user", "name": "alice", "region": null}
    - {"type": "secret", "name": "sky/bob", "region": "us-east-1"}
    - {"type": "key file", "name": "profile 111111111111-alice of file /srv/sky-keys/ml-research", "region": null}
    - {"type": "role", "name": "skypilot-v1", "region": null}
    - {"type": "instance profile", "name": "skypilot-v1", "region": null}
    - {"type": "policy", "name": "minimal-skypilot-policy", "region": null}
  contains:
    type:
      description: >-
        One of V(instance), V(user), V(secret), V(key file), V(role), V(instance profile), V(policy) and
        V(security group).
      type: str
      returned: success
      sample: user
    name:
      description: Its name. That of a security group is preceded by region and VPC where several have it.
      type: str
      returned: success
      sample: alice
    region:
      description: The region of an instance, a secret or a security group; null for the rest.
      type: str
      returned: success
      sample: us-east-1
left:
  description:
    - What has to do with SkyPilot and is left, each once. Each is also a warning.
  returned: success
  type: list
  elements: dict
  sample:
    - type: user
      name: bob
      region: null
      reason: >-
        user bob was not made by this collection (no tag sky.aws/managed-by=sky.aws) and is left in place; delete it by hand
  contains:
    type:
      description: As in RV(removed); also V(group) for one of IAM, and V(region) for one that could not be read.
      type: str
      returned: success
      sample: user
    name:
      description: Its name.
      type: str
      returned: success
      sample: bob
    region:
      description: The region of an instance, a secret or a security group; null for the rest.
      type: str
      returned: success
      sample: null
    reason:
      description: Why it is left, and what to do about it.
      type: str
      returned: success
      sample: >-
        user bob was not made by this collection (no tag sky.aws/managed-by=sky.aws) and is left in place; delete it by hand
steps:
  description: >-
    The write calls in order, planned or performed. In a failed task, those that were performed. A file that changes is
    no call.
  returned: always
  type: list
  elements: dict
  sample:
    - {"api": "ec2:TerminateInstances", "target": "smoke"}
    - {"api": "iam:DeleteAccessKey", "target": "alice"}
    - {"api": "iam:DetachUserPolicy", "target": "alice"}
    - {"api": "iam:DeleteUser", "target": "alice"}
diff:
  description: What is removed as it was, before; nothing after.
  returned: success
  type: dict
  sample: {"before": {"secret sky/bob": {"secret": {"name": "sky/bob"}}}, "after": {}}
"""

from ansible_collections.sky.aws.plugins.module_utils._module import run_module
from ansible_collections.sky.aws.plugins.module_utils._resources.offboard import RESOURCE


def main() -> None:
    """Run the module."""
    run_module(RESOURCE)


if __name__ == "__main__":
    main()
