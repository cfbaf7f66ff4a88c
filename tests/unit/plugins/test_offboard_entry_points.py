# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""sky_offboard as a module and in the worker: one answer, and the same calls."""

from __future__ import annotations

import json
import re

import pytest

from ansible_collections.sky.aws.tests.unit.entry_points import as_action, as_module
from ansible_collections.sky.aws.tests.unit.offboard_scene import OffboardSandbox
from ansible_collections.sky.aws.tests.unit.sandbox import MANAGEMENT, fresh_account_id

#: What AWS draws anew.
DRAWN = re.compile(r"\b(i|sg|subnet|vpc)-[0-9a-f]+|\bAKIA\w+")


def told(result, sandbox):
    kept = {key: value for key, value in result.items() if key not in ("invocation", "exception", "deprecations")}
    text = json.dumps(kept, sort_keys=True).replace(sandbox.account_id, "ACCOUNT").replace(str(sandbox.file), "FILE")
    return json.loads(DRAWN.sub("DRAWN", text))


@pytest.mark.parametrize(
    ("case", "check_mode"),
    [
        ("empty", False),
        ("onboarded", True),
        ("own key", False),
        ("confirm", True),
        ("confirm", False),
        ("region", False),
    ],
)
def test_both_ways_are_one(emulator, tmp_path, case, check_mode):
    answers, writes = [], []
    for way in (as_module, as_action):
        folder = tmp_path / way.__name__
        folder.mkdir()
        sandbox = OffboardSandbox(emulator, fresh_account_id(), folder)
        if case in ("onboarded", "own key"):
            sandbox.onboard()
        if case == "own key":
            sandbox.iam.create_access_key(UserName="bob")
        emulator.clear_log()
        given = {**sandbox.reach, "confirm": sandbox.account_id, "regions": ["us-east-1"], "users": sandbox.users}
        given |= {"confirm": {"confirm": "yes"}, "region": {"regions": ["all", "x"]}}.get(case, {})
        result = way("sky_offboard", given, check_mode=check_mode)
        assert MANAGEMENT["secret_key"] not in json.dumps(result)
        answers.append({"failed": False, "changed": False, **told(result, sandbox)})
        writes.append(sandbox.apis_written())
    assert answers[0] == answers[1]
    assert writes[0] == writes[1]
    assert answers[0]["failed"] is (case in ("confirm", "region"))
    assert ("confirm" in answers[0].get("msg", "")) is (case == "confirm")
    if check_mode or answers[0]["failed"]:
        assert writes[0] == []
    else:
        assert writes[0] == [step["api"] for step in answers[0]["steps"]]
    assert bool(answers[0].get("warnings")) is (case == "own key")


@pytest.mark.parametrize("way", [as_module, as_action])
def test_a_confirmation_that_is_not_given_at_all(sandbox, way):
    result = way("sky_offboard", sandbox.reach)
    assert result["failed"] is True
    assert "confirm" in result["msg"]
    assert sandbox.emulator.calls() == []
