# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An organization as AWX finds it: a hub with one identity, and accounts that trust it if it shows the external id."""

from __future__ import annotations

import itertools
import json
import pathlib
import shutil
import typing as t

import yaml

from ansible_collections.sky.aws.demo.seed import ACCESS_ROLE
from ansible_collections.sky.aws.tests.awx.jobs import PROJECT
from ansible_collections.sky.aws.tests.integration.runs import ROOT
from ansible_collections.sky.aws.tests.reliability.controllers import Watched

HUB = Watched.management_account
EXTERNAL_ID = "rollout-7c1f9a"
HUB_POLICY = ROOT / "awx" / "hub-policy.json"
#: Stands for the organization's id in the policy.
PLACEHOLDER = "o-exampleorgid"
HUB_USER = "awx"
Statement = dict[str, t.Any]
_ids = itertools.count(410000000000)


def new_account() -> str:
    return str(next(_ids))


def hub_policy(organization: str) -> list[Statement]:
    """The statements of ``awx/hub-policy.json`` for an organization."""
    text = HUB_POLICY.read_text().replace(PLACEHOLDER, organization)
    return t.cast("list[Statement]", json.loads(text)["Statement"])


class Hub:
    """The identity in the hub account. ``account`` is the management account, or a delegated administrator."""

    def __init__(self, aws: Watched, account: str = HUB) -> None:
        self.aws = aws
        self.account = account
        self.arn = f"arn:aws:iam::{account}:user/{HUB_USER}"
        self._iam = aws.client("iam", None if account == HUB else account)
        self._iam.create_user(UserName=HUB_USER)
        self._key = self._iam.create_access_key(UserName=HUB_USER)["AccessKey"]

    def may(self, statements: list[Statement]) -> None:
        """Let these be all its rights."""
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self._iam.put_user_policy(UserName=HUB_USER, PolicyName="hub", PolicyDocument=document)

    @property
    def secret(self) -> str:
        return str(self._key["SecretAccessKey"])

    @property
    def keys(self) -> dict[str, str]:
        """As keyword arguments of a client."""
        return {"aws_access_key_id": self._key["AccessKeyId"], "aws_secret_access_key": self.secret}

    @property
    def injected(self) -> dict[str, str]:
        """What AWX's credentials put into a job's environment, and where the tests' AWS is."""
        return {
            **{name.upper(): value for name, value in self.keys.items()},
            "SKY_ASSUME_ROLE": ACCESS_ROLE,
            "SKY_EXTERNAL_ID": EXTERNAL_ID,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.aws.url,
        }

    @property
    def injected_into_source(self) -> dict[str, str]:
        """The same for the inventory source: one credential, and the source's variables."""
        return {
            **{name.upper(): value for name, value in self.keys.items()},
            "SKY_ORGANIZATION_ACCOUNT_ID": self.account,
            "SKY_ORGANIZATION_ROLE": "",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.aws.url,
        }

    def is_trusted_by(self, account: str, external_id: str = EXTERNAL_ID) -> None:
        """The access role of the account lets the hub's identity in, and nobody else."""
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": self.arn},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.aws.client("iam", account).update_assume_role_policy(RoleName=ACCESS_ROLE, PolicyDocument=document)


def project(folder: pathlib.Path) -> pathlib.Path:
    """A copy of awx/project that declares a user in every account."""
    shutil.copytree(PROJECT, folder)
    declared = {"sky_users_present": [{"name": "alice", "access_key_delivery": {"secret": "sky/alice"}}]}
    (folder / "inventory" / "group_vars" / "ou_root.yml").write_text(yaml.safe_dump(declared))
    return folder


def state_of(aws: Watched, account: str) -> str:
    """All of IAM in an account that a rollout could have made, as text without what differs between accounts."""
    iam = aws.client("iam", account)
    found: dict[str, t.Any] = {
        "users": {
            user["UserName"]: {
                "tags": sorted(tag["Key"] for tag in iam.list_user_tags(UserName=user["UserName"])["Tags"]),
                "policies": iam.list_attached_user_policies(UserName=user["UserName"])["AttachedPolicies"],
                "keys": [key["Status"] for key in iam.list_access_keys(UserName=user["UserName"])["AccessKeyMetadata"]],
            }
            for user in iam.list_users()["Users"]
        },
        "policies": {
            policy["Arn"]: iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])[
                "PolicyVersion"
            ]["Document"]
            for policy in iam.list_policies(Scope="Local")["Policies"]
        },
        "roles": {
            role["RoleName"]: [
                role["AssumeRolePolicyDocument"],
                iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"],
            ]
            for role in iam.list_roles()["Roles"]
        },
        "profiles": {
            profile["InstanceProfileName"]: [role["RoleName"] for role in profile["Roles"]]
            for profile in iam.list_instance_profiles()["InstanceProfiles"]
        },
        "secrets": [each["Name"] for each in aws.client("secretsmanager", account).list_secrets()["SecretList"]],
    }
    return json.dumps(found, sort_keys=True, indent=1).replace(account, "ACCOUNT")
