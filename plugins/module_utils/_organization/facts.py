# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was read of an organization, as plain data that can be kept in a cache. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class Unit:
    """The root or an organizational unit.

    ``path`` are the names from the root's to its own; ``parent`` is the id of the unit above, empty for the root.
    """

    id: str
    parent: str
    path: list[str]


@dataclasses.dataclass(frozen=True)
class Member:
    """An account of the organization.

    ``status`` is the state that AWS gives it (ACTIVE, ...), ``joined`` when it joined, ISO 8601 in UTC, ``unit`` the id
    of the unit it is in. ``tags`` is None where they were not asked for.
    """

    id: str
    name: str
    email: str
    status: str
    joined: str
    unit: str
    tags: dict[str, str] | None = None


@dataclasses.dataclass(frozen=True)
class Organization:
    """Units, each after the one it is in, and the accounts of those units that were chosen."""

    management_account: str
    units: list[Unit]
    members: list[Member]

    def as_data(self) -> dict[str, t.Any]:
        """Plain JSON types."""
        return dataclasses.asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, t.Any]) -> t.Self:
        """The reverse of ``as_data``. Raises KeyError or TypeError for anything else."""
        return cls(
            management_account=data["management_account"],
            units=[Unit(**unit) for unit in data["units"]],
            members=[Member(**member) for member in data["members"]],
        )
