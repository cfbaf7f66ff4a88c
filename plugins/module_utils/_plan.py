# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read, plan, apply: check mode, diff and the result, written once. PRIVATE to the collection.

A resource is a Python module with the functions of :class:`Resource`. It reads what is there, plans purely, and applies
the plan. A step is one write call as data, so a plan names exactly the calls that AWS will see.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ._account import ACCOUNT_ARGUMENTS, Account, Identity
from ._errors import EXISTS, BadInput, Interrupted, SkyError
from ._validate import account_faults

if t.TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping, Sequence

    Params = Mapping[str, t.Any]
    Facts = dict[str, t.Any]
    #: What AWS answered to each step, by api.
    Answers = dict[str, dict[str, t.Any]]


#: How often a run looks when others are at work on the same resource.
_MAX_LOOKS = 4
#: How a slower run is told, beside the codes for what exists. A second role in an instance profile is over IAM's limit.
_OVERTAKEN = frozenset(
    {
        ("iam:AddRoleToInstanceProfile", "LimitExceeded"),
        ("ec2:RevokeSecurityGroupIngress", "InvalidPermission.NotFound"),
        ("ec2:RevokeSecurityGroupEgress", "InvalidPermission.NotFound"),
    }
)


@dataclasses.dataclass(frozen=True)
class Step:
    """One write call: ``Step("iam:CreateUser", "alice", {"UserName": "alice"})``.

    ``target`` is a name or an ARN that is known before the call. ``region`` is None for the account's own.
    """

    api: str
    target: str
    arguments: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    region: str | None = None

    def shown(self) -> dict[str, str]:
        """The step as results show it."""
        return {"api": self.api, "target": self.target}


@dataclasses.dataclass
class Plan:
    """What will be written, and how things look before and after.

    ``facts`` are the result's own keys (``policy``, ``drift``, ...) as they are once the steps are made;
    ``before`` and ``after`` are for the diff.
    """

    steps: list[Step] = dataclasses.field(default_factory=list)
    before: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    after: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    facts: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    warnings: list[str] = dataclasses.field(default_factory=list)

    @property
    def writes(self) -> bool:
        """Whether there is anything to write. What is not in AWS is written without a step."""
        return bool(self.steps)


class Resource(t.Protocol):
    """The shape of a module under ``_resources``.

    One that is not in AWS names its own way to an account, ``REACH = Unreached``; the others get a proven Account.
    """

    #: Ansible's argument_spec of the options of its own.
    ARGUMENT_SPEC: dict[str, t.Any]
    #: ``mutually_exclusive``, ``required_if`` and the like.
    SPEC_RULES: dict[str, t.Any]

    def validate(self, params: Params) -> list[str]:
        """Pure: what can be refused without a call, one line a fault."""

    def read(self, account: Account, params: Params) -> t.Any:
        """What is there now; reads only."""

    def plan(self, current: t.Any, params: Params, identity: Identity) -> Plan:
        """Pure: from what is there to what is declared. Raises SkyError for what a look shows to be impossible."""

    def apply(self, account: Account, plan: t.Any) -> Facts:
        """Perform the steps; the facts, completed by what AWS answered."""


def argument_spec(resource: Resource) -> dict[str, t.Any]:
    """The whole argument_spec of a module: the account options and its own."""
    return {**ACCOUNT_ARGUMENTS, **resource.ARGUMENT_SPEC}


def run(
    resource: Resource,
    params: Params,
    *,
    check_mode: bool,
    warn: t.Callable[[str], None],
    cache: MutableMapping[str, t.Any] | None = None,
) -> dict[str, t.Any]:
    """Bring one resource to its declared state, or say what that would take.

    :param params: validated options, plain JSON types.
    :param warn: takes one line for the user.
    :param cache: keeps assumed credentials for the next task of the run.
    :returns: the module's result, with the same keys whatever happened.
    :raises BadInput: before the first call.
    :raises SkyError: with the steps that were performed.
    """
    faults = [*account_faults(params), *resource.validate(params)]
    if faults:
        raise BadInput(faults)
    account = getattr(resource, "REACH", Account)(params, cache)

    def look() -> Plan:
        found = resource.plan(resource.read(account, params), params, account.identity)
        for warning in found.warnings:
            warn(warning)
        return found

    plan = look()
    before, facts = plan.before, plan.facts
    done: list[dict[str, str]] = []
    if not check_mode:
        plan, done, facts = _converge(resource, account, plan, look)
    steps = [*done, *(step.shown() for step in plan.steps)]
    return {
        "changed": bool(done) or plan.writes,
        "diff": {"before": before, "after": plan.after},
        "steps": steps,
        **facts,
    }


def _converge(
    resource: Resource, account: Account, plan: Plan, look: t.Callable[[], Plan]
) -> tuple[Plan, list[dict[str, str]], Facts]:
    """Apply the plan; where another run was faster, look again and go on from there.

    :returns: the last plan, the steps that were performed of the plans before it, and the facts. A call whose answer
        was lost is in none of them: nothing tells it from another run's.
    """
    done: list[dict[str, str]] = []
    looks_left = _MAX_LOOKS
    while True:
        try:
            return plan, done, resource.apply(account, plan) if plan.writes else plan.facts
        except Interrupted as stop:
            done += stop.steps
            looks_left -= 1
            if not looks_left or not _was_overtaken(stop):
                stop.steps = done
                raise
        plan = look()


def _was_overtaken(stop: Interrupted) -> bool:
    """Whether what was to be made is there already, or a rule that was to be revoked is gone.

    Another run did it, or a call whose answer was lost. A service-linked role that exists is told by the text alone.
    """
    if stop.code in EXISTS:
        return True
    if stop.api == "iam:CreateServiceLinkedRole":
        return stop.code == "InvalidInput" and "has been taken in this account" in stop.message
    return (stop.api, stop.code) in _OVERTAKEN


def perform(
    account: Account, steps: Sequence[Step], heard: t.Callable[[Step, dict[str, t.Any]], object] | None = None
) -> Answers:
    """Make the calls in order.

    :param heard: takes each answer as it comes, for calls of one api that are made several times.
    :returns: the last answer by api.
    :raises SkyError: the first failure; it says what was done and what was not.
    """
    answers: Answers = {}
    for index, step in enumerate(steps):
        try:
            answers[step.api] = account.call(step.api, step.target, region=step.region, **step.arguments)
        except SkyError as error:
            raise interrupted(error, steps[:index], steps[index:]) from error
        if heard:
            heard(step, answers[step.api])
    return answers


def interrupted(error: SkyError, done: Sequence[Step], left: Sequence[Step]) -> Interrupted:
    """The error of a plan that stopped half-way, at the first of the steps that are left."""
    message = error.message
    if done:
        message += f" Done before: {_names(done)}. Not done: {_names(left)}. Run it again to finish."
    return Interrupted(
        message,
        api=left[0].api if left else "",
        code=getattr(error, "code", ""),
        steps=[step.shown() for step in done],
    )


def _names(steps: Sequence[Step]) -> str:
    return ", ".join(f"{step.api} {step.target}" for step in steps)


def drift(aspect: str, declared: t.Any, found: t.Any) -> dict[str, t.Any]:
    """One difference that is reported and left: ``{"aspect": "trust_policy", "declared": ..., "found": ...}``."""
    return {"aspect": aspect, "declared": declared, "found": found}
