# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollout as AWX runs it: a plan, one job, three slices at the same time, each again, and an account that is shut."""

from __future__ import annotations

import collections
import dataclasses
import json
import pathlib
import typing as t

import pytest

from ansible_collections.sky.aws.demo.seed import Cloud
from ansible_collections.sky.aws.tests.awx.jobs import IMAGE, SETTINGS, Awx, Inventory, Job
from ansible_collections.sky.aws.tests.awx.jobs_scene import (
    EXTERNAL_ID,
    HUB,
    Hub,
    hub_policy,
    new_account,
    project,
    state_of,
)
from ansible_collections.sky.aws.tests.integration.runs import performed
from ansible_collections.sky.aws.tests.reliability.controllers import Watched
from ansible_collections.sky.aws.tests.reliability.test_secrets import Hunt

#: What the survey gives: texts and lists of texts.
ANSWERS = {"sky_hosts": "all", "sky_survey_features": ["base", "launch_tags", "spot"], "sky_batch": "2,100%"}
POLICY, ROLE = "minimal-skypilot-policy", "skypilot-v1"
WRITES = [
    ("iam:CreatePolicy", POLICY),
    ("iam:CreateUser", "alice"),
    ("iam:AttachUserPolicy", "alice"),
    ("iam:TagUser", "alice"),
    ("iam:CreateAccessKey", "alice"),
    ("secretsmanager:CreateSecret", "sky/alice"),
    ("iam:TagUser", "alice"),
    ("iam:CreateRole", ROLE),
    ("iam:AttachRolePolicy", ROLE),
    ("iam:CreateInstanceProfile", ROLE),
    ("iam:AddRoleToInstanceProfile", ROLE),
]
CHANGED = ["sky_iam_policy", "sky_role", "sky_user"]
#: What ansible-runner adds to the environment of a job.
RUNNERS_OWN = (
    "RUNNER_",
    "AWX_ISOLATED_DATA_DIR",
    "ANSIBLE_CALLBACK_PLUGINS",
    "ANSIBLE_STDOUT_CALLBACK",
    "ANSIBLE_CACHE_",
)


@dataclasses.dataclass
class Rollout:
    """The launches and the write calls of each, as the server saw them, by host."""

    awx: Awx
    hub: Hub
    listing: str
    accounts: dict[str, str]
    ones: Inventory
    sliced: Inventory
    jobs: dict[str, list[Job]] = dataclasses.field(default_factory=dict)
    writes: dict[str, dict[str, list[tuple[str, str]]]] = dataclasses.field(default_factory=dict)

    def launch(self, name: str, accounts: Inventory, launch: t.Callable[[], list[Job]]) -> None:
        self.hub.aws.clear_log()
        self.jobs[name] = launch()
        self.writes[name] = {host: performed(self.hub.aws.writes(self.accounts[host])) for host in accounts.hosts}


@pytest.fixture(scope="module")
def aws() -> t.Iterator[Watched]:
    with Watched(enforce=True) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def rollout(aws: Watched, tmp_path_factory: pytest.TempPathFactory) -> Rollout:
    """Three accounts planned and launched by one job, seven launched by three slices, and these again by one job."""
    folder = tmp_path_factory.mktemp("awx")
    hub = Hub(aws)
    names = [*(f"a{number}" for number in range(1, 4)), *(f"b{number}" for number in range(1, 8))]
    accounts = {name: new_account() for name in names}
    named = [
        {"name": name, "unit": "Research" if name[1] <= "4" else "Sandbox", "id": account}
        for name, account in accounts.items()
    ]
    aws.organization(HUB, named, units=["Empty"])
    hub.may(hub_policy(aws.client("organizations").describe_organization()["Organization"]["Id"]))
    for account in accounts.values():
        aws.internet(account)
        hub.is_trusted_by(account)
    awx = Awx(folder, hub.injected, project(folder / "project"))
    update = awx.update(hub.injected_into_source)
    assert update.returncode == 0, update.stderr
    found = Inventory.imported(json.loads(update.stdout))
    halves = [{name: found.hosts[name] for name in accounts if name.startswith(letter)} for letter in "ab"]
    ones, sliced = (dataclasses.replace(found, hosts=half) for half in halves)
    done = Rollout(awx, hub, update.stdout, accounts, ones, sliced)
    done.launch("plan", ones, lambda: [awx.run(ones, job_type="check", extra_vars=ANSWERS)])
    done.launch("one job", ones, lambda: [awx.run(ones, extra_vars=ANSWERS)])
    done.launch("slices", sliced, lambda: awx.run_sliced(sliced, 3, extra_vars=ANSWERS))
    done.launch("again", sliced, lambda: [awx.run(sliced, extra_vars=ANSWERS)])
    return done


def succeeded(jobs: list[Job]) -> None:
    for job in jobs:
        assert job.rc == 0, job.stdout
        assert job.failed_hosts() == []


def steps(jobs: list[Job]) -> dict[str, list[tuple[str, str]]]:
    """What the events of all jobs say that was done, by host."""
    hosts = {host for job in jobs for host, _, _ in job.outcomes()}
    return {host: [step for job in jobs for step in job.steps(host)] for host in hosts}


def changes(jobs: list[Job]) -> dict[str, list[str]]:
    """The modules that changed something, by host."""
    found = collections.defaultdict(list)
    for job in jobs:
        for host, action, result in job.results:
            if result.get("changed"):
                found[host].append(action.rpartition(".")[2])
    return {host: sorted(actions) for host, actions in found.items()}


class TestPlan:
    def test_it_writes_nothing_and_its_events_are_the_plan(self, rollout: Rollout) -> None:
        succeeded(rollout.jobs["plan"])
        assert list(rollout.writes["plan"].values()) == [[]] * 3
        assert steps(rollout.jobs["plan"]) == rollout.writes["one job"]

    def test_it_shows_the_policy_with_the_features_of_the_survey(self, rollout: Rollout) -> None:
        [planned] = rollout.jobs["plan"]
        [shown] = [result["diff"] for result in planned.of("a1", "sky_iam_policy")]
        assert "spot.amazonaws.com" in json.dumps(shown["after"]["policy"]["document"])


@pytest.mark.parametrize("name", ["one job", "slices"])
class TestLaunches:
    def test_each_account_has_one_outcome_for_each_resource(self, rollout: Rollout, name: str) -> None:
        jobs = rollout.jobs[name]
        succeeded(jobs)
        assert changes(jobs) == dict.fromkeys(rollout.writes[name], CHANGED)
        seen = collections.Counter((host, task) for job in jobs for host, task, _ in job.outcomes())
        assert set(seen.values()) == {1}

    def test_the_events_say_what_the_server_saw(self, rollout: Rollout, name: str) -> None:
        assert steps(rollout.jobs[name]) == rollout.writes[name]
        assert list(rollout.writes[name].values()) == [WRITES] * {"one job": 3, "slices": 7}[name]


def test_the_second_launch_changes_nothing(rollout: Rollout) -> None:
    again = rollout.jobs["again"]
    succeeded(again)
    assert changes(again) == {}
    assert list(rollout.writes["again"].values()) == [[]] * 7


def test_slices_end_as_one_job_does(aws: Watched, rollout: Rollout) -> None:
    states = {state_of(aws, account) for account in rollout.accounts.values()}
    assert len(states) == 1


def test_each_slice_has_its_accounts_and_no_others(rollout: Rollout) -> None:
    ran = [sorted({host for host, _, _ in job.outcomes()}) for job in rollout.jobs["slices"]]
    assert ran == [["b1", "b4", "b7"], ["b2", "b5"], ["b3", "b6"]]


def test_slices_ran_at_the_same_time(rollout: Rollout) -> None:
    spans = [(job.events[0]["created"], job.events[-1]["created"]) for job in rollout.jobs["slices"]]
    assert max(begin for begin, _ in spans) < min(end for _, end in spans)


class TestTheInventory:
    """What AWX keeps of the organization in its database."""

    def test_it_is_json_without_a_secret(self, aws: Watched, rollout: Rollout) -> None:
        assert not Hunt(aws).found(rollout.listing.encode())
        assert EXTERNAL_ID not in rollout.listing
        found = json.loads(rollout.listing, object_hook=lambda each: each.get("__ansible_unsafe", each))
        variables = found["_meta"]["hostvars"]
        assert {name: each["sky_account_id"] for name, each in variables.items()} == rollout.accounts
        assert found["ou_root"]["children"] == ["ou_empty", "ou_research", "ou_sandbox"]

    def test_what_differs_between_jobs_is_left_to_the_job(self, rollout: Rollout) -> None:
        """Templates are stored as they are written, and find the job's own environment and answers."""
        variables = rollout.ones.variables
        assert "SKY_ASSUME_ROLE" in variables["sky_account_assume_role"]
        assert "sky_survey_features" in variables["sky_policy_features"]


class TestWhatAJobHas:
    def test_the_environment_is_what_awx_injects(self, rollout: Rollout) -> None:
        awxs = {*SETTINGS, "JOB_ID", "INVENTORY_ID", "PROJECT_REVISION", "AWX_PRIVATE_DATA_DIR", "AWX_HOST"}
        known = {*IMAGE, "HOME", *awxs, "ANSIBLE_COLLECTIONS_PATH", *rollout.hub.injected}
        for jobs in rollout.jobs.values():
            for job in jobs:
                assert {name for name in job.environment() if not name.startswith(RUNNERS_OWN)} == known

    def test_nothing_that_stays_of_a_job_has_a_secret(self, aws: Watched, rollout: Rollout) -> None:
        """But the credential that AWX injected: it is in the two places where ansible-runner keeps the environment."""
        hunt = Hunt(aws)
        for jobs in rollout.jobs.values():
            for job in jobs:
                assert not hunt.found(job.stdout.encode())
                [note] = job.folder.glob("artifacts/*/command")
                assert sorted(hunt.in_folder(job.folder)) == sorted([note, job.folder / "env" / "envvars"])
                given = note.read_text() + (job.folder / "env" / "envvars").read_text()
                assert [secret for secret in aws.secrets() if secret in given] == [rollout.hub.secret]

    def test_the_keys_are_in_secrets_manager(self, aws: Watched, rollout: Rollout) -> None:
        stored = aws.client("secretsmanager", rollout.accounts["a1"]).get_secret_value(SecretId="sky/alice")[
            "SecretString"
        ]
        assert any(secret in stored for secret in aws.secrets())


class TestAnAccountThatIsShut:
    """Its role asks for another external id than the one that the job has."""

    @pytest.fixture
    def shut(self, aws: Watched, rollout: Rollout) -> t.Iterator[str]:
        account = rollout.accounts["b4"]
        rollout.hub.is_trusted_by(account, "another")
        aws.client("iam", account).detach_user_policy(
            UserName="alice", PolicyArn=f"arn:aws:iam::{account}:policy/{POLICY}"
        )
        aws.clear_log()
        yield account
        rollout.hub.is_trusted_by(account)

    def test_it_fails_alone_and_is_relaunched_alone(self, aws: Watched, rollout: Rollout, shut: str) -> None:
        first = rollout.awx.run(rollout.sliced, number=1, count=3, extra_vars=ANSWERS)
        assert first.rc == 2
        assert first.failed_hosts() == ["b4"]
        said = first.message("b4")
        assert "sts:AssumeRole" in said
        assert shut in said
        assert changes([first]) == {}
        assert {host: len(first.of(host, "sky_role")) for host in ("b1", "b4", "b7")} == {"b1": 1, "b4": 0, "b7": 1}
        assert aws.writes() == []

        rollout.hub.is_trusted_by(shut)
        aws.clear_log()
        limit = ",".join(first.failed_hosts())
        relaunched = rollout.awx.run(rollout.sliced, number=1, count=3, limit=limit, extra_vars=ANSWERS)
        succeeded([relaunched])
        assert steps([relaunched]) == {"b4": [("iam:AttachUserPolicy", "alice")]}
        assert {call["account"] for call in aws.calls()} == {shut, HUB}


def test_a_job_without_the_external_id_reaches_no_account(
    aws: Watched, rollout: Rollout, tmp_path: pathlib.Path
) -> None:
    kept = {name: value for name, value in rollout.hub.injected.items() if name != "SKY_EXTERNAL_ID"}
    job = Awx(tmp_path, kept).run(rollout.ones, extra_vars=ANSWERS)
    assert job.rc == 2
    # The first batch of the answers: where all of one fail, Ansible begins no other.
    assert job.failed_hosts() == ["a1", "a2"]
    assert "external" in job.message("a1")
    assert sorted(host for host, action, _ in job.results if action == "sky.aws.sky_account") == ["a1", "a2"]


def test_the_hub_may_not_do_what_its_jobs_do(aws: Watched, rollout: Rollout) -> None:
    """The rights are those of the role in the account; the identity in the hub has none of them."""
    iam = Cloud(aws.url).client("iam", credentials=rollout.hub.keys)
    with pytest.raises(iam.exceptions.ClientError, match="not authorized to perform: iam:ListUsers"):
        iam.list_users()
