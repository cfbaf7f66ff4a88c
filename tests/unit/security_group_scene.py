# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups in VPCs of the emulated AWS, made by hand or by the resource."""

from __future__ import annotations

import typing as t

from ansible_collections.sky.aws.demo.seed import REGION
from ansible_collections.sky.aws.tests.unit.sandbox import Sandbox

NAME = "skypilot"
OURS = {"sky.aws/managed-by": "sky.aws"}
ANYWHERE = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def shown(permissions: t.Sequence[t.Mapping[str, t.Any]]) -> list[str]:
    """What EC2 describes, one line for each rule: ``tcp 22-22 0.0.0.0/0``."""
    keys = {
        "IpRanges": "CidrIp",
        "Ipv6Ranges": "CidrIpv6",
        "PrefixListIds": "PrefixListId",
        "UserIdGroupPairs": "GroupId",
    }
    return sorted(
        f"{permission['IpProtocol']} {permission.get('FromPort')}-{permission.get('ToPort')} {item[key]}"
        for permission in permissions
        for listed, key in keys.items()
        for item in permission.get(listed, [])
    )


class GroupSandbox(Sandbox):
    """An account whose log of writes names groups as ``steps`` do; EC2's own calls name them by id."""

    several = False

    def __init__(self, *arguments: t.Any) -> None:
        super().__init__(*arguments)
        self._names: dict[str, tuple[str, str]] = {}

    def ec2(self, region: str = REGION) -> t.Any:
        return self.emulator.client("ec2", self.account_id, region)

    def vpc_id(self, region: str = REGION) -> str:
        """The region's default VPC."""
        [vpc] = self.ec2(region).describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
        return t.cast("str", vpc["VpcId"])

    def network(self, region: str = REGION) -> dict[str, str]:
        return {"region": region, "vpc_id": self.vpc_id(region)}

    def group(self, region: str = REGION, name: str = NAME, vpc_id: str | None = None) -> dict[str, t.Any] | None:
        """The group as EC2 describes it."""
        groups = self.ec2(region).describe_security_groups()["SecurityGroups"]
        found = [
            group for group in groups if (group["GroupName"], group["VpcId"]) == (name, vpc_id or self.vpc_id(region))
        ]
        return found[0] if found else None

    def by_hand(self, *permissions: dict[str, t.Any], tags: t.Mapping[str, str] | None = None, name: str = NAME) -> str:
        """A group in the default VPC with these rules in; the id."""
        described = {"GroupName": name, "Description": "by hand", "VpcId": self.vpc_id()}
        listed = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
        tagged = {"TagSpecifications": [{"ResourceType": "security-group", "Tags": listed}]} if listed else {}
        group_id = t.cast("str", self.ec2().create_security_group(**described, **tagged)["GroupId"])
        if permissions:
            self.ec2().authorize_security_group_ingress(GroupId=group_id, IpPermissions=list(permissions))
        return group_id

    def writes(self) -> list[dict[str, str]]:
        return [{"api": call["api"], "target": self._target(call)} for call in self.emulator.writes(self.account_id)]

    def _target(self, call: t.Mapping[str, t.Any]) -> str:
        params = call["params"]
        if "GroupName" in params:
            name, vpc_id = params["GroupName"], params["VpcId"]
        else:
            name, vpc_id = self.names[params.get("GroupId") or params["ResourceId.1"]]
        return f"{call['region']}/{vpc_id}/{name}" if self.several else str(name)

    @property
    def names(self) -> dict[str, tuple[str, str]]:
        """Name and VPC of every group there is, or was when it was last looked at."""
        for region in (REGION, "us-west-2"):
            for group in self.ec2(region).describe_security_groups()["SecurityGroups"]:
                self._names[group["GroupId"]] = (group["GroupName"], group["VpcId"])
        return self._names
