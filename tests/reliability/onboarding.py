# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A full onboarding in process: policy, user with a delivered key, role, security group, instance; and how it ended."""

from __future__ import annotations

import typing as t

from botocore.configloader import raw_config_parse

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._resources.instance import RESOURCE as instance
from ansible_collections.sky.aws.plugins.module_utils._resources.policy import RESOURCE as policy
from ansible_collections.sky.aws.plugins.module_utils._resources.role import RESOURCE as role
from ansible_collections.sky.aws.plugins.module_utils._resources.security_group import RESOURCE as security_group
from ansible_collections.sky.aws.plugins.module_utils._resources.user import RESOURCE as user

if t.TYPE_CHECKING:
    import pathlib

    from ansible_collections.sky.aws.tests.unit.sandbox import Sandbox

IMAGE = "ami-0a1b2c3d4e5f60718"
POLICY = "minimal-skypilot-policy"
NAME = "alice"
#: The write calls of an onboarding, in their order.
WRITES = (
    "iam:CreatePolicy",
    "iam:CreateUser",
    "iam:AttachUserPolicy",
    "iam:TagUser",
    "iam:CreateAccessKey",
    "iam:TagUser",
    "iam:CreateRole",
    "iam:AttachRolePolicy",
    "iam:CreateInstanceProfile",
    "iam:AddRoleToInstanceProfile",
    "ec2:CreateSecurityGroup",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:RunInstances",
)


class Onboarding:
    """An account with internet, and the five resources run in it one after the other as the playbook does."""

    def __init__(self, sandbox: Sandbox, folder: pathlib.Path) -> None:
        self.sandbox = sandbox
        self.emulator, self.account_id = sandbox.emulator, sandbox.account_id
        self.file = folder / "credentials"
        self.emulator.internet(self.account_id)
        self.ec2 = self.emulator.client("ec2", self.account_id)
        self.iam = sandbox.iam
        vpc = self.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        self.parts: list[tuple[t.Any, dict[str, t.Any]]] = [
            (policy, {}),
            (user, {"name": NAME, "policies": [POLICY], "access_key_delivery": {"file": str(self.file)}}),
            (role, {"policies": [POLICY]}),
            (security_group, {"name": "skypilot", "networks": [{"region": "us-east-1", "vpc_id": vpc}]}),
            (instance, {"name": "box", "image_id": IMAGE, "instance_type": "t3.micro"}),
        ]
        self.emulator.clear_log()

    def run(self, **more: t.Any) -> list[dict[str, str]]:
        """The steps of all parts, up to the one that fails.

        :raises SkyError: what that one raised.
        """
        steps = []
        for resource, options in self.parts:
            steps += self.sandbox.run(resource, **options, **more)["steps"]
        return steps

    def runs_until_done(self, most: int = 2) -> int:
        """How many runs it took."""
        for number in range(1, most):
            try:
                self.run()
            except SkyError:
                continue
            return number
        self.run()
        return most

    def state(self) -> dict[str, t.Any]:
        """Everything there is, by name: what two onboardings that ended well have in common."""
        iam = self.iam
        users = {one["UserName"]: self._attached("user", one["UserName"]) for one in iam.list_users()["Users"]}
        roles = {one["RoleName"]: self._attached("role", one["RoleName"]) for one in iam.list_roles()["Roles"]}
        profiles = iam.list_instance_profiles()["InstanceProfiles"]
        groups = [one for one in self.ec2.describe_security_groups()["SecurityGroups"] if one["GroupName"] != "default"]
        policies = iam.list_policies(Scope="Local")["Policies"]
        return {
            "users": users,
            "roles": roles,
            "profiles": {p["InstanceProfileName"]: [r["RoleName"] for r in p["Roles"]] for p in profiles},
            "policies": [one["PolicyName"] for one in policies],
            "groups": [(g["GroupName"], len(g["IpPermissions"]), len(g["IpPermissionsEgress"])) for g in groups],
            "instances": [
                (i["State"]["Name"], i.get("IamInstanceProfile", {}).get("Arn", "")[-11:]) for i in self.instances()
            ],
            "keys": len(self.keys()),
            "delivered": self.keys() == [self.delivered()],
        }

    def _attached(self, kind: str, name: str) -> list[str]:
        listed = getattr(self.iam, f"list_attached_{kind}_policies")(**{f"{kind.title()}Name": name})
        return [one["PolicyName"] for one in listed["AttachedPolicies"]]

    def instances(self) -> list[dict[str, t.Any]]:
        reservations = self.ec2.describe_instances()["Reservations"]
        return [one for reservation in reservations for one in reservation["Instances"]]

    def keys(self) -> list[str]:
        users = [one["UserName"] for one in self.iam.list_users()["Users"]]
        listed = [self.iam.list_access_keys(UserName=name)["AccessKeyMetadata"] for name in users]
        return [key["AccessKeyId"] for keys in listed for key in keys]

    def delivered(self) -> str | None:
        """The id of the key in the file."""
        profiles = raw_config_parse(str(self.file)) if self.file.exists() else {}
        found: str | None = profiles.get(f"{self.account_id}-{NAME}", {}).get("aws_access_key_id")
        return found


#: ``state()`` after an undisturbed onboarding.
DECLARED = {
    "users": {NAME: [POLICY]},
    "roles": {"skypilot-v1": [POLICY]},
    "profiles": {"skypilot-v1": ["skypilot-v1"]},
    "policies": [POLICY],
    "groups": [("skypilot", 2, 1)],
    "instances": [("running", "skypilot-v1")],
    "keys": 1,
    "delivered": True,
}
