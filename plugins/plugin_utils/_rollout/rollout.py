# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a rollout is, account by account. Pure: told by events, it knows neither Ansible nor a screen. PRIVATE to the
collection.

An account is done when its batch is, not before: with Ansible's linear strategy all accounts of a batch go from task to task
together. One that fails is out at once.
"""

from __future__ import annotations

import collections
import dataclasses
import enum
import typing as t

from ansible_collections.sky.aws.plugins.plugin_utils._rollout.causes import Group, cause, groups

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ansible_collections.sky.aws.plugins.plugin_utils._rollout.result import DeliveredKey, Drift, Report


class State(enum.Enum):
    """Where an account stands in the play."""

    WAITING = enum.auto()
    RUNNING = enum.auto()
    DONE = enum.auto()
    FAILED = enum.auto()
    UNREACHABLE = enum.auto()
    STOPPED = enum.auto()


#: What an account can have come to, in the order of a summary. All but the first two are to be tried again.
STATUSES = ("changed", "unchanged", "failed", "unreachable", "unfinished", "not_started")
_OPEN = STATUSES[2:]


@dataclasses.dataclass(slots=True)
class Failure:
    """Why an account is out. ``cause`` is the message without what is the account's own."""

    task: str
    message: str
    cause: str


@dataclasses.dataclass(slots=True)
class Account:
    """One host of the inventory.

    ``steps`` are ``(task, api, target)``, ``drift`` is ``(task, drift)``, ``keys`` are by user. ``parts`` counts what came
    of the resources of each part: ``{"users": {"created": 2}}``.
    """

    name: str
    state: State = State.WAITING
    account_id: str = ""
    changed: list[str] = dataclasses.field(default_factory=list)
    steps: list[tuple[str, str, str]] = dataclasses.field(default_factory=list)
    warnings: dict[str, None] = dataclasses.field(default_factory=dict)
    parts: dict[str, collections.Counter[str]] = dataclasses.field(default_factory=dict)
    drift: list[tuple[str, Drift]] = dataclasses.field(default_factory=list)
    keys: dict[str, DeliveredKey] = dataclasses.field(default_factory=dict)
    failure: Failure | None = None
    #: Results in all plays, and in this one.
    results: int = 0
    seen: int = 0

    @property
    def status(self) -> str:
        if self.state is State.DONE:
            return "changed" if self.changed else "unchanged"
        if self.state in (State.FAILED, State.UNREACHABLE):
            return self.state.name.lower()
        return "unfinished" if self.results else "not_started"


@dataclasses.dataclass(slots=True)
class _Play:
    name: str = ""
    #: Tasks that an account has before it, as far as the play's files tell.
    tasks: int = 0
    begun: set[str] = dataclasses.field(default_factory=set)
    batch: list[str] = dataclasses.field(default_factory=list)
    batch_began: float = 0.0
    #: Results of the batch, and those of them that belong to accounts that are still in it.
    results: int = 0
    live_results: int = 0
    #: Accounts whose failure stops all others of the batch.
    fatal: set[str] = dataclasses.field(default_factory=set)
    stopped: bool = False


class Rollout:
    """The accounts of a run. Times are seconds of any clock that only goes forward."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.plays: list[str] = []
        self.check_mode = False
        self.task = ""
        #: Whether the run came to its end by itself.
        self.complete = False
        self._play = _Play()

    def begin(self, play: str, targeted: Iterable[str], batch: Sequence[str], tasks: int, now: float) -> None:
        """A batch of a play begins.

        :param targeted: all accounts of the play, those of later batches included.
        :param tasks: how many tasks the play has for an account.
        """
        self._end_batch()
        self.complete = False
        targeted = dict.fromkeys(targeted)
        if not self._continues(play, batch):
            self.plays.append(play)
            self._play = _Play(play, tasks)
            for name in targeted:
                account = self.accounts.setdefault(name, Account(name))
                account.seen = 0
                if account.state is State.DONE:
                    account.state = State.WAITING
        self._play = dataclasses.replace(
            self._play,
            tasks=tasks,
            batch=list(batch),
            batch_began=now,
            results=0,
            live_results=0,
            fatal=set(),
            stopped=False,
        )
        self._play.begun |= set(batch)
        for name in batch:
            account = self.accounts.setdefault(name, Account(name))
            if account.state in (State.WAITING, State.DONE):
                account.state = State.RUNNING

    def passed(self, name: str, task: str, report: Report | None = None, *, changed: bool = False) -> None:
        """A task of an account ended, and the account goes on. Without a report, nothing of the result is kept."""
        account = self._counted(name)
        if changed:
            account.changed.append(task)
        if report:
            self._keep(account, task, report)

    def failed(self, name: str, task: str, report: Report, *, state: State, fatal: bool = False) -> Failure:
        """A task of an account failed, and nothing says that the account goes on.

        :param state: FAILED or UNREACHABLE.
        :param fatal: whether it stops the other accounts of the batch.
        """
        account = self._counted(name)
        self._keep(account, task, report)
        account.failure = Failure(task, report.message, cause(report.message, name))
        if account.state is State.RUNNING:
            self._play.live_results -= account.seen
        account.state = state
        if fatal:
            self._play.fatal.add(name)
        return account.failure

    def stop_batch(self) -> None:
        """Ansible gave the batch up, for its share of failures."""
        self._play.stopped = True

    def end(self, verdicts: Mapping[str, State]) -> None:
        """The run is over. ``verdicts`` are Ansible's own, by account: it knows which failures were rescued."""
        for account in self.accounts.values():
            verdict = verdicts.get(account.name, State.DONE)
            if verdict is not State.DONE:
                account.state = verdict
                account.failure = account.failure or Failure("", "Ansible gave no reason", "Ansible gave no reason")
            elif account.state in (State.FAILED, State.UNREACHABLE):
                account.state, account.failure = State.RUNNING if account.name in self._play.batch else State.DONE, None
                self._play.fatal.discard(account.name)
        self._end_batch()
        self.complete = True

    def interrupt(self) -> None:
        """The run broke off: who was at it is not done."""
        self._play.stopped = True
        self._end_batch()

    # What there is to show

    def totals(self) -> dict[str, int]:
        """How many accounts came to what; all of STATUSES are there."""
        counted = collections.Counter(account.status for account in self.accounts.values())
        return {status: counted[status] for status in STATUSES}

    def drifted(self) -> int:
        """How many accounts have drift, whatever their status."""
        return sum(1 for account in self.accounts.values() if account.drift)

    def count(self, *states: State) -> int:
        return sum(1 for account in self.accounts.values() if account.state in states)

    def steps(self) -> dict[str, int]:
        """How often each API call was made, or would be made in check mode."""
        made = collections.Counter(api for account in self.accounts.values() for task, api, target in account.steps)
        return dict(sorted(made.items()))

    def causes(self) -> list[Group]:
        found = ((one.failure.cause, one.name) for one in self.accounts.values() if one.failure)
        return groups(found)

    def warnings(self) -> list[Group]:
        found = ((cause(text, one.name), one.name) for one in self.accounts.values() for text in one.warnings)
        return groups(found)

    def retry(self) -> list[str]:
        """The accounts that are not as declared: failed, unreachable, unfinished, not started."""
        return [account.name for account in self.accounts.values() if account.status in _OPEN]

    def progress(self) -> float:
        """The share of the play's work that is done, 0 to 1, in tasks times accounts."""
        total = len(self.accounts) * self._play.tasks
        return min(1.0, max(0.0, 1 - self._units_left() / total)) if total else 0.0

    def seconds_left(self, now: float) -> float | None:
        """An estimate at the pace of the batch; None before each of its accounts has done a task on average."""
        play = self._play
        if not play.results or play.results < len(play.batch):
            return None
        return self._units_left() * (now - play.batch_began) / play.results

    def _units_left(self) -> int:
        ahead = self.count(State.WAITING, State.RUNNING) * self._play.tasks
        return max(0, ahead - self._play.live_results)

    def _continues(self, play: str, batch: Iterable[str]) -> bool:
        """Whether this is the next batch of the play at hand: Ansible does not say so."""
        return play == self._play.name and not self._play.begun & set(batch)

    def _counted(self, name: str) -> Account:
        account = self.accounts.setdefault(name, Account(name, State.RUNNING))
        account.results += 1
        self._play.results += 1
        if account.state is State.RUNNING:
            account.seen += 1
            self._play.live_results += 1
        return account

    def _keep(self, account: Account, task: str, report: Report) -> None:
        account.steps += [(task, api, target) for api, target in report.steps]
        account.warnings |= dict.fromkeys(report.warnings)
        account.account_id = report.account_id or account.account_id
        account.drift += [(task, drift) for drift in report.drift]
        account.keys |= {key.user: key for key in report.keys}
        for part, effect in report.effects:
            account.parts.setdefault(part, collections.Counter())[effect] += 1

    def _end_batch(self) -> None:
        play = self._play
        after = State.STOPPED if play.stopped or play.fatal else State.DONE
        for name in play.batch:
            account = self.accounts[name]
            if account.state is State.RUNNING:
                account.state = after
        play.batch = []
        self.task = ""
