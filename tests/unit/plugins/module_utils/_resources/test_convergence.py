# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From any state to any declaration: what is announced is done, what is done is seen, and then nothing is left to do."""

from __future__ import annotations

import json
import typing as t
import uuid

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ansible_collections.sky.aws.plugins.module_utils._policy import compose
from ansible_collections.sky.aws.plugins.module_utils._resources.policy import RESOURCE as policy
from ansible_collections.sky.aws.plugins.module_utils._resources.role import RESOURCE as role
from ansible_collections.sky.aws.plugins.module_utils._resources.user import RESOURCE as user
from ansible_collections.sky.aws.tests.unit.sandbox import Sandbox, fresh_account_id

SHARED = ("one", "two", "three")
STATEMENT = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
DOCUMENTS = tuple(
    json.dumps({"Version": "2012-10-17", "Statement": [{**STATEMENT, "Action": action}]})
    for action in ("s3:ListAllMyBuckets", "ec2:DescribeVpcs", ["s3:ListAllMyBuckets"])
)
TRUSTS = tuple(json.dumps(compose.trust(f"{name}.amazonaws.com")) for name in ("ec2", "lambda"))
OURS = {"sky.aws/managed-by": "sky.aws"}

tags = st.dictionaries(st.sampled_from(["team", "cost", "a"]), st.sampled_from(["", "1", "2"]), max_size=2)
attached = st.lists(st.sampled_from(SHARED), unique=True, max_size=3)
owners = st.sampled_from([OURS, {}])
boundaries = st.sampled_from([None, *SHARED])
existing = st.sampled_from(["keep", "converge"])
states = st.sampled_from(["present", "present", "present", "absent"])

policy_starts = st.fixed_dictionaries(
    {
        "owner": owners,
        "tags": tags,
        "versions": st.lists(st.sampled_from(DOCUMENTS), min_size=1, max_size=4),
        "default": st.integers(0, 3),
        "attached": st.booleans(),
    }
)
policy_options = st.fixed_dictionaries(
    {
        "state": states,
        "features": st.just([]),
        "extra_statements": st.sampled_from([[STATEMENT], [STATEMENT, {**STATEMENT, "Action": "ec2:DescribeVpcs"}]]),
        "keep_versions": st.integers(1, 5),
        "existing": existing,
        "tags": tags,
        "purge_tags": st.booleans(),
        "description": st.sampled_from([None, "", "x"]),
    }
)
principal_starts = {
    "owner": owners,
    "tags": tags,
    "attached": attached,
    "inline": st.booleans(),
}
principal_options = {
    "state": states,
    "policies": attached,
    "purge_policies": st.booleans(),
    "s3_access": st.booleans(),
    "existing": existing,
    "tags": tags,
    "purge_tags": st.booleans(),
}
user_starts = st.fixed_dictionaries({**principal_starts, "group": st.booleans()})
user_options = st.fixed_dictionaries(principal_options)
role_starts = st.fixed_dictionaries(
    {
        **principal_starts,
        "trust": st.sampled_from(TRUSTS),
        "boundary": boundaries,
        "role": st.booleans(),
        "profile": st.sampled_from(["none", "empty", "linked", "other"]),
        "profile_owner": owners,
    }
)
role_options = st.fixed_dictionaries(
    {
        **principal_options,
        "permissions_boundary": st.sampled_from([None, "", *SHARED]),
        "description": st.sampled_from([None, "", "x"]),
        "max_session_duration": st.sampled_from([None, 3600, 7200]),
    }
)

# An example costs a dozen calls over HTTP, so a failure is shown as it was found.
steady = settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.generate])


@pytest.fixture(scope="module")
def account(emulator):
    """One account for all examples; each has names of its own."""
    sandbox = Sandbox(emulator, fresh_account_id())
    for name in SHARED:
        sandbox.iam.create_policy(PolicyName=name, PolicyDocument=DOCUMENTS[0])
    return sandbox


def fresh_name() -> str:
    return uuid.uuid4().hex[:12]


def listed(*parts: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for part in parts for key, value in part.items()]


@steady
@given(start=st.none() | policy_starts, options=policy_options)
def test_policies(account, start, options):
    name = fresh_name()
    arn = account.arn(f"policy/{name}")
    if start:
        first, *others = start["versions"]
        account.iam.create_policy(PolicyName=name, PolicyDocument=first, Tags=listed(start["owner"], start["tags"]))
        for document in others:
            account.iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=False)
        version = f"v{start['default'] % len(start['versions']) + 1}"
        if version != "v1":  # where it is the default already, moto takes that from it
            account.iam.set_default_policy_version(PolicyArn=arn, VersionId=version)
        if start["attached"]:
            account.iam.create_user(UserName=name)
            account.iam.attach_user_policy(UserName=name, PolicyArn=arn)
    account.converge(policy, name=name, **options)


def furnish(account: Sandbox, noun: str, name: str, start: dict[str, t.Any]) -> None:
    """Attach and write into a user or role what the start has."""
    who = {f"{noun.title()}Name": name}
    for shared in start["attached"]:
        getattr(account.iam, f"attach_{noun}_policy")(**who, PolicyArn=account.arn(f"policy/{shared}"))
    if start["inline"]:
        getattr(account.iam, f"put_{noun}_policy")(**who, PolicyName="inline", PolicyDocument=DOCUMENTS[0])


@steady
@given(start=st.none() | user_starts, options=user_options)
def test_users(account, start, options):
    name = fresh_name()
    if start:
        account.iam.create_user(UserName=name, Tags=listed(start["owner"], start["tags"]))
        furnish(account, "user", name, start)
        if start["group"]:
            account.iam.create_group(GroupName=name)
            account.iam.add_user_to_group(GroupName=name, UserName=name)
    account.converge(user, name=name, **options)


@steady
@given(start=role_starts, options=role_options)
def test_roles(account, start, options):
    name = fresh_name()
    iam = account.iam
    if start["role"]:
        iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=start["trust"], Tags=listed(start["owner"], start["tags"])
        )
        furnish(account, "role", name, start)
        if start["boundary"]:
            limit = account.arn(f"policy/{start['boundary']}")
            iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=limit)
    if start["profile"] != "none":
        iam.create_instance_profile(InstanceProfileName=name, Tags=listed(start["profile_owner"]))
    if start["profile"] == "other":
        iam.create_role(RoleName=f"other-{name}", AssumeRolePolicyDocument=TRUSTS[0])
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=f"other-{name}")
    if start["profile"] == "linked" and start["role"]:
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    account.converge(role, name=name, **options)
