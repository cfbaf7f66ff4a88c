# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a program and measure it: CPU and wall time, and the memory of it and of all its children. Linux only."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import re
import subprocess
import threading
import time
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterator

PROC = pathlib.Path("/proc")
INTERVAL = 0.5


@dataclasses.dataclass
class Measured:
    """``cpu`` is user and system time of the program and of all children that were waited for, ``wall`` the time it
    took, in seconds. ``controller`` is the peak resident memory of the program itself (VmHWM), ``tree`` the highest
    sum of proportional set sizes (PSS) of it and its children that was sampled, in MB.
    """

    rc: int
    cpu: float
    wall: float
    controller: float
    tree: float
    output: str


def run(command: list[str], environment: dict[str, str], folder: pathlib.Path) -> Measured:
    """Run the command in ``folder`` with nothing but ``environment``, to its end."""
    output = folder / "output.txt"
    started = time.monotonic()
    with output.open("wb") as file:
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT
        )
    memory = Memory(process.pid)
    memory.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        process.kill()
        raise
    finally:
        memory.end()
    wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)  # Popen would wait for it in vain
    cpu = usage.ru_utime + usage.ru_stime
    text = output.read_text(errors="replace")
    return Measured(process.returncode, cpu, wall, memory.controller, memory.tree, text)


class Memory(threading.Thread):
    """Looks at the memory of a process and its children every half second, or less often where that takes long."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.controller = 0.0
        self.tree = 0.0
        self._pid = pid
        self._ended = threading.Event()

    def run(self) -> None:
        pause = 0.0
        while not self._ended.wait(pause):
            before = time.monotonic()
            self.controller = max(self.controller, _kilobytes(self._pid, "status", "VmHWM") / 1024)
            self.tree = max(self.tree, sum(_kilobytes(pid, "smaps_rollup", "Pss") for pid in family(self._pid)) / 1024)
            pause = max(INTERVAL, 20 * (time.monotonic() - before))

    def end(self) -> None:
        self._ended.set()
        self.join()


def family(pid: int) -> Iterator[int]:
    """The process and all below it; those that end meanwhile are left out."""
    yield pid
    with contextlib.suppress(OSError):
        for thread in (PROC / str(pid) / "task").iterdir():
            for child in (thread / "children").read_text().split():
                yield from family(int(child))


def _kilobytes(pid: int, file: str, field: str) -> int:
    """A field of a file of /proc; 0 for a process that has ended."""
    try:
        text = (PROC / str(pid) / file).read_text()
    except OSError:
        return 0
    found = re.search(rf"^{field}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) if found else 0
