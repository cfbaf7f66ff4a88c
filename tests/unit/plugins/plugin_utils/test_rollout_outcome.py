# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outcome file: what is in it, and that it is there as a whole or not at all."""

from __future__ import annotations

import datetime
import json
import os
import pathlib
import re
import stat

import pytest

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.outcome import SCHEMA, OutcomeFile, document
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.parts import PARTS
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.result import EFFECTS, DeliveredKey, Drift, Report
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.rollout import STATUSES, Rollout, State
from ansible_collections.sky.aws.tests.unit.processes import ALICE, linked, made, needs_root, written

NOON = datetime.datetime(2026, 1, 2, 12, 0, 0, 5, datetime.UTC)
GUIDE = pathlib.Path(__file__).parents[4] / "docs" / "rollout.md"


@pytest.fixture
def rollout() -> Rollout:
    rollout = Rollout()
    rollout.begin("play", "abc", "ab", 1, 0.0)
    report = Report(
        (("iam:CreatePolicy", "p"),),
        ("odd",),
        account_id="111111111111",
        effects=(("policy", "created"), ("users", "drift"), ("users", "drift")),
        drift=(
            Drift("users", "user", "alice", "tags", {}, {"a": 1}),
            Drift("users", "user", "", "state", "present", "absent"),
        ),
        keys=(DeliveredKey("alice", {"file": "/keys/a", "profile": "111111111111-alice"}),),
    )
    rollout.passed("a", "keep", report, changed=True)
    rollout.failed("b", "keep", Report(message="no b\nat all"), state=State.FAILED)
    rollout.end({"a": State.DONE, "b": State.FAILED})
    return rollout


class TestDocument:
    def test_it_holds_what_came_of_each_account(self, rollout):
        outcome = document(rollout, NOON, NOON)
        assert outcome["accounts"] == {
            "a": {
                "account_id": "111111111111",
                "status": "changed",
                "changed": ["keep"],
                "parts": {"policy": {"created": 1}, "users": {"drift": 2}},
                "steps": [{"task": "keep", "api": "iam:CreatePolicy", "target": "p"}],
                "drift": [
                    {
                        "task": "keep",
                        "part": "users",
                        "name": "alice",
                        "aspect": "tags",
                        "declared": {},
                        "found": {"a": 1},
                    },
                    {
                        "task": "keep",
                        "part": "users",
                        "name": None,
                        "aspect": "state",
                        "declared": "present",
                        "found": "absent",
                    },
                ],
                "access_keys": [{"user": "alice", "file": "/keys/a", "profile": "111111111111-alice"}],
                "failure": None,
                "warnings": ["odd"],
            },
            "b": {
                "account_id": None,
                "status": "failed",
                "changed": [],
                "parts": {},
                "steps": [],
                "drift": [],
                "access_keys": [],
                "failure": {"task": "keep", "message": "no b\nat all", "cause": "no <host>; at all"},
                "warnings": [],
            },
            "c": {
                "account_id": None,
                "status": "not_started",
                "changed": [],
                "parts": {},
                "steps": [],
                "drift": [],
                "access_keys": [],
                "failure": None,
                "warnings": [],
            },
        }
        assert outcome["totals"] == {
            "accounts": 3, "changed": 1, "unchanged": 0, "failed": 1, "unreachable": 0, "unfinished": 0, "not_started": 1,
            "drift": 1,
        }  # fmt: skip
        assert outcome["steps"] == {"iam:CreatePolicy": 1}
        assert outcome["causes"] == [{"cause": "no <host>; at all", "accounts": ["b"]}]
        assert (outcome["began"], outcome["complete"], outcome["check_mode"]) == ("2026-01-02T12:00:00Z", True, False)

    def test_every_key_is_in_the_guide(self, rollout):
        outcome, text = document(rollout, NOON, NOON), GUIDE.read_text()
        one, other = outcome["accounts"]["a"], outcome["accounts"]["b"]
        inner = (other, other["failure"], one["drift"][0], one["access_keys"][0])
        told = set(re.findall(r"`(\w+)`", text))
        assert {*outcome, *STATUSES, *EFFECTS, *PARTS, *(key for keys in inner for key in keys)} - told == set()
        assert f'"schema": {SCHEMA}' in text


class TestFile:
    def test_both_files_are_for_the_owner_only(self, rollout, tmp_path):
        file = OutcomeFile(str(tmp_path / "new" / "rollout.json"))
        file.write(document(rollout, NOON, NOON), rollout.retry())
        assert json.loads(file.path.read_text())["schema"] == SCHEMA
        assert file.retry_path.read_text() == "b\nc\n"
        assert {stat.S_IMODE(path.stat().st_mode) for path in (file.path, file.retry_path)} == {0o600}
        assert sorted(path.name for path in file.path.parent.iterdir()) == ["rollout.json", "rollout.retry"]

    def test_no_list_is_left_where_nothing_is_to_be_tried_again(self, tmp_path):
        file = OutcomeFile(str(tmp_path / "rollout.json"))
        file.write({}, ["a"])
        file.write({}, [])
        assert not file.retry_path.exists()

    def test_a_file_that_cannot_be_made_leaves_the_old_one_and_no_draft(self, tmp_path, monkeypatch):
        file = OutcomeFile(str(tmp_path / "rollout.json"))
        file.write({"old": True}, [])

        def full(*_names: str, **_folders: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "rename", full)
        with pytest.raises(OSError, match="No space left"):
            file.write({"new": True}, ["a"])
        assert [path.name for path in tmp_path.iterdir()] == ["rollout.json"]
        assert json.loads(file.path.read_text()) == {"old": True}

    @needs_root
    @pytest.mark.parametrize("name", ["rollout.json", "rollout.retry"])
    def test_a_link_that_another_user_put_there_is_not_followed(self, tmp_path, name):
        victim = written(tmp_path / "victim", "mine")
        folder = made(tmp_path / "shared", ALICE)
        linked(folder / name, victim, ALICE)
        with pytest.raises(SkyError):
            OutcomeFile(str(folder / "rollout.json")).write({}, ["a"])
        assert victim.read_text() == "mine"
