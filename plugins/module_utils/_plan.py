# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read, plan, apply: check mode, diff and the result, written once. PRIVATE to the collection.

A resource is a Python module with the functions of :class:`Resource`. It reads what is there, plans purely, and applies
the plan. A step is one write call as data, so a plan names exactly the calls that AWS will see.
"""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ._account import ACCOUNT_ARGUMENTS, Account, Identity
from ._errors import AT_ONCE, EXISTS, HELD, OVERTAKEN, UNSEEN, BadInput, Interrupted, SkyError
from ._patience import patiently, silent
from ._validate import account_faults

if t.TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    Params = Mapping[str, t.Any]
    Facts = dict[str, t.Any]
    #: What AWS answered to each step, by api.
    Answers = dict[str, dict[str, t.Any]]


#: Seconds before each new look when others are at work on the same resource, or an answer was lost. What exists may not
#: be seen at first.
_LOOK_PAUSES = (0, 2, 4, 8)
#: The least of these where another run is known to be at work: what it makes is not done yet.
_OTHERS_PAUSE = 2
#: Seconds before a call is repeated on what the same plan has made and AWS does not see yet, or has removed and AWS still
#: sees.
NEW_PAUSES = (1, 2, 4, 8, 15)
#: How a slower run is told, beside the codes for what exists. A second role in an instance profile is over IAM's limit.
_OVERTAKEN = frozenset(
    {
        ("iam:AddRoleToInstanceProfile", "LimitExceeded"),
        ("iam:CreatePolicyVersion", "LimitExceeded"),
        # It is scheduled for deletion already (API reference, DeleteSecret).
        ("secretsmanager:DeleteSecret", "InvalidRequestException"),
        ("ec2:RevokeSecurityGroupIngress", "InvalidPermission.NotFound"),
        ("ec2:RevokeSecurityGroupEgress", "InvalidPermission.NotFound"),
    }
)
#: How calls begin that take something away.
_REMOVING = ("Delete", "Detach", "Remove", "Deactivate", "Terminate")


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


def _anew(kind: type[Account], params: Params) -> Account:
    return kind(params)


def run(
    resource: Resource,
    params: Params,
    *,
    check_mode: bool,
    warn: t.Callable[[str], None],
    tell: t.Callable[[str], object] = silent,
    reach: t.Callable[[type[Account], Params], Account] = _anew,
) -> dict[str, t.Any]:
    """Bring one resource to its declared state, or say what that would take.

    :param params: validated options, plain JSON types.
    :param warn: takes one line for the user.
    :param tell: takes one line about each wait, as it begins.
    :param reach: the way to the account, which is of the resource's kind.
    :returns: the module's result, with the same keys whatever happened.
    :raises BadInput: before the first call.
    :raises SkyError: with the steps that were performed.
    """
    faults = [*account_faults(params), *resource.validate(params)]
    if faults:
        raise BadInput(faults)
    account = reach(getattr(resource, "REACH", Account), params)
    account.tell = tell

    told: set[str] = set()

    def look() -> Plan:
        found = resource.plan(resource.read(account, params), params, account.identity)
        for warning in found.warnings:
            if warning not in told:
                warn(warning)
        told.update(found.warnings)
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
    """Apply the plan; where another run was faster, or an answer was lost, look again and go on from there.

    :returns: the last plan, the steps that were performed of the plans before it, and the facts. A call whose answer
        was lost is one of the steps if botocore repeated it and was told that it is done already.
    :raises SkyError: with the steps of all plans.
    """
    done: list[dict[str, str]] = []
    pauses = iter(_LOOK_PAUSES)
    try:
        while True:
            try:
                return plan, done, resource.apply(account, plan) if plan.writes else plan.facts
            except Interrupted as stop:
                pause = next(pauses, None)
                if pause is None or not _was_overtaken(stop):
                    raise
                done += [*stop.steps, *([stop.step] if stop.repeats_lost else [])]
                _pause(account, stop, pause)
            plan = look()
    except SkyError as error:
        if done:
            earlier = ", ".join(f"{step['api']} {step['target']}" for step in done)
            error.message += f" Done at first: {earlier}."
        error.steps = [*done, *error.steps]
        raise


def _pause(account: Account, stop: Interrupted, seconds: int) -> None:
    """Wait before a new look."""
    if stop.code == OVERTAKEN:
        seconds = max(seconds, _OTHERS_PAUSE)
    if seconds:
        account.tell(f"{stop.api} says {stop.code}, and it is not as declared: looking again in {seconds} s")
        time.sleep(seconds)


def _was_overtaken(stop: Interrupted) -> bool:
    """Whether what was to be made is there already, or what was to go is gone, or somebody else is just at it.

    Another run did it, or a call whose answer was lost. A service-linked role that exists is told by the text alone.
    """
    if stop.code == OVERTAKEN or stop.code in EXISTS:
        return True
    if stop.code in UNSEEN and _is_removal(stop.api):
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
            answers[step.api] = make(account, step, _awaited(steps[:index]))
        except SkyError as error:
            raise interrupted(error, steps[:index], steps[index:]) from error
        if heard:
            heard(step, answers[step.api])
    return answers


def make(account: Account, step: Step, awaited: Collection[str]) -> dict[str, t.Any]:
    """One call, repeated for half a minute while AWS answers with one of the codes, or that it came with another call.

    :raises AWSError: it was refused.
    """

    def call() -> dict[str, t.Any]:
        return account.call(step.api, step.target, region=step.region, **step.arguments)

    return patiently(call, lambda error: error.code in awaited or error.code in AT_ONCE, NEW_PAUSES, account.tell)


def _awaited(done: Sequence[Step]) -> frozenset[str]:
    """How AWS may refuse a call because it does not see yet what the plan has made or removed just before."""
    has_made, has_removed = any(":Create" in step.api for step in done), any(_is_removal(step.api) for step in done)
    return (UNSEEN if has_made else frozenset()) | (HELD if has_removed else frozenset())


def _is_removal(api: str) -> bool:
    return api.partition(":")[2].startswith(_REMOVING)


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
        target=left[0].target if left else "",
        repeats_lost=getattr(error, "repeats_lost", False),
    )


def _names(steps: Sequence[Step]) -> str:
    return ", ".join(f"{step.api} {step.target}" for step in steps)


def drift(aspect: str, declared: t.Any, found: t.Any) -> dict[str, t.Any]:
    """One difference that is reported and left: ``{"aspect": "trust_policy", "declared": ..., "found": ...}``."""
    return {"aspect": aspect, "declared": declared, "found": found}
