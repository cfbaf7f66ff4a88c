# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a rollout is: batches, failures, stops and the estimate, told by events alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sky.aws.plugins.plugin_utils._rollout.result import DeliveredKey, Drift, Report
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.rollout import STATUSES, Rollout, State

NOTHING = Report()
MADE = Report(steps=(("iam:CreatePolicy", "p"),))


def failing(message: str = "no", *steps: tuple[str, str]) -> Report:
    return Report(message=message, steps=steps)


def begun(*batch: str, of: str = "abcd", tasks: int = 2) -> Rollout:
    rollout = Rollout()
    rollout.begin("play", list(of), list(batch), tasks, 0.0)
    return rollout


def statuses(rollout: Rollout) -> dict[str, str]:
    return {name: account.status for name, account in rollout.accounts.items()}


class TestOutcomes:
    def test_what_an_account_can_come_to(self):
        rollout = begun(*"abcd", of="abcdef")
        rollout.passed("a", "keep", MADE, changed=True)
        rollout.passed("b", "keep", NOTHING)
        rollout.failed("c", "keep", failing(), state=State.FAILED)
        rollout.failed("d", "keep", failing(), state=State.UNREACHABLE)
        rollout.end({"a": State.DONE, "b": State.DONE, "c": State.FAILED, "d": State.UNREACHABLE})
        expected = dict(zip("abcd", STATUSES, strict=False)) | {"e": "not_started", "f": "not_started"}
        assert statuses(rollout) == expected
        assert rollout.totals() == dict(zip(STATUSES, (1, 1, 1, 1, 0, 2), strict=True))
        assert rollout.retry() == list("cdef")
        assert rollout.complete

    def test_the_steps_of_a_failed_task_were_made_and_count(self):
        rollout = begun("a", of="a")
        rollout.passed("a", "one", MADE, changed=True)
        rollout.failed("a", "two", failing("no", ("iam:CreateRole", "r")), state=State.FAILED)
        assert rollout.steps() == {"iam:CreatePolicy": 1, "iam:CreateRole": 1}
        assert rollout.accounts["a"].steps == [("one", "iam:CreatePolicy", "p"), ("two", "iam:CreateRole", "r")]

    def test_a_failure_that_was_rescued_is_none(self):
        rollout = begun("a", of="a")
        rollout.failed("a", "try", failing(), state=State.FAILED)
        rollout.passed("a", "mend", MADE, changed=True)
        rollout.end({"a": State.DONE})
        assert statuses(rollout) == {"a": "changed"}
        assert rollout.causes() == []

    def test_a_failure_that_ansible_knows_alone_is_one(self):
        rollout = begun("a", of="a")
        rollout.end({"a": State.FAILED})
        assert statuses(rollout) == {"a": "failed"}
        assert [group.accounts for group in rollout.causes()] == [("a",)]

    def test_the_failure_of_an_earlier_play_stays(self):
        rollout = begun("a", "b", of="ab")
        rollout.failed("a", "keep", failing(), state=State.FAILED)
        rollout.begin("another", "ab", "ab", 1, 5.0)
        rollout.passed("b", "keep", NOTHING)
        rollout.end({"a": State.FAILED, "b": State.DONE})
        assert statuses(rollout) == {"a": "failed", "b": "unchanged"}


class TestBatches:
    def test_an_account_is_done_when_its_batch_is(self):
        rollout = begun("a", "b")
        rollout.passed("a", "last", NOTHING)
        assert rollout.count(State.DONE) == 0
        rollout.begin("play", "abcd", "cd", 2, 9.0)
        assert [rollout.accounts[name].state for name in "abcd"] == [State.DONE] * 2 + [State.RUNNING] * 2
        assert rollout.plays == ["play"]

    def test_a_play_of_the_same_name_begins_anew(self):
        rollout = begun("a", "b", of="ab")
        rollout.begin("play", "ab", "ab", 2, 9.0)
        assert rollout.plays == ["play", "play"]

    def test_accounts_that_a_later_play_did_not_reach_are_not_done(self):
        rollout = begun("a", "b", of="ab")
        rollout.passed("a", "one", NOTHING)
        rollout.passed("b", "one", NOTHING)
        rollout.begin("another", "ab", "a", 1, 5.0)
        rollout.failed("a", "two", failing(), state=State.FAILED)
        rollout.end({"a": State.FAILED})
        assert statuses(rollout) == {"a": "failed", "b": "unfinished"}

    @pytest.mark.parametrize("how", ["fatal", "share", "interrupt"])
    def test_who_was_stopped_by_others_is_not_done(self, how):
        rollout = begun("a", "b")
        rollout.passed("b", "one", MADE, changed=True)
        rollout.failed("a", "one", failing(), state=State.FAILED, fatal=how == "fatal")
        if how == "share":
            rollout.stop_batch()
        if how == "interrupt":
            rollout.interrupt()
        else:
            rollout.end({"a": State.FAILED, "b": State.DONE})
        assert statuses(rollout) == {"a": "failed", "b": "unfinished", "c": "not_started", "d": "not_started"}
        assert rollout.complete is (how != "interrupt")
        assert rollout.retry() == list("abcd")

    def test_a_fatal_failure_that_was_rescued_stops_nobody(self):
        rollout = begun("a", "b", of="ab")
        rollout.failed("a", "one", failing(), state=State.FAILED, fatal=True)
        rollout.passed("b", "one", NOTHING)
        rollout.end({"a": State.DONE, "b": State.DONE})
        assert statuses(rollout) == {"a": "unchanged", "b": "unchanged"}


class TestEstimate:
    def test_none_before_each_account_of_the_batch_has_done_a_task(self):
        rollout = begun("a", "b")
        assert rollout.seconds_left(1.0) is None
        rollout.passed("a", "one")
        assert rollout.seconds_left(1.0) is None
        rollout.passed("b", "one")
        # 2 of 8 done in 4 seconds.
        assert rollout.seconds_left(4.0) == 12.0
        assert rollout.progress() == 0.25

    def test_it_goes_by_the_pace_of_the_batch(self):
        rollout = begun("a")
        for _task in range(2):
            rollout.passed("a", "one")
        rollout.begin("play", "abcd", "bcd", 2, 100.0)
        assert rollout.progress() == 0.25
        for name in "bcd":
            rollout.passed(name, "one")
        assert rollout.seconds_left(103.0) == 3.0

    def test_a_failed_account_has_nothing_left(self):
        rollout = begun(*"abcd", tasks=4)
        for name in "abcd":
            rollout.passed(name, "one")
        rollout.failed("a", "two", failing(), state=State.FAILED)
        assert rollout.progress() == 1 - 9 / 16

    @given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["pass", "fail", "lost"])), max_size=40))
    def test_it_never_leaves_its_bounds(self, events):
        rollout, now = begun("a", "b"), 0.0
        for index, (name, what) in enumerate(events):
            now += 1
            if what == "pass":
                rollout.passed(name, "task", NOTHING)
            else:
                state = State.FAILED if what == "fail" else State.UNREACHABLE
                rollout.failed(name, "task", failing(), state=state)
            if index == len(events) // 2:
                rollout.begin("play", "abcd", "cd", 2, now)
            assert 0 <= rollout.progress() <= 1
            left = rollout.seconds_left(now)
            assert left is None or left >= 0
            assert sum(rollout.totals().values()) == len(rollout.accounts)
        rollout.end({})
        assert rollout.progress() == 1 or rollout.count(State.WAITING)


class TestParts:
    def test_they_count_what_came_of_their_resources(self):
        rollout = begun("a", of="a")
        for effects in ((("users", "created"), ("users", "unchanged")), (("users", "created"), ("role", "drift"))):
            rollout.passed("a", "keep", Report(effects=effects))
        assert rollout.accounts["a"].parts == {"users": {"created": 2, "unchanged": 1}, "role": {"drift": 1}}

    def test_a_failed_task_counts_too(self):
        rollout = begun("a", of="a")
        rollout.failed("a", "keep", Report(message="no", effects=(("role", "failed"),)), state=State.FAILED)
        assert rollout.accounts["a"].parts == {"role": {"failed": 1}}


def test_drift_is_no_status_and_counts_accounts():
    rollout = begun("a", "b", of="ab")
    drift = Drift("role", "role", "skypilot-v1", "tags", {}, {})
    rollout.passed("a", "keep", Report(drift=(drift, drift)))
    rollout.passed("b", "keep", NOTHING)
    rollout.end({"a": State.DONE, "b": State.DONE})
    assert statuses(rollout) == {"a": "unchanged", "b": "unchanged"}
    assert rollout.drifted() == 1
    assert rollout.accounts["a"].drift == [("keep", drift), ("keep", drift)]


def test_the_last_place_of_a_users_key_counts():
    rollout = begun("a", of="a")
    for place in ("old", "new"):
        rollout.passed("a", "keep", Report(keys=(DeliveredKey("alice", {"secret": place}),)))
    assert rollout.accounts["a"].keys == {"alice": DeliveredKey("alice", {"secret": "new"})}


def test_warnings_are_kept_once_an_account():
    rollout = begun("a", "b", of="ab")
    for name in "ab":
        for _time in range(2):
            rollout.passed(name, "task", Report(warnings=(f"{name} is odd",)))
    assert [(group.cause, group.accounts) for group in rollout.warnings()] == [("<host> is odd", ("a", "b"))]
