# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""rotate_keys.yml while the days of the emulated AWS go by; and what onboard.yml does with keys of absent users."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from botocore.configloader import raw_config_parse

from ansible_collections.sky.aws.tests.emulator.server import Emulator
from ansible_collections.sky.aws.tests.integration.runs import Run, Runner, dumped, performed

ROTATED = ["iam:TagUser", "iam:CreateAccessKey", "iam:TagUser", "iam:UpdateAccessKey"]
INTO_A_SECRET = [*ROTATED[:2], "secretsmanager:PutSecretValue", *ROTATED[2:]]


class Team:
    """Alice has her key in a file, Bob in a secret, Carol has none."""

    def __init__(self, aws: Emulator, runner: Runner, account: str, folder: pathlib.Path) -> None:
        self.aws = aws
        self.runner = runner
        self.account = account
        self.iam = aws.client("iam", account)
        self.file = folder / "keys" / "credentials"
        self.users: list[dict[str, t.Any]] = [
            {"name": "carol"},
            {"name": "alice", "access_key_delivery": {"file": str(self.file)}},
            {"name": "bob", "access_key_delivery": {"secret": "sky/bob"}},
        ]

    def onboard(self, **variables: t.Any) -> Run:
        return self._run("sky.aws.onboard", "--tags", "sky_policy,sky_users", **variables)

    def rotate(self, *arguments: str, extra: dict[str, t.Any] | None = None, **variables: t.Any) -> Run:
        return self._run("sky.aws.rotate_keys", *arguments, extra=extra, **variables)

    def _run(self, playbook: str, *arguments: str, extra: dict[str, t.Any] | None = None, **variables: t.Any) -> Run:
        hosts = {"ml": {"sky_account_id": self.account, "sky_users_present": self.users, **variables}}
        run = self.runner.play(playbook, hosts, *arguments, extra=extra)
        assert run.rc == 0, run.stdout
        return run

    def delivered(self) -> dict[str, tuple[str, str]]:
        """What was delivered to Alice and Bob, as ``(id, secret)``."""
        profile = raw_config_parse(str(self.file))[f"{self.account}-alice"]
        client = self.aws.client("secretsmanager", self.account)
        secret = json.loads(client.get_secret_value(SecretId="sky/bob")["SecretString"])
        places = {"alice": profile, "bob": secret}
        return {name: (key["aws_access_key_id"], key["aws_secret_access_key"]) for name, key in places.items()}

    def keys(self, name: str) -> dict[str, str]:
        listed = self.iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
        return {key["AccessKeyId"]: key["Status"] for key in listed}


@pytest.fixture
def team(aws: Emulator, runner: Runner, account: str, tmp_path: pathlib.Path) -> t.Iterator[Team]:
    made = Team(aws, runner, account, tmp_path)
    made.onboard()
    aws.clear_log()
    yield made
    aws.days_later(0)


def test_keys_are_rotated_and_nothing_else_is_changed(team: Team) -> None:
    first = team.delivered()
    team.iam.attach_user_policy(UserName="alice", PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")
    team.iam.tag_user(UserName="carol", Tags=[{"Key": "sky.aws/managed-by", "Value": "somebody"}])
    team.aws.days_later(80)
    team.aws.clear_log()
    assert team.rotate().changed("ml") == 0
    assert team.aws.writes() == []

    team.aws.days_later(91)
    planned = team.rotate("--check", "--diff")
    assert team.aws.writes() == []
    done = team.rotate("-vvvv", "--diff")
    assert planned.steps("ml") == done.steps("ml") == performed(team.aws.writes())
    assert [api for api, _target in done.steps("ml")] == [*ROTATED, *INTO_A_SECRET]
    second = team.delivered()
    for name in first:
        assert team.keys(name) == {first[name][0]: "Inactive", second[name][0]: "Active"}
    written = "\n".join(dumped(run) for run in team.runner.folder.glob("run*"))
    assert second["alice"][0] in written
    assert [secret for _id, secret in (*first.values(), *second.values()) if secret in written] == []

    team.aws.clear_log()
    again = team.rotate()
    assert (again.changed("ml"), team.aws.writes()) == (0, [])

    team.aws.days_later(99)
    assert team.rotate().steps("ml") == [("iam:DeleteAccessKey", "alice"), ("iam:DeleteAccessKey", "bob")]
    assert {name: list(team.keys(name)) for name in second} == {name: [key[0]] for name, key in second.items()}
    assert team.delivered() == second


def test_the_sooner_of_two_ages_holds(team: Team) -> None:
    team.users[1]["access_key_delivery"]["max_age_days"] = 30
    team.users[2]["access_key_delivery"]["max_age_days"] = 300
    team.aws.days_later(40)
    team.aws.clear_log()
    team.rotate()
    assert [call["target"] for call in team.aws.writes()] == ["alice"] * 4
    team.aws.clear_log()
    team.rotate(extra={"sky_rotate_max_age_days": 35})
    assert [call["api"] for call in team.aws.writes()] == INTO_A_SECRET


def test_onboarding_rotates_where_an_age_is_declared_and_ends_the_grace_everywhere(team: Team) -> None:
    team.aws.days_later(40)
    team.rotate(sky_rotate_max_age_days=30)
    team.aws.days_later(48)
    team.aws.clear_log()
    team.onboard()
    assert performed(team.aws.writes()) == [("iam:DeleteAccessKey", "alice"), ("iam:DeleteAccessKey", "bob")]
    team.users[1]["access_key_delivery"]["max_age_days"] = 5
    team.aws.clear_log()
    team.onboard()
    assert [call["api"] for call in team.aws.writes()] == ROTATED


def test_a_user_that_is_not_there_is_not_made(team: Team) -> None:
    team.users.append({"name": "dora", "access_key_delivery": {"file": str(team.file)}})
    done = team.rotate()
    assert team.aws.writes() == []
    assert "user dora does not exist" in done.stdout
    assert done.changed("ml") == 0


@pytest.mark.parametrize(
    ("age", "message"), [("soon", "sky_users_rotate_max_age_days"), (0, "max_age_days: 0 is out of range")]
)
def test_a_bad_age_is_refused_before_any_write(
    aws: Emulator, runner: Runner, account: str, age: t.Any, message: str
) -> None:
    user = {"name": "alice", "access_key_delivery": {"secret": "sky/alice"}}
    hosts = {"ml": {"sky_account_id": account, "sky_users_present": [user], "sky_rotate_max_age_days": age}}
    run = runner.play("sky.aws.rotate_keys", hosts)
    assert run.rc == 2
    assert message in run.message("ml")
    assert aws.writes() == []


def test_the_tasks_of_the_role_alone(team: Team) -> None:
    team.aws.days_later(40)
    team.aws.clear_log()
    role = {"name": "sky.aws.sky_users", "tasks_from": "rotate"}
    tasks = [{"ansible.builtin.import_role": role, "vars": {"sky_users_rotate_max_age_days": 30}}]
    play = [{"hosts": "all", "connection": "local", "gather_facts": False, "tasks": tasks}]
    hosts = {"ml": {"sky_account_id": team.account, "sky_users_present": team.users}}
    run = team.runner.play(play, hosts)
    assert run.rc == 0, run.stdout
    assert [call["api"] for call in team.aws.writes()] == [*ROTATED, *INTO_A_SECRET]


def test_absent_users_lose_their_keys_as_declared(team: Team) -> None:
    person = team.iam.create_access_key(UserName="alice")["AccessKey"]["AccessKeyId"]
    ours = team.delivered()["alice"][0]
    team.users, gone = [], ["alice"]
    team.onboard(sky_users_absent=gone, sky_users_absent_keys="deactivate_ours")
    assert team.keys("alice") == {ours: "Inactive", person: "Active"}
    hosts = {"ml": {"sky_account_id": team.account, "sky_users_absent": gone}}
    left = team.runner.onboard(hosts, "--tags", "sky_users")
    assert left.rc == 2
    assert f"user alice has access keys that this collection did not deliver ({person})" in left.message("ml")
    team.aws.clear_log()
    team.onboard(sky_users_absent=gone, sky_users_absent_keys="delete_all")
    assert [call["api"] for call in team.aws.writes()] == [
        "iam:DeleteAccessKey",
        "iam:DeleteAccessKey",
        "iam:DetachUserPolicy",
        "iam:DeleteUser",
    ]
