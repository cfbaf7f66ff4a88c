# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read an organization in as few calls as there are pages. PRIVATE to the collection.

That is one for the root, one for each unit and one for every 20 accounts of a unit. They follow each other: all users of
an organization share its low rate of calls, so calls side by side would be throttled and repeated.
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from .._errors import DENIED, AWSError, SkyError, one_line
from .._tags import from_aws
from .choice import chosen_units, eligible
from .facts import Member, Organization, Unit
from .options import tags_from

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from .._account import Account

    Params = Mapping[str, t.Any]

#: Where an organization is, by partition: its tags are in that region only.
#: https://docs.aws.amazon.com/organizations/latest/userguide/region-support.html
_HOMES = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-northwest-1"}

_NO_ORGANIZATION = "AWSOrganizationsNotInUseException"
_WHO_MAY = "an organization's management account or a delegated administrator"


def read(account: Account, params: Params) -> Organization:
    """The units of the organization, and the accounts in the units that the filters let in.

    :param account: the management account, or a delegated administrator.
    :raises SkyError: no organization, no right, or a filter that names no unit.
    """
    root, management_account = _read_root(account)
    units = _read_units(account, root)
    chosen = chosen_units(units, params)
    # An account that is moved meanwhile may be seen twice.
    members = {member.id: member for unit in chosen for member in _read_members(account, unit)}
    organization = Organization(management_account, units, list(members.values()))
    return _tagged(account, organization, params)


def _read_root(account: Account) -> tuple[Unit, str]:
    """The root and the management account, whose id is in the root's ARN."""
    root = _pages(account, "ListRoots", "Roots")[0]
    return Unit(root["Id"], "", [root["Name"]]), root["Arn"].split(":")[4]


def _read_units(account: Account, root: Unit) -> list[Unit]:
    units = [root]
    for parent in units:
        found = _pages(account, "ListOrganizationalUnitsForParent", "OrganizationalUnits", parent)
        units += [Unit(unit["Id"], parent.id, [*parent.path, unit["Name"]]) for unit in found]
    return units


def _read_members(account: Account, unit: Unit) -> list[Member]:
    found = _pages(account, "ListAccountsForParent", "Accounts", unit)
    return [
        Member(
            id=each["Id"],
            # AWS promises none of the rest.
            name=each.get("Name", ""),
            email=each.get("Email", ""),
            status=_status(each),
            joined=_in_utc(each.get("JoinedTimestamp")),
            unit=unit.id,
        )
        for each in found
    ]


def _status(answer: Mapping[str, t.Any]) -> str:
    """The account's state. AWS ends its older Status on 9 September 2026; botocore knows State since 1.40.27.

    https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html
    """
    status = answer.get("State") or answer.get("Status")
    if not status:
        raise SkyError(
            f"account {answer['Id']}: AWS's answer has no Status any more, and this botocore does not know State, which "
            "took its place; install boto3 1.40.27 or later: pip install --upgrade boto3"
        )
    return str(status)


def _in_utc(time: datetime.datetime | None) -> str:
    return time.astimezone(datetime.UTC).isoformat(timespec="milliseconds") if time else ""


def _pages(account: Account, operation: str, key: str, parent: Unit | None = None) -> list[dict[str, t.Any]]:
    """All pages of a call. Pages may be empty before the last."""
    arguments, target = ({"ParentId": parent.id}, one_line("/".join(parent.path))) if parent else ({}, "")
    try:
        return account.pages(f"organizations:{operation}", key, target, **arguments)
    except AWSError as error:
        raise _explained(error, account) from error


def _explained(error: AWSError, account: Account) -> SkyError:
    if error.code == _NO_ORGANIZATION:
        return SkyError(f"{error.message} To mend it: give as account_id {_WHO_MAY}.")
    if error.code in DENIED:
        return SkyError(f"{error.message} Only {_WHO_MAY} may ask; is account {account.account_id} one of them?")
    return error


def _tagged(account: Account, organization: Organization, params: Params) -> Organization:
    source = tags_from(params)
    if source is None:
        return organization
    if source == "tagging_api":
        found = _all_tags(account, organization)
        tags = {member.id: found.get(member.id, {}) for member in organization.members}
    else:
        tags = {member.id: from_aws(_tags_of(account, member.id)) for member in eligible(organization, params)}
    members = [dataclasses.replace(member, tags=tags.get(member.id)) for member in organization.members]
    return dataclasses.replace(organization, members=members)


def _all_tags(account: Account, organization: Organization) -> dict[str, dict[str, str]]:
    """The tags of all accounts that have some, 100 accounts a call. The accounts' ARNs are the management account's.

    https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
    """
    home = _HOMES.get(account.identity.partition)
    if account.account_id != organization.management_account or home is None:
        raise SkyError(
            f"tags_from: the tagging API shows the tags of accounts to the management account only, which is "
            f"{organization.management_account}, in the partitions {', '.join(_HOMES)}; account_id is {account.account_id}, "
            f"in {account.identity.partition}. Give tags_from: organizations"
        )
    try:
        found = account.pages(
            "resourcegroupstaggingapi:GetResources",
            "ResourceTagMappingList",
            region=home,
            ResourceTypeFilters=["organizations:account"],
            ResourcesPerPage=100,
        )
    except AWSError as error:
        raise SkyError(f"{error.message} In IAM the action is tag:GetResources.") from error
    return {each["ResourceARN"].rpartition("/")[2]: from_aws(each["Tags"]) for each in found}


def _tags_of(account: Account, account_id: str) -> list[dict[str, str]]:
    try:
        return account.pages("organizations:ListTagsForResource", "Tags", account_id, ResourceId=account_id)
    except AWSError as error:
        raise _explained(error, account) from error
