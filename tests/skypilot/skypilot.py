# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SkyPilot as the tests use it: machines of users and instances, on which scenarios of named steps run.

with SkyPilot(aws.url, folder) as sky:
    laptop = sky.machine(credentials=key_file, profile="111122223333-alice", config={"aws": {...}})
    report = laptop.run("check_compute", step("render", ports=["8080"]), "bootstrap")
    assert report.ok, report
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
import os
import pathlib
import shutil
import socket
import subprocess
import typing as t

import yaml

from ansible_collections.sky.aws.demo import server
from ansible_collections.sky.aws.tests.skypilot.catalog import write_catalog, write_zones

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / ".skypilot" / "bin"
DRIVER = pathlib.Path(__file__).with_name("driver.py")
#: An image that the emulated AWS has in every region.
IMAGE = json.loads(server.OWN_IMAGES.read_text())[0]["ami_id"]

Step = dict[str, t.Any]


def step(name: str, /, **arguments: t.Any) -> Step:
    """A step of a scenario with its arguments; see steps.py."""
    return {"name": name, "arguments": arguments}


@dataclasses.dataclass(repr=False)
class Report:
    """What the steps of a scenario did, up to the first that failed. As a text it is what a failing test shows."""

    steps: list[dict[str, t.Any]]
    log: pathlib.Path

    @property
    def ok(self) -> bool:
        return self.failed is None

    @property
    def failed(self) -> str | None:
        """The step that failed."""
        return next((done["step"] for done in self.steps if not done["ok"]), None)

    @property
    def error(self) -> str:
        """Type and text of what failed, and of what caused it, one a line."""
        return "".join(done["error"] for done in self.steps)

    def result(self, name: str) -> t.Any:
        """What the last step of that name returned."""
        return next(done["result"] for done in reversed(self.steps) if done["step"] == name)

    def __repr__(self) -> str:
        shown = [f"{done['step']} {'ok' if done['ok'] else done['error']} ({done['seconds']} s)" for done in self.steps]
        return "\n".join([*shown, *self.log.read_text(errors="replace").splitlines()[-15:]])


class Running:
    """A scenario under way."""

    def __init__(self, reports: t.TextIO, count: int, log: pathlib.Path) -> None:
        self._reports = reports
        self._count = count
        self._log = log

    @functools.cached_property
    def report(self) -> Report:
        """Wait for the end. Raises RuntimeError if the process died before it."""
        with self._reports as lines:
            report = Report([json.loads(line) for line in lines], self._log)
        if report.ok and len(report.steps) < self._count:
            raise RuntimeError(f"SkyPilot's process died:\n{report}")
        return report


class Machine:
    """A computer with a HOME of its own, where ``sky`` or skylet runs. It keeps what SkyPilot keeps in its HOME."""

    def __init__(self, control: socket.socket, environment: dict[str, str]) -> None:
        self._control = control
        self.environment = environment
        self.home = pathlib.Path(environment["HOME"])

    def begin(self, *steps: str | Step) -> Running:
        """Start a scenario; others can run at the same time."""
        named = [step(each) if isinstance(each, str) else each for each in steps]
        scenario = json.dumps({"environment": self.environment, "steps": named}).encode()
        read, write = os.pipe()
        try:
            socket.send_fds(self._control, [scenario], [write])
        finally:
            os.close(write)
        return Running(os.fdopen(read, encoding="utf-8"), len(named), self.home / "log")

    def run(self, *steps: str | Step) -> Report:
        return self.begin(*steps).report

    def configure(self, config: dict[str, t.Any]) -> None:
        """Write ``~/.sky/config.yaml``."""
        (self.home / ".sky" / "config.yaml").write_text(yaml.safe_dump(config))

    def make_head_node(self, cluster: Machine) -> None:
        """Put there what a launch from ``cluster`` puts on a head node and skylet reads; ray does nothing."""
        shutil.copyfile(cluster.home / "cluster.yaml", self.home / ".sky" / "sky_ray.yml")
        (self.home / "ray").touch()
        (self.home / ".sky" / "ray_path").write_text(str(self.home / "ray"))


class SkyPilot:
    """A process with SkyPilot, for the AWS at ``url``; ``folder`` takes the machines. From ``start`` to ``stop``."""

    def __init__(self, url: str, folder: pathlib.Path) -> None:
        self._url = url
        self._folder = folder
        self._numbers = itertools.count(1)
        self._control, self._other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> t.Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        # The HOME of its import decides where SkyPilot has its catalog and its locks: all machines share them.
        home = self._folder / "host"
        write_catalog(home, IMAGE)
        fd = self._other.fileno()
        command = [str(BIN / "python"), str(DRIVER), str(fd)]
        with (home / "log").open("wb") as log:
            self._process = subprocess.Popen(
                command, pass_fds=[fd], env=self._environment(home), stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        self._other.close()

    @functools.cached_property
    def _used(self) -> pathlib.Path:
        """The folder ``.sky`` of somebody who has used SkyPilot before; raises RuntimeError if it did not start."""
        home = self._folder / "host"
        if not self._control.recv(64):
            raise RuntimeError(f"SkyPilot did not start:\n{(home / 'log').read_text(errors='replace')}")
        return home / ".sky"

    def stop(self) -> None:
        self._control.close()
        if self._process:
            self._process.wait(timeout=10)

    def machine(
        self,
        *,
        config: dict[str, t.Any] | None = None,
        credentials: pathlib.Path | None = None,
        profile: str = "",
        metadata: str = "",
        environment: dict[str, str] | None = None,
    ) -> Machine:
        """A new machine: with a file of ``credentials``, or an instance with the metadata service at ``metadata``.

        ``config`` is ``~/.sky/config.yaml``, ``profile`` the one of the file that SkyPilot is to use.
        """
        home = self._folder / f"machine{next(self._numbers)}"
        shutil.copytree(self._used, home / ".sky", ignore=shutil.ignore_patterns("catalogs", "locks"))
        values = self._environment(home)
        if credentials:
            (home / ".aws").mkdir()
            shutil.copyfile(credentials, home / ".aws" / "credentials")
            values |= {"AWS_PROFILE": profile, "AWS_EC2_METADATA_DISABLED": "true"}
        if metadata:
            values["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = metadata
        machine = Machine(self._control, values | (environment or {}))
        machine.configure(config or {})
        return machine

    def tell_zones(self, user_id: str, zones: list[tuple[str, str]]) -> None:
        """Let SkyPilot know the zones (name, id) of a user's account as if the user had run ``sky check``."""
        write_zones(self._folder / "host", user_id, zones)

    def _environment(self, home: pathlib.Path) -> dict[str, str]:
        """Nothing of ours: SkyPilot listens to every AWS_, SKY_ and SKYPILOT_ variable, and to proxies."""
        return {
            "HOME": str(home),
            "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin",
            "AWS_ENDPOINT_URL": self._url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_PAGER": "",
            "SKYPILOT_DISABLE_USAGE_COLLECTION": "1",
            "NO_PROXY": "127.0.0.1",
        }
