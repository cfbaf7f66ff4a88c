# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Perform the plan of an instance. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._errors import SkyError
from ..._perform import interrupted
from ..._plan import Outcome
from .facts import facts
from .launch import await_state, launch
from .request import RUN

if t.TYPE_CHECKING:
    from ..._account import Account
    from ..._plan import Facts, Step
    from .facts import Instance
    from .planning import InstancePlan


def apply(account: Account, plan: InstancePlan) -> Outcome:
    """Perform the steps, each once the instance is in a state that allows it.

    The outcome's steps are the calls that EC2 accepted. They differ from those planned only where EC2 answered
    RunInstances with an instance that is terminated: that call is there once more. A call that EC2 refused, for want of
    capacity in a subnet or of a visible instance profile, has written nothing and is not there.

    :raises SkyError: with the steps that were performed.
    """
    work = _Work(account, plan)
    for index, step in enumerate(plan.steps):
        try:
            work.perform(step)
        except SkyError as error:
            raise interrupted(error, work.done, plan.steps[index:]) from error
    try:
        return Outcome(work.finish(), work.done)
    except SkyError as error:
        raise SkyError(*error.lines, steps=[step.shown() for step in work.done]) from error


@dataclasses.dataclass
class _Work:
    """An instance while its plan is carried out; ``made`` is what RunInstances answered."""

    account: Account
    plan: InstancePlan
    done: list[Step] = dataclasses.field(default_factory=list)
    made: Instance | None = None

    @property
    def _instance_id(self) -> str:
        return str(self.made["InstanceId"] if self.made else self.plan.instance_id)

    def perform(self, step: Step) -> None:
        """One call, after the wait that it needs. A call on an instance that was not made yet has no arguments."""
        if step.api in self.plan.awaits:
            self._await(self.plan.awaits[step.api])
        launching = self.plan.launch if step.api == RUN else None
        if launching:
            self.made = launch(self.account, launching, self.done)
            return
        self.account.call(step.api, step.target, **(step.arguments or {"InstanceIds": [self._instance_id]}))
        self.done.append(step)

    def finish(self) -> Facts:
        """The facts, completed by what EC2 knows now, after the last wait."""
        if self.plan.final:
            self._await(self.plan.final)
        if self.plan.final in (None, "terminated"):
            return self._learned()
        answer = self.account.call("ec2:DescribeInstances", self.plan.name, InstanceIds=[self._instance_id])
        return {**self.plan.facts, "instance": facts(answer["Reservations"][0]["Instances"][0])}

    def _await(self, state: str) -> None:
        await_state(self.account, self.plan.name, self._instance_id, state, self.plan.timeout)

    def _learned(self) -> Facts:
        """The planned facts with what RunInstances answered; EC2 may not describe a new instance for some seconds."""
        planned = self.plan.facts
        if self.made is None:
            return planned
        answered = {key: value for key, value in facts(self.made).items() if value is not None}
        # A repeated token is answered without tags (boto issue 619); the state may have changed since.
        kept = {key: planned["instance"][key] for key in ("name", "state", "tags")}
        return {**planned, "instance": {**planned["instance"], **answered, **kept}}
