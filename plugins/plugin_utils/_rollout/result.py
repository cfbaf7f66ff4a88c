# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rollout may know of a task's result: a few named keys, never the whole. Pure. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import re
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Result = Mapping[str, t.Any]

HIDDEN = "the message is hidden by no_log"
NO_MESSAGE = "the task failed without a message"

#: A terminal obeys control characters; a message is text of others.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """What is kept of a result. ``steps`` are ``(api, target)``, in order; ``account_id`` is empty where none is told."""

    steps: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    message: str = ""
    account_id: str = ""


def read(result: Result, *, ours: bool) -> Report:
    """Take what is to be kept of a result.

    :param result: a task's result as Ansible hands it to callbacks; that of a loop has ``results``.
    :param ours: whether the task is one of this collection's modules, whose ``steps`` and ``account`` are known.
    """
    shown = [item for item in items(result) if not is_hidden(item)]
    return Report(
        steps=tuple(step for item in shown for step in _steps(item)) if ours else (),
        warnings=tuple(dict.fromkeys(_warnings(result, shown))),
        account_id=_account_id(result) if ours else "",
    )


def read_failure(result: Result, *, ours: bool) -> Report:
    """As ``read``, of a failed or unreachable task: with its message."""
    return dataclasses.replace(read(result, ours=ours), message=clean(_message(result)) or NO_MESSAGE)


def items(result: Result) -> list[Result]:
    """The results of a loop's items, or the result itself."""
    looped = result.get("results")
    if isinstance(looped, list) and looped and all(isinstance(item, dict) for item in looped):
        return looped
    return [result]


def is_hidden(result: Result) -> bool:
    """Whether no_log holds for the result."""
    return bool(result.get("_ansible_no_log")) or "censored" in result


def clean(text: object) -> str:
    """The text without control characters, its lines kept."""
    return _CONTROL.sub(" ", str(text)).strip()


def _steps(result: Result) -> Iterator[tuple[str, str]]:
    steps = result.get("steps")
    for step in steps if isinstance(steps, list) else []:
        if isinstance(step, dict) and "api" in step:
            yield clean(step["api"]), clean(step.get("target", ""))


def _warnings(result: Result, shown: list[Result]) -> Iterator[str]:
    for one in [result, *shown] if not is_hidden(result) else []:
        warnings = one.get("warnings")
        yield from map(clean, warnings if isinstance(warnings, list) else [])


def _message(result: Result) -> str:
    return HIDDEN if is_hidden(result) else str(result.get("msg") or result.get("reason") or "")


def _account_id(result: Result) -> str:
    account = result.get("account")
    if not isinstance(account, dict) or is_hidden(result):
        return ""
    return clean(account.get("account_id", ""))
