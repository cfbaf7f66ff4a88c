# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's events in both of their shapes (ansible-core 2.18, and later), told to the callbacks."""

from __future__ import annotations

import atexit
import json
import os
import sys
import types
import typing as t

import pytest
from ansible.plugins.callback import CallbackBase

from ansible_collections.sky.aws.plugins.callback import outcome as outcome_plugin
from ansible_collections.sky.aws.plugins.callback import rollout as rollout_plugin
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.lines import Lines
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.terminal import Terminal


@pytest.fixture
def load(monkeypatch):
    """Make a callback with options, as Ansible does from its configuration."""

    made = []

    def load(plugin: t.Any, **options: t.Any) -> t.Any:
        callback = plugin.CallbackModule()
        made.append(callback)
        callback.get_option = {"outcome_file": None, "interval": 10.0, "show_calls": False, **options}.__getitem__
        callback.set_options()
        return callback

    monkeypatch.setattr(CallbackBase, "set_options", lambda self, **_: None)
    yield load
    for callback in made:
        atexit.unregister(callback._break_off)


class Host:
    def __init__(self, name: str) -> None:
        self.name = name

    def get_name(self) -> str:
        return self.name


class Task:
    def __init__(self, action: str = "sky.aws.sky_user", **keywords: t.Any) -> None:
        self.action = action
        self.resolved_action = None
        self.any_errors_fatal = keywords.get("any_errors_fatal", False)
        self.run_once = keywords.get("run_once", False)
        self.ignore_unreachable = keywords.get("ignore_unreachable")

    def get_name(self) -> str:
        return "Keep"


class Old:
    """A result of ansible-core 2.18."""

    def __init__(self, host: str, result: dict[str, t.Any], task: Task | None = None) -> None:
        self._host, self._result, self._task = Host(host), result, task or Task()

    def is_changed(self) -> bool:
        return bool(self._result.get("changed"))


class New(Old):
    """A result of ansible-core 2.19 and later, which also has the old names."""

    @property
    def host(self):
        return self._host

    @property
    def task(self):
        return self._task

    @property
    def result(self):
        return self._result

    @property
    def warnings(self):
        return self._result.get("warnings", [])


class Play:
    def __init__(self, *batch: str, of: tuple[str, ...] = (), check_mode: bool = False, diff: bool = False) -> None:
        self.check_mode, self.diff = check_mode, diff
        self._variables = {"ansible_play_batch": list(batch), "ansible_play_hosts_all": list(of or batch)}

    def get_name(self) -> str:
        return "play"

    def get_variable_manager(self):
        return types.SimpleNamespace(get_vars=lambda play: self._variables)

    def compile(self):
        tasks = [Task(), Task("meta"), Task("ansible.builtin.debug")]
        block = types.SimpleNamespace(get_tasks=lambda: tasks)
        return [types.SimpleNamespace(filter_tagged_tasks=lambda variables: block)]


class Stats:
    def __init__(self, **failures: int) -> None:
        self.processed = failures

    def summarize(self, name: str) -> dict[str, int]:
        return {"failures": self.processed[name], "unreachable": 0}


@pytest.fixture(params=[Old, New], ids=["2.18", "later"])
def result(request):
    return request.param


@pytest.fixture
def callback(load, tmp_path):
    return load(outcome_plugin, outcome_file=str(tmp_path / "rollout.json"))


def outcome(tmp_path) -> dict[str, t.Any]:
    return json.loads((tmp_path / "rollout.json").read_text())


def test_a_run_from_its_start_to_its_end(callback, result, tmp_path):
    callback.v2_playbook_on_play_start(Play("a", "b", of=("a", "b", "c")))
    assert outcome(tmp_path)["totals"]["not_started"] == 3
    assert not outcome(tmp_path)["complete"]
    callback.v2_playbook_on_task_start(Task(), False)
    steps = [{"api": "iam:CreateUser", "target": "alice"}]
    callback.v2_runner_on_ok(result("a", {"changed": True, "steps": steps}))
    callback.v2_runner_on_failed(result("b", {"msg": "no", "steps": steps}))
    callback.v2_playbook_on_stats(Stats(a=0, b=1))
    told = outcome(tmp_path)
    assert {name: account["status"] for name, account in told["accounts"].items()} == {
        "a": "changed",
        "b": "failed",
        "c": "not_started",
    }
    assert told["steps"] == {"iam:CreateUser": 2}
    assert told["complete"]
    assert (tmp_path / "rollout.retry").read_text() == "b\nc\n"


def test_a_failed_loop_says_what_its_items_said(callback, result):
    callback.v2_playbook_on_play_start(Play("a"))
    for message in ("no", "never", "no"):
        callback.v2_runner_item_on_failed(result("a", {"msg": message}))
    callback.v2_runner_item_on_failed(result("a", {"msg": "s3cret", "_ansible_no_log": True}))
    callback.v2_runner_on_failed(result("a", {"msg": "One or more items failed"}))
    assert callback.rollout.accounts["a"].failure.message == "no\nnever\nthe message is hidden by no_log"


@pytest.mark.parametrize(
    ("event", "task", "ignored"),
    [
        ("failed", Task(), True),
        ("unreachable", Task(ignore_unreachable=True), False),
        ("unreachable", Task(ignore_unreachable="yes"), False),
    ],
)
def test_what_is_ignored_is_no_failure(callback, result, event, task, ignored):
    callback.v2_playbook_on_play_start(Play("a"))
    arguments = {"ignore_errors": ignored} if event == "failed" else {}
    getattr(callback, f"v2_runner_on_{event}")(result("a", {"msg": "no"}, task), **arguments)
    callback.v2_playbook_on_stats(Stats(a=0))
    assert callback.rollout.accounts["a"].status == "unchanged"


@pytest.mark.parametrize("keyword", ["any_errors_fatal", "run_once"])
def test_a_fatal_failure_leaves_the_others_unfinished(callback, result, keyword):
    callback.v2_playbook_on_play_start(Play("a", "b"))
    callback.v2_runner_on_ok(result("b", {}))
    callback.v2_runner_on_failed(result("a", {"msg": "no"}, Task(**{keyword: True})))
    callback.v2_playbook_on_stats(Stats(a=1, b=0))
    assert callback.rollout.accounts["b"].status == "unfinished"


def test_tasks_are_counted_without_those_that_make_no_result(callback):
    callback.v2_playbook_on_play_start(Play("a"))
    callback.v2_runner_on_skipped(New("a", {}))
    assert callback.rollout.progress() == 0.5


def test_a_run_that_breaks_off_is_told_by_the_process_that_ran_it(callback, result, tmp_path, monkeypatch):
    callback.v2_playbook_on_play_start(Play("a", "b"))
    callback.v2_runner_on_ok(result("a", {}))
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: -1)
        callback._break_off()
        assert outcome(tmp_path)["totals"]["not_started"] == 2
    callback._break_off()
    assert outcome(tmp_path)["totals"] == {
        "accounts": 2, "changed": 0, "unchanged": 0, "failed": 0, "unreachable": 0, "unfinished": 1, "not_started": 1,
        "drift": 0,
    }  # fmt: skip
    assert (tmp_path / "rollout.retry").read_text() == "a\nb\n"


def test_a_file_that_cannot_be_written_is_a_warning_not_the_end(load, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    callback = load(outcome_plugin, outcome_file=str(tmp_path / "file" / "rollout.json"))
    warned: list[str] = []
    monkeypatch.setattr(callback._display, "warning", warned.append)
    callback.v2_playbook_on_play_start(Play("a"))
    assert len(warned) == 1
    assert "rollout.json cannot be written: " in warned[0]


class TestScreen:
    def test_lines_where_there_is_no_terminal(self, load, capsys):
        callback = load(rollout_plugin)
        assert type(callback.screen) is Lines
        callback.v2_playbook_on_play_start(Play("a"))
        callback.v2_runner_on_ok(New("a", {"warnings": ["odd"]}))
        callback.v2_playbook_on_stats(Stats(a=0))
        shown = capsys.readouterr()
        assert "0/1 accounts done, 1 running" in shown.out
        assert "1 account: 1 unchanged" in shown.out
        assert "[WARNING]: a: odd" in shown.err

    @pytest.mark.parametrize("text", ["odd", "a: odd"])
    def test_a_warning_names_its_account_once(self, load, capsys, monkeypatch, result, text):
        callback = load(rollout_plugin)
        warned: list[str] = []
        monkeypatch.setattr(callback._display, "warning", warned.append)
        callback.v2_playbook_on_play_start(Play("a"))
        callback.v2_runner_on_ok(result("a", {"results": [{"warnings": [text]}]}))
        callback.v2_playbook_on_stats(Stats(a=0))
        assert warned == ["a: odd"]
        assert "       1 x odd\n           a\n" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("check_mode", "show_calls", "shown"),
        [
            (False, False, None),
            (False, True, "API calls that changed something:"),
            (True, False, "a real run would make:"),
        ],
    )
    def test_the_calls_are_shown_in_check_mode_or_on_request(self, load, capsys, check_mode, show_calls, shown):
        callback = load(rollout_plugin, show_calls=show_calls)
        callback.v2_playbook_on_play_start(Play("a", check_mode=check_mode))
        callback.v2_runner_on_ok(New("a", {"changed": True, "steps": [{"api": "iam:CreateUser", "target": "alice"}]}))
        callback.v2_playbook_on_stats(Stats(a=0))
        out = capsys.readouterr().out
        assert ("alice   iam:CreateUser" in out) is bool(shown)
        assert (shown or "account") in out

    @pytest.mark.parametrize(("diff", "changed"), [(True, True), (True, False), (False, True)])
    def test_where_the_diffs_are_is_said_to_whom_asked_for_them(self, load, capsys, diff, changed):
        callback = load(rollout_plugin)
        callback.v2_playbook_on_play_start(Play("a", diff=diff))
        steps = [{"api": "iam:CreateUser", "target": "alice"}] if changed else []
        callback.v2_runner_on_ok(New("a", {"changed": changed, "steps": steps}))
        callback.v2_playbook_on_stats(Stats(a=0))
        assert ("ANSIBLE_STDOUT_CALLBACK=default" in capsys.readouterr().out) is (diff and changed)

    def test_the_last_lines_say_where_all_of_it_is_and_how_to_try_again(self, load, capsys, tmp_path):
        file = tmp_path / "rollout.json"
        callback = load(rollout_plugin, outcome_file=str(file))
        callback.v2_playbook_on_play_start(Play("a"))
        callback.v2_runner_on_failed(New("a", {"msg": "no"}))
        callback.v2_playbook_on_stats(Stats(a=1))
        assert capsys.readouterr().out.splitlines()[-2:] == [
            f"Outcome by account: {file}",
            f"To try again the accounts that are not done: --limit @{tmp_path / 'rollout.retry'}",
        ]

    def test_lines_where_another_callback_takes_the_output_apart(self, load, monkeypatch):
        """ansible-runner gives Ansible a terminal, and a callback of its own that has this one as its base."""
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        monkeypatch.setenv("TERM", "xterm")
        assert type(load(rollout_plugin).screen) is Terminal

        class Runners(rollout_plugin.CallbackModule):
            pass

        assert type(load(types.SimpleNamespace(CallbackModule=Runners)).screen) is Lines
