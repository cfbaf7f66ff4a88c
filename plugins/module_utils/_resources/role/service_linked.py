# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Service-linked roles: AWS defines them, an account needs each of them once. PRIVATE to the collection.

The first spot instance of an account needs that of ``spot.amazonaws.com``. Made beforehand, nobody who launches needs
iam:CreateServiceLinkedRole. They take no tags when they are made, may serve others than SkyPilot, and are never deleted.
"""

from __future__ import annotations

import re
import typing as t

from ..._plan import Plan, Step

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..._account import Account
    from ..._plan import Params

    #: The role of each declared service as IAM describes it, None where it is missing.
    Services: t.TypeAlias = "Mapping[str, Mapping[str, t.Any] | None]"

ARGUMENTS: dict[str, t.Any] = {"service_linked_roles": {"type": "list", "elements": "str", "default": []}}

CREATE = "iam:CreateServiceLinkedRole"

#: A service principal; at most 128 characters (API reference, CreateServiceLinkedRole).
_SERVICE = re.compile(r"(?=.{1,128}$)[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?")


def faults(services: Iterable[str]) -> list[str]:
    """What is no service; one line each."""
    given = list(services)
    found = [
        f"service_linked_roles[{index}]: {name[:40]!r} is not a service; give its principal, like spot.amazonaws.com"
        for index, name in enumerate(given)
        if not _SERVICE.fullmatch(name)
    ]
    twice = [name for name in dict.fromkeys(given) if given.count(name) > 1]
    return found + [f"service_linked_roles: {name!r} is there twice; name it once" for name in twice]


def read(account: Account, params: Params) -> Services:
    """The role of each declared service: one call each, none for a removal.

    IAM keeps them under a path that names the service. Their names follow no rule, so the path is what is asked for.
    """
    if params["state"] == "absent":
        return {}
    found = {}
    for service in params["service_linked_roles"]:
        path = f"/aws-service-role/{service}/"
        roles = account.pages("iam:ListRoles", "Roles", service, PathPrefix=path)
        found[service] = roles[0] if roles else None
    return found


def plan(current: Services) -> Plan:
    """Make those that are missing."""
    missing = [service for service, role in current.items() if role is None]
    steps = [Step(CREATE, service, {"AWSServiceName": service}) for service in missing]
    listed = {"service_linked_roles": [_facts(service, role or {}) for service, role in current.items()]}
    before, after = [service for service in current if service not in missing], list(current)
    return Plan(steps=steps, before=_shown(before), after=_shown(after), facts=listed)


def _shown(services: list[str]) -> dict[str, t.Any]:
    return {"service_linked_roles": services} if services else {}


def learned(listed: Iterable[Mapping[str, t.Any]], made: Mapping[str, Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
    """The facts, completed by the roles that were made, by service."""
    return [_facts(name, made[name]) if (name := facts["service_name"]) in made else dict(facts) for facts in listed]


def _facts(service: str, role: Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {"service_name": service, "role_name": role.get("RoleName"), "arn": role.get("Arn")}
