# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy documents: parsing, composing, showing, measuring, and what is refused offline."""

from __future__ import annotations

import copy
import json
import typing as t
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sky.aws.plugins.module_utils._policy import compose, equality, faults, readable
from ansible_collections.sky.aws.tests.unit import strategies

RUN: dict[str, t.Any] = {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*"}


def document(*statements: t.Any, **other: t.Any) -> dict[str, t.Any]:
    return {"Version": "2012-10-17", "Statement": list(statements), **other}


@strategies.steady
@given(st.data())
def test_text_of_a_document_is_the_document(data: st.DataObject) -> None:
    one = data.draw(strategies.documents())
    text = data.draw(strategies.texts(one))
    assert equality.parse(text) == equality.parse(one) == one
    assert equality.equal(text, one)


@strategies.steady
@given(st.lists(strategies.statements(), max_size=5))
def test_compose_keeps_the_meaning_and_repeats_nothing(statements: list[dict[str, t.Any]]) -> None:
    before = copy.deepcopy(statements)
    composed = compose.compose(statements)
    assert statements == before
    assert equality.equal(composed, document(*statements))
    remaining = iter(statements)
    assert all(kept in remaining for kept in composed["Statement"]), "not in order, or rewritten"
    assert compose.compose(composed["Statement"]) == composed
    for left_out in range(len(composed["Statement"])):
        others = [kept for index, kept in enumerate(composed["Statement"]) if index != left_out]
        joined = equality.normal_form(document(composed["Statement"][left_out])).atoms
        assert not any(joined <= equality.normal_form(document(other)).atoms for other in others)


@strategies.steady
@given(st.lists(st.one_of(strategies.statements(), strategies.malformed_statements()), max_size=5))
def test_joined_keeps_the_meaning(statements: list[t.Any]) -> None:
    before = copy.deepcopy(statements)
    joined = compose.joined(statements)
    assert statements == before
    assert equality.normal_form(document(*joined)) == equality.normal_form(document(*statements))
    assert compose.joined(joined) == joined
    assert len(joined) <= len(statements)


@strategies.steady
@given(st.data())
def test_joined_puts_together_again_what_was_split(data: st.DataObject) -> None:
    """Actions of one statement, each in a statement of its own, in any order and among others."""
    whole = data.draw(
        strategies.statements().filter(lambda statement: "Action" in statement and "Sid" not in statement)
    )
    whole = {**whole, "Action": ["a:X", "b:Y", "c:Z"]}
    parts = [{**whole, "Action": action} for action in data.draw(st.permutations(whole["Action"]))]
    joined = compose.joined([parts[0], {**RUN, "Sid": "Between"}, *parts[1:]])
    assert len(joined) == 2
    assert equality.equal(document(joined[0]), document(whole))


def test_joined_makes_one_statement_where_the_first_is() -> None:
    first, other, last = (
        {**RUN, "Action": "a:X"},
        {**RUN, "Effect": "Deny"},
        {**RUN, "Action": ["b:Y", "a:X"], "Resource": ["*"]},
    )
    assert compose.joined([first, other, last]) == [{**RUN, "Action": ["a:X", "b:Y"]}, other]


@pytest.mark.parametrize(
    "other",
    [
        {**RUN, "Action": "a:X", "Effect": "Deny"},
        {**RUN, "Action": "a:X", "Condition": {"Bool": {"aws:x": "true"}}},
        {**RUN, "Action": "a:X", "Resource": "r"},
        {**RUN, "Action": "a:X", "Resource": ["*", "r"]},
        {**RUN, "Action": "a:X", "Sid": "Named"},
        {**RUN, "Action": "a:X", "Principal": "*"},
        {**RUN, "Action": "a:X", "New": 1},
        {"Effect": "Allow", "NotAction": "a:X", "Resource": "*"},
        {"Effect": "Allow", "Action": "a:X", "NotResource": "*"},
        {**RUN, "Action": []},
    ],
)
def test_joined_leaves_what_differs_in_more(other: dict[str, t.Any]) -> None:
    assert compose.joined([RUN, other]) == [RUN, other]


@strategies.steady
@given(strategies.documents())
def test_readable_is_canonical(one: dict[str, t.Any]) -> None:
    shown = readable.readable(one)
    assert equality.equal(shown, one)
    assert readable.readable(shown) == shown
    for statement in shown["Statement"]:
        for key in {"Action", "NotAction", "Resource", "NotResource"} & set(statement):
            assert statement[key] == sorted(set(statement[key]))


def test_readable_groups_by_action_and_sorts() -> None:
    shown = readable.readable(
        document(
            {"Effect": "Allow", "Action": ["ec2:RunInstances", "ec2:StopInstances"], "Resource": "instance"},
            {"Effect": "Allow", "Action": "EC2:runinstances", "Resource": ["volume", "image"]},
            {"Sid": "Any", "Effect": "Allow", "Action": "ec2:StartInstances", "Resource": ["instance"]},
            {
                "Effect": "Deny",
                "NotAction": ["b:Y", "a:X"],
                "Resource": "*",
                "Condition": {"Bool": {"aws:B": True, "aws:A": [2, 1.5]}},
            },
            Id="any",
        )
    )
    assert json.dumps(shown) == json.dumps(
        document(
            {"Effect": "Allow", "Action": ["ec2:RunInstances"], "Resource": ["image", "instance", "volume"]},
            {"Effect": "Allow", "Action": ["ec2:StartInstances", "ec2:StopInstances"], "Resource": ["instance"]},
            {
                "Effect": "Deny",
                "NotAction": ["a:X", "b:Y"],
                "Resource": ["*"],
                "Condition": {"Bool": {"aws:A": ["1.5", "2"], "aws:B": ["true"]}},
            },
        )
    )


def test_readable_shows_principals_versions_and_unknown_keys() -> None:
    principal = {"Service": "b", "AWS": "arn:aws:iam::123456789012:root"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    shown = {"Effect": "Allow", "Principal": {"AWS": ["123456789012"], "Service": ["b"]}, "Action": ["sts:AssumeRole"]}
    shown_again = readable.readable({"Statement": statement, "New": [2, 1]})
    assert shown_again == {"Version": "2008-10-17", "Statement": [shown], "New": [2, 1]}


def test_compose_lets_an_extended_statement_take_the_place_of_the_first() -> None:
    first, second = {**RUN, "Action": "a:X", "Resource": "r"}, {**RUN, "Action": ["b:Y", "A:x"], "Resource": ["s", "r"]}
    between = {**RUN, "Effect": "Deny"}
    assert compose.compose([first, between, second, second, between]) == document(between, second)


@pytest.mark.parametrize(
    "other",
    [
        {**RUN, "Effect": "Deny"},
        {**RUN, "Condition": {"Bool": {"aws:x": "true"}}},
        {**RUN, "Action": "ec2:*"},
        {**RUN, "Resource": "r"},
        {"Effect": "Allow", "NotAction": "ec2:RunInstances", "Resource": "*"},
    ],
)
def test_compose_keeps_what_no_single_statement_includes(other: dict[str, t.Any]) -> None:
    assert compose.compose([RUN, other])["Statement"] == [RUN, other]


def test_compose_does_not_share_its_statements() -> None:
    given_statement = {**RUN, "Action": ["a:X"]}
    compose.compose([given_statement])["Statement"][0]["Action"].append("b:Y")
    assert given_statement["Action"] == ["a:X"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no JSON object"),
        ("[]", "no JSON object"),
        ('"{}"', "no JSON object"),
        ("{", "Expecting"),
        (urllib.parse.quote('{"a": '), "Expecting"),
        ('{"Statement": [{"Effect": "Deny", "Effect": "Allow"}]}', "repeated key 'Effect'"),
        ('{"a": NaN}', "NaN is not JSON"),
    ],
)
def test_text_that_is_no_document_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^not a policy document: .*{reason}"):
        equality.parse(text)


def test_url_encoded_text_may_hold_plus_and_percent() -> None:
    one = document({**RUN, "Resource": "arn:aws:s3:::a+b %20c/*"})
    assert equality.parse(urllib.parse.quote(json.dumps(one))) == one
    assert equality.parse(urllib.parse.quote(json.dumps(one), safe="+")) == one
    assert equality.parse(json.dumps(one)) == one


def test_compact_and_size() -> None:
    one = document({**RUN, "Resource": "arn:aws:s3:::caf\u00e9 bar/*"})
    text = compose.compact(one)
    assert json.loads(text) == one
    assert "\u00e9" in text
    assert text == json.dumps(one, separators=(",", ":"), ensure_ascii=False)
    assert compose.size(one) == len(text) - 1 == len("".join(json.dumps(one, indent=4, ensure_ascii=False).split()))
    assert (compose.MAX_SIZE, compose.MAX_TRUST_SIZE) == (6144, 2048)
    with pytest.raises(ValueError, match="not JSON compliant"):
        compose.compact(document({**RUN, "Condition": {"Bool": {"aws:x": float("nan")}}}))


def test_trust() -> None:
    principal = {"Service": "ec2.amazonaws.com"}
    expected = document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})
    assert compose.trust("ec2.amazonaws.com") == expected


GOOD = [
    RUN,
    {**RUN, "Action": "*"},
    {
        **RUN,
        "Action": ["ec2:Describe*", "execute-api:?nvoke", "s3:Get*Tagging"],
        "Resource": ["*", "arn:aws:s3:::b/${aws:username}/*"],
    },
    {**RUN, "Resource": "arn:aws-us-gov:ec2:*:123456789012:instance/*"},
    {**RUN, "Resource": "arn:*:iam::${aws:PrincipalAccount}:role/a b"},
    {"Effect": "Deny", "NotAction": ["iam:*"], "NotResource": "arn:aws:iam::123456789012:role/x"},
    {**RUN, "Sid": ""},
    {**RUN, "Sid": "AllowRun1"},
    {**RUN, "Condition": {}},
    {
        **RUN,
        "Condition": {"ForAnyValue:StringLike": {"aws:TagKeys": ["a", 1, 1.5, True, ""]}, "Bool": {"aws:x": False}},
    },
]

BAD = [
    ("text", "S:", "mapping"),
    (["a"], "S:", "mapping"),
    ({**RUN, "Resources": "*"}, "S.Resources:", "Sid, Effect, Action, NotAction, Resource, NotResource, Condition"),
    ({**RUN, "effect": "Allow"}, "S.effect:", "Effect"),
    ({**RUN, 1: "x"}, "S.1:", "Effect"),
    ({**RUN, "Principal": "*"}, "S.Principal:", "remove"),
    ({**RUN, "NotPrincipal": "*"}, "S.NotPrincipal:", "remove"),
    ({**RUN, "Effect": "allow"}, "S.Effect:", "Allow or Deny"),
    ({**RUN, "Effect": ["Allow"]}, "S.Effect:", "Allow or Deny"),
    ({"Action": "a:X", "Resource": "*"}, "S.Effect:", "Allow or Deny"),
    ({**RUN, "Sid": "a b"}, "S.Sid:", "letters"),
    ({**RUN, "Sid": "a-b"}, "S.Sid:", "letters"),
    ({**RUN, "Sid": "a\n"}, "S.Sid:", "letters"),
    ({**RUN, "Sid": 1}, "S.Sid:", "letters"),
    ({"Effect": "Allow", "Resource": "*"}, "S.Action: missing", "NotAction"),
    ({**RUN, "NotAction": "a:X"}, "S.Action: both", "NotAction"),
    ({"Effect": "Allow", "Action": "a:X"}, "S.Resource: missing", "NotResource"),
    ({**RUN, "NotResource": "*"}, "S.Resource: both", "NotResource"),
    ({**RUN, "Action": []}, "S.Action:", "vendor:Name"),
    ({**RUN, "Action": ""}, "S.Action:", "vendor:Name"),
    ({**RUN, "Action": None}, "S.Action:", "vendor:Name"),
    ({**RUN, "Action": 5}, "S.Action:", "vendor:Name"),
    ({**RUN, "Action": {"a": "b"}}, "S.Action:", "vendor:Name"),
    ({**RUN, "Action": ["a:X", ["b:Y"]]}, "S.Action[1]:", "vendor:Name"),
    ({**RUN, "Action": ["a:X", ""]}, "S.Action[1]:", "vendor:Name"),
    ({**RUN, "Action": "RunInstances"}, "S.Action:", "vendor:Name"),
    ({**RUN, "Action": "ec2:Run Instances"}, "S.Action:", "vendor:Name"),
    ({**RUN, "Action": "ec2:"}, "S.Action:", "vendor:Name"),
    ({**RUN, "Action": "ec2:a:b"}, "S.Action:", "vendor:Name"),
    ({**RUN, "Action": "ec2:RunInstances\n"}, "S.Action:", "vendor:Name"),
    ({**RUN, "Action": "<service>:Get"}, "S.Action:", "placeholder <service>"),
    ({"Effect": "Allow", "NotAction": ["ec2"], "Resource": "*"}, "S.NotAction[0]:", "vendor:Name"),
    ({**RUN, "Resource": "instance/*"}, "S.Resource:", "ARN"),
    ({**RUN, "Resource": "**"}, "S.Resource:", "ARN"),
    ({**RUN, "Resource": "arn:aws:s3"}, "S.Resource:", "ARN"),
    ({**RUN, "Resource": "arn:aws:s3:::"}, "S.Resource:", "ARN"),
    ({**RUN, "Resource": True}, "S.Resource:", "ARN"),
    ({"Effect": "Allow", "Action": "a:X", "NotResource": ["*", "x"]}, "S.NotResource[1]:", "ARN"),
    (
        {**RUN, "Resource": "arn:aws:ec2:*:<account-ID-without-hyphens>:instance/*"},
        "S.Resource:",
        "placeholder <account-ID-without-hyphens>",
    ),
    ({**RUN, "Resource": "arn:aws:s3:::\u20ac"}, "S.Resource:", "U+00FF"),
    ({**RUN, "Condition": None}, "S.Condition:", "{operator: {key:"),
    ({**RUN, "Condition": [{}]}, "S.Condition:", "{operator: {key:"),
    ({**RUN, "Condition": {"Bool": "true"}}, "S.Condition.Bool:", "{operator: {key:"),
    ({**RUN, "Condition": {"Bool": {}}}, "S.Condition.Bool:", "{operator: {key:"),
    ({**RUN, "Condition": {1: {"aws:x": "a"}}}, "S.Condition.1:", "{operator: {key:"),
    ({**RUN, "Condition": {"Bool": {"aws:x": None}}}, "S.Condition.Bool.aws:x:", "list of values"),
    ({**RUN, "Condition": {"Bool": {"aws:x": []}}}, "S.Condition.Bool.aws:x:", "list of values"),
    ({**RUN, "Condition": {"Bool": {"aws:x": {"a": "b"}}}}, "S.Condition.Bool.aws:x:", "list of values"),
    ({**RUN, "Condition": {"Bool": {"aws:x": ["a", ["b"]]}}}, "S.Condition.Bool.aws:x:", "list of values"),
    ({**RUN, "Condition": {"Bool": {"aws:x": float("nan")}}}, "S.Condition.Bool.aws:x:", "list of values"),
    ({**RUN, "Condition": {"Bool": {"": "a"}}}, "S.Condition.Bool.:", "list of values"),
    (
        {**RUN, "Condition": {"Bool": {"aws:x": ["a", "<account-ID>"]}}},
        "S.Condition.Bool.aws:x:",
        "placeholder <account-ID>",
    ),
    (
        {**RUN, "Condition": {"Bool": {"aws:ResourceTag/<tag>": "a"}}},
        "S.Condition.Bool.aws:ResourceTag/<tag>:",
        "placeholder",
    ),
]


@pytest.mark.parametrize("statement", GOOD)
def test_good_statements_have_no_fault(statement: dict[str, t.Any]) -> None:
    assert faults.statement_faults(statement, "S") == []


@pytest.mark.parametrize(("statement", "where", "accepted"), BAD)
def test_a_fault_is_one_line_with_the_place_and_the_accepted_form(statement: object, where: str, accepted: str) -> None:
    (fault,) = faults.statement_faults(statement, "S")
    assert fault.startswith(where)
    assert accepted in fault
    assert "\n" not in fault


def test_every_fault_of_a_statement_is_told() -> None:
    statement = {
        "Sid": "a b",
        "Action": ["ec2", "s3"],
        "Principal": "*",
        "Condition": {"Bool": {"aws:x": [], "aws:y": None}},
    }
    places = [fault.split(": ")[0] for fault in faults.statement_faults(statement, "extra_statements[0]")]
    keys = [
        "Principal",
        "Effect",
        "Sid",
        "Action[0]",
        "Action[1]",
        "Resource",
        "Condition.Bool.aws:x",
        "Condition.Bool.aws:y",
    ]
    assert places == [f"extra_statements[0].{key}" for key in keys]


@strategies.steady
@given(strategies.statements())
def test_well_formed_statements_have_no_fault_but_the_principal(statement: dict[str, t.Any]) -> None:
    if "Resource" not in statement and "NotResource" not in statement:
        statement["Resource"] = "*"
    found = faults.statement_faults(statement, "S")
    assert [fault.split(":")[0] for fault in found] == [f"S.{key}" for key in statement if "Principal" in key]


def test_sids_are_unique() -> None:
    statements = [
        {**RUN, "Sid": "A"},
        {**RUN, "Sid": ""},
        RUN,
        {**RUN, "Sid": "A"},
        {**RUN, "Sid": ""},
        {**RUN, "Sid": "B"},
    ]
    (fault,) = faults.repeated_sid_faults(statements, "extra_statements")
    assert fault.startswith("extra_statements: Sid 'A'")
    assert faults.repeated_sid_faults(statements[:2], "extra_statements") == []
