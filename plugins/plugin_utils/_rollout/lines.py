# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollout in plain lines, for logs and for terminals without rich. PRIVATE to the collection.

How many lines there are does not depend on how many accounts there are: one every few seconds, the first accounts of each
cause as they fail, and a summary.
"""

from __future__ import annotations

import collections
import datetime
import typing as t

from ansible_collections.sky.aws.plugins.plugin_utils._rollout.causes import cause, some
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.rollout import STATUSES, State

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from ansible_collections.sky.aws.plugins.plugin_utils._rollout.causes import Group
    from ansible_collections.sky.aws.plugins.plugin_utils._rollout.rollout import Failure, Rollout

#: Accounts of one cause that are shown as they fail, and in the summary.
AT_ONCE = 3
IN_SUMMARY = 10

WORDS = {status: status.replace("_", " ") for status in STATUSES}
IN_CHECK_MODE = {**WORDS, "changed": "would change"}


def words(rollout: Rollout) -> dict[str, str]:
    """What each status is called."""
    return IN_CHECK_MODE if rollout.check_mode else WORDS


class Lines:
    """Writes lines at a bounded pace.

    :param write: takes a line.
    :param interval: seconds between two lines of progress.
    """

    def __init__(self, write: t.Callable[[str], None], interval: float) -> None:
        self._write = write
        self._interval = interval
        self._next = 0.0
        self._shown: collections.Counter[str] = collections.Counter()

    def begin(self, rollout: Rollout, now: float) -> None:
        """A batch begins."""
        self.move(rollout, now)

    def move(self, rollout: Rollout, now: float) -> None:
        """Something went on."""
        if now >= self._next:
            self._next = now + self._interval
            self._write(progress(rollout, now))

    def fail(self, name: str, failure: Failure) -> None:
        """An account failed."""
        self._tell(f"FAILED {failure.cause}", f"{name} failed: {failure.message}")

    def warn(self, name: str, text: str, show: t.Callable[[str], None]) -> None:
        """A task of an account warned; ``show`` is Ansible's own way to show a warning."""
        self._tell(cause(text, name), f"{name}: {text}", show)

    def end(self, rollout: Rollout, seconds: float) -> None:
        """Sum up."""
        for line in summary(rollout, seconds):
            self._write(line)

    def close(self) -> None:
        """Nothing is left on the screen that would have to go."""

    def _tell(self, kind: str, line: str, show: t.Callable[[str], None] | None = None) -> None:
        """Show the first few of a kind; the summary has them all."""
        self._shown[kind] += 1
        if self._shown[kind] > AT_ONCE:
            return
        more = " (more like it are in the summary only)" if self._shown[kind] == AT_ONCE else ""
        (show or self._write)(line + more)


def progress(rollout: Rollout, now: float) -> str:
    """One line: how far it is."""
    totals = rollout.totals()
    done = rollout.count(State.DONE, State.FAILED, State.UNREACHABLE, State.STOPPED)
    parts = [
        f"{rollout.progress():4.0%}",
        f"{done}/{len(rollout.accounts)} accounts done",
        f"{rollout.count(State.RUNNING)} running",
        *(
            f"{totals[status]} {words(rollout)[status]}"
            for status in ("changed", "failed", "unreachable")
            if totals[status]
        ),
    ]
    left = rollout.seconds_left(now)
    if left is not None:
        parts.append(f"about {duration(left)} left")
    return ", ".join(parts) + (f": {rollout.task}" if rollout.task else "")


def summary(rollout: Rollout, seconds: float) -> Iterator[str]:
    """What came of it."""
    yield ""
    yield headline(rollout, seconds)
    if rollout.steps():
        yield f"API calls that {'a real run would make' if rollout.check_mode else 'changed something'}:"
        yield from (f"  {count:6} x {api}" for api, count in rollout.steps().items())
    yield from _grouped("Failures, by cause:", rollout.causes())
    yield from _grouped("Warnings:", rollout.warnings())


def headline(rollout: Rollout, seconds: float) -> str:
    """One line: how many accounts came to what, and how fast."""
    totals = rollout.totals()
    counts = [f"{totals[status]} {words(rollout)[status]}" for status in STATUSES if totals[status]]
    accounts = len(rollout.accounts)
    begun = accounts - totals["not_started"]
    return "".join(
        (
            "" if rollout.complete else "broken off: ",
            "1 account: " if accounts == 1 else f"{accounts} accounts: ",
            ", ".join(counts) or "none",
            f"; {duration(seconds)}",
            f", {begun / seconds * 60:.0f} accounts a minute" if seconds >= 1 and rollout.complete else "",
        )
    )


def duration(seconds: float) -> str:
    """Hours, minutes and seconds: 1:02:03."""
    return str(datetime.timedelta(seconds=round(seconds)))


def _grouped(title: str, groups: list[Group]) -> Iterator[str]:
    if groups:
        yield title
    for group in groups:
        yield f"  {len(group.accounts):6} x {group.cause}"
        yield f"           {some(group.accounts, IN_SUMMARY)}"
