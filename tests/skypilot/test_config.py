# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SkyPilot itself on the configurations of the tests, and on its default security group. No AWS is asked."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.sky.aws.tests.skypilot.accounts import NETWORKS
from ansible_collections.sky.aws.tests.skypilot.skypilot import Report, SkyPilot, step
from ansible_collections.sky.aws.tests.skypilot.uses import NODE_USES, USES

#: With it the whole schema holds. (skylet/constants.py, ENV_VAR_IS_SKYPILOT_SERVER)
SERVER = {"IS_SKYPILOT_SERVER": "true"}


def validate(sky: SkyPilot, config: dict[str, t.Any]) -> Report:
    machine = sky.machine(environment=SERVER)
    path = machine.home / "candidate.yaml"
    path.write_text(yaml.safe_dump(config))
    return machine.run(step("validate_config", path=str(path)))


@pytest.mark.parametrize("config", [*NETWORKS.values(), *(use.config for use in (*USES, *NODE_USES) if use.config)])
def test_accepts_what_the_tests_configure(sky: SkyPilot, config: dict[str, t.Any]) -> None:
    report = validate(sky, {"aws": config})
    assert report.ok, report


@pytest.mark.parametrize(
    "config",
    [
        pytest.param({"aws": {"profile": "research"}}, id="profile-outside-a-workspace"),
        pytest.param({"workspaces": {"research": {"aws": {"vpc_names": "research"}}}}, id="vpc-in-a-workspace"),
        pytest.param({"aws": {"use_ssm": None}}, id="null"),
    ],
)
def test_refuses_what_its_schema_has_not(sky: SkyPilot, config: dict[str, t.Any]) -> None:
    report = validate(sky, config)
    assert report.failed == "validate_config"
    assert report.error.startswith("InvalidSkyPilotConfigError")


def test_the_default_security_group_is_the_users_on_this_host(sky: SkyPilot) -> None:
    assert sky.machine().run("default_group").result("default_group").startswith("sky-sg-")
