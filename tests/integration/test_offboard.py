# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""offboard.yml on accounts of the emulated AWS: after onboarding and offboarding an account is as it was before."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from ansible_collections.sky.aws.tests.emulator.server import Emulator
from ansible_collections.sky.aws.tests.integration.runs import Run, Runner

IMAGE = "ami-0a1b2c3d4e5f60718"
REGION = "us-east-1"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def variables(account: str, folder: pathlib.Path) -> dict[str, t.Any]:
    """What a host declares: a key in a file and one in a secret, a policy of the role's own, a group, an instance."""
    return {
        "sky_account_id": account,
        "sky_users_present": [
            {"name": "alice", "access_key_delivery": {"file": str(folder / "keys" / "credentials")}},
            {"name": "bob", "access_key_delivery": {"secret": "sky/bob"}},
        ],
        "sky_instance_role_features": ["base"],
        "sky_network_security_group": "skypilot",
        "sky_instances_present": [{"name": "smoke", "image_id": IMAGE, "security_groups": ["skypilot"]}],
        "sky_offboard_regions": [REGION],
    }


def contents(aws: Emulator, account: str) -> dict[str, t.Any]:
    """What is in an account, by name."""
    iam, ec2 = aws.client("iam", account), aws.client("ec2", account)
    secrets = aws.client("secretsmanager", account)
    reservations = ec2.describe_instances()["Reservations"]
    described = [item for reservation in reservations for item in reservation["Instances"]]
    return {
        "users": [(item["UserName"], iam.list_access_keys(UserName=item["UserName"])["AccessKeyMetadata"])
                  for item in iam.list_users()["Users"]],
        "roles": [(item["RoleName"], iam.list_attached_role_policies(RoleName=item["RoleName"])["AttachedPolicies"])
                  for item in iam.list_roles()["Roles"]],
        "profiles": [item["InstanceProfileName"] for item in iam.list_instance_profiles()["InstanceProfiles"]],
        "policies": [item["PolicyName"] for item in iam.list_policies(Scope="Local")["Policies"]],
        "secrets": [item["Name"] for item in secrets.list_secrets()["SecretList"]],
        "groups": [item["GroupId"] for item in ec2.describe_security_groups()["SecurityGroups"]],
        "instances": [item["InstanceId"] for item in described if item["State"]["Name"] != "terminated"],
    }  # fmt: skip


def apis(run: Run, host: str = "ml") -> list[str]:
    return [api for api, target in run.steps(host)]


def written(aws: Emulator, account: str) -> list[str]:
    return [call["api"] for call in aws.writes(account)]


class TestThereAndBack:
    def test_the_account_is_as_it_was_before(
        self, aws: Emulator, runner: Runner, account: str, tmp_path: pathlib.Path
    ) -> None:
        iam, ec2 = aws.client("iam", account), aws.client("ec2", account)
        iam.create_user(UserName="stranger")
        iam.create_access_key(UserName="stranger")
        iam.create_role(RoleName="theirs", AssumeRolePolicyDocument=json.dumps(TRUST))
        ec2.run_instances(ImageId=IMAGE, InstanceType="t3.micro", MinCount=1, MaxCount=1)
        before = contents(aws, account)
        hosts = {"ml": variables(account, tmp_path)}
        assert runner.onboard(hosts).rc == 0
        assert contents(aws, account) != before
        aws.clear_log()

        planned = runner.play("sky.aws.offboard", hosts, "--check", "--diff")
        assert planned.rc == 0, planned.stdout
        assert written(aws, account) == []
        confirmed = {"sky_offboard_confirm": account}
        real = runner.play("sky.aws.offboard", hosts, extra=confirmed)
        assert real.rc == 0, real.stdout
        assert planned.steps("ml") == real.steps("ml")
        assert apis(real) == written(aws, account)
        assert len(apis(real)) == 15
        [result] = real.of("ml", "sky_offboard")
        assert result["left"] == []
        assert contents(aws, account) == before
        assert (tmp_path / "keys" / "credentials").read_text() == ""

        aws.clear_log()
        again = runner.play("sky.aws.offboard", hosts, extra=confirmed)
        assert (again.rc, again.changed("ml"), written(aws, account)) == (0, 0, [])

    def test_what_is_half_gone_is_finished(
        self, aws: Emulator, runner: Runner, account: str, tmp_path: pathlib.Path
    ) -> None:
        before = contents(aws, account)
        hosts = {"ml": {**variables(account, tmp_path), "sky_offboard_confirm": account}}
        assert runner.onboard(hosts).rc == 0
        aws.fault("iam:DeleteRole", "AccessDenied", status=403, account=account)
        stopped = runner.play("sky.aws.offboard", hosts)
        assert stopped.rc != 0
        assert "Run it again to finish" in stopped.message("ml")
        assert "iam:DeleteInstanceProfile" in apis(stopped)
        finished = runner.play("sky.aws.offboard", hosts)
        assert finished.rc == 0, finished.stdout
        assert apis(finished)[0] == "iam:DeleteRole"
        assert contents(aws, account) == before


class TestConfirmation:
    @pytest.mark.parametrize("given", [None, "", "yes", "000000000000"])
    def test_anything_but_the_accounts_id_stops_before_any_call(
        self, aws: Emulator, runner: Runner, account: str, given: str | None
    ) -> None:
        extra = {} if given is None else {"sky_offboard_confirm": given}
        run = runner.play("sky.aws.offboard", {"ml": {"sky_account_id": account}}, extra=extra)
        assert run.rc != 0
        assert run.message("ml").startswith(f'sky_offboard_confirm: "{given or ""}" is not the id of this host')
        assert "\n" not in run.message("ml")
        assert aws.calls() == []

    def test_one_confirmation_is_for_one_account(self, aws: Emulator, runner: Runner, accounts: list[str]) -> None:
        hosts = {f"a{index}": {"sky_account_id": account} for index, account in enumerate(accounts)}
        assert runner.onboard(hosts).rc == 0
        aws.clear_log()
        extra = {"sky_offboard_confirm": accounts[0], "sky_offboard_regions": [REGION]}
        run = runner.play("sky.aws.offboard", hosts, extra=extra)
        assert run.rc != 0
        assert len(run.steps("a0")) == len(written(aws, accounts[0])) == 5
        assert run.message("a1")
        assert aws.calls(accounts[1]) == []

    def test_a_number_is_refused_as_everywhere(self, aws: Emulator, runner: Runner) -> None:
        hosts = {"ml": {"sky_account_id": 111122223333, "sky_offboard_confirm": 111122223333}}
        run = runner.play("sky.aws.offboard", hosts)
        assert run.rc != 0
        assert "sky_account_id: 111122223333 is a number" in run.message("ml")
        assert aws.calls() == []


class TestLeft:
    def test_a_running_cluster_and_a_role_of_skypilot_are_reported(
        self, aws: Emulator, runner: Runner, account: str
    ) -> None:
        iam, ec2 = aws.client("iam", account), aws.client("ec2", account)
        iam.create_role(RoleName="skypilot-v1", AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.create_instance_profile(InstanceProfileName="skypilot-v1")
        iam.add_role_to_instance_profile(InstanceProfileName="skypilot-v1", RoleName="skypilot-v1")
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "skypilot-cluster-name", "Value": "train"}]}]
        profile = {"Name": "skypilot-v1"}
        ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1, TagSpecifications=tags, IamInstanceProfile=profile)
        before = contents(aws, account)
        hosts = {"ml": {"sky_account_id": account, "sky_offboard_confirm": account, "sky_offboard_regions": [REGION]}}
        assert runner.onboard(hosts).rc == 0
        run = runner.play("sky.aws.offboard", hosts)
        assert run.rc == 0, run.stdout
        assert apis(run) == ["iam:DeletePolicy"]
        [result] = run.of("ml", "sky_offboard")
        assert [item["type"] for item in result["left"]] == ["instance", "role"]
        assert "SkyPilot's cluster train" in run.stdout
        assert contents(aws, account) == before
