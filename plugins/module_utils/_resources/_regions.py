# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several regions of an account, read side by side. PRIVATE to the collection."""

from __future__ import annotations

import concurrent.futures
import typing as t

from .. import _validate

if t.TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from .._account import Account


Answer = t.TypeVar("Answer")

#: Regions read at once. Bounded, because every account of a run (--forks) may do this at the same time.
_MAX_THREADS = 8
#: Stands for every region that the account has enabled.
_ALL = "all"


def faults(regions: Sequence[str]) -> list[str]:
    """What is no list of regions; one line each."""
    if is_all(regions):
        return []
    if not regions:
        return ["regions: the list is empty; name regions, give the word all, or leave the option out"]
    if _ALL in regions:
        return ["regions: all stands alone; give all, or a list of names such as us-east-1"]
    found = [f for index, name in enumerate(regions) for f in _validate.region_faults(f"regions[{index}]", name)]
    twice = [name for name in dict.fromkeys(regions) if list(regions).count(name) > 1]
    return found + [f"regions: {name!r} is there twice; name it once" for name in twice]


def is_all(regions: Sequence[str]) -> bool:
    """Whether the word all is given."""
    return list(regions) == [_ALL]


def enabled(account: Account) -> list[str]:
    """The regions that the account has enabled; one call."""
    return [region["RegionName"] for region in account.call("ec2:DescribeRegions")["Regions"]]


def each(
    account: Account, regions: Sequence[str], look: t.Callable[[str], Answer], services: Collection[str] = ("ec2",)
) -> list[Answer]:
    """What ``look`` finds with these services in each region, in the order of the regions. It makes reads only."""
    if len(regions) < 2:
        return [look(region) for region in regions]
    for region in regions:
        for service in services:
            account.client(service, region)  # botocore makes clients safely in one thread only
    with concurrent.futures.ThreadPoolExecutor(_MAX_THREADS) as threads:
        return list(threads.map(look, regions))
