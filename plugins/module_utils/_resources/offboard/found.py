# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything in an account that this collection made. PRIVATE to the collection.

With it comes what else must be known to remove it. It is found by its tag, not by the names that are
declared now: they may have been others when it was made.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import typing as t

from ... import _tags
from ..._errors import DENIED, AWSError, SkyError
from .. import _regions
from ..instance.facts import is_live
from ..instance.ownership import is_ours
from ..policy import RESOURCE as POLICY
from ..role import RESOURCE as ROLE
from ..user import RESOURCE as USER
from ..user.key import in_file, in_secret
from ..user.key.found import profile_name

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from ..._account import Account
    from ..._plan import Params
    from ..._run import Resource
    from ..instance.facts import Instance
    from ..policy import Found as PolicyFound
    from ..role.found import Found as RoleFound
    from ..user.found import Found as UserFound

    #: Something as AWS describes it.
    Described = Mapping[str, t.Any]

#: IAM keeps the roles that AWS defines under this path. They may serve others than SkyPilot.
_SERVICE_LINKED = "/aws-service-role/"
#: What AWS answers in a region that a policy of the organization, or the account itself, has closed.
_CLOSED = DENIED | {"OptInRequired"}


@dataclasses.dataclass(frozen=True)
class Region:
    """What is in a region: all instances that are not terminated, and the security groups and secrets of ours.

    ``interfaces`` are those that use one of the groups. ``error`` says why the region could not be read.
    """

    name: str
    instances: Sequence[Instance] = ()
    groups: Sequence[Described] = ()
    interfaces: Sequence[Described] = ()
    secrets: Sequence[Described] = ()
    error: str | None = None

    @property
    def ours(self) -> list[Instance]:
        """Instances of ours, those that shut down included."""
        return [instance for instance in self.instances if is_ours(instance)]

    @property
    def foreign(self) -> list[Instance]:
        """Live instances of others."""
        return [instance for instance in self.instances if is_live(instance) and not is_ours(instance)]


@dataclasses.dataclass(frozen=True)
class Found:
    """An account as AWS has it.

    ``all_users`` and ``all_roles`` are everybody's, as GetAccountAuthorizationDetails has them. ``users`` and ``roles``
    by name and ``policies`` by ARN are ours; a role also where only its instance profile is.
    ``files`` are the places of delivery that are declared, by the user's name.
    """

    all_users: Sequence[Described] = ()
    all_roles: Sequence[Described] = ()
    foreign_policies: Sequence[str] = ()
    users: Mapping[str, UserFound] = dataclasses.field(default_factory=dict)
    roles: Mapping[str, RoleFound] = dataclasses.field(default_factory=dict)
    policies: Mapping[str, PolicyFound] = dataclasses.field(default_factory=dict)
    files: Mapping[str, in_file.KeyFile] = dataclasses.field(default_factory=dict)
    regions: Sequence[Region] = ()


def absent(resource: Resource, **given: t.Any) -> dict[str, t.Any]:
    """The options of a resource for its removal; what is not ours is left."""
    defaults = {option: spec.get("default") for option, spec in resource.spec.items()}
    return {**defaults, "state": "absent", "existing": "keep", **given}


def read(account: Account, params: Params) -> Found:
    """What is there: about twenty-five calls in IAM for one user, role and policy, and three in each region.

    :raises SkyError: something could not be read. A region that is closed to us is an error only where it is named, or
        where it is the account's own: then a right is missing.
    """
    all_users = _details(account, "User")
    all_roles = [described for described in _details(account, "Role") if not _is_service_linked(described)]
    ours, foreign = _policies(account)
    return Found(
        all_users=all_users,
        all_roles=all_roles,
        foreign_policies=[described["Arn"] for described in foreign],
        users={name: USER.read(account, absent(USER, name=name)) for name in _named(all_users, "UserName")},
        roles={name: ROLE.read(account, absent(ROLE, name=name)) for name in _role_names(account, all_roles)},
        policies=dict(_read_policies(account, ours)),
        files=_files(account, params),
        regions=_read_regions(account, params),
    )


def _details(account: Account, noun: str) -> list[Described]:
    """All users or roles with their tags, which IAM's lists leave out."""
    return account.pages("iam:GetAccountAuthorizationDetails", f"{noun}DetailList", Filter=[noun])


def _is_service_linked(described: Described) -> bool:
    return str(described["Path"]).startswith(_SERVICE_LINKED)


def _has_tag(described: Described) -> bool:
    return _tags.is_ours(_tags.from_aws(described.get("Tags")))


def _named(described: Sequence[Described], key: str) -> list[str]:
    return [item[key] for item in described if _has_tag(item)]


def _role_names(account: Account, all_roles: Sequence[Described]) -> list[str]:
    """Names of roles of ours, and of instance profiles of ours: a role that SkyPilot made may be in one."""
    names = _named(all_roles, "RoleName")
    for profile in account.pages("iam:ListInstanceProfiles", "InstanceProfiles"):
        name = profile["InstanceProfileName"]
        if name in names:
            continue
        answer = account.find("iam:GetInstanceProfile", name, InstanceProfileName=name)
        if answer and _has_tag(answer["InstanceProfile"]):
            names.append(name)
    return names


def _policies(account: Account) -> tuple[list[Described], list[Described]]:
    """The managed policies of the account, ours and others; one call for the tags of each."""
    ours: list[Described] = []
    foreign: list[Described] = []
    for described in account.pages("iam:ListPolicies", "Policies", Scope="Local"):
        arn = described["Arn"]
        tags = account.pages("iam:ListPolicyTags", "Tags", arn, PolicyArn=arn)
        (ours if _has_tag({"Tags": tags}) else foreign).append(described)
    return ours, foreign


def _read_policies(account: Account, ours: Sequence[Described]) -> Iterator[tuple[str, PolicyFound]]:
    for described in ours:
        arn = described["Arn"]
        found = POLICY.read(account, absent(POLICY, name=arn.rpartition("/")[2], path=described["Path"]))
        if found:
            yield arn, found


def _files(account: Account, params: Params) -> dict[str, in_file.KeyFile]:
    declared = {item["name"]: item.get("access_key_delivery") or {} for item in params["users"]}
    return {
        name: in_file.read(expanded(delivery["file"]), profile_name(account.account_id, name), delivery.get("owner"))
        for name, delivery in declared.items()
        if delivery.get("file")
    }


def expanded(path: str) -> str:
    """As Ansible expands options of type path."""
    return os.path.expanduser(os.path.expandvars(path))  # noqa: PTH111 - pathlib raises for an unknown ~user


def _read_regions(account: Account, params: Params) -> list[Region]:
    """The regions, and the account's own for its secrets."""
    is_all = _regions.is_all(params["regions"])
    names = _regions.enabled(account) if is_all else list(params["regions"])
    here = [] if account.region in names else [account.region]
    look = functools.partial(_look, account, names)
    names = [*names, *here]
    answers = _regions.each(account, names, look, ("ec2", "secretsmanager"))
    refused = [
        answer.message
        for name, answer in zip(names, answers, strict=True)
        if isinstance(answer, AWSError) and (not is_all or answer.code not in _CLOSED or name == account.region)
    ]
    if refused:
        raise SkyError(*refused)
    return [
        Region(name, error=answer.message) if isinstance(answer, AWSError) else answer
        for name, answer in zip(names, answers, strict=True)
    ]


def _look(account: Account, regions: Collection[str], name: str) -> Region | AWSError:
    """One region; of one that is not among ``regions`` its secrets."""
    try:
        secrets = _secrets(account, name)
        return dataclasses.replace(_machines(account, name) if name in regions else Region(name), secrets=secrets)
    except AWSError as error:
        return error


def _secrets(account: Account, name: str) -> list[Described]:
    """Secrets with keys that were delivered; those scheduled for deletion, and copies of another region's, are left out."""
    filters = [{"Key": "tag-key", "Values": [in_secret.USER_KEY]}]
    secrets = account.pages("secretsmanager:ListSecrets", "SecretList", f"region {name}", region=name, Filters=filters)
    return [
        secret
        for secret in secrets
        if _has_tag(secret)
        and in_secret.USER_KEY in _tags.from_aws(secret["Tags"])
        and secret.get("PrimaryRegion", name) == name
    ]


def _machines(account: Account, name: str) -> Region:
    where = f"region {name}"
    states = ["pending", "running", "shutting-down", "stopping", "stopped"]
    alive = [{"Name": "instance-state-name", "Values": states}]
    tagged = [{"Name": f"tag:{_tags.OWNER_KEY}", "Values": [_tags.OWNER[_tags.OWNER_KEY]]}]
    reservations = account.pages("ec2:DescribeInstances", "Reservations", where, region=name, Filters=alive)
    groups = account.pages("ec2:DescribeSecurityGroups", "SecurityGroups", where, region=name, Filters=tagged)
    using = [{"Name": "group-id", "Values": [group["GroupId"] for group in groups]}]
    interfaces = (
        account.pages("ec2:DescribeNetworkInterfaces", "NetworkInterfaces", where, region=name, Filters=using)
        if groups
        else []
    )
    instances = [instance for reservation in reservations for instance in reservation["Instances"]]
    return Region(name, instances, groups, interfaces)
