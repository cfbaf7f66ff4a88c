# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One entry of the catalogue. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Collection

    from .._policy.equality import Statement


@dataclasses.dataclass(frozen=True, kw_only=True)
class Feature:
    """Statements for one thing that SkyPilot can do.

    ``why`` is the need and what the statements leave out, ``since`` the first SkyPilot release that has the need (None:
    not traced), ``source`` where the statements or the need come from. ``both`` is what a user and the role of the
    instances need alike, ``user`` and ``role`` what only the one or the other does.

    The statements are templates: text in them may hold ``<partition>`` and ``<account_id>``, and a resource
    ``<custom_identity>`` or ``<s3_bucket>``, which makes one resource of each of those that are declared.
    """

    name: str
    title: str
    why: str
    since: str | None
    source: str
    both: tuple[Statement, ...] = ()
    user: tuple[Statement, ...] = ()
    role: tuple[Statement, ...] = ()

    def statements(self, principals: Collection[str]) -> tuple[Statement, ...]:
        """The templates that these principals ("user", "role") need together."""
        return self.both + (self.user if "user" in principals else ()) + (self.role if "role" in principals else ())
