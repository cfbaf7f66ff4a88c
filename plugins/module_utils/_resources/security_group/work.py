# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Perform the plan of a security group. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from ..._errors import SkyError
from ..._perform import interrupted
from ..._plan import Outcome
from .places import Place
from .planning import CREATE
from .rules import ITSELF

if t.TYPE_CHECKING:
    from ..._account import Account
    from ..._plan import Plan, Step

#: A new group may not be seen at once; EC2's documentation on consistency speaks of seconds.
_WAIT_DELAY = 2
_WAIT_ATTEMPTS = 15


def apply(account: Account, plan: Plan) -> Outcome:
    """Perform the steps; the ids of new groups come from EC2's answers.

    :raises SkyError: with the steps that were performed.
    """
    made: dict[str, str] = {}
    facts = dict(plan.facts)
    for index, step in enumerate(plan.steps):
        try:
            if index and plan.steps[index - 1].api == CREATE:
                _await(account, step, made[step.target])
            arguments = _filled(step.arguments, made.get(step.target, ITSELF))
            answer = account.call(step.api, step.target, region=step.region, **arguments)
        except SkyError as error:
            raise interrupted(error, plan.steps[:index], plan.steps[index:]) from error
        if step.api == CREATE:
            made[step.target] = answer["GroupId"]
            place = Place(str(step.region), step.arguments["VpcId"])
            facts["security_groups"] = [_learned(group, place, answer["GroupId"]) for group in facts["security_groups"]]
    return Outcome(facts, plan.steps)


def _await(account: Account, step: Step, group_id: str) -> None:
    """Before the first call on a new group, which is always one about its rules: EC2 must know it."""
    account.wait(
        "ec2:DescribeSecurityGroups",
        "security_group_exists",
        step.target,
        delay=_WAIT_DELAY,
        attempts=_WAIT_ATTEMPTS,
        region=step.region,
        GroupIds=[group_id],
    )


def _filled(value: t.Any, group_id: str) -> t.Any:
    """Arguments of a call with the group's id where ITSELF stands for it."""
    if isinstance(value, dict):
        return {key: _filled(item, group_id) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, group_id) for item in value]
    return group_id if value == ITSELF else value


def _learned(group: dict[str, t.Any], place: Place, group_id: str) -> dict[str, t.Any]:
    """The facts of a group, completed by its id if it is the one that was made in that VPC."""
    if Place(group["region"], group["vpc_id"]) != place:
        return group
    rules = {key: _identified(group[key], group_id) for key in ("ip_permissions", "ip_permissions_egress")}
    return {**group, "group_id": group_id, **rules}


def _identified(value: t.Any, group_id: str) -> t.Any:
    if isinstance(value, dict):
        return {key: _identified(item, group_id) for key, item in value.items()}
    if isinstance(value, list):
        return [_identified(item, group_id) for item in value]
    return group_id if value is None else value
