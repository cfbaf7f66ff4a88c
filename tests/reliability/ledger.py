# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests tried to break, and what came of it: the table in docs/reliability.md.

Every test of this folder notes each trial with the fixture ``ledger``. ``make reliability`` runs them all and writes the
page; a run of some of the tests writes nothing.
"""

from __future__ import annotations

import collections
import dataclasses
import json
import pathlib
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reliability.md"

#: The kinds of trials in the order of the page, each with how it was tried and what counts as good.
KINDS = {
    "faults": "faults at the wire survived: the run, or the next one, ends in the declared state",
    "kills": "kill points survived: SIGKILL of the process group after the k-th write, then one more run",
    "races": "races that ended in the declared state",
    "wrong accounts": "attempts to reach a wrong account stopped before any write there",
    "forged ownership": "attempts to pass something off as the collection's own: each ended as it says",
    "sequences of rights": "selections of features whose rights lead, within three calls, only to what is warned of",
    "bad inputs": "bad or hostile inputs refused, or taken to the letter",
    "secrets": "places searched that hold no secret",
    "secrets in errors": "malformed credentials, proxies and answers of which no error, log or event shows a secret",
    "control characters": "hostile texts of others that left no control character, line or lookalike in what is shown",
}


@dataclasses.dataclass(frozen=True)
class Trial:
    """One thing that was tried. ``count`` is above one where a test makes many of a kind, as fuzzing does."""

    kind: str
    what: str
    good: bool
    count: int = 1


class Ledger:
    """Notes trials into a file, a line each; several processes may write to files of their own in one folder."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path

    def note(self, kind: str, what: str, good: bool, count: int = 1) -> None:
        """Note a trial and, as a test must, fail if it did not go well."""
        if kind not in KINDS:
            raise KeyError(f"{kind} is none of {', '.join(KINDS)}")
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(dataclasses.asdict(Trial(kind, what, good, count))) + "\n")
        assert good, f"{kind}: {what}"


def trials(folder: pathlib.Path) -> list[Trial]:
    """All trials in a folder of notes, each once."""
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()]
    return [Trial(**json.loads(line)) for line in dict.fromkeys(lines)]


def page(noted: Iterable[Trial]) -> str:
    """The page: a table of the kinds, then what was tried."""
    by_kind: dict[str, list[Trial]] = collections.defaultdict(list)
    for trial in noted:
        by_kind[trial.kind].append(trial)
    lines = [
        "<!-- Made by make reliability. Do not edit. -->",
        "# Reliability",
        "",
        "What the tests try to break, with real boto3 against the embedded AWS over HTTP. `make reliability` tries it",
        "again and writes this page.",
        "",
        "| what | n of n |",
        "|---|---|",
    ]
    lines += [f"| {words} | {_sum(by_kind[kind])} |" for kind, words in KINDS.items()]
    for kind in KINDS:
        lines += ["", f"## {kind.capitalize()}", "", *sorted(_line(trial) for trial in by_kind[kind])]
    return "\n".join([*lines, ""])


def _sum(noted: list[Trial]) -> str:
    return f"{sum(trial.count for trial in noted if trial.good)} of {sum(trial.count for trial in noted)}"


def _line(trial: Trial) -> str:
    times = f" ({trial.count} cases)" if trial.count > 1 else ""
    return f"- {trial.what}{times}{'' if trial.good else ': FAILED'}"
