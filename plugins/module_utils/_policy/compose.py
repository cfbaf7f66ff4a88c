# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compose policy documents, and write them as IAM takes them. PRIVATE to the collection."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING

from .equality import atoms_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .equality import Atom, Document, Statement

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
