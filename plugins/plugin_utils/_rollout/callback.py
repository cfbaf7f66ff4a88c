# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's events, told to a rollout; base of the callbacks. PRIVATE to the collection."""

from __future__ import annotations

import atexit
import dataclasses
import datetime
import os
import time
import typing as t

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.callback import CallbackBase

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.outcome import OutcomeFile, document
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.result import read, read_failure
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.rollout import Rollout, State
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.summary import headline, sections

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ansible_collections.sky.aws.plugins.plugin_utils._rollout.result import Report
    from ansible_collections.sky.aws.plugins.plugin_utils._rollout.rollout import Failure
    from ansible_collections.sky.aws.plugins.plugin_utils._rollout.summary import Causes, Grid

#: Seconds between two outcome files while the run goes on.
CHECKPOINT = 10.0

_META = frozenset({"meta", "ansible.builtin.meta", "ansible.legacy.meta"})


class Screen(t.Protocol):
    """Where a rollout can be watched."""

    def begin(self, rollout: Rollout, now: float) -> None: ...
    def move(self, rollout: Rollout, now: float) -> None: ...
    def fail(self, name: str, failure: Failure) -> None: ...
    def warn(self, name: str, text: str, show: t.Callable[[str], None]) -> None: ...
    def end(self, headline: str, sections: Sequence[Grid | Causes]) -> None: ...
    def close(self) -> None: ...


class RolloutCallback(CallbackBase):
    """Keeps the rollout and its outcome file; with a ``screen`` it shows it, too."""

    CALLBACK_VERSION = 2.0
    CALLBACK_NEEDS_ENABLED = True

    screen: Screen | None = None

    def __init__(self) -> None:
        super().__init__()
        self.rollout = Rollout()
        self._began = datetime.datetime.now(datetime.UTC)
        self._start = time.monotonic()
        self._file: OutcomeFile | None = None
        self._next_checkpoint = 0.0
        self._failed_items: dict[str, list[str]] = {}
        #: Whether the user asked for diffs, which no screen shows.
        self._diff = False
        self._owner = os.getpid()
        # A run that is interrupted or fails as a whole has no stats.
        atexit.register(self._break_off)

    def set_options(
        self, task_keys: t.Any = None, var_options: t.Any = None, direct: Mapping[str, t.Any] | None = None
    ) -> None:
        super().set_options(task_keys=task_keys, var_options=var_options, direct=direct)
        path = self.get_option("outcome_file")
        self._file = OutcomeFile(path) if path else None

    # Events

    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        variables = play.get_variable_manager().get_vars(play=play)
        batch, targeted = variables["ansible_play_batch"], variables["ansible_play_hosts_all"]
        self.rollout.check_mode = bool(play.check_mode)
        self._diff = bool(play.diff)
        self.rollout.begin(play.get_name().strip(), targeted, batch, _count_tasks(play, variables), time.monotonic())
        if self.screen:
            self.screen.begin(self.rollout, time.monotonic())
        if time.monotonic() >= self._next_checkpoint:
            self._write()

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        self.rollout.task = task.get_name().strip()
        self._move()

    def v2_playbook_on_handler_task_start(self, task: t.Any) -> None:
        self.v2_playbook_on_task_start(task, False)

    def v2_runner_on_ok(self, result: t.Any) -> None:
        host, task = _of(result, "host").get_name(), _of(result, "task")
        module, changed = _module_of(task), result.is_changed()
        if not (module or changed or _may_warn(result)):
            self.rollout.passed(host, "")  # most results: to look into each would cost more than all else
        else:
            report = read(_of(result, "result"), host=host, module=module)
            self.rollout.passed(host, task.get_name(), report, changed=changed)
            self._warn(host, report)
        self._move()

    def v2_runner_on_skipped(self, result: t.Any) -> None:
        self.rollout.passed(_of(result, "host").get_name(), "")
        self._move()

    def v2_runner_item_on_failed(self, result: t.Any) -> None:
        # The result of the loop itself says only that some items failed.
        host = _of(result, "host").get_name()
        self._failed_items.setdefault(host, []).append(read_failure(_of(result, "result"), host=host).message)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        task = _of(result, "task")
        self._fail(
            result,
            State.FAILED,
            ignored=ignore_errors,
            fatal=_is_true(task.any_errors_fatal) or _is_true(task.run_once),
        )

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        task = _of(result, "task")
        self._fail(
            result, State.UNREACHABLE, ignored=_is_true(task.ignore_unreachable), fatal=_is_true(task.any_errors_fatal)
        )

    def v2_playbook_on_no_hosts_remaining(self) -> None:
        self.rollout.stop_batch()

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        self.rollout.end({name: _verdict(stats.summarize(name)) for name in stats.processed})
        self._finish()

    # What comes of them

    def _fail(self, result: t.Any, state: State, *, ignored: bool, fatal: bool) -> None:
        host, task = _of(result, "host").get_name(), _of(result, "task")
        report = read_failure(_of(result, "result"), host=host, module=_module_of(task))
        if host in self._failed_items:
            report = dataclasses.replace(report, message="\n".join(dict.fromkeys(self._failed_items.pop(host))))
        self._warn(host, report)
        if ignored:
            self.rollout.passed(host, task.get_name(), report, changed=result.is_changed())
        else:
            failure = self.rollout.failed(host, task.get_name(), report, state=state, fatal=fatal)
            if self.screen:
                self.screen.fail(host, failure)
        self._move()

    def _warn(self, host: str, report: Report) -> None:
        if self.screen:
            for warning in report.warnings:
                self.screen.warn(host, warning, self._display.warning)

    def _move(self) -> None:
        if self.screen:
            self.screen.move(self.rollout, time.monotonic())

    def _finish(self) -> None:
        if not self.screen:
            self._write()
            return
        calls = self.rollout.check_mode or self.get_option("show_calls")
        self.screen.end(headline(self.rollout, time.monotonic() - self._start), sections(self.rollout, calls=calls))
        self._write()
        for line in ("", *self._advice()):
            self._display.display(line)

    def _advice(self) -> Iterator[str]:
        """What to read or to give next."""
        if self._diff and self.rollout.steps():
            yield "No diffs here. ANSIBLE_STDOUT_CALLBACK=default shows them, best with --limit"
        if self._file:
            yield f"Outcome by account: {self._file.path}"
        if self._file and self.rollout.retry():
            yield f"To try again the accounts that are not done: --limit @{self._file.retry_path}"

    def _break_off(self) -> None:
        """At the end of the process. A worker has the same duty in its memory, but it is not its own."""
        if os.getpid() != self._owner or not self.rollout.plays or self.rollout.complete:
            return
        self.rollout.interrupt()
        self._finish()

    def _write(self) -> None:
        self._next_checkpoint = time.monotonic() + CHECKPOINT
        if self._file is None:
            return
        outcome = document(self.rollout, self._began, datetime.datetime.now(datetime.UTC))
        try:
            self._file.write(outcome, self.rollout.retry())
        except OSError as error:
            self._display.warning(f"outcome_file: {self._file.path} cannot be written: {error.strerror}")
        except SkyError as error:
            self._display.warning(f"outcome_file: {error.message}")


def _of(result: t.Any, name: str) -> t.Any:
    """A part of a task's result; ansible-core 2.18 has it under its private name only."""
    return getattr(result, name) if hasattr(result, name) else getattr(result, f"_{name}")


def _module_of(task: t.Any) -> str:
    """The name of this collection's module that a task runs; empty for those of others."""
    action = str(task.resolved_action or task.action)
    return action.removeprefix("sky.aws.") if action.startswith("sky.aws.") else ""


def _may_warn(result: t.Any) -> bool:
    """Whether the result has warnings; ansible-core 2.18 tells it in the whole result only, which it has at hand."""
    if hasattr(result, "warnings"):
        return bool(result.warnings)
    whole = _of(result, "result")
    return "warnings" in whole or "results" in whole


def _is_true(value: t.Any) -> bool:
    """A keyword of a task, which is text where Ansible did not need it yet."""
    return bool(boolean(value, strict=False)) if value is not None else False


def _verdict(summary: Mapping[str, int]) -> State:
    if summary["unreachable"]:
        return State.UNREACHABLE
    return State.FAILED if summary["failures"] else State.DONE


def _count_tasks(play: t.Any, variables: Mapping[str, t.Any]) -> int:
    """The tasks of a play for the tags at hand, as far as its files tell: what is included later is not known."""
    blocks = [block.filter_tagged_tasks(variables) for block in play.compile()]
    return sum(1 for block in blocks for task in block.get_tasks() if task.action not in _META)
