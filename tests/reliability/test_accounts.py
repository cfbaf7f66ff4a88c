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


class TestForgedTags:
    """What a researcher can do to instances: tag any, and name any."""

    def launch(self, aws: Watched, account: str, *tags: dict[str, str]) -> str:
        specification = [{"ResourceType": "instance", "Tags": list(tags)}] if tags else []
        ec2 = aws.client("ec2", account)
        made = ec2.run_instances(
            ImageId=IMAGE, InstanceType="t3.micro", MinCount=1, MaxCount=1, TagSpecifications=specification
        )
        return str(made["Instances"][0]["InstanceId"])

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
        variables: dict[str, t.Any] = {"sky_instances_present": [{**INSTANCE, "state": wanted}]}
        if wanted == "absent":
            variables = {"sky_instances_absent": ["smoke"]}
        aws.clear_log()
        run = runner.onboard({"ml": {"sky_account_id": account, **variables}})
        untouched = self.state(aws, account, instance) == before
        writes = [call["api"] for call in aws.writes() if call["service"] == "ec2"]
        good = untouched and writes == [] and run.rc == 2 and instance in run.message("ml")
        ledger.note("wrong accounts", f"an instance named and tagged as ours, declared {wanted}: left alone", good)

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
        ledger.note("wrong accounts", "another's instance with all tags of ours: neither is terminated", good)

    def test_a_forged_instance_of_another_name(self, aws: Watched, runner: Runner, ledger: Ledger) -> None:
        account = new_account(aws)
        instance = self.launch(aws, account, {"Key": "Name", "Value": "mine"}, OWNER)
        before = self.state(aws, account, instance)
        aws.clear_log()
        run = runner.onboard({"ml": {"sky_account_id": account, **STANDARD}})
        touched = [call for call in aws.writes() if instance in str(call["params"])]
        good = run.rc == 0 and self.state(aws, account, instance) == before and touched == []
        ledger.note("wrong accounts", "an instance tagged as ours that nobody declared: left alone", good)

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
            "wrong accounts", "a group tagged as ours that nobody declared: left alone", run.rc == 0 and not touched
        )


class Researcher:
    """A user with the policy and the key that onboarding gives, in an AWS that does what IAM allows."""

    def __init__(self, aws: Emulator, runner: Runner, folder: pathlib.Path) -> None:
        self.aws, self.runner, self.account = aws, runner, new_account(aws)
        file = folder / "credentials"
        user = {"name": "alice", "access_key_delivery": {"file": str(file)}}
        self.host = {"sky_account_id": self.account, "sky_users_present": [user]}
        run = runner.onboard({"ml": self.host})
        assert run.rc == 0, run.stdout
        given = states.in_file(file, self.account)
        keys = {
            "aws_access_key_id": given["aws_access_key_id"],
            "aws_secret_access_key": given["aws_secret_access_key"],
        }
        self.ec2 = botocore.session.Session().create_client(
            "ec2", region_name="us-east-1", endpoint_url=aws.url, **keys
        )

    def launch(self, *tags: dict[str, str]) -> str:
        specification = [{"ResourceType": "instance", "Tags": list(tags)}]
        made = self.ec2.run_instances(
            ImageId=IMAGE, InstanceType="t3.micro", MinCount=1, MaxCount=1, TagSpecifications=specification
        )
        return str(made["Instances"][0]["InstanceId"])

    def refused(self, call: Callable[..., t.Any], **arguments: t.Any) -> bool:
        with pytest.raises(ClientError) as caught:
            call(**arguments)
        return caught.value.response["Error"]["Code"] == "UnauthorizedOperation"

    def declare(self, **variables: t.Any) -> Run:
        self.aws.clear_log()
        return self.runner.onboard({"ml": {**self.host, **variables}})


@pytest.fixture(scope="module")
def alice(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Researcher]:
    folder = tmp_path_factory.mktemp("alice")
    with Emulator(enforce=True) as aws:
        yield Researcher(aws, Runner(aws.url, folder), folder)


class TestForgedTagsUnderEnforcement:
    """The same by a user's own hand: with the rights that our policy gives, and no more."""

    @pytest.mark.parametrize("wanted", ["running", "stopped", "absent"])
    def test_an_instance(self, alice: Researcher, ledger: Ledger, wanted: str) -> None:
        """She may launch it, name it and give it our tag."""
        instance = alice.launch({"Key": "Name", "Value": wanted}, OWNER)
        before = states.instances(alice.aws, alice.account)
        declared = {**INSTANCE, "name": wanted, "state": wanted}
        run = alice.declare(
            **{"sky_instances_absent": [wanted]} if wanted == "absent" else {"sky_instances_present": [declared]}
        )
        writes = [call["api"] for call in alice.aws.writes() if call["service"] == "ec2"]
        untouched = states.instances(alice.aws, alice.account) == before
        good = untouched and writes == [] and run.rc == 2 and instance in run.message("ml")
        ledger.note(
            "wrong accounts", f"an instance that a user forged with our policy, declared {wanted}: left alone", good
        )

    def test_a_security_group(self, alice: Researcher, ledger: Ledger) -> None:
        """She may make it, and not give it our tag, neither then nor later; so it is not ours and nothing of it changes."""
        vpc = alice.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        named: dict[str, t.Any] = {"GroupName": "skypilot", "Description": "x", "VpcId": vpc}
        tagged = [{"ResourceType": "security-group", "Tags": [OWNER]}]
        forged = not alice.refused(alice.ec2.create_security_group, **named, TagSpecifications=tagged)
        group = alice.ec2.create_security_group(**named)["GroupId"]
        forged = forged or not alice.refused(alice.ec2.create_tags, Resources=[group], Tags=[OWNER])
        run = alice.declare(sky_network_security_group="skypilot")
        touched = [call for call in alice.aws.writes() if group in str(call["params"])]
        good = not forged and run.rc == 0 and touched == []
        ledger.note(
            "wrong accounts", "a group that a user made with our policy: cannot be tagged as ours, is left alone", good
        )
