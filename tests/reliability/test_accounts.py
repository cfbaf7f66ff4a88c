# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard and ownership: no write in a wrong account, and no forged tag makes a resource ours."""

from __future__ import annotations

import itertools
import pathlib
import typing as t

import botocore.session
import pytest
from botocore.exceptions import ClientError

from ansible_collections.sky.aws.demo.launch import MANAGEMENT
from ansible_collections.sky.aws.plugins.module_utils._resources.instance.request import PREFIX
from ansible_collections.sky.aws.tests.emulator.server import Emulator
from ansible_collections.sky.aws.tests.integration.runs import Run, Runner
from ansible_collections.sky.aws.tests.reliability import states
from ansible_collections.sky.aws.tests.reliability.controllers import Controller, Watched, templated

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from ansible_collections.sky.aws.tests.reliability.ledger import Ledger

_ids = itertools.count(320000000000)
IMAGE = "ami-0a1b2c3d4e5f60718"
OWNER = {"Key": "sky.aws/managed-by", "Value": "sky.aws"}
INSTANCE = {"name": "smoke", "instance_type": "t3.micro", "image_id": IMAGE}
STANDARD: dict[str, t.Any] = {
    "sky_network_security_group": "skypilot",
    "sky_users_present": [{"name": "alice"}],
    "sky_instances_present": [INSTANCE],
}


@pytest.fixture(scope="module")
def aws() -> t.Iterator[Watched]:
    with Watched() as emulator:
        yield emulator


@pytest.fixture
def runner(aws: Watched, tmp_path: pathlib.Path) -> Runner:
    aws.clear_log()
    return Runner(aws.url, tmp_path)


def new_account(aws: Emulator) -> str:
    account = str(next(_ids))
    aws.internet(account)
    aws.clear_log()
    return account


class WrongAccounts:
    """Attempts that end in another account than ``wanted``; each gives variables of the host and the environment."""

    def __init__(self, aws: Watched, folder: pathlib.Path, wanted: str, other: str) -> None:
        self._aws = aws
        self._folder = folder
        self._wanted = wanted
        self._other = other

    def _own_key(self) -> dict[str, str]:
        """A key of a user of the other account, as variables of the environment."""
        iam = self._aws.client("iam", self._other)
        iam.create_user(UserName="stranger")
        key = iam.create_access_key(UserName="stranger")["AccessKey"]
        return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}

    def _profile(self, **more: str) -> dict[str, str]:
        file = self._folder / "profiles"
        lines = [f"{name} = {value}" for name, value in (MANAGEMENT | more).items()]
        text = "\n".join(["[profile elsewhere]", *(lines if "role_arn" not in more else ()), ""])
        if "role_arn" in more:
            source = "\n".join(["[profile source]", *(f"{name} = {value}" for name, value in MANAGEMENT.items())])
            text = f"{source}\n[profile elsewhere]\nsource_profile = source\nrole_arn = {more['role_arn']}\n"
        file.write_text(text)
        return {"AWS_CONFIG_FILE": str(file), "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}

    def credentials_of_the_management_account(self) -> tuple[dict[str, t.Any], dict[str, str]]:
        return {"sky_account_assume_role": ""}, {}

    def credentials_of_another_account(self) -> tuple[dict[str, t.Any], dict[str, str]]:
        return {"sky_account_assume_role": ""}, self._own_key()

    def a_profile_with_credentials_of_another_account(self) -> tuple[dict[str, t.Any], dict[str, str]]:
        return {"sky_account_assume_role": "", "sky_account_profile": "elsewhere"}, self._profile()

    def a_profile_with_a_role_in_another_account(self) -> tuple[dict[str, t.Any], dict[str, str]]:
        arn = f"arn:aws:iam::{self._other}:role/OrganizationAccountAccessRole"
        return {"sky_account_assume_role": "", "sky_account_profile": "elsewhere"}, self._profile(role_arn=arn)

    def an_assume_that_lands_elsewhere(self) -> tuple[dict[str, t.Any], dict[str, str]]:
        self._aws.detour({self._wanted: self._other})
        return {}, {}

    def an_assume_by_arn_that_lands_elsewhere(self) -> tuple[dict[str, t.Any], dict[str, str]]:
        self._aws.detour({self._wanted: self._other})
        return {"sky_account_assume_role": f"arn:aws:iam::{self._wanted}:role/OrganizationAccountAccessRole"}, {}

    def the_role_of_another_account(self) -> tuple[dict[str, t.Any], dict[str, str]]:
        return {"sky_account_assume_role": f"arn:aws:iam::{self._other}:role/OrganizationAccountAccessRole"}, {}


ATTEMPTS = [name for name in vars(WrongAccounts) if not name.startswith("_")]


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_nothing_is_written_in_a_wrong_account(
    aws: Watched, runner: Runner, tmp_path: pathlib.Path, ledger: Ledger, attempt: str
) -> None:
    wanted, other = new_account(aws), new_account(aws)
    make: Callable[[], tuple[dict[str, t.Any], dict[str, str]]] = getattr(
        WrongAccounts(aws, tmp_path, wanted, other), attempt
    )
    variables, environment = make()
    aws.clear_log()
    run = runner.onboard({"ml": {"sky_account_id": wanted, **STANDARD, **variables}}, environment=environment)
    aws.detour({})
    stopped = run.rc == 2 and aws.writes() == [] and wanted in run.message("ml")
    ledger.note("wrong accounts", attempt.replace("_", " "), stopped)
    assert len(run.message("ml").splitlines()) == 1


def test_the_attempts_are_real(aws: Watched, runner: Runner) -> None:
    """The same host and the same roles, without the detour, do write."""
    account = new_account(aws)
    assert runner.onboard({"ml": {"sky_account_id": account, **STANDARD}}).rc == 0
    assert {call["account"] for call in aws.writes()} == {account}
    assert len(aws.writes()) > 8


@pytest.fixture(scope="module")
def undisturbed(aws: Watched, tmp_path_factory: pytest.TempPathFactory) -> dict[str, t.Any]:
    account, runner = new_account(aws), Runner(aws.url, tmp_path_factory.mktemp("undisturbed"))
    assert runner.onboard({"ml": {"sky_account_id": account, **STANDARD}}).rc == 0
    return states.snapshot(aws, account)


class TestRaces:
    def settled(self, aws: Watched, runner: Runner, account: str, undisturbed: dict[str, t.Any]) -> str:
        """What is not as after an undisturbed run, in words; a further run must have nothing to do."""
        found = states.snapshot(aws, account)
        aws.clear_log()
        again = runner.onboard({"ml": {"sky_account_id": account, **STANDARD}})
        left = [] if again.rc == 0 and aws.writes() == [] else [f"a further run writes: {again.steps('ml')}"]
        return "; ".join(left + ([states.difference(undisturbed, found)] if found != undisturbed else []))

    def test_a_host_listed_twice(
        self, aws: Watched, runner: Runner, undisturbed: dict[str, t.Any], ledger: Ledger
    ) -> None:
        account = new_account(aws)
        hosts = {name: {"sky_account_id": templated(account), **STANDARD} for name in ("one", "other")}
        run: Run = runner.onboard(hosts)
        fault = self.settled(aws, runner, account, undisturbed)
        ledger.note("races", f"one account under two names{fault and ': ' + fault}", run.rc == 0 and not fault)

    def test_two_controllers_at_once(
        self, aws: Watched, runner: Runner, undisturbed: dict[str, t.Any], tmp_path: pathlib.Path, ledger: Ledger
    ) -> None:
        accounts = [new_account(aws) for _number in range(3)]
        hosts = {f"a{account}": {"sky_account_id": account, **STANDARD} for account in accounts}
        controllers = [Controller(aws.url, tmp_path / name, "run", hosts) for name in ("one", "other")]
        codes = [controller.wait() for controller in controllers]
        output = "\n".join(controller.output for controller in controllers)
        for account in accounts:
            fault = self.settled(aws, runner, account, undisturbed)
            what = f"two controllers in account {accounts.index(account) + 1}{fault and ': ' + fault}"
            ledger.note("races", what, not fault)
        assert codes == [0, 0], output


def launch(ec2: t.Any, *tags: dict[str, str], token: str = "") -> str:
    """A new instance with these tags, and with a token if whoever launches it chooses one."""
    chosen = {"ClientToken": token} if token else {}
    specification = [{"ResourceType": "instance", "Tags": list(tags)}] if tags else []
    made = ec2.run_instances(
        ImageId=IMAGE, InstanceType="t3.micro", MinCount=1, MaxCount=1, TagSpecifications=specification, **chosen
    )
    return str(made["Instances"][0]["InstanceId"])


def declared(name: str, wanted: str) -> dict[str, t.Any]:
    """The variables that declare an instance ``running``, ``stopped`` or ``absent``."""
    if wanted == "absent":
        return {"sky_instances_absent": [name]}
    return {"sky_instances_present": [{**INSTANCE, "name": name, "state": wanted}]}


class TestForgedTags:
    """What somebody with the page's rights can do to instances: tag any, and name any."""

    def launch(self, aws: Watched, account: str, *tags: dict[str, str]) -> str:
        return launch(aws.client("ec2", account), *tags)

    def state(self, aws: Watched, account: str, instance: str) -> tuple[str, t.Any]:
        found = next(one for one in states.instances(aws, account) if one["InstanceId"] == instance)
        return found["State"]["Name"], sorted(map(str, found["Tags"]))

    @pytest.mark.parametrize("wanted", ["running", "stopped", "absent"])
    def test_a_forged_instance_of_the_wanted_name(
        self, aws: Watched, runner: Runner, ledger: Ledger, wanted: str
    ) -> None:
        account = new_account(aws)
        instance = self.launch(aws, account, {"Key": "Name", "Value": "smoke"}, OWNER)
        before = self.state(aws, account, instance)
        aws.clear_log()
        run = runner.onboard({"ml": {"sky_account_id": account, **declared("smoke", wanted)}})
        untouched = self.state(aws, account, instance) == before
        writes = [call["api"] for call in aws.writes() if call["service"] == "ec2"]
        good = untouched and writes == [] and run.rc == 2 and instance in run.message("ml")
        what = f"an instance named and tagged as ours, with another ClientToken, declared {wanted}: left alone"
        ledger.note("forged ownership", what, good)

    def test_an_instance_that_is_renamed_to_one_of_ours(self, aws: Watched, runner: Runner, ledger: Ledger) -> None:
        account = new_account(aws)
        hosts = {"ml": {"sky_account_id": account, **STANDARD}}
        assert runner.onboard(hosts).rc == 0
        (ours,) = [instance["InstanceId"] for instance in states.instances(aws, account)]
        other = self.launch(aws, account)
        tags = [
            *aws.client("ec2", account).describe_instances(InstanceIds=[ours])["Reservations"][0]["Instances"][0][
                "Tags"
            ]
        ]
        aws.client("ec2", account).create_tags(Resources=[other], Tags=tags)
        before = [self.state(aws, account, instance) for instance in (ours, other)]
        aws.clear_log()
        run = runner.onboard({"ml": {"sky_account_id": account, "sky_instances_absent": ["smoke"]}})
        after = [self.state(aws, account, instance) for instance in (ours, other)]
        good = after == before and run.rc == 2 and other in run.message("ml")
        ledger.note("forged ownership", "another's instance with all tags of ours: neither is terminated", good)

    def test_a_forged_instance_of_another_name(self, aws: Watched, runner: Runner, ledger: Ledger) -> None:
        account = new_account(aws)
        instance = self.launch(aws, account, {"Key": "Name", "Value": "mine"}, OWNER)
        before = self.state(aws, account, instance)
        aws.clear_log()
        run = runner.onboard({"ml": {"sky_account_id": account, **STANDARD}})
        touched = [call for call in aws.writes() if instance in str(call["params"])]
        good = run.rc == 0 and self.state(aws, account, instance) == before and touched == []
        ledger.note("forged ownership", "an instance tagged as ours that nobody declared: left alone", good)

    def test_a_forged_group_of_another_name(self, aws: Watched, runner: Runner, ledger: Ledger) -> None:
        account = new_account(aws)
        ec2 = aws.client("ec2", account)
        vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        group = ec2.create_security_group(GroupName="mine", Description="x", VpcId=vpc)["GroupId"]
        ec2.create_tags(Resources=[group], Tags=[OWNER])
        aws.clear_log()
        run = runner.onboard({"ml": {"sky_account_id": account, **STANDARD}})
        touched = [call for call in aws.writes() if group in str(call["params"])]
        ledger.note(
            "forged ownership", "a group tagged as ours that nobody declared: left alone", run.rc == 0 and not touched
        )


class Researcher:
    """A user with the policy and the key that onboarding gives, in an AWS that does what IAM allows."""

    def __init__(self, aws: Emulator, folder: pathlib.Path, **variables: t.Any) -> None:
        folder.mkdir()
        self.aws, self.runner, self.account = aws, Runner(aws.url, folder), new_account(aws)
        file = folder / "credentials"
        user = {"name": "alice", "access_key_delivery": {"file": str(file)}}
        self.host = {"sky_account_id": self.account, "sky_users_present": [user], **variables}
        run = self.runner.onboard({"ml": self.host})
        assert run.rc == 0, run.stdout
        given = states.in_file(file, self.account)
        self.ec2 = self._client(
            aws_access_key_id=given["aws_access_key_id"], aws_secret_access_key=given["aws_secret_access_key"]
        )

    def _client(self, **keys: str) -> t.Any:
        return botocore.session.Session().create_client(
            "ec2", region_name="us-east-1", endpoint_url=self.aws.url, **keys
        )

    def on_an_instance(self) -> t.Any:
        """EC2 as the role of the instances."""
        return self._client(**self.aws.instance_credentials(self.account, "skypilot-v1"))

    def refused(self, call: Callable[..., t.Any], *arguments: t.Any, **named: t.Any) -> bool:
        with pytest.raises(ClientError) as caught:
            call(*arguments, **named)
        return caught.value.response["Error"]["Code"] == "UnauthorizedOperation"

    def declare(self, **variables: t.Any) -> Run:
        self.aws.clear_log()
        return self.runner.onboard({"ml": {**self.host, **variables}})

    def writes(self) -> list[str]:
        """What the last run did to EC2."""
        return [call["api"] for call in self.aws.writes() if call["service"] == "ec2"]

    def instances(self) -> list[dict[str, t.Any]]:
        return states.instances(self.aws, self.account)

    def state(self, instance: str) -> str:
        found = next(one for one in self.instances() if one["InstanceId"] == instance)
        return str(found["State"]["Name"])


#: Selections with protect_tags, in words.
PROTECTED: dict[str, dict[str, t.Any]] = {
    "our policy": {},
    "our policy for a group made beforehand": {"sky_policy_features": ["base_named_group", "protect_tags"]},
}
UNPROTECTED = {"sky_policy_features": ["base", "launch_tags"]}
OWN_POLICY = {"sky_instance_role_features": ["base", "launch_tags", "protect_tags"]}


@pytest.fixture(scope="module")
def enforced() -> t.Iterator[Emulator]:
    with Emulator(enforce=True) as aws:
        yield aws


@pytest.fixture(scope="module", params=PROTECTED)
def policy(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def alice(enforced: Emulator, policy: str, tmp_path_factory: pytest.TempPathFactory) -> Researcher:
    return Researcher(enforced, tmp_path_factory.mktemp("alice") / "runs", **PROTECTED[policy])


@pytest.fixture(scope="module")
def mallory(enforced: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Researcher:
    """Her policy has no protect_tags."""
    return Researcher(enforced, tmp_path_factory.mktemp("mallory") / "runs", **UNPROTECTED)


@pytest.fixture(scope="module")
def bob(enforced: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Researcher:
    """The role of his instances has a policy of its own."""
    return Researcher(enforced, tmp_path_factory.mktemp("bob") / "runs", **OWN_POLICY)


class TestForgedMarksUnderEnforcement:
    """By a user's own hand, with the rights of our policy and no more. Name, ClientToken and tags are all hers to send."""

    def test_a_launch_with_all_marks(self, alice: Researcher, policy: str, ledger: Ledger) -> None:
        before = alice.instances()
        name = {"Key": "Name", "Value": "forged"}
        good = alice.refused(launch, alice.ec2, name, OWNER, token=f"{PREFIX}all") and alice.instances() == before
        ledger.note("forged ownership", f"a launch with all marks of ours by a user with {policy}: refused", good)

    def test_the_mark_later(self, alice: Researcher, policy: str, ledger: Ledger) -> None:
        instance = launch(alice.ec2, {"Key": "Name", "Value": "later"}, token=f"{PREFIX}later")
        good = alice.refused(alice.ec2.create_tags, Resources=[instance], Tags=[OWNER])
        ledger.note("forged ownership", f"our tag on an instance of a user with {policy}: refused", good)

    def test_the_mark_taken_from_ours(self, alice: Researcher, policy: str, ledger: Ledger) -> None:
        assert alice.declare(**declared("kept", "running")).rc == 0
        (ours,) = [one["InstanceId"] for one in alice.instances() if OWNER in one.get("Tags", [])]
        attempts = [
            alice.refused(alice.ec2.delete_tags, Resources=[ours], Tags=[OWNER]),
            alice.refused(alice.ec2.delete_tags, Resources=[ours]),
            alice.refused(alice.ec2.create_tags, Resources=[ours], Tags=[{**OWNER, "Value": "x"}]),
        ]
        what = f"our tag taken from an instance of ours by a user with {policy}: refused"
        ledger.note("forged ownership", what, all(attempts))

    @pytest.mark.parametrize("wanted", ["running", "stopped", "absent"])
    def test_all_but_the_mark(self, alice: Researcher, policy: str, ledger: Ledger, wanted: str) -> None:
        instance = launch(alice.ec2, {"Key": "Name", "Value": wanted}, token=f"{PREFIX}{wanted}")
        before = alice.instances()
        run = alice.declare(**declared(wanted, wanted))
        good = alice.instances() == before and alice.writes() == [] and run.rc == 2 and instance in run.message("ml")
        what = f"name and ClientToken of ours by a user with {policy}, declared {wanted}: left alone"
        ledger.note("forged ownership", what, good)

    def test_by_the_role_of_the_instances(self, bob: Researcher, ledger: Ledger) -> None:
        ec2, name = bob.on_an_instance(), {"Key": "Name", "Value": "node"}
        good = bob.refused(launch, ec2, name, OWNER, token=f"{PREFIX}node")
        instance = launch(ec2, name, token=f"{PREFIX}node")
        good = bob.refused(ec2.create_tags, Resources=[instance], Tags=[OWNER]) and good
        what = "all marks of ours by the role of the instances, with a policy of its own: refused"
        ledger.note("forged ownership", what, good)

    @pytest.mark.parametrize(
        ("wanted", "becomes", "calls"),
        [
            ("running", "running", ["ec2:ModifyInstanceMetadataOptions"]),
            ("stopped", "stopped", ["ec2:ModifyInstanceMetadataOptions", "ec2:StopInstances"]),
            ("absent", "terminated", ["ec2:TerminateInstances"]),
        ],
    )
    def test_without_protect_tags_it_is_taken_for_ours(
        self, mallory: Researcher, ledger: Ledger, wanted: str, becomes: str, calls: list[str]
    ) -> None:
        """What the warning of a selection without protect_tags is about."""
        name = {"Key": "Name", "Value": wanted}
        instance = launch(mallory.ec2, name, OWNER, token=f"{PREFIX}{wanted}")
        run = mallory.declare(**declared(wanted, wanted))
        taken = run.rc == 0 and sorted(mallory.writes()) == calls and mallory.state(instance) == becomes
        what = f"all marks of ours by a user without protect_tags, declared {wanted}: taken for ours, {becomes}"
        ledger.note("forged ownership", what, taken)

    def test_a_security_group(self, mallory: Researcher, ledger: Ledger) -> None:
        """She may make it, and not give it our tag, neither then nor later; so it is not ours and nothing of it changes."""
        vpc = mallory.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        named: dict[str, t.Any] = {"GroupName": "skypilot", "Description": "x", "VpcId": vpc}
        tagged = [{"ResourceType": "security-group", "Tags": [OWNER]}]
        forged = not mallory.refused(mallory.ec2.create_security_group, **named, TagSpecifications=tagged)
        group = mallory.ec2.create_security_group(**named)["GroupId"]
        forged = forged or not mallory.refused(mallory.ec2.create_tags, Resources=[group], Tags=[OWNER])
        run = mallory.declare(sky_network_security_group="skypilot")
        touched = [call for call in mallory.aws.writes() if group in str(call["params"])]
        good = not forged and run.rc == 0 and touched == []
        what = "a group that a user made with our policy: cannot be tagged as ours, is left alone"
        ledger.note("forged ownership", what, good)
