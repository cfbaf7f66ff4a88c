# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run did to an account, in one line."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.sky.aws.plugins.lookup.account_summary import REGISTERED, LookupModule
from ansible_collections.sky.aws.tests.unit.entry_points import trusted

ROLES = pathlib.Path(__file__).parents[4] / "roles"
ACCOUNT = "111122223333"
UNCHANGED = {"changed": False, "steps": []}
SKIPPED = {"changed": False, "skipped": True}
USABLE = {"region": "us-east-1", "error": None, "vpc": {"vpc_id": "vpc-1"}, "subnets": [1, 2]}


def summary(*, check_mode: bool = False, **registered: t.Any) -> str:
    variables = {
        "sky_account_id": trusted("{{ 1111 }}22223333"),
        "ansible_check_mode": check_mode,
        **{f"sky_{name}_result": result for name, result in registered.items()},
    }
    lookup = LookupModule(loader=DataLoader(), templar=Templar(loader=DataLoader(), variables=variables))
    (line,) = lookup.run([], variables)
    return line


def changed(*apis: str, drift: tuple[str, ...] = ()) -> dict[str, object]:
    return {
        "changed": True,
        "steps": [{"api": api, "target": "x"} for api in apis],
        "drift": [{"aspect": aspect} for aspect in drift],
    }


NEWS = {"network_security_group": changed("ec2:CreateSecurityGroup")}
TOLD = "security group changed: CreateSecurityGroup"


@pytest.mark.parametrize(
    ("registered", "said"),
    [
        ({}, ""),
        ({"policy": UNCHANGED}, "; policy unchanged"),
        ({"policy": SKIPPED, "instance_role_policy": {}}, ""),
        ({"users": []}, ""),
        ({"users": {"results": [], "skipped": True}}, ""),
        ({"users": {"results": [UNCHANGED]}}, "; users unchanged"),
        ({"users": {"results": [UNCHANGED, UNCHANGED]}}, "; users 2, unchanged"),
        (
            {"users": {"results": [changed("iam:CreateUser", "iam:AttachUserPolicy"), changed("iam:CreateUser")]}},
            "; users 2, changed: CreateUser, AttachUserPolicy",
        ),
        (
            {"policy": UNCHANGED, "instance_role_policy": changed("iam:CreatePolicy")},
            "; policy 2, changed: CreatePolicy",
        ),
        ({"config": changed()}, "; config changed"),
        (
            {"instance_role": changed("iam:TagRole", drift=("inline policies", "trust")), "users": SKIPPED},
            "; role changed: TagRole, drift in inline policies, trust",
        ),
        ({"network": {**UNCHANGED, "networks": [USABLE]}}, "; network us-east-1 vpc-1 with 2 subnets"),
    ],
)
def test_what_ran_is_told_and_the_rest_left_out(registered, said):
    assert summary(**NEWS, **registered) == f"account {ACCOUNT}; {TOLD}{said}"


@pytest.mark.parametrize(
    "registered",
    [
        {},
        {"policy": UNCHANGED, "users": {"results": [UNCHANGED, SKIPPED]}},
        {"policy": SKIPPED},
        {"config": "of the inventory"},
        {"config": {"results": [1, "x", None]}},
        {"network": {**UNCHANGED, "networks": []}},
        {"network": {**UNCHANGED, "networks": [USABLE, USABLE]}},
    ],
)
def test_where_nothing_happened_there_is_nothing_to_tell(registered):
    assert summary(**registered) == ""


def test_a_difference_that_was_left_is_told():
    role = {**UNCHANGED, "drift": [{"aspect": "trust"}, {"aspect": "trust"}]}
    assert summary(instance_role=role) == f"account {ACCOUNT}; role unchanged, drift in trust"


def test_a_check_says_what_would_change():
    assert summary(policy=changed("iam:CreatePolicy"), check_mode=True).endswith("policy would change: CreatePolicy")


def test_networks_are_told_with_what_is_wrong():
    networks = [USABLE, {"region": "us-west-2", "error": "no VPC", "vpc": None, "subnets": []}]
    assert summary(network={**UNCHANGED, "networks": networks}) == (
        f"account {ACCOUNT}; network us-east-1 vpc-1 with 2 subnets, us-west-2 unusable"
    )


def test_all_that_the_roles_register_is_told():
    tasks = "".join(path.read_text() for path in ROLES.glob("*/tasks/*.yml"))
    assert {name for names in REGISTERED.values() for name in names} == set(re.findall(r"register: (\w+)", tasks))
