# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what was measured, a file for each piece: they can be measured one by one, and the page has them all."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import pathlib
import subprocess
import typing as t
from importlib import metadata

from ansible_collections.sky.aws.tests.benchmark import work
from ansible_collections.sky.aws.tests.benchmark.pieces import AGAIN, CHECK, FLOORS, Piece
from ansible_collections.sky.aws.tests.benchmark.sides import ROOT, SIDES

FOLDER = ROOT / ".cache" / "bench"

#: Goes up when figures come to mean something else: older results are not read then.
FORM = 1

#: Asked of the Python of each side. amazon.aws is no distribution; it lies in that of the community package.
ASK_VERSIONS = """\
import importlib.metadata as metadata, importlib.util, json, pathlib, platform
versions = {"Python": platform.python_version()}
for name in ("ansible-core", "ansible", "botocore", "boto3"):
    try:
        versions[name] = metadata.version(name)
    except metadata.PackageNotFoundError:
        pass
spec = importlib.util.find_spec("ansible_collections") if "ansible" in versions else None
for folder in spec.submodule_search_locations if spec else ():
    manifest = pathlib.Path(folder, "amazon", "aws", "MANIFEST.json")
    if manifest.exists():
        versions["amazon.aws"] = json.loads(manifest.read_text())["collection_info"]["version"]
print(json.dumps(versions))
"""


@dataclasses.dataclass(frozen=True)
class Result:
    """A piece with the figures of its runs (work.measured), what ran it, and the code that was measured."""

    piece: Piece
    runs: dict[str, dict[str, t.Any]]
    machine: str
    versions: dict[str, str]
    fingerprint: str
    form: int = FORM

    @property
    def good(self) -> bool:
        """Whether all runs did their work. That the peer's check run fails is a finding."""
        return not any(
            figures["faults"] for run, figures in self.runs.items() if (self.piece.side, run) != ("peer", CHECK)
        )

    @property
    def current(self) -> bool:
        """Whether the code is still the one that was measured."""
        return self.fingerprint == fingerprint(self.piece.side)


@functools.cache
def fingerprint(side: str) -> str:
    return SIDES[side].fingerprint()


def save(result: Result, folder: pathlib.Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result.piece.name}.json"
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(dataclasses.asdict(result), indent=1) + "\n")
    partial.replace(path)


def load(folder: pathlib.Path) -> dict[Piece, Result]:
    """All results of a folder."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        data = json.loads(path.read_text())
        if data["form"] == FORM:
            piece = Piece(**data.pop("piece"))
            found[piece] = Result(piece=piece, **data)
    return found


def usable(piece: Piece, folder: pathlib.Path) -> Result | None:
    """The kept result of a piece if it is good and of today's code; a floor's if ours still has as many tasks."""
    result = load(folder).get(piece)
    if result is None or not (result.good and result.current):
        return None
    if piece.side in FLOORS and result.runs[AGAIN]["tasks"] != _tasks(piece, folder):
        return None
    return result


def measure(piece: Piece, folder: pathlib.Path) -> Result:
    """Measure a piece and keep the result. A floor has as many tasks as ours of the same size is known to have."""
    before = SIDES[piece.side].fingerprint()
    runs = work.measured(piece, _tasks(piece, folder) if piece.side in FLOORS else 0)
    result = Result(piece, runs, machine(), versions(piece.side), before)
    save(result, folder)
    return result


def _tasks(floor: Piece, folder: pathlib.Path) -> int:
    beside = load(folder).get(floor.ours)
    if beside is None:
        raise LookupError(f"{floor.ours.name} comes before {floor.name}, which takes the number of tasks from it")
    return t.cast("int", beside.runs[AGAIN]["tasks"])


@functools.cache
def versions(side: str) -> dict[str, str]:
    """What the side runs on, by name."""
    command = [str(SIDES[side].bin / "python"), "-c", ASK_VERSIONS]
    found: dict[str, str] = json.loads(subprocess.check_output(command, text=True, env={"PATH": os.defpath}))
    return found


@functools.cache
def machine() -> str:
    """The machine in a line, without its name."""
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), os.uname().machine
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores ({model}), {memory:.0f} GB of memory, moto {metadata.version('moto')}"


def told(result: Result) -> list[str]:
    """What became of a piece, for people: a line a run."""
    number = result.piece.accounts
    lines = []
    for run, figures in result.runs.items():
        calls = sum(figures["calls"].values()) / number
        faults = f"  FAILED: {'; '.join(figures['faults'])}" if figures["faults"] else ""
        lines.append(
            f"{result.piece.name:42} {run:6} CPU {figures['cpu'] / number:6.3f} s/account  wall {figures['wall']:7.1f}"
            f" s  calls {calls:5.1f}  controller {figures['controller']:5.0f} MB  load {figures['load']:4.1f}{faults}"
        )
    return lines
