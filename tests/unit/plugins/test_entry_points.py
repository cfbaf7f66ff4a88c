# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One table, two ways: what a module answers, its action in the worker answers."""

from __future__ import annotations

import json
import re
import typing as t

import pytest

from ansible_collections.sky.aws.tests.unit.entry_points import as_action, as_module
from ansible_collections.sky.aws.tests.unit.sandbox import MANAGEMENT, Sandbox, fresh_account_id

#: Values that AWS draws anew for each resource.
DRAWN = re.compile(r'"(\w+_id|create_date|update_date)": "[^"]*"')
VPCS = [{"region": "us-east-1", "vpc_id": "vpc-0a1b2c3d4e5f60718"}]
CALL_BY_CALL = ("invocation", "exception", "deprecations")
OTHER = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})


def by_hand(sandbox: Sandbox) -> None:
    """What the page's reader made by hand."""
    sandbox.iam.create_user(UserName="alice")
    sandbox.iam.create_policy(PolicyName="minimal-skypilot-policy", PolicyDocument=OTHER)


def nothing(sandbox: Sandbox) -> None:
    """An empty account."""


def refused(sandbox: Sandbox) -> None:
    sandbox.emulator.fault("sts:AssumeRole", "AccessDenied", "not authorized", status=403)


def throttled(sandbox: Sandbox) -> None:
    sandbox.emulator.fault("iam:CreatePolicy", "LimitExceeded", "quota", account=sandbox.account_id)


TABLE = [
    ("sky_account", nothing, {}),
    ("sky_account", refused, {}),
    ("sky_iam_policy", nothing, {"account_id": 111122223333}),
    ("sky_iam_policy", nothing, {"region": "us-east1", "endpoint_url": "nowhere"}),
    ("sky_account", nothing, {"assume_role": None}),
    ("sky_account", nothing, {"access_key": None, "secret_key": None}),
    ("sky_iam_policy", nothing, {}),
    ("sky_iam_policy", nothing, {"tags": {"team": "ml", "count": 3}, "path": "/team/"}),
    ("sky_iam_policy", by_hand, {}),
    ("sky_iam_policy", by_hand, {"existing": "keep"}),
    ("sky_iam_policy", by_hand, {"existing": "fail"}),
    ("sky_iam_policy", by_hand, {"state": "absent"}),
    ("sky_iam_policy", throttled, {}),
    ("sky_iam_policy", nothing, {"features": ["bse"], "name": "a b"}),
    ("sky_iam_policy", nothing, {"features": "base,clone_disk"}),
    ("sky_user", nothing, {"name": "alice"}),
    ("sky_user", by_hand, {"name": "alice", "policies": ["minimal-skypilot-policy"]}),
    ("sky_user", by_hand, {"name": "alice", "state": "absent"}),
    ("sky_role", nothing, {"s3_access": "yes", "policies": []}),
    ("sky_role", nothing, {"state": "absent"}),
    ("sky_role", nothing, {"max_session_duration": 1}),
    ("sky_role", nothing, {"policies": [], "service_linked_roles": "spot.amazonaws.com"}),
    ("sky_role", nothing, {"service_linked_roles": ["spot"]}),
    (
        "sky_security_group",
        nothing,
        {"name": "skypilot", "networks": VPCS, "ssh_sources": "192.0.2.0/24", "efa": "yes"},
    ),
    ("sky_security_group", nothing, {"name": "skypilot", "networks": VPCS, "state": "absent"}),
    ("sky_security_group", nothing, {"name": "sg-1", "networks": [{}], "ssh_sources": ["office"]}),
    ("sky_vpc_lookup", nothing, {"regions": ["us-east-1"], "vpc_names": ["nowhere"], "on_unusable": "report"}),
    ("sky_instance", nothing, {"name": "smoke", "state": "absent"}),
]
IDS = [f"{name}-{prepare.__name__}-{'-'.join(args) or 'plain'}" for name, prepare, args in TABLE]


def told(result: t.Mapping[str, t.Any], sandbox: Sandbox) -> dict[str, t.Any]:
    """A result without what differs from account to account and from call to call."""
    kept = {key: value for key, value in result.items() if key not in CALL_BY_CALL}
    text = json.dumps(kept, sort_keys=True).replace(sandbox.account_id, "ACCOUNT")
    return t.cast("dict[str, t.Any]", json.loads(DRAWN.sub(r'"\1": "DRAWN"', text)))


@pytest.mark.parametrize("check_mode", [True, False], ids=["check", "real"])
@pytest.mark.parametrize(("name", "prepare", "args"), TABLE, ids=IDS)
def test_both_ways_are_one(emulator, name, prepare, args, check_mode):
    answers, writes = [], []
    for way in (as_module, as_action):
        emulator.clear_faults()
        sandbox = Sandbox(emulator, fresh_account_id())
        prepare(sandbox)
        emulator.clear_log()
        given = {key: value for key, value in {**sandbox.reach, **args}.items() if value is not None}
        result = way(name, given, check_mode=check_mode)
        answers.append({"failed": False, "changed": False, **told(result, sandbox)})
        writes.append([call["api"] for call in emulator.writes(sandbox.account_id)])
        assert MANAGEMENT["secret_key"] not in json.dumps(result)
        if not result.get("failed"):
            assert writes[-1] == ([] if check_mode else [step["api"] for step in result["steps"]])
    emulator.clear_faults()
    assert answers[0] == answers[1]
    assert writes[0] == writes[1]
    assert "steps" in answers[0]


@pytest.mark.parametrize("way", [as_module, as_action])
class TestEitherWay:
    def test_an_unknown_option_is_named(self, sandbox, way):
        result = way("sky_iam_policy", {**sandbox.reach, "polices": []})
        assert result["failed"] is True
        assert "polices" in result["msg"]
        assert sandbox.emulator.calls() == []

    def test_a_missing_option_is_named(self, sandbox, way):
        result = way("sky_user", sandbox.reach)
        assert result["failed"] is True
        assert "name" in result["msg"]

    def test_a_secret_in_the_wrong_place_is_masked(self, sandbox, way):
        result = way("sky_account", {**sandbox.reach, "region": MANAGEMENT["secret_key"]})
        assert result["failed"] is True
        assert MANAGEMENT["secret_key"] not in json.dumps(result)

    def test_a_secret_that_is_also_a_value_is_masked_in_the_result(self, sandbox, way):
        given = {**sandbox.reach, "session_token": "letmein77", "tags": {"note": "letmein77"}}
        result = way("sky_iam_policy", given, check_mode=True)
        assert not result.get("failed")
        assert "letmein77" not in json.dumps(result)
