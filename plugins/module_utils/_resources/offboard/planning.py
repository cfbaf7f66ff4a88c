# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is in an account to one without anything of ours. Pure. PRIVATE to the collection.

Each resource plans its own removal, so whose a thing is and what AWS demands first stand in one place. Here is what the
resources cannot know of each other: the order, and what must stay because something else does.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..._plan import Plan
from . import machines, people, rights

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..._identity import Identity
    from ..._plan import Params
    from ..user.key.in_file import KeyFile
    from .found import Found

    Going = Mapping[str, set[str]]


@dataclasses.dataclass(frozen=True)
class OffboardPlan(Plan):
    """A plan with what is not a call: instances that must be gone (ids by region), and profiles with dead keys."""

    leaving: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)
    files: Sequence[KeyFile] = ()
    timeout: int = 0

    @property
    def writes(self) -> bool:
        return bool(self.steps or self.files)


def plan(current: Found, params: Params, identity: Identity) -> OffboardPlan:
    """Everything of ours goes; what is not ours, or is in use by what is not, is left with the reason."""
    instances = [part for region in current.regions for part in machines.instances(region, current, params, identity)]
    users = people.users(current, params, identity)
    files = people.dead_files(current, users)
    roles = rights.roles(current, params, identity)
    parts = [
        *instances,
        *users,
        *people.secrets(current, users),
        *[people.file_part(current, file) for file in files],
        *people.undeclared_files(current, users),
        *roles,
        *rights.policies(current, params, identity, rights.going([*users, *roles])),
        *[part for region in current.regions for part in machines.groups(region, identity)],
        *[machines.closed(region) for region in current.regions if region.error],
    ]
    left = list(dict.fromkeys(part for part in parts if part.reason))
    return OffboardPlan(
        steps=[step for part in parts for step in part.steps],
        before={part.label: dict(part.before) for part in parts if part.before},
        facts={
            "removed": [part.shown() for part in parts if not part.reason],
            "left": [part.shown() for part in left],
        },
        warnings=[str(part.reason) for part in left],
        leaving={region.name: [each["InstanceId"] for each in region.ours] for region in current.regions},
        files=[file for file in files if not file.fault],
        timeout=params["wait_timeout"],
    )
