# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""onboard.yml on accounts of the emulated AWS: what it says, what it does, and what the server saw."""

from __future__ import annotations

import json
import pathlib
import stat
import typing as t

import pytest

from ansible_collections.sky.aws.demo.launch import MANAGEMENT
from ansible_collections.sky.aws.tests.emulator.server import Emulator
from ansible_collections.sky.aws.tests.integration.runs import Runner, dumped, performed

IMAGE = "ami-0a1b2c3d4e5f60718"
POLICY = "minimal-skypilot-policy"
ROLE = "skypilot-v1"
#: policy, one user, the role, one region, one instance: what the figure of calls is about
STANDARD = {
    "sky_users_present": [{"name": "alice"}],
    "sky_instances_present": [{"name": "smoke", "instance_type": "t3.micro", "image_id": IMAGE}],
}
EXPECTED_FIRST = [
    ("iam:CreatePolicy", POLICY),
    ("iam:CreateUser", "alice"),
    ("iam:AttachUserPolicy", "alice"),
    ("iam:CreateRole", ROLE),
    ("iam:AttachRolePolicy", ROLE),
    ("iam:CreateInstanceProfile", ROLE),
    ("iam:AddRoleToInstanceProfile", ROLE),
    ("ec2:RunInstances", "smoke"),
]


def host(account_id: str, **variables: t.Any) -> dict[str, dict[str, t.Any]]:
    return {"ml": {"sky_account_id": account_id, **variables}}


def policy_arn(account_id: str) -> str:
    return f"arn:aws:iam::{account_id}:policy/{POLICY}"


class TestEmptyAccounts:
    def test_the_plan_is_what_happens_and_the_second_run_writes_nothing(
        self, aws: Emulator, runner: Runner, accounts: list[str]
    ) -> None:
        hosts = {f"a{index}": {"sky_account_id": account, **STANDARD} for index, account in enumerate(accounts)}
        planned = runner.onboard(hosts, "--check", "--diff")
        assert planned.rc == 0, planned.stdout
        assert aws.writes() == []

        real = runner.onboard(hosts)
        assert real.rc == 0, real.stdout
        for index, account in enumerate(accounts):
            name = f"a{index}"
            assert planned.steps(name) == real.steps(name) == performed(aws.writes(account)) == EXPECTED_FIRST
            assert planned.changed(name) == real.changed(name) == 4

        aws.clear_log()
        again = runner.onboard(hosts)
        assert again.rc == 0
        assert aws.writes() == []
        # The security group and the configuration, of which an ordinary account has none.
        assert again.stdout.count("skipped=2 ") == len(accounts)
        for index, account in enumerate(accounts):
            assert again.changed(f"a{index}") == 0
            # The assume is counted for the caller's account.
            assert len(aws.calls(account)) == 13
        assert [call["api"] for call in aws.calls(aws.management_account)] == ["sts:AssumeRole"] * len(accounts)

    def test_results_have_the_same_keys_whatever_happened(self, runner: Runner, account: str) -> None:
        hosts = host(account, **STANDARD)
        runs = [runner.onboard(hosts, "--check"), runner.onboard(hosts), runner.onboard(hosts)]
        for module in ("sky_account", "sky_vpc_lookup", "sky_iam_policy", "sky_user", "sky_role", "sky_instance"):
            results = [run.of("ml", module)[-1] for run in runs]
            shapes = [_shape({k: v for k, v in result.items() if k not in _ANSIBLE}) for result in results]
            assert shapes[0] == shapes[1] == shapes[2], module

    def test_the_diff_shows_documents(self, runner: Runner, account: str) -> None:
        planned = runner.onboard(host(account), "--check", "--diff", "--tags", "sky_policy")
        diff = planned.of("ml", "sky_iam_policy")[0]["diff"]
        assert diff["before"] == {}
        statements = diff["after"]["policy"]["document"]["Statement"]
        assert ["ec2:Describe*"] in [statement["Action"] for statement in statements]


_ANSIBLE = {
    "invocation", "warnings", "item", "ansible_loop_var", "failed", "_ansible_no_log", "_ansible_item_label", "diff",
    "_ansible_parsed", "ansible_facts",
}  # fmt: skip


def _shape(value: t.Any) -> t.Any:
    """The keys of nested dictionaries; documents and tags are data, not shape."""
    if not isinstance(value, dict):
        return None
    return {key: None if key in ("tags", "document") else _shape(item) for key, item in sorted(value.items())}


class TestDrift:
    @pytest.fixture
    def onboarded(self, aws: Emulator, runner: Runner, account: str) -> str:
        assert runner.onboard(host(account, **STANDARD)).rc == 0
        aws.clear_log()
        return account

    def _mends(self, aws: Emulator, runner: Runner, account: str, expected: list[tuple[str, str]]) -> None:
        aws.clear_log()
        hosts = host(account, **STANDARD)
        planned = runner.onboard(hosts, "--check", "--diff")
        assert planned.rc == 0, planned.stdout
        assert aws.writes() == []
        real = runner.onboard(hosts)
        assert planned.steps("ml") == real.steps("ml") == performed(aws.writes()) == expected
        aws.clear_log()
        assert runner.onboard(hosts).changed("ml") == 0
        assert aws.writes() == []

    def test_a_detached_policy_a_changed_trust_and_an_emptied_profile(
        self, aws: Emulator, runner: Runner, onboarded: str
    ) -> None:
        iam = aws.client("iam", onboarded)
        iam.detach_user_policy(UserName="alice", PolicyArn=policy_arn(onboarded))
        trust = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}],
        }
        iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(trust))
        iam.remove_role_from_instance_profile(InstanceProfileName=ROLE, RoleName=ROLE)
        expected = [
            ("iam:AttachUserPolicy", "alice"),
            ("iam:UpdateAssumeRolePolicy", ROLE),
            ("iam:AddRoleToInstanceProfile", ROLE),
        ]
        self._mends(aws, runner, onboarded, expected)

    def test_a_new_policy_version_at_the_limit(self, aws: Emulator, runner: Runner, onboarded: str) -> None:
        iam = aws.client("iam", onboarded)
        everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        for _number in range(4):
            iam.create_policy_version(
                PolicyArn=policy_arn(onboarded), PolicyDocument=json.dumps(everything), SetAsDefault=True
            )
        arn = policy_arn(onboarded)
        self._mends(aws, runner, onboarded, [("iam:DeletePolicyVersion", arn), ("iam:CreatePolicyVersion", arn)])
        versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
        assert len(versions) == 5
        assert [version["VersionId"] for version in versions if version["IsDefaultVersion"]] == ["v6"]

    def test_foreign_rights_go_and_inline_policies_are_reported(
        self, aws: Emulator, runner: Runner, onboarded: str
    ) -> None:
        iam = aws.client("iam", onboarded)
        iam.attach_user_policy(UserName="alice", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        inline = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
        iam.put_user_policy(UserName="alice", PolicyName="extra", PolicyDocument=json.dumps(inline))
        self._mends(aws, runner, onboarded, [("iam:DetachUserPolicy", "alice")])
        again = runner.onboard(host(onboarded, **STANDARD))
        drift = {"aspect": "inline_policies", "declared": [], "found": ["extra"]}
        assert again.of("ml", "sky_user")[0]["drift"] == [drift]
        assert "ml: user alice differs from what is declared: inline_policies" in " ".join(again.stdout.split())


class TestTags:
    @pytest.mark.parametrize(
        ("tag", "expected"),
        [
            ("sky_network", []),
            ("sky_policy", EXPECTED_FIRST[:1]),
        ],
    )
    def test_a_part_alone(
        self, aws: Emulator, runner: Runner, account: str, tag: str, expected: list[tuple[str, str]]
    ) -> None:
        run = runner.onboard(host(account, **STANDARD), "--tags", tag)
        assert run.rc == 0, run.stdout
        assert performed(aws.writes()) == expected

    def test_the_parts_one_after_the_other(self, aws: Emulator, runner: Runner, account: str) -> None:
        for tag in ("sky_policy", "sky_users", "sky_instance_role", "sky_instances"):
            assert runner.onboard(host(account, **STANDARD), "--tags", tag).rc == 0
        assert performed(aws.writes()) == EXPECTED_FIRST


class TestOtherWays:
    def test_the_role_is_left_to_skypilot(self, aws: Emulator, runner: Runner, account: str) -> None:
        run = runner.onboard(
            host(
                account, sky_instance_role_state="unmanaged", sky_policy_features=["base", "launch_tags", "create_role"]
            )
        )
        assert run.rc == 0, run.stdout
        assert performed(aws.writes()) == EXPECTED_FIRST[:1]
        assert "sky_instance_role_state" not in run.message("ml")

    def test_a_policy_of_the_roles_own(self, aws: Emulator, runner: Runner, account: str) -> None:
        run = runner.onboard(host(account, sky_instance_role_features=["base"]), "--tags", "sky_instance_role")
        assert run.rc == 0, run.stdout
        attached = aws.client("iam", account).list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"]
        assert [policy["PolicyName"] for policy in attached] == [f"{ROLE}-policy"]
        assert [api for api, _target in run.steps("ml")][:2] == ["iam:CreatePolicy", "iam:CreateRole"]

    def test_absent_users_and_instances_go(self, aws: Emulator, runner: Runner, account: str) -> None:
        assert runner.onboard(host(account, **STANDARD)).rc == 0
        aws.clear_log()
        gone = {"sky_users_absent": ["alice"], "sky_instances_absent": ["smoke"]}
        planned = runner.onboard(host(account, **gone), "--check")
        real = runner.onboard(host(account, **gone))
        expected = [
            ("iam:DetachUserPolicy", "alice"),
            ("iam:DeleteUser", "alice"),
            ("ec2:TerminateInstances", "smoke"),
        ]
        assert planned.steps("ml") == real.steps("ml") == expected
        # The server's log knows a terminated instance by its id only.
        assert [call["api"] for call in aws.writes()] == [api for api, target in expected]
        assert runner.onboard(host(account, **gone)).changed("ml") == 0

    def test_one_account_that_cannot_be_reached_fails_alone(
        self, aws: Emulator, runner: Runner, accounts: list[str]
    ) -> None:
        hosts = {"good": {"sky_account_id": accounts[0]}, "bad": {"sky_account_id": accounts[1]}}
        # A refused assume is not repeated by botocore, so one fault is one refusal; which host it hits does not matter.
        aws.fault("sts:AssumeRole", "AccessDenied", status=403)
        run = runner.onboard(hosts)
        assert run.rc == 2
        refused = [name for name in hosts if run.message(name)]
        assert len(refused) == 1
        arn = f"arn:aws:iam::{hosts[refused[0]]['sky_account_id']}:role/OrganizationAccountAccessRole"
        assert arn in run.message(refused[0])
        assert "The caller is arn:aws:" in run.message(refused[0])
        other = next(name for name in hosts if name not in refused)
        assert len(run.steps(other)) == 5

    def test_a_pattern_that_matches_nothing_is_a_failure(self, aws: Emulator, runner: Runner, account: str) -> None:
        run = runner.onboard(host(account), extra={"sky_hosts": "nobody"})
        assert run.rc != 0
        assert aws.calls() == []


class TestSecrets:
    def test_the_delivered_key_is_in_its_file_and_nowhere_else(
        self, aws: Emulator, runner: Runner, account: str, tmp_path: pathlib.Path
    ) -> None:
        file = tmp_path / "keys" / "credentials"
        hosts = host(account, sky_users_present=[{"name": "alice", "access_key_delivery": {"file": str(file)}}])
        first = runner.onboard(hosts, "-vvvv", "--diff")
        assert first.rc == 0, first.stdout
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        lines = dict(line.split(" = ") for line in file.read_text().splitlines() if " = " in line)
        assert f"[{account}-alice]" in file.read_text()
        secret = lines["aws_secret_access_key"]
        written = "\n".join(dumped(run) for run in runner.folder.glob("run*"))
        assert lines["aws_access_key_id"] in written
        assert secret not in written
        # The run's environment is in ansible-runner's own files; what must not be there is what was given to nobody.
        assert MANAGEMENT["aws_secret_access_key"] not in first.stdout
        assert not list((tmp_path / "home").rglob("sky-aws-credentials"))

        aws.clear_log()
        again = runner.onboard(hosts)
        assert again.changed("ml") == 0
        assert aws.writes() == []
        keys = aws.client("iam", account).list_access_keys(UserName="alice")["AccessKeyMetadata"]
        assert [key["AccessKeyId"] for key in keys] == [lines["aws_access_key_id"]]


class TestModulesElsewhere:
    """async makes Ansible run an ordinary module, in a process of its own."""

    def test_the_module_does_the_same_as_the_worker(self, aws: Emulator, runner: Runner, accounts: list[str]) -> None:
        options = {"region": "us-east-1", "assume_role": "OrganizationAccountAccessRole", "account_id": "{{ id }}"}
        task = {"sky.aws.sky_iam_policy": options, "register": "result"}
        play = {"hosts": "all", "connection": "local", "gather_facts": False}
        here = runner.play([{**play, "tasks": [task]}], {"ml": {"id": accounts[0]}})
        python = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        elsewhere = runner.play(
            [{**play, "tasks": [{**task, "async": 60, "poll": 1}]}], {"ml": {"id": accounts[1], **python}}
        )
        assert (here.rc, elsewhere.rc) == (0, 0), here.stdout + elsewhere.stdout
        one = here.of("ml", "sky_iam_policy")[-1]
        other = elsewhere.of("ml", "sky_iam_policy")[-1]
        assert performed(aws.writes(accounts[0])) == performed(aws.writes(accounts[1])) == EXPECTED_FIRST[:1]
        assert one["steps"] == other["steps"]
        assert sorted(one["policy"]) == sorted(other["policy"])


class TestInstances:
    def test_one_name_in_two_regions_and_no_user_data_in_any_event(
        self, aws: Emulator, runner: Runner, account: str
    ) -> None:
        aws.internet(account, "us-west-2")
        aws.clear_log()
        image = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
        item = {"name": "box", "image_parameter": image, "user_data": "export TOKEN=s3cr3t-t0ken"}
        hosts = host(
            account,
            sky_network_regions=["us-east-1", "us-west-2"],
            sky_instances_present=[item, {**item, "region": "us-west-2"}, {**item, "name": "Box"}],
        )
        first = runner.onboard(hosts, "-vv")
        assert first.rc == 0, first.stdout
        made = [(call["target"], call["region"]) for call in aws.writes() if call["service"] == "ec2"]
        assert made == [("box", "us-east-1"), ("box", "us-west-2"), ("Box", "us-east-1")]
        events = "\n".join(path.read_text() for path in (first.folder / "artifacts").rglob("job_events/*.json"))
        assert "s3cr3t-t0ken" not in first.stdout + events
        assert runner.onboard(hosts, "--tags", "sky_instances").changed("ml") == 0
