# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM policy documents as plain data: compose, compare, show, check. PRIVATE to the collection.

Every function is pure and works on JSON data: a document is ``{"Version": ..., "Statement": [...]}``. Facts about the
language are from the IAM User Guide: the JSON policy element reference, the grammar and the quotas.

Two documents are compared as sets of atoms. An atom is the smallest right that a statement gives or takes: one effect,
principal, action, resource and condition. Splitting, joining, ordering and repeating statements leaves the atoms as
they are. What IAM would not take (nested lists, an empty list, both Action and NotAction) is compared verbatim, so that
nothing is forgiven whose meaning is unknown.
"""

from __future__ import annotations

import copy
import json
import math
import re
import typing as t
import urllib.parse
from collections import Counter, defaultdict

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Document = dict[str, t.Any]
    Statement = dict[str, t.Any]

#: The policy language that ``compose`` and ``trust`` write.
VERSION = "2012-10-17"
#: Characters of a managed policy (IAM quotas).
MAX_SIZE = 6144
#: Characters of a role's trust policy, by default (IAM quotas; AWS raises it on request).
MAX_TRUST_SIZE = 2048

# What IAM reads where Version is missing.
_OLDEST_VERSION = "2008-10-17"
_ELEMENTS = ("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition")
_PRINCIPALS = ("Principal", "NotPrincipal")
_ROOT_ARN = re.compile(r"arn:aws(?:-[a-z]+)*:iam::([0-9]{12}):root")

_SID = re.compile(r"[A-Za-z0-9]*")
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?_-]+")
_RESOURCE = re.compile(r"\*|arn:[^:]+:[^:]+:[^:]*:[^:]*:.+")
_PLACEHOLDER = re.compile(r"<[A-Za-z][^<>]*>")
_FOREIGN_CHARACTER = re.compile(r"[^\t\n\r\x20-\xff]")


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


def compose(statements: Iterable[Statement]) -> Document:
    """A document of these statements, in order and as they are written.

    Left out is a statement all of whose rights one other statement includes: same effect, principal and condition,
    Action and Resource subsets of the other's, wildcards compared as text. Of two that say the same the first stays.
    """
    kept: list[tuple[Statement, frozenset[Atom | str]]] = []
    for statement in statements:
        rights = frozenset(_atoms(statement))
        if any(rights <= others for _statement, others in kept):
            continue
        kept = [(earlier, others) for earlier, others in kept if not others <= rights]
        kept.append((statement, rights))
    return {"Version": VERSION, "Statement": [copy.deepcopy(statement) for statement, _rights in kept]}


def trust(service: str) -> Document:
    """The trust policy that lets one AWS service, such as ``ec2.amazonaws.com``, assume the role that has it."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"Version": VERSION, "Statement": [statement]}


def compact(document: Document) -> str:
    """The JSON text to send. Raises ValueError for a number that JSON lacks, TypeError for what is not JSON data."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def size(document: Document) -> int:
    """Characters as IAM counts them against its quotas: white space is not counted."""
    return len(compact(document).replace(" ", ""))


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
    atoms = (atom for statement in _statements(document) for atom in _atoms(statement))
    other = {key: value for key, value in document.items() if key not in ("Version", "Id", "Statement")}
    return NormalForm(_literal(document.get("Version", _OLDEST_VERSION)), frozenset(atoms), _literal(other))


def _statements(document: Document) -> list[t.Any]:
    return _listed(document.get("Statement", []))


def _listed(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else [value]


def _literal(value: t.Any) -> str:
    # JSON text tells True from 1 and 1.0, and "1" from 1, which Python's == and hash do not.
    return json.dumps(value, sort_keys=True)


def _atoms(statement: t.Any) -> Iterator[Atom | str]:
    if not isinstance(statement, dict):
        yield _literal(statement)
        return
    try:
        effect = _effect(statement)
        condition = _condition(statement.get("Condition", {}))
        principals = _choices(statement, "Principal", _principals)
        actions = _choices(statement, "Action", lambda value: frozenset(map(_folded, _texts(value))))
        resources = _choices(statement, "Resource", _texts)
    except _NotPlain:
        yield _literal({key: value for key, value in statement.items() if key != "Sid"})
        return
    other = _literal({key: value for key, value in statement.items() if key not in (*_ELEMENTS, *_PRINCIPALS)})
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
    items = _listed(value)
    if not items or not all(isinstance(item, str) for item in items):
        raise _NotPlain
    return frozenset(items)


def _folded(name: str) -> str:
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
    tests = {_folded(key): _condition_values(values) for key, values in _mapping(value).items()}
    # Two spellings of one key: whether IAM joins them or keeps one is not documented.
    if not tests or len(tests) != len(value):
        raise _NotPlain
    return tests


def _condition_values(value: t.Any) -> frozenset[str]:
    items = _listed(value)
    if not all(_is_scalar(item) for item in items):
        raise _NotPlain
    return frozenset(item if isinstance(item, str) else json.dumps(item) for item in items)


def _is_scalar(value: t.Any) -> bool:
    return isinstance(value, (str, int)) or (isinstance(value, float) and math.isfinite(value))


def readable(document: str | Document) -> Document:
    """The document in one canonical grouping, for diffs: equal documents of the same case look the same.

    Statements and lists are sorted, lists stay lists, actions and condition keys have the spelling first seen, Sid and
    Id are gone. Raises as ``normal_form`` does.
    """
    document = parse(document)
    form = normal_form(document)
    blocks: Iterable[Atom] = [atom for atom in form.atoms if isinstance(atom, Atom)]
    for field in ("resource", "action", "principal"):
        blocks = _joined(blocks, field)
    spelling = _first_spelling(document)
    statements = [_rebuilt(block, spelling) for block in blocks]
    statements += [json.loads(atom) for atom in form.atoms if isinstance(atom, str)]
    version, other = json.loads(form.version), json.loads(form.other)
    return {"Version": version, "Statement": sorted(statements, key=json.dumps), **other}


def _joined(blocks: Iterable[Atom], field: str) -> list[Atom]:
    """Join the blocks that differ in nothing but one plain element; the Not... elements stay whole."""
    values: defaultdict[Atom, set[t.Any]] = defaultdict(set)
    for block in blocks:
        choice: Choice = getattr(block, field)
        kept: t.Any = choice if choice.key.startswith("Not") else choice._replace(values=frozenset())
        values[block._replace(**{field: kept})] |= choice.values
    return [
        same._replace(**{field: getattr(same, field)._replace(values=frozenset(joined))})
        for same, joined in values.items()
    ]


def _rebuilt(block: Atom, spelling: Mapping[tuple[str, str], str]) -> Statement:
    statement: Statement = {"Effect": block.effect}
    if block.principal.key:
        by_kind: dict[str, list[str]] = {}
        for kind, name in sorted(block.principal.values):
            by_kind.setdefault(kind, []).append(name)
        statement[block.principal.key] = by_kind
    if block.action.key:
        statement[block.action.key] = sorted(spelling["", name] for name in block.action.values)
    if block.resource.key:
        statement[block.resource.key] = sorted(block.resource.values)
    for operator, key, values in sorted(block.condition, key=lambda test: test[:2]):
        tests = statement.setdefault("Condition", {}).setdefault(operator, {})
        tests[spelling[operator, key]] = sorted(values)
    return {**statement, **json.loads(block.other)}


def _first_spelling(document: Document) -> dict[tuple[str, str], str]:
    """First spelling of the actions, by ("", folded name), and of the condition keys, by (operator, folded key)."""
    spelling: dict[tuple[str, str], str] = {}
    for statement in _statements(document):
        if isinstance(next(_atoms(statement)), str):
            continue
        for name in (*_listed(statement.get("Action", [])), *_listed(statement.get("NotAction", []))):
            spelling.setdefault(("", _folded(name)), name)
        for operator, tests in statement.get("Condition", {}).items():
            for key in tests:
                spelling.setdefault((operator, _folded(key)), key)
    return spelling


def statement_faults(statement: object, label: str) -> list[str]:
    """What IAM would refuse in a statement of a policy for users and roles; one line a fault, after the label."""
    if not isinstance(statement, dict):
        return [f"{label}: {statement!r} is not a statement; give a mapping with Effect, Action and Resource"]
    faults = [_key_fault(key, label) for key in statement if key not in _ELEMENTS]
    if statement.get("Effect") not in ("Allow", "Deny"):
        faults.append(f"{label}.Effect: {statement.get('Effect')!r} is not an effect; give Allow or Deny")
    sid = statement.get("Sid", "")
    if not isinstance(sid, str) or not _SID.fullmatch(sid):
        faults.append(f"{label}.Sid: {sid!r} is not a statement id; use letters A-Z and a-z and digits only")
    faults += _list_faults(statement, "Action", _ACTION, "* or vendor:Name, like ec2:DescribeInstances", label)
    faults += _list_faults(statement, "Resource", _RESOURCE, "* or an ARN, like arn:aws:s3:::bucket/*", label)
    return faults + _condition_faults(statement.get("Condition", {}), f"{label}.Condition")


def repeated_sid_faults(statements: Iterable[Statement], label: str) -> list[str]:
    """Sids that more than one of the statements has; IAM wants them unique in a document."""
    sids = Counter(str(statement["Sid"]) for statement in statements if statement.get("Sid"))
    repeated = [sid for sid, count in sids.items() if count > 1]
    return [f"{label}: Sid {sid!r} is used more than once; give each statement its own, or none" for sid in repeated]


def _key_fault(key: object, label: str) -> str:
    if key in _PRINCIPALS:
        return f"{label}.{key}: the principal is whoever has the policy, it cannot be named here; remove the key"
    return f"{label}.{key}: unknown key; the keys are {', '.join(_ELEMENTS)}"


def _list_faults(statement: Statement, key: str, form: re.Pattern[str], accepted: str, label: str) -> list[str]:
    given = [name for name in (key, f"Not{key}") if name in statement]
    if len(given) != 1:
        return [f"{label}.{key}: {'both' if given else 'missing'}; give exactly one of {key} and Not{key}: {accepted}"]
    where, value = f"{label}.{given[0]}", statement[given[0]]
    if not isinstance(value, list) or not value:
        return _item_faults(value, form, accepted, where)
    return [
        fault for index, item in enumerate(value) for fault in _item_faults(item, form, accepted, f"{where}[{index}]")
    ]


def _item_faults(value: object, form: re.Pattern[str], accepted: str, where: str) -> list[str]:
    if not isinstance(value, str) or not value:
        return [f"{where}: {value!r} is not text; give text or a list of text, each {accepted}"]
    trouble = _trouble(value) or ("" if form.fullmatch(value) else f"{value!r} is not accepted")
    return [f"{where}: {trouble}; give {accepted}"] if trouble else []


def _trouble(text: str) -> str:
    placeholder = _PLACEHOLDER.search(text)
    if placeholder:
        return f"{text!r} still has the placeholder {placeholder[0]} in place of a value"
    return f"{text!r} has a character beyond U+00FF, or a control character" if _FOREIGN_CHARACTER.search(text) else ""


def _condition_faults(condition: object, where: str) -> list[str]:
    accepted = "give {operator: {key: value or list of values}}, a value being text, a number, true or false"
    if not isinstance(condition, dict):
        return [f"{where}: {condition!r} is not a condition; {accepted}"]
    faults: list[str] = []
    for operator, tests in condition.items():
        if not isinstance(operator, str) or not operator or not isinstance(tests, dict) or not tests:
            faults.append(f"{where}.{operator}: {tests!r} is not a mapping of keys to values; {accepted}")
            continue
        for key, value in tests.items():
            faults += _test_faults(key, value, f"{where}.{operator}.{key}", accepted)
    return faults


def _test_faults(key: object, value: object, where: str, accepted: str) -> list[str]:
    items = _listed(value)
    if not isinstance(key, str) or not key or not items or not all(_is_scalar(item) for item in items):
        return [f"{where}: {value!r} is not a value or a list of values; {accepted}"]
    troubles = (_trouble(text) for text in (key, *items) if isinstance(text, str))
    return [f"{where}: {trouble}; {accepted}" for trouble in troubles if trouble]
