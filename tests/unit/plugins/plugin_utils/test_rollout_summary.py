# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a rollout in the end: complete for a few accounts, bounded for a thousand."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sky.aws.plugins.plugin_utils._rollout import summary
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.result import DeliveredKey, Drift, Report
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.rollout import Rollout, State
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.summary import Causes, Grid

CREATED = Report(effects=(("policy", "created"), ("users", "created"), ("users", "created")))
UNCHANGED = Report(effects=(("policy", "unchanged"), ("users", "unchanged"), ("users", "unchanged")))
POLICY = "arn:aws:iam::{}:policy/team/minimal"


def rollout_of(*names: str, check_mode: bool = False) -> Rollout:
    rollout = Rollout()
    rollout.check_mode = check_mode
    rollout.begin("play", names, names, 1, 0.0)
    return rollout


def texts(grid: Grid) -> list[list[str]]:
    return [[cell.text for cell in row] for row in grid.rows]


def section(rollout: Rollout, title: str, *, calls: bool = False) -> t.Any:
    """The section of a title; None where there is none."""
    found = [section for section in summary.sections(rollout, calls=calls) if section.title.startswith(title)]
    return found[0] if found else None


def table(rollout: Rollout) -> t.Any:
    found = [section for section in summary.sections(rollout, calls=False) if "status" in getattr(section, "head", ())]
    return found[0] if found else None


class TestHeadline:
    def test_it_says_all_in_a_line(self):
        rollout = rollout_of("a", "b", "c")
        rollout.passed("a", "keep", Report(steps=(("iam:CreateUser", "x"), ("iam:TagUser", "x"))), changed=True)
        rollout.passed("b", "keep", Report(drift=(Drift("role", "role", "r", "tags", {}, {}),)))
        rollout.failed("c", "keep", Report(message="no"), state=State.FAILED)
        rollout.end({"c": State.FAILED})
        expected = "3 accounts: 1 changed, 1 unchanged, 1 failed, 1 with drift; 2 writes; 0:01:00, 3 a minute"
        assert summary.headline(rollout, 60.0) == expected

    def test_of_a_broken_run(self):
        rollout = rollout_of("a")
        rollout.passed("a", "keep")
        rollout.interrupt()
        assert summary.headline(rollout, 5.0) == "broken off: 1 account: 1 unfinished; 0:00:05"

    def test_in_check_mode_it_is_about_what_is_to_come(self):
        rollout = rollout_of("a", check_mode=True)
        rollout.passed("a", "keep", Report(steps=(("iam:CreateUser", "x"),)), changed=True)
        rollout.end({})
        assert summary.headline(rollout, 0.5) == "1 account: 1 to change; 1 write to make; 0:00:00"


class TestTable:
    def test_a_row_for_each_account_and_a_column_for_each_part(self):
        rollout = rollout_of("a", "b", "c", "d", "e")
        rollout.passed("a", "keep", CREATED, changed=True)
        both = (("role", "changed"), ("role", "drift"))
        rollout.passed(
            "b", "keep", Report(effects=both, drift=(Drift("role", "role", "r", "tags", {}, {}),)), changed=True
        )
        for name in "cd":
            rollout.passed(name, "keep", UNCHANGED)
        rollout.failed("e", "keep", Report(message="no", effects=(("users", "failed"),)), state=State.FAILED)
        rollout.end({"e": State.FAILED})
        assert table(rollout).head == ("account", "status", "policy", "users", "role")
        assert texts(table(rollout)) == [
            ["e", "failed", "-", "failed", "-"],
            ["a", "changed", "created", "2 created", "-"],
            ["b", "changed", "-", "-", "changed, drift"],
            ["2 more", "unchanged", "unchanged", "unchanged", "-"],
        ]
        assert [row[1].tone for row in table(rollout).rows] == ["failed", "changed", "changed", "unchanged"]

    def test_an_account_with_drift_is_in_it_though_nothing_changed(self):
        rollout = rollout_of("a", "b")
        drift = Drift("role", "role", "r", "tags", {}, {})
        rollout.passed("a", "keep", Report(effects=(("role", "drift"),), drift=(drift,)))
        rollout.passed("b", "keep", UNCHANGED)
        rollout.end({})
        assert texts(table(rollout))[0] == ["a", "unchanged", "-", "-", "drift"]

    def test_so_is_one_with_a_network_that_skypilot_cannot_use(self):
        rollout = rollout_of("a", "b")
        rollout.passed("a", "look", Report(effects=(("network", "unusable"),)))
        rollout.passed("b", "look", Report(effects=(("network", "unchanged"),)))
        rollout.end({})
        assert texts(table(rollout)) == [["a", "unchanged", "unusable"], ["1 more", "unchanged", "unchanged"]]

    def test_what_is_unchanged_is_said_only_where_all_is(self):
        rollout = rollout_of("a")
        rollout.passed("a", "keep", Report(effects=(("users", "unchanged"), ("users", "created"))), changed=True)
        rollout.end({})
        assert texts(table(rollout)) == [["a", "changed", "created"]]

    def test_in_check_mode_it_is_the_plan(self):
        rollout = rollout_of("a", check_mode=True)
        rollout.passed("a", "keep", CREATED, changed=True)
        rollout.end({})
        assert texts(table(rollout)) == [["a", "to change", "to create", "2 to create"]]

    def test_of_a_thousand_accounts_the_worst_and_one_row_for_the_rest(self):
        names = [f"ml-{number}" for number in range(1000)]
        rollout = rollout_of(*names)
        for name in names[:-1]:
            rollout.passed(name, "keep", CREATED, changed=True)
        rollout.failed(names[-1], "keep", Report(message="no", effects=(("users", "failed"),)), state=State.FAILED)
        rollout.end({names[-1]: State.FAILED})
        rows = texts(table(rollout))
        assert len(rows) == summary.MAX_ACCOUNTS + 1
        assert rows[0] == ["ml-999", "failed", "-", "failed"]
        left = 1000 - summary.MAX_ACCOUNTS
        assert rows[-1] == [f"{left} more", f"{left} changed", f"{left} created", f"{2 * left} created"]

    @pytest.mark.parametrize("report", [UNCHANGED, Report()])
    def test_there_is_none_where_nothing_happened_or_no_part_is_known(self, report):
        rollout = rollout_of("a", "b")
        rollout.passed("a", "keep", report, changed=not report.effects)
        rollout.passed("b", "keep", report)
        rollout.end({})
        assert table(rollout) is None


class TestDrift:
    @pytest.mark.parametrize(
        ("declared", "found", "text"),
        [
            (
                [POLICY],
                ["arn:aws:iam::aws:policy/Full", "arn:aws:iam::aws:policy/S3"],
                ": declared minimal; found Full, S3",
            ),
            ([], ["inline"], ": declared none; found inline"),
            ({"owner": "us"}, {"owner": None}, ": declared owner=us; found owner=none"),
            (0, False, ": declared 0; found false"),
            ("x" * 101, "y", " is not as declared"),
        ],
    )
    def test_it_says_what_differs_in_a_few_words(self, declared, found, text):
        rollout = rollout_of("a")
        rollout.passed("a", "keep", Report(drift=(Drift("role", "role", "r", "aspect", declared, found),)))
        assert [group.cause for group in section(rollout, "Drift").groups] == [f"role r: aspect{text}"]

    def test_the_same_drift_of_several_accounts_stands_once(self):
        rollout = rollout_of("a", "b", "c")
        for name, number in (("a", "1" * 12), ("b", "2" * 12)):
            drift = Drift("users", "user", "alice", "policies", POLICY.format(number), [name, number])
            rollout.passed(name, "keep", Report(drift=(drift,)))
        groups = {group.cause: group.accounts for group in section(rollout, "Drift").groups}
        assert groups == {"user alice: policies: declared minimal; found <host>, <account>": ("a", "b")}

    def test_no_section_is_longer_than_its_bound(self):
        rollout = rollout_of("a")
        drift = tuple(Drift("role", "role", f"r{number}", "tags", {}, {}) for number in range(summary.MAX_CAUSES + 1))
        rollout.passed("a", "keep", Report(drift=drift))
        found: Causes = section(rollout, "Drift")
        assert (len(found.groups), found.rest) == (summary.MAX_CAUSES, "and 1 more cause")


@pytest.mark.parametrize("title", ["Failures", "Warnings"])
def test_failures_and_warnings_stand_by_cause(title):
    rollout = rollout_of("a", "b")
    for name in "ab":
        rollout.failed(name, "keep", Report(message=f"no {name}", warnings=(f"no {name}",)), state=State.FAILED)
    assert [(group.cause, group.accounts) for group in section(rollout, title).groups] == [("no <host>", ("a", "b"))]
    assert section(rollout_of("a"), title) is None


class TestKeys:
    def test_where_each_is(self):
        rollout = rollout_of("a", "b")
        file = {"file": "/keys/a", "profile": "1-alice"}
        rollout.passed(
            "a", "keep", Report(keys=(DeliveredKey("alice", file), DeliveredKey("bob", {"secret": "sky/bob"})))
        )
        assert texts(section(rollout, "Access keys")) == [
            ["a", "alice", "file /keys/a, profile 1-alice"],
            ["a", "bob", "secret sky/bob"],
        ]
        assert section(rollout_of("a"), "Access keys") is None

    def test_of_many_the_first(self):
        rollout = rollout_of("a")
        rollout.passed("a", "keep", Report(keys=tuple(DeliveredKey(f"u{number}", {}) for number in range(1000))))
        keys = section(rollout, "Access keys")
        assert (len(keys.rows), keys.rest) == (summary.MAX_KEYS, f"and {1000 - summary.MAX_KEYS} more keys")


def steps(name: str, number: str) -> tuple[tuple[str, str], ...]:
    return (
        ("iam:CreateUser", "alice"),
        ("iam:TagUser", "alice"),
        ("iam:CreatePolicyVersion", POLICY.format(number)),
        ("secretsmanager:CreateSecret", f"sky/{name}"),
        ("iam:TagUser", "alice"),
    )


class TestCalls:
    def test_by_account_and_target_in_order(self):
        rollout = rollout_of("a", "b", check_mode=True)
        rollout.passed("b", "keep", Report(steps=steps("b", "1" * 12)))
        found = section(rollout, "API calls that a real run would make", calls=True)
        assert texts(found) == [
            ["b", "alice", "iam:CreateUser, iam:TagUser (2)"],
            ["", "minimal", "iam:CreatePolicyVersion"],
            ["", "sky/b", "secretsmanager:CreateSecret"],
        ]

    def test_accounts_with_the_same_calls_stand_together(self):
        names = [f"ml-{number}" for number in range(1000)]
        rollout = rollout_of("odd", *names)
        rollout.passed("odd", "keep", Report(steps=(("iam:CreateUser", "bob"),)))
        for number, name in enumerate(names):
            rollout.passed(name, "keep", Report(steps=steps(name, f"{number:012}")))
        found = section(rollout, "API calls that changed something", calls=True)
        assert texts(found) == [
            ["ml-0, ml-1, ml-2 and 997 more", "alice", "iam:CreateUser, iam:TagUser (2)"],
            ["", "minimal", "iam:CreatePolicyVersion"],
            ["", "sky/<host>", "secretsmanager:CreateSecret"],
            ["odd", "bob", "iam:CreateUser"],
        ]

    def test_of_many_plans_the_most_frequent(self):
        rollout = rollout_of(*(f"ml-{number}" for number in range(100)))
        for number, name in enumerate(rollout.accounts):
            rollout.passed(name, "keep", Report(steps=(("iam:CreateUser", f"u{min(number, 97)}"),)))
        found = section(rollout, "API calls", calls=True)
        assert texts(found)[0] == ["ml-97, ml-98, ml-99", "u97", "iam:CreateUser"]
        assert (len(found.rows), found.rest) == (
            summary.MAX_PLANS,
            f"and those of {98 - summary.MAX_PLANS} more accounts",
        )

    def test_only_where_they_are_asked_for(self):
        rollout = rollout_of("a")
        rollout.passed("a", "keep", Report(steps=(("iam:CreateUser", "alice"),)))
        assert section(rollout, "API calls") is None
        assert section(rollout_of("a"), "API calls", calls=True) is None
