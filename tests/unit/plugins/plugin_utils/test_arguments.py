# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task that names no account takes that of its host's variables."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleError

from ansible_collections.sky.aws.plugins.module_utils._errors import BadInput
from ansible_collections.sky.aws.plugins.plugin_utils import _arguments
from ansible_collections.sky.aws.plugins.plugin_utils._role_specs import SPECS

HOST = {
    "sky_account_id": "111122223333",
    "sky_account_region": "eu-west-1",
    "sky_account_assume_role": "Admin",
    "sky_account_external_id": "",
    "sky_account_profile": None,
}


def options(given: dict[str, t.Any], variables: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
    return _arguments.with_account(given, HOST if variables is None else variables, lambda value: value)


def test_the_host_declares_the_account_and_what_is_empty_declares_nothing() -> None:
    account = {"account_id": "111122223333", "region": "eu-west-1", "assume_role": "Admin"}
    assert options({"name": "alice"}) == {**account, "name": "alice"}


@pytest.mark.parametrize("region", ["region", "aws_region", "ec2_region"])
def test_what_the_task_names_wins_under_its_alias_too(region: str) -> None:
    account = {"account_id": "111122223333", "assume_role": "Admin"}
    assert options({region: "us-east-2"}) == {**account, region: "us-east-2"}


def test_a_task_that_names_its_account_takes_nothing_of_the_host() -> None:
    assert options({"account_id": "444455556666"}) == {"account_id": "444455556666"}


def test_a_variable_that_is_not_set_has_the_default_of_the_roles() -> None:
    declared = {"account_id": "111122223333", "region": "us-east-1", "assume_role": "OrganizationAccountAccessRole"}
    assert options({}, {"sky_account_id": "111122223333"}) == declared


def test_without_an_id_the_account_is_missing_and_not_unknown() -> None:
    assert options({"name": "alice"}, {})["account_id"] == ""


def test_a_number_stays_a_number_so_that_it_is_refused() -> None:
    assert options({}, {"sky_account_id": 12345})["account_id"] == 12345


def test_a_variable_that_cannot_be_filled_in_is_named() -> None:
    def template(value: t.Any) -> t.Any:
        if value == "Admin":
            raise AnsibleError("'nobody' is undefined")
        return value

    with pytest.raises(BadInput, match=r"^sky_account_assume_role: 'nobody' is undefined"):
        _arguments.with_account({}, HOST, template)


def test_every_account_variable_is_an_option_of_the_role_sky_account() -> None:
    assert set(_arguments.ACCOUNT_VARIABLES.values()) == set(SPECS["sky_account"]) - {"sky_account_tags"}
