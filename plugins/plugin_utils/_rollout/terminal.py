# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollout on a terminal, with rich: a few lines at the bottom that are drawn anew. PRIVATE to the collection.

rich's own Live is not used: Ansible forks workers all the time, and a thread that draws, or streams whose locks a worker
inherits, can hang them. Here the controlling process draws when something happens, and not at all in between.
"""

from __future__ import annotations

import os
import sys
import threading
import typing as t

from ansible_collections.sky.aws.plugins.plugin_utils._rollout.causes import some
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.lines import IN_SUMMARY, Lines
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.rollout import State
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.summary import Causes, Grid, duration, words_of

try:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console, Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text
except ImportError:
    HAS_RICH = False
else:
    HAS_RICH = True

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from ansible_collections.sky.aws.plugins.plugin_utils._rollout.rollout import Rollout

#: Seconds between two drawings: smooth enough to watch, and next to nothing to compute.
PACE = 0.5
#: By status and effect.
STYLES = {
    "changed": "yellow",
    "created": "yellow",
    "deleted": "yellow",
    "drift": "magenta",
    "unchanged": "green",
    "failed": "bold red",
    "unusable": "red",
    "unreachable": "red",
    "unfinished": "red",
}
#: What the drawing counts, also where there are none.
_COUNTED = ("changed", "unchanged", "failed", "unreachable")

# https://www.ecma-international.org/publications-and-standards/standards/ecma-48/: CPL and ED
_ERASE = "\x1b[{}F\x1b[J"


class Terminal(Lines):
    """Lines as they come go above the drawing, which is at the bottom.

    :param write: takes a line, as Ansible's display does.
    :param log: takes a line for the log file only.
    :param color: whether colours may be used.
    """

    def __init__(self, write: t.Callable[[str], None], log: t.Callable[[str], None], *, color: bool) -> None:
        super().__init__(write, PACE)
        self._log = log
        self._drawing = Drawing(sys.stdout)
        self._console = Console(file=self._drawing.stream, no_color=not color, highlight=False, force_terminal=True)

    def begin(self, rollout: Rollout, now: float) -> None:
        self._drawing.open()
        self.move(rollout, now)

    def move(self, rollout: Rollout, now: float) -> None:
        if now >= self._next or self._drawing.is_erased:
            self._next = now + self._interval
            self._drawing.show(self._rendered(_panel(rollout, now)))

    def end(self, headline: str, sections: Sequence[Grid | Causes]) -> None:
        self.close()
        self._console.print(Group(Text(), Text(headline, style="bold"), *map(_shown, sections)))
        Lines(self._log, self._interval).end(headline, sections)

    def close(self) -> None:
        self._drawing.close()

    def _rendered(self, what: RenderableType) -> str:
        with self._console.capture() as captured:
            self._console.print(what)
        return captured.get()


class Drawing:
    """Text at the bottom of a terminal that gives way to whatever else is written, by anybody in this process."""

    def __init__(self, stream: t.TextIO) -> None:
        self.stream = stream
        self.is_erased = False
        self._text = ""
        self._lock = threading.RLock()
        self._owner = os.getpid()
        self._streams: tuple[t.TextIO, t.TextIO] | None = None
        self._midline = False

    def open(self) -> None:
        """From now on, what is written to the standard streams goes above the drawing."""
        if self._streams is None:
            self._streams = sys.stdout, sys.stderr
            sys.stdout = t.cast("t.TextIO", _Above(self, sys.stdout))
            sys.stderr = t.cast("t.TextIO", _Above(self, sys.stderr))

    def close(self) -> None:
        """Erase the drawing, and give the streams back."""
        if self._streams is not None:
            self._erase()
            sys.stdout, sys.stderr = self._streams
            self._streams = None

    def show(self, text: str) -> None:
        """Draw in place of the last drawing; not where somebody has begun a line, such as a question to the user."""
        with self._lock:
            if self._streams is None or self._midline:
                return
            self.stream.write(self._erasure() + text)
            self.stream.flush()
            self._text = text
            self.is_erased = False

    def above(self, text: str, stream: t.TextIO) -> int:
        """Write to a standard stream."""
        # A forked worker has the drawing of its parent, but not the right to touch it; nor may it wait for its lock.
        if os.getpid() != self._owner:
            return stream.write(text)
        with self._lock:
            self._erase()
            if text:
                self._midline = not text.endswith("\n")
            return stream.write(text)

    def _erase(self) -> None:
        with self._lock:
            if self._text:
                self.stream.write(self._erasure())
                self.stream.flush()
                self._text = ""
                self.is_erased = True

    def _erasure(self) -> str:
        return _ERASE.format(self._text.count("\n")) if self._text else ""


class _Above:
    """A standard stream while there is a drawing; all but writing is the stream's own."""

    def __init__(self, drawing: Drawing, stream: t.TextIO) -> None:
        self._drawing = drawing
        self._stream = stream

    def write(self, text: str) -> int:
        return self._drawing.above(text, self._stream)

    def writelines(self, lines: t.Iterable[str]) -> None:
        self.write("".join(lines))

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._stream, name)


def _panel(rollout: Rollout, now: float) -> RenderableType:
    totals, accounts = rollout.totals(), len(rollout.accounts)
    done = rollout.count(State.DONE, State.FAILED, State.UNREACHABLE, State.STOPPED)
    left = rollout.seconds_left(now)
    first = Table.grid(padding=(0, 1))
    first.add_row(
        ProgressBar(total=1.0, completed=rollout.progress(), width=20),
        _one_line(f"{rollout.progress():4.0%}"),
        _one_line(f"{done}/{accounts} done, {rollout.count(State.RUNNING)} running"),
        _one_line("" if left is None else f"about {duration(left)} left", "dim"),
    )
    words = words_of(rollout)
    counted = [(totals[status], words[status], STYLES[status]) for status in _COUNTED]
    counted.append((rollout.drifted(), "with drift", STYLES["drift"]))
    second = Text("  ", no_wrap=True, overflow="ellipsis").join(
        Text(f"{number} {word}", style=style if number else "dim") for number, word, style in counted
    )
    return Group(first, second, _one_line(rollout.task, "dim"))


def _one_line(text: str, style: str = "") -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


def _shown(section: Grid | Causes) -> RenderableType:
    """A section after an empty line. Title and rest are no part of the table, which may be narrower."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    if isinstance(section, Grid):
        _fill(table, section)
    else:
        _group(table, section)
    title = [Text(section.title, style="bold")] if section.title else []
    rest = [Text(section.rest, style="dim")] if section.rest else []
    return Group(Text(), *title, table, *rest)


def _fill(table: Table, grid: Grid) -> None:
    for name in grid.head:
        table.add_column(name, overflow="fold")
    for row in grid.rows:
        table.add_row(*(Text(cell.text, style=STYLES.get(cell.tone, "")) for cell in row))


def _group(table: Table, causes: Causes) -> None:
    table.add_column("accounts", justify="right")
    table.add_column("cause", overflow="fold")
    for group in causes.groups:
        names = Text(some(group.accounts, IN_SUMMARY), style="dim")
        table.add_row(str(len(group.accounts)), Group(Text(group.cause), names))
