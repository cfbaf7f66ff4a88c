# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One instance that carries SkyPilot's instance profile. PRIVATE to the collection.

It is found by its Name tag in the account and region, and by nothing else: another image or subnet makes no second one.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._errors import SkyError
from .._plan import interrupted
from . import _instance_site as _site
from ._instance_facts import facts
from ._instance_launch import await_state, launch
from ._instance_options import ARGUMENT_SPEC, validate
from ._instance_ownership import is_ours
from ._instance_plan import Found, plan
from ._instance_request import RUN

if t.TYPE_CHECKING:
    from .._account import Account
    from .._plan import Facts, Params, Step
    from ._instance_facts import Instance
    from ._instance_plan import InstancePlan

__all__ = ["ARGUMENT_SPEC", "SPEC_RULES", "apply", "plan", "read", "validate"]

#: Options that exclude each other are faults of validate, which says what to give instead.
SPEC_RULES: dict[str, t.Any] = {}


def read(account: Account, params: Params) -> Found:
    """One call, and one for an image parameter; the rest only where an instance must be made."""
    name = params["name"]
    filters = [{"Name": "tag:Name", "Values": [name]}]
    reservations = account.pages("ec2:DescribeInstances", "Reservations", name, Filters=filters)
    instances = [instance for reservation in reservations for instance in reservation["Instances"]]
    found = Found(account.region, instances)
    if params["state"] == "absent" or any(not is_ours(instance) for instance in found.live):
        return found
    image_id = _site.image_id(account, params)
    found = dataclasses.replace(found, image_id=image_id)
    if found.live or image_id is None:
        return found
    return dataclasses.replace(found, site=_site.look(account, params, image_id))


def apply(account: Account, plan: InstancePlan) -> Facts:
    """Perform the steps, each once the instance is in a state that allows it.

    ``plan.steps`` become the calls that EC2 accepted. They differ from those planned only where EC2 answered
    RunInstances with an instance that is terminated: that call is there once more. A call that EC2 refused, for want of
    capacity in a subnet or of a visible instance profile, has written nothing and is not there.

    :raises SkyError: with the steps that were performed.
    """
    work = _Work(account, plan)
    planned = list(plan.steps)
    for index, step in enumerate(planned):
        try:
            work.perform(step)
        except SkyError as error:
            raise interrupted(error, work.done, planned[index:]) from error
    plan.steps = work.done
    try:
        return work.finish()
    except SkyError as error:
        raise SkyError(error.message, steps=[step.shown() for step in work.done]) from error


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
