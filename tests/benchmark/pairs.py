# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the run without a change with amazon.aws, turn by turn.

A machine that is shared with others becomes faster and slower within minutes, and the long runs of the duel meet its moods
one by one. Here each run of amazon.aws stands between two of sky.aws, again and again, and the middle of the ratios counts.
"""

from __future__ import annotations

import argparse
import contextlib
import pathlib
import statistics
import sys
import tempfile
import typing as t

from ansible_collections.sky.aws.tests.benchmark import work
from ansible_collections.sky.aws.tests.benchmark.pieces import Piece
from ansible_collections.sky.aws.tests.emulator.server import Emulator

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def standing(piece: Piece) -> Iterator[Callable[[], float]]:
    """Onboarded accounts on an emulator of their own; what comes back is a run's CPU in seconds an account."""
    with Emulator(piece.flags) as emulator, tempfile.TemporaryDirectory(prefix="sky-benchmark-") as name:
        run = work.standing(piece, pathlib.Path(name), emulator)

        def cost() -> float:
            figures = run()
            if figures["faults"]:
                sys.exit(f"{piece.name}: {'; '.join(figures['faults'])}")
            return float(figures["cpu"]) / piece.accounts

        yield cost


def pairs(ours: Callable[[], float], peer: Callable[[], float], number: int) -> Iterator[tuple[float, float]]:
    """What an account costs with the peer, and with ours: the mean of the runs before and after."""
    before = ours()
    for _ in range(number):
        theirs, after = peer(), ours()
        yield theirs, (before + after) / 2
        before = after


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark.pairs", description=__doc__)
    parser.add_argument("--pairs", type=int, default=5, metavar="N", help="[5]")
    parser.add_argument("--accounts", type=int, default=50, metavar="N", help="of sky.aws [50]")
    parser.add_argument("--peer-accounts", type=int, default=10, metavar="N", help="of amazon.aws, which is slow [10]")
    parser.add_argument("--forks", type=int, default=5, metavar="N", help="[5]")
    wanted = parser.parse_args()
    own = Piece("duel", "ours", wanted.accounts, wanted.forks)
    other = Piece("duel", "peer", wanted.peer_accounts, wanted.forks)
    ratios = []
    print("| amazon.aws: CPU s/account | sky.aws: CPU s/account | ratio |", "| --- | --- | --- |", sep="\n")
    with standing(own) as ours, standing(other) as peer:
        for theirs, cost in pairs(ours, peer, wanted.pairs):
            ratios.append(theirs / cost)
            print(f"| {theirs:.2f} | {cost:.3f} | {ratios[-1]:.1f} |", flush=True)
    print(f"\nThe middle of the ratios: {statistics.median(ratios):.1f}")


if __name__ == "__main__":
    main()
