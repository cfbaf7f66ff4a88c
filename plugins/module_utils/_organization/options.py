# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the inventory, and what can be refused without a call. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from .._account_options import ACCOUNT_ARGUMENTS, account_faults
from .._validate import account_id_fault
from .names import word

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Params = Mapping[str, t.Any]

#: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html
STATUSES = ("ACTIVE", "PENDING_ACTIVATION", "SUSPENDED", "PENDING_CLOSURE", "CLOSED")

ARGUMENT_SPEC: dict[str, t.Any] = {
    **ACCOUNT_ARGUMENTS,
    "include_units": {"type": "list", "elements": "str", "default": []},
    "exclude_units": {"type": "list", "elements": "str", "default": []},
    # raw, as account_id
    "include_accounts": {"type": "list", "elements": "raw", "default": []},
    "exclude_accounts": {"type": "list", "elements": "raw", "default": []},
    "include_tags": {"type": "dict", "default": {}},
    "exclude_tags": {"type": "dict", "default": {}},
    "statuses": {"type": "list", "elements": "str", "choices": list(STATUSES), "default": ["ACTIVE"]},
    "management_account": {"type": "bool", "default": False},
    "tags_from": {"type": "str", "choices": ["tagging_api", "organizations"]},
    "tag_groups": {"type": "list", "elements": "str", "default": []},
    "host_name": {"type": "str", "choices": ["name", "id"], "default": "name"},
}


def faults(params: Params) -> list[str]:
    """What can be refused without a call, one line a fault."""
    return [*account_faults(params), *_unit_faults(params), *_id_faults(params), *_tag_faults(params)]


def tags_from(params: Params) -> str | None:
    """Where tags are read: as the option says, or where they are needed from the tagging API, which takes few calls."""
    needed = any(params[name] for name in ("include_tags", "exclude_tags", "tag_groups"))
    source: str | None = params.get("tags_from")
    return source or ("tagging_api" if needed else None)


def _unit_faults(params: Params) -> Iterator[str]:
    for label in ("include_units", "exclude_units"):
        for index, reference in enumerate(params[label]):
            if not reference.strip("/ "):
                yield f"{label}[{index}]: it is empty; give a unit's path below the root, like Research/Vision, or its id"


def _id_faults(params: Params) -> Iterator[str]:
    for label in ("include_accounts", "exclude_accounts"):
        for index, value in enumerate(params[label]):
            fault = account_id_fault(value, f"{label}[{index}]")
            if fault:
                yield fault


def _tag_faults(params: Params) -> Iterator[str]:
    for label in ("include_tags", "exclude_tags"):
        for key, values in params[label].items():
            if not isinstance(key, str) or not key:
                yield f"{label}: {key!r} is not the key of a tag; give text, in quotes"
            elif not wanted_values(values) or not all(isinstance(value, str) for value in wanted_values(values)):
                yield f"{label}: the value of {key!r} must be text or a list of texts; put numbers and yes or no in quotes"
    keys: dict[str, str] = {}
    for index, key in enumerate(params["tag_groups"]):
        if not key:
            yield f"tag_groups[{index}]: it is empty; give the key of a tag"
        elif word(key) and keys.setdefault(word(key), key) != key:
            yield f"tag_groups: the groups of {keys[word(key)]!r} and {key!r} would have one name; keep one of them"


def wanted_values(values: t.Any) -> list[t.Any]:
    """A filter's values as a list; one value stands for itself."""
    return values if isinstance(values, list) else [values]
