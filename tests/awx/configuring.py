# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs awx/configure.yml against the fake AWX, with nothing in the environment but what it needs."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
import subprocess
import sys
import typing as t

import yaml

from ansible_collections.sky.aws.tests.awx.fake import Asked, Awx
from ansible_collections.sky.aws.tests.integration.runs import ROOT

PROJECT = ROOT / "awx" / "project"
#: How AWX tells playbooks from other files (awx/main/utils/ansible.py).
_PLAYBOOK = re.compile(r"^\s*-?\s*(?:hosts|(ansible\.builtin\.)?import_playbook):", re.MULTILINE)
SETTINGS: dict[str, t.Any] = {
    "sky_awx_project_url": "https://git.example.com/platform/sky-accounts.git",
    "sky_awx_execution_environment_image": "images.example.com/sky-aws:0.1.0",
    "sky_awx_organization_account_id": "012345678901",
    "sky_awx_external_id": "rollout-5d1c7e",
    "sky_awx_hub_access_key_id": "AKIAFAKEFAKEFAKEFAKE",
    "sky_awx_hub_secret_access_key": "fAk3/SeCr3t+0123456789abcdefghijABCDEFGH",
    "sky_awx_operators": ["olga", "omar"],
    "sky_awx_notifications": ["chat"],
}
SECRETS = (SETTINGS["sky_awx_hub_secret_access_key"], SETTINGS["sky_awx_external_id"], Awx.token)


@dataclasses.dataclass
class Done:
    """A run: exit code, all output, the requests that it made."""

    rc: int
    output: str
    asked: list[Asked]

    @property
    def changed(self) -> int:
        (count,) = re.findall(r"^localhost .* changed=(\d+) ", self.output, re.MULTILINE)
        return int(count)

    @property
    def writes(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.method != "GET"]


def playbooks() -> list[str]:
    """What AWX would offer of the project for a template."""
    files = [path for path in PROJECT.rglob("*.yml") if "group_vars" not in path.parts]
    return [str(path.relative_to(PROJECT)) for path in files if _PLAYBOOK.search(path.read_text())]


def new_awx() -> Awx:
    """An AWX that has the users and the notifications of the settings."""
    awx = Awx(playbooks())
    for name in SETTINGS["sky_awx_operators"]:
        awx.add("users", username=name)
    awx.add("notification_templates", name="chat")
    return awx


def configure(awx: Awx, folder: pathlib.Path, *arguments: str, **settings: t.Any) -> Done:
    """Run the playbook with the settings of above, changed by ``settings``; None leaves one out."""
    given = {name: value for name, value in {**SETTINGS, **settings}.items() if value is not None}
    (folder / "settings.yml").write_text(yaml.safe_dump(given))
    before = len(awx.log)
    done = subprocess.run(
        [
            str(pathlib.Path(sys.executable).with_name("ansible-playbook")),
            str(ROOT / "awx" / "configure.yml"),
            "-e",
            f"@{folder / 'settings.yml'}",
            *arguments,
        ],
        env={
            "PATH": f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.defpath}",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "ANSIBLE_HOME": str(folder / "ansible"),
            "ANSIBLE_COLLECTIONS_PATH": f"{ROOT / '.ansible' / 'collections'}{os.pathsep}{ROOT / '.awx'}",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_NOCOLOR": "true",
            "ANSIBLE_PIPELINING": "true",
            "CONTROLLER_HOST": awx.url,
            "CONTROLLER_OAUTH_TOKEN": awx.token,
            "NO_PROXY": "127.0.0.1",
            # Every request would read all certificates of the machine, which is most of its time.
            "SSL_CERT_FILE": os.devnull,
        },
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return Done(done.returncode, done.stdout + done.stderr, awx.log[before:])
