# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account of the emulated AWS with everything in it that this collection makes, and the removal run in it."""

from __future__ import annotations

import typing as t

from ansible_collections.sky.aws.demo.seed import REGION
from ansible_collections.sky.aws.plugins.module_utils._resources.instance import RESOURCE as instance
from ansible_collections.sky.aws.plugins.module_utils._resources.offboard import RESOURCE as offboard
from ansible_collections.sky.aws.plugins.module_utils._resources.policy import RESOURCE as policy
from ansible_collections.sky.aws.plugins.module_utils._resources.role import RESOURCE as role
from ansible_collections.sky.aws.plugins.module_utils._resources.security_group import RESOURCE as security_group
from ansible_collections.sky.aws.plugins.module_utils._resources.user import RESOURCE as user
from ansible_collections.sky.aws.tests.unit.sandbox import Sandbox

if t.TYPE_CHECKING:
    import pathlib

IMAGE = "ami-0a1b2c3d4e5f60718"
OWNER = [{"Key": "sky.aws/managed-by", "Value": "sky.aws"}]
POLICY, ROLE, GROUP = "minimal-skypilot-policy", "skypilot-v1", "skypilot"
ANYBODY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, '
    '"Action": "sts:AssumeRole"}]}'
)


class OffboardSandbox(Sandbox):
    """The account; ``file`` takes alice's key and the secret ``sky/bob`` bob's."""

    def __init__(self, emulator: t.Any, account_id: str, folder: pathlib.Path) -> None:
        super().__init__(emulator, account_id)
        emulator.internet(account_id)
        self.file = folder / "credentials"

    def ec2(self, region: str = REGION) -> t.Any:
        return self.emulator.client("ec2", self.account_id, region)

    @property
    def secrets(self) -> t.Any:
        return self.emulator.client("secretsmanager", self.account_id)

    @property
    def users(self) -> list[dict[str, t.Any]]:
        """As ``sky_users_present`` has them."""
        return [
            {"name": "alice", "access_key_delivery": {"file": str(self.file)}},
            {"name": "bob", "access_key_delivery": {"secret": "sky/bob"}},
        ]

    def onboard(self) -> None:
        """What the playbook onboard makes, with a policy of the role's own, a security group and an instance."""
        [vpc] = self.ec2().describe_vpcs()["Vpcs"]
        self.run(policy)
        self.run(policy, name=f"{ROLE}-policy", features=["base"], principals=["role"])
        for item in self.users:
            self.run(user, policies=[POLICY], **item)
        self.run(role, policies=[f"{ROLE}-policy"], s3_access=True)
        self.run(security_group, name=GROUP, networks=[{"region": REGION, "vpc_id": vpc["VpcId"]}])
        self.run(instance, name="smoke", image_id=IMAGE, security_groups=[GROUP])
        self.emulator.clear_log()

    def offboard(self, *, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        given = {"confirm": self.account_id, "regions": [REGION], "users": self.users, **options}
        return self.run(offboard, check_mode=check_mode, **given)

    def apis_written(self) -> list[str]:
        return [call["api"] for call in self.emulator.writes(self.account_id)]

    def launch(self, tags: dict[str, str], **more: t.Any) -> str:
        """An instance that somebody else makes; the id."""
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        described = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
        tagged = [{"ResourceType": "instance", "Tags": listed}]
        made = self.ec2().run_instances(**described, TagSpecifications=tagged, **more)["Instances"][0]
        return t.cast("str", made["InstanceId"])

    def inventory(self) -> dict[str, t.Any]:
        """Everything in the account by name, in the states that count."""
        iam, ec2 = self.iam, self.ec2()
        reservations = ec2.describe_instances()["Reservations"]
        return {
            "users": sorted(item["UserName"] for item in iam.list_users()["Users"]),
            "roles": sorted(item["RoleName"] for item in iam.list_roles()["Roles"]),
            "profiles": sorted(
                item["InstanceProfileName"] for item in iam.list_instance_profiles()["InstanceProfiles"]
            ),
            "policies": sorted(item["PolicyName"] for item in iam.list_policies(Scope="Local")["Policies"]),
            "secrets": sorted(item["Name"] for item in self.secrets.list_secrets()["SecretList"]),
            "groups": sorted(item["GroupName"] for item in ec2.describe_security_groups()["SecurityGroups"]),
            "instances": sorted(
                item["InstanceId"]
                for reservation in reservations
                for item in reservation["Instances"]
                if item["State"]["Name"] != "terminated"
            ),
            "file": self.file.read_text() if self.file.exists() else "",
        }


def named(items: t.Iterable[t.Mapping[str, t.Any]]) -> list[tuple[str, str]]:
    """What is removed or left, by type and name."""
    return [(item["type"], item["name"]) for item in items]
