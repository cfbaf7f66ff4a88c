# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives the real SkyPilot; runs with SkyPilot's own interpreter, started by skypilot.py.

``python driver.py FD``: FD is a SEQPACKET socket, on which it says READY. A message to it is one scenario as JSON, and
with it comes the pipe that takes the reports, one line of JSON a step; the end of the pipe is the end of the scenario.

SkyPilot is imported once (2 s); a scenario is a fork of this process (0.03 s) with a HOME and an environment of its
own, so scenarios can run side by side. The HOME of this process gets what SkyPilot makes at its first use, a database
and an SSH key (1 s), for a copy in each HOME.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import socket
import sys
import time
import typing as t

import boto3
import lookup  # noqa: F401 - its step is one of STEPS
import pandas
from sky import skypilot_config
from sky.utils import auth_utils
from steps import STEPS, Scenario

READY = b"ready"
#: SkyPilot imports these when it needs them; here they are imported once for all scenarios.
EARLY = (boto3, pandas)
#: A scenario is a few hundred bytes; a longer message would come cut off.
MESSAGE = 65536


def serve(control: socket.socket) -> None:
    """Fork a process for every scenario that comes, until the other end of ``control`` is closed."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, MESSAGE, 1)
        if not message:
            return
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if os.fork() == 0:
            control.close()
            run_and_exit(json.loads(message), descriptors[0])
        os.close(descriptors[0])


def run_and_exit(scenario: dict[str, t.Any], reports: int) -> t.NoReturn:
    """Run the scenario and end the process: SkyPilot keeps threads that no normal exit gets past."""
    home = pathlib.Path(scenario["environment"]["HOME"])
    log = os.open(home / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    # SkyPilot and its subprocesses write to both.
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.clear()
    os.environ.update(scenario["environment"])
    os.chdir(home)
    with open(reports, "w", encoding="utf-8") as pipe:
        run(scenario["steps"], pipe)
        pipe.flush()
        os._exit(0)


def run(steps: list[dict[str, t.Any]], pipe: t.TextIO) -> None:
    """Run the steps up to the first that fails, and report each."""
    skypilot_config.reload_config()  # the one of this HOME; imported was that of no HOME
    state = Scenario()
    for step in steps:
        report = run_step(state, **step)
        print(json.dumps(report), file=pipe, flush=True)
        if not report["ok"]:
            return


def run_step(state: Scenario, name: str, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
    print(f"=== {name} {arguments}", file=sys.stderr, flush=True)
    start = time.monotonic()
    report: dict[str, t.Any] = {"step": name, "ok": True, "result": None, "error": ""}
    try:
        report["result"] = STEPS[name](state, **arguments)
    except BaseException as error:  # noqa: BLE001 - SkyPilot ends a launch by SystemExit, too
        report.update(ok=False, error=shown(error))
    return {**report, "seconds": round(time.monotonic() - start, 2)}


def shown(error: BaseException | None) -> str:
    """The error and what caused it, one a line."""
    lines = []
    while error is not None:
        lines.append(f"{type(error).__name__}: {error}")
        error = error.__cause__ or error.__context__
    return "\n".join(lines)


def use_once() -> None:
    """Make the database and the key, in a process that ends: an open database does not go through a fork."""
    child = os.fork()
    if child == 0:
        auth_utils.get_or_generate_keys()
        os._exit(0)
    os.waitpid(child, 0)


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    use_once()
    control.send(READY)
    serve(control)
    os._exit(0)


if __name__ == "__main__":
    main()
