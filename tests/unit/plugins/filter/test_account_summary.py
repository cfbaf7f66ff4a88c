# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run did to an account, in one line."""

from __future__ import annotations

import pytest

from ansible_collections.sky.aws.plugins.filter.account_summary import FilterModule

summary = FilterModule().filters()["account_summary"]
ACCOUNT = "111122223333"
UNCHANGED = {"changed": False, "steps": []}
SKIPPED = {"changed": False, "skipped": True}
USABLE = {"region": "us-east-1", "error": None, "vpc": {"vpc_id": "vpc-1"}, "subnets": [1, 2]}


def changed(*apis: str, drift: tuple[str, ...] = ()) -> dict[str, object]:
    return {
        "changed": True,
        "steps": [{"api": api, "target": "x"} for api in apis],
        "drift": [{"aspect": aspect} for aspect in drift],
    }


NEWS = changed("iam:CreateThing")
TOLD = "thing changed: CreateThing"


@pytest.mark.parametrize(
    ("registered", "said"),
    [
        ({}, ""),
        ({"policy": UNCHANGED}, "; policy unchanged"),
        ({"policy": [SKIPPED, {}]}, ""),
        ({"users": []}, ""),
        ({"network": {**UNCHANGED, "networks": [USABLE]}}, "; network us-east-1 vpc-1 with 2 subnets"),
        ({"users": {"results": [], "skipped": True}}, ""),
        ({"users": {"results": [UNCHANGED]}}, "; users unchanged"),
        ({"users": {"results": [UNCHANGED, UNCHANGED]}}, "; users 2, unchanged"),
        (
            {"users": {"results": [changed("iam:CreateUser", "iam:AttachUserPolicy"), changed("iam:CreateUser")]}},
            "; users 2, changed: CreateUser, AttachUserPolicy",
        ),
        ({"policy": [UNCHANGED, changed("iam:CreatePolicy")]}, "; policy 2, changed: CreatePolicy"),
        ({"config": changed()}, "; config changed"),
        (
            {"role": changed("iam:TagRole", drift=("inline policies", "trust")), "users": SKIPPED},
            "; role changed: TagRole, drift in inline policies, trust",
        ),
    ],
)
def test_what_ran_is_told_and_the_rest_left_out(registered, said):
    assert summary({"thing": NEWS, **registered}, ACCOUNT) == f"account {ACCOUNT}; {TOLD}{said}"


@pytest.mark.parametrize(
    "registered",
    [
        {},
        {"policy": UNCHANGED, "users": {"results": [UNCHANGED, SKIPPED]}},
        {"policy": [SKIPPED, {}]},
        {"config": "of the inventory"},
        {"network": {**UNCHANGED, "networks": []}},
        {"network": {**UNCHANGED, "networks": [USABLE, USABLE]}},
    ],
)
def test_where_nothing_happened_there_is_nothing_to_tell(registered):
    assert summary(registered, ACCOUNT) == ""


def test_a_difference_that_was_left_is_told():
    role = {**UNCHANGED, "drift": [{"aspect": "trust"}, {"aspect": "trust"}]}
    assert summary({"role": role}, ACCOUNT) == f"account {ACCOUNT}; role unchanged, drift in trust"


def test_a_check_says_what_would_change():
    assert summary({"policy": changed("iam:CreatePolicy")}, ACCOUNT, check_mode=True).endswith(
        "policy would change: CreatePolicy"
    )


def test_networks_are_told_with_what_is_wrong():
    networks = [USABLE, {"region": "us-west-2", "error": "no VPC", "vpc": None, "subnets": []}]
    assert summary({"network": {**UNCHANGED, "networks": networks}}, ACCOUNT) == (
        f"account {ACCOUNT}; network us-east-1 vpc-1 with 2 subnets, us-west-2 unusable"
    )
