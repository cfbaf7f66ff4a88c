# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused without a call: account ids, names, paths, ARNs, regions, account options."""

from __future__ import annotations

import pytest
import yaml

from ansible_collections.sky.aws.plugins.module_utils import _validate

ID = "111122223333"


class TestAccountId:
    @pytest.mark.parametrize("value", [ID, "000000000001", "012345670123"])
    def test_twelve_digits_in_quotes(self, value):
        assert _validate.account_id_fault(value) is None

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("111122223333", ["is a number", "quotes"]),
            ("012345670123", ["is a number", "quotes"]),  # octal in YAML 1.1
            ("1111_2222_3333", ["is a number", "quotes"]),
            ("'11112222333'", ["12 digits"]),
            ("'1111222233334'", ["12 digits"]),
            ("'1111-2222-3333'", ["12 digits", "without hyphens"]),
            ("' 111122223333'", ["12 digits"]),
            ('"111122223333\\n"', ["12 digits"]),
            ("'\u0661\u0661\u0661\u0661\u0662\u0662\u0662\u0662\u0663\u0663\u0663\u0663'", ["12 digits"]),
            ("''", ["12 digits"]),
            ("true", ["12 digits"]),
            ("null", ["12 digits"]),
            ("1.5", ["12 digits"]),
            ("['111122223333']", ["12 digits"]),
        ],
    )
    def test_what_yaml_makes_of_anything_else_is_refused(self, text, words):
        fault = _validate.account_id_fault(yaml.safe_load(text))
        assert fault
        assert all(word in fault for word in ("account_id: ", *words))
        assert "\n" not in fault

    def test_it_is_called_by_its_label(self):
        assert str(_validate.account_id_fault(1, "sky_account_id")).startswith("sky_account_id: 1 is a number")


class TestNames:
    @pytest.mark.parametrize(("noun", "longest"), [("user", 64), ("role", 64), ("policy", 128)])
    def test_limits_of_length(self, noun, longest):
        assert _validate.name_faults(noun, "a") == _validate.name_faults(noun, "a" * longest) == []
        for name in ("", "a" * (longest + 1)):
            (fault,) = _validate.name_faults(noun, name)
            assert f"1 to {longest}" in fault
            assert f"valid {noun} name" in fault

    @pytest.mark.parametrize("name", ["A-z_0.9", "a+b=c,d@e"])
    def test_characters_that_iam_takes(self, name):
        assert _validate.name_faults("user", name) == []

    @pytest.mark.parametrize("name", ["a b", "a/b", "a:b", "\u00e4", "a\n", "a*", "a'", "\u0661"])
    def test_characters_that_iam_refuses(self, name):
        (fault,) = _validate.name_faults("user", name, "sky_users_absent[0]")
        assert fault.startswith("sky_users_absent[0]: ")
        assert "\n" not in fault


class TestPaths:
    @pytest.mark.parametrize("path", ["/", "/a/", "/teams/ml/", "/" + "a" * 510 + "/", "/a+b=c/"])
    def test_accepted(self, path):
        assert _validate.path_faults(path) == []

    @pytest.mark.parametrize(
        "path", ["", "a", "/a", "a/", "//", "/a//b/", "/" + "a" * 511 + "/", "/a b/", "/\u00e4/", "/a*/"]
    )
    def test_refused(self, path):
        (fault,) = _validate.path_faults(path)
        assert "begins and ends with /" in fault


class TestPolicies:
    @pytest.mark.parametrize(
        "ref",
        [
            "minimal-skypilot-policy",
            "/team/name",
            "/name",
            "arn:aws:iam::111122223333:policy/name",
            "arn:aws:iam::aws:policy/AmazonS3FullAccess",
            "arn:aws-cn:iam::111122223333:policy/team/name",
            "arn:aws-us-gov:iam::aws:policy/job-function/Billing",
        ],
    )
    def test_accepted(self, ref):
        assert _validate.policy_ref_faults(ref, "policies[0]") == []

    @pytest.mark.parametrize(
        "ref",
        [
            "",
            None,
            7,
            "two words",
            "team/name",
            "/team/",
            "arn:aws:iam::111122223333:role/name",
            "arn:aws:iam::1111:policy/name",
            "arn:aws:s3:::policy/name",
            "arn:aws:iam:::policy/name",
            "arn:aws:iam::111122223333",
            "arn:nonsense",
        ],
    )
    def test_refused(self, ref):
        (fault,) = _validate.policy_ref_faults(ref, "policies[3]")
        assert fault.startswith("policies[3]: ")

    def test_each_of_a_list_by_its_number(self):
        faults = _validate.policy_refs_faults(["ok", "not ok", "", "ok"], "policies")
        assert [fault.partition(":")[0] for fault in faults] == ["policies[1]", "policies[2]"]


class TestArns:
    def test_parts(self):
        assert _validate.parse_arn("arn:aws-cn:iam::111122223333:role/a/b") == {
            "partition": "aws-cn",
            "service": "iam",
            "region": "",
            "account": "111122223333",
            "resource": "role/a/b",
        }

    @pytest.mark.parametrize("text", ["", "arn:", "arn:aws:iam::12:role/a", "arn:aws:iam::111122223333:", "role/a"])
    def test_other_text(self, text):
        assert _validate.parse_arn(text) is None


class TestRegions:
    @pytest.mark.parametrize("name", ["us-east-1", "cn-north-1", "us-gov-west-1", "ap-southeast-2"])
    def test_known(self, name):
        assert _validate.region_faults("region", name) == []

    @pytest.mark.parametrize(
        ("name", "word"),
        [
            ("us-east1", "did you mean us-east-1?"),
            ("us-east-1a", "did you mean us-east-1?"),
            ("mars", "like us-east-1"),
        ],
    )
    def test_unknown(self, name, word):
        (fault,) = _validate.region_faults("sky_account_region", name)
        assert fault.startswith(f"sky_account_region: {name!r}")
        assert word in fault


@pytest.mark.parametrize(("name", "near"), [("polices", "did you mean policies? "), ("zzz", "")])
def test_nearest(name, near):
    assert _validate.nearest(name, ["policies", "path"]) == near
