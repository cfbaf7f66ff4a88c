# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a security group, and what can be refused of them without a call. PRIVATE to the collection."""

from __future__ import annotations

import re
import typing as t

from ... import _ownership, _tags
from ..._skypilot.plain_yaml import is_plain_group_name
from ..._skypilot.security_group import SSH_SOURCES
from . import rules
from .places import faults as place_faults

if t.TYPE_CHECKING:
    from ..._plan import Params

ARGUMENT_SPEC: dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "networks": {"type": "list", "elements": "dict", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "ssh_sources": {"type": "list", "elements": "str", "default": list(SSH_SOURCES)},
    "efa": {"type": "bool", "default": False},
    "description": {"type": "str"},
    "existing": _ownership.existing_argument("keep"),
    **_tags.TAG_ARGUMENTS,
}

#: Names and descriptions: API reference, CreateSecurityGroup.
_TEXT = re.compile(r"[A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]{1,255}")


def validate(params: Params) -> list[str]:
    """Name, description, networks, sources and tags; one line a fault."""
    return [
        *_name_faults(params["name"]),
        *_description_faults(params["description"]),
        *place_faults(params["networks"]),
        *rules.source_faults(params["ssh_sources"], "ssh_sources"),
        *_tags.faults(params),
    ]


def _name_faults(name: str) -> list[str]:
    if name.lower() == "default":
        return [f"name: {name!r} is the name of the group that every VPC has; choose another"]
    if _TEXT.fullmatch(name) and name == name.strip() and not name.lower().startswith("sg-"):
        if is_plain_group_name(name):
            return []
        return [
            f"name: SkyPilot writes {name!r} into YAML without quotes and reads back something else; choose another"
        ]
    return [
        f"name: {name[:40]!r} is not a valid security group name; use 1 to 255 of letters, digits, spaces and "
        "._-:/()#,@[]+=&;{}!$*, no space at either end, and do not begin with sg-"
    ]


def _description_faults(description: str | None) -> list[str]:
    if description is None or _TEXT.fullmatch(description):
        return []
    return [
        f"description: {description[:40]!r} is not a valid description; use 1 to 255 of letters, digits, spaces and "
        "._-:/()#,@[]+=&;{}!$*"
    ]
