# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a user, and what can be refused of them without a call. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from ... import _ownership
from .. import _principal
from . import removal
from .key import options as key_options

if t.TYPE_CHECKING:
    from ..._plan import Params

ARGUMENT_SPEC: dict[str, t.Any] = {
    "name": {"type": "str"},
    "options": {"type": "dict"},
    **_principal.PRINCIPAL_ARGUMENTS,
    "existing": _ownership.existing_argument("converge"),
    "manage": {"type": "str", "choices": ["user", "access_key"], "default": "user"},
    **key_options.ARGUMENTS,
    **removal.ARGUMENTS,
}

SPEC_RULES: dict[str, t.Any] = {
    "required_one_of": [("name", "options")],
    "required_if": [("manage", "access_key", ["access_key_delivery"])],
}


def validate(params: Params) -> list[str]:
    """Name, policies, tags, the key's delivery, and what goes together; one line a fault."""
    return [*_principal.faults("User", params), *key_options.faults(params), *_manage_faults(params)]


def _manage_faults(params: Params) -> list[str]:
    if params["manage"] == "user" or params["state"] == "present":
        return []
    return ["manage: access_key keeps a key, so it does not go with state=absent; leave one of them out"]
