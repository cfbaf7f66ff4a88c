# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a measured run did the work: its recap, the writes that the server saw, and what is in the accounts then."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from botocore.exceptions import ClientError

from ansible_collections.sky.aws.tests.benchmark.pieces import CHECK, FIRST
from ansible_collections.sky.aws.tests.benchmark.sides import INSTANCE, POLICY, ROLE, USER

if t.TYPE_CHECKING:
    from ansible_collections.sky.aws.tests.benchmark.measure import Measured
    from ansible_collections.sky.aws.tests.emulator.server import Emulator

RECAP = re.compile(
    r"^(?P<host>\S+)\s+: ok=(?P<ok>\d+)\s+changed=(?P<changed>\d+)\s+unreachable=(?P<unreachable>\d+)"
    r"\s+failed=(?P<failed>\d+)\s+skipped=(?P<skipped>\d+)",
    re.MULTILINE,
)
#: Of more accounts than this, so many are looked into, evenly spread.
LOOKED_INTO = 100


@dataclasses.dataclass
class Recap:
    """The end of ansible-playbook's output: a line a host."""

    hosts: list[dict[str, int]]

    @classmethod
    def read(cls, output: str) -> t.Self:
        found = [match.groupdict() for match in RECAP.finditer(output)]
        return cls([{name: int(text) for name, text in line.items() if name != "host"} for line in found])

    @property
    def changed(self) -> int:
        return sum(host["changed"] for host in self.hosts)

    @property
    def tasks(self) -> int:
        """The tasks of the host with the most, skipped ones included."""
        return max((host["ok"] + host["skipped"] for host in self.hosts), default=0)


def of_output(run: str, accounts: int, measured: Measured) -> list[str]:
    """What is wrong with a run by its own account; nothing if all is well."""
    recap = Recap.read(measured.output)
    failed = sum(host["failed"] + host["unreachable"] for host in recap.hosts)
    idle = sum(1 for host in recap.hosts if not host["changed"])
    return [
        *([f"rc {measured.rc}"] if measured.rc else []),
        *([f"{len(recap.hosts)} hosts in the recap"] if len(recap.hosts) != accounts else []),
        *([f"{failed} tasks failed"] if failed else []),
        *([f"{recap.changed} tasks changed something"] if run not in (CHECK, FIRST) and recap.changed else []),
        *([f"{idle} hosts unchanged"] if run in (CHECK, FIRST) and idle else []),
    ]


def of_writes(run: str, accounts: list[str], writes: list[dict[str, t.Any]]) -> list[str]:
    """What is wrong by the server's log: a write where there must be none, an account without any, a refused one."""
    if run != FIRST:
        return [f"{len(writes)} write calls"] if writes else []
    without = len(set(accounts) - {call["account"] for call in writes})
    refused = sum(1 for call in writes if call["error"])
    return [
        *([f"{without} accounts without a write call"] if without else []),
        *([f"{refused} write calls refused"] if refused else []),
    ]


def of_forecast(announced: int, changed: int) -> list[str]:
    """What is wrong with a check run in the light of the real one."""
    return [f"{announced} changes announced, {changed} made"] if announced != changed else []


def of_accounts(emulator: Emulator, accounts: list[str]) -> list[str]:
    """What accounts lack of the declared state, by looking into them; one line for each that lacks anything."""
    lacking = {account: missing(emulator, account) for account in accounts[:: max(1, len(accounts) // LOOKED_INTO)]}
    return [f"{account} lacks {', '.join(what)}" for account, what in lacking.items() if what]


def missing(emulator: Emulator, account: str) -> list[str]:
    """What the account lacks."""
    iam, ec2 = emulator.client("iam", account), emulator.client("ec2", account)
    policy = f"arn:aws:iam::{account}:policy/{POLICY}"
    running = {"Name": "instance-state-name", "Values": ["pending", "running"]}
    try:
        iam.get_policy(PolicyArn=policy)
        of_user = iam.list_attached_user_policies(UserName=USER)["AttachedPolicies"]
        of_role = iam.list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"]
        profile = iam.get_instance_profile(InstanceProfileName=ROLE)["InstanceProfile"]
        found = ec2.describe_instances(Filters=[{"Name": "tag:Name", "Values": [INSTANCE]}, running])["Reservations"]
    except ClientError as error:
        return [str(error)]
    instances = [instance for reservation in found for instance in reservation["Instances"]]
    return [
        *(["the user's policy"] if policy not in [attached["PolicyArn"] for attached in of_user] else []),
        *(["the role's policy"] if policy not in [attached["PolicyArn"] for attached in of_role] else []),
        *(["the profile's role"] if [role["RoleName"] for role in profile["Roles"]] != [ROLE] else []),
        *(
            ["one running instance with the profile"]
            if [one.get("IamInstanceProfile", {}).get("Arn") for one in instances] != [profile["Arn"]]
            else []
        ),
    ]
