# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks of awx/project: what they refuse, and what the report tells."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.sky.aws.tests.awx.configuring import PROJECT
from ansible_collections.sky.aws.tests.emulator.server import Emulator
from ansible_collections.sky.aws.tests.integration.runs import Runner

ACCOUNT = "215000000001"
SECRET = {"name": "alice", "access_key_delivery": {"secret": "skypilot/alice"}}
FILE = {"name": "alice", "access_key_delivery": {"file": "/runner/keys"}}


@pytest.fixture(scope="module")
def aws() -> t.Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def runner(aws: Emulator, tmp_path: pathlib.Path) -> Runner:
    aws.clear_log()
    return Runner(aws.url, tmp_path)


def host(account: str, **variables: t.Any) -> dict[str, t.Any]:
    return {"sky_account_id": account, "sky_network_on_unusable": "report", **variables}


@pytest.mark.parametrize("playbook", ["onboard.yml", "rotate_keys.yml"])
def test_what_would_be_lost_with_the_job_is_refused(aws: Emulator, runner: Runner, playbook: str) -> None:
    hosts = {
        "key": host(ACCOUNT, sky_users_present=[FILE]),
        "config": host(ACCOUNT, sky_config_present=[{"name": "alice"}]),
    }
    run = runner.play(str(PROJECT / playbook), hosts)
    assert run.rc == 2
    for name in hosts:
        assert "deliver keys to Secrets Manager" in run.message(name)
    assert aws.calls() == []


def test_the_report_runs_in_check_mode_only(aws: Emulator, runner: Runner) -> None:
    run = runner.play(str(PROJECT / "report.yml"), {"lab": host(ACCOUNT)})
    assert run.rc == 2
    assert "run it in check mode" in run.message("lab")
    assert aws.calls() == []


def test_the_report_fails_for_what_is_not_as_declared(aws: Emulator, runner: Runner) -> None:
    onboarded = host(ACCOUNT, sky_users_present=[SECRET])
    assert runner.play(str(PROJECT / "onboard.yml"), {"done": onboarded}).rc == 0
    aws.clear_log()
    hosts = {"done": onboarded, "new": host("215000000002", sky_users_present=[SECRET])}
    run = runner.play(str(PROJECT / "report.yml"), hosts, "--check")
    assert run.rc == 2
    assert run.message("done") == ""
    assert "not as declared: instance_role, policy, users;" in run.message("new")
    assert aws.writes() == []
