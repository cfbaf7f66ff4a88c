# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""awx/configure.yml, run by the real modules of awx.awx against a fake AWX: what it makes, and that it makes it once."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.sky.aws.plugins.module_utils._features.catalogue import FEATURES
from ansible_collections.sky.aws.tests.awx import configuring, fake_rules
from ansible_collections.sky.aws.tests.awx.configuring import PROJECT, SECRETS, SETTINGS, Done
from ansible_collections.sky.aws.tests.awx.fake import Awx
from ansible_collections.sky.aws.tests.integration.runs import ROOT

TEMPLATES = ("SkyPilot plan", "SkyPilot onboard", "SkyPilot report")
VARIABLES = yaml.safe_load((ROOT / "awx" / "vars" / "main.yml").read_text())


@pytest.fixture(scope="module")
def awx() -> t.Iterator[Awx]:
    with configuring.new_awx() as awx:
        yield awx


@pytest.fixture(scope="module")
def first(awx: Awx, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """The run that makes everything, as talkative as can be."""
    return configuring.configure(awx, tmp_path_factory.mktemp("first"), "-vvv")


@pytest.fixture(scope="module")
def configured(awx: Awx, first: Done) -> Awx:
    assert first.rc == 0, first.output
    return awx


@pytest.fixture(scope="module")
def second(configured: Awx, tmp_path_factory: pytest.TempPathFactory) -> Done:
    return configuring.configure(configured, tmp_path_factory.mktemp("second"))


def test_a_second_run_writes_nothing(second: Done) -> None:
    assert (second.rc, second.changed, second.writes) == (0, 0, []), second.output
    assert second.asked, "the modules asked nothing"


def test_everything_is_made(second: Done, configured: Awx) -> None:
    expected = {
        "organizations": {"SkyPilot"},
        "teams": {"SkyPilot operators", "SkyPilot approvers"},
        "execution_environments": {"SkyPilot"},
        "projects": {"SkyPilot playbooks"},
        "inventories": {"SkyPilot accounts"},
        "inventory_sources": {"SkyPilot organization"},
        "job_templates": set(TEMPLATES),
        "workflow_job_templates": {"SkyPilot rollout"},
        "workflow_job_template_nodes": {"sync", "plan", "approval", "onboard", "report"},
        "schedules": {"SkyPilot nightly plan"},
    }
    for endpoint, names in expected.items():
        assert {each.get("name", each.get("identifier")) for each in configured.all(endpoint)} == names


def test_the_organization_can_install_collections(configured: Awx) -> None:
    assert configured.related("organizations", "SkyPilot", "galaxy_credentials") == ["Ansible Galaxy"]


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_refers_to_what_was_made(configured: Awx, name: str) -> None:
    template = configured.one("job_templates", name)
    assert template["project"] == configured.one("projects", "SkyPilot playbooks")["id"]
    assert template["inventory"] == configured.one("inventories", "SkyPilot accounts")["id"]
    assert template["execution_environment"] == configured.one("execution_environments", "SkyPilot")["id"]
    credentials = configured.related("job_templates", name, "credentials")
    assert sorted(credentials) == ["SkyPilot accounts", "SkyPilot hub"]
    assert (template["forks"], template["job_slice_count"], template["timeout"]) == (10, 4, 7200)
    assert json.loads(template["extra_vars"]) == {"sky_sliced": True}
    assert not template["ask_variables_on_launch"]


def test_only_onboard_writes(configured: Awx) -> None:
    templates = [configured.one("job_templates", name) for name in TEMPLATES]
    assert [(each["playbook"], each["job_type"], each["diff_mode"]) for each in templates] == [
        ("onboard.yml", "check", True),
        ("onboard.yml", "run", False),
        ("report.yml", "check", False),
    ]


def test_the_inventory_comes_from_the_project(configured: Awx) -> None:
    source = configured.one("inventory_sources", "SkyPilot organization")
    assert source["inventory"] == configured.one("inventories", "SkyPilot accounts")["id"]
    assert source["source_project"] == configured.one("projects", "SkyPilot playbooks")["id"]
    assert source["execution_environment"] == configured.one("execution_environments", "SkyPilot")["id"]
    assert source["credential"] == configured.one("credentials", "SkyPilot hub")["id"]
    assert (source["source"], source["overwrite"], source["overwrite_vars"]) == ("scm", True, True)
    assert (source["update_on_launch"], source["update_cache_timeout"]) == (True, 43200)
    assert (PROJECT / source["source_path"]).is_file()
    environment = json.loads(source["source_vars"])
    assert environment == {
        "SKY_ORGANIZATION_ACCOUNT_ID": "012345678901",
        "SKY_ORGANIZATION_ROLE": "",
        "AWS_REGION": "us-east-1",
    }
    read = (PROJECT / source["source_path"]).read_text()
    assert all(name in read for name in environment)


def test_credentials_are_environment_only(configured: Awx) -> None:
    kind = configured.one("credential_types", "SkyPilot accounts")
    assert kind["injectors"] == {
        "env": {
            "SKY_ASSUME_ROLE": "{{ assume_role }}",
            "SKY_EXTERNAL_ID": "{{ external_id }}",
            "AWS_REGION": "{{ region }}",
        }
    }
    assert fake_rules.secrets_of(kind) == {"external_id"}
    credential = configured.one("credentials", "SkyPilot accounts")
    assert credential["credential_type"] == kind["id"]
    assert credential["inputs"] == {
        "assume_role": "OrganizationAccountAccessRole",
        "external_id": SETTINGS["sky_awx_external_id"],
        "region": "us-east-1",
    }
    hub = configured.one("credentials", "SkyPilot hub")["inputs"]
    assert hub == {
        "username": SETTINGS["sky_awx_hub_access_key_id"],
        "password": SETTINGS["sky_awx_hub_secret_access_key"],
    }


def test_secrets_are_nowhere_but_in_credentials(first: Done, second: Done) -> None:
    assert "invocation" in first.output
    assert [secret for secret in SECRETS if secret in first.output + second.output] == []
    others = [asked for asked in first.writes if asked.path != "/api/v2/credentials/"]
    assert len(others) > 20
    assert [secret for secret in SECRETS if secret in json.dumps([asked.body for asked in others])] == []


SURVEYED = [("workflow_job_templates", "SkyPilot rollout"), *(("job_templates", name) for name in TEMPLATES)]


@pytest.mark.parametrize(("endpoint", "name"), SURVEYED)
def test_the_survey_asks_what_the_playbooks_read(configured: Awx, endpoint: str, name: str) -> None:
    assert configured.one(endpoint, name)["survey_enabled"] is True
    questions = configured.survey(endpoint, name)["spec"]
    asked = {each["variable"]: (each["type"], each["required"], each["default"]) for each in questions}
    assert asked == {
        "sky_hosts": ("text", True, "all"),
        "sky_survey_features": ("multiselect", False, ""),
        "sky_batch": ("text", False, "100%"),
    }
    assert all(each["question_description"] for each in questions)
    header = (ROOT / "playbooks" / "onboard.yml").read_text()
    declared = (PROJECT / "inventory" / "group_vars" / "all.yml").read_text()
    assert "sky_hosts" in header
    assert "sky_batch" in header
    assert "sky_survey_features" in declared


def test_the_survey_offers_every_feature() -> None:
    assert sorted(VARIABLES["sky_awx_features"]) == sorted(FEATURES)


def test_the_edges_of_the_workflow(configured: Awx) -> None:
    nodes = ("sync", "plan", "approval", "onboard", "report")
    kinds = ("success_nodes", "failure_nodes", "always_nodes")
    edges = {
        (node, kind, after)
        for node in nodes
        for kind in kinds
        for after in configured.related("workflow_job_template_nodes", node, kind)
    }
    assert edges == {
        ("sync", "success_nodes", "plan"),
        ("plan", "always_nodes", "approval"),
        ("approval", "success_nodes", "onboard"),
        ("onboard", "always_nodes", "report"),
    }


def test_the_nodes_of_the_workflow(configured: Awx) -> None:
    runs = {
        "sync": ("inventory_sources", "SkyPilot organization"),
        "plan": ("job_templates", "SkyPilot plan"),
        "approval": ("workflow_approval_templates", "SkyPilot plan approval"),
        "onboard": ("job_templates", "SkyPilot onboard"),
        "report": ("job_templates", "SkyPilot report"),
    }
    workflow = configured.one("workflow_job_templates", "SkyPilot rollout")["id"]
    for identifier, (endpoint, name) in runs.items():
        node = configured.one("workflow_job_template_nodes", identifier)
        assert node["workflow_job_template"] == workflow
        assert node["unified_job_template"] == configured.one(endpoint, name)["id"]
    assert configured.one("workflow_approval_templates", "SkyPilot plan approval")["timeout"] == 43200


def test_the_nightly_plan(configured: Awx) -> None:
    schedule = configured.one("schedules", "SkyPilot nightly plan")
    assert schedule["unified_job_template"] == configured.one("job_templates", "SkyPilot plan")["id"]
    assert (schedule["enabled"], schedule["extra_data"]) == (True, {"sky_hosts": "all"})


def test_who_launches_does_not_approve(configured: Awx) -> None:
    for name in TEMPLATES:
        assert configured.holders("job_templates", name, "execute") == ["SkyPilot operators"]
    assert configured.holders("workflow_job_templates", "SkyPilot rollout", "execute") == ["SkyPilot operators"]
    assert configured.holders("workflow_job_templates", "SkyPilot rollout", "approval") == ["SkyPilot approvers"]
    assert configured.holders("organizations", "SkyPilot", "auditor") == ["SkyPilot approvers"]
    assert configured.holders("inventories", "SkyPilot accounts", "update") == ["SkyPilot operators"]
    assert configured.holders("projects", "SkyPilot playbooks", "update") == ["SkyPilot operators"]
    assert sorted(configured.holders("teams", "SkyPilot operators", "member")) == ["olga", "omar"]
    assert configured.holders("teams", "SkyPilot approvers", "member") == []


def test_notifications_are_hooked_up(configured: Awx) -> None:
    for event in ("approvals", "error", "success"):
        found = configured.related("workflow_job_templates", "SkyPilot rollout", f"notification_templates_{event}")
        assert found == ["chat"]
    assert configured.related("job_templates", "SkyPilot plan", "notification_templates_error") == ["chat"]


# What changes later. The tests put back what they changed, since all share one AWX.


def test_check_mode_tells_a_drift_and_writes_nothing(second: Done, configured: Awx, tmp_path: pathlib.Path) -> None:
    configured.change("projects", "SkyPilot playbooks", scm_branch="by-hand")
    done = configuring.configure(configured, tmp_path, "--check", "--tags", "project")
    configured.change("projects", "SkyPilot playbooks", scm_branch="main")
    assert (done.rc, done.changed, done.writes) == (0, 1, []), done.output


def test_a_new_secret_is_written_when_told(second: Done, configured: Awx, tmp_path: pathlib.Path) -> None:
    hub = configured.one("credentials", "SkyPilot hub")
    fresh = "n3w/" + SETTINGS["sky_awx_hub_secret_access_key"][4:]
    done = configuring.configure(
        configured,
        tmp_path,
        *("-vvv", "--tags", "credentials"),
        sky_awx_hub_secret_access_key=fresh,
        sky_awx_update_secrets=True,
    )
    written = configured.one("credentials", "SkyPilot hub")["inputs"]["password"]
    configured.change("credentials", "SkyPilot hub", inputs=hub["inputs"])
    assert done.rc == 0, done.output
    assert written == fresh
    assert fresh not in done.output
    assert {asked.method for asked in done.writes} == {"PATCH"}
    assert all(asked.path.startswith("/api/v2/credentials/") for asked in done.writes)


WRONG_REFERENCES: dict[str, tuple[str, dict[str, t.Any], str]] = {
    "credential": ("project", {"sky_awx_project_credential": "deploy key"}, "deploy+key"),
    "project": ("templates", {"sky_awx_project": "no such project"}, "no such project"),
}


@pytest.mark.parametrize("case", WRONG_REFERENCES)
def test_a_wrong_reference_is_named(configured: Awx, second: Done, case: str, tmp_path: pathlib.Path) -> None:
    tag, settings, named = WRONG_REFERENCES[case]
    done = configuring.configure(configured, tmp_path, "--tags", tag, **settings)
    assert done.rc == 2
    (message,) = {line for line in done.output.splitlines() if line.startswith("[ERROR]: Task failed")}
    assert named in message
    assert done.writes == []


# What is refused before any request


def test_missing_variables_are_named_one_by_one(awx: Awx, tmp_path: pathlib.Path) -> None:
    required = [name for name in SETTINGS if name not in VARIABLES]
    done = configuring.configure(awx, tmp_path, **dict.fromkeys(required))
    assert done.rc == 2
    assert done.asked == []
    assert len(required) == 5
    for name in required:
        assert f'"msg": "{name}: it is missing; give ' in done.output


BAD: dict[str, t.Any] = {
    "sky_awx_project_url": "https://user:token@git.example.com/x.git",
    "sky_awx_organization_account_id": "12345678901",
    "sky_awx_hub_access_key_id": "ASIAFAKEFAKEFAKEFAKE",
    "sky_awx_hub_secret_access_key": "too short",
    "sky_awx_external_id": "a b",
    "sky_awx_region": "Europe",
    "sky_awx_slices": 0,
    "sky_awx_forks": "many",
    "sky_awx_schedule_rrule": "every night",
    "sky_awx_batch": "half",
}


def test_bad_variables_are_named_one_by_one(awx: Awx, tmp_path: pathlib.Path) -> None:
    done = configuring.configure(awx, tmp_path, "-vvv", **BAD)
    assert done.rc == 2
    assert done.asked == []
    for name in BAD:
        assert f'"msg": "{name}: it will not do; give ' in done.output
    assert BAD["sky_awx_project_url"] not in done.output
    assert BAD["sky_awx_hub_secret_access_key"] not in done.output
