# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""sky_config through onboard.yml: many accounts into two files, what was onboarded in them, and the role alone."""

from __future__ import annotations

import pathlib
import stat
import typing as t

import pytest
import yaml

from ansible_collections.sky.aws.tests.emulator.server import Emulator
from ansible_collections.sky.aws.tests.integration.runs import Runner

ACCOUNTS = 6


@pytest.fixture
def many(aws: Emulator) -> list[str]:
    """Accounts, each with a VPC named lab."""
    accounts = [str(230000000000 + number) for number in range(ACCOUNTS)]
    for account in accounts:
        aws.internet(account)
        ec2 = aws.client("ec2", account)
        vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
        ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "lab"}])
    aws.clear_log()
    return accounts


class Desk:
    """Where the files are, and the playbook run for them with no ``sky`` on the PATH."""

    def __init__(self, runner: Runner, folder: pathlib.Path) -> None:
        self.runner = runner
        self.sky = folder / "desk" / ".sky" / "config.yaml"
        self.aws = folder / "desk" / ".aws" / "config"

    def hosts(self, accounts: list[str], **variables: t.Any) -> dict[str, dict[str, t.Any]]:
        given = {
            "sky_config_file": str(self.sky),
            "sky_config_aws_file": str(self.aws),
            "sky_config_skypilot_python": "",
            "sky_config_present": [{"user": "alice"}],
            **variables,
        }
        return {f"a{account}": {"sky_account_id": account, **given} for account in accounts}

    def data(self) -> t.Any:
        return yaml.safe_load(self.sky.read_text())


@pytest.fixture
def desk(runner: Runner, tmp_path: pathlib.Path) -> Desk:
    return Desk(runner, tmp_path)


ONLY = ("--tags", "sky_config")


def test_many_accounts_into_one_file(aws: Emulator, runner: Runner, desk: Desk, many: list[str]) -> None:
    hosts = desk.hosts(
        many,
        sky_network_vpc_names=["lab"],
        sky_network_security_group="sky-lab",
        sky_users_present=[{"name": "alice", "access_key_delivery": {"file": str(desk.aws.parent / "credentials")}}],
    )
    forks = ("--forks", str(ACCOUNTS))
    planned = runner.onboard(hosts, "--check", "--diff", *forks)
    assert planned.rc == 0, planned.stdout
    assert not desk.sky.parent.exists()
    assert all(planned.changed(host) for host in hosts)

    real = runner.onboard(hosts, *forks)
    assert real.rc == 0, real.stdout
    assert all(real.of(host, "sky_config")[-1]["changed"] for host in hosts)
    assert desk.data() == {
        "aws": {"vpc_names": ["lab"], "security_group_name": "sky-lab"},
        "workspaces": {
            f"aws-{account}": {"aws": {"profile": f"{account}-alice", "remote_identity": "SERVICE_ACCOUNT"}}
            for account in many
        },
    }
    profiles = [f"[profile {account}-alice]" for account in sorted(many)]
    assert [line for line in desk.aws.read_text().splitlines() if line.startswith("[")] == profiles
    # The profiles are those of the delivered keys.
    keys = (desk.aws.parent / "credentials").read_text()
    assert all(f"[{account}-alice]" in keys for account in many)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (desk.sky, desk.aws)] == [0o600, 0o600]
    for host in hosts:
        [one], [other] = planned.of(host, "sky_config"), real.of(host, "sky_config")
        assert one["steps"] == other["steps"] == []
        assert sorted(one["config"]) == sorted(other["config"])
        assert {key: one["config"][key] for key in ("profile", "workspace")} == {
            key: other["config"][key] for key in ("profile", "workspace")
        }

    before = [(path, path.stat().st_mtime_ns, path.read_bytes()) for path in (desk.sky, desk.aws)]
    aws.clear_log()
    again = runner.onboard(hosts, *forks)
    assert again.rc == 0, again.stdout
    assert [again.changed(host) for host in hosts] == [0] * ACCOUNTS
    assert [(path, path.stat().st_mtime_ns, path.read_bytes()) for path in (desk.sky, desk.aws)] == before

    planned = runner.onboard(hosts, "--check", *forks)
    assert [planned.changed(host) for host in hosts] == [0] * ACCOUNTS


def test_alone_it_makes_no_call_but_the_proof(aws: Emulator, runner: Runner, desk: Desk, account: str) -> None:
    run = runner.onboard(desk.hosts([account]), *ONLY)
    assert run.rc == 0, run.stdout
    assert [call["api"] for call in aws.calls()] == ["sts:AssumeRole"]
    assert desk.data()["workspaces"][f"aws-{account}"]["aws"]["profile"] == f"{account}-alice"


def test_the_role_alone_makes_no_call_at_all(aws: Emulator, runner: Runner, desk: Desk, account: str) -> None:
    play = [{"hosts": "all", "connection": "local", "gather_facts": False, "roles": ["sky.aws.sky_config"]}]
    run = runner.play(play, desk.hosts([account]))
    assert run.rc == 0, run.stdout
    assert aws.calls() == []
    assert runner.play(play, desk.hosts([account])).changed(f"a{account}") == 0
    refused = runner.play(play, desk.hosts([account], sky_config_present="alice=x"))
    assert refused.rc == 2


def test_as_an_ordinary_module_it_does_the_same(aws: Emulator, runner: Runner, desk: Desk, account: str) -> None:
    task = {
        "sky.aws.sky_config": {
            "account_id": account,
            "region": "us-east-1",
            "user": "alice",
            "config_file": str(desk.sky),
            "aws_config_file": str(desk.aws),
            "skypilot_python": "",
        },
        "async": 60,
        "poll": 1,
    }
    play = [{"hosts": "all", "connection": "local", "gather_facts": False, "tasks": [task]}]
    run = runner.play(play, {"ml": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}})
    assert run.rc == 0, run.stdout
    assert desk.data() == {"workspaces": {f"aws-{account}": {"aws": {"profile": f"{account}-alice"}}}}
    assert aws.calls() == []


def test_accounts_with_other_networks_need_other_files(runner: Runner, desk: Desk, accounts: list[str]) -> None:
    one, other = accounts
    assert runner.onboard(desk.hosts([one], sky_network_vpc_names=["lab"]), *ONLY).rc == 0
    before = desk.sky.read_bytes()
    for arguments in (("--check",), ()):
        run = runner.onboard(desk.hosts([other], sky_network_vpc_names=["lob"]), *ONLY, *arguments)
        assert run.rc == 2
        message = run.message(f"a{other}")
        assert len(message.splitlines()) == 1, message
        assert (
            f"aws.vpc_names is ['lab'] for workspace aws-{one}, but ['lob'] is declared for account {other}" in message
        )
        assert "config_file of its own" in message
        assert desk.sky.read_bytes() == before
    own = {"sky_config_file": str(desk.sky.with_name("other.yaml"))}
    run = runner.onboard(desk.hosts([other], sky_network_vpc_names=["lob"], **own), *ONLY)
    assert run.rc == 0, run.stdout


def test_what_a_person_wrote_stays(runner: Runner, desk: Desk, account: str) -> None:
    desk.sky.parent.mkdir(parents=True)
    desk.sky.write_text("# mine\naws: {vpc_names: [by-hand], ssh_user: me}\njobs: {bucket: s3://x}\n")
    run = runner.onboard(desk.hosts([account]), *ONLY)
    assert run.rc == 0, run.stdout
    data = desk.data()
    assert (data["aws"], data["jobs"]) == ({"vpc_names": ["by-hand"], "ssh_user": "me"}, {"bucket": "s3://x"})
    [result] = run.of(f"a{account}", "sky_config")
    assert result["drift"] == [{"aspect": "aws.vpc_names", "declared": [], "found": ["by-hand"]}]
    assert "configuration of alice differs from what is declared: aws.vpc_names" in " ".join(run.stdout.split())
    [backup] = result["config"]["backup_files"]
    assert pathlib.Path(backup).read_text().startswith("# mine\n")
    assert "has comments, which are lost" in run.stdout


def test_a_workspace_changes_hands_and_goes(runner: Runner, desk: Desk, accounts: list[str]) -> None:
    one, other = accounts
    assert runner.onboard(desk.hosts(accounts), *ONLY).rc == 0
    hands = {"sky_config_absent": [{"user": "alice"}], "sky_config_present": [{"user": "bob"}]}
    assert runner.onboard(desk.hosts([one], **hands), *ONLY).rc == 0
    assert {entry["aws"]["profile"] for entry in desk.data()["workspaces"].values()} == {f"{one}-bob", f"{other}-alice"}
    assert runner.onboard(desk.hosts([one], **hands), *ONLY).changed(f"a{one}") == 0
    gone = {"sky_config_absent": [{"user": "bob"}], "sky_config_present": []}
    assert runner.onboard(desk.hosts([one], **gone), *ONLY).rc == 0
    assert list(desk.data()["workspaces"]) == [f"aws-{other}"]
    assert desk.aws.read_text() == f"[profile {other}-alice]\nregion = us-east-1\n"


def test_without_skypilot_each_account_is_warned_once(
    runner: Runner, desk: Desk, accounts: list[str], tmp_path: pathlib.Path
) -> None:
    hosts = desk.hosts(accounts, sky_config_skypilot_python="auto")
    run = runner.onboard(hosts, *ONLY)
    assert run.rc == 0, run.stdout
    assert run.stdout.count("SkyPilot was not found") == len(accounts)


BAD = {
    "an unknown option": ({"sky_config_present": [{"user": "alice", "vpc": "x"}]}, "vpc: there is no such option"),
    "no user": ({"sky_config_present": [{"workspace": "x"}]}, "user: it is missing"),
    "a name": ({"sky_config_present": ["alice"]}, "sky_config_present: give a list of dictionaries of options"),
    "two in one place": (
        {"sky_config_present": [{"user": "alice"}, {"user": "bob"}]},
        "sky_config_present: the workspace of the account",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_with_that_of_all_roles(
    aws: Emulator, runner: Runner, desk: Desk, account: str, case: str
) -> None:
    variables, words = BAD[case]
    run = runner.onboard(desk.hosts([account], **variables))
    assert run.rc == 2
    assert words in run.message(f"a{account}")
    assert aws.calls() == []
