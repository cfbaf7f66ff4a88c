# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one validating task: every fault of a host's variables in one line each, before the first call."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.sky.aws.plugins.module_utils import _account, _session
from ansible_collections.sky.aws.plugins.module_utils._features.catalogue import FEATURES
from ansible_collections.sky.aws.plugins.module_utils._resources import policy
from ansible_collections.sky.aws.tests.unit.entry_points import as_action, trusted
from ansible_collections.sky.aws.tests.unit.sandbox import MANAGEMENT

HOST = {"sky_account_id": "111122223333", "sky_account_region": "us-east-1"}
STATEMENT = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
LARGE = [{**STATEMENT, "Action": [f"s3:{'a' * 60}{number}" for number in range(100)]}]
MACHINE = {"name": "smoke", "instance_type": "t3.micro", "image_id": "ami-0123456789abcdef0"}


@pytest.fixture
def offline(monkeypatch):
    """The account must not be reached."""
    monkeypatch.setattr(_account.Account, "__init__", lambda *_: pytest.fail("the account was reached"))
    monkeypatch.setattr(_session, "_opened", lambda *_, **__: pytest.fail("a session was made"))


def check(variables: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The task as the role sky_account has it."""
    return as_action("sky_account", MANAGEMENT, variables={**HOST, **variables})


#: What is given, as YAML, and the words of its one line.
FAULTS = [
    ("sky_account_id: 111122223333", ["sky_account_id: 111122223333 is a number", "quotes"]),
    ("sky_account_id: 012345670123", ["sky_account_id: ", "is a number", "quotes", "leading zeros"]),
    ("sky_account_id: '11112222333'", ["sky_account_id: ", "12 digits"]),
    ("sky_account_id: '1111222233334'", ["sky_account_id: ", "12 digits"]),
    ("sky_account_id: 1111-2222-3333", ["sky_account_id: ", "hyphens"]),
    ("sky_account_id: true", ["sky_account_id: "]),
    ("sky_account_region: us-east1", ["sky_account_region: 'us-east1'", "us-east-1"]),
    ("sky_account_assume_role: two words", ["sky_account_assume_role: "]),
    ("sky_account_endpoint_url: nowhere", ["sky_account_endpoint_url: "]),
    ("sky_account_tags: {'aws:x': y}", ["sky_account_tags: "]),
    ("sky_account_tags: [a]", ["sky_account_tags"]),
    ("sky_network_regions: [us-east1]", ["sky_network_regions", "us-east1"]),
    ("sky_network_on_unusable: ignore", ["sky_network_on_unusable", "fail, report"]),
    ("sky_policy_name: two words", ["sky_policy_name: 'two words'"]),
    ("sky_policy_name: ''", ["sky_policy_name: ''"]),
    ("sky_policy_features: [base, spott]", ["sky_policy_features", "spott", "spot"]),
    ("sky_policy_path: team", ["sky_policy_path: 'team'"]),
    ("sky_policy_keep_versions: 6", ["sky_policy_keep_versions: 6"]),
    ("sky_policy_keep_versions: many", ["sky_policy_keep_versions"]),
    ("sky_policy_existing: replace", ["sky_policy_existing", "keep, converge, fail"]),
    (
        "sky_policy_extra_statements: [{Effect: Perhaps, Action: 's3:*', Resource: '*'}]",
        ["sky_policy_extra_statements[0].Effect"],
    ),
    ("sky_users_present: [{name: a b}]", ["sky_users_present[0] (a b): name: 'a b'"]),
    (f"sky_users_present: [{{name: {'a' * 65}}}]", ["sky_users_present[0]", "1 to 64"]),
    ("sky_users_present: [{}]", ["sky_users_present[0]", "name"]),
    ("sky_users_present: [alice]", ["sky_users_present", "dict"]),
    ("sky_users_present: alice", ["sky_users_present"]),
    ("sky_users_present: [name=alice]", ["sky_users_present"]),
    ("sky_users_present: [{name: alice, polices: []}]", ["sky_users_present[0] (alice): polices", "policies"]),
    ("sky_users_present: [{name: alice}, {name: Alice}]", ["sky_users_present: 'alice' and 'Alice'", "case"]),
    ("sky_users_present: [{name: alice}, {name: alice}]", ["sky_users_present: 'alice' is there twice"]),
    (
        "{sky_users_present: [{name: alice}], sky_users_absent: [Alice]}",
        ["sky_users_present and sky_users_absent: 'alice'"],
    ),
    ("sky_users_present: [{name: alice, access_key_delivery: {}}]", ["sky_users_present[0] (alice): ", "file, secret"]),
    ("sky_users_absent: [a b]", ["sky_users_absent[0]: name: 'a b'"]),
    ("sky_users_absent: alice", ["sky_users_absent"]),
    ("sky_users_permissions_boundary: two words", ["permissions_boundary: 'two words'"]),
    ("sky_users_policies: [two words]", ["policies[0]: 'two words'"]),
    ("sky_instance_role_name: two words", ["sky_instance_role_name: 'two words'"]),
    ("sky_instance_role_state: absent", ["sky_instance_role_state", "present, unmanaged"]),
    ("sky_instance_role_features: [bse]", ["sky_instance_role_features", "bse", "base"]),
    ("sky_instance_role_existing: replace", ["sky_instance_role_existing"]),
]
PRESENT = {"sky_users_permissions_boundary", "sky_users_policies"}


@pytest.mark.usefixtures("offline")
class TestFaults:
    @pytest.mark.parametrize(("text", "words"), FAULTS, ids=[text[:60] for text, _ in FAULTS])
    def test_one_line_with_the_variable_and_the_accepted_form(self, text, words):
        given = yaml.safe_load(text)
        if PRESENT & set(given):
            given["sky_users_present"] = [{"name": "alice"}]
        result = check(given)
        assert result.get("failed") is True, result
        assert "has a bug" not in result["msg"]
        assert len(result["msg"].splitlines()) == 1
        assert all(word in result["msg"] for word in words), result["msg"]
        assert result["steps"] == []

    def test_a_document_that_is_too_large(self):
        result = check({"sky_policy_extra_statements": LARGE})
        assert result["msg"].startswith("sky_policy_features")
        assert "6144" in result["msg"]

    def test_a_document_of_the_role_that_is_too_large_is_found_too(self, monkeypatch):
        monkeypatch.setattr(policy, "MAX_SIZE", 1000)
        result = check({"sky_instance_role_features": [*FEATURES]})
        assert "sky_instance_role_features" in result["msg"]
        assert "1000" in result["msg"]

    @pytest.mark.parametrize(
        ("machine", "words"),
        [
            ({**MACHINE, "image_parameter": "/aws/x"}, ["image_id", "image_parameter"]),
            ({**MACHINE, "spot": True, "state": "stopped"}, ["spot", "stopped"]),
            ({**MACHINE, "instance_typ": "t3.micro"}, ["instance_typ", "instance_type"]),
            ({**MACHINE, "region": "us-east1"}, ["us-east1"]),
        ],
    )
    def test_instances(self, machine, words):
        result = check({"sky_instances_present": [machine]})
        assert result.get("failed") is True
        assert "sky_instances_present[0] (smoke): " in result["msg"]
        assert all(word in result["msg"] for word in words)

    def test_all_of_them_at_once(self):
        given = {
            "sky_account_id": 111122223333,
            "sky_policy_features": ["bse"],
            "sky_users_present": [{"name": "a b"}, {"name": "c d"}],
            "sky_instance_role_name": "e f",
        }
        lines = check(given)["msg"].splitlines()
        assert len(lines) == 5
        assert [line.partition(":")[0] for line in lines] == [
            "sky_account_id",
            "sky_policy_features[0]",
            "sky_users_present[0] (a b)",
            "sky_users_present[1] (c d)",
            "sky_instance_role_name",
        ]

    def test_a_variable_that_cannot_be_filled_in_is_named(self):
        result = check({"sky_users_present": trusted("{{ nowhere }}")})
        assert result["failed"] is True
        assert "nowhere" in result["msg"]
        assert "has a bug" not in result["msg"]

    def test_templates_are_filled_in(self):
        result = check({"sky_users_present": [{"name": trusted("{{ who }} b")}], "who": "a"})
        assert "sky_users_present[0] (a b)" in result["msg"]


class TestPassing:
    def test_a_good_host(self, sandbox):
        variables = {
            "sky_account_id": sandbox.account_id,
            "sky_network_regions": "all",
            "sky_users_present": [{"name": "alice", "tags": {"team": "ml"}}, {"name": "bob"}],
            "sky_users_absent": ["eve"],
            "sky_instance_role_features": ["base"],
            "sky_instances_present": [MACHINE],
        }
        result = as_action("sky_account", sandbox.reach, variables=variables)
        assert result.get("msg") is None
        assert result["account"]["account_id"] == sandbox.account_id
        assert "warnings" not in result

    def test_alone_without_variables(self, sandbox):
        result = as_action("sky_account", sandbox.reach)
        assert result["account"]["account_id"] == sandbox.account_id

    def test_alone_its_faults_bear_the_names_of_its_options(self, sandbox):
        result = as_action("sky_account", {**sandbox.reach, "session_duration": 1})
        assert result["msg"].startswith("session_duration: 1")

    @pytest.mark.parametrize(
        ("name", "near"),
        [
            ("sky_users_presnt", "did you mean sky_users_present?"),
            ("sky_policy_feature", "did you mean sky_policy_features?"),
            ("sky_account_zzzzzz", "it is ignored"),
        ],
    )
    def test_a_misspelt_variable_is_warned_about(self, sandbox, name, near):
        result = as_action("sky_account", sandbox.reach, variables={name: []})
        (warning,) = result["warnings"]
        assert warning.startswith(f"{name} is not a variable of any role")
        assert near in warning

    @pytest.mark.parametrize(
        "name", ["sky_hosts", "sky_batch", "sky_max_fail_percentage", "sky_users_result", "skyline", "ansible_host"]
    )
    def test_others_are_not(self, sandbox, name):
        assert "warnings" not in as_action("sky_account", sandbox.reach, variables={name: "x"})
