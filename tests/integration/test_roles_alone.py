# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each role on its own, in a playbook that is not ours: it validates itself and takes the account's variables."""

from __future__ import annotations

import pathlib
import shutil
import typing as t

import pytest

from ansible_collections.sky.aws.tests.emulator.server import Emulator
from ansible_collections.sky.aws.tests.integration.runs import Runner

ROLES = pathlib.Path(__file__).parents[2] / "roles"
IMAGE = "ami-0a1b2c3d4e5f60718"

ALONE: list[tuple[str, dict[str, t.Any], list[str]]] = [
    ("sky_account", {}, []),
    ("sky_network", {}, []),
    ("sky_policy", {}, ["iam:CreatePolicy"]),
    ("sky_users", {"sky_users_present": [{"name": "alice", "policies": []}]}, ["iam:CreateUser"]),
    (
        "sky_instance_role",
        {"sky_instance_role_policies": []},
        ["iam:CreateRole", "iam:CreateInstanceProfile", "iam:AddRoleToInstanceProfile"],
    ),
    ("sky_instances", {"sky_instances_present": [{"name": "i", "image_id": IMAGE}]}, ["ec2:RunInstances"]),
]


def _play(role: str) -> list[dict[str, t.Any]]:
    return [{"hosts": "all", "connection": "local", "gather_facts": False, "roles": [f"sky.aws.{role}"]}]


@pytest.mark.parametrize(("role", "variables", "writes"), ALONE)
def test_a_role_alone(
    aws: Emulator, runner: Runner, account: str, role: str, variables: dict[str, t.Any], writes: list[str]
) -> None:
    if role == "sky_instances":
        aws.client("iam", account).create_instance_profile(InstanceProfileName="skypilot-v1")
        aws.clear_log()
    hosts = {"ml": {"sky_account_id": account, **variables}}
    planned = runner.play(_play(role), hosts, "--check")
    real = runner.play(_play(role), hosts)
    assert (planned.rc, real.rc) == (0, 0), planned.stdout + real.stdout
    assert [call["api"] for call in aws.writes()] == writes
    assert planned.steps("ml") == real.steps("ml")
    aws.clear_log()
    assert runner.play(_play(role), hosts).changed("ml") == 0
    assert aws.writes() == []


def test_a_role_alone_refuses_a_wrong_type(aws: Emulator, runner: Runner, account: str) -> None:
    run = runner.play(_play("sky_policy"), {"ml": {"sky_account_id": account, "sky_policy_existing": "maybe"}})
    assert run.rc == 2
    assert "sky_policy_existing" in run.stdout
    assert aws.calls() == []


def test_a_role_alone_refuses_a_bad_value(aws: Emulator, runner: Runner, account: str) -> None:
    run = runner.play(_play("sky_policy"), {"ml": {"sky_account_id": account, "sky_policy_name": "a b"}})
    assert run.rc == 2
    assert "name: 'a b' is not a valid policy name" in run.message("ml")
    assert aws.calls() == []


@pytest.mark.parametrize("name", ["sky_policy", "research_policy"])
def test_a_copied_role_manages_what_it_declares_under_any_name(
    aws: Emulator, runner: Runner, account: str, name: str, tmp_path: pathlib.Path
) -> None:
    """A role that Ansible knows under another name gave its module no options, and said nothing."""
    shutil.copytree(ROLES / "sky_policy", tmp_path / "roles" / name)
    paths = {"ANSIBLE_ROLES_PATH": str(tmp_path / "roles")}
    play = {"hosts": "all", "connection": "local", "gather_facts": False, "roles": [name]}
    declared = {"sky_account_id": account, "sky_policy_name": "team", "sky_policy_path": "/ml/"}
    run = runner.play([play], {"ml": declared}, environment=paths)
    assert run.rc == 0, run.stdout
    [made] = aws.client("iam", account).list_policies(Scope="Local")["Policies"]
    assert made["Arn"] == f"arn:aws:iam::{account}:policy/ml/team"
