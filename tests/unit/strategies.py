# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hypothesis strategies for IAM policy documents: any document, the same in another shape, one changed in one place."""

from __future__ import annotations

import copy
import functools
import json
import typing as t
import urllib.parse

from hypothesis import settings
from hypothesis import strategies as st

#: Two shared cores make single examples slow by chance; a deadline would only make tests flaky.
steady = settings(deadline=None)
#: For what tests/reliability tries a thousand times.
briefly = settings(deadline=None, max_examples=25)

ACCOUNTS = ("123456789012", "000000000001")
ACTIONS = ("*", "ec2:Describe*", "ec2:RunInstances", "iam:PassRole", "s3:GetObject", "sts:AssumeRole")
RESOURCES = (
    "*",
    "arn:aws:s3:::data/*",
    "arn:aws:ec2:*:123456789012:volume/*",
    "arn:aws:iam::123456789012:role/skypilot-v1",
)
PRINCIPALS = {
    "AWS": ("*", *ACCOUNTS, "arn:aws:iam::123456789012:user/alice"),
    "Service": ("ec2.amazonaws.com", "lambda.amazonaws.com"),
}
OPERATORS = ("Bool", "NumericLessThan", "StringEquals", "StringNotEquals")
_KEYS = st.sampled_from(
    (
        "AWS",
        "Action",
        "Condition",
        "Effect",
        "NotAction",
        "NotResource",
        "Principal",
        "Resource",
        "Sid",
        "Statement",
        "a",
    )
)
CONDITION_KEYS = ("aws:ResourceTag/Team", "aws:SecureTransport", "ec2:CreateAction")


@functools.cache
def one_or_more(values: tuple[str, ...]) -> st.SearchStrategy[str | list[str]]:
    """One value, bare or in a list, or several different ones."""
    return st.sampled_from(values) | st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)


@functools.cache
def scalars() -> st.SearchStrategy[str | bool | int | float]:
    """Values of a condition."""
    numbers = st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False)
    return st.sampled_from(("RunInstances", "true", "1", "")) | st.booleans() | numbers


@functools.cache
def conditions() -> st.SearchStrategy[dict[str, t.Any]]:
    """Condition blocks, empty ones too."""
    values = scalars() | st.lists(scalars(), min_size=1, max_size=3)
    tests = st.dictionaries(st.sampled_from(CONDITION_KEYS), values, min_size=1, max_size=2)
    return st.dictionaries(st.sampled_from(OPERATORS), tests, max_size=2)


@functools.cache
def principals() -> st.SearchStrategy[str | dict[str, t.Any]]:
    """Values of Principal and NotPrincipal."""
    kinds = {kind: one_or_more(names) for kind, names in PRINCIPALS.items()}
    mappings = st.fixed_dictionaries({}, optional=kinds).filter(bool)
    return st.just("*") | mappings


@st.composite
def statements(draw: st.DrawFn) -> dict[str, t.Any]:
    """Well-formed statements: of identity, resource and trust policies."""
    statement: dict[str, t.Any] = {"Effect": draw(st.sampled_from(("Allow", "Deny")))}
    statement[draw(st.sampled_from(("Action", "Action", "NotAction")))] = draw(one_or_more(ACTIONS))
    resource = draw(st.sampled_from(("Resource", "Resource", "NotResource", None)))
    if resource:
        statement[resource] = draw(one_or_more(RESOURCES))
    principal = draw(st.sampled_from((None, None, "Principal", "NotPrincipal")))
    if principal:
        statement[principal] = draw(principals())
    if draw(st.booleans()):
        statement["Condition"] = draw(conditions())
    return statement


@functools.cache
def malformed_statements() -> st.SearchStrategy[t.Any]:
    """What IAM would not take for a statement: any JSON, or the keys of a statement with any JSON in them."""
    leaves = st.none() | scalars() | st.sampled_from(ACTIONS)
    anything = st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3)
    )
    return anything | st.dictionaries(_KEYS, anything, max_size=5)


@functools.cache
def documents() -> st.SearchStrategy[dict[str, t.Any]]:
    """Well-formed documents whose Statement is a list."""
    versions = st.sampled_from(("2012-10-17", "2008-10-17"))
    return st.fixed_dictionaries({"Statement": st.lists(statements(), max_size=4)}, optional={"Version": versions})


@st.composite
def reshaped(draw: st.DrawFn, document: dict[str, t.Any]) -> dict[str, t.Any]:
    """The same rights in another shape, every name spelled as before."""
    parts = [part for statement in document["Statement"] for part in draw(_split(statement))]
    repeats = draw(st.lists(st.sampled_from(parts), max_size=2)) if parts else []
    shuffled = [draw(_respelled(part)) for part in draw(st.permutations(parts + repeats))]
    statement = shuffled[0] if len(shuffled) == 1 and draw(st.booleans()) else shuffled
    other = {**document, "Statement": statement}
    if other.get("Version") == "2008-10-17" and draw(st.booleans()):
        del other["Version"]
    if draw(st.booleans()):
        other["Id"] = "any"
    return draw(_reordered(other))


@st.composite
def recased(draw: st.DrawFn, document: dict[str, t.Any]) -> dict[str, t.Any]:
    """The same document with the case of actions and condition keys changed."""
    other = copy.deepcopy(document)
    spell = draw(st.sampled_from((str.lower, str.upper, str.swapcase, str.title)))
    for statement in other["Statement"]:
        for key in {"Action", "NotAction"} & set(statement):
            statement[key] = [spell(name) for name in _listed(statement[key])]
        for operator, tests in statement.get("Condition", {}).items():
            statement["Condition"][operator] = {spell(key): value for key, value in tests.items()}
    return other


def texts(document: dict[str, t.Any]) -> st.SearchStrategy[str]:
    """The document as JSON text, plain, indented or URL-encoded as IAM returns it."""
    plain = json.dumps(document)
    return st.sampled_from(
        (plain, json.dumps(document, indent=4), urllib.parse.quote(plain), urllib.parse.quote(plain, ""))
    )


@st.composite
def variants(draw: st.DrawFn, document: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """The document, then ones that each differ from every other in one value: of a list, a condition or the effect.

    Read from right to left a variant has a value removed, so added, removed and changed values are all there.
    """
    index = draw(st.integers(0, len(document["Statement"]) - 1))
    statement = document["Statement"][index]
    places = [*(key for key in ("Action", "NotAction", "Resource", "NotResource") if key in statement), "Condition"]
    if "Principal" in statement or "NotPrincipal" in statement:
        places.append("Principal" if "Principal" in statement else "NotPrincipal")
    place = draw(st.sampled_from(places))
    added, changed = (_with_value(document, index, place, value) for value in ("fresh:One", "fresh:Two"))
    flipped = copy.deepcopy(added)
    flipped["Statement"][index]["Effect"] = "Deny" if statement["Effect"] == "Allow" else "Allow"
    return [document, added, changed, flipped]


def _with_value(document: dict[str, t.Any], index: int, place: str, value: str) -> dict[str, t.Any]:
    other = copy.deepcopy(document)
    statement = other["Statement"][index]
    if place == "Condition":
        condition = statement.setdefault("Condition", {})
        operator = next(iter(condition), "StringEquals")
        tests = condition.setdefault(operator, {})
        key = next(iter(tests), "aws:SourceVpc")
        tests[key] = [*_listed(tests.get(key, [])), value]
    elif place in ("Principal", "NotPrincipal"):
        by_kind = {"AWS": "*"} if statement[place] == "*" else statement[place]
        statement[place] = {**by_kind, "Service": [*_listed(by_kind.get("Service", [])), value]}
    else:
        statement[place] = [*_listed(statement[place]), value]
    return other


def _listed(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else [value]


@st.composite
def _split(draw: st.DrawFn, statement: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """One statement as two, along one plain list."""
    divisible = [key for key in ("Action", "Resource") if len(_listed(statement.get(key, []))) > 1]
    if not divisible or draw(st.booleans()):
        return [statement]
    key = draw(st.sampled_from(divisible))
    at = draw(st.integers(1, len(statement[key]) - 1))
    return [{**statement, key: statement[key][:at]}, {**statement, key: statement[key][at:]}]


@st.composite
def _respelled(draw: st.DrawFn, statement: dict[str, t.Any]) -> dict[str, t.Any]:
    other = copy.deepcopy(statement)
    for key in ("Action", "NotAction", "Resource", "NotResource"):
        if key in other:
            other[key] = draw(_relisted(other[key]))
    for key in ("Principal", "NotPrincipal"):
        if key in other:
            other[key] = draw(_other_principal(other[key]))
    for operator, tests in other.get("Condition", {}).items():
        as_texts = {key: [draw(_maybe_text(item)) for item in _listed(value)] for key, value in tests.items()}
        other["Condition"][operator] = {key: draw(_relisted(value)) for key, value in as_texts.items()}
    if not other.get("Condition") and draw(st.booleans()):
        other["Condition"] = {}
    if draw(st.booleans()):
        other["Sid"] = draw(st.sampled_from(("Any", "Other1", "")))
    return draw(_reordered(other))


@st.composite
def _relisted(draw: st.DrawFn, value: t.Any) -> t.Any:
    """The values in another order, some of them twice, one alone perhaps without its list."""
    items = _listed(value)
    if len(items) == 1 and draw(st.booleans()):
        return items[0]
    return draw(st.permutations(items + draw(st.lists(st.sampled_from(items), max_size=1))))


@st.composite
def _other_principal(draw: st.DrawFn, value: t.Any) -> t.Any:
    if value in ("*", {"AWS": "*"}, {"AWS": ["*"]}):
        return draw(st.sampled_from(("*", {"AWS": "*"}, {"AWS": ["*"]})))
    partition = draw(st.sampled_from(("aws", "aws-cn", "aws-us-gov")))
    by_kind = {kind: draw(_relisted(names)) for kind, names in value.items()}
    if "AWS" in by_kind and draw(st.booleans()):
        by_kind["AWS"] = [
            f"arn:{partition}:iam::{name}:root" if name in ACCOUNTS else name for name in _listed(by_kind["AWS"])
        ]
    return by_kind


@st.composite
def _maybe_text(draw: st.DrawFn, value: t.Any) -> t.Any:
    return value if isinstance(value, str) or draw(st.booleans()) else json.dumps(value)


@st.composite
def _reordered(draw: st.DrawFn, mapping: dict[str, t.Any]) -> dict[str, t.Any]:
    return dict(draw(st.permutations(list(mapping.items()))))
