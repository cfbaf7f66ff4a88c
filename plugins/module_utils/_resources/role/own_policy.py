# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy that a role with features of its own has, and nobody else. PRIVATE to the collection.

It is what sky_iam_policy manages, with the statements that only a role needs.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..._features import documents
from ..._plan import Plan
from ..policy import RESOURCE as POLICY

if t.TYPE_CHECKING:
    from ..._account import Account
    from ..._identity import Identity
    from ..._plan import Params
    from ..policy import Found

ARGUMENTS: dict[str, t.Any] = {
    "features": {"type": "list", "elements": "str", "default": []},
    "custom_identities": POLICY.spec["custom_identities"],
    "s3_buckets": POLICY.spec["s3_buckets"],
}
#: Options that the role's own policy shares with the role.
_SHARED = ("account_id", "state", "tags", "purge_tags", *ARGUMENTS)


def name(params: Params) -> str:
    """The name of the policy."""
    return f"{params['name']}-policy"


def with_policies(params: Params) -> Params:
    """The options with the policies that the role gets: its own where it has features, else those declared."""
    return {**params, "policies": [name(params)]} if params["features"] else params


def faults(params: Params) -> list[str]:
    """Faults of the features and of what they name; one line a fault."""
    if not params["features"]:
        return documents.faults([], params["custom_identities"], params["s3_buckets"])
    # The name is the role's, whose faults are the role's own.
    return [fault for fault in POLICY.validate(_options(params)) if not fault.startswith("name:")]


def read(account: Account, params: Params) -> Found | None:
    """The policy as IAM has it: none and no call for a role without features."""
    return POLICY.read(account, _options(params)) if params["features"] else None


def plan(current: Found | None, params: Params, identity: Identity, *, role_goes: bool = False) -> Plan:
    """From what is there to the declared policy; nothing for a role without features.

    :param role_goes: whether the role is deleted before, and no longer has the policy attached then.
    :raises SkyError: as sky_iam_policy does.
    """
    if not params["features"]:
        return Plan(facts={"policy": None, "drift": []})
    if current is not None and role_goes:
        roles = [each for each in current.attached.get("Role", ()) if each != params["name"]]
        current = dataclasses.replace(current, attached={**current.attached, "Role": roles})
    found = POLICY.plan(current, _options(params), identity)
    named = [{**each, "aspect": f"policy.{each['aspect']}"} for each in found.facts["drift"]]
    return dataclasses.replace(found, facts={**found.facts, "drift": named})


def _options(params: Params) -> dict[str, t.Any]:
    """The options of sky_iam_policy."""
    defaults = {option: spec.get("default") for option, spec in POLICY.spec.items()}
    shared = {option: params[option] for option in _SHARED}
    return {**defaults, **shared, "name": name(params), "principals": ["role"]}
