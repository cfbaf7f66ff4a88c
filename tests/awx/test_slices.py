# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What slices demand of playbooks: nothing that is done once for all, and no account that a slice must have."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
import yaml

from ansible_collections.sky.aws.tests.awx.jobs import PROJECT, Awx, Inventory
from ansible_collections.sky.aws.tests.integration.runs import ROOT

PLAYBOOKS = [*ROOT.glob("playbooks/*.yml"), *PROJECT.glob("*.yml"), *ROOT.glob("roles/*/tasks/*.yml")]
#: What one host does for the others or elsewhere: slices have several such hosts, and what one leaves behind is lost.
ONCE = {"run_once", "delegate_to", "delegate_facts", "local_action", "any_errors_fatal", "throttle"}
#: What knows other hosts.
OTHERS = re.compile(r"ansible_play_(hosts|batch)|hostvars(?!\[inventory_hostname\])|groups\s*[\[.]")
ACCOUNTS = Inventory({f"a{number}": {"sky_account_id": f"{number:012d}"} for number in range(1, 4)})


@pytest.fixture
def awx(tmp_path: pathlib.Path) -> Awx:
    """Jobs without credentials: whatever reaches an account fails."""
    return Awx(tmp_path, {})


def keys(node: t.Any) -> t.Iterator[str]:
    """All keys of a document."""
    if isinstance(node, dict):
        yield from node
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from keys(value)


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: str(path.relative_to(ROOT)))
class TestPlaybooks:
    def test_nothing_is_done_once_for_all(self, path: pathlib.Path) -> None:
        assert not ONCE & set(keys(yaml.safe_load(path.read_text())))

    def test_no_host_looks_at_another(self, path: pathlib.Path) -> None:
        code = "\n".join(line for line in path.read_text().splitlines() if not line.lstrip().startswith("#"))
        assert not OTHERS.search(code)


def test_the_rules_see_what_they_look_for() -> None:
    play = [{"tasks": [{"block": [{"debug": {}, "run_once": True}]}]}]
    assert ONCE & set(keys(play)) == {"run_once"}
    for text in ("groups['all'][0]", "groups.hub", "hostvars['hub'].x", "ansible_play_hosts_all[0]"):
        assert OTHERS.search(text), text
    assert not OTHERS.search("hostvars[inventory_hostname]")


class TestASliceWithoutAMatch:
    """One that has none of the accounts that a pattern names."""

    def test_it_fails_unless_it_is_told_that_it_is_a_slice(self, awx: Awx) -> None:
        job = awx.run(ACCOUNTS, number=2, count=3, extra_vars={"sky_hosts": "a1"})
        assert job.rc != 0
        assert "no account in the inventory matches a1" in job.stdout

    def test_it_ends_well_with_nothing_done_if_it_is_told(self, awx: Awx) -> None:
        job = awx.run(ACCOUNTS, number=2, count=3, extra_vars={"sky_hosts": "a1", "sky_sliced": True})
        assert job.rc == 0, job.stdout
        assert job.outcomes() == []

    def test_a_limit_is_taken_in_each_slice_and_fails_there(self, awx: Awx) -> None:
        """By Ansible itself, before any playbook could help: a survey's pattern does, a limit does not."""
        job = awx.run(ACCOUNTS, number=2, count=3, limit="a1", extra_vars={"sky_sliced": True})
        assert job.rc == 1
        assert "no hosts to target" in job.stdout


class TestAnAccountOfTwoHosts:
    """A slice sees its own hosts. Of three slices the first has a1 and a4, of two it has a1 and a3."""

    INVENTORY = Inventory({**ACCOUNTS.hosts, "a4": ACCOUNTS.hosts["a1"]})

    def test_it_is_refused_in_their_slice(self, awx: Awx) -> None:
        job = awx.run(self.INVENTORY, number=1, count=3, extra_vars={"sky_sliced": True})
        assert job.rc != 0
        assert "hosts share an account: 000000000001 (a1, a4)" in job.stdout
        assert "sky.aws.sky_account" not in {action for _, action, _ in job.results}

    def test_other_slices_do_not_see_it(self, awx: Awx) -> None:
        job = awx.run(self.INVENTORY, number=1, count=2, extra_vars={"sky_sliced": True})
        assert "share an account" not in job.stdout
        assert job.failed_hosts() == ["a1", "a3"]


def test_the_callback_of_rollouts_leaves_awx_its_events(tmp_path: pathlib.Path) -> None:
    """Without credentials all fail; AWX still has an outcome for each host, and the output is the callback's."""
    callback = {"ANSIBLE_STDOUT_CALLBACK": "sky.aws.rollout", "AWS_EC2_METADATA_DISABLED": "true"}
    job = Awx(tmp_path, callback).run(ACCOUNTS)
    assert job.failed_hosts() == sorted(ACCOUNTS.hosts)
    assert sorted(host for host, action, _ in job.results if action == "sky.aws.sky_account") == job.failed_hosts()
    assert "3 x no credentials for account <account>" in job.stdout


def test_slices_are_as_awx_cuts_them() -> None:
    inventory = Inventory({name: {} for name in ("b", "c", "a", "e", "d")}, {"g": {"hosts": ["a", "b"]}, "empty": {}})
    assert [inventory.slice(number, 3) for number in (1, 2, 3)] == [["a", "d"], ["b", "e"], ["c"]]
    assert '"children": ["g", "empty"]' in inventory.script(3, 3)
    assert '"g"' not in inventory.script(3, 3).replace('["g", "empty"]', "")
