# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EC2 says about the networks of each region; reads only. PRIVATE to the collection."""

from __future__ import annotations

import functools
import typing as t

from ..._errors import AWSError
from ..._skypilot.release import REGIONS
from ..._skypilot.subnets import Layout
from .. import _regions

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..._account import Account
    from ..._plan import Params


def read(account: Account, params: Params) -> list[Layout]:
    """What EC2 says about each region, in the order of the regions.

    At most three calls a region, and one more when ``regions`` is ``all``. A region that cannot be read is a Layout
    with an ``error``.

    :raises AWSError: when the account's regions cannot be listed.
    """
    return _regions.each(account, _wanted(account, params), functools.partial(_look_safely, account, params))


def _wanted(account: Account, params: Params) -> list[str]:
    wanted = params.get("regions") or [account.region]
    if not _regions.is_all(wanted):
        return list(wanted)
    enabled = _regions.enabled(account)
    return [region for region in REGIONS if region in enabled]


def _look_safely(account: Account, params: Params, region: str) -> Layout:
    try:
        return _look(account, params, region)
    except AWSError as error:
        return Layout(region, error=error.message)


def _look(account: Account, params: Params, region: str) -> Layout:
    """The reads of one region; it stops as soon as SkyPilot's refusal is certain."""
    ask = functools.partial(_ask, account, region)
    vpc_names, subnet_names = params["vpc_names"], params["subnet_names"]
    if subnet_names and not vpc_names:
        subnets = ask("Subnets", {"tag:Name": subnet_names})
        vpc_ids = [subnet["VpcId"] for subnet in subnets[:1]]
        vpcs = ask("Vpcs", {"vpc-id": vpc_ids}) if vpc_ids else []
    else:
        vpcs = ask("Vpcs", {"tag:Name": vpc_names} if vpc_names else {"is-default": ["true"]})
        vpc_ids = [vpc["VpcId"] for vpc in vpcs]
        named = {"tag:Name": subnet_names} if subnet_names else {"vpc-id": vpc_ids}
        subnets = ask("Subnets", named) if vpc_ids else []
    inside = sorted({subnet["VpcId"] for subnet in subnets}.intersection(vpc_ids))
    # Without a name SkyPilot looks at the route tables of all VPCs, so we need them to decide as it does.
    scope = {"vpc-id": inside} if vpc_names or subnet_names else {}
    tables = ask("RouteTables", scope) if inside else []
    return Layout(region, vpcs, subnets, tables)


def _ask(account: Account, region: str, noun: str, filters: Mapping[str, Sequence[str]]) -> list[dict[str, t.Any]]:
    """All items of one Describe call: ``_ask(account, "us-east-1", "Vpcs", {"is-default": ["true"]})``."""
    given = [{"Name": name, "Values": list(values)} for name, values in filters.items()]
    return account.pages(f"ec2:Describe{noun}", noun, f"region {region}", region=region, Filters=given)
