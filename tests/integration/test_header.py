# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The header of onboard.yml, on inventories as people write them. ``--list-hosts`` has Ansible read it and stop there."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest

from ansible_collections.sky.aws.tests.integration.runs import Runner

ONE, TWO = "111111111111", "222222222222"
HOSTS = {"a": {"sky_account_id": ONE}, "b": {"sky_account_id": TWO}}
TWICE = {"a": {"sky_account_id": ONE}, "b": {"sky_account_id": ONE}}


@dataclasses.dataclass
class Listing:
    """What Ansible said, and the hosts it would run on."""

    rc: int
    listed: str
    said: str

    @property
    def hosts(self) -> list[str]:
        assert self.rc == 0, self.said
        return self.listed.partition("hosts (")[2].split()[1:]

    @property
    def error(self) -> str:
        """The line of the error."""
        assert self.rc != 0, self.listed
        (line,) = [line for line in self.said.splitlines() if "ERROR" in line]
        return line


@dataclasses.dataclass
class Project:
    """A folder with an inventory."""

    folder: pathlib.Path

    def write(self, name: str, content: t.Any) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))

    def list(self, *arguments: str, **extra: t.Any) -> Listing:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "ansible", "playbook", "sky.aws.onboard", "--list-hosts"),
                *("-i", str(self.folder / "accounts.yml"), "-e", json.dumps(extra), *arguments),
            ],
            env={**Runner("", self.folder).environment, "PATH": os.environ["PATH"], "HOME": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        return Listing(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def project(tmp_path: pathlib.Path) -> Project:
    found = Project(tmp_path)
    found.write("accounts.yml", {"all": {"hosts": HOSTS, "children": {"canary": {"hosts": {"b": None}}}}})
    return found


class TestPatterns:
    def test_all_by_default(self, project: Project) -> None:
        assert sorted(project.list().hosts) == ["a", "b"]

    @pytest.mark.parametrize("pattern", ["canary", ["canary"], "{{ 'can' ~ 'ary' }}", "all:!a"])
    def test_texts_lists_and_templates(self, project: Project, pattern: t.Any) -> None:
        assert project.list(sky_hosts=pattern).hosts == ["b"]

    @pytest.mark.parametrize("pattern", ["nobody", "~(", "localhost"])
    def test_what_matches_nothing(self, project: Project, pattern: str) -> None:
        assert f"sky_hosts: no account in the inventory matches {pattern};" in project.list(sky_hosts=pattern).error

    @pytest.mark.parametrize("sliced", [True, "true"])
    def test_a_slice_in_which_it_matches_nothing(self, project: Project, sliced: t.Any) -> None:
        assert project.list(sky_hosts="nobody", sky_sliced=sliced).hosts == []

    def test_an_empty_inventory_leaves_localhost_which_has_no_account(self, project: Project) -> None:
        project.write("accounts.yml", {"all": {"hosts": {}}})
        assert project.list().hosts == ["localhost"]

    def test_null_is_no_default(self, project: Project) -> None:
        assert "sky_batch: null is invalid; give a value" in project.list(sky_batch=None).error


class TestSharedAccounts:
    """``a`` and ``b`` are one account."""

    def refused(self, project: Project, *arguments: str, **extra: t.Any) -> None:
        assert f"hosts share an account: {ONE} (a, b); give each host" in project.list(*arguments, **extra).error

    def test_by_their_own_variables(self, project: Project) -> None:
        project.write("accounts.yml", {"all": {"hosts": TWICE}})
        self.refused(project)

    @pytest.mark.parametrize("choice", [{"sky_hosts": "a"}, {"sky_hosts": "all:!b"}])
    def test_not_where_the_pattern_leaves_one_out(self, project: Project, choice: dict[str, t.Any]) -> None:
        project.write("accounts.yml", {"all": {"hosts": TWICE}})
        assert project.list(**choice).hosts == ["a"]

    def test_not_where_the_limit_leaves_one_out(self, project: Project) -> None:
        project.write("accounts.yml", {"all": {"hosts": {**TWICE, "c": {"sky_account_id": TWO}}}})
        assert sorted(project.list("--limit", "b,c").hosts) == ["b", "c"]
        self.refused(project, "--limit", "a,b")

    def test_by_a_group_in_the_inventory(self, project: Project) -> None:
        group = {"hosts": dict.fromkeys("ab"), "vars": {"sky_account_id": ONE}}
        project.write("accounts.yml", {"all": {"hosts": {"c": {"sky_account_id": TWO}}, "children": {"lab": group}}})
        self.refused(project)

    @pytest.mark.parametrize("name", ["all", "canary"])
    def test_by_a_file_of_a_group(self, project: Project, name: str) -> None:
        members = {"hosts": dict.fromkeys("ab")}
        project.write("accounts.yml", {"all": {"children": {"canary": members}}})
        project.write(f"group_vars/{name}.yml", {"sky_account_id": ONE})
        self.refused(project)

    def test_by_the_file_of_a_host(self, project: Project) -> None:
        project.write("host_vars/b.yml", {"sky_account_id": ONE})
        self.refused(project)

    def test_not_where_a_host_has_an_id_of_its_own_beside_the_group(self, project: Project) -> None:
        project.write("group_vars/all.yml", {"sky_account_id": ONE})
        assert sorted(project.list().hosts) == ["a", "b"]

    def test_not_where_the_id_is_a_template(self, project: Project) -> None:
        project.write("group_vars/all.yml", {"sky_account_id": "{{ ids[inventory_hostname] }}"})
        project.write("accounts.yml", {"all": {"hosts": dict.fromkeys("ab")}})
        assert sorted(project.list().hosts) == ["a", "b"]

    def test_not_where_there_is_none(self, project: Project) -> None:
        project.write("accounts.yml", {"all": {"hosts": dict.fromkeys("ab")}})
        assert sorted(project.list().hosts) == ["a", "b"]

    def test_by_an_extra_var(self, project: Project) -> None:
        self.refused(project, sky_account_id=ONE)

    def test_not_where_an_extra_var_has_one_host(self, project: Project) -> None:
        assert project.list("--limit", "a", sky_account_id=ONE).hosts == ["a"]
        assert project.list(sky_hosts="b", sky_account_id=ONE).hosts == ["b"]

    def test_not_where_an_extra_var_is_a_template(self, project: Project) -> None:
        project.write("accounts.yml", {"all": {"hosts": TWICE}})
        assert sorted(project.list(sky_account_id="{{ ids[inventory_hostname] }}").hosts) == ["a", "b"]


def test_the_lookup_is_for_headers(project: Project) -> None:
    """Nothing else has the inventory among its callers."""
    template = "msg={{ lookup('sky.aws.accounts', 'hosts') }}"
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "adhoc", "localhost", "-m", "debug", "-a", template],
        env={**Runner("", project.folder).environment, "PATH": os.environ["PATH"], "HOME": str(project.folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "sky.aws.accounts: no playbook runs; use it in the header of a play" in done.stdout + done.stderr
