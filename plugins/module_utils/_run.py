# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a resource to its declared state: check mode, diff and the result, written once. PRIVATE to the collection.

A resource reads what is there, plans purely, and applies the plan. Check mode is "do not apply".
"""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ._account import Account
from ._account_options import ACCOUNT_ARGUMENTS, account_faults
from ._errors import EXISTS, OVERTAKEN, UNSEEN, BadInput, Interrupted, SkyError
from ._patience import silent
from ._perform import is_removal
from ._plan import DIFFERS, Outcome
from ._text import clean

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ._identity import Identity, Unreached
    from ._plan import Facts, Params, Plan, Step

#: The option that takes an item of a list whole. A task's action takes it apart.
ITEM = "options"

#: Seconds before each new look when others are at work on the same resource, or an answer was lost. What exists may not
#: be seen at first.
_LOOK_PAUSES = (0, 2, 4, 8)
#: The least of these where another run is known to be at work: what it makes is not done yet.
_OTHERS_PAUSE = 2
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


def _planned(account: t.Any, plan: Plan) -> Outcome:
    """Of what is only looked up nothing is applied."""
    return Outcome(plan.facts, plan.steps)


@dataclasses.dataclass(frozen=True, eq=False)
class Resource:
    """A noun: what may be declared of it, and the way from what is there to that.

    ``noun`` is its word in messages, ``key`` the option that names one of it, and ``spec`` Ansible's argument_spec of the
    options of its own, with ``rules`` such as ``required_if``. A spec with ``options`` is one of a list's items: what a task
    gives there wins over what stands beside it, and may set the account options of ``item_account``. The functions:

    - ``validate(params)``: pure; one line for each fault that can be told without a call.
    - ``read(account, params)``: what is there now; reads only.
    - ``plan(current, params, identity)``: pure; raises SkyError for what a look shows to be impossible.
    - ``apply(account, plan)``: performs the steps and changes nothing that it is given.
    - ``reach(params)``: the account; one that is not called is not reached either.
    """

    noun: str
    spec: dict[str, t.Any]
    validate: t.Callable[[Params], list[str]]
    read: t.Callable[[t.Any, Params], t.Any]
    plan: t.Callable[[t.Any, Params, Identity], Plan]
    apply: t.Callable[[t.Any, t.Any], Outcome] = _planned
    rules: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    reach: type[Account] | type[Unreached] = Account
    key: str = "name"
    item_account: tuple[str, ...] = ()

    @property
    def argument_spec(self) -> dict[str, t.Any]:
        """The whole argument_spec of the module: the account options and its own."""
        return {**ACCOUNT_ARGUMENTS, **self.spec}

    def called(self, params: Params) -> str:
        """One of it in words: ``user alice``."""
        return f"{self.noun} {params[self.key]}" if self.key in self.spec else self.noun

    @property
    def item_options(self) -> list[str]:
        """What ``options`` may hold."""
        return sorted([*self.spec.keys() - {ITEM}, *self.item_account])


def _anew(kind: t.Callable[[Params], t.Any], params: Params) -> t.Any:
    return kind(params)


def run(
    resource: Resource,
    params: Params,
    *,
    check_mode: bool,
    warn: t.Callable[[str], None],
    tell: t.Callable[[str], object] = silent,
    reach: t.Callable[[t.Any, Params], t.Any] = _anew,
) -> dict[str, t.Any]:
    """Bring one resource to its declared state, or say what that would take.

    What leaves here is clean (``_text``): result, warnings, what is told, errors. What is compared and sent is untouched.

    :param params: validated options, plain JSON types.
    :param warn: takes one line for the user.
    :param tell: takes one line about each wait, as it begins.
    :param reach: takes the resource's way to an account and the options; whoever shares accounts among tasks does it here.
    :returns: the module's result, with the same keys whatever happened.
    :raises BadInput: before the first call.
    :raises SkyError: with the steps that were performed.
    """
    try:
        return clean(_result(resource, params, check_mode, _cleanly(warn), _cleanly(tell), reach))
    except SkyError as error:
        error.steps = clean(error.steps)
        raise


def _cleanly(take: t.Callable[[str], object]) -> t.Callable[[str], object]:
    return lambda line: take(clean(line))


def _result(
    resource: Resource,
    params: Params,
    check_mode: bool,
    warn: t.Callable[[str], object],
    tell: t.Callable[[str], object],
    reach: t.Callable[[t.Any, Params], t.Any],
) -> dict[str, t.Any]:
    faults = [*account_faults(params), *resource.validate(params)]
    if params.get(ITEM):
        faults.append(f"{ITEM}: only a task's action takes it apart; give the options themselves")
    if faults:
        raise BadInput(faults)
    account = reach(resource.reach, params)
    account.tell = tell

    what = resource.called(params)
    told: set[str] = set()

    def look() -> Plan:
        found = resource.plan(resource.read(account, params), params, account.identity)
        for warning in (*found.warnings, *_drift_warnings(what, found.facts)):
            if warning not in told:
                warn(warning)
            told.add(warning)
        return found

    first = look()
    if check_mode:
        last, steps, facts = first, _shown(first.steps), first.facts
    else:
        last, steps, facts = _converge(resource, account, first, look)
    return {
        "changed": bool(steps) or last.writes,
        "diff": {**_headers(what, account.account_id), "before": first.before, "after": last.after},
        "steps": steps,
        **facts,
    }


def _headers(what: str, account_id: str) -> dict[str, str]:
    """What a diff is of, as Ansible shows it above the lines."""
    header = f"{what} in account {account_id}"
    return {"before_header": header, "after_header": header}


def _drift_warnings(what: str, facts: Facts) -> list[str]:
    """One line about what differs and is left as it is; the result has the values."""
    aspects = dict.fromkeys(str(item["aspect"]) for item in facts.get("drift", ()))
    # What exists and should not, or the other way round, has a warning of its own.
    told = [aspect for aspect in aspects if not aspect.endswith("state")]
    return [f"{what} {DIFFERS}: {', '.join(told)}"] if told else []


def _shown(steps: Sequence[Step]) -> list[dict[str, str]]:
    return [step.shown() for step in steps]


def _converge(
    resource: Resource, account: t.Any, plan: Plan, look: t.Callable[[], Plan]
) -> tuple[Plan, list[dict[str, str]], Facts]:
    """Apply the plan; where another run was faster, or an answer was lost, look again and go on from there.

    :returns: the last plan, the steps that were performed of all plans, and the facts. A call whose answer was lost is one
        of the steps if botocore repeated it and was told that it is done already.
    :raises SkyError: with the steps of all plans.
    """
    done: list[dict[str, str]] = []
    pauses = iter(_LOOK_PAUSES)
    try:
        while True:
            try:
                outcome = resource.apply(account, plan) if plan.writes else Outcome(plan.facts)
                return plan, [*done, *_shown(outcome.steps)], outcome.facts
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
            error.message += clean(f" Done at first: {earlier}.")
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
    if stop.code in UNSEEN and is_removal(stop.api):
        return True
    if stop.api == "iam:CreateServiceLinkedRole":
        return stop.code == "InvalidInput" and "has been taken in this account" in stop.message
    return (stop.api, stop.code) in _OVERTAKEN
