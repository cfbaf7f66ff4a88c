# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several regions of an account, read side by side. PRIVATE to the collection."""

from __future__ import annotations

import concurrent.futures
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from .._account import Account

Answer = t.TypeVar("Answer")

#: Regions read at once. Bounded, because every account of a run (--forks) may do this at the same time.
_MAX_THREADS = 8


def each(account: Account, regions: Sequence[str], look: t.Callable[[str], Answer]) -> list[Answer]:
    """What ``look`` finds with EC2 in each region, in the order of the regions. It makes reads only."""
    if len(regions) < 2:
        return [look(region) for region in regions]
    for region in regions:
        account.client("ec2", region)  # botocore makes clients safely in one thread only
    with concurrent.futures.ThreadPoolExecutor(_MAX_THREADS) as threads:
        return list(threads.map(look, regions))
