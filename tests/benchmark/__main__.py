# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what an account costs, and write docs/performance.md.

What was measured is kept in .cache/bench, and measured again only when the code has changed: it can be done piece by
piece. The page has all the pieces that were kept.
"""

from __future__ import annotations

import argparse
import itertools
import pathlib
import sys
import typing as t

from ansible_collections.sky.aws.tests.benchmark import page, pieces, store
from ansible_collections.sky.aws.tests.benchmark.sides import PEER

if t.TYPE_CHECKING:
    from collections.abc import Sequence


def numbers(text: str) -> list[int]:
    """Numbers from ``10,50``."""
    found = [int(part) for part in text.split(",")]
    if min(found) < 1:
        raise ValueError(text)
    return found


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark", description=__doc__)
    add = parser.add_argument
    add("--accounts", type=numbers, default=[10, 50], metavar="N,N", help="of the duel with amazon.aws [10,50]")
    add("--forks", type=int, default=5, help="of the duel [5]")
    add("--scale", type=numbers, default=[100, 1000], metavar="N,N", help="accounts for ours alone [100,1000]")
    add("--scale-forks", type=int, default=20, help="[20]")
    add("--latency", type=int, default=50, metavar="MS", help="of every call [50]")
    add("--latency-forks", type=numbers, default=[5, 20, 50], metavar="N,N", help="[5,20,50]")
    add("--latency-accounts", type=int, default=50, metavar="N", help="[50]")
    for part in ("duel", "peer", "scale", "latency"):
        add(f"--skip-{part}", action="store_true")
    add("--fresh", action="store_true", help="measure again what is known")
    add("--results", type=pathlib.Path, default=store.FOLDER, metavar="FOLDER", help="where results are kept")
    add("--no-page", action="store_true", help="only print the tables")
    return parser.parse_args(arguments)


def planned(wanted: argparse.Namespace) -> list[pieces.Piece]:
    """The pieces in the order of measuring: ours before the floors, which take the number of tasks from it."""
    parts = (
        [] if wanted.skip_duel else pieces.duel(wanted.accounts, wanted.forks, peer=not wanted.skip_peer),
        [] if wanted.skip_scale else pieces.scale(wanted.scale, wanted.scale_forks),
        [] if wanted.skip_latency else pieces.latency(wanted.latency_accounts, wanted.latency_forks, wanted.latency),
    )
    return list(itertools.chain(*parts))


def main() -> int:
    wanted = options()
    plan = planned(wanted)
    if any(piece.side == "peer" for piece in plan) and not (PEER / "ansible-playbook").exists():
        sys.exit("the peer is not installed: make bench does that, --skip-peer leaves it out")
    failed = 0
    for piece in plan:
        result = None if wanted.fresh else store.usable(piece, wanted.results)
        result = result or store.measure(piece, wanted.results)
        print(*store.told(result), sep="\n", flush=True)
        if not result.good:
            failed += 1
            print(*(figures["end"] for figures in result.runs.values()), sep="\n", file=sys.stderr)
    results = store.load(wanted.results)
    print("", page.generated(results), sep="\n")
    if not wanted.no_page:
        page.write(results)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
