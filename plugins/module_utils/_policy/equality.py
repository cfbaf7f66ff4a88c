# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether two IAM policy documents mean the same. PRIVATE to the collection.

Every function is pure and works on JSON data: a document is ``{"Version": ..., "Statement": [...]}``. Facts about the
language are from the IAM User Guide: the JSON policy element reference, the grammar and the quotas.

Two documents are compared as sets of atoms. An atom is the smallest right that a statement gives or takes: one effect,
principal, action, resource and condition. Splitting, joining, ordering and repeating statements leaves the atoms as
they are. What IAM would not take (nested lists, an empty list, both Action and NotAction) is compared verbatim, so that
nothing is forgiven whose meaning is unknown.
"""

from __future__ import annotations

import json
import math
import re
import typing as t
import urllib.parse
from collections import Counter

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Document = dict[str, t.Any]
    Statement = dict[str, t.Any]


# What IAM reads where Version is missing.
_OLDEST_VERSION = "2008-10-17"
_ROOT_ARN = re.compile(r"arn:aws(?:-[a-z]+)*:iam::([0-9]{12}):root")

#: The keys of a statement of a policy for users and roles, and those of other policies.
ELEMENTS = ("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition")
PRINCIPALS = ("Principal", "NotPrincipal")


class Choice(t.NamedTuple):
    """One Action, Resource or Principal, or all of a NotAction, NotResource or NotPrincipal; key "" where absent."""

    key: str
    values: frozenset[t.Any]


class Atom(t.NamedTuple):
    """The smallest right. ``condition`` holds (operator, key, values); ``other`` the unknown keys as JSON text."""

    effect: str
    principal: Choice
    action: Choice
    resource: Choice
    condition: frozenset[tuple[str, str, frozenset[str]]]
    other: str


class NormalForm(t.NamedTuple):
    """What a document means, hashable. A statement that IAM would not take stands among the atoms as JSON text."""

    version: str
    atoms: frozenset[Atom | str]
    other: str


class _NotPlain(ValueError):
    """A statement that is not well-formed, and so has no atoms."""


def parse(document: str | Document) -> Document:
    """A document as a dict, from a dict, from JSON text, or from the URL-encoded JSON that IAM's API returns.

    Raises ValueError for text that is no JSON object, repeats a key (which one counts would be a guess) or holds NaN.
    """
    if isinstance(document, dict):
        return document
    text = document if document.lstrip().startswith("{") else urllib.parse.unquote(document)
    if not text.lstrip().startswith("{"):
        raise ValueError("not a policy document: no JSON object")
    try:
        parsed: Document = json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_refuse_constant)
    except ValueError as error:
        raise ValueError(f"not a policy document: {error}") from error
    return parsed


def _without_repeats(pairs: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
    repeated = [key for key, count in Counter(key for key, _value in pairs).items() if count > 1]
    if repeated:
        raise ValueError(f"repeated key {repeated[0]!r}")
    return dict(pairs)


def _refuse_constant(name: str) -> t.NoReturn:
    raise ValueError(f"{name} is not JSON")


def equal(one: str | Document, other: str | Document) -> bool:
    """Whether two documents mean the same. Sid and Id carry no rights; unknown keys count.

    An account's root ARN and its bare id are one principal in whatever partition; IAM takes no principal of another
    partition than the policy's own. Wildcards are compared as text. Raises ValueError as ``parse`` does.
    """
    # What AWS gives back is mostly what it was given; to take documents apart costs much more.
    return _literal(parse(one)) == _literal(parse(other)) or normal_form(one) == normal_form(other)


def normal_form(document: str | Document) -> NormalForm:
    """What a document means. Raises ValueError as ``parse`` does, TypeError for what is not JSON data."""
    document = parse(document)
    atoms = (atom for statement in statements_of(document) for atom in atoms_of(statement))
    other = {key: value for key, value in document.items() if key not in ("Version", "Id", "Statement")}
    return NormalForm(_literal(document.get("Version", _OLDEST_VERSION)), frozenset(atoms), _literal(other))


def statements_of(document: Document) -> list[t.Any]:
    return listed(document.get("Statement", []))


def listed(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else [value]


def _literal(value: t.Any) -> str:
    # JSON text tells True from 1 and 1.0, and "1" from 1, which Python's == and hash do not.
    return json.dumps(value, sort_keys=True)


def atoms_of(statement: t.Any) -> Iterator[Atom | str]:
    if not isinstance(statement, dict):
        yield _literal(statement)
        return
    try:
        effect = _effect(statement)
        condition = _condition(statement.get("Condition", {}))
        principals = _choices(statement, "Principal", _principals)
        actions = _choices(statement, "Action", lambda value: frozenset(map(folded, _texts(value))))
        resources = _choices(statement, "Resource", _texts)
    except _NotPlain:
        yield _literal({key: value for key, value in statement.items() if key != "Sid"})
        return
    other = _literal({key: value for key, value in statement.items() if key not in (*ELEMENTS, *PRINCIPALS)})
    for principal in principals:
        for action in actions:
            for resource in resources:
                yield Atom(effect, principal, action, resource, condition, other)


def _effect(statement: Statement) -> str:
    effect = statement.get("Effect")
    if not isinstance(effect, str):
        raise _NotPlain
    return effect


def _choices(statement: Statement, key: str, values_of: Callable[[t.Any], frozenset[t.Any]]) -> list[Choice]:
    negated = f"Not{key}"
    if key in statement and negated in statement:
        raise _NotPlain
    if negated in statement:
        return [Choice(negated, values_of(statement[negated]))]
    if key in statement:
        return [Choice(key, frozenset({value})) for value in values_of(statement[key])]
    return [Choice("", frozenset())]


def _texts(value: t.Any) -> frozenset[str]:
    items = listed(value)
    if not items or not all(isinstance(item, str) for item in items):
        raise _NotPlain
    return frozenset(items)


def folded(name: str) -> str:
    # Names of actions and condition keys are ASCII. str.lower() would also turn the Kelvin sign into a k.
    return name.lower() if name.isascii() else name


def _principals(value: t.Any) -> frozenset[tuple[str, str]]:
    by_kind = _mapping({"AWS": "*"} if value == "*" else value)
    if not by_kind:
        raise _NotPlain
    return frozenset((kind, _account(kind, name)) for kind, names in by_kind.items() for name in _texts(names))


def _mapping(value: t.Any) -> dict[str, t.Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise _NotPlain
    return value


def _account(kind: str, name: str) -> str:
    root = _ROOT_ARN.fullmatch(name) if kind == "AWS" else None
    return root[1] if root else name


def _condition(value: t.Any) -> frozenset[tuple[str, str, frozenset[str]]]:
    return frozenset(
        (operator, key, values) for operator, tests in _mapping(value).items() for key, values in _tests(tests).items()
    )


def _tests(value: t.Any) -> dict[str, frozenset[str]]:
    tests = {folded(key): _condition_values(values) for key, values in _mapping(value).items()}
    # Two spellings of one key: whether IAM joins them or keeps one is not documented.
    if not tests or len(tests) != len(value):
        raise _NotPlain
    return tests


def _condition_values(value: t.Any) -> frozenset[str]:
    items = listed(value)
    if not all(is_scalar(item) for item in items):
        raise _NotPlain
    return frozenset(item if isinstance(item, str) else json.dumps(item) for item in items)


def is_scalar(value: t.Any) -> bool:
    return isinstance(value, (str, int)) or (isinstance(value, float) and math.isfinite(value))
