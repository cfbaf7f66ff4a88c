# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account without anything that this collection made in it. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from .. import _validate
from .._errors import HELD, AWSError, SkyError
from .._plan import interrupted, make
from . import _regions, _text_file
from ._offboard_found import expanded, read
from ._offboard_plan import plan

if t.TYPE_CHECKING:
    from .._account import Account
    from .._plan import Facts, Params
    from ._offboard_plan import OffboardPlan

__all__ = ["ARGUMENT_SPEC", "SPEC_RULES", "apply", "plan", "read", "validate"]

ARGUMENT_SPEC: dict[str, t.Any] = {
    "confirm": {"type": "str", "required": True},
    "regions": {"type": "list", "elements": "str", "default": ["all"]},
    "users": {"type": "list", "elements": "dict", "default": []},
    "role_name": {"type": "str", "default": "skypilot-v1"},
    "policy_name": {"type": "str", "default": "minimal-skypilot-policy"},
    "wait_timeout": {"type": "int", "default": 600},
}
SPEC_RULES: dict[str, t.Any] = {}

_DELETE_GROUP = "ec2:DeleteSecurityGroup"
#: Seconds between two looks at instances.
_DELAY = 5


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
    return [*faults, *_text_file.path_faults(option, expanded(delivery["file"]))]


def apply(account: Account, plan: OffboardPlan) -> Facts:
    """Perform the steps, then wait for what leaves, then take dead keys out of their files.

    EC2 refuses to delete a security group while an instance in it is not terminated, so that wait is before the first.

    :raises SkyError: with the steps that were performed.
    """
    steps = plan.steps
    has_waited = False
    for index, step in enumerate(steps):
        try:
            if step.api == _DELETE_GROUP and not has_waited:
                _await_terminated(account, plan)
                has_waited = True
            # What holds it is gone, by this plan or by one before it.
            make(account, step, HELD)
        except SkyError as error:
            raise interrupted(error, steps[:index], steps[index:]) from error
    try:
        if not has_waited:
            _await_terminated(account, plan)
        for file in plan.files:
            file.take_back(str(file.held))
    except SkyError as error:
        raise SkyError(error.message, steps=[step.shown() for step in steps]) from error
    return plan.facts


def _await_terminated(account: Account, plan: OffboardPlan) -> None:
    """Wait for all instances of a region at once.

    :raises SkyError: some are still there; names them.
    """
    for region, ids in plan.leaving.items():
        if not ids:
            continue
        named, attempts = ", ".join(ids), plan.timeout // _DELAY + 1
        waiter = ("ec2:DescribeInstances", "instance_terminated", named)
        try:
            account.wait(*waiter, delay=_DELAY, attempts=attempts, region=region, InstanceIds=list(ids))
        except AWSError as error:
            if "Reservations" not in getattr(error.__cause__, "last_response", {}):
                raise
            raise SkyError(
                f"not all of the instances {named} in account {account.account_id}, region {region} are terminated "
                f"after a wait of at most {plan.timeout} s. To mend it: raise wait_timeout and run it again."
            ) from error
