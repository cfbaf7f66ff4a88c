# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the calls of a plan, and wait for what AWS does not show yet. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from ._errors import AT_ONCE, HELD, UNSEEN, Interrupted, SkyError
from ._patience import patiently

if t.TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ._account import Account
    from ._plan import Step

    #: What AWS answered to each step, by api.
    Answers = dict[str, dict[str, t.Any]]

#: Seconds before a call is repeated on what the same plan has made and AWS does not see yet, or has removed and AWS still
#: sees.
NEW_PAUSES = (1, 2, 4, 8, 15)
#: How calls begin that take something away.
_REMOVING = ("Delete", "Detach", "Remove", "Deactivate", "Terminate")


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
    has_made, has_removed = any(":Create" in step.api for step in done), any(is_removal(step.api) for step in done)
    return (UNSEEN if has_made else frozenset()) | (HELD if has_removed else frozenset())


def is_removal(api: str) -> bool:
    """Whether a call takes something away, by its name."""
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
