# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A member account chooses its own name; it must not come by another's host, variables or group that way."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest
import yaml

from ansible_collections.sky.aws.tests.emulator.server import Emulator
from ansible_collections.sky.aws.tests.integration.conftest import new_account
from ansible_collections.sky.aws.tests.integration.runs import ROOT, Runner
from ansible_collections.sky.aws.tests.integration.test_inventory import hosts

HUB = Emulator.management_account
#: What vision's people are given in host_vars, and nobody else.
VARIABLES = {"sky_policy_name": "of-vision"}


class Sources:
    """A folder of inventory sources over an organization of three accounts."""

    def __init__(self, aws: Emulator, runner: Runner, folder: pathlib.Path) -> None:
        self._aws, self._runner, self._folder = aws, runner, folder
        self.victim, self.attacker, self.bystander = (new_account(aws) for _ in range(3))
        (folder / "host_vars").mkdir(parents=True)
        self.variables = folder / "host_vars" / "vision.yml"
        self.variables.write_text(json.dumps(VARIABLES))  # which is YAML, too

    def organize(self, attacker: str) -> None:
        """The attacker has joined first and has this name now."""
        accounts = [
            {"name": "vision", "unit": "Research", "id": self.victim},
            {"name": attacker, "unit": "Sandbox", "id": self.attacker, "joined": "2020-01-01T00:00:00Z"},
            {"name": "bio", "unit": "Research", "id": self.bystander},
        ]
        self._aws.organization(HUB, accounts)
        self._aws.clear_log()

    def write(self, name: str, **options: t.Any) -> None:
        asked = {"plugin": "sky.aws.sky_accounts", "account_id": HUB, "region": "us-east-1", **options}
        (self._folder / f"{name}.sky_accounts.yml").write_text(yaml.safe_dump(asked))

    def add(self, name: str, inventory: dict[str, t.Any]) -> None:
        """A source of another kind. Sources are read in the order of their names."""
        (self._folder / name).write_text(yaml.safe_dump(inventory))

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of Ansible's on all of them."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ANSIBLE_"))}
        command = [str(pathlib.Path(sys.executable).with_name(program)), *arguments, "-i", str(self._folder)]
        environment = {**kept, **self._runner.environment, "ANSIBLE_NOCOLOR": "1"}
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, check=False)

    def listed(self) -> dict[str, dict[str, t.Any]]:
        done = self.run("ansible-inventory", "--list")
        assert done.returncode == 0, done.stderr
        return hosts(done.stdout)

    def ids(self) -> dict[str, str]:
        """The account of each host."""
        return {name: variables["sky_account_id"] for name, variables in self.listed().items()}


@pytest.fixture
def sources(aws: Emulator, runner: Runner, tmp_path: pathlib.Path) -> t.Iterator[Sources]:
    yield Sources(aws, runner, tmp_path / "inventory")
    aws.reset()


@pytest.mark.parametrize("name", ["vision", "VISION", "Vísion", " vision "])
def test_accounts_of_one_name_are_left_alone_and_all_others_are_onboarded(
    aws: Emulator, sources: Sources, name: str
) -> None:
    sources.organize(name)
    sources.write("all")
    done = sources.run("ansible-playbook", "sky.aws.onboard")
    assert done.returncode == 2, done.stdout + done.stderr
    assert {call["account"] for call in aws.calls()} - {HUB} == {sources.bystander}
    assert [call["target"] for call in aws.writes() if call["api"] == "iam:CreatePolicy"] == ["minimal-skypilot-policy"]
    first, second = sorted((sources.victim, sources.attacker))
    line = (
        f"sky_account_name: accounts {first} and {second} share the host name vision, so none of them is managed; rename "
        "all but one of them, or give host_name: id in the inventory"
    )
    failed = [text for text in done.stdout.splitlines() if text.startswith("fatal: ")]
    assert sorted(text.split("[")[1].split("]")[0] for text in failed) == [f"vision-{first}", f"vision-{second}"]
    assert all(f'"msg": "{line}"' in text for text in failed), failed
    assert VARIABLES["sky_policy_name"] not in done.stdout


@pytest.mark.parametrize("name", ["vision.yml", "vision.yaml", "Vision.JSON"])
def test_no_name_is_that_of_a_file_of_variables(sources: Sources, name: str) -> None:
    sources.organize(name)
    sources.write("all")
    sources.variables.rename(sources.variables.with_suffix(name.lower().removeprefix("vision")))
    having = [host for host, variables in sources.listed().items() if VARIABLES.items() <= variables.items()]
    assert having == ["vision"]
    assert sources.ids()["vision"] == sources.victim


def test_nor_does_a_name_in_another_source_take_the_host(sources: Sources) -> None:
    sources.organize("Vision")
    sources.write("1", include_units=["Research"])
    sources.write("2", include_units=["Sandbox"])
    found = sources.listed()
    assert {name: variables["sky_account_id"] for name, variables in found.items()} == {
        "vision": sources.victim,
        f"vision-{sources.attacker}": sources.attacker,
        "bio": sources.bystander,
    }
    clashes = {name: variables.get("sky_account_clash", "") for name, variables in found.items()}
    assert clashes["vision"] == clashes[f"vision-{sources.attacker}"]
    assert "share the host name vision" in clashes["vision"]
    assert clashes["bio"] == ""


def test_a_host_that_another_source_has_without_an_account_or_with_this_one_is_the_same(sources: Sources) -> None:
    sources.organize("play")
    declared = {"bio": {}, "vision": {"sky_account_id": sources.victim}}
    sources.add("0.yml", {"all": {"hosts": declared}})
    sources.write("1")
    found = sources.listed()
    assert set(found) == {"bio", "play", "vision"}
    assert not any("sky_account_clash" in variables for variables in found.values())


def test_no_name_is_that_of_a_group(sources: Sources) -> None:
    """Ansible takes a name for the group's, and would put the group beneath the attacker's unit."""
    sources.organize("production")
    sources.add("0.yml", {"production": {"hosts": {"bio": {}}}})
    sources.write("1")
    assert sources.ids()[f"production-{sources.attacker}"] == sources.attacker
    graph = sources.run("ansible-inventory", "--graph", "ou_sandbox").stdout
    assert "bio" not in graph
    assert f"production-{sources.attacker}" in graph


def test_by_id_everybody_is_onboarded_under_any_name(aws: Emulator, sources: Sources) -> None:
    sources.organize("vision")
    sources.write("all", host_name="id")
    done = sources.run("ansible-playbook", "sky.aws.onboard", "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {call["account"] for call in aws.calls()} - {HUB} == {sources.victim, sources.attacker, sources.bystander}


def test_no_module_works_on_a_host_without_a_name_of_its_own(aws: Emulator, sources: Sources) -> None:
    """Not by a task that names the account itself either."""
    sources.organize("vision")
    sources.write("all")
    for options in ("name=eve", "name=eve account_id={{sky_account_id}}"):
        done = sources.run("ansible", "vision*", "-c", "local", "-m", "sky.aws.sky_user", "-a", options)
        assert done.stdout.count('"msg": "sky_account_name: accounts ') == 2, done.stdout
    assert aws.writes() == []
