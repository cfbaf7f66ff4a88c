# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Onboardings on bad days: every write call disturbed in every way, AWS that shows late, and a fleet in a storm."""

from __future__ import annotations

import collections
import time
import typing as t

import pytest

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._resources.instance import RESOURCE as instance
from ansible_collections.sky.aws.plugins.module_utils._resources.policy import RESOURCE as policy
from ansible_collections.sky.aws.plugins.module_utils._resources.role import RESOURCE as role
from ansible_collections.sky.aws.plugins.module_utils._resources.user import RESOURCE as user
from ansible_collections.sky.aws.tests.emulator.server import Emulator
from ansible_collections.sky.aws.tests.integration.runs import Runner
from ansible_collections.sky.aws.tests.reliability.onboarding import DECLARED, IMAGE, NAME, POLICY, WRITES, Onboarding
from ansible_collections.sky.aws.tests.unit.sandbox import Sandbox, fresh_account_id

#: How a call is disturbed, by name. EC2 and IAM have different words for the same.
DISTURBANCES: dict[str, dict[str, t.Any]] = {
    "its answer lost": {"kind": "reset", "when": "after"},
    "503 once": {"code": "ServiceUnavailable"},
    "throttled twice": {"code": "Throttling", "times": 2},
    "reset before its effect": {"kind": "reset"},
}
FOR_EC2 = {
    "Throttling": "RequestLimitExceeded",
    "ServiceUnavailable": "Unavailable",
    "InternalFailure": "InternalError",
}
#: Each write call, with how many of the same api come before it.
CALLS = [(api, WRITES[:index].count(api)) for index, api in enumerate(WRITES)]


@pytest.fixture(scope="module")
def aws() -> t.Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def onboarding(aws: Emulator, tmp_path: t.Any) -> t.Iterator[Onboarding]:
    aws.clear_faults()
    yield Onboarding(Sandbox(aws, fresh_account_id()), tmp_path)
    aws.clear_faults()


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that botocore and the collection would have slept; they sleep a fiftieth of it."""
    slept: list[float] = []
    sleep = time.sleep

    def nap(seconds: float) -> None:
        slept.append(seconds)
        sleep(seconds / 50)

    monkeypatch.setattr(time, "sleep", nap)
    return slept


def words(api: str, number: int) -> str:
    return f"{api} (the second)" if number else api


def test_an_undisturbed_onboarding(onboarding: Onboarding, ledger: t.Any) -> None:
    """What the others are measured by."""
    steps = onboarding.run()
    assert tuple(step["api"] for step in steps) == WRITES
    assert tuple(call["api"] for call in onboarding.sandbox.writes()) == WRITES
    assert onboarding.state() == DECLARED
    assert onboarding.run() == []


@pytest.mark.parametrize("disturbance", DISTURBANCES)
@pytest.mark.parametrize(("api", "number"), CALLS, ids=[words(*call) for call in CALLS])
def test_each_write_call(
    onboarding: Onboarding, naps: list[float], ledger: t.Any, api: str, number: int, disturbance: str
) -> None:
    fault = dict(DISTURBANCES[disturbance])
    if api.startswith("ec2:") and "code" in fault:
        fault["code"] = FOR_EC2[fault["code"]]
    onboarding.emulator.disturb(api, account=onboarding.account_id, skip=number, **fault)
    onboarding.runs_until_done()
    answers = [call["status"] for call in onboarding.emulator.writes(onboarding.account_id) if call["api"] == api]
    assert max(answers) >= 400, "nothing was disturbed"
    onboarding.emulator.clear_faults()
    ledger.note("faults", f"{words(api, number)}: {disturbance}", onboarding.state() == DECLARED)


@pytest.mark.parametrize("api", sorted(set(WRITES)))
def test_a_call_that_is_refused_once_and_for_all_is_named_and_the_next_run_goes_on(
    onboarding: Onboarding, naps: list[float], ledger: t.Any, api: str
) -> None:
    """A plan that stops half-way says what it did and what it did not."""
    onboarding.emulator.disturb(api, code="LimitExceeded", account=onboarding.account_id, times=6, message="no more")
    with pytest.raises(SkyError) as caught:
        onboarding.run()
    said, error = caught.value.message, caught.value
    named = api in said and "\n" not in said and all(f"{s['api']} {s['target']}" in said for s in error.steps)
    onboarding.emulator.clear_faults()
    onboarding.run()
    good = named and onboarding.state() == DECLARED
    ledger.note("faults", f"{api}: refused by a quota, and mended by the next run", good)


class TestLostAnswers:
    """A repeated call that is told that the thing is there is our own success."""

    def lose(self, onboarding: Onboarding, api: str) -> None:
        onboarding.emulator.disturb(api, "reset", when="after", account=onboarding.account_id)

    @pytest.mark.parametrize(
        "api", [api for api in WRITES if api.startswith(("iam:Create", "ec2:Create", "iam:Add", "ec2:Auth", "ec2:Run"))]
    )
    def test_steps_name_the_call(self, onboarding: Onboarding, naps: list[float], ledger: t.Any, api: str) -> None:
        self.lose(onboarding, api)
        steps = onboarding.run()
        names = collections.Counter(step["api"] for step in steps)
        # A key whose secret was lost is deleted; its making and deletion are calls of the run as well.
        swept = {"iam:DeleteAccessKey": 1} if api == "iam:CreateAccessKey" else {}
        assert names == collections.Counter(WRITES) + collections.Counter(swept)
        ledger.note("faults", f"{api}: the call whose answer was lost is in steps", onboarding.state() == DECLARED)

    @pytest.mark.parametrize("versions", [1, 5])
    def test_a_new_version_of_the_policy(
        self, onboarding: Onboarding, naps: list[float], ledger: t.Any, versions: int
    ) -> None:
        """IAM has no token for it, so the repeated call makes a second one that is equal, or finds no room for it."""
        sandbox = onboarding.sandbox
        sandbox.run(policy)
        arn = sandbox.arn(f"policy/{POLICY}")
        for number in range(1, versions):
            statement = {"Effect": "Allow", "Action": f"s3:Get{number}", "Resource": "*"}
            sandbox.run(policy, extra_statements=[statement])
        self.lose(onboarding, "iam:CreatePolicyVersion")
        made = sandbox.run(policy, features=["base"])
        assert [step["api"] for step in made["steps"]].count("iam:CreatePolicyVersion") == 1
        listed = onboarding.iam.list_policy_versions(PolicyArn=arn)["Versions"]
        checked = sandbox.run(policy, features=["base"], check_mode=True)
        good = len(listed) == min(versions + 2, 5) and (checked["steps"], checked["changed"]) == ([], False)
        what = (
            f"iam:CreatePolicyVersion: its answer lost, with {versions} versions before; the next run has nothing to do"
        )
        ledger.note("faults", what, good)

    def test_another_runs_work_is_not_claimed(self, onboarding: Onboarding) -> None:
        """Without a lost attempt of our own what is there was made by somebody else."""
        onboarding.emulator.disturb("iam:CreatePolicy", code="EntityAlreadyExists", account=onboarding.account_id)
        names = [step["api"] for step in onboarding.run()]
        assert names.count("iam:CreatePolicy") == 1

    @pytest.mark.parametrize(
        "api",
        [
            "iam:RemoveRoleFromInstanceProfile",
            "iam:DeleteInstanceProfile",
            "iam:DetachRolePolicy",
            "iam:DeleteRole",
            "iam:DeleteAccessKey",
            "iam:DetachUserPolicy",
            "iam:DeleteUser",
            "iam:DeletePolicy",
            "ec2:DeleteSecurityGroup",
            "ec2:TerminateInstances",
        ],
    )
    def test_removals(self, onboarding: Onboarding, naps: list[float], ledger: t.Any, api: str) -> None:
        onboarding.run()
        self.lose(onboarding, api)
        apis = []
        for resource, options in reversed(onboarding.parts):
            given = {key: options[key] for key in ("name", "networks") if key in options}
            apis += [step["api"] for step in onboarding.sandbox.run(resource, state="absent", **given)["steps"]]
        left = onboarding.state()
        nothing = all(not left[noun] for noun in ("users", "roles", "profiles", "policies", "groups", "keys"))
        good = nothing and [state for state, _ in left["instances"]] == ["terminated"] and apis.count(api) == 1
        ledger.note("faults", f"{api}: its answer lost", good)


class TestEventualConsistency:
    def test_a_fast_fleet_meets_a_slow_iam(self, onboarding: Onboarding, naps: list[float], ledger: t.Any) -> None:
        """Everything is seen half a second late, half a minute to the collection."""
        onboarding.emulator.lag(0.1, account=onboarding.account_id)
        runs = onboarding.runs_until_done(1)
        onboarding.emulator.clear_faults()
        good = runs == 1 and onboarding.state() == DECLARED and onboarding.run() == []
        ledger.note("faults", "all that is made is seen late", good)

    def test_a_profile_that_ec2_sees_late(self, onboarding: Onboarding, naps: list[float], ledger: t.Any) -> None:
        onboarding.emulator.lag(0.5, "profile", account=onboarding.account_id, apis="ec2:*")
        onboarding.run()
        refused = [call["error"] for call in onboarding.emulator.writes(onboarding.account_id)][-2:]
        good = refused == ["InvalidParameterValue", None] and len(onboarding.instances()) == 1
        ledger.note("faults", "RunInstances: Invalid IAM Instance Profile name until the profile is seen", good)

    @pytest.mark.parametrize(
        ("resource", "options", "api"),
        [
            (policy, {}, "iam:CreatePolicy"),
            (user, {"name": NAME}, "iam:CreateUser"),
            (role, {}, "iam:CreateRole"),
            (role, {}, "iam:CreateInstanceProfile"),
        ],
        ids=["policy", "user", "role", "profile"],
    )
    def test_an_answer_lost_and_the_thing_not_seen(
        self, onboarding: Onboarding, naps: list[float], ledger: t.Any, resource: t.Any, options: t.Any, api: str
    ) -> None:
        """EntityAlreadyExists, and yet NoSuchEntity to the look that follows."""
        onboarding.emulator.lag(0.12, account=onboarding.account_id)
        onboarding.emulator.disturb(api, "reset", when="after", account=onboarding.account_id)
        result = onboarding.sandbox.run(resource, **options)
        onboarding.emulator.clear_faults()
        good = [step["api"] for step in result["steps"]].count(api) == 1
        good = good and onboarding.sandbox.run(resource, **options)["steps"] == []
        ledger.note("faults", f"{api}: its answer lost, and what it made not seen yet", good)

    def test_two_runs_in_a_row_make_one_instance(
        self, onboarding: Onboarding, naps: list[float], ledger: t.Any
    ) -> None:
        """The second run does not see the instance of the first: the ClientToken finds it."""
        onboarding.run()
        first = onboarding.instances()
        onboarding.ec2.terminate_instances(InstanceIds=[first[0]["InstanceId"]])
        onboarding.emulator.lag(60, "instance", account=onboarding.account_id, apis="ec2:DescribeInstances")
        box = {"name": "box", "image_id": IMAGE, "instance_type": "t3.micro", "wait": False}
        made = [onboarding.sandbox.run(instance, **box)["instance"]["instance_id"] for _run in range(2)]
        onboarding.emulator.clear_faults()
        ledger.note("faults", "a new instance that DescribeInstances does not list: none is made", made[0] == made[1])


class TestCapacity:
    def subnets(self, onboarding: Onboarding) -> list[str]:
        every = onboarding.ec2.describe_subnets()["Subnets"]
        return [s["SubnetId"] for s in sorted(every, key=lambda s: s["AvailabilityZone"], reverse=True)]

    def test_the_other_subnets_are_tried_once_each(
        self, onboarding: Onboarding, naps: list[float], ledger: t.Any
    ) -> None:
        """EC2 answers with a server error, which botocore would repeat for long in each subnet."""
        *full, last = self.subnets(onboarding)[:3]
        for subnet in full:
            given = {"SubnetId": subnet}
            onboarding.emulator.disturb(
                "ec2:RunInstances", code="InsufficientInstanceCapacity", times=None, given=given
            )
        onboarding.run()
        [made] = onboarding.instances()
        tries = [
            call for call in onboarding.emulator.writes(onboarding.account_id) if call["api"] == "ec2:RunInstances"
        ]
        good = made["SubnetId"] == last and len(tries) == 3
        ledger.note("faults", "RunInstances: no capacity in two subnets, the third is used", good)

    @pytest.mark.parametrize(
        ("code", "mend"),
        [
            ("InsufficientInstanceCapacity", "try another instance_type, more subnet_ids in other zones"),
            ("VcpuLimitExceeded", "ask for a higher quota in Service Quotas"),
        ],
    )
    def test_nowhere_is_room(
        self, onboarding: Onboarding, naps: list[float], ledger: t.Any, code: str, mend: str
    ) -> None:
        onboarding.emulator.disturb("ec2:RunInstances", code=code, times=None, account=onboarding.account_id)
        with pytest.raises(SkyError) as caught:
            onboarding.run()
        onboarding.emulator.clear_faults()
        said = caught.value.message
        good = code in said and mend in said and onboarding.run() != [] and onboarding.state() == DECLARED
        ledger.note("faults", f"RunInstances: {code} everywhere is told with its mend, and the next run goes on", good)


def test_instances_take_their_time(onboarding: Onboarding, naps: list[float], ledger: t.Any) -> None:
    onboarding.emulator.take_time(0.3, account=onboarding.account_id)
    onboarding.run()
    started = onboarding.state() == DECLARED
    box = {"name": "box", "image_id": IMAGE, "instance_type": "t3.micro"}
    states = [
        onboarding.sandbox.run(instance, **box, state=state)["instance"]["state"]
        for state in ("stopped", "running", "stopped")
    ]
    ledger.note("faults", "instances are pending and stopping for a while", started and states[::2] == ["stopped"] * 2)


def test_a_wait_is_seen_with_v(aws: Emulator, tmp_path: t.Any, ledger: t.Any) -> None:
    aws.clear_faults()
    account = fresh_account_id()
    aws.internet(account)
    aws.lag(2.5, "profile", account=account, apis="ec2:RunInstances")
    box = {"name": "box", "instance_type": "t3.micro", "image_id": IMAGE}
    hosts = {"ml": {"sky_account_id": account, "sky_instances_present": [box]}}
    run = Runner(aws.url, tmp_path).onboard(hosts, "-v")
    aws.clear_faults()
    told = "<ml> AWS refuses it for now, trying again in 2 s, for 60 s at most: ec2:RunInstances on box in account"
    ledger.note("faults", "the wait for a new instance profile is told with -v", run.rc == 0 and told in run.stdout)


def test_twenty_accounts_in_a_storm(aws: Emulator, tmp_path: t.Any, ledger: t.Any) -> None:
    """30 % of all calls throttled or failing in some way, and every account onboarded by one run of onboard.yml."""
    aws.clear_faults()
    accounts = [fresh_account_id() for _account in range(20)]
    for account in accounts:
        aws.internet(account)
    aws.clear_log()
    storm = [
        {"code": "Throttling", "probability": 0.08},
        {"code": "RequestLimitExceeded", "probability": 0.07},
        {"code": "ServiceUnavailable", "probability": 0.07},
        {"kind": "reset", "probability": 0.06},
        {"kind": "reset", "when": "after", "probability": 0.06},
    ]
    for seed, fault in enumerate(storm):
        aws.disturb("*", seed=seed, times=None, **fault)
    wanted = {
        "sky_users_present": [{"name": NAME}],
        "sky_instances_present": [{"name": "box", "instance_type": "t3.micro", "image_id": IMAGE}],
    }
    hosts = {f"a{number}": {"sky_account_id": account, **wanted} for number, account in enumerate(accounts)}
    run = Runner(aws.url, tmp_path).onboard(hosts, "--forks", "20", environment={"ANSIBLE_STRATEGY": "free"})
    aws.clear_faults()
    calls = aws.calls()
    share = sum(call["status"] >= 400 and call["error"] != "NoSuchEntity" for call in calls) / len(calls)
    assert 0.25 <= share <= 0.4
    assert run.rc == 0, run.stdout[-3000:]
    for account in accounts:
        iam, ec2 = aws.client("iam", account), aws.client("ec2", account)
        attached = iam.list_attached_user_policies(UserName=NAME)["AttachedPolicies"]
        profile = iam.get_instance_profile(InstanceProfileName="skypilot-v1")["InstanceProfile"]
        instances = [i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]]
        good = [one["PolicyName"] for one in attached] == [POLICY]
        good = good and [one["RoleName"] for one in profile["Roles"]] == ["skypilot-v1"] and len(instances) == 1
        assert good, account
    aws.clear_log()
    again = Runner(aws.url, tmp_path / "again").onboard(hosts, "--forks", "10")
    good = again.rc == 0 and aws.writes() == []
    ledger.note("faults", "30 % of all calls throttled or failing: accounts onboarded by one run", good, len(accounts))
