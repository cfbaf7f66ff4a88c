# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures a piece: a fresh emulator with its accounts, and one ansible-playbook after the other."""

from __future__ import annotations

import collections
import json
import os
import pathlib
import tempfile
import typing as t

from ansible_collections.sky.aws.demo import launch
from ansible_collections.sky.aws.tests.benchmark import measure, proof
from ansible_collections.sky.aws.tests.benchmark.pieces import AGAIN, CHECK, FIRST, FLOORS
from ansible_collections.sky.aws.tests.benchmark.sides import SIDES, Side, playbook
from ansible_collections.sky.aws.tests.emulator.server import Emulator

if t.TYPE_CHECKING:
    from ansible_collections.sky.aws.tests.benchmark.pieces import Piece


def measured(piece: Piece, tasks: int = 0) -> dict[str, dict[str, t.Any]]:
    """The figures of each run of a piece; ``tasks`` is how many a floor has.

    Times are in seconds, memory in MB; ``calls`` are the API calls of all accounts by action. ``faults`` says why a run
    does not count; empty: it did its work.
    """
    accounts = _accounts(piece)
    with tempfile.TemporaryDirectory(prefix="sky-benchmark-") as name:
        folder = pathlib.Path(name)
        if piece.side in FLOORS:
            return {AGAIN: _floor(piece, folder, accounts, tasks)}
        with Emulator(piece.flags) as emulator:
            return _job(piece, folder, accounts, emulator)


def standing(piece: Piece, folder: pathlib.Path, emulator: Emulator) -> t.Callable[[], dict[str, t.Any]]:
    """Bring the accounts of a piece to the declared state; what comes back runs the playbook again, for its figures."""
    accounts = _accounts(piece)
    command, environment = _ready(piece, folder, accounts, emulator)

    def run(kind: str = AGAIN) -> dict[str, t.Any]:
        emulator.clear_log()
        return _figures(kind, accounts, measure.run(command, environment, folder), emulator.calls())

    run(FIRST)
    return run


def _floor(piece: Piece, folder: pathlib.Path, accounts: list[str], tasks: int) -> dict[str, t.Any]:
    environment = _environment(SIDES[piece.side], folder)
    return _figures(AGAIN, accounts, measure.run(_command(piece, folder, accounts, tasks), environment, folder), [])


def _job(piece: Piece, folder: pathlib.Path, accounts: list[str], emulator: Emulator) -> dict[str, dict[str, t.Any]]:
    command, environment = _ready(piece, folder, accounts, emulator)
    if piece.latency_ms:
        emulator.disturb("*", "slow", seconds=piece.latency_ms / 1000, times=None)
    figures = {}
    for run in piece.runs:
        emulator.clear_log()
        done = measure.run([*command, *(["--check"] if run == CHECK else [])], environment, folder)
        figures[run] = _figures(run, accounts, done, emulator.calls())
    emulator.clear_faults()
    figures[AGAIN]["faults"] += proof.of_accounts(emulator, accounts)
    if CHECK in figures:
        figures[CHECK]["faults"] += proof.of_forecast(figures[CHECK]["changed"], figures[FIRST]["changed"])
    return figures


def _accounts(piece: Piece) -> list[str]:
    return [str(100000000001 + number) for number in range(piece.accounts)]


def _ready(
    piece: Piece, folder: pathlib.Path, accounts: list[str], emulator: Emulator
) -> tuple[list[str], dict[str, str]]:
    """Accounts with a way to the internet, and the command and the environment of a run on them."""
    for account in accounts:
        emulator.internet(account)
    environment = {**_environment(SIDES[piece.side], folder), "AWS_ENDPOINT_URL": emulator.url}
    return _command(piece, folder, accounts), environment


def _command(piece: Piece, folder: pathlib.Path, accounts: list[str], tasks: int = 0) -> list[str]:
    side = SIDES[piece.side]
    inventory = folder / "accounts.json"
    inventory.write_text(json.dumps(side.inventory(accounts)))
    play = playbook(piece.side, folder, tasks)
    return [str(side.bin / "ansible-playbook"), "-i", str(inventory), "-f", str(piece.forks), play]


def _environment(side: Side, folder: pathlib.Path) -> dict[str, str]:
    """What a run needs, and nothing of the caller's."""
    return {
        "PATH": f"{side.bin}{os.pathsep}{os.defpath}",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        **{name.upper(): value for name, value in launch.MANAGEMENT.items()},
        "AWS_EC2_METADATA_DISABLED": "true",
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_NOCOLOR": "true",
        "NO_PROXY": "127.0.0.1",
        **side.environment,
    }


def _figures(run: str, accounts: list[str], done: measure.Measured, calls: list[dict[str, t.Any]]) -> dict[str, t.Any]:
    recap = proof.Recap.read(done.output)
    writes = [call for call in calls if call["write"]]
    faults = proof.of_output(run, len(accounts), done) + proof.of_writes(run, accounts, writes)
    return {
        "rc": done.rc,
        "cpu": round(done.cpu, 2),
        "wall": round(done.wall, 2),
        "controller": round(done.controller, 1),
        "tree": round(done.tree, 1),
        "calls": dict(collections.Counter(call["api"] for call in calls)),
        "writes": len(writes),
        "changed": recap.changed,
        "tasks": recap.tasks,
        "load": round(os.getloadavg()[0], 2),
        "faults": faults,
        "end": done.output[-2000:] if faults else "",
    }
