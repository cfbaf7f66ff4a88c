# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWX jobs without AWX: ansible-runner in a process of its own, given what AWX gives it and nothing else.

Source: awx/main/tasks/jobs.py (RunJob), awx/main/models/{inventory,jobs,unified_jobs}.py and awx/settings/defaults.py
of AWX 24.6.1 (https://github.com/ansible/awx). AWX does the same in a container of the execution environment.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import typing as t

import yaml

from ansible_collections.sky.aws.tests.integration.runs import ROOT, Run

PROJECT = ROOT / "awx" / "project"
SOURCE = "inventory/organization.sky_accounts.yml"
#: The environment of the image: all that a job has beside what AWX sets and injects.
IMAGE = {"PATH": f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.defpath}", "LANG": "C.UTF-8"}
#: What AWX sets for every job, whatever its credentials.
SETTINGS = {
    "ANSIBLE_FORCE_COLOR": "True",
    "ANSIBLE_HOST_KEY_CHECKING": "False",
    "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
    "ANSIBLE_PARAMIKO_RECORD_HOST_KEYS": "False",
    "ANSIBLE_RETRY_FILES_ENABLED": "False",
    "MAX_EVENT_RES": "700000",
}
#: The same for the update of an inventory source (awx/main/constants.py).
UPDATE_SETTINGS = {
    "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
    "ANSIBLE_INVENTORY_EXPORT": "True",
    "ANSIBLE_VERBOSE_TO_STDERR": "True",
    "ANSIBLE_HOST_PATTERN_MISMATCH": "error",
}
OUTCOMES = {"runner_on_ok", "runner_on_failed", "runner_on_unreachable"}


class Unsafe(yaml.SafeDumper):
    """Writes extra vars as AWX does: what comes from a survey or a launch is no template."""

    def represent_data(self, data: t.Any) -> yaml.Node:
        if isinstance(data, str):
            return self.represent_scalar("!unsafe", data)
        return super().represent_data(data)


@dataclasses.dataclass
class Inventory:
    """An inventory in AWX's database. ``groups`` may have ``hosts``, ``children`` and ``vars``."""

    hosts: dict[str, dict[str, t.Any]]
    groups: dict[str, dict[str, t.Any]] = dataclasses.field(default_factory=dict)
    variables: dict[str, t.Any] = dataclasses.field(default_factory=dict)

    @classmethod
    def imported(cls, listing: dict[str, t.Any]) -> Inventory:
        """What an inventory source brings: ``ansible-inventory --list --export``."""
        groups = {name: group for name, group in listing.items() if name not in ("_meta", "all", "ungrouped")}
        return cls(listing["_meta"]["hostvars"], groups, listing.get("all", {}).get("vars", {}))

    def slice(self, number: int, count: int) -> list[str]:
        """The names of the hosts of a slice, counted from one (Inventory.get_sliced_hosts)."""
        return sorted(self.hosts)[number - 1 :: count]

    def script(self, number: int, count: int) -> str:
        """The inventory file of a job (Inventory.get_script_data, BaseTask.write_inventory_file)."""
        names = self.slice(number, count)
        data: dict[str, t.Any] = {}
        for name, group in self.groups.items():
            members = [host for host in group.get("hosts", ()) if host in names]
            info = {"hosts": members, "children": group.get("children"), "vars": group.get("vars")}
            if any(info.values()):
                data[name] = {key: value for key, value in info.items() if value}
        grouped = {host for group in data.values() for host in group.get("hosts", ())}
        every = {"hosts": [name for name in names if name not in grouped], "children": list(self.groups)}
        data["all"] = {**every, "vars": self.variables}
        hostvars = {name: {**self.hosts[name], **_awx_variables(index)} for index, name in enumerate(names, 1)}
        text = json.dumps({**data, "_meta": {"hostvars": hostvars}})
        return f"#! /usr/bin/env python3\n# -*- coding: utf-8 -*-\nprint({text!r})\n"


def _awx_variables(identifier: int) -> dict[str, t.Any]:
    return {
        f"remote_{prefix}_{name}": value
        for prefix in ("host", "tower")
        for name, value in (("enabled", "true"), ("id", identifier))
    }


@dataclasses.dataclass
class Job(Run):
    """A job that ended. ``events`` are what AWX keeps and shows of it, in order."""

    events: list[dict[str, t.Any]]

    def outcomes(self) -> list[tuple[str, str, dict[str, t.Any]]]:
        """Host, task and result of each task that did something, one for each event: skipped tasks are none."""
        data = [event["event_data"] for event in self.events if event["event"] in OUTCOMES]
        return [(one["host"], one["task_uuid"], one["res"]) for one in data]

    def failed_hosts(self) -> list[str]:
        """Whom "relaunch on failed hosts" takes (Job.retry_qs)."""
        [stats] = [event["event_data"] for event in self.events if event["event"] == "playbook_on_stats"]
        return sorted({*stats["failures"], *stats["dark"]})

    def environment(self) -> dict[str, str]:
        """All that the job's process had, by ansible-runner's own note."""
        [note] = self.folder.glob("artifacts/*/command")
        return t.cast("dict[str, str]", json.loads(note.read_text())["env"])


class Started:
    """A job that is running."""

    def __init__(self, folder: pathlib.Path, process: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self._process = process

    def ended(self) -> Job:
        """Wait for its end."""
        said = self._process.communicate(timeout=300)[0].decode(errors="replace")
        paths = self.folder.glob("artifacts/*/job_events/*.json")
        events = sorted((json.loads(path.read_text()) for path in paths), key=lambda event: event["counter"])
        results = [
            (data["host"], data["task_action"], {**data["res"], "failed": event["event"] != "runner_on_ok"})
            for event in events
            if event["event"] in OUTCOMES
            for data in [event["event_data"]]
        ]
        stdout = "\n".join([*(event["stdout"] for event in events), said])
        return Job(self._process.returncode, stdout, results, self.folder, events)


class Awx:
    """Launches jobs. ``injected`` is what the credentials of the template put into the environment.

    ``project`` is the checkout that a job gets a copy of; what a job leaves is below ``folder``.
    """

    def __init__(self, folder: pathlib.Path, injected: dict[str, str], project: pathlib.Path = PROJECT) -> None:
        self.folder = folder
        self.injected = injected
        self.project = project
        self._identifiers = itertools.count(101)

    def start(
        self,
        inventory: Inventory,
        playbook: str = "onboard.yml",
        *,
        job_type: str = "run",
        limit: str = "",
        forks: int = 5,
        extra_vars: dict[str, t.Any] | None = None,
        number: int = 1,
        count: int = 1,
    ) -> Started:
        """Start a job, or the slice ``number`` of ``count``. A ``check`` job shows differences, too."""
        identifier = str(next(self._identifiers))
        folder = self._private_data(identifier)
        script = folder / "inventory" / "hosts"
        script.write_text(inventory.script(number, count))
        script.chmod(0o700)
        arguments = [*(["--check"] if job_type == "check" else []), "-u", "root"]
        arguments += ["--diff"] if job_type == "check" else []
        arguments += [f"--forks={forks}", *(["-l", limit] if limit else [])]
        own = _meta_variables(int(identifier))
        texts = {
            "cmdline": " ".join(arguments),
            "envvars": json.dumps({**self._environment(folder, identifier), **self.injected}),
            "extravars": yaml.dump({**(extra_vars or {}), **own}, Dumper=Unsafe),
            "settings": json.dumps({"job_timeout": 0, "suppress_ansible_output": True, "suppress_output_file": True}),
        }
        for name, text in texts.items():
            (folder / "env" / name).write_text(text)
        return Started(folder, self._runner(folder, identifier, playbook))

    def run(self, inventory: Inventory, playbook: str = "onboard.yml", **options: t.Any) -> Job:
        """The same, to its end."""
        return self.start(inventory, playbook, **options).ended()

    def run_sliced(self, inventory: Inventory, count: int, **options: t.Any) -> list[Job]:
        """All slices at the same time."""
        started = [self.start(inventory, number=number, count=count, **options) for number in range(1, count + 1)]
        return [each.ended() for each in started]

    def update(self, injected: dict[str, str], source: str = SOURCE) -> subprocess.CompletedProcess[str]:
        """The update of an inventory source that lies in the project; the listing is its output.

        ``injected`` is of the source's one credential, and its ``source_vars``.
        """
        folder = self._private_data(f"update{next(self._identifiers)}")
        path = folder / "project" / source
        command = ["ansible-inventory", "--list", "--export", "-i", str(path), "--playbook-dir", str(path.parent)]
        environment = {**self._image(folder), **UPDATE_SETTINGS, **self._collections(), **injected}
        return subprocess.run(
            command, cwd=path.parent, env=environment, capture_output=True, text=True, check=False, timeout=300
        )

    def _private_data(self, name: str) -> pathlib.Path:
        folder = self.folder / f"awx_{name}"
        for part in ("env", "inventory", "home"):
            (folder / part).mkdir(parents=True)
        folder.chmod(0o700)
        shutil.copytree(self.project, folder / "project")
        return folder

    def _image(self, folder: pathlib.Path) -> dict[str, str]:
        return {**IMAGE, "HOME": str(folder / "home")}

    def _collections(self) -> dict[str, str]:
        """AWX has the project's requirements first on the path; here the collection is there already."""
        return {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections")}

    def _environment(self, folder: pathlib.Path, identifier: str) -> dict[str, str]:
        own = {"JOB_ID": identifier, "INVENTORY_ID": "7", "PROJECT_REVISION": "0" * 40}
        return {
            **SETTINGS,
            **self._collections(),
            **own,
            "AWX_PRIVATE_DATA_DIR": str(folder),
            "AWX_HOST": "https://towerhost",
        }

    def _runner(self, folder: pathlib.Path, identifier: str, playbook: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "ansible_runner", "run", str(folder), "--ident", identifier]
        return subprocess.Popen(
            [*command, "-p", playbook, "--inventory", str(folder / "inventory" / "hosts")],
            cwd=folder,
            env=self._image(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )


def _meta_variables(identifier: int) -> dict[str, t.Any]:
    """Job.awx_meta_vars, under both names."""
    facts = {
        "job_id": identifier,
        "job_launch_type": "workflow",
        "job_template_id": 11,
        "job_template_name": "sky.aws onboard",
        "workflow_job_id": 100,
        "workflow_job_name": "sky.aws rollout",
        "workflow_job_launch_type": "manual",
        "project_revision": "0" * 40,
        "project_scm_branch": "",
        "inventory_id": 7,
        "inventory_name": "accounts",
        "user_id": 3,
        "user_name": "ada",
        "user_email": "ada@example.com",
        "user_first_name": "Ada",
        "user_last_name": "L",
        "execution_node": "node1",
    }
    return {f"{prefix}_{name}": value for prefix in ("awx", "tower") for name, value in facts.items()}
