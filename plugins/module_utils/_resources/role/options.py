# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the role, and what can be refused of them without a call. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from ... import _ownership
from ..._skypilot.names import INSTANCE_ROLE
from .. import _principal
from . import own_policy, service_linked

if t.TYPE_CHECKING:
    from ..._plan import Params

ARGUMENT_SPEC: dict[str, t.Any] = {
    "name": {"type": "str", "default": INSTANCE_ROLE},
    **_principal.PRINCIPAL_ARGUMENTS,
    "existing": _ownership.existing_argument("keep"),
    "description": {"type": "str"},
    "max_session_duration": {"type": "int"},
    **service_linked.ARGUMENTS,
    **own_policy.ARGUMENTS,
}


def validate(params: Params) -> list[str]:
    """Names, policies, features, tags and the session duration; one line a fault."""
    faults = [
        *_principal.faults("Role", params),
        *service_linked.faults(params["service_linked_roles"]),
        *own_policy.faults(params),
    ]
    duration = params["max_session_duration"]
    if duration is not None and not 3600 <= duration <= 43200:
        faults.append(f"max_session_duration: {duration} must be 3600 to 43200 seconds")
    return faults
