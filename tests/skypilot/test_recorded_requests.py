# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's table of requests against what SkyPilot was recorded to ask for, both ways. SkyPilot does not run."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sky.aws.plugins.module_utils._skypilot.request import Names
from ansible_collections.sky.aws.plugins.module_utils._skypilot.request import Request as Row
from ansible_collections.sky.aws.plugins.module_utils._skypilot.requests import NEEDS
from ansible_collections.sky.aws.tests.skypilot.recorded import ALL, Request, load, requests
from ansible_collections.sky.aws.tests.skypilot.uses import Use

RECORDED = load()
EVERYTHING = [request for found in RECORDED.values() for request in found]
#: Like those of the recordings, in which the account and its names are replaced.
NAMES = Names(
    account_id="310000000000",
    partition="aws",
    region="us-east-1",
    custom_identities=["research"],
    s3_buckets=["research-310000000000", "results-310000000000"],
    s3_key="file",
)
ROWS = [(feature, row) for feature, need in NEEDS.items() for row in (*need.both, *need.user, *need.role)]


def as_recorded(row: Row) -> list[Request]:
    """The requests of a row, with what the recordings replace and leave out replaced and left out."""
    filled = [row.filled(values) for values in NAMES.values(row.places)]
    return requests([{"action": r.action, "resource": r.resource, "context": dict(r.context)} for r in filled])


def is_recorded(row: Row) -> bool:
    return any(request in EVERYTHING for request in as_recorded(row))


def label(feature: str, row: Row) -> str:
    return f"{feature}: {row.action} {row.resource} {dict(row.context)}"


def expected(use: Use) -> list[Request]:
    """What the table says of the features that a use has."""
    principal = "role" if use.node_steps else "user"
    features = (*use.beside, use.feature)
    return [request for feature in features for row in NEEDS[feature].of(principal) for request in as_recorded(row)]


@pytest.mark.parametrize("name", ALL)
def test_what_skypilot_asks_for_is_in_the_table(name: str) -> None:
    known = expected(ALL[name])
    assert RECORDED[name]
    assert [request for request in RECORDED[name] if request not in known] == []


def test_what_is_in_the_table_is_recorded_or_says_where_it_is_read() -> None:
    unrecorded = [label(*each) for each in ROWS if not is_recorded(each[1])]
    sourced = [label(*each) for each in ROWS if each[1].source]
    assert unrecorded == sourced


def test_how_much_of_the_table_is_recorded(record_property: t.Callable[[str, int], None]) -> None:
    """A row more or less, or one that is seen at last, is worth a look here."""
    counts = {
        "rows": len(ROWS),
        "recorded": len([row for _, row in ROWS if is_recorded(row)]),
        "with a source only": len([row for _, row in ROWS if row.source]),
    }
    for name, count in counts.items():
        record_property(name, count)
    assert counts == {"rows": 120, "recorded": 94, "with a source only": 26}
