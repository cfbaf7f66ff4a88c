# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of a result: named keys, and nothing that no_log hides."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sky.aws.plugins.module_utils._text import clean
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.parts import NOUNS
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.result import (
    HIDDEN,
    NO_MESSAGE,
    DeliveredKey,
    Drift,
    Report,
    read,
    read_failure,
)

STEP = {"api": "iam:CreateUser", "target": "alice", "params": "s3cret"}
KEPT = ("iam:CreateUser", "alice")
DRIFT = {"aspect": "tags", "declared": {"a": None}, "found": {"a": ["b", 1, True]}}
KEY = {"access_key_id": "AKIA", "user_name": "alice", "delivered_to": {"secret": "sky/alice"}}
DONE = {"changed": False, "diff": {}, "steps": [STEP]}
UNCHANGED = ("users", "unchanged")


class TestKept:
    def test_of_a_module_of_ours(self):
        result = {
            "changed": True,
            "diff": {"before": {"user": "s3cret"}, "after": {"user": "s3cret"}},
            "steps": [STEP],
            "warnings": ["odd"],
            "account": {"account_id": "111111111111", "arn": "s3cret"},
            "user": {"secret": "s3cret"},
            "invocation": {"module_args": {"secret_key": "s3cret"}},
            "msg": "s3cret",
        }
        effects = (("users", "changed"),)
        assert read(result, host="ml", module="sky_user") == Report((KEPT,), ("odd",), "", "111111111111", effects)

    def test_of_another_module_only_warnings(self):
        result = {
            "changed": True,
            "steps": [STEP],
            "warnings": ["odd"],
            "account": {"account_id": "1"},
            "drift": [DRIFT],
        }
        assert read(result, host="ml") == Report(warnings=("odd",))

    def test_of_a_loop_the_steps_of_its_items(self):
        result = {"results": [{**DONE, "item": "s3cret"}, {"skip_reason": "no"}, {**DONE, "warnings": ["odd"]}]}
        assert read(result, host="ml", module="sky_user") == Report(
            (KEPT, KEPT), ("odd",), effects=(UNCHANGED, UNCHANGED)
        )

    def test_of_a_module_that_manages_nothing_the_account(self):
        result = {"changed": True, "steps": [], "drift": [DRIFT], "account": {"account_id": "111111111111"}}
        assert read(result, host="ml", module="sky_account") == Report(account_id="111111111111")

    @pytest.mark.parametrize("text", ["odd", "ml: odd"])
    def test_warnings_without_the_name_of_their_host(self, text):
        assert read({"warnings": [text]}, host="ml").warnings == ("odd",)

    @pytest.mark.parametrize("mark", [{"_ansible_no_log": True}, {"censored": "hidden"}])
    def test_nothing_of_what_no_log_hides(self, mark):
        hidden = {**mark, "steps": [STEP], "warnings": ["s3cret"], "msg": "s3cret", "account": {"account_id": "s3cret"},
                  "changed": True, "drift": [DRIFT], "access_key": KEY}  # fmt: skip
        assert read(hidden, host="ml", module="sky_user") == Report()
        assert read_failure(hidden, host="ml", module="sky_user") == Report(
            message=HIDDEN, effects=(("users", "failed"),)
        )
        assert read({"results": [hidden, DONE]}, host="ml", module="sky_user") == Report((KEPT,), effects=(UNCHANGED,))

    @pytest.mark.parametrize("steps", [None, "text", [1], [{}], [{"target": "x"}], {"api": "x"}])
    def test_what_has_another_shape_is_nothing(self, steps):
        result = {"steps": steps, "diff": {}, "warnings": None, "account": "x", "results": "text", "access_key": steps}
        assert read(result, host="ml", module="sky_user") == Report(effects=(UNCHANGED,))


class TestMessages:
    @pytest.mark.parametrize(
        ("result", "message"),
        [
            ({"msg": "no\nand no"}, "no\nand no"),
            ({"msg": ["a", "list"]}, "['a', 'list']"),
            ({"reason": "not found"}, "not found"),
            ({}, NO_MESSAGE),
            ({"msg": "\x1b[2J\x07red\r\na\tb\u202e"}, "\\x1b[2J\\x07red\na       b\\u202e"),
        ],
    )
    def test_of_a_failure(self, result, message):
        assert read_failure(result, host="ml").message == message


CREATE = [{"api": "iam:CreateUser", "target": "alice"}]
ATTACH = [{"api": "iam:AttachUserPolicy", "target": "alice"}]
DELETE = [*ATTACH, {"api": "iam:DeleteUser", "target": "alice"}]
APPEARS = {"before": {}, "after": {"user": {}}}
GOES = {"before": {"user": {}}, "after": {}}
STAYS = {"before": {"user": {}}, "after": {"user": {}}}


class TestEffects:
    @pytest.mark.parametrize(
        ("result", "effects"),
        [
            ({"changed": False, "steps": [], "diff": STAYS}, ["unchanged"]),
            ({"changed": True, "steps": CREATE, "diff": APPEARS}, ["created"]),
            ({"changed": True, "steps": [{"api": "ec2:RunInstances", "target": "vm"}], "diff": APPEARS}, ["created"]),
            ({"changed": True, "steps": DELETE, "diff": GOES}, ["deleted"]),
            (
                {"changed": True, "steps": [{"api": "ec2:TerminateInstances", "target": "vm"}], "diff": GOES},
                ["deleted"],
            ),
            ({"changed": True, "steps": ATTACH, "diff": STAYS}, ["changed"]),
            # A key of a user that was there is created, the user is not.
            (
                {"changed": True, "steps": [{"api": "iam:CreateAccessKey", "target": "alice"}], "diff": STAYS},
                ["changed"],
            ),
            (
                {"changed": True, "steps": [{"api": "iam:DeletePolicyVersion", "target": "p"}], "diff": STAYS},
                ["changed"],
            ),
            # Another run was faster, and only the rest is ours.
            ({"changed": True, "steps": ATTACH, "diff": APPEARS}, ["changed"]),
            ({"changed": True, "steps": ATTACH, "diff": GOES}, ["changed"]),
            # A file, which changes without a call.
            ({"changed": True, "steps": [], "diff": APPEARS}, ["created"]),
            ({"changed": True, "steps": [], "diff": GOES}, ["deleted"]),
            ({"changed": True, "steps": CREATE, "diff": ["other", "shape"]}, ["changed"]),
            ({"changed": False, "steps": [], "diff": STAYS, "drift": [{}]}, ["drift"]),
            ({"changed": True, "steps": ATTACH, "diff": STAYS, "drift": [{}]}, ["changed", "drift"]),
            ({"skip_reason": "no", "changed": False}, []),
        ],
    )
    def test_of_a_resource(self, result, effects):
        assert list(read(result, host="ml", module="sky_user").effects) == [("users", effect) for effect in effects]

    @pytest.mark.parametrize(
        ("errors", "effect"),
        [([None, None], "unchanged"), (["no VPC", None], "unusable"), (["no VPC", "no subnet"], "unusable")],
    )
    def test_of_networks(self, errors, effect):
        networks = [{"region": f"r{number}", "error": error} for number, error in enumerate(errors)]
        report = read(
            {"changed": False, "steps": [], "diff": {}, "networks": networks}, host="ml", module="sky_vpc_lookup"
        )
        assert report == Report(effects=(("network", effect),))

    def test_a_drift_is_told_once(self):
        drift = [{"aspect": "tags", "declared": {"a": "1"}, "found": {}}]
        told = ["ml: user alice differs from what is declared: tags", "ml: look here"]
        result = {"changed": False, "steps": [], "diff": {}, "drift": drift, "warnings": told}
        report = read(result, host="ml", module="sky_user")
        assert report.warnings == ("look here",)
        assert [one.aspect for one in report.drift] == ["tags"]

    @pytest.mark.parametrize(
        ("result", "effects"),
        [
            ({"msg": "no", "steps": CREATE}, ["failed"]),
            ({"msg": "an option cannot be templated"}, ["failed"]),
            ({"censored": "hidden"}, ["failed"]),
            # It failed by failed_when.
            ({"changed": True, "steps": CREATE, "diff": APPEARS}, ["created", "failed"]),
            (
                {"results": [{"changed": True, "steps": CREATE, "diff": APPEARS}, {"msg": "no", "steps": []}]},
                ["created", "failed"],
            ),
            ({"results": [{"msg": "no", "steps": []}, {"msg": "no", "steps": []}]}, ["failed", "failed"]),
            ({"results": [{"msg": "an item cannot be templated"}]}, ["failed"]),
        ],
    )
    def test_of_a_task_that_failed(self, result, effects):
        """No result says so itself: Ansible takes ``failed`` out of what it hands over, from 2.21 on out of items, too."""
        report = read_failure(result, host="ml", module="sky_user")
        assert list(report.effects) == [("users", effect) for effect in effects]

    def test_of_a_failed_task_that_manages_nothing(self):
        assert read_failure({"msg": "no", "steps": []}, host="ml", module="sky_account").effects == ()


class TestDrift:
    def test_it_names_its_resource(self):
        report = read({"user": {"user_name": "alice"}, "drift": [DRIFT]}, host="ml", module="sky_user")
        assert report.drift == (Drift("users", "user", "alice", "tags", {"a": None}, {"a": ["b", 1, True]}),)

    def test_in_one_of_several_networks_it_names_that_too(self):
        groups = [{"group_name": "sky", "region": "us-east-1"}, {"group_name": "sky", "region": "us-west-2"}]
        result = {"security_groups": groups, "drift": [{**DRIFT, "network": "us-west-2/vpc-1"}]}
        [drift] = read(result, host="ml", module="sky_security_group").drift
        assert (drift.word, drift.name) == ("security group", "us-west-2/vpc-1/sky")

    def test_of_what_does_not_exist_it_has_no_name(self):
        [drift] = read({"user": None, "drift": [DRIFT]}, host="ml", module="sky_user").drift
        assert drift.name == ""

    def test_other_keys_of_it_are_not_kept(self):
        report = read({"drift": [{**DRIFT, "value": "s3cret"}, "text"]}, host="ml", module="sky_user")
        assert "s3cret" not in repr(report)
        assert len(report.drift) == 1


class TestKeys:
    @pytest.mark.parametrize(
        ("place", "kept"),
        [
            ({"file": "/keys/a", "profile": "1-alice", "body": "s3cret"}, {"file": "/keys/a", "profile": "1-alice"}),
            ({"secret": "sky/alice"}, {"secret": "sky/alice"}),
        ],
    )
    def test_where_a_key_is(self, place, kept):
        result = {"access_key": {**KEY, "delivered_to": place, "secret_access_key": "s3cret"}}
        assert read(result, host="ml", module="sky_user").keys == (DeliveredKey("alice", kept),)

    @pytest.mark.parametrize("missing", ["access_key_id", "delivered_to"])
    def test_what_is_not_made_or_not_there_is_none(self, missing):
        assert read({"access_key": {**KEY, missing: None}}, host="ml", module="sky_user").keys == ()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(
    [
        "msg",
        "steps",
        "warnings",
        "results",
        "account",
        "reason",
        "censored",
        "invocation",
        "diff",
        "changed",
        "drift",
        "user",
        "access_key",
    ]
)
drifts = st.lists(
    st.fixed_dictionaries({"aspect": st.text(), "declared": json_values, "found": json_values}), min_size=1
)
delivered = st.fixed_dictionaries({"access_key_id": st.text(), "user_name": st.text(), "delivered_to": json_values})


def texts(value: t.Any) -> t.Iterator[str]:
    """Every text in what is kept of a result."""
    if isinstance(value, str):
        yield value
    elif dataclasses.is_dataclass(value):
        yield from texts([getattr(value, field.name) for field in dataclasses.fields(value)])
    elif isinstance(value, dict):
        yield from texts([*value, *value.values()])
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)


@given(
    st.dictionaries(keys, json_values),
    st.fixed_dictionaries({}, optional={"drift": drifts, "access_key": delivered}),
    st.sampled_from(["", "sky_account", *NOUNS]),
)
def test_any_result_is_read_and_what_is_kept_is_clean(anything, ours, module):
    """One line each; a message alone may have several."""
    report = read_failure({**anything, **ours}, host="ml", module=module)
    lines = [line for text in texts(report) for line in (text.split("\n") if text == report.message else [text])]
    assert [line for line in lines if clean(line) != line] == []
    assert report.message
