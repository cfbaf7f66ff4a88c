# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of sky_config, checked with those of all roles before anything is called."""

from __future__ import annotations

import pytest

from ansible_collections.sky.aws.plugins.plugin_utils import _variables

ACCOUNT = {"account_id": "111111111111", "region": "us-east-1"}
FAULTY = {
    "no dictionary": ({"sky_config_present": ["alice"]}, "sky_config_present: give a list of dictionaries of options"),
    "a name to remove": ({"sky_config_absent": ["alice"]}, "sky_config_absent: give a list of dictionaries of options"),
    "no user": ({"sky_config_present": [{}]}, "sky_config_present[0] (no user): user: it is missing"),
    "a bad user": ({"sky_config_absent": [{"user": "a b"}]}, "sky_config_absent[0] (a b): user: 'a b' is not a valid"),
    "a misspelt option": (
        {"sky_config_present": [{"user": "alice", "workspce": "x"}]},
        "sky_config_present[0] (alice): workspce: there is no such option; did you mean workspace?",
    ),
    "a bad value": (
        {"sky_config_present": [{"user": "alice", "labels": {"aws:x": "y"}}]},
        "sky_config_present[0] (alice): labels: 'aws:x'",
    ),
    "a bad region": (
        {"sky_config_present": [{"user": "alice", "region": "mars"}]},
        "sky_config_present[0] (alice): region: 'mars'",
    ),
    "a bad value for all": (
        {"sky_config_present": [{"user": "alice"}], "sky_config_file": "x"},
        "sky_config_present[0] (alice): config_file: 'x' is not the path",
    ),
    "one workspace for two": (
        {"sky_config_present": [{"user": "alice"}, {"user": "bob"}]},
        "sky_config_present: the workspace of the account in the file of all items is there twice",
    ),
}
GOOD = [
    {},
    {"sky_config_present": [{"user": "alice", "region": "eu-west-1"}], "sky_config_remote_identity": ""},
    {"sky_config_present": [{"user": "alice"}, {"user": "bob", "workspace": "bob"}]},
    {"sky_config_present": [{"user": "alice"}, {"user": "bob", "config_file": "/x"}]},
    {"sky_config_present": [{"user": "bob"}], "sky_config_absent": [{"user": "alice"}]},
]


@pytest.mark.parametrize("case", FAULTY)
def test_what_is_refused(case):
    variables, words = FAULTY[case]
    found = _variables.faults(variables, ACCOUNT)
    assert len(found) == 1
    assert found[0].startswith(words)


@pytest.mark.parametrize("variables", GOOD)
def test_what_is_not(variables):
    assert _variables.faults(variables, ACCOUNT) == []
