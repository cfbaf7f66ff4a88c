# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state that authorization asks for (``authorization.Resources``), from moto's backends in this process."""

from __future__ import annotations

import typing as t

from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.organizations.models import organizations_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends

if t.TYPE_CHECKING:
    from collections.abc import Mapping


class State:
    """One account's resources, and what it can see of others'."""

    def __init__(self, account: str, partition: str) -> None:
        self.account = account
        self.partition = partition

    @property
    def _iam(self) -> t.Any:
        return iam_backends[self.account][self.partition]

    def _ec2(self, region: str) -> t.Any:
        return ec2_backends[self.account][region]

    def tags(self, region: str, resource_id: str) -> Mapping[str, str]:
        return dict(self._ec2(region).tags.get(resource_id) or {})

    def owner(self, region: str, kind: str, resource_id: str) -> str | None:
        """Subnets and groups only: those are what another account could share."""
        if kind not in ("subnet", "security-group", "vpc") or resource_id == "*":
            return None
        accounts = [self.account, *(account for account in list(ec2_backends) if account != self.account)]
        return next((account for account in accounts if _network(account, region, kind, resource_id)), None)

    def vpc_of(self, region: str, kind: str, resource_id: str) -> str | None:
        found = _network(self.account, region, kind, resource_id) if kind in ("subnet", "security-group") else None
        return found.vpc_id if found else None

    def group_id(self, region: str, name: str) -> str | None:
        ec2 = self._ec2(region)
        vpc = ec2.get_default_vpc()
        group = ec2.get_security_group_from_name(name, vpc.id) if vpc else None
        return group.id if group else None

    def default_subnet(self, region: str, zone: str | None) -> str | None:
        subnets = self._ec2(region).get_default_subnets()
        subnet = subnets.get(zone) if zone else next(iter(subnets.values()), None)
        return subnet.id if subnet else None

    def default_group(self, region: str, subnet: str | None) -> str | None:
        vpc = self.vpc_of(region, "subnet", subnet) if subnet else None
        group = self._ec2(region).get_default_security_group(vpc) if vpc else None
        return group.id if group else None

    def _holder(self, kind: str, name: str) -> t.Any:
        backend = self._iam
        held = {
            "user": backend.users,
            "role": backend.roles,
            "group": backend.groups,
            "instance-profile": backend.instance_profiles,
        }[kind]
        return next((one for one in list(held.values()) if one.name == name), None)

    def path(self, kind: str, name: str) -> str:
        found = self._holder(kind, name)
        return str(found.path) if found else "/"

    def boundary(self, kind: str, name: str) -> str | None:
        found = self._holder(kind, name) if kind in ("user", "role") else None
        return (getattr(found, "permissions_boundary", None) or {}).get("PermissionsBoundaryArn")

    def iam_tags(self, kind: str, name: str) -> Mapping[str, str]:
        found = self._holder(kind, name) if kind in ("user", "role") else None
        tags = found.tags if found else None
        pairs = list(tags.values()) if isinstance(tags, dict) else tags or []
        return {tag["Key"]: tag["Value"] for tag in pairs}

    def role_in_profile(self, profile: str) -> str | None:
        found = find_profile(self.account, self.partition, profile)
        return found.roles[0].arn if found and found.roles else None

    def role_exists(self, name: str) -> bool:
        return self._holder("role", name) is not None

    def trust_policy(self, role_arn: str) -> str | None:
        role = find_role(role_arn)
        return str(role.assume_role_policy_document) if role else None

    def user_of_key(self, access_key: str) -> str | None:
        key = self._iam.access_keys.get(access_key)
        return key.user_name if key else None

    def bucket(self, name: str) -> tuple[str, str | None] | None:
        owner = s3_backends.bucket_accounts.get(name)
        if owner is None:
            return None
        partition, account = owner
        bucket = s3_backends[account][partition].buckets.get(name)
        policy = bucket.policy if bucket else None
        return account, policy.decode() if isinstance(policy, bytes) else policy

    def object_exists(self, bucket: str, key: str) -> bool:
        owner = s3_backends.bucket_accounts.get(bucket)
        found = s3_backends[owner[1]][owner[0]].buckets.get(bucket) if owner else None
        return found is not None and key in found.keys

    def secret(self, region: str, secret_id: str) -> tuple[str, str | None] | None:
        account = secret_id.split(":")[4] if secret_id.startswith("arn:") else self.account
        if account not in secretsmanager_backends:
            return None
        found = secretsmanager_backends[account][region].secrets.get(secret_id)
        return (found.arn, getattr(found, "policy", None)) if found else None

    def organization(self) -> tuple[str, str]:
        management, _ = organizations_backends.master_accounts.get(self.account, (self.account, self.partition))
        organization = organizations_backends[management][self.partition].org
        # A delegated administrator shares what its management account has.
        return (organization.master_account_id, organization.id) if organization else (management, "o-none")

    def organization_of(self, account: str) -> str | None:
        backends = (regions[self.partition] for regions in list(organizations_backends.values()))
        members = ((each.org, {member.id for member in each.accounts}) for each in backends if each.org)
        return next((str(organization.id) for organization, ids in members if account in ids), None)


def _network(account: str, region: str, kind: str, resource_id: str) -> t.Any:
    """A subnet, security group or VPC of an account that has used EC2 in the region; None if there is none."""
    regions = ec2_backends[account]
    if region not in list(regions.keys()):
        return None
    ec2 = regions[region]
    if kind == "vpc":
        return ec2.vpcs.get(resource_id)
    held = ec2.subnets if kind == "subnet" else ec2.groups
    return next((group[resource_id] for group in list(held.values()) if resource_id in group), None)


def find_role(arn: str) -> t.Any:
    """The role of an ARN, in whatever account; None if there is none."""
    parts = arn.split(":")
    if len(parts) < 6 or parts[4] not in iam_backends:
        return None
    return next((role for role in list(iam_backends[parts[4]][parts[1]].roles.values()) if role.arn == arn), None)


def find_profile(account: str, partition: str, given: str) -> t.Any:
    """An instance profile by its name or ARN; None if there is none."""
    profiles = list(iam_backends[account][partition].instance_profiles.values())
    return next((profile for profile in profiles if given in (profile.name, profile.arn)), None)
