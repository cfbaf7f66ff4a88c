# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of an organization on the command line, onboarding through it, and that demo and guide are true."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import typing as t

import pytest
import yaml

from ansible_collections.sky.aws.demo import seed
from ansible_collections.sky.aws.tests.emulator.server import Emulator
from ansible_collections.sky.aws.tests.integration.conftest import new_account
from ansible_collections.sky.aws.tests.integration.runs import ROOT, Runner

HUB = Emulator.management_account
DEMO = ROOT / "demo" / "organization.sky_accounts.yml"
GUIDE = ROOT / "docs" / "inventory.md"


def ansible(runner: Runner, program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command of Ansible's, as a user types it in the repository's folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ANSIBLE_"))}
    command = [str(pathlib.Path(sys.executable).with_name(program)), *arguments]
    return subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**kept, **runner.environment, "ANSIBLE_NOCOLOR": "1", **environment},
        check=False,
    )


def hosts(listing: str) -> dict[str, dict[str, t.Any]]:
    """The variables of each host in the output of ``--list``, which marks what is no template."""
    found = json.loads(listing, object_hook=lambda each: each.get("__ansible_unsafe", each))
    return t.cast("dict[str, dict[str, t.Any]]", found["_meta"]["hostvars"])


@pytest.fixture
def source(aws: Emulator, runner: Runner, tmp_path: pathlib.Path) -> t.Iterator[pathlib.Path]:
    """An organization of three accounts, one of them suspended, and the file that asks for them."""
    ids = [new_account(aws) for _ in range(3)]
    accounts = [
        {"name": "ML Vision", "unit": "Research/Vision", "id": ids[0], "tags": {"team": "vision"}},
        {"name": "Sandbox", "unit": "Sandbox", "id": ids[1]},
        {"name": "Closed", "unit": "Sandbox", "id": ids[2], "state": "SUSPENDED"},
    ]
    aws.organization(HUB, accounts)
    path = tmp_path / "research.sky_accounts.yml"
    path.write_text(
        yaml.safe_dump(
            {
                "plugin": "sky.aws.sky_accounts",
                "account_id": HUB,
                "region": "us-east-1",
                "tag_groups": ["team"],
                "compose": {"sky_users_present": "[{'name': 'alice'}]"},
            }
        )
    )
    aws.clear_log()
    yield path
    aws.reset()


def test_accounts_are_onboarded_through_it(aws: Emulator, runner: Runner, source: pathlib.Path) -> None:
    variables = source.with_name("group_vars") / "ou_research.yml"
    variables.parent.mkdir()
    variables.write_text("sky_policy_name: research-policy\n")

    planned = ansible(runner, "ansible-playbook", "sky.aws.onboard", "-i", str(source), "--check")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert aws.writes() == []
    assert re.search(r"^ml-vision .*changed=3 .*failed=0", planned.stdout, re.MULTILINE)
    assert "is not a variable of any role" not in planned.stdout + planned.stderr

    done = ansible(runner, "ansible-playbook", "sky.aws.onboard", "-i", str(source))
    assert done.returncode == 0, done.stdout + done.stderr
    made = {(call["account"], call["target"]) for call in aws.writes() if call["api"] == "iam:CreatePolicy"}
    listed = hosts(ansible(runner, "ansible-inventory", "-i", str(source), "--list").stdout)
    assert made == {
        (listed["ml-vision"]["sky_account_id"], "research-policy"),
        (listed["sandbox"]["sky_account_id"], "minimal-skypilot-policy"),
    }
    assert sorted(listed) == ["ml-vision", "sandbox"]

    aws.clear_log()
    again = ansible(runner, "ansible-playbook", "sky.aws.onboard", "-i", str(source), "--limit", "tag_team__vision")
    assert re.search(r"^ml-vision .*changed=0 .*failed=0", again.stdout, re.MULTILINE)
    assert "sandbox" not in again.stdout
    assert aws.writes() == []


def test_a_flag_flushes_the_cache(aws: Emulator, runner: Runner, source: pathlib.Path, tmp_path: pathlib.Path) -> None:
    cache = {
        "ANSIBLE_INVENTORY_CACHE": "true",
        "ANSIBLE_INVENTORY_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_INVENTORY_CACHE_CONNECTION": str(tmp_path / "cache"),
    }
    counts = []
    for flags in ([], [], ["--flush-cache"], []):
        listed = ansible(runner, "ansible-inventory", "-i", str(source), "--list", *flags, **cache)
        assert '"ml-vision"' in listed.stdout, listed.stderr
        counts.append(len(aws.calls()))
        aws.clear_log()
    assert counts[0] == counts[2] > 0
    assert counts[1] == counts[3] == 0


def test_what_is_wrong_is_one_line(runner: Runner, source: pathlib.Path) -> None:
    source.write_text(source.read_text() + "exclude_units: [Researc]\n")
    found = ansible(
        runner, "ansible-inventory", "-i", str(source), "--list", ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true"
    )
    assert found.returncode != 0
    said = " ".join(found.stderr.split())
    assert f"exclude_units: 'Researc' in the organization of account {HUB}: there is no such unit" in said
    assert "Traceback" not in found.stderr


@pytest.fixture(scope="module")
def demo_aws() -> t.Iterator[Emulator]:
    """The organization of the demo, without what its accounts have."""
    with Emulator() as emulator:
        seed.create_organization(seed.Cloud(emulator.url), seed.read_inventory())
        yield emulator


def shown() -> list[tuple[list[str], str]]:
    """The commands of Ansible in the guide that have their output beneath: the block goes on after ``$ command``."""
    blocks = re.findall(r"^((?: {4}.*\n|\n)+)", GUIDE.read_text(), re.MULTILINE)
    examples = [re.sub(r"^ {4}", "", block, flags=re.MULTILINE).strip("\n") for block in blocks]
    runs = [example.partition("\n") for example in examples if example.startswith("$ ")]
    return [(command.removeprefix("$ ").split(), output) for command, _, output in runs]


def test_the_guide_has_examples() -> None:
    assert [command[0] for command, _ in shown()] == ["ansible-inventory", "ansible-inventory"]


@pytest.mark.parametrize("number", range(2))
def test_what_the_guide_shows_is_what_the_demo_says(demo_aws: Emulator, tmp_path: pathlib.Path, number: int) -> None:
    (program, *arguments), output = shown()[number]
    runner = Runner(demo_aws.url, tmp_path)
    found = ansible(runner, program, *arguments, AWS_DEFAULT_REGION="us-east-1")
    today = re.compile(r"\d{4}-\d{2}-\d{2}")  # the demo's accounts joined when it was started
    assert today.sub("DATE", found.stdout.rstrip()) == today.sub("DATE", output), found.stderr


def test_the_demo_lists_the_accounts_of_its_other_inventory(demo_aws: Emulator, tmp_path: pathlib.Path) -> None:
    runner = Runner(demo_aws.url, tmp_path)
    found = ansible(runner, "ansible-inventory", "-i", str(DEMO), "--list", AWS_DEFAULT_REGION="us-east-1")
    asked = {name: variables["sky_account_id"] for name, variables in hosts(found.stdout).items()}
    assert asked == {name: number for accounts in seed.read_inventory().values() for name, number in accounts.items()}


def test_the_demo_never_reaches_real_aws(tmp_path: pathlib.Path) -> None:
    runner = Runner("", tmp_path)
    found = ansible(runner, "ansible-inventory", "-i", str(DEMO), "--list", AWS_DEFAULT_REGION="us-east-1")
    assert "AWS_ENDPOINT_URL is not set" in found.stderr
    assert hosts(found.stdout) == {}
