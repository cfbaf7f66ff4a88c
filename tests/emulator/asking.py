# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to the tables of the authorization, about an account that does not exist."""

from __future__ import annotations

from ansible_collections.sky.aws.demo.call_log import Call
from ansible_collections.sky.aws.tests.emulator.iam.authorization import checks

ACCOUNT = "111122223333"
OTHER = "444455556666"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
EC2 = f"arn:aws:ec2:us-east-1:{ACCOUNT}:"
IAM = f"arn:aws:iam::{ACCOUNT}:"
TAGS = [{"Key": "team", "Value": "red"}]


class Fake:
    """An account with one of each; every attribute may be another."""

    def __init__(self, **changes):
        self.spot = False
        self.role = f"{IAM}role/skypilot-v1"
        self.owners = {"subnet-far": OTHER}
        self.paths = {"deep": "/team/"}
        vars(self).update(changes)

    def tags(self, region, resource_id):
        return {"owner": "alice"} if resource_id == "i-1" else {}

    def owner(self, region, kind, resource_id):
        return self.owners.get(resource_id)

    def vpc_of(self, region, kind, resource_id):
        return "vpc-1" if kind in ("subnet", "security-group") else None

    def group_id(self, region, name):
        return f"sg-{name}"

    def default_subnet(self, region, zone):
        return f"subnet-{zone or 'default'}"

    def default_group(self, region, subnet):
        return "sg-default"

    def path(self, kind, name):
        return self.paths.get(name, "/")

    def boundary(self, kind, name):
        return f"{IAM}policy/fence" if name == "fenced" else None

    def iam_tags(self, kind, name):
        return {}

    def role_in_profile(self, profile):
        return self.role

    def role_exists(self, name):
        return self.spot

    def trust_policy(self, role_arn):
        return '{"Statement": []}' if role_arn.endswith("role/there") else None

    def user_of_key(self, access_key):
        return "bob"

    def bucket(self, name):
        return (OTHER, '{"Statement": []}') if name == "foreign" else None

    def object_exists(self, bucket, key):
        return key != "missing"

    def secret(self, region, secret_id):
        return (
            (f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:there-AbCdEf", None) if secret_id == "there" else None
        )

    def organization(self):
        return OTHER, "o-abcdefghij"

    def organization_of(self, account):
        return "o-abcdefghij" if account == ACCOUNT else None


def found(api, resources=None, caller=ALICE, **params):
    service, action = api.split(":")
    return checks(Call("", ACCOUNT, "us-east-1", service, action, "query", params), resources or Fake(), caller)


def pairs(api, resources=None, **params):
    """The checks, shortened: ``("RunInstances", "subnet/subnet-1")``."""
    return [
        (check.action.removeprefix("ec2:"), check.resource.removeprefix(EC2))
        for check in found(api, resources, **params)
    ]
