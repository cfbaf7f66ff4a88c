# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the lookup of a network, and what can be refused of them without a call. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from ... import _tags
from ..._skypilot.plain_yaml import is_plain_vpc_name
from .. import _regions

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._plan import Params

ARGUMENT_SPEC: dict[str, t.Any] = {
    "regions": {"type": "list", "elements": "str"},
    "vpc_names": {"type": "list", "elements": "str", "default": []},
    "subnet_names": {"type": "list", "elements": "str", "default": []},
    "use_internal_ips": {"type": "bool", "default": False},
    "on_unusable": {"type": "str", "choices": ["fail", "report"], "default": "fail"},
}

#: Longest value of a tag (EC2 User Guide, tag restrictions).
_MAX_NAME = 256


def validate(params: Params) -> list[str]:
    """Regions and names; one line a fault."""
    return [
        *(_regions.faults(params["regions"]) if params.get("regions") is not None else ()),
        *_name_faults("vpc_names", params["vpc_names"]),
        *_name_faults("subnet_names", params["subnet_names"]),
        *(fault for index, name in enumerate(params["vpc_names"]) for fault in _vpc_name_faults(index, name)),
    ]


def _name_faults(option: str, names: Sequence[str]) -> list[str]:
    faults = [
        f"{option}[{index}]: {name[:40]!r} cannot be a Name tag; give 1 to {_MAX_NAME} characters"
        for index, name in enumerate(names)
        if not name.strip() or len(name) > _MAX_NAME
    ]
    return faults + _repeated(option, names)


def _repeated(option: str, names: Sequence[str]) -> list[str]:
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    return [f"{option}: {name!r} is there twice; name it once" for name in twice]


def _vpc_name_faults(index: int, name: str) -> list[str]:
    """What SkyPilot cannot use as a VPC's name."""
    if _tags.PATTERN.intersection(name):
        return [f"vpc_names[{index}]: {name!r} is a pattern to EC2 (* ? \\); give the exact Name tag of one VPC"]
    if name.strip() and not is_plain_vpc_name(name):
        fault = f"vpc_names[{index}]: SkyPilot writes {name!r} into YAML without quotes and reads back something else"
        return [f"{fault}; rename the VPC"]
    return []
