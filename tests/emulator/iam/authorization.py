# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS would authorize before it does a call: which actions on which resources, in which context.

Pure. The rules stand in ``actions/``, one table a service; a call that no table knows is an error, never let through.
Source: the Service Authorization Reference (https://docs.aws.amazon.com/service-authorization/latest/reference/).
"""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from demo.call_log import Call

#: The values of context keys, by key.
Context = dict[str, "str | list[str]"]
#: Tags as AWS has them in requests.
Tags = t.Sequence[t.Mapping[str, str]]


class UnknownAction(Exception):
    """A call whose checks no rule knows, or whose parameters do not say what it is about."""


@dataclasses.dataclass(frozen=True)
class Check:
    """One thing that must be allowed. ``account`` is that of the resource, ``policy`` the resource's own as JSON."""

    action: str
    resource: str
    context: Context
    account: str
    policy: str | None = None


class Resources(t.Protocol):
    """What the rules need to know of the state. ``kind`` is a resource type of the authorization reference.

    Questions about EC2 are asked for one account and Region, those about IAM for one account.
    """

    def tags(self, region: str, resource_id: str) -> Mapping[str, str]:
        """The tags of an EC2 resource; none if there is no such resource."""

    def owner(self, region: str, kind: str, resource_id: str) -> str | None:
        """The account of an EC2 resource; None if there is no such resource."""

    def vpc_of(self, region: str, kind: str, resource_id: str) -> str | None:
        """The VPC of a subnet or a security group."""

    def group_id(self, region: str, name: str) -> str | None:
        """The id of a security group in the default VPC."""

    def default_subnet(self, region: str, zone: str | None) -> str | None:
        """The default subnet that EC2 takes where a launch names none."""

    def default_group(self, region: str, subnet: str | None) -> str | None:
        """The default security group of the subnet's VPC."""

    def path(self, kind: str, name: str) -> str:
        """The path of an IAM ``user``, ``role``, ``group`` or ``instance-profile``; "/" if there is none."""

    def boundary(self, kind: str, name: str) -> str | None:
        """The ARN of the permissions boundary of a user or role."""

    def iam_tags(self, kind: str, name: str) -> Mapping[str, str]:
        """The tags of a user or a role."""

    def role_in_profile(self, profile: str) -> str | None:
        """The ARN of the role in an instance profile, given by its name or ARN."""

    def role_exists(self, name: str) -> bool:
        """Whether the account has the role."""

    def trust_policy(self, role_arn: str) -> str | None:
        """The trust policy of a role in any account; None if there is no such role."""

    def user_of_key(self, access_key: str) -> str | None:
        """The name of the user whose access key it is."""

    def bucket(self, name: str) -> tuple[str, str | None] | None:
        """Account and policy of a bucket in any account."""

    def object_exists(self, bucket: str, key: str) -> bool:
        """Whether a bucket has the object."""

    def secret(self, region: str, secret_id: str) -> tuple[str, str | None] | None:
        """ARN and policy of a secret, by its ARN, part of it, or name."""

    def organization(self) -> tuple[str, str]:
        """The management account of the caller's organization and the organization's id."""

    def organization_of(self, account: str) -> str | None:
        """The id of the organization that an account is in; None for an account in none."""


class Ask:
    """A call, as its rule sees it: parameters as botocore takes them, the state, and how to make a check."""

    def __init__(self, call: Call, resources: Resources, caller: str, partition: str) -> None:
        self.call = call
        self.params: dict[str, t.Any] = call.params
        self.resources = resources
        self.caller = caller
        self.partition = partition
        self.region = call.region
        self.account = call.account

    def arn(self, service: str, resource: str, *, region: str | None = None, account: str | None = None) -> str:
        region = self.region if region is None else region
        account = self.account if account is None else account
        return f"arn:{self.partition}:{service}:{region}:{account}:{resource}"

    def check(
        self,
        action: str,
        resource: str,
        context: Context | None = None,
        account: str | None = None,
        policy: str | None = None,
    ) -> Check:
        """A check with the context that every request has. An ARN without an account counts as the caller's own."""
        account = account or self.account
        common: Context = {
            "aws:RequestedRegion": self.region,
            "aws:PrincipalAccount": self.account,
            "aws:ResourceAccount": account,
            "aws:PrincipalArn": self.caller,
        }
        if ":user/" in self.caller:
            common["aws:username"] = self.caller.rpartition("/")[2]
        return Check(action, resource, {**common, **(context or {})}, account, policy)


Rule = t.Callable[[Ask], "Iterable[Check]"]


def request_tags(tags: Tags) -> Context:
    """The context of tags that a request sets."""
    if not tags:
        return {}
    context: Context = {f"aws:RequestTag/{tag['Key']}": tag.get("Value", "") for tag in tags}
    return {**context, "aws:TagKeys": [tag["Key"] for tag in tags]}


def resource_tags(tags: Mapping[str, str], *prefixes: str) -> Context:
    """The context of tags that a resource has, under ``aws:ResourceTag`` and a service's own older keys."""
    return {f"{prefix}/{key}": value for prefix in ("aws:ResourceTag", *prefixes) for key, value in tags.items()}


def anywhere(ask: Ask) -> Iterator[Check]:
    """The rule of calls that are authorized on ``*``."""
    yield ask.check(ask.call.api, "*")


def free(ask: Ask) -> Iterable[Check]:
    """The rule of calls that need no permission."""
    return ()


def by_name(service: str, rules: Mapping[Rule, str]) -> dict[str, Rule]:
    """A table from rules with the calls that they are for, separated by white space."""
    return {f"{service}:{action}": rule for rule, actions in rules.items() for action in actions.split()}


def checks(call: Call, resources: Resources, caller: str, partition: str = "aws") -> list[Check]:
    """What must be allowed for the call, in the order in which AWS tells the first refusal.

    ``call.params`` are as botocore takes them (``{"InstanceIds": [...]}``), ``caller`` is an ARN.

    :raises UnknownAction: no rule knows the call, or it names nothing that could be checked.
    """
    rule = _rules().get(call.api)
    if rule is None:
        raise UnknownAction(f"no rule says what {call.api} needs: add one to tests/emulator/iam/actions")
    found = list(rule(Ask(call, resources, caller, partition)))
    if not found and rule is not free:
        raise UnknownAction(f"{call.api} names nothing that could be authorized: {sorted(call.params)}")
    return found


def _rules() -> dict[str, Rule]:
    from .actions import RULES  # the tables import this module

    return RULES
