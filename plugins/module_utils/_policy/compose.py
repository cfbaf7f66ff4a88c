# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compose policy documents, and write them as IAM takes them. PRIVATE to the collection."""

from __future__ import annotations

import copy
import json
import typing as t

from .equality import Atom, atoms_of, listed

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .equality import Document, Statement

#: The policy language that ``compose`` and ``trust`` write.
VERSION = "2012-10-17"

#: Characters of a managed policy (IAM quotas).
MAX_SIZE = 6144

#: Characters of a role's trust policy, by default (IAM quotas; AWS raises it on request).
MAX_TRUST_SIZE = 2048


def compose(statements: Iterable[Statement]) -> Document:
    """A document of these statements, in order and as they are written.

    Left out is a statement all of whose rights one other statement includes: same effect, principal and condition,
    Action and Resource subsets of the other's, wildcards compared as text. Of two that say the same the first stays.
    """
    kept: list[tuple[Statement, frozenset[Atom | str]]] = []
    for statement in statements:
        rights = frozenset(atoms_of(statement))
        if any(rights <= others for _statement, others in kept):
            continue
        kept = [(earlier, others) for earlier, others in kept if not others <= rights]
        kept.append((statement, rights))
    return {"Version": VERSION, "Statement": [copy.deepcopy(statement) for statement, _rights in kept]}


def joined(statements: Iterable[Statement]) -> list[Statement]:
    """The same rights in fewer statements: those that differ in nothing but their Action become one, where the first is.

    A Sid is a difference, so that what somebody named stays. So does what there is only one of, as it is written.
    """
    groups: dict[t.Hashable, list[Statement]] = {}
    for index, statement in enumerate(statements):
        groups.setdefault(_but_for_action(statement) or index, []).append(statement)
    return [group[0] if len(group) == 1 else _with_all_actions(group) for group in groups.values()]


def _but_for_action(statement: Statement) -> t.Hashable | None:
    """What must be equal to be joined; None for a statement of NotAction, or one that IAM would not take."""
    atoms = frozenset(atoms_of(statement))
    if not all(isinstance(atom, Atom) and atom.action.key == "Action" for atom in atoms):
        return None
    sid = json.dumps(statement.get("Sid"))
    return sid, frozenset(atom._replace(action=None) for atom in atoms)  # type: ignore[union-attr,arg-type]


def _with_all_actions(group: Sequence[Statement]) -> Statement:
    actions = [action for statement in group for action in listed(statement["Action"])]
    return {**group[0], "Action": list(dict.fromkeys(actions))}


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
