# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmark is made of: pieces that are measured, kept and repeated one by one."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: On empty accounts nothing may be written; then they are brought to the declared state; then nothing is left to do.
CHECK, FIRST, AGAIN = "check", "first", "again"

#: Playbooks of as many tasks as ours has, which do nothing: an action like ours, and Ansible's own.
FLOORS = ("nothing", "debug")

RUNS = {
    ("duel", "ours"): (CHECK, FIRST, AGAIN),
    ("duel", "peer"): (CHECK, FIRST, AGAIN),
    ("scale", "ours"): (FIRST, AGAIN),
    ("latency", "ours"): (FIRST, AGAIN),
}


@dataclasses.dataclass(frozen=True)
class Piece:
    """The runs of one ``side`` (of sides.SIDES) against one emulator.

    ``part`` is ``duel``, ``scale`` or ``latency``; ``latency_ms`` is how long every API call takes beyond its work.
    ``turn`` is 2 for what is measured once more.
    """

    part: str
    side: str
    accounts: int
    forks: int
    latency_ms: int = 0
    turn: int = 1

    @property
    def name(self) -> str:
        """Unique, and good for a file."""
        late = f"-{self.latency_ms}ms" if self.latency_ms else ""
        turn = f"-turn-{self.turn}" if self.turn > 1 else ""
        return f"{self.part}-{self.side}-{self.accounts}-accounts-{self.forks}-forks{late}{turn}"

    @property
    def runs(self) -> tuple[str, ...]:
        return RUNS.get((self.part, self.side), (AGAIN,))

    @property
    def flags(self) -> dict[str, str]:
        """What differs in the emulator. AWS's own policies take 5 MB an account: the duel has them, as AWS does."""
        if self.part == "duel":
            return {"EMULATOR_AWS_POLICIES": "all"}
        return {"MOTO_IAM_LOAD_MANAGED_POLICIES": "false"}

    @property
    def ours(self) -> Piece:
        """The piece of ours beside which this one is put."""
        return dataclasses.replace(self, side="ours")


def duel(sizes: Iterable[int], forks: int, *, peer: bool = True) -> Iterator[Piece]:
    """Both sides and the floors, for each number of accounts.

    Ours is measured before the peer and after it: the peer takes many minutes, in which a machine that it shares with others
    becomes faster or slower.
    """
    for size in sizes:
        for turn in (1, 2) if peer else (1,):
            yield from (Piece("duel", side, size, forks, turn=turn) for side in ("ours", *FLOORS))
            if peer and turn == 1:
                yield Piece("duel", "peer", size, forks)


def scale(sizes: Iterable[int], forks: int) -> Iterator[Piece]:
    """Ours and the floors."""
    for size in sizes:
        for side in ("ours", *FLOORS):
            yield Piece("scale", side, size, forks)


def latency(accounts: int, forks: Iterable[int], milliseconds: int) -> Iterator[Piece]:
    """Ours where a call takes as long as to a real endpoint."""
    for number in forks:
        yield Piece("latency", "ours", accounts, number, milliseconds)
