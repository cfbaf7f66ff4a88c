# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account itself: reached, and proven to be the declared one. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from .._plan import Plan
from .._run import Resource

if t.TYPE_CHECKING:
    from .._account import Account
    from .._identity import Identity
    from .._plan import Params


def validate(params: Params) -> list[str]:
    """Nothing besides the account options, which every module checks."""
    return []


def read(account: Account, params: Params) -> str:
    """The region in force; reaching the account was the proof."""
    return account.region


def plan(current: str, params: Params, identity: Identity) -> Plan:
    """Nothing to write."""
    facts = {
        "account_id": identity.account_id,
        "arn": identity.arn,
        "partition": identity.partition,
        "region": current,
    }
    return Plan(facts={"account": facts})


RESOURCE = Resource(noun="account", spec={}, validate=validate, read=read, plan=plan)
