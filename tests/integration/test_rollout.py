# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rollouts over several accounts with real ansible-playbook: batches, failures, retries, and what is told of them."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import os
import pathlib
import pty
import re
import signal
import stat
import subprocess
import sys
import time
import typing as t

import pytest
import yaml

from ansible_collections.sky.aws.tests.emulator.server import Emulator
from ansible_collections.sky.aws.tests.integration.runs import Runner, performed
from ansible_collections.sky.aws.tests.reliability.controllers import Watched

POLICY = ["--tags", "sky_policy"]
DENIED = {"code": "AccessDenied", "message": "User is not authorized", "status": 403}


TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)


def rows(shown: str, *labels: str) -> list[list[str]]:
    """The rows of the summary's tables that begin with one of the labels, cell by cell."""
    found = [re.split(r"  +", line.strip()) for line in shown.splitlines() if line.startswith("  ")]
    return [row for row in found if row[0] in labels]


@dataclasses.dataclass
class Watch:
    """What a run left: its exit code, what was shown, and the outcome file, if there is one."""

    rc: int
    shown: str
    file: pathlib.Path

    @property
    def retry(self) -> pathlib.Path:
        return self.file.with_suffix(".retry")

    @property
    def outcome(self) -> dict[str, t.Any]:
        return json.loads(self.file.read_text())

    def statuses(self) -> dict[str, str]:
        return {name: account["status"] for name, account in self.outcome["accounts"].items()}

    def steps(self, name: str) -> list[tuple[str, str]]:
        return [(step["api"], step["target"]) for step in self.outcome["accounts"][name]["steps"]]


class Controller:
    """Runs ansible-playbook on an inventory, with the callback in place of Ansible's own output."""

    def __init__(self, url: str, folder: pathlib.Path) -> None:
        self.folder = folder
        self.file = folder / "outcome" / "rollout.json"
        self.environment = {
            **Runner(url, folder).environment,
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "ANSIBLE_STDOUT_CALLBACK": "sky.aws.rollout",
            "SKY_OUTCOME_FILE": str(self.file),
            "TERM": "xterm",
        }

    def run(
        self, hosts: dict[str, t.Any], *arguments: str, playbook: t.Any = "sky.aws.onboard", **groups: t.Any
    ) -> Watch:
        done = subprocess.run(
            self.command(hosts, playbook, *arguments, **groups),
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return Watch(done.returncode, done.stdout + done.stderr, self.file)

    def run_on_a_terminal(self, hosts: dict[str, t.Any], *arguments: str, playbook: t.Any = "sky.aws.onboard") -> Watch:
        outer, inner = pty.openpty()
        command = self.command(hosts, playbook, *arguments)
        with subprocess.Popen(command, env=self.environment, stdin=inner, stdout=inner, stderr=inner) as process:
            os.close(inner)
            shown = b""
            # Linux answers EIO when the last process has closed the other end.
            with contextlib.suppress(OSError):
                while read := os.read(outer, 65536):
                    shown += read
        os.close(outer)
        return Watch(process.returncode, shown.decode(), self.file)

    def command(self, hosts: dict[str, t.Any], playbook: t.Any, *arguments: str, **groups: t.Any) -> list[str]:
        inventory = self.folder / "accounts.yml"
        children = {name: {"hosts": dict.fromkeys(members)} for name, members in groups.items()}
        inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts, "children": children}}))
        if isinstance(playbook, list):
            (self.folder / "play.yml").write_text(yaml.safe_dump(playbook))
            playbook = str(self.folder / "play.yml")
        return [sys.executable, "-m", "ansible", "playbook", "-i", str(inventory), playbook, *arguments]


@pytest.fixture
def controller(aws: Emulator, tmp_path: pathlib.Path) -> Controller:
    aws.clear_faults()
    return Controller(aws.url, tmp_path)


_ids = itertools.count(230000000000)


def accounts(aws: Emulator, *names: str) -> dict[str, dict[str, t.Any]]:
    hosts = {name: {"sky_account_id": str(next(_ids))} for name in names}
    for account in hosts.values():
        aws.internet(account["sky_account_id"])
    aws.clear_log()
    return hosts


def written(aws: Emulator, account: dict[str, t.Any]) -> list[tuple[str, str]]:
    """The write calls that took effect in an account, by the server's own log."""
    return performed([call for call in aws.writes(account["sky_account_id"]) if not call["error"]])


class TestFailures:
    def test_they_stop_nobody_else_and_the_retry_takes_only_them(self, aws: Emulator, controller: Controller) -> None:
        hosts = accounts(aws, "ml-1", "ml-2", "ml-3", "ml-4")
        for name in ("ml-2", "ml-3"):
            aws.disturb("iam:CreateRole", account=hosts[name]["sky_account_id"], times=1, **DENIED)
        first = controller.run(hosts)
        assert first.rc == 2, first.shown
        assert first.statuses() == {"ml-1": "changed", "ml-2": "failed", "ml-3": "failed", "ml-4": "changed"}
        for name, account in hosts.items():
            assert first.steps(name) == written(aws, account) != []
            assert first.outcome["accounts"][name]["account_id"] == account["sky_account_id"]
        assert first.outcome["steps"]["iam:CreatePolicy"] == 4
        assert first.outcome["steps"]["iam:CreateRole"] == 2
        assert [cause["accounts"] for cause in first.outcome["causes"]] == [["ml-2", "ml-3"]]
        assert not re.search(r"\d{12}", first.outcome["causes"][0]["cause"])
        assert first.retry.read_text() == "ml-2\nml-3\n"
        assert {stat.S_IMODE(path.stat().st_mode) for path in (first.file, first.retry)} == {0o600}
        assert f"--limit @{first.retry}" in first.shown
        assert "       2 x iam:CreateRole on skypilot-v1" in first.shown

        aws.clear_log()
        second = controller.run(hosts, "--limit", f"@{first.retry}")
        assert second.rc == 0, second.shown
        assert second.statuses() == {"ml-2": "changed", "ml-3": "changed"}
        assert {call["account"] for call in aws.writes()} == {
            hosts[name]["sky_account_id"] for name in ("ml-2", "ml-3")
        }
        for name in ("ml-2", "ml-3"):
            assert second.steps(name) == written(aws, hosts[name])
            assert "iam:CreatePolicy" not in dict(second.steps(name))
        assert not second.retry.exists()

    def test_check_mode_tells_what_would_be_done(self, aws: Emulator, controller: Controller) -> None:
        hosts = accounts(aws, "ml-1", "ml-2")
        planned = controller.run(hosts, "--check", "--diff")
        assert planned.rc == 0, planned.shown
        assert aws.writes() == []
        assert planned.outcome["check_mode"]
        assert "2 to change" in planned.shown
        assert rows(planned.shown, "ml-1") == [["ml-1", "to change", "to create", "to create", "unchanged"]]
        assert "API calls that a real run would make" in planned.shown
        assert rows(planned.shown, "ml-1, ml-2") == [["ml-1, ml-2", "minimal-skypilot-policy", "iam:CreatePolicy"]]
        # A diff of each of a thousand accounts is what nobody reads.
        assert "ec2:Describe*" not in planned.shown
        assert "No diffs here. ANSIBLE_STDOUT_CALLBACK=default shows them" in planned.shown
        steps = [planned.steps(name) for name in hosts]
        real = controller.run(hosts)
        assert not real.outcome["check_mode"]
        assert [real.steps(name) for name in hosts] == steps == [written(aws, account) for account in hosts.values()]


class TestTable:
    def test_what_came_of_each_part(self, aws: Emulator, controller: Controller) -> None:
        hosts = accounts(aws, "ml-1", "ml-2")
        theirs = aws.client("iam", hosts["ml-2"]["sky_account_id"])
        theirs.create_role(RoleName="skypilot-v1", AssumeRolePolicyDocument=TRUST)
        theirs.attach_role_policy(RoleName="skypilot-v1", PolicyArn="arn:aws:iam::aws:policy/AmazonEC2FullAccess")
        for name, host in hosts.items():
            delivery = {"file": str(controller.folder / "keys" / name)}
            host["sky_users_present"] = [{"name": "alice", "access_key_delivery": delivery}, {"name": "bob"}]
            host["sky_users_absent"] = ["carol"]

        first = controller.run(hosts)
        assert first.rc == 0, first.shown
        assert "2 accounts: 2 changed, 1 with drift" in first.shown
        head = ["account", "status", "policy", "users", "role", "network"]
        assert rows(first.shown, "account", "ml-1", "ml-2")[:3] == [
            head,
            ["ml-1", "changed", "created", "2 created", "created", "unchanged"],
            ["ml-2", "changed", "created", "2 created", "changed, drift", "unchanged"],
        ]
        # The instance profile was not there.
        assert ("iam:CreateInstanceProfile", "skypilot-v1") in first.steps("ml-2")
        assert "API calls" not in first.shown
        told = first.outcome
        assert (told["schema"], told["totals"]["drift"]) == (2, 1)
        assert told["accounts"]["ml-1"]["parts"] == {
            "policy": {"created": 1}, "users": {"created": 2, "unchanged": 1}, "role": {"created": 1},
            "network": {"unchanged": 1},
        }  # fmt: skip

        second = controller.run(hosts)
        assert second.rc == 0, second.shown
        assert "2 accounts: 2 unchanged, 1 with drift" in second.shown
        assert rows(second.shown, "account", "ml-2", "1 more")[:3] == [
            head,
            ["ml-2", "unchanged", "unchanged", "unchanged", "drift", "unchanged"],
            ["1 more", "unchanged", "unchanged", "unchanged", "unchanged", "unchanged"],
        ]
        rights = "declared minimal-skypilot-policy; found AmazonEC2FullAccess"
        assert f"1 x role skypilot-v1: attached_policies: {rights}\n           ml-2\n" in second.shown
        account_id = hosts["ml-2"]["sky_account_id"]
        assert second.outcome["accounts"]["ml-2"]["drift"] == [
            {
                "task": "sky.aws.sky_instance_role : Manage the role of SkyPilot's instances",
                "part": "role",
                "name": "skypilot-v1",
                "aspect": "attached_policies",
                "declared": [f"arn:aws:iam::{account_id}:policy/minimal-skypilot-policy"],
                "found": ["arn:aws:iam::aws:policy/AmazonEC2FullAccess"],
            }
        ]
        for run in (first, second):
            for name, host in hosts.items():
                place = {"file": str(controller.folder / "keys" / name), "profile": f"{host['sky_account_id']}-alice"}
                assert run.outcome["accounts"][name]["access_keys"] == [{"user": "alice", **place}]
                assert rows(run.shown, name)[-1] == [
                    name, "alice", f"file {place['file']}, profile {place['profile']}"
                ]  # fmt: skip
                assert f"[{place['profile']}]" in pathlib.Path(place["file"]).read_text()

    def test_the_part_of_a_failed_task_is_failed(self, aws: Emulator, controller: Controller) -> None:
        hosts = accounts(aws, "ml-1")
        hosts["ml-1"]["sky_users_present"] = [{"name": "alice"}, {"name": "bob"}]
        aws.disturb("iam:CreateUser", account=hosts["ml-1"]["sky_account_id"], times=1, **DENIED)
        run = controller.run(hosts)
        assert rows(run.shown, "ml-1")[0] == ["ml-1", "failed", "created", "failed, created", "unchanged"], run.shown

    def test_a_real_run_shows_its_calls_on_request(self, aws: Emulator, controller: Controller) -> None:
        controller.environment["SKY_ROLLOUT_SHOW_CALLS"] = "true"
        run = controller.run(accounts(aws, "ml-1"), *POLICY)
        assert "API calls that changed something:" in run.shown
        assert ["ml-1", "minimal-skypilot-policy", "iam:CreatePolicy"] in rows(run.shown, "ml-1")

    def test_an_unusable_network_is_told_with_its_account(self, aws: Emulator, controller: Controller) -> None:
        hosts = accounts(aws, "ml-1")
        regions = {"sky_network_regions": ["us-east-1", "eu-central-1"], "sky_network_vpc_names": ["missing"]}
        hosts["ml-1"] |= {**regions, "sky_network_on_unusable": "report"}
        run = controller.run(hosts, "--tags", "sky_network")
        assert run.rc == 0
        assert rows(run.shown, "ml-1")[0] == ["ml-1", "unchanged", "unusable"], run.shown
        told = "[WARNING]: ml-1: network unusable: us-east-1: No VPC with name 'missing' is found in us-east-1"
        assert told in " ".join(run.shown.split())
        assert len(run.outcome["accounts"]["ml-1"]["warnings"]) == 2

    def test_a_warning_names_its_account_once(self, aws: Emulator, controller: Controller) -> None:
        hosts = accounts(aws, "ml-1", "ml-2")
        for host in hosts.values():
            host["sky_policy_features"] = ["base", "protect_tags"]
        run = controller.run(hosts, *POLICY)
        warned = [line for line in run.shown.splitlines() if line.startswith("[WARNING]")]
        assert sorted(line.split(": ")[1] for line in warned) == ["ml-1", "ml-2"], run.shown
        assert [line for line in warned if line.count("ml-") != 1] == []


class TestBatches:
    def test_a_canary_that_fails_whole_stops_the_rollout(self, aws: Emulator, controller: Controller) -> None:
        hosts = accounts(aws, "ml-1", "ml-2", "ml-3")
        aws.disturb("iam:CreatePolicy", account=hosts["ml-2"]["sky_account_id"], times=None, **DENIED)
        # The pattern names the canary first, so it is the first batch.
        extra = ["-e", "sky_hosts=canary:all", "-e", "sky_batch=1,100%"]
        run = controller.run(hosts, *POLICY, *extra, canary=["ml-2"])
        assert run.rc == 2, run.shown
        assert run.statuses() == {"ml-2": "failed", "ml-1": "not_started", "ml-3": "not_started"}
        assert {call["account"] for call in aws.writes()} == {hosts["ml-2"]["sky_account_id"]}
        assert run.retry.read_text() == "ml-2\nml-1\nml-3\n"
        assert "3 accounts: 1 failed, 2 not started" in run.shown

        aws.clear_faults()
        again = controller.run(hosts, *POLICY, *extra, "--limit", f"@{run.retry}", canary=["ml-2"])
        assert again.rc == 0, again.shown
        assert set(again.statuses().values()) == {"changed"}

    @pytest.mark.parametrize("batch", ["[2, '100%']", '{"sky_batch": [2, "100%"]}'])
    def test_a_batch_with_one_failure_does_not_stop_the_rest(
        self, aws: Emulator, controller: Controller, batch: str
    ) -> None:
        hosts = accounts(aws, "ml-1", "ml-2", "ml-3")
        aws.disturb("iam:CreatePolicy", account=hosts["ml-1"]["sky_account_id"], times=None, **DENIED)
        run = controller.run(hosts, *POLICY, "-e", batch if batch.startswith("{") else f'sky_batch="{batch}"')
        assert run.statuses() == {"ml-1": "failed", "ml-2": "changed", "ml-3": "changed"}, run.shown

    def test_a_share_of_failures_stops_the_batch_and_all_after_it(self, aws: Emulator, controller: Controller) -> None:
        hosts = accounts(aws, "ml-1", "ml-2", "ml-3", "ml-4")
        aws.disturb("iam:CreatePolicy", account=hosts["ml-1"]["sky_account_id"], times=None, **DENIED)
        run = controller.run(hosts, "-e", "sky_batch=3", "-e", "sky_max_fail_percentage=30")
        assert run.rc == 2, run.shown
        expected = {"ml-1": "failed", "ml-2": "unfinished", "ml-3": "unfinished", "ml-4": "not_started"}
        assert run.statuses() == expected
        for name in ("ml-2", "ml-3"):
            assert run.steps(name) == written(aws, hosts[name]) == [("iam:CreatePolicy", "minimal-skypilot-policy")]
        assert run.retry.read_text().split() == list(hosts)


class TestRefused:
    @pytest.mark.parametrize(
        ("extra", "words"),
        [
            ("sky_batch=0", "sky_batch: 0 is invalid; give "),
            ("sky_batch=-1", "sky_batch: -1 is invalid; give "),
            ("sky_batch=ten", "sky_batch: ten is invalid; give "),
            ("sky_batch=1,150%", "sky_batch: 1,150% is invalid; give "),
            ('{"sky_batch": [1, 0]}', "sky_batch: [1, 0] is invalid; give "),
            ('{"sky_batch": 0}', "sky_batch: 0 is invalid; give "),
            ('{"sky_batch": true}', "sky_batch: True is invalid; give "),
            ("sky_max_fail_percentage=-5", "sky_max_fail_percentage: -5 is invalid; give "),
            ("sky_max_fail_percentage=101", "sky_max_fail_percentage: 101 is invalid; give "),
            ("sky_max_fail_percentage=lots", "sky_max_fail_percentage: lots is invalid; give "),
            ("sky_hosts=nobody", "no account in the inventory matches nobody"),
            ("sky_hosts=all:!all", "no account in the inventory matches all:!all"),
            ("sky_hosts=canary:&ml-1", "no account in the inventory matches canary:&ml-1"),
            ("sky_hosts=empty", "no account in the inventory matches empty"),
            ("sky_hosts=ml-1", "no account in the inventory matches ml-1 within --limit ml-2"),
            ("sky_hosts=,", "sky_hosts: , names nothing"),
        ],
    )
    def test_what_would_do_nothing_or_everything_by_mistake(
        self, aws: Emulator, controller: Controller, extra: str, words: str
    ) -> None:
        aws.clear_log()
        hosts = {"ml-1": {"sky_account_id": "111111111111"}, "ml-2": {"sky_account_id": "222222222222"}}
        run = controller.run(hosts, "-e", extra, "--limit", "ml-2", canary=["ml-2"], empty=[])
        assert run.rc != 0
        assert [line for line in run.shown.splitlines() if words in line and "ERROR" in line], run.shown
        assert aws.calls() == []
        assert not run.file.exists()

    @pytest.mark.parametrize("playbook", ["sky.aws.onboard", "sky.aws.offboard", "sky.aws.rotate_keys"])
    def test_hosts_that_share_an_account(self, aws: Emulator, controller: Controller, playbook: str) -> None:
        aws.clear_log()
        hosts = {name: {"sky_account_id": "111111111111"} for name in ("ml-1", "ml-2")}
        run = controller.run(hosts, playbook=playbook)
        assert run.rc != 0
        words = "sky_account_id: hosts share an account: 111111111111 (ml-1, ml-2); give each host an id of its own"
        assert [line for line in run.shown.splitlines() if words in line and "ERROR" in line], run.shown
        assert aws.calls() == []
        assert not run.file.exists()


def task(name: str, module: str, **options: t.Any) -> dict[str, t.Any]:
    keywords = {key.removeprefix("_"): options.pop(key) for key in list(options) if key.startswith("_")}
    return {"name": name, f"ansible.builtin.{module}": options, **keywords}


def play(*tasks: dict[str, t.Any], **keywords: t.Any) -> dict[str, t.Any]:
    return {"hosts": "all", "connection": "local", "gather_facts": False, "tasks": list(tasks), **keywords}


class TestAnyPlaybook:
    def test_rescue_ignore_hide_and_lose(self, controller: Controller) -> None:
        actions = controller.folder / "action_plugins"
        actions.mkdir()
        (actions / "lose.py").write_text(
            "from ansible.plugins.action import ActionBase\n"
            "class ActionModule(ActionBase):\n"
            "    def run(self, tmp=None, task_vars=None):\n"
            "        return {'unreachable': True, 'msg': 'lost'}\n"
        )
        rescued = {
            "name": "Rescue",
            "block": [task("Fail", "fail", msg="never mind", _when="inventory_hostname == 'rescued'")],
            "rescue": [task("Mend", "debug", msg="mended")],
        }
        tasks = [
            task("Change", "debug", msg="x", _changed_when="inventory_hostname == 'changed'"),
            rescued,
            task("Ignore", "fail", msg="as always", _ignore_errors=True, _when="inventory_hostname == 'ignored'"),
            task("Hide", "fail", msg="s3cret", _no_log=True, _when="inventory_hostname == 'hidden'"),
            task("Loop", "fail", msg="no {{ item }}", _loop=["x", "y"], _when="inventory_hostname == 'looped'"),
            {"name": "Lose", "lose": {}, "when": "inventory_hostname == 'lost'"},
            {"name": "Lose", "lose": {}, "when": "inventory_hostname == 'ignored'", "ignore_unreachable": True},
        ]
        names = ("changed", "rescued", "ignored", "hidden", "looped", "lost")
        run = controller.run(dict.fromkeys(names), playbook=[play(*tasks)])
        assert run.statuses() == {
            "changed": "changed", "rescued": "unchanged", "ignored": "unchanged", "hidden": "failed", "looped": "failed",
            "lost": "unreachable",
        }  # fmt: skip
        assert run.outcome["accounts"]["looped"]["failure"]["message"] == "no x\nno y"
        assert "s3cret" not in run.shown + run.file.read_text()
        assert run.retry.read_text() == "hidden\nlooped\nlost\n"

    def test_any_errors_fatal_and_several_plays(self, controller: Controller) -> None:
        fatal = task("Fail", "fail", msg="no", _when="inventory_hostname == 'a'", _any_errors_fatal=True)
        first = play(task("Look", "debug", msg="x"), name="one")
        second = play(fatal, task("Look", "debug", msg="x"), name="two", serial=2)
        run = controller.run(dict.fromkeys("abc"), playbook=[first, second])
        assert run.statuses() == {"a": "failed", "b": "unfinished", "c": "unfinished"}, run.shown
        assert run.outcome["plays"] == ["one", "two"]
        assert run.retry.read_text().split() == list("abc")

    def test_an_interrupted_run_says_who_is_not_done(self, controller: Controller) -> None:
        waiting = task("Wait", "pause", seconds=60)
        hosts = dict.fromkeys("ab")
        command = controller.command(hosts, [play(task("Look", "debug", msg="x"), waiting, serial=1)])
        environment = {**controller.environment, "SKY_ROLLOUT_INTERVAL": "0"}
        with subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            assert process.stdout
            shown = ""
            while "Wait" not in shown:
                shown += process.stdout.readline()
            time.sleep(1)  # the task is announced before Ansible is in it
            process.send_signal(signal.SIGINT)
            shown += process.stdout.read()
        run = Watch(process.returncode, shown, controller.file)
        assert run.rc != 0
        assert not run.outcome["complete"], shown
        assert run.statuses() == {"a": "unfinished", "b": "not_started"}
        assert "broken off: 2 accounts: 1 unfinished, 1 not started" in shown
        assert run.retry.read_text().split() == ["a", "b"]


class TestTerminal:
    def test_progress_is_drawn_and_nothing_is_lost(self, controller: Controller) -> None:
        # A name that no module has gives each host a warning of Ansible's own at another time than its results.
        tasks = [task(f"Look {number}", "debug", msg="x") for number in range(4)]
        odd = task("Fail", "fail", msg="no {{ inventory_hostname }}", _when="inventory_hostname == 'h3'")
        hosts = {f"h{number}": {} for number in range(5)}
        run = controller.run_on_a_terminal(hosts, "-v", playbook=[play(*tasks, odd)])
        assert run.rc == 2, run.shown
        drawings = run.shown.count("running")
        assert drawings >= 1
        assert run.shown.count("\x1b[J") >= 1
        final = re.sub(r"\x1b\[[\d;]*[A-Za-z]", "", run.shown.rpartition("\x1b[J")[2])
        assert "5 accounts: 4 unchanged, 1 failed" in final
        assert "no <host>" in final
        assert "h3 failed: no h3" in run.shown
        assert f"--limit @{run.retry}" in final.replace("\r\n", "")
        assert run.statuses()["h3"] == "failed"


def test_no_secret_in_anything_that_is_shown_or_written(tmp_path: pathlib.Path) -> None:
    with Watched({"MOTO_IAM_LOAD_MANAGED_POLICIES": "false"}) as aws:
        controller = Controller(aws.url, tmp_path)
        controller.environment["ANSIBLE_LOG_PATH"] = str(tmp_path / "ansible.log")
        hosts = accounts(aws, "ml-1", "ml-2")
        for name, host in hosts.items():
            delivery = {"file": str(tmp_path / "keys" / name)}
            host["sky_users_present"] = [{"name": "alice", "access_key_delivery": delivery}]
        # After the intent: the key exists, and cannot be noted.
        failing = hosts["ml-2"]["sky_account_id"]
        aws.disturb("iam:TagUser", code="AccessDenied", status=403, skip=1, times=1, account=failing)
        run = controller.run_on_a_terminal(hosts, "-vvvv", "--diff")
        assert run.statuses() == {"ml-1": "changed", "ml-2": "failed"}, run.shown
        assert run.outcome["accounts"]["ml-1"]["access_keys"]
        told = run.shown + run.file.read_text() + (tmp_path / "ansible.log").read_text()
        secrets = aws.secrets()
        delivered = (tmp_path / "keys" / "ml-1").read_text()
        assert any(secret in delivered for secret in secrets)
        assert [secret for secret in secrets if secret in told] == []
        assert "1 x sky_user" in told or "1 x iam:TagUser" in told


class TestRunner:
    """ansible-runner, and AWX with it, has a stdout callback of its own."""

    def test_the_outcome_beside_it_changes_none_of_its_events(
        self, aws: Emulator, runner: Runner, account: str, tmp_path: pathlib.Path
    ) -> None:
        host = {"ml": {"sky_account_id": account}}
        plain = runner.onboard(host, "--check", *POLICY)
        file = tmp_path / "rollout.json"
        environment = {"ANSIBLE_CALLBACKS_ENABLED": "sky.aws.outcome", "SKY_OUTCOME_FILE": str(file)}
        beside = runner.onboard(host, "--check", *POLICY, environment=environment)
        assert (plain.rc, beside.rc) == (0, 0)
        assert _without_times(beside.stdout) == _without_times(plain.stdout)
        assert beside.steps("ml") == plain.steps("ml")
        told = json.loads(file.read_text())
        assert [(step["api"], step["target"]) for step in told["accounts"]["ml"]["steps"]] == plain.steps("ml")
        assert told["check_mode"]

    def test_the_screen_under_it_leaves_its_events_whole(self, runner: Runner, account: str) -> None:
        host = {"ml": {"sky_account_id": account}}
        plain = runner.onboard(host, "--check", *POLICY)
        under = runner.onboard(host, "--check", *POLICY, environment={"ANSIBLE_STDOUT_CALLBACK": "sky.aws.rollout"})
        assert (plain.rc, under.rc) == (0, 0), under.stdout
        assert [(name, action) for name, action, _result in under.results] == [
            (name, action) for name, action, _result in plain.results
        ]
        assert under.steps("ml") == plain.steps("ml")
        assert "1 account: 1 to change" in under.stdout
        assert "\x1b[J" not in under.stdout


def _without_times(text: str) -> str:
    return re.sub(r"\d+:\d\d:\d\d(\.\d+)?", "", text)
