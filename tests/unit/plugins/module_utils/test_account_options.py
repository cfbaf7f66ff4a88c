# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account options: what is accepted, and one line for each fault."""

from __future__ import annotations

import pytest

from ansible_collections.sky.aws.plugins.module_utils._account_options import account_faults
from ansible_collections.sky.aws.plugins.module_utils._resources.account import RESOURCE as account
from ansible_collections.sky.aws.tests.unit.sandbox import params

ID = "111122223333"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"assume_role": "Admin"},
        {"assume_role": "/team/Admin"},
        {"assume_role": f"arn:aws:iam::{ID}:role/team/Admin"},
        {"assume_role": "Admin", "session_duration": 900},
        {"assume_role": "Admin", "session_duration": 43200},
        {"assume_role": "Admin", "external_id": "a:b/c@d"},
        {"access_key": "AKIA", "secret_key": "s"},
        {"access_key": "AKIA", "secret_key": "s", "session_token": "t"},
        {"profile": "hub"},
        {"endpoint_url": "http://127.0.0.1:5000"},
        {"endpoint_url": "https://sts.example.com/path"},
    ],
)
def test_accepted(given):
    assert account_faults(params(account, **given)) == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"account_id": 111122223333}, ["account_id: ", "number"]),
        ({"region": "us-east1"}, ["region: ", "us-east-1"]),
        ({"assume_role": "two words"}, ["assume_role: ", "not a role"]),
        ({"assume_role": "/team/"}, ["assume_role: "]),
        ({"assume_role": f"arn:aws:iam::{ID}:user/me"}, ["assume_role: ", "not the ARN of a role"]),
        ({"assume_role": "arn:aws:iam::999988887777:role/Admin"}, ["assume_role: ", f"not in account {ID}"]),
        ({"assume_role": "Admin", "session_name": "a"}, ["session_name: ", "2 to 64"]),
        ({"assume_role": "Admin", "session_name": "a" * 65}, ["session_name: "]),
        ({"assume_role": "Admin", "session_name": "a b"}, ["session_name: "]),
        ({"assume_role": "Admin", "session_duration": 899}, ["session_duration: 899", "900 to 43200"]),
        ({"assume_role": "Admin", "session_duration": 43201}, ["session_duration: "]),
        ({"assume_role": "Admin", "external_id": "x"}, ["external_id: ", "2 to 1224"]),
        ({"assume_role": "Admin", "external_id": "a b"}, ["external_id: "]),
        ({"access_key": "AKIA"}, ["access_key and secret_key: "]),
        ({"secret_key": "hidden"}, ["access_key and secret_key: "]),
        ({"session_token": "hidden"}, ["session_token: "]),
        ({"access_key": "AKIA", "secret_key": "hidden", "profile": "hub"}, ["profile and access_key: "]),
        ({"endpoint_url": "127.0.0.1:5000"}, ["endpoint_url: ", "http://host:port"]),
        ({"endpoint_url": "ftp://x"}, ["endpoint_url: "]),
        ({"endpoint_url": "http://"}, ["endpoint_url: "]),
    ],
)
def test_refused_in_one_line(given, words):
    (fault,) = account_faults(params(account, **given))
    assert all(word in fault for word in words)
    assert "hidden" not in fault
    assert "\n" not in fault


def test_a_role_in_a_number_of_an_account_is_one_fault():
    """The id is what is wrong; the role in it cannot be judged."""
    given = {"account_id": 111122223333, "assume_role": f"arn:aws:iam::{ID}:role/Admin"}
    assert len(account_faults(params(account, **given))) == 1


def test_all_faults_at_once():
    given = {"account_id": "1", "region": "mars", "endpoint_url": "x", "access_key": "AKIA"}
    assert len(account_faults(params(account, **given))) == 4
