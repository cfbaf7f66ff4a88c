# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of policy features: the page's policy to the letter, the documents made of it, and what is refused."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sky.aws.plugins.module_utils._features import combinations
from ansible_collections.sky.aws.plugins.module_utils._features import documents as features
from ansible_collections.sky.aws.plugins.module_utils._features.feature import Feature
from ansible_collections.sky.aws.plugins.module_utils._policy import compose, equality, faults
from ansible_collections.sky.aws.tests.unit import strategies

ACCOUNT = "012345678901"
HERE: dict[str, t.Any] = {"account_id": ACCOUNT, "partition": "aws"}
PLACEHOLDER = "<account-ID-without-hyphens>"

# The page's JSON in another layout, its placeholder untouched.
PAGE = r"""
{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "arn:aws:ec2:*::image/ami-*"},
  {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": [
    "arn:aws:ec2:*:<account-ID-without-hyphens>:instance/*",
    "arn:aws:ec2:*:<account-ID-without-hyphens>:network-interface/*",
    "arn:aws:ec2:*:<account-ID-without-hyphens>:subnet/*",
    "arn:aws:ec2:*:<account-ID-without-hyphens>:volume/*",
    "arn:aws:ec2:*:<account-ID-without-hyphens>:security-group/*"]},
  {"Effect": "Allow",
   "Action": ["ec2:TerminateInstances", "ec2:DeleteTags", "ec2:StartInstances", "ec2:CreateTags", "ec2:StopInstances"],
   "Resource": "arn:aws:ec2:*:<account-ID-without-hyphens>:instance/*"},
  {"Effect": "Allow", "Action": ["ec2:Describe*"], "Resource": "*"},
  {"Effect": "Allow", "Action": ["ec2:CreateSecurityGroup", "ec2:AuthorizeSecurityGroupIngress"],
   "Resource": "arn:aws:ec2:*:<account-ID-without-hyphens>:*"},
  {"Effect": "Allow", "Action": ["iam:GetRole", "iam:PassRole"],
   "Resource": ["arn:aws:iam::<account-ID-without-hyphens>:role/skypilot-v1"]},
  {"Effect": "Allow", "Action": ["iam:GetInstanceProfile"],
   "Resource": "arn:aws:iam::<account-ID-without-hyphens>:instance-profile/skypilot-v1"}]}
"""
PAGE_CREATE_ROLE = r"""
[{"Effect": "Allow", "Action": ["iam:GetRole", "iam:PassRole", "iam:CreateRole", "iam:AttachRolePolicy"],
  "Resource": ["arn:aws:iam::<account-ID-without-hyphens>:role/skypilot-v1"]},
 {"Effect": "Allow", "Action": ["iam:GetInstanceProfile", "iam:CreateInstanceProfile", "iam:AddRoleToInstanceProfile"],
  "Resource": "arn:aws:iam::<account-ID-without-hyphens>:instance-profile/skypilot-v1"}]
"""
PAGE_CLONE_DISK = r"""
[{"Effect": "Allow", "Action": ["ec2:CreateImage", "ec2:CopyImage", "ec2:DeregisterImage"], "Resource": "*"}]
"""
LAUNCH_TAGS = r"""
[{"Effect": "Allow", "Action": "ec2:CreateTags",
  "Resource": "arn:aws:ec2:*:<account-ID-without-hyphens>:security-group/*",
  "Condition": {"StringEquals": {"ec2:CreateAction": "CreateSecurityGroup", "aws:RequestTag/skypilot": "true"},
                "ForAllValues:StringEquals": {"aws:TagKeys": ["skypilot"]}}},
 {"Effect": "Allow", "Action": "ec2:CreateTags",
  "Resource": "arn:aws:ec2:*:<account-ID-without-hyphens>:volume/*",
  "Condition": {"StringEquals": {"ec2:CreateAction": "RunInstances"}}}]
"""
PROTECT_TAGS = r"""
[{"Effect": "Deny", "Action": ["ec2:CreateTags", "ec2:DeleteTags"], "Resource": "*",
  "Condition": {"ForAnyValue:StringLike": {"aws:TagKeys": "sky.aws/*"}}},
 {"Effect": "Deny", "Action": "ec2:DeleteTags", "Resource": "*", "Condition": {"Null": {"aws:TagKeys": "true"}}},
 {"Effect": "Deny", "Action": "ec2:CreateTags", "Resource": "*",
  "Condition": {"Null": {"aws:RequestTag/ray-cluster-name": "false", "aws:ResourceTag/ray-cluster-name": "true",
                         "ec2:CreateAction": "true"}}}]
"""


def written(text: str, partition: str = "aws") -> t.Any:
    """Test data with the account filled in, for a partition."""
    return json.loads(text.replace(PLACEHOLDER, ACCOUNT).replace("arn:aws:", f"arn:{partition}:"))


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("base", json.dumps(json.loads(PAGE)["Statement"])),
        ("create_role", PAGE_CREATE_ROLE),
        ("clone_disk", PAGE_CLONE_DISK),
        ("launch_tags", LAUNCH_TAGS),
        ("protect_tags", PROTECT_TAGS),
    ],
)
def test_statements_to_the_letter(name: str, expected: str, partition: str) -> None:
    found = features.statements([name], account_id=ACCOUNT, partition=partition)
    # As text, so that the order of keys, strings and one-item lists count too.
    assert json.dumps(found) == json.dumps(written(expected, partition))


@pytest.mark.parametrize("partition", ["aws", "aws-cn"])
def test_base_is_the_page_nothing_added_nothing_missing(partition: str) -> None:
    found = features.document(["base"], account_id=ACCOUNT, partition=partition)
    page = written(PAGE, partition)
    assert equality.normal_form(found) == equality.normal_form(page)
    assert found == page


@pytest.mark.parametrize("names", [["base", "create_role"], ["create_role", "base"]])
def test_create_role_takes_the_place_of_the_last_two_statements(names: list[str]) -> None:
    page = written(PAGE)
    expected = {"Version": page["Version"], "Statement": page["Statement"][:5] + written(PAGE_CREATE_ROLE)}
    found = features.document(names, **HERE)
    assert equality.equal(found, expected)
    assert sorted(map(json.dumps, found["Statement"])) == sorted(map(json.dumps, expected["Statement"]))


def test_clone_disk_is_added_to_the_page() -> None:
    page = written(PAGE)
    expected = {**page, "Statement": [*page["Statement"], *written(PAGE_CLONE_DISK)]}
    assert equality.equal(features.document(["base", "clone_disk"], **HERE), expected)


def test_the_default_is_the_page_tags_on_create_and_their_protection() -> None:
    assert features.DEFAULT == ("base", "launch_tags", "protect_tags")
    found = features.document(features.DEFAULT, **HERE)
    assert found["Statement"] == written(PAGE)["Statement"] + written(LAUNCH_TAGS) + written(PROTECT_TAGS)


def test_tags_on_create_reach_nothing_that_exists() -> None:
    """Outside instances CreateTags is allowed under a condition only."""
    tagging = [s for s in features.document(features.DEFAULT, **HERE)["Statement"] if "ec2:CreateTags" in s["Action"]]
    unconditional = [statement["Resource"] for statement in tagging if "Condition" not in statement]
    assert unconditional == [f"arn:aws:ec2:*:{ACCOUNT}:instance/*"]


@pytest.mark.parametrize(
    ("principals", "names"),
    [
        (["user", "role"], ["base", "create_role", "clone_disk", "launch_tags"]),
        (["role", "user"], ["base", "create_role", "clone_disk", "launch_tags"]),
        (["user"], ["base", "create_role", "clone_disk", "launch_tags"]),
        (["role"], ["base", "launch_tags"]),
    ],
)
def test_the_role_alone_gets_no_rights_that_only_users_need(principals: list[str], names: list[str]) -> None:
    found = features.document(["base", "create_role", "clone_disk", "launch_tags"], **HERE, principals=principals)
    assert found == features.document(names, **HERE)


def test_a_feature_may_give_users_and_the_role_different_statements() -> None:
    both, user, role = (
        {"Effect": "Allow", "Action": f"a:{name}", "Resource": "*"} for name in ("Both", "User", "Role")
    )
    feature = Feature(name="n", title="t", why="w", since=None, source="s", both=(both,), user=(user,), role=(role,))
    assert feature.statements(["user"]) == (both, user)
    assert feature.statements(["role"]) == (both, role)
    assert feature.statements(features.PRINCIPALS) == (both, user, role)


def test_extra_statements_are_taken_as_they_are() -> None:
    extra = {"Sid": "Own", "Effect": "Deny", "Action": "ec2:RunInstances", "Resource": "arn:aws:s3:::<account_id>"}
    assert features.document(["base"], [extra], **HERE)["Statement"] == [*written(PAGE)["Statement"], extra]


def test_an_extra_statement_that_a_feature_includes_is_left_out() -> None:
    extra = {"Effect": "Allow", "Action": "ec2:describe*", "Resource": ["*"]}
    assert features.document(["base"], [extra], **HERE) == written(PAGE)


def test_no_feature_no_statement() -> None:
    assert features.document([], **HERE) == {"Version": "2012-10-17", "Statement": []}


RESOURCES: dict[str, t.Any] = {"custom_identities": ["research", "teams/trainer"], "s3_buckets": ["data", "results-*"]}


@strategies.steady
@given(st.lists(st.sampled_from(sorted(features.FEATURES)), unique=True), st.lists(strategies.statements(), max_size=2))
def test_a_document_is_the_union_of_its_features(names: list[str], extra: list[dict[str, t.Any]]) -> None:
    found = equality.normal_form(features.document(names, extra, **HERE, **RESOURCES)).atoms
    parts = [features.document([name], **HERE, **RESOURCES) for name in names] + [compose.compose(extra)]
    assert found == frozenset().union(*(equality.normal_form(part).atoms for part in parts))


ALL_FROM_BASE = [name for name in features.FEATURES if name not in ("base_named_group", "create_role_bounded")]
ALL_NARROW = [name for name in features.FEATURES if name not in ("base", "ports", "create_role")]


@pytest.mark.parametrize("names", [[], ["base"], ["clone_disk"], list(features.DEFAULT), ALL_FROM_BASE, ALL_NARROW])
def test_a_selection_without_contradiction_is_accepted(names: list[str]) -> None:
    identities = ["research"] if "custom_identity" in names else []
    assert features.faults(names, identities) == []


#: All that goes together: with one base, and with one way of making the role.
LARGEST = [
    [name for name in features.FEATURES if name not in {*others, way}]
    for others in ({"base_named_group"}, {"base", "ports"})
    for way in ("create_role", "create_role_bounded")
]


@pytest.mark.parametrize("names", LARGEST, ids=lambda names: f"{names[0]} {names[-1]} {len(names)}")
@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_all_that_goes_together_fits_with_room_to_spare(names: list[str], partition: str) -> None:
    assert features.faults(names, ["research"], ["research-data"]) == []
    document = features.document(
        names,
        account_id=ACCOUNT,
        partition=partition,
        custom_identities=["research"],
        s3_buckets=["research-data"],
    )
    assert compose.size(document) + 300 <= compose.MAX_SIZE


@pytest.mark.parametrize("contradiction", combinations.CONTRADICTIONS, ids=lambda each: "-".join(sorted(each.has)))
def test_a_contradiction_is_one_line_that_says_what_to_do(contradiction: combinations.Combination) -> None:
    (fault,) = features.faults(sorted(contradiction.has))
    assert fault == f"features: {contradiction.says}"
    assert all(name in fault for name in contradiction.has)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["base"], ["base without launch_tags", "base without protect_tags"]),
        (["base", "launch_tags"], ["base without protect_tags"]),
        (["base", "launch_tags", "protect_tags"], []),
        (["base_named_group"], ["base_named_group without protect_tags"]),
        (["base_named_group", "protect_tags"], []),
        (["base_named_group", "launch_tags", "protect_tags"], ["base_named_group with launch_tags"]),
        (["protect_tags", "clone_disk"], ["clone_disk lets every user make an image of any instance's disks"]),
        (
            [*features.DEFAULT, "create_role"],
            ["create_role without create_role_inline", "create_role lets every user attach any policy"],
        ),
        (
            [*features.DEFAULT, "create_role", "create_role_inline"],
            ["create_role lets every user attach any policy"],
        ),
        (
            [*features.DEFAULT, "create_role_bounded"],
            ["create_role_bounded without create_role_inline", "create_role_bounded lets every user make"],
        ),
        (
            [*features.DEFAULT, "create_role_bounded", "create_role_inline"],
            ["create_role_bounded lets every user make", "create_role_inline opens again"],
        ),
        ([*features.DEFAULT, "create_role_inline"], ["create_role_inline without create_role or"]),
        (["s3_read", "s3_write", "s3_manage"], []),
        (["s3_write"], ["s3_write without s3_read"]),
        (["s3_read", "s3_manage"], ["s3_manage without s3_write"]),
        (["autostop"], []),
    ],
)
def test_what_will_surprise_is_said(names: list[str], said: list[str]) -> None:
    found = features.surprises(names)
    assert len(found) == len(said)
    assert all(line.startswith(start) for line, start in zip(found, said, strict=True))


def test_the_escalation_path_is_named_with_its_mend() -> None:
    (line,) = [line for line in features.surprises(["create_role"]) if "AdministratorAccess" in line]
    assert "create_role_bounded" in line


def test_combinations_name_features_only() -> None:
    for combination in (*combinations.CONTRADICTIONS, *combinations.SURPRISES):
        assert combination.has | combination.lacks <= set(features.FEATURES)
        assert not re.search(r"\d{12}", combination.says)


def test_each_custom_identity_is_a_resource() -> None:
    (statement,) = features.statements(["custom_identity"], **HERE, custom_identities=["one", "teams/two"])
    assert statement["Resource"] == [f"arn:aws:iam::{ACCOUNT}:role/one", f"arn:aws:iam::{ACCOUNT}:role/teams/two"]


@pytest.mark.parametrize(
    ("names", "identities", "buckets", "said"),
    [
        (["custom_identity"], [], ["*"], "custom_identities: the feature custom_identity is for roles that are named"),
        (["base"], ["research"], ["*"], "custom_identities: only the feature custom_identity uses it"),
        (["custom_identity"], ["a b"], ["*"], "custom_identities[0]: 'a b' is not the name of a role"),
        (["custom_identity"], ["/a"], ["*"], "custom_identities[0]: '/a' is not the name of a role"),
        (["custom_identity"], ["ok", "*"], ["*"], "custom_identities[1]: '*' is not the name of a role"),
        (["custom_identity"], ["arn:aws:iam::1:role/a"], ["*"], "custom_identities[0]: 'arn:aws:iam::1:role/a' is not"),
        (["custom_identity"], ["<account_id>"], ["*"], "custom_identities[0]: '<account_id>' is not the name"),
        (["s3_read"], [], [], "s3_buckets: give the names of buckets, or '*'"),
        (["base"], [], ["data"], "s3_buckets: only the features s3_read, s3_write, s3_manage use it"),
        (["s3_read"], [], ["s3://data"], "s3_buckets[0]: 's3://data' is not the name of a bucket"),
        (["s3_read"], [], ["Data"], "s3_buckets[0]: 'Data' is not the name of a bucket"),
        (["s3_write"], [], ["data/x"], "s3_buckets[0]: 'data/x' is not the name of a bucket"),
    ],
)
def test_names_of_resources_are_checked(names: list[str], identities: list[str], buckets: list[str], said: str) -> None:
    (fault,) = features.faults(names, identities, buckets)
    assert fault.startswith(said)


@pytest.mark.parametrize("bucket", ["*", "data", "research-*", "a.b-c", "logs-????"])
def test_buckets_may_be_patterns(bucket: str) -> None:
    assert features.faults(["s3_read"], s3_buckets=[bucket]) == []


def test_buckets_are_the_resources_of_the_storage_features() -> None:
    found = features.statements(["s3_read", "s3_write", "s3_manage"], **HERE, s3_buckets=["data", "x-*"])
    resources = {resource for statement in found for resource in statement["Resource"]}
    assert resources == {"*", *(f"arn:aws:s3:::{name}" for name in ("data", "data/*", "x-*", "x-*/*"))}


def test_an_unknown_feature_is_refused_with_the_nearest_and_the_list() -> None:
    (fault,) = features.faults(["base", "clone-disk"])
    assert fault.startswith("features[1]: 'clone-disk' is not a feature; did you mean clone_disk? ")
    assert fault.endswith(f"the features are {', '.join(features.FEATURES)}")


def test_a_feature_like_no_other_gets_no_suggestion() -> None:
    (fault,) = features.faults(["zzz"])
    assert "did you mean" not in fault
    assert "the features are base, " in fault


def test_a_feature_given_twice_is_refused() -> None:
    (fault,) = features.faults(["base", "launch_tags", "base"])
    assert fault == "features[2]: 'base' is given twice; give each feature once"


def test_each_fault_has_its_line() -> None:
    assert [fault.split(":")[0] for fault in features.faults(["x", "base", "x", "base"])] == [
        "features[0]",
        "features[2]",
        "features[3]",
    ]


def test_an_unknown_feature_has_no_statements() -> None:
    with pytest.raises(KeyError):
        features.statements(["x"], **HERE)


@pytest.mark.parametrize("feature", features.FEATURES.values(), ids=features.FEATURES)
def test_each_entry_of_the_catalogue_is_whole(feature: Feature) -> None:
    assert features.FEATURES[feature.name] is feature
    assert re.fullmatch(r"[a-z][a-z0-9_]*", feature.name)
    assert all((feature.title, feature.why, feature.source))
    assert feature.since is None or re.fullmatch(r"\d+\.\d+(\.\d+)?", feature.since)
    templates = feature.statements(features.PRINCIPALS)
    assert templates
    text = json.dumps(templates)
    assert set(re.findall("<.*?>", text)) <= {"<partition>", "<account_id>", "<custom_identity>", "<s3_bucket>"}
    assert not re.search("arn:(?!<partition>)", text)
    filled = features.statements([feature.name], account_id=ACCOUNT, partition="aws-cn", **RESOURCES)
    assert "<" not in json.dumps(filled)
    assert [fault for statement in filled for fault in faults.statement_faults(statement, feature.name)] == []
    assert compose.size(features.document(sorted({"base", feature.name}), **HERE)) <= compose.MAX_SIZE


def test_the_catalogue_cannot_be_changed_by_its_users() -> None:
    before = json.dumps([dataclasses.asdict(feature) for feature in features.FEATURES.values()])
    for statement in features.statements(features.FEATURES, **HERE, **RESOURCES):
        statement["Effect"] = "Deny"
        if isinstance(statement["Action"], list):
            statement["Action"].append("iam:*")
    assert json.dumps([dataclasses.asdict(feature) for feature in features.FEATURES.values()]) == before
    with pytest.raises(TypeError):
        features.FEATURES["base"] = features.FEATURES["clone_disk"]  # type: ignore[index]
