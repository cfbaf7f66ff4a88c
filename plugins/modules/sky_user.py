#!/usr/bin/python
# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module sky_user: documentation and entry point."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sky_user
short_description: Manage an IAM user that may use SkyPilot, with an access key that is delivered
version_added: 0.1.0
author: the sky.aws authors (@sky-aws)
description:
  - Keeps one IAM user of an account in the declared state, with its managed policies, permissions boundary, path and tags.
  - With O(access_key_delivery) the user gets an access key, put into a credentials file or into a secret of Secrets Manager.
    The secret access key is never in a result, a message or a log.
  - Exactly one key is made. The user carries its id in the tag C(sky.aws/access-key), so that no later run makes another.
    Where a run fails or is killed before the key is delivered, the key is deleted, at once or by the next run.
  - With O(access_key_delivery.max_age_days) the delivered key is rotated.
  - Inline policies and access keys that nobody declared are reported in C(drift) and never changed.
options:
  name:
    description: Name of the user. IAM tells no names apart that differ only by case.
    type: str
  options:
    description:
      - Options of this module in one dictionary, as an item of a list has them. What it has wins over what stands beside it;
        O(tags) of both are added up.
      - It takes no account options. A task gives a list's item whole with it, whatever the item declares.
    type: dict
  state:
    description:
      - V(present) makes the user and keeps its rights, its tags and its key.
      - V(absent) deletes it, together with what IAM demands to be gone before, such as policies, group memberships and the
        delivered key. Only a user that this collection made is deleted, and not while it has a key that a person made; see
        O(absent_keys).
    type: str
    choices: [present, absent]
    default: present
  absent_keys:
    description:
      - What becomes of the access keys of a user with O(state=absent). Ours are those that this collection made, those that
        it replaced and those that a killed run left.
      - V(delete_ours) deletes them, and the user. A user that has any other key is left as it is, with an error.
      - V(delete_all) deletes every key, those that a person made included, and the user.
      - V(deactivate_ours) keeps the user, its rights and its keys, and makes ours inactive. Other active keys are reported
        in C(drift).
      - V(deactivate_all) keeps the user, and makes every key inactive.
    type: str
    choices: [delete_ours, delete_all, deactivate_ours, deactivate_all]
    default: delete_ours
  manage:
    description:
      - V(user) keeps the whole user in the declared state.
      - V(access_key) keeps the access key that was delivered and the place where it is (O(access_key_delivery)), and leaves
        everything else as it is. No user is made, and no key where none was delivered. The playbook C(sky.aws.rotate_keys)
        works with it.
    type: str
    choices: [user, access_key]
    default: user
  policies:
    description:
      - Managed policies that the user has, each by name, by path and name (V(/teams/ml/name)), or by ARN.
      - A name stands for a policy of the account itself; give AWS's own policies by ARN.
    type: list
    elements: str
    default: []
  purge_policies:
    description: Whether managed policies that are not in O(policies) are detached.
    type: bool
    default: true
  s3_access:
    description:
      - Whether the user has AWS's policy C(AmazonS3FullAccess), which SkyPilot needs for buckets as storage.
      - SkyPilot's documentation makes it an optional step.
    type: bool
    default: false
  permissions_boundary:
    description:
      - Managed policy that limits the user's rights, by name, by path and name, or by ARN.
      - An empty string removes the boundary; left out, it stays as it is.
    type: str
  path:
    description: Path of the user. It is part of the ARN.
    type: str
    default: /
  existing:
    description:
      - What to do with a user of this name that this collection did not make, such as one made by following SkyPilot's
        documentation. A user that it did make is always converged.
      - V(converge) brings it to the declared state, the access key included. The user is not marked as the collection's,
        and O(state=absent) will not delete it.
      - V(keep) changes nothing, makes no access key, and reports the differences in C(drift).
      - V(fail) stops with an error.
    type: str
    choices: [keep, converge, fail]
    default: converge
  access_key_delivery:
    description:
      - Where the user's access key is delivered. Left out, keys are neither looked at nor made.
      - A key is made only where none was delivered. One that is gone, inactive, or missing from its place is reported in
        C(drift) and with a warning; see O(access_key_delivery.reissue).
      - IAM allows two keys a user. Where a person made two, the task fails before it writes anything.
    type: dict
    suboptions:
      file:
        description:
          - AWS credentials file that takes the key, an absolute path or one that starts with V(~/). It is created if it does
            not exist, with its folder, for the owner only.
          - The file must be for nobody else. Its folder belongs to the user that Ansible runs as, or to root, and others
            cannot write into it. A group may, if it has no other member, or is group 0 in a container. Another user's own
            file takes O(access_key_delivery.owner).
          - A link is followed only if it belongs to that user or root, in a folder where nobody else can replace it. A file
            that has a second name (hard link), is longer than 2 MB, or is no regular file is refused.
          - The profile is called by the account id and the user, V(111111111111-alice). Everything else in the file stays
            as it is, comments included, and many hosts may write to one file at once.
          - With a local connection this is a file on the controller, otherwise on the host that the task runs on.
          - An execution environment's files end with its job; mount a folder there, or use O(access_key_delivery.secret).
          - Exactly one of O(access_key_delivery.file) and O(access_key_delivery.secret) is required.
        type: path
      owner:
        description:
          - Name of the user whose own file O(access_key_delivery.file) is, on the machine where the file is. The file gets
            this owner and mode 0600, and its folder may belong to this user.
          - The folder must be the user's, or the user's to create it in; a file that exists must be the user's already. A
            link of that user is not followed.
          - Left out, the file belongs to the user that Ansible runs as. To give another user takes root.
        type: str
      secret:
        description:
          - Name of a secret of Secrets Manager that takes the key, in the account itself and in O(region). It is made if it
            is missing, and restored if it is scheduled for deletion.
          - Its value is a JSON object with C(aws_access_key_id), C(aws_secret_access_key), C(account_id) and C(user_name).
          - A secret that this collection did not make, or that is for another user, is refused. O(state=absent) leaves the
            secret in place; what it holds is worthless then.
        type: str
      reissue:
        description:
          - Whether a delivered key that cannot be used any more is replaced by a new one. The old key is deleted when the
            new one is delivered; where the user has no room for a third key, before that.
          - A key that is where it was delivered, and active, is not replaced. So it may be left on.
        type: bool
        default: false
      max_age_days:
        description:
          - Age in days, 1 to 3650, at which the delivered key is rotated. A new key is made and delivered, and the old one
            is made inactive at once. A later run deletes it, when its time of grace is over.
          - Left out, a key is never too old.
          - Ages are told by AWS's time. Only a key that is active and where it was delivered is rotated; one that is lost is
            a matter of O(access_key_delivery.reissue).
          - IAM allows two keys a user. Where a person made the second one, or where the key before is still in its grace,
            the key stays as it is, which is reported in C(drift) and with a warning.
        type: int
      grace_days:
        description:
          - Days, 0 to 3650, that a rotated key is kept inactive before it is deleted, so that it could be activated where it
            turns out to be in use. V(0) deletes it at once. Left out, it is 7.
          - When it ends is noted on the user at the rotation, so a later change holds for later rotations. A rotated key
            that somebody activates is made inactive again by the next run.
          - Needs O(access_key_delivery.max_age_days).
        type: int
      kms_key_id:
        description:
          - KMS key that encrypts the secret, by id, ARN or alias (V(alias/name)).
          - Left out, a new secret is encrypted with AWS's key V(alias/aws/secretsmanager), and the key of an existing one
            stays as it is. Readers in other accounts need a key of one's own.
        type: str
      readers:
        description:
          - ARNs of the users, roles or accounts that may read the secret, by a resource policy on it.
          - Left out, there is no resource policy from this module, and only those read it whom the account's own policies
            allow to. An empty list removes the resource policy.
          - Excludes O(access_key_delivery.resource_policy).
        type: list
        elements: str
      resource_policy:
        description:
          - The whole resource policy of the secret, as a policy document, instead of O(access_key_delivery.readers).
          - It is compared by meaning. AWS is asked to refuse one that makes the secret public.
        type: dict
extends_documentation_fragment:
  - sky.aws._account
  - sky.aws._attributes
  - sky.aws._tags
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
  idempotent: {support: full}
  action_group: {support: full, membership: [sky.aws.aws]}
notes:
  - Delivering a key takes the rights C(iam:ListAccessKeys), C(iam:CreateAccessKey), C(iam:DeleteAccessKey),
    C(iam:UpdateAccessKey), C(iam:GetAccessKeyLastUsed), C(iam:TagUser) and C(iam:UntagUser). Delivering it into a secret
    also takes C(secretsmanager:DescribeSecret), C(secretsmanager:CreateSecret), C(secretsmanager:PutSecretValue),
    C(secretsmanager:TagResource) and C(secretsmanager:RestoreSecret), and for its settings
    C(secretsmanager:UpdateSecret), C(secretsmanager:GetResourcePolicy), C(secretsmanager:PutResourcePolicy) and
    C(secretsmanager:DeleteResourcePolicy). The value of a secret is never read.
  - The tag C(sky.aws/access-key-intent) on the user says that a key is about to be made. The next run deletes a key that a
    killed run left only if it was made within 20 minutes of the intent, was not there before, and was never used.
seealso:
  - module: sky.aws.sky_iam_policy
  - module: sky.aws.sky_role
"""

EXAMPLES = r"""
- name: Keep a user with the minimal policy
  sky.aws.sky_user:
    account_id: "111111111111"
    region: us-east-1
    name: alice
    policies: [minimal-skypilot-policy]

- name: Keep one in a member account, with S3, and its key in a file on the controller
  sky.aws.sky_user:
    account_id: "111111111111"
    assume_role: OrganizationAccountAccessRole
    region: us-east-1
    name: alice
    policies: [minimal-skypilot-policy]
    s3_access: true
    tags:
      team: ml-platform
    access_key_delivery:
      file: ~/.aws/credentials

- name: Deliver the key into her own file on this machine, as root
  sky.aws.sky_user:
    account_id: "111111111111"
    region: us-east-1
    name: alice
    policies: [minimal-skypilot-policy]
    access_key_delivery:
      file: ~alice/.aws/credentials
      owner: alice

- name: Deliver the key into a secret that one role may read
  sky.aws.sky_user:
    account_id: "111111111111"
    assume_role: OrganizationAccountAccessRole
    region: us-east-1
    name: alice
    policies: [minimal-skypilot-policy]
    access_key_delivery:
      secret: skypilot/alice
      readers:
        - arn:aws:iam::111111111111:role/skypilot-server

- name: Have a new key delivered, if the old one is lost
  sky.aws.sky_user:
    account_id: "111111111111"
    region: us-east-1
    name: alice
    policies: [minimal-skypilot-policy]
    access_key_delivery:
      file: /srv/skypilot/credentials
      reissue: true

- name: Rotate the key every 90 days
  sky.aws.sky_user:
    account_id: "111111111111"
    region: us-east-1
    name: alice
    policies: [minimal-skypilot-policy]
    access_key_delivery:
      secret: skypilot/alice
      max_age_days: 90
      grace_days: 14

- name: Lock out a user and keep it, with every key that it has
  sky.aws.sky_user:
    account_id: "111111111111"
    region: us-east-1
    name: alice
    state: absent
    absent_keys: deactivate_all

- name: Remove the user and its key
  sky.aws.sky_user:
    account_id: "111111111111"
    region: us-east-1
    name: alice
    state: absent
"""

RETURN = r"""
user:
  description: The user as it is after the task, or will be after the real run. Null when there is none.
  returned: success
  type: dict
  sample:
    arn: arn:aws:iam::111111111111:user/alice
    attached_policies:
      - policy_arn: arn:aws:iam::111111111111:policy/minimal-skypilot-policy
        policy_name: minimal-skypilot-policy
    create_date: "2026-11-24T09:30:00+00:00"
    inline_policies: []
    path: /
    permissions_boundary: null
    tags: {"sky.aws/managed-by": sky.aws}
    user_id: AIDA1234567890EXAMPLE
    user_name: alice
  contains:
    arn:
      description: ARN of the user, predicted in check mode.
      type: str
      returned: success
      sample: arn:aws:iam::111111111111:user/alice
    attached_policies:
      description: Its managed policies.
      type: list
      elements: dict
      returned: success
      sample:
        - policy_arn: arn:aws:iam::111111111111:policy/minimal-skypilot-policy
          policy_name: minimal-skypilot-policy
      contains:
        policy_arn:
          description: ARN of the policy.
          type: str
          returned: success
          sample: arn:aws:iam::111111111111:policy/minimal-skypilot-policy
        policy_name:
          description: Name of the policy.
          type: str
          returned: success
          sample: minimal-skypilot-policy
    create_date:
      description: When it was made, ISO 8601. Null in check mode for a user that does not exist yet.
      type: str
      returned: success
      sample: "2026-11-24T09:30:00+00:00"
    inline_policies:
      description: Names of its inline policies, which this module never makes.
      type: list
      elements: str
      returned: success
      sample: []
    path:
      description: Its path.
      type: str
      returned: success
      sample: /
    permissions_boundary:
      description: ARN of its permissions boundary. Null when it has none.
      type: str
      returned: success
      sample: arn:aws:iam::111111111111:policy/boundary
    tags:
      description: Its tags. Those that note a new key are in it only after the real run.
      type: dict
      returned: success
      sample: {"sky.aws/managed-by": sky.aws}
    user_id:
      description: Its id. Null in check mode for a user that does not exist yet.
      type: str
      returned: success
      sample: AIDA1234567890EXAMPLE
    user_name:
      description: Its name.
      type: str
      returned: success
      sample: alice
access_key:
  description:
    - The delivered access key, without its secret. Null when none is declared or none was delivered.
  returned: success
  type: dict
  sample:
    access_key_id: AKIAIOSFODNN7EXAMPLE
    create_date: "2026-11-24T09:30:00+00:00"
    delivered_to:
      file: /home/me/.aws/credentials
      profile: 111111111111-alice
    previous: null
    status: Active
    user_name: alice
  contains:
    access_key_id:
      description: Id of the key. Null in check mode for a key that is not made yet.
      type: str
      returned: success
      sample: AKIAIOSFODNN7EXAMPLE
    create_date:
      description: When it was made, ISO 8601. Null for a key that is not made yet, or that does not exist any more.
      type: str
      returned: success
      sample: "2026-11-24T09:30:00+00:00"
    delivered_to:
      description: Where the key is. Null when it is not where it is declared to be; C(drift) says so.
      type: dict
      returned: success
      sample:
        file: /home/me/.aws/credentials
        profile: 111111111111-alice
      contains:
        file:
          description: Path of the credentials file.
          type: str
          returned: when delivered to a file
          sample: /home/me/.aws/credentials
        profile:
          description: Name of the profile in it.
          type: str
          returned: when delivered to a file
          sample: 111111111111-alice
        secret:
          description: Name of the secret.
          type: str
          returned: when delivered to a secret
          sample: skypilot/alice
    previous:
      description: The key that was rotated, while it is kept. Null when there is none.
      type: dict
      returned: success
      sample:
        access_key_id: AKIAI44QH8DHBEXAMPLE
        deleted_after: "2026-12-08T09:30:00+00:00"
        status: Inactive
      contains:
        access_key_id:
          description: Id of the key.
          type: str
          returned: success
          sample: AKIAI44QH8DHBEXAMPLE
        deleted_after:
          description: When its time of grace ends, ISO 8601. The next run after that deletes it.
          type: str
          returned: success
          sample: "2026-12-08T09:30:00+00:00"
        status:
          description: V(Inactive) once the task is done.
          type: str
          returned: success
          sample: Inactive
    status:
      description: V(Active) or V(Inactive). Null for a key that does not exist any more.
      type: str
      returned: success
      sample: Active
    user_name:
      description: Name of the user whose key it is.
      type: str
      returned: success
      sample: alice
drift:
  description:
    - Differences that are reported and not changed, each with what is declared and what was found.
    - Among them are inline policies (C(inline_policies)), access keys that nobody declared (C(access_keys)), a delivered key
      that cannot be used (C(access_key)), and one that is too old and cannot be rotated (C(access_key_age)).
  returned: success
  type: list
  elements: dict
  sample:
    - aspect: inline_policies
      declared: []
      found: [made-in-the-console]
steps:
  description:
    - The write calls in order, planned in check mode, performed otherwise; on failure those performed by then.
    - Writing a credentials file is no call and is not among them.
  returned: always
  type: list
  elements: dict
  sample:
    - api: iam:CreateUser
      target: alice
    - api: iam:AttachUserPolicy
      target: alice
    - api: iam:TagUser
      target: alice
    - api: iam:CreateAccessKey
      target: alice
    - api: iam:TagUser
      target: alice
diff:
  description: The declared part of the user and its access key before and after, never a secret.
  returned: success
  type: dict
  sample:
    before: {}
    after:
      user:
        user_name: alice
"""

from ansible_collections.sky.aws.plugins.module_utils._module import run_module
from ansible_collections.sky.aws.plugins.module_utils._resources.user import RESOURCE


def main() -> None:
    """Run the module."""
    run_module(RESOURCE)


if __name__ == "__main__":
    main()
