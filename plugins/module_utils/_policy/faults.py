# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What IAM would refuse in the statements of a policy. PRIVATE to the collection."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from .equality import ELEMENTS, PRINCIPALS, is_scalar, listed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .equality import Statement

_SID = re.compile(r"[A-Za-z0-9]*")

_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?_-]+")

_RESOURCE = re.compile(r"\*|arn:[^:]+:[^:]+:[^:]*:[^:]*:.+")

_PLACEHOLDER = re.compile(r"<[A-Za-z][^<>]*>")

_FOREIGN_CHARACTER = re.compile(r"[^\t\n\r\x20-\xff]")


def statement_faults(statement: object, label: str) -> list[str]:
    """What IAM would refuse in a statement of a policy for users and roles; one line a fault, after the label."""
    if not isinstance(statement, dict):
        return [f"{label}: {statement!r} is not a statement; give a mapping with Effect, Action and Resource"]
    faults = [_key_fault(key, label) for key in statement if key not in ELEMENTS]
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
    if key in PRINCIPALS:
        return f"{label}.{key}: the principal is whoever has the policy, it cannot be named here; remove the key"
    return f"{label}.{key}: unknown key; the keys are {', '.join(ELEMENTS)}"


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
    items = listed(value)
    if not isinstance(key, str) or not key or not items or not all(is_scalar(item) for item in items):
        return [f"{where}: {value!r} is not a value or a list of values; {accepted}"]
    troubles = (_trouble(text) for text in (key, *items) if isinstance(text, str))
    return [f"{where}: {trouble}; {accepted}" for trouble in troubles if trouble]
