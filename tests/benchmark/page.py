# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of docs/performance.md, from the results."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.sky.aws.tests.benchmark.pieces import AGAIN, CHECK, FIRST, FLOORS, Piece
from ansible_collections.sky.aws.tests.benchmark.sides import ROOT, SIDES

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ansible_collections.sky.aws.tests.benchmark.store import Result

    Results = Mapping[Piece, Result]

PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = (
    "<!-- Made by make bench. Do not edit until the end mark. -->",
    "<!-- The end of what make bench makes. -->",
)

TITLES = {CHECK: "check, empty accounts", FIRST: "first", AGAIN: "again, no change"}
OLD = " (old)"

#: Of fewer accounts, what one costs is mostly the start of the program.
FEW = 10


class Row(t.NamedTuple):
    """A run with what it cost an account."""

    result: Result
    run: str

    @property
    def figures(self) -> dict[str, t.Any]:
        found: dict[str, t.Any] = self.result.runs[self.run]
        return found

    @property
    def failure(self) -> str:
        """Empty if the run did its work."""
        return f"fails (rc {self.figures['rc']})" if self.figures["faults"] else ""

    @property
    def cpu(self) -> float:
        return float(self.figures["cpu"]) / self.result.piece.accounts

    @property
    def wall(self) -> float:
        return float(self.figures["wall"]) / self.result.piece.accounts

    @property
    def calls(self) -> float:
        return sum(self.figures["calls"].values()) / self.result.piece.accounts

    @property
    def writes(self) -> float:
        return float(self.figures["writes"]) / self.result.piece.accounts

    @property
    def side(self) -> str:
        return SIDES[self.result.piece.side].title + ("" if self.result.current else OLD)

    def cells(self) -> list[str]:
        """CPU, wall, calls, writes, memory; of a run that failed only that."""
        memory = [f"{self.figures['controller']:.0f}", f"{self.figures['tree']:.0f}"]
        costs = [f"{self.cpu:.3f}", f"{self.figures['wall']:.1f}", f"{self.calls:.4g}", f"{self.writes:.4g}", *memory]
        return [self.failure, *[""] * (len(costs) - 1)] if self.failure else costs


COSTS = ("CPU s/account", "wall s", "calls/account", "writes/account", "controller MB", "all MB")


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """A table in Markdown, with an empty line after it."""
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return [*(f"| {' | '.join(line)} |" for line in lines), ""]


def _joined(results: Results) -> dict[Piece, Result]:
    """One result for each piece: of what was measured in two turns the means of the times, and all faults."""
    joined = {piece: result for piece, result in results.items() if piece.turn == 1}
    for piece, first in joined.items():
        second = results.get(dataclasses.replace(piece, turn=2))
        if second and second.fingerprint == first.fingerprint:
            runs = {run: _mean(figures, second.runs[run]) for run, figures in first.runs.items()}
            joined[piece] = dataclasses.replace(first, runs=runs)
    return joined


def _mean(one: Mapping[str, t.Any], other: Mapping[str, t.Any]) -> dict[str, t.Any]:
    times = {name: (one[name] + other[name]) / 2 for name in ("cpu", "wall")}
    return {**one, **times, "faults": one["faults"] + other["faults"]}


def generated(results: Results) -> str:
    """All that the results have to say, in Markdown."""
    results = _joined(results)
    parts = (
        _machine(results),
        _duel(results),
        _by_action(results),
        _floors(results),
        _scale(results),
        _latency(results),
    )
    lines = [line for part in parts for line in part]
    if any(not result.current for result in results.values()):
        lines += [f"*{OLD.strip()}*: measured before the last change of that side's code.", ""]
    return "\n".join(lines)


def write(results: Results) -> None:
    """Put the tables into the page, between its marks."""
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"{PAGE.name} has lost its marks")
    PAGE.write_text(f"{before}{BEGIN}\n\n{generated(results)}\n{END}{after}")


def _machine(results: Results) -> list[str]:
    """On what it was measured: a line for each that there was."""
    lines = {f"- Machine: {result.machine}." for result in results.values()}
    for result in results.values():
        side = "the peer" if result.piece.side == "peer" else "sky.aws and the floors"
        lines.add(f"- For {side}: {', '.join(f'{name} {version}' for name, version in result.versions.items())}.")
    return [*sorted(lines, reverse=True), ""]


def _duel_rows(results: Results, run: str, side: str) -> list[Row]:
    """The rows of the duel from which what an account costs can be told, the smallest first."""
    rows = _rows(results, "duel", run, side).values()
    return [row for row in rows if row.result.piece.accounts >= FEW and not row.failure]


def _rows(results: Results, part: str, run: str, side: str) -> dict[Piece, Row]:
    """The rows of a run of a side, by their piece, the smallest first."""
    found = [piece for piece in results if piece.part == part and piece.side == side and run in results[piece].runs]
    return {piece: Row(results[piece], run) for piece in sorted(found, key=lambda one: (one.accounts, one.forks))}


def _duel(results: Results) -> list[str]:
    lines: list[list[str]] = []
    for run, title in TITLES.items():
        for piece, ours in _rows(results, "duel", run, "ours").items():
            place = [title, str(piece.accounts), str(piece.forks)]
            peer = _rows(results, "duel", run, "peer").get(Piece("duel", "peer", piece.accounts, piece.forks))
            lines += [[*place, row.side, *row.cells()] for row in (peer, ours) if row]
            lines += (
                [[*place, "**ratio**", *_ratios(peer, ours)]] if peer and not (peer.failure or ours.failure) else []
            )
    if not lines:
        return []
    return ["## The same job with amazon.aws", "", *table(("run", "accounts", "forks", "", *COSTS), lines)]


def _ratios(peer: Row, ours: Row) -> list[str]:
    """How many times the cost of ours the peer's is; empty for writes, which are the same work."""
    pairs = [(peer.cpu, ours.cpu), (peer.wall, ours.wall), (peer.calls, ours.calls), None]
    pairs += [(peer.figures[name], ours.figures[name]) for name in ("controller", "tree")]
    return ["" if pair is None else f"**{pair[0] / pair[1]:.1f}**" for pair in pairs]


def _by_action(results: Results) -> list[str]:
    """The calls of an account, by action; from the smallest number of accounts, since they are the same in each."""
    columns = [
        next(iter(_rows(results, "duel", run, side).values()), None) for side in ("peer", "ours") for run in TITLES
    ]
    shown = [row for row in columns if row and not row.failure]
    if not shown:
        return []
    actions = sorted({api for row in shown for api in row.figures["calls"]})
    lines = [
        [api, *(f"{row.figures['calls'].get(api, 0) / row.result.piece.accounts:.3g}" for row in shown)]
        for api in actions
    ]
    lines.append(["**all**", *(f"**{row.calls:.3g}**" for row in shown)])
    heads = [f"{row.side}, {TITLES[row.run].split(',')[0]}" for row in shown]
    return ["### Calls an account, by action", "", *table(("", *heads), lines)]


def _floors(results: Results) -> list[str]:
    lines = []
    for part in ("duel", "scale"):
        for piece, ours in _rows(results, part, AGAIN, "ours").items():
            floors = [
                _rows(results, part, AGAIN, side).get(Piece(part, side, piece.accounts, piece.forks)) for side in FLOORS
            ]
            if ours.failure or not any(floors):
                continue
            cells = [str(piece.accounts), str(piece.forks), str(ours.figures["tasks"]), f"{ours.cpu:.3f}"]
            for floor in floors:
                known = floor and not floor.failure
                cells += [f"{floor.cpu:.3f}", f"{ours.cpu / floor.cpu:.2f}"] if floor and known else ["", ""]
            nothing = floors[0]
            cells.append(f"{1000 * (ours.cpu - nothing.cpu):.0f}" if nothing else "")
            lines.append(cells)
    if not lines:
        return []
    heads = ["accounts", "forks", "tasks", "sky.aws, again: CPU s/account"]
    for side in FLOORS:
        heads += [f"{SIDES[side].title}: CPU s/account", "ratio"]
    heads.append("above the first floor: CPU ms/account")
    return ["## The floor", "", *table(heads, lines), *_slopes(results)]


def _slopes(results: Results) -> list[str]:
    """What an account costs beyond the start of the program: by the smallest and the largest number of the duel."""
    lines = []
    for side in ("ours", *FLOORS, "peer"):
        rows = _duel_rows(results, AGAIN, side)
        if len(rows) > 1:
            few, many = rows[0], rows[-1]
            more = many.result.piece.accounts - few.result.piece.accounts
            cost = 1000 * (many.figures["cpu"] - few.figures["cpu"]) / more
            lines.append(f"- {many.side}: {cost:.0f} ms of CPU for each account beyond {few.result.piece.accounts}.")
    return [*lines, ""] if lines else []


def _scale(results: Results) -> list[str]:
    rows = [row for run in (FIRST, AGAIN) for row in _rows(results, "scale", run, "ours").values()]
    if not rows:
        return []
    rows.sort(key=lambda row: row.result.piece.accounts)
    lines = [
        [str(row.result.piece.accounts), str(row.result.piece.forks), TITLES[row.run], *row.cells()] for row in rows
    ]
    text = ["## Many accounts", "", *table(("accounts", "forks", "run", *COSTS), lines)]
    for run in (FIRST, AGAIN):
        small = next(iter(_duel_rows(results, run, "ours")), None)
        large = list(_rows(results, "scale", run, "ours").values())[-1]
        if small and not large.failure:
            few, many = small.result.piece.accounts, large.result.piece.accounts
            text.append(
                f"- {TITLES[run]}: of {many} accounts each costs {large.cpu / small.cpu:.2f} times the CPU "
                f"that each of {few} costs."
            )
    return [*text, ""]


def _latency(results: Results) -> list[str]:
    rows = [row for run in (FIRST, AGAIN) for row in _rows(results, "latency", run, "ours").values()]
    if not rows:
        return []
    lines = [
        [
            str(row.result.piece.latency_ms),
            str(row.result.piece.accounts),
            str(row.result.piece.forks),
            TITLES[row.run],
            *(
                [f"{row.figures['wall']:.1f}", f"{row.wall:.2f}", f"{row.cpu:.3f}"]
                if not row.failure
                else [row.failure, "", ""]
            ),
        ]
        for row in rows
    ]
    heads = ("ms a call", "accounts", "forks", "run", "wall s", "wall s/account", "CPU s/account")
    return ["## Calls that take time", "", *table(heads, lines)]
