# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of an offboarding, and what can be refused of them without a call. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from ... import _validate
from ..._files.text_file import path_faults
from ..._skypilot.names import INSTANCE_ROLE, POLICY
from .. import _regions
from ..user.key.options import owner_faults
from .found import expanded

if t.TYPE_CHECKING:
    from ..._plan import Params

ARGUMENT_SPEC: dict[str, t.Any] = {
    "confirm": {"type": "str", "required": True},
    "regions": {"type": "list", "elements": "str", "default": ["all"]},
    "users": {"type": "list", "elements": "dict", "default": []},
    "role_name": {"type": "str", "default": INSTANCE_ROLE},
    "policy_name": {"type": "str", "default": POLICY},
    "wait_timeout": {"type": "int", "default": 600},
}


def validate(params: Params) -> list[str]:
    """Confirmation, regions and users; one line a fault."""
    return [
        *_confirm_faults(params),
        *_regions.faults(params["regions"]),
        *[fault for index, item in enumerate(params["users"]) for fault in _user_faults(item, f"users[{index}]")],
        *_validate.name_faults("role", params["role_name"], "role_name"),
        *_validate.name_faults("policy", params["policy_name"], "policy_name"),
        *([] if params["wait_timeout"] > 0 else ["wait_timeout: give a number of seconds above 0"]),
    ]


def _confirm_faults(params: Params) -> list[str]:
    confirmed, account_id = params["confirm"], params["account_id"]
    if confirmed == account_id or _validate.account_id_fault(account_id):
        return []
    return [
        f"confirm: {confirmed!r} is not the id of the account that SkyPilot is to be removed from; give {account_id!r} "
        "if you mean that account"
    ]


def _user_faults(item: Params, label: str) -> list[str]:
    delivery = item.get("access_key_delivery") or {}
    if not isinstance(item.get("name"), str) or not isinstance(delivery, dict):
        return [f"{label}: give name, and access_key_delivery as sky_user has it"]
    faults = _validate.name_faults("user", item["name"], f"{label}.name")
    if delivery.get("file") is None:
        return faults
    option = f"{label}.access_key_delivery.file"
    if not isinstance(delivery["file"], str):
        return [*faults, f"{option}: give a path"]
    return [
        *faults,
        *path_faults(option, expanded(delivery["file"])),
        *owner_faults(f"{label}.access_key_delivery.owner", delivery.get("owner")),
    ]
