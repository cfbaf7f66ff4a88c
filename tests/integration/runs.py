# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks, run by ansible-runner with nothing in the environment but what they need."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import typing as t

import ansible_runner
import yaml

from ansible_collections.sky.aws.demo import launch

ROOT = pathlib.Path(__file__).resolve().parents[2]
Call = tuple[str, str]


@dataclasses.dataclass
class Run:
    """What a run did: the exit code, all output, and the results of tasks by host."""

    rc: int
    stdout: str
    results: list[tuple[str, str, dict[str, t.Any]]]
    folder: pathlib.Path

    def of(self, host: str, action: str) -> list[dict[str, t.Any]]:
        """The results of a module on a host, one for each loop item."""
        found = [result for name, task_action, result in self.results if name == host and task_action.endswith(action)]
        return [item for result in found for item in result.get("results", [result])]

    def steps(self, host: str) -> list[Call]:
        """Every write call that the host's tasks report, in order."""
        reported = [
            item for name, action, result in self.results if name == host for item in result.get("results", [result])
        ]
        return [(step["api"], step["target"]) for item in reported for step in item.get("steps", [])]

    def changed(self, host: str) -> int:
        return sum(1 for name, action, result in self.results if name == host and result.get("changed"))

    def message(self, host: str) -> str:
        """The text of the host's failure."""
        failed = [result for name, action, result in self.results if name == host and result.get("failed")]
        items = [item for result in failed for item in result.get("results", [result])]
        return "\n".join(str(item["msg"]) for item in items if "msg" in item)


class Runner:
    """Runs playbooks against an emulated AWS; ``folder`` takes what ansible-runner writes."""

    def __init__(self, url: str, folder: pathlib.Path) -> None:
        self.url = url
        self.folder = folder
        self._runs = 0

    def onboard(self, hosts: dict[str, dict[str, t.Any]], *arguments: str, **options: t.Any) -> Run:
        return self.play("sky.aws.onboard", hosts, *arguments, **options)

    def play(
        self,
        playbook: str | list[dict[str, t.Any]],
        hosts: dict[str, dict[str, t.Any]],
        *arguments: str,
        environment: dict[str, str] | None = None,
        extra: dict[str, t.Any] | None = None,
    ) -> Run:
        """Run a playbook, by its name or as a list of plays."""
        self._runs += 1
        data = self.folder / f"run{self._runs}"
        (data / "project").mkdir(parents=True)
        if isinstance(playbook, list):
            (data / "project" / "play.yml").write_text(yaml.safe_dump(playbook))
            playbook = "play.yml"
        done = ansible_runner.run(
            private_data_dir=str(data),
            playbook=playbook,
            inventory={"all": {"hosts": hosts}},
            envvars={**self.environment, **(environment or {})},
            extravars=extra or {},
            cmdline=" ".join(arguments),
            quiet=True,
        )
        events = list(done.events)
        results = [
            (
                event["event_data"]["host"],
                event["event_data"]["task_action"],
                {**event["event_data"]["res"], "failed": event["event"] != "runner_on_ok"},
            )
            for event in events
            if event["event"] in ("runner_on_ok", "runner_on_failed", "runner_on_unreachable")
        ]
        return Run(done.rc, "\n".join(event["stdout"] for event in events), results, data)

    @property
    def environment(self) -> dict[str, str]:
        """What a run needs, and nothing of the caller's."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            **{name.upper(): value for name, value in launch.MANAGEMENT.items()},
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections"),
            "ANSIBLE_CONFIG": str(ROOT / "tests" / "ansible.cfg"),
            "ANSIBLE_HOME": str(self.folder / "home"),
            # Ansible looks for it in the user's home by two ways, which differ where HOME is not the one of the system.
            "ANSIBLE_ASYNC_DIR": str(self.folder / "async"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "NO_PROXY": "127.0.0.1",
        }


def performed(writes: list[dict[str, t.Any]]) -> list[Call]:
    """The emulator's log of writes, in the form of ``Run.steps``."""
    return [(call["api"], call["target"]) for call in writes]


def dumped(folder: pathlib.Path) -> str:
    """Everything that a run wrote to disk, as one text."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return "\n".join(path.read_text(errors="replace") for path in files)
