# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollout in plain lines, for logs and for terminals without rich. PRIVATE to the collection.

How many lines there are does not depend on how many accounts there are: one every few seconds, the first accounts of each
cause as they fail, and a summary.
"""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.sky.aws.plugins.plugin_utils._rollout.causes import cause, some
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.rollout import State
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.summary import Causes, Grid, counts, duration

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ansible_collections.sky.aws.plugins.plugin_utils._rollout.rollout import Failure, Rollout

#: Accounts of one cause that are shown as they fail, and in the summary.
AT_ONCE = 3
IN_SUMMARY = 10


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

    def end(self, headline: str, sections: Sequence[Grid | Causes]) -> None:
        """Sum up."""
        for line in ("", headline, *(line for section in sections for line in _lines(section))):
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
    done = rollout.count(State.DONE, State.FAILED, State.UNREACHABLE, State.STOPPED)
    parts = [
        f"{rollout.progress():4.0%}",
        f"{done}/{len(rollout.accounts)} accounts done",
        f"{rollout.count(State.RUNNING)} running",
        *counts(rollout, ("changed", "failed", "unreachable")),
    ]
    left = rollout.seconds_left(now)
    if left is not None:
        parts.append(f"about {duration(left)} left")
    return ", ".join(parts) + (f": {rollout.task}" if rollout.task else "")


def _lines(section: Grid | Causes) -> Iterator[str]:
    """A section, after an empty line."""
    yield ""
    if section.title:
        yield section.title
    yield from _grid(section) if isinstance(section, Grid) else _causes(section)
    if section.rest:
        yield f"  {section.rest}"


def _grid(grid: Grid) -> Iterator[str]:
    """Columns as wide as what is in them; the last one has no end."""
    rows = [grid.head, *(tuple(cell.text for cell in row) for row in grid.rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()


def _causes(causes: Causes) -> Iterator[str]:
    for group in causes.groups:
        yield f"  {len(group.accounts):6} x {group.cause}"
        yield f"           {some(group.accounts, IN_SUMMARY)}"
