# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be said of a rollout in the end, for any screen. Pure. PRIVATE to the collection.

How much that is does not depend on how many accounts there are: the outcome file has all of it.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import re
import typing as t

from ansible_collections.sky.aws.plugins.plugin_utils._rollout.causes import Group, cause, groups, some
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.parts import PARTS
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.result import EFFECTS
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.rollout import STATUSES

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ansible_collections.sky.aws.plugins.plugin_utils._rollout.result import Drift
    from ansible_collections.sky.aws.plugins.plugin_utils._rollout.rollout import Account, Rollout

    #: Targets, and the calls on each in words.
    Plan = tuple[tuple[str, str], ...]

#: The most accounts of the table, causes of a section, access keys, and plans that differ.
MAX_ACCOUNTS = 20
MAX_CAUSES = 20
MAX_KEYS = 10
MAX_PLANS = 10
#: The most accounts named beside a plan.
MAX_NAMES = 3
#: Longer values are not compared on a screen.
MAX_VALUE = 100

#: What each status and effect is called, and in check mode.
WORDS = {word: word.replace("_", " ") for word in (*STATUSES, *EFFECTS)}
IN_CHECK_MODE = {**WORDS, "created": "to create", "changed": "to change", "deleted": "to delete"}

#: In the table, what is worst comes first.
_RANKS = {"failed": 0, "unreachable": 1, "unfinished": 2}


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """A text, and the status or effect that gives it its colour, if one does."""

    text: str
    tone: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Grid:
    """A table. ``rest`` says what was left out."""

    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    rest: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Causes:
    """Causes, each with its accounts. ``rest`` says what was left out."""

    title: str
    groups: Sequence[Group]
    rest: str = ""


def headline(rollout: Rollout, seconds: float) -> str:
    """One line: how many accounts came to what, and how fast."""
    accounts, steps = len(rollout.accounts), sum(rollout.steps().values())
    begun = accounts - rollout.totals()["not_started"]
    return "".join(
        (
            "" if rollout.complete else "broken off: ",
            f"{_number(accounts, 'account')}: ",
            ", ".join(counts(rollout, STATUSES)) or "none",
            f"; {_number(steps, 'write')}{' to make' if rollout.check_mode else ''}" if steps else "",
            f"; {duration(seconds)}",
            f", {begun / seconds * 60:.0f} a minute" if seconds >= 1 and rollout.complete else "",
        )
    )


def counts(rollout: Rollout, statuses: Iterable[str]) -> Iterator[str]:
    """How many accounts came to each of some statuses, and how many have drift; nothing where there are none."""
    totals, words = rollout.totals(), words_of(rollout)
    yield from (f"{totals[status]} {words[status]}" for status in statuses if totals[status])
    if rollout.drifted():
        yield f"{rollout.drifted()} with drift"


def words_of(rollout: Rollout) -> dict[str, str]:
    """What each status and effect is called."""
    return IN_CHECK_MODE if rollout.check_mode else WORDS


def duration(seconds: float) -> str:
    """Hours, minutes and seconds: 1:02:03."""
    return str(datetime.timedelta(seconds=round(seconds)))


def sections(rollout: Rollout, *, calls: bool) -> list[Grid | Causes]:
    """What there is to say, in order.

    :param calls: whether the API calls of each account are part of it.
    """
    return [
        *_table(rollout),
        *_causes("Failures, by cause:", rollout.causes()),
        *_causes("Warnings:", rollout.warnings()),
        *_causes("Drift, reported and left as it is:", _drift(rollout)),
        *_keys(rollout),
        *(_calls(rollout) if calls else ()),
    ]


def _table(rollout: Rollout) -> Iterator[Grid]:
    """A row for each account that is not just unchanged, and one for all others; a column for each part with results."""
    parts = [part for part in PARTS if any(part in account.parts for account in rollout.accounts.values())]
    notable = [account for account in rollout.accounts.values() if _is_notable(account)]
    if not parts or not notable:
        return
    shown = sorted(notable, key=lambda account: _RANKS.get(account.status, len(_RANKS)))[:MAX_ACCOUNTS]
    names = {account.name for account in shown}
    rest = [account for account in rollout.accounts.values() if account.name not in names]
    words = words_of(rollout)
    rows = [_row(account.name, [account], parts, words) for account in shown]
    if rest:
        rows.append(_row(f"{len(rest)} more", rest, parts, words))
    yield Grid("", ("account", "status", *parts), rows)


def _is_notable(account: Account) -> bool:
    effects = {effect for counted in account.parts.values() for effect in counted}
    return account.status not in ("unchanged", "not_started") or not effects <= {"unchanged"}


def _row(label: str, accounts: Sequence[Account], parts: Iterable[str], words: Mapping[str, str]) -> tuple[Cell, ...]:
    statuses = collections.Counter(account.status for account in accounts)
    effects = (sum((account.parts.get(part, _NOTHING) for account in accounts), _NOTHING) for part in parts)
    return (Cell(label), _cell(statuses, STATUSES, words), *(_cell(found, EFFECTS, words) for found in effects))


_NOTHING: collections.Counter[str] = collections.Counter()


def _cell(found: Mapping[str, int], order: Iterable[str], words: Mapping[str, str]) -> Cell:
    """What came of some resources or accounts, the most notable first; "unchanged" only where all of them are."""
    notable = [word for word in order if found.get(word) and word != "unchanged"]
    if not notable:
        return Cell(words["unchanged"], "unchanged") if found else Cell("-")
    text = ", ".join(words[word] if found[word] == 1 else f"{found[word]} {words[word]}" for word in notable)
    return Cell(text, notable[0])


def _causes(title: str, found: list[Group]) -> Iterator[Causes]:
    if found:
        yield Causes(title, found[:MAX_CAUSES], _rest(len(found), MAX_CAUSES, "cause"))


def _drift(rollout: Rollout) -> list[Group]:
    return groups(
        (cause(_differs(drift), account.name), account.name)
        for account in rollout.accounts.values()
        for task, drift in account.drift
    )


def _differs(drift: Drift) -> str:
    what = f"{drift.word} {drift.name}: {drift.aspect}"
    declared, found = _short(drift.declared), _short(drift.found)
    if max(len(declared), len(found)) > MAX_VALUE:
        return f"{what} is not as declared"
    return f"{what}: declared {declared}; found {found}"


def _short(value: t.Any) -> str:
    """A value in a few words: of an ARN, the name at its end."""
    if value in (None, "", [], {}):
        return "none"
    if isinstance(value, dict):
        return ", ".join(f"{key}={_short(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(_short, value))
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return re.split("[:/]", text)[-1] if text.startswith("arn:") else text


def _keys(rollout: Rollout) -> Iterator[Grid]:
    """Where the access keys of users are."""
    found = [(account.name, key) for account in rollout.accounts.values() for key in account.keys.values()]
    if not found:
        return
    rows = [
        (Cell(name), Cell(key.user), Cell(", ".join(f"{kind} {value}" for kind, value in key.place.items())))
        for name, key in found[:MAX_KEYS]
    ]
    yield Grid("Access keys:", ("account", "user", "delivered to"), rows, _rest(len(found), MAX_KEYS, "key"))


def _calls(rollout: Rollout) -> Iterator[Grid]:
    """The write calls by account; accounts with the same calls on the same targets stand together."""
    alike: dict[Plan, list[tuple[str, Plan]]] = collections.defaultdict(list)
    for account in rollout.accounts.values():
        if account.steps:
            plan = _plan(account)
            alike[tuple((cause(target, account.name), calls) for target, calls in plan)].append((account.name, plan))
    if not alike:
        return
    ordered = sorted(alike.items(), key=lambda item: -len(item[1]))
    rows = [row for common, found in ordered[:MAX_PLANS] for row in _plan_rows(common, found)]
    left = sum(len(found) for common, found in ordered[MAX_PLANS:])
    rest = f"and those of {_number(left, 'more account')}" if left else ""
    title = "API calls that a real run would make:" if rollout.check_mode else "API calls that changed something:"
    yield Grid(title, ("accounts", "target", "calls"), rows, rest)


def _plan(account: Account) -> Plan:
    """The targets of an account's calls in order, and what is called on each."""
    targets: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for _task, api, target in account.steps:
        targets[_short(target)][api] += 1
    return tuple(
        (target, ", ".join(api if times == 1 else f"{api} ({times})" for api, times in apis.items()))
        for target, apis in targets.items()
    )


def _plan_rows(common: Plan, found: Sequence[tuple[str, Plan]]) -> Iterator[tuple[Cell, ...]]:
    """A plan beside the names of its accounts. That of one account has its own names as they are."""
    names, plans = zip(*found, strict=True)
    for index, (target, calls) in enumerate(common if len(plans) > 1 else plans[0]):
        yield Cell("" if index else some(names, MAX_NAMES)), Cell(target), Cell(calls)


def _rest(number: int, most: int, noun: str) -> str:
    return f"and {_number(number - most, f'more {noun}')}" if number > most else ""


def _number(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
