# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS does by itself in accounts: the role that Organizations makes, the credentials that instances get."""

from __future__ import annotations

import json
import typing as t

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from demo.seed import ACCESS_ROLE

from .evaluator import Evaluator, Question
from .state import find_profile, find_role

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


class NoCredentials(Exception):
    """An instance with that profile would get no credentials."""


def make_access_role(account: str, management: str, name: str = ACCESS_ROLE) -> None:
    """The role that lets the management account administer a member; one that has rights is left as it is.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_access.html
    """
    backend = iam_backends[account]["aws"]
    role = find_role(f"arn:aws:iam::{account}:role/{name}") or _create_role(backend, management, name)
    if not role.managed_policies and not role.policies:  # moto's Organizations makes the role, and gives it no rights
        backend.attach_role_policy(ADMINISTRATOR, name)


def _create_role(backend: t.Any, management: str, name: str) -> t.Any:
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{management}:root"}, "Action": "sts:AssumeRole"}
    return backend.create_role(
        role_name=name,
        assume_role_policy_document=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        path="/",
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration="3600",
    )


def instance_credentials(account: str, profile: str, evaluator: Evaluator, region: str) -> dict[str, str]:
    """Keys of the role in an instance profile, as the metadata service gives them; botocore's keyword arguments.

    :raises NoCredentials: there is no such profile, no role in it, or the role does not trust EC2.
    """
    found = find_profile(account, "aws", profile)
    if found is None or not found.roles:
        raise NoCredentials(f"instance profile {profile} in {account} is missing or has no role")
    role = found.roles[0]
    question = Question.of(
        "ec2.amazonaws.com", "sts:AssumeRole", role.arn, resource_policy=role.assume_role_policy_document
    )
    if not evaluator.decide(question).allowed:
        raise NoCredentials(f"role {role.name} in {account} does not trust ec2.amazonaws.com")
    session: t.Any = sts_backends[account]["aws"].assume_role(
        region_name=region,
        role_session_name="i-0123456789abcdef0",
        role_arn=role.arn,
        policy="",
        duration=3600,
        external_id="",
    )
    return {
        "aws_access_key_id": session.access_key_id,
        "aws_secret_access_key": session.secret_access_key,
        "aws_session_token": session.session_token,
    }
