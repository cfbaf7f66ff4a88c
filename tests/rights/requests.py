# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One authorization that AWS makes for a call, as data, and the question that it is to the evaluator."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.sky.aws.tests.emulator.iam.evaluator import Question

if t.TYPE_CHECKING:
    from collections.abc import Mapping

ACCOUNT = "111122223333"
OTHER = "999988887777"
REGION = "us-west-2"
#: Who asks, by the name that the catalogue has for them. An instance uses the role under the instance's id.
PRINCIPALS = {
    "user": f"arn:aws:iam::{ACCOUNT}:user/alice",
    "role": f"arn:aws:sts::{ACCOUNT}:assumed-role/skypilot-v1/i-0a1b2c3d4e5f60718",
}
COMMON = {
    "aws:RequestedRegion": REGION,
    "aws:PrincipalAccount": ACCOUNT,
    "aws:SecureTransport": "true",
}


@dataclasses.dataclass(frozen=True)
class Request:
    """An action on a resource, with what the call tells beside: ``of("iam:PassRole", role("x"), **{...})``."""

    action: str
    resource: str
    context: tuple[tuple[str, str | tuple[str, ...]], ...] = ()

    @property
    def label(self) -> str:
        told = ",".join(f"{key}={value}" for key, value in self.context)
        return " ".join(part for part in (self.action, self.resource, told) if part)

    def question(self, principal: str, document: Mapping[str, t.Any]) -> Question:
        """May ``user`` or ``role`` do it, by this policy alone?

        The account of the resource is given as the principal's: another account's own policies would refuse as well,
        and what is asked is whether ours already does.
        """
        context = {**COMMON, **dict(self.context)}
        return Question.of(PRINCIPALS[principal], self.action, self.resource, context, [document], account=ACCOUNT)


def of(action: str, resource: str = "*", context: Mapping[str, str | tuple[str, ...]] | None = None) -> Request:
    return Request(action, resource, tuple(sorted((context or {}).items())))


def ec2(name: str, account: str = ACCOUNT) -> str:
    """``ec2("instance/i-1")``"""
    return f"arn:aws:ec2:{REGION}:{account}:{name}"


def image(name: str = "ami-0a1b2c3d4e5f60718") -> str:
    return f"arn:aws:ec2:{REGION}::image/{name}"


def iam(name: str, account: str = ACCOUNT) -> str:
    """``iam("role/skypilot-v1")``"""
    return f"arn:aws:iam::{account}:{name}"


def tagged(**tags: str) -> dict[str, str]:
    """The context of a resource that has these tags; a hyphen in a key is written as two underscores."""
    return {f"aws:ResourceTag/{key}": value for key, value in _hyphens(tags).items()}


def requested(**tags: str) -> dict[str, str | tuple[str, ...]]:
    """The context of a call that sets or removes these tags, written as those of ``tagged``."""
    context = {f"aws:RequestTag/{key}": value for key, value in _hyphens(tags).items()}
    return {**context, "aws:TagKeys": tuple(sorted(_hyphens(tags)))}


def _hyphens(tags: Mapping[str, str]) -> dict[str, str]:
    return {key.replace("__", "-"): value for key, value in tags.items()}


def creating_group(**tags: str) -> dict[str, str | tuple[str, ...]]:
    """The context of a security group that takes these tags in the call that makes it."""
    return {"ec2:CreateAction": "CreateSecurityGroup", **requested(**tags)}


CLUSTER_TAGS = {"ray__cluster__name": "c-1a2b", "skypilot__cluster__name": "c-1a2b", "skypilot__user": "alice"}
CLUSTER = tagged(**CLUSTER_TAGS)
INSTANCE = ec2("instance/i-0a1b2c3d4e5f60718")
GROUP = ec2("security-group/sg-0a1b2c3d4e5f60718")
VOLUME = ec2("volume/vol-0a1b2c3d4e5f60718")
VPC = ec2("vpc/vpc-0a1b2c3d4e5f60718")
SUBNET = ec2("subnet/subnet-0a1b2c3d4e5f60718")
ROLE = iam("role/skypilot-v1")
PROFILE = iam("instance-profile/skypilot-v1")
TO_EC2 = {"iam:PassedToService": "ec2.amazonaws.com"}
SPOT_ROLE = iam("role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot")
BUCKET = "arn:aws:s3:::research-data"
OBJECT = "arn:aws:s3:::results-2026/a/b"
#: The context of a bucket of the account.
OWN = {"s3:ResourceAccount": ACCOUNT, "aws:ResourceAccount": ACCOUNT}
