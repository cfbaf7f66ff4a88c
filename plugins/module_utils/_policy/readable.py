# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One canonical grouping of a policy document, for diffs. PRIVATE to the collection."""

from __future__ import annotations

import json
import typing as t
from collections import defaultdict

from .equality import Atom, atoms_of, folded, listed, normal_form, parse, statements_of

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .equality import Choice, Document, Statement


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
    for statement in statements_of(document):
        if isinstance(next(atoms_of(statement)), str):
            continue
        for name in (*listed(statement.get("Action", [])), *listed(statement.get("NotAction", []))):
            spelling.setdefault(("", folded(name)), name)
        for operator, tests in statement.get("Condition", {}).items():
            for key in tests:
                spelling.setdefault((operator, folded(key)), key)
    return spelling
