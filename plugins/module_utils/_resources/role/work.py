# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Perform the plan of a role. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from ..._facts import timestamp
from ..._perform import perform
from ..._plan import Outcome
from .. import _principal
from ..policy import learned as policy_learned
from . import instance_profile, service_linked

if t.TYPE_CHECKING:
    from ..._account import Account
    from ..._plan import Plan, Step


def apply(account: Account, plan: Plan) -> Outcome:
    """Perform the steps; what AWS decides (ids, dates) comes from its answers."""
    _principal.await_policies(account, plan.steps)
    services: dict[str, dict[str, t.Any]] = {}

    def heard(step: Step, answer: dict[str, t.Any]) -> None:
        if step.api == service_linked.CREATE:
            services[step.target] = answer["Role"]

    answers = perform(account, plan.steps, heard)
    facts = policy_learned(plan.facts, answers)
    facts["service_linked_roles"] = service_linked.learned(facts["service_linked_roles"], services)
    if "iam:CreateRole" in answers:
        made = answers["iam:CreateRole"]["Role"]
        learned = {"arn": made["Arn"], "role_id": made["RoleId"], "create_date": timestamp(made["CreateDate"])}
        facts["role"] = {**facts["role"], **learned}
    if "iam:CreateInstanceProfile" in answers:
        facts["instance_profile"] = {**facts["instance_profile"], **instance_profile.learned(answers)}
    return Outcome(facts, plan.steps)
