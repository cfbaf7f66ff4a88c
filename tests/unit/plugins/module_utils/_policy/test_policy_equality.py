# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy documents: what is equal and what is not, by a table, by properties and by an independent judge."""

from __future__ import annotations

import fnmatch
import itertools
import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sky.aws.plugins.module_utils._policy import compose, equality, readable
from ansible_collections.sky.aws.tests.unit import strategies

RUN: dict[str, t.Any] = {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*"}
A = "123456789012"


def document(*statements: t.Any, **other: t.Any) -> dict[str, t.Any]:
    return {"Version": "2012-10-17", "Statement": list(statements), **other}


def run(**changed: t.Any) -> dict[str, t.Any]:
    """A document of one statement, RUN with some keys changed; None removes a key."""
    return document({key: value for key, value in {**RUN, **changed}.items() if value is not None})


def when(value: t.Any, operator: str = "StringEquals", key: str = "aws:x") -> dict[str, t.Any]:
    return run(Condition={operator: {key: value}})


def trusted(principal: t.Any, key: str = "Principal") -> dict[str, t.Any]:
    return document({"Effect": "Allow", key: principal, "Action": "sts:AssumeRole"})


EQUAL = {
    "order of actions": (run(Action=["a:X", "b:Y"]), run(Action=["b:Y", "a:X"])),
    "order of resources": (run(Resource=["r", "s"]), run(Resource=["s", "r"])),
    "order of statements": (document(RUN, {**RUN, "Action": "a:X"}), document({**RUN, "Action": "a:X"}, RUN)),
    "order of keys": (run(), document(dict(reversed(RUN.items())))),
    "string or list": (run(), run(Action=["ec2:RunInstances"], Resource=["*"])),
    "statement dict or list": (run(), {"Version": "2012-10-17", "Statement": RUN}),
    "principal string or list": (trusted({"AWS": A}), trusted({"AWS": [A]})),
    "Principal star": (trusted("*"), trusted({"AWS": "*"})),
    "Principal star in a list": (trusted("*"), trusted({"AWS": ["*"]})),
    "NotPrincipal star": (trusted("*", "NotPrincipal"), trusted({"AWS": "*"}, "NotPrincipal")),
    "root ARN": (trusted({"AWS": f"arn:aws:iam::{A}:root"}), trusted({"AWS": A})),
    "root ARN in aws-cn": (trusted({"AWS": f"arn:aws-cn:iam::{A}:root"}), trusted({"AWS": A})),
    "root ARN in aws-us-gov": (trusted({"AWS": [f"arn:aws-us-gov:iam::{A}:root"]}), trusted({"AWS": A})),
    "root ARN in NotPrincipal": (
        trusted({"AWS": [f"arn:aws:iam::{A}:root", "*"]}, "NotPrincipal"),
        trusted({"AWS": ["*", A]}, "NotPrincipal"),
    ),
    "split principals": (
        trusted({"AWS": A, "Service": "ec2.amazonaws.com"}),
        document(*trusted({"Service": "ec2.amazonaws.com"})["Statement"], *trusted({"AWS": A})["Statement"]),
    ),
    "boolean in a condition": (when(True, "Bool"), when("true", "Bool")),
    "false in a condition": (when(False, "Null"), when(["false"], "Null")),
    "int in a condition": (when(3600, "NumericLessThan"), when("3600", "NumericLessThan")),
    "float in a condition": (when(1.5, "NumericLessThan"), when("1.5", "NumericLessThan")),
    "order of condition values": (when(["a", "b"]), when(["b", "a"])),
    "duplicate condition value": (when(["a", "a"]), when("a")),
    "condition value, mixed types": (when([1, "1", True]), when(["true", 1])),
    "condition value, list or not": (when("a"), when(["a"])),
    "case of condition key": (when("a", key="aws:SourceIp"), when("a", key="AWS:sourceip")),
    "case of tag in condition key": (when("a", key="aws:ResourceTag/Team"), when("a", key="aws:resourcetag/team")),
    "order of condition operators": (
        run(Condition={"Bool": {"aws:x": "true"}, "StringEquals": {"aws:y": "a"}}),
        run(Condition={"StringEquals": {"aws:y": "a"}, "Bool": {"aws:x": "true"}}),
    ),
    "empty condition": (run(Condition={}), run()),
    "missing Version": ({"Statement": [RUN]}, {"Version": "2008-10-17", "Statement": [RUN]}),
    "case of action": (run(Action="EC2:a"), run(Action="ec2:A")),
    "case of NotAction": (run(Action=None, NotAction=["EC2:a"]), run(Action=None, NotAction="ec2:A")),
    "duplicate action": (run(Action=["a:X", "a:X"]), run(Action="a:X")),
    "duplicate action in another case": (run(Action=["a:X", "A:x"]), run(Action="a:X")),
    "duplicate resource": (run(Resource=["r", "r"]), run(Resource="r")),
    "duplicate statement": (document(RUN, RUN), run()),
    "included statement": (
        document(RUN, {**RUN, "Action": ["ec2:RunInstances", "a:X"]}),
        run(Action=["ec2:RunInstances", "a:X"]),
    ),
    "statement split by action": (
        run(Action=["a:X", "b:Y"]),
        document({**RUN, "Action": "a:X"}, {**RUN, "Action": "b:Y"}),
    ),
    "statement split by resource": (
        run(Resource=["r", "s"]),
        document({**RUN, "Resource": "r"}, {**RUN, "Resource": ["s", "r"]}),
    ),
    "overlapping statements": (
        document({**RUN, "Action": ["a:X", "b:Y"]}, {**RUN, "Action": ["b:Y", "c:Z"]}),
        document({**RUN, "Action": ["c:Z", "b:Y", "a:X"]}),
    ),
    "order of NotAction": (run(Action=None, NotAction=["a:X", "b:Y"]), run(Action=None, NotAction=["b:Y", "a:X"])),
    "order of NotResource": (run(Resource=None, NotResource=["r", "s"]), run(Resource=None, NotResource=["s", "r"])),
    "Sid added": (run(Sid="One"), run()),
    "Sid renamed": (run(Sid="One"), run(Sid="Two")),
    "Id added": (document(RUN, Id="any"), run()),
    "order inside an unknown key": (run(New={"a": 1, "b": 2}), run(New={"b": 2, "a": 1})),
    "the same malformed statement": (run(Action=["a:X", ["b:Y"]], Sid="One"), run(Action=["a:X", ["b:Y"]])),
}

DIFFERENT = {
    "action added": (run(), run(Action=["ec2:RunInstances", "a:X"])),
    "action changed": (run(), run(Action="ec2:RunInstance")),
    "resource added": (run(), run(Resource=["*", "r"])),
    "resource in another case": (run(Resource="arn:aws:s3:::a"), run(Resource="arn:aws:s3:::A")),
    "effect": (run(), run(Effect="Deny")),
    "effect in another case": (run(), run(Effect="allow")),
    "statement added": (run(), document(RUN, {**RUN, "Effect": "Deny"})),
    "Version": (run(), {"Statement": [RUN]}),
    "Version of another type": ({"Version": 1, "Statement": [RUN]}, {"Version": "1", "Statement": [RUN]}),
    "wildcard that includes the other": (document(RUN, {**RUN, "Action": "ec2:*"}), run(Action="ec2:*")),
    "floats in a condition": (when(1.5), when(2.5)),
    "float or int in a condition": (when(1.0), when(1)),
    "boolean or int in a condition": (when(True), when(1)),
    "case of condition value": (when("a"), when("A")),
    "condition value added": (when("a"), when(["a", "b"])),
    "condition added": (run(), when("a")),
    "condition operator": (when("a"), when("a", "StringLike")),
    "condition key": (when("a"), when("a", key="aws:y")),
    "conditions joined or apart": (
        run(Condition={"StringEquals": {"aws:x": "a", "aws:y": "b"}}),
        document(*when("a")["Statement"], *when("b", key="aws:y")["Statement"]),
    ),
    "condition values apart, key in two cases": (
        run(Condition={"StringEquals": {"aws:x": "a", "AWS:X": "b"}}),
        when(["a", "b"]),
    ),
    "condition key in two cases, the last value": (
        run(Condition={"StringEquals": {"aws:x": "a", "AWS:X": "b"}}),
        when("b"),
    ),
    "empty operator": (run(Condition={"StringEquals": {}}), run()),
    "no value": (when([]), run()),
    "null value": (when(None), when("null")),
    "null condition": (document({**RUN, "Condition": None}), run()),
    "infinite value": (when(float("inf")), when("Infinity")),
    "nested condition value": (when(["a", ["b"]]), when(["a", "b"])),
    "root ARN as a resource": (run(Resource=f"arn:aws:iam::{A}:root"), run(Resource=A)),
    "root ARN as a condition value": (when(f"arn:aws:iam::{A}:root"), when(A)),
    "root ARN as another kind of principal": (
        trusted({"Federated": f"arn:aws:iam::{A}:root"}),
        trusted({"Federated": A}),
    ),
    "root ARN of another account": (trusted({"AWS": f"arn:aws:iam::{A}:root"}), trusted({"AWS": "210987654321"})),
    "user of the account": (trusted({"AWS": f"arn:aws:iam::{A}:user/root"}), trusted({"AWS": A})),
    "root ARN and more": (trusted({"AWS": f"arn:aws:iam::{A}:root\n"}), trusted({"AWS": A})),
    "kind of principal": (trusted({"AWS": "x"}), trusted({"Service": "x"})),
    "principal star of another kind": (trusted("*"), trusted({"Service": "*"})),
    "principal or none": (run(Principal="*"), run()),
    "Principal or NotPrincipal": (trusted({"AWS": A}), trusted({"AWS": A}, "NotPrincipal")),
    "Action or NotAction": (run(Action="a:X"), run(Action=None, NotAction="a:X")),
    "Resource or NotResource": (run(Resource="r"), run(Resource=None, NotResource="r")),
    "NotAction split": (
        run(Action=None, NotAction=["a:X", "b:Y"]),
        document(
            {"Effect": "Allow", "NotAction": "a:X", "Resource": "*"},
            {"Effect": "Allow", "NotAction": "b:Y", "Resource": "*"},
        ),
    ),
    "NotResource split": (
        run(Resource=None, NotResource=["r", "s"]),
        document(
            {"Effect": "Allow", "Action": "ec2:RunInstances", "NotResource": "r"},
            {"Effect": "Allow", "Action": "ec2:RunInstances", "NotResource": "s"},
        ),
    ),
    "NotPrincipal split": (
        trusted({"AWS": [A, "210987654321"]}, "NotPrincipal"),
        document(
            *trusted({"AWS": A}, "NotPrincipal")["Statement"],
            *trusted({"AWS": "210987654321"}, "NotPrincipal")["Statement"],
        ),
    ),
    "crossed actions and resources": (
        run(Action=["a:X", "b:Y"], Resource=["r", "s"]),
        document({**RUN, "Action": "a:X", "Resource": "r"}, {**RUN, "Action": "b:Y", "Resource": "s"}),
    ),
    "nested list": (run(Action=["a:X", ["b:Y"]]), run(Action=["a:X", "b:Y"])),
    "nested resources": (run(Resource=["r", ["s"]]), run(Resource=["r", "s"])),
    "nested statements": (document([RUN]), document(RUN)),
    "list as text": (run(Action='["a:X"]'), run(Action=["a:X"])),
    "empty list of actions": (document(RUN, {**RUN, "Action": []}), document(RUN)),
    "missing action": (document({"Effect": "Allow", "Resource": "*"}), document()),
    "missing resource": (run(Resource=None), run()),
    "Action beside NotAction": (run(NotAction="a:X"), run()),
    "NotAction beside Action": (run(NotAction="a:X"), run(Action=None, NotAction="a:X")),
    "unknown key": (run(New=1), run()),
    "unknown key, value": (run(New=1), run(New=True)),
    "unknown key of the document": (document(RUN, New=1), run()),
    "Kelvin sign": (run(Action="\u212ams:X"), run(Action="kms:X")),
    "text for a statement": (document("a"), document()),
    "principal without names": (trusted({}), document({"Effect": "Allow", "Action": "sts:AssumeRole"})),
    "principal as text": (trusted(A), trusted({"AWS": A})),
    "key in another case": (run(Effect=None, effect="Allow"), run()),
}


@pytest.mark.parametrize(("one", "other"), EQUAL.values(), ids=EQUAL)
def test_equal(one: dict[str, t.Any], other: dict[str, t.Any]) -> None:
    assert equality.equal(one, other)
    assert equality.equal(other, one)
    assert hash(equality.normal_form(one)) == hash(equality.normal_form(other))


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_different(one: dict[str, t.Any], other: dict[str, t.Any]) -> None:
    assert not equality.equal(one, other)
    assert not equality.equal(other, one)


@pytest.mark.parametrize("tested", [*itertools.chain(*EQUAL.values(), *DIFFERENT.values())])
def test_readable_means_the_same(tested: dict[str, t.Any]) -> None:
    shown = readable.readable(tested)
    assert equality.equal(shown, tested)
    assert readable.readable(shown) == shown


@strategies.steady
@given(st.data())
def test_a_reshaped_document_is_equal_and_reads_the_same(data: st.DataObject) -> None:
    one = data.draw(strategies.documents())
    other = data.draw(strategies.reshaped(one))
    assert equality.equal(one, other)
    assert json.dumps(readable.readable(one)) == json.dumps(readable.readable(other))


@strategies.briefly
@given(st.data())
def test_case_of_actions_and_condition_keys_is_not_compared(data: st.DataObject) -> None:
    one = data.draw(strategies.documents())
    other = data.draw(strategies.reshaped(data.draw(strategies.recased(one))))
    assert equality.equal(one, other)


@strategies.briefly
@given(st.data())
def test_any_single_change_is_a_difference(data: st.DataObject) -> None:
    one = data.draw(strategies.documents().filter(lambda document: document["Statement"]))
    for before, after in itertools.combinations(data.draw(strategies.variants(one)), 2):
        assert not equality.equal(before, after)
        assert readable.readable(before) != readable.readable(after)


@strategies.steady
@given(strategies.documents(), strategies.malformed_statements())
def test_malformed_statements_are_compared_and_shown_too(one: dict[str, t.Any], malformed: t.Any) -> None:
    other = {**one, "Statement": [*one["Statement"], malformed]}
    assert equality.equal(readable.readable(other), other)
    assert readable.readable(readable.readable(other)) == readable.readable(other)
    assert equality.equal(compose.compose(other["Statement"]), document(*other["Statement"]))


# An independent judge of meaning: decides single requests, as IAM's evaluation logic does, without any normal form.
SMALL_ACTIONS = ("a:X", "A:x", "a:*", "b:Y")
SMALL_PRINCIPALS = ("*", {"AWS": A}, {"AWS": [f"arn:aws:iam::{A}:root", "210987654321"]})
SMALL_TESTS = ({}, {"aws:x": "1"}, {"aws:x": [1, True]}, {"AWS:X": "true"}, {"aws:x": 1, "aws:y": "2"})
REQUESTS = list(
    itertools.product(
        (A, "210987654321", "333333333333"),
        ("a:X", "a:Z", "b:Y", "c:Z"),
        ("r", "s", "u"),
        (None, "1", "true"),
        (None, "2"),
    )
)


@st.composite
def small_documents(draw: st.DrawFn) -> dict[str, t.Any]:
    """Documents of so few words that two of them often mean the same or nearly so."""
    statements = []
    for _ in range(draw(st.integers(1, 2))):
        statement = {
            "Effect": draw(st.sampled_from(("Allow", "Deny"))),
            draw(st.sampled_from(("Action", "NotAction"))): draw(strategies.one_or_more(SMALL_ACTIONS)),
            draw(st.sampled_from(("Resource", "NotResource"))): draw(strategies.one_or_more(("r", "s", "*"))),
            draw(st.sampled_from(("Principal", "NotPrincipal"))): draw(st.sampled_from(SMALL_PRINCIPALS)),
        }
        tests = draw(st.sampled_from(SMALL_TESTS))
        if tests:
            statement["Condition"] = {draw(st.sampled_from(("StringEquals", "StringNotEquals"))): tests}
        statements.append(statement)
    return document(*statements)


@st.composite
def neighbours(draw: st.DrawFn, one: dict[str, t.Any]) -> dict[str, t.Any]:
    """The document with one element of one statement replaced: where a false "equal" would hide."""
    changed, other = draw(st.sampled_from(one["Statement"])), draw(small_documents())["Statement"][0]
    key = draw(st.sampled_from(("Effect", "Action", "Resource", "Principal", "Condition")))
    rest = {name: value for name, value in changed.items() if name not in (key, f"Not{key}")}
    taken = {name: value for name, value in other.items() if name in (key, f"Not{key}")}
    return document(*({**rest, **taken} if statement is changed else statement for statement in one["Statement"]))


def listed(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else [value]


def holds(statement: dict[str, t.Any], key: str, matches: t.Callable[[t.Any], bool]) -> bool:
    if f"Not{key}" in statement:
        return not any(map(matches, listed(statement[f"Not{key}"])))
    return any(map(matches, listed(statement[key])))


def applies(statement: dict[str, t.Any], request: tuple[t.Any, ...]) -> bool:
    principal, action, resource, *context = request
    known = dict(zip(("aws:x", "aws:y"), context, strict=True))

    def names(given: t.Any) -> bool:
        accounts = ["*"] if given == "*" else listed(given["AWS"])
        return "*" in accounts or any(principal in account.split(":") for account in accounts)

    def passes(operator: str, key: str, value: t.Any) -> bool:
        texts = [item if isinstance(item, str) else json.dumps(item) for item in listed(value)]
        return (known[key.lower()] in texts) is (operator == "StringEquals")

    return (
        holds(statement, "Principal", names)
        and holds(statement, "Action", lambda name: fnmatch.fnmatchcase(action.lower(), name.lower()))
        and holds(statement, "Resource", lambda name: fnmatch.fnmatchcase(resource, name))
        and all(
            passes(operator, key, value)
            for operator, tests in statement.get("Condition", {}).items()
            for key, value in tests.items()
        )
    )


def decisions(judged: dict[str, t.Any]) -> list[str]:
    effects = [{s["Effect"] for s in listed(judged["Statement"]) if applies(s, request)} for request in REQUESTS]
    return ["Deny" if "Deny" in found else "Allow" if found else "nothing" for found in effects]


@strategies.steady
@given(st.data())
def test_equal_documents_decide_every_request_alike(data: st.DataObject) -> None:
    one = data.draw(small_documents())
    other = data.draw(neighbours(one) | strategies.reshaped(one) | strategies.recased(one))
    if equality.equal(one, other):
        assert decisions(one) == decisions(other)
    assert decisions(readable.readable(one)) == decisions(one)
    assert decisions(compose.compose(one["Statement"])) == decisions(one)
