#!/usr/bin/python
# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module sky_account: documentation and entry point."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sky_account
short_description: Prove that the credentials reach the declared AWS account
version_added: 0.1.0
author: the sky.aws authors (@sky-aws)
description:
  - Reaches one AWS account with the account options and proves that it is the declared one. Writes nothing.
  - Inside the Ansible worker (a local connection) it first checks the variables of all roles of the collection, and fails
    with one line for each fault before the first call to AWS.
extends_documentation_fragment:
  - sky.aws._account
  - sky.aws._attributes
attributes:
  check_mode: {support: full}
  diff_mode:
    support: none
    details: It changes nothing.
  idempotent: {support: full}
  action_group: {support: full, membership: [sky.aws.aws]}
seealso:
  - module: sky.aws.sky_iam_policy
"""

EXAMPLES = r"""
- name: Prove the account behind the credentials at hand
  sky.aws.sky_account:
    account_id: "111111111111"
    region: us-east-1

- name: Prove that a member account can be reached from the management account
  sky.aws.sky_account:
    account_id: "111111111111"
    assume_role: OrganizationAccountAccessRole
    region: us-east-1
"""

RETURN = r"""
account:
  description: The account as it was reached.
  returned: success
  type: dict
  sample:
    account_id: "111111111111"
    arn: arn:aws:sts::111111111111:assumed-role/OrganizationAccountAccessRole/sky.aws
    partition: aws
    region: us-east-1
  contains:
    account_id:
      description: The account's id.
      type: str
      returned: success
      sample: "111111111111"
    arn:
      description: The caller in the account.
      type: str
      returned: success
      sample: arn:aws:sts::111111111111:assumed-role/OrganizationAccountAccessRole/sky.aws
    partition:
      description: The partition of AWS that the account is in.
      type: str
      returned: success
      sample: aws
    region:
      description: The region that calls go to unless they name another.
      type: str
      returned: success
      sample: us-east-1
steps:
  description: The write calls; there are none.
  returned: always
  type: list
  elements: dict
  sample: []
diff:
  description: Empty, since nothing is written.
  returned: success
  type: dict
  sample: {"before": {}, "after": {}}
"""

from ansible_collections.sky.aws.plugins.module_utils._module import run_module
from ansible_collections.sky.aws.plugins.module_utils._resources.account import RESOURCE


def main() -> None:
    """Run the module."""
    run_module(RESOURCE)


if __name__ == "__main__":
    main()
