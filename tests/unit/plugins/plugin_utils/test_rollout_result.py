# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of a result: named keys, and nothing that no_log hides."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sky.aws.plugins.plugin_utils._rollout.result import (
    HIDDEN,
    NO_MESSAGE,
    Report,
    read,
    read_failure,
)

STEP = {"api": "iam:CreateUser", "target": "alice", "params": "s3cret"}
KEPT = ("iam:CreateUser", "alice")


class TestKept:
    def test_of_a_module_of_ours(self):
        result = {
            "changed": True,
            "steps": [STEP],
            "warnings": ["odd"],
            "account": {"account_id": "111111111111", "arn": "s3cret"},
            "user": {"secret": "s3cret"},
            "invocation": {"module_args": {"secret_key": "s3cret"}},
            "msg": "s3cret",
        }
        assert read(result, ours=True) == Report((KEPT,), ("odd",), "", "111111111111")

    def test_of_another_module_only_warnings(self):
        result = {"steps": [STEP], "warnings": ["odd"], "account": {"account_id": "1"}, "stdout": "s3cret"}
        assert read(result, ours=False) == Report(warnings=("odd",))

    def test_of_a_loop_the_steps_of_its_items(self):
        result = {
            "results": [{"steps": [STEP], "item": "s3cret"}, {"skipped": True}, {"steps": [STEP], "warnings": ["odd"]}]
        }
        assert read(result, ours=True) == Report((KEPT, KEPT), ("odd",))

    @pytest.mark.parametrize("mark", [{"_ansible_no_log": True}, {"censored": "hidden"}])
    def test_nothing_of_what_no_log_hides(self, mark):
        hidden = {**mark, "steps": [STEP], "warnings": ["s3cret"], "msg": "s3cret", "account": {"account_id": "s3cret"}}
        assert read(hidden, ours=True) == Report()
        assert read_failure(hidden, ours=True) == Report(message=HIDDEN)
        shown = {"steps": [STEP]}
        assert read({"results": [hidden, shown]}, ours=True) == Report((KEPT,))

    @pytest.mark.parametrize("steps", [None, "text", [1], [{}], [{"target": "x"}], {"api": "x"}])
    def test_steps_of_another_shape_are_none(self, steps):
        assert read({"steps": steps, "warnings": None, "account": "x", "results": "text"}, ours=True) == Report()


class TestMessages:
    @pytest.mark.parametrize(
        ("result", "message"),
        [
            ({"msg": "no\nand no"}, "no\nand no"),
            ({"msg": ["a", "list"]}, "['a', 'list']"),
            ({"reason": "not found"}, "not found"),
            ({}, NO_MESSAGE),
            ({"msg": "\x1b[2J\x07red\r"}, "[2J red"),
        ],
    )
    def test_of_a_failure(self, result, message):
        assert read_failure(result, ours=True).message == message


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(["msg", "steps", "warnings", "results", "account", "reason", "censored", "invocation"])


@given(st.dictionaries(keys, json_values), st.booleans())
def test_any_result_is_read_and_no_control_character_is_left(result, ours):
    report = read_failure(result, ours=ours)
    kept = [report.message, report.account_id, *report.warnings, *(text for step in report.steps for text in step)]
    assert [
        text
        for text in kept
        if any(unicodedata.category(char) == "Cc" for char in text.replace("\n", "").replace("\t", ""))
    ] == []
    assert report.message
