# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The security groups of a name in each VPC; reads only. PRIVATE to the collection."""

from __future__ import annotations

import functools
import typing as t

from ..._errors import AWSError, SkyError
from .. import _regions
from .places import Place, places

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._account import Account
    from ..._plan import Params
    from .planning import Found, Group


def read(account: Account, params: Params) -> Found:
    """The groups of that name: one call a region for all its VPCs, regions side by side.

    :raises SkyError: one line for each region that could not be read.
    """
    wanted = places(params["networks"])
    regions = list(dict.fromkeys(place.region for place in wanted))
    answers = _regions.each(account, regions, functools.partial(_look, account, params["name"], wanted))
    refused = [answer.message for answer in answers if isinstance(answer, AWSError)]
    if refused:
        raise SkyError(*refused)
    groups = {place: group for answer in answers if not isinstance(answer, AWSError) for place, group in answer.items()}
    return {place: groups.get(place) for place in wanted}


def _look(account: Account, name: str, wanted: Sequence[Place], region: str) -> dict[Place, Group] | AWSError:
    vpc_ids = [place.vpc_id for place in wanted if place.region == region]
    filters = [{"Name": "vpc-id", "Values": vpc_ids}, {"Name": "group-name", "Values": [name]}]
    try:
        groups = account.pages("ec2:DescribeSecurityGroups", "SecurityGroups", name, region=region, Filters=filters)
    except AWSError as error:
        return error
    # EC2 reads * in a filter as a pattern; a name may hold one.
    return {Place(region, group["VpcId"]): group for group in groups if group["GroupName"] == name}
