# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Perform the plan of a user. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from ... import _tags
from ..._facts import timestamp
from ..._perform import perform
from ..._plan import Outcome
from .. import _principal
from .key.issue import issue

if t.TYPE_CHECKING:
    from ..._account import Account
    from .planning import UserPlan


def apply(account: Account, plan: UserPlan) -> Outcome:
    """Perform the steps; what AWS decides (ids, dates) comes from its answers."""
    own = plan.steps[: len(plan.steps) - len(plan.key.steps)] if plan.key else plan.steps
    _principal.await_policies(account, own)
    answers = perform(account, own)
    facts = dict(plan.facts)
    if "iam:CreateUser" in answers:
        made = answers["iam:CreateUser"]["User"]
        learned = {"arn": made["Arn"], "user_id": made["UserId"], "create_date": timestamp(made["CreateDate"])}
        facts["user"] = {**facts["user"], **learned}
    if not plan.key or not plan.key.steps:
        return Outcome(facts, own)
    issued = issue(account, plan.key, done=own)
    facts["access_key"] = issued.fact
    facts["user"] = {**facts["user"], "tags": _tags.visible({**facts["user"]["tags"], **issued.tags})}
    return Outcome(facts, [*own, *issued.steps])
