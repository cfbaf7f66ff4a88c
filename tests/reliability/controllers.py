# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``ansible-playbook`` as an operator runs it, in processes of its own, to be killed; and an AWS that can be stopped."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
import time
import typing as t

import yaml

from ansible_collections.sky.aws.tests.emulator.server import Emulator
from ansible_collections.sky.aws.tests.integration.runs import Runner

if t.TYPE_CHECKING:
    from collections.abc import Callable

Hosts = dict[str, dict[str, t.Any]]


class Watched(Emulator):
    """The emulated AWS, with the means of ``watch.py``."""

    def hold(self, account: str, number: int, when: str = "after") -> None:
        """Stop the account's ``number``-th write from now, ``before`` or ``after`` it takes effect."""
        self._ask("POST", "/__emulator/holds", {"account": account, "number": number, "when": when})

    def held(self) -> dict[str, str | None]:
        """The api that each account is stopped at, None for one that is not yet there."""
        return t.cast("dict[str, str | None]", self._ask("GET", "/__emulator/holds"))

    def release(self) -> None:
        self._ask("DELETE", "/__emulator/holds")

    def secrets(self) -> list[str]:
        """Every secret key and session token that was ever issued."""
        return t.cast("list[str]", self._ask("GET", "/__emulator/secrets"))

    def detour(self, accounts: dict[str, str]) -> None:
        """From now on whoever assumes a role in one of these accounts lands in the other."""
        self._ask("POST", "/__emulator/detours", accounts)


def templated(account: str) -> str:
    """An account id that the header of a playbook cannot read: it refuses two hosts of one account."""
    return f"{{{{ '{account}' }}}}"


class Controller:
    """A run in a process group of its own; ``folder`` takes its inventory and its output.

    Controllers that are given one ``home`` are those of one operator: they share Ansible's folder for temporary files.
    """

    def __init__(self, url: str, home: pathlib.Path, name: str, hosts: Hosts, *arguments: str, **more: str) -> None:
        """``more`` goes into the environment."""
        self.folder = home / name
        self.folder.mkdir(parents=True)
        inventory = self.folder / "inventory.yml"
        inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
        self._log = self.folder / "output"
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), **Runner(url, home).environment, **more}
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                ["ansible-playbook", "sky.aws.onboard", "-i", str(inventory), *arguments],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def wait(self, seconds: float = 300) -> int:
        """The exit code; a run that takes too long is killed, and is a failure of the test."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """SIGKILL to the group and to the workers, each of which has made itself a session of its own."""
        family = descendants(self.process.pid)
        for process in (self.process.pid, *family):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.process.wait()
        await_that(lambda: not any(map(alive, family)), "the workers are gone")

    def kill_group(self) -> list[int]:
        """SIGKILL to the process group alone, which leaves the workers; their ids."""
        family = descendants(self.process.pid)
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        return [process for process in family if alive(process)]


def descendants(root: int) -> list[int]:
    """The processes below one, from /proc."""
    parents: dict[int, int] = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    found = [root]
    for parent in found:
        found += [process for process, above in parents.items() if above == parent]
    return found[1:]


def alive(process: int) -> bool:
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def await_that(condition: Callable[[], bool], what: str, seconds: float = 120) -> None:
    """Wait until it is so; it is a failure if it does not become so in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"in vain: {what}"
        time.sleep(0.1)
