# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Perform the plan of an offboarding. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from ..._errors import HELD, AWSError, SkyError
from ..._perform import interrupted, make
from ..._plan import Outcome

if t.TYPE_CHECKING:
    from ..._account import Account
    from .planning import OffboardPlan

_DELETE_GROUP = "ec2:DeleteSecurityGroup"
#: Seconds between two looks at instances.
_DELAY = 5


def apply(account: Account, plan: OffboardPlan) -> Outcome:
    """Perform the steps, then wait for what leaves, then take dead keys out of their files.

    EC2 refuses to delete a security group while an instance in it is not terminated, so that wait is before the first.

    :raises SkyError: with the steps that were performed.
    """
    steps = plan.steps
    has_waited = False
    for index, step in enumerate(steps):
        try:
            if step.api == _DELETE_GROUP and not has_waited:
                _await_terminated(account, plan)
                has_waited = True
            # What holds it is gone, by this plan or by one before it.
            make(account, step, HELD)
        except SkyError as error:
            raise interrupted(error, steps[:index], steps[index:]) from error
    try:
        if not has_waited:
            _await_terminated(account, plan)
        for file in plan.files:
            file.take_back(str(file.held), account.tell)
    except SkyError as error:
        raise SkyError(*error.lines, steps=[step.shown() for step in steps]) from error
    return Outcome(plan.facts, steps)


def _await_terminated(account: Account, plan: OffboardPlan) -> None:
    """Wait for all instances of a region at once.

    :raises SkyError: some are still there; names them.
    """
    for region, ids in plan.leaving.items():
        if not ids:
            continue
        named, attempts = ", ".join(ids), plan.timeout // _DELAY + 1
        waiter = ("ec2:DescribeInstances", "instance_terminated", named)
        try:
            account.wait(*waiter, delay=_DELAY, attempts=attempts, region=region, InstanceIds=list(ids))
        except AWSError as error:
            if "Reservations" not in getattr(error.__cause__, "last_response", {}):
                raise
            raise SkyError(
                f"not all of the instances {named} in account {account.account_id}, region {region} are terminated "
                f"after a wait of at most {plan.timeout} s. To mend it: raise wait_timeout and run it again."
            ) from error
