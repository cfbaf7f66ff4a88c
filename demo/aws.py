# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The embedded AWS: start it, seeded with the sample organization, use it without an AWS account, stop it."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import datetime
import fcntl
import importlib.util
import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import time
import typing as t

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from demo import launch

if t.TYPE_CHECKING:
    from collections.abc import Iterator

STATE_FILE = "aws.json"
LOG_FILE = "aws.log"
CALLS_FILE = "calls.jsonl"


class DemoError(Exception):
    """What the user is told in one line."""


@dataclasses.dataclass(frozen=True)
class State:
    """The server, as ``aws.json`` keeps it. ``seeded`` is written last, so a killed start never looks finished.

    ``pid`` is 0 before the server runs. ``started`` is in UTC, ISO 8601.
    """

    pid: int
    endpoint: str
    started: str
    seeded: bool

    def save(self, folder: pathlib.Path) -> None:
        """Write the file in one step: a reader sees the old one or the new one."""
        draft = folder / f"{STATE_FILE}.new"
        draft.write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n")
        draft.replace(folder / STATE_FILE)


def load(folder: pathlib.Path) -> State | None:
    """The state in ``folder``; None if there is none, or none that can be read."""
    try:
        state = State(**json.loads((folder / STATE_FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return state if isinstance(state.pid, int) else None


def is_ours(pid: int, folder: pathlib.Path) -> bool:
    """Whether the process is our server for this folder: pids are used again, so the number alone says little."""
    return pid > 0 and f"demo.server --state-dir {folder} --fd" in command_line(pid)


def command_line(pid: int) -> str:
    """The command line of a process; empty if it is gone or a zombie."""
    if pathlib.Path("/proc/self").exists():
        try:
            return pathlib.Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
        except OSError:
            return ""
    listing = subprocess.run(
        ["ps", "-ww", "-o", "args=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return listing.stdout


def running(folder: pathlib.Path) -> State | None:
    """The state of the server if it runs, is ours, is seeded and answers."""
    state = load(folder)
    if state is None or not state.seeded or not is_ours(state.pid, folder):
        return None
    return state if launch.get(state.endpoint, "/moto-api/config", timeout=10) is not None else None


def end(pid: int, folder: pathlib.Path) -> bool:
    """End the server, and say whether there was one."""
    if not is_ours(pid, folder):
        return False
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        for _attempt in range(50):
            if not is_ours(pid, folder):
                return True
            time.sleep(0.1)
    raise DemoError(f"process {pid} does not end")


def clear(folder: pathlib.Path) -> None:
    """Remove the folder, the state last: whatever happens meanwhile, it is still known as ours."""
    if not folder.exists():
        return
    if not (folder / STATE_FILE).exists() and any(folder.iterdir()):
        raise DemoError(f"{folder} has files but no {STATE_FILE}, so it is not the demo's: remove it yourself")
    for entry in folder.iterdir():
        if entry.name == STATE_FILE:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    (folder / STATE_FILE).unlink(missing_ok=True)
    folder.rmdir()


@contextlib.contextmanager
def alone(folder: pathlib.Path) -> Iterator[None]:
    """Let one start or stop at a time work on the folder. The lock is on its parent, which stays."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder.parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def start(folder: pathlib.Path) -> None:
    missing = [name for name in ("moto", "flask", "flask_cors", "yaml") if not importlib.util.find_spec(name)]
    if missing:
        raise DemoError(f"{', '.join(missing)} not installed: {sys.executable} -m pip install -r demo/requirements.txt")
    with alone(folder):
        state = running(folder)
        if state:
            print(f"the embedded AWS runs already: {state.endpoint} (pid {state.pid})")
            return
        stale = load(folder)
        if stale:
            end(stale.pid, folder)
        clear(folder)
        began = time.monotonic()
        state = launch_and_seed(folder)
    print(f"the embedded AWS runs: {state.endpoint} (pid {state.pid}), ready in {time.monotonic() - began:.1f} s")
    print(f"its log of calls: {folder / CALLS_FILE}")


def launch_and_seed(folder: pathlib.Path) -> State:
    """Start a server in an empty folder. It is ended again when anything fails, or on Ctrl-C."""
    folder.mkdir()
    started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    state = State(0, "", started, seeded=False)
    state.save(folder)
    command = [sys.executable, "-m", "demo.server", "--state-dir", str(folder)]
    process, url = launch.start(command, folder / LOG_FILE, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        state = State(process.pid, url, started, seeded=False)
        state.save(folder)
        launch.await_answer(url, folder / LOG_FILE)
        seed(url)
        os.truncate(folder / CALLS_FILE, 0)  # the log shows what the user does, not what we did before
        state = dataclasses.replace(state, seeded=True)
        state.save(folder)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return state


def seed(url: str) -> None:
    """Seed in a process of its own, whose environment has none of the user's AWS settings."""
    command = [sys.executable, "-m", "demo.seed", url]
    done = subprocess.run(
        command,
        cwd=launch.REPO,
        env=launch.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DemoError((done.stderr.strip().splitlines() or ["the seeding failed"])[-1])


def stop(folder: pathlib.Path) -> None:
    with alone(folder):
        state = load(folder)
        ended = state is not None and end(state.pid, folder)
        clear(folder)
    print("the embedded AWS is stopped and removed" if ended else "the embedded AWS did not run")


def status(folder: pathlib.Path) -> None:
    state = found(folder)
    calls = [json.loads(line) for line in (folder / CALLS_FILE).read_text().splitlines()]
    writes = sum(call["write"] for call in calls)
    print(f"the embedded AWS runs: {state.endpoint} (pid {state.pid}), since {state.started}")
    print(f"{len(calls)} API calls, {writes} of them writes: {folder / CALLS_FILE}")


def env(folder: pathlib.Path) -> None:
    """Print shell commands: the user's own AWS settings out of the way, those of the embedded AWS in their place."""
    state = found(folder)
    for name in sorted(os.environ):
        if name.startswith("AWS_"):
            print(f"unset {name}")
    settings = {
        "AWS_ENDPOINT_URL": state.endpoint,
        **{name.upper(): value for name, value in launch.MANAGEMENT.items()},
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": ",".join(
            filter(
                None,
                [os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), "127.0.0.1"],
            )
        ),
    }
    settings["no_proxy"] = settings["NO_PROXY"]
    for name, value in settings.items():
        print(f"export {name}={shlex.quote(value)}")


def found(folder: pathlib.Path) -> State:
    state = running(folder)
    if state is None:
        raise DemoError(f"the embedded AWS does not run: start it with {sys.executable} demo/aws.py start")
    return state


def main() -> None:
    commands = {
        start: "start and seed it, unless it runs",
        stop: "stop it and remove all it wrote",
        status: "say where it is and how many calls it had; exit code 1 when it does not run",
        env: 'print its settings for a shell: eval "$(python demo/aws.py env)"',
    }
    parser = argparse.ArgumentParser(prog="demo/aws.py", description=__doc__)
    parser.add_argument(
        "--state-dir",
        type=pathlib.Path,
        default=launch.REPO / ".demo",
        help="default: %(default)s",
    )
    chosen = parser.add_subparsers(required=True, metavar="COMMAND")
    for command, text in commands.items():
        chosen.add_parser(command.__name__, help=text).set_defaults(command=command)
    arguments = parser.parse_args()
    try:
        arguments.command(arguments.state_dir.absolute())
    except (DemoError, launch.LaunchError, OSError) as error:
        sys.exit(f"demo/aws.py: {error}")


if __name__ == "__main__":
    main()
