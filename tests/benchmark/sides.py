# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sides of the benchmark: which ansible-playbook runs what, with which inventory."""

from __future__ import annotations

import dataclasses
import hashlib
import pathlib
import shutil
import sys
import typing as t

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "benchmark"
PEER = ROOT / ".peer" / "bin"
OURS = pathlib.Path(sys.executable).parent

#: What onboard.yml runs.
OUR_CODE = (
    "playbooks/onboard.yml",
    "plugins/action",
    "plugins/lookup",
    "plugins/module_utils",
    "plugins/modules",
    "plugins/plugin_utils",
    "roles",
)

#: What both sides bring an account to.
POLICY, USER, ROLE, INSTANCE = "minimal-skypilot-policy", "skypilot-user", "skypilot-v1", "skypilot-smoke"
IMAGE, TYPE = "ami-0a1b2c3d4e5f60718", "t3.micro"


@dataclasses.dataclass(frozen=True)
class Side:
    """``title`` is for the page. ``variables`` are those of all hosts, ``account`` is the name of the account's id.

    ``code`` are the files and folders whose change makes an earlier result old.
    """

    title: str
    bin: pathlib.Path
    account: str
    variables: dict[str, t.Any]
    code: tuple[pathlib.Path, ...]
    environment: dict[str, str] = dataclasses.field(default_factory=dict)

    def inventory(self, accounts: list[str]) -> dict[str, t.Any]:
        hosts = {f"account-{account}": {self.account: account} for account in accounts}
        return {"all": {"vars": self.variables, "hosts": hosts}}

    def fingerprint(self) -> str:
        """Of all the code, so that a result can be told from one of other code."""
        found = hashlib.sha256()
        for top in self.code:
            for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
                if path.suffix in (".py", ".yml", ".j2", ".txt") and path.is_file():
                    found.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
        return found.hexdigest()[:16]


SIDES = {
    "ours": Side(
        title="sky.aws",
        bin=OURS,
        account="sky_account_id",
        variables={
            "sky_users_present": [{"name": USER}],
            "sky_instances_present": [{"name": INSTANCE, "instance_type": TYPE, "image_id": IMAGE}],
        },
        code=tuple(ROOT / part for part in OUR_CODE),
        environment={"ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections")},
    ),
    "peer": Side(
        title="amazon.aws",
        bin=PEER,
        account="peer_account_id",
        variables={"peer_image_id": IMAGE, "peer_instance_type": TYPE},
        code=(HERE / "peer", HERE / "requirements.txt"),
    ),
    "nothing": Side(
        title="an action that does nothing",
        bin=OURS,
        account="account",
        variables={},
        code=(HERE / "floor",),
        environment={"ANSIBLE_ACTION_PLUGINS": str(HERE / "floor")},
    ),
    "debug": Side(title="ansible.builtin.debug", bin=OURS, account="account", variables={}, code=()),
}

#: The task of a floor.
TASKS: dict[str, dict[str, t.Any]] = {
    "nothing": {"nothing": {}},
    "debug": {"ansible.builtin.debug": {"msg": "nothing"}},
}


def playbook(side: str, folder: pathlib.Path, tasks: int) -> str:
    """What ansible-playbook is to run; ``folder`` takes what has to be written for it, ``tasks`` is for a floor."""
    if side == "ours":
        return "sky.aws.onboard"
    if side == "peer":
        shutil.copytree(HERE / "peer", folder / "peer")
        return str(folder / "peer" / "site.yml")
    listed = [{"name": f"Task {number}", **TASKS[side]} for number in range(tasks)]
    path = folder / "floor.yml"
    play = {"name": "Floor", "hosts": "all", "connection": "local", "gather_facts": False, "tasks": listed}
    path.write_text(yaml.safe_dump([play], sort_keys=False))
    return str(path)
