# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One thing of an account that is removed, or left for a reason. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..._plan import Step

#: How many things a reason names.
NAMED = 3


@dataclasses.dataclass(frozen=True)
class Part:
    """One thing of the account: removed by its steps, or left for a ``reason``, a sentence. ``before`` is for the diff.

    Something that is left may have steps, too: what of it is ours goes.
    """

    kind: str
    name: str
    region: str | None = None
    steps: Sequence[Step] = dataclasses.field(default=(), compare=False)
    before: Mapping[str, t.Any] = dataclasses.field(default_factory=dict, compare=False)
    reason: str | None = None

    @property
    def label(self) -> str:
        return f"{self.kind} {self.name}" + (f" in {self.region}" if self.region else "")

    def shown(self) -> dict[str, t.Any]:
        """The part as results show it."""
        facts = {"type": self.kind, "name": self.name, "region": self.region}
        return {**facts, "reason": self.reason} if self.reason else facts


def caller_stays(what: str) -> str:
    return f"{what} is the caller of this run and is left in place; delete it with other credentials"


def in_use_stays(what: str, users: Sequence[str]) -> str:
    more = f" and {len(users) - NAMED} more" if len(users) > NAMED else ""
    return (
        f"{what} is in use by {', '.join(users[:NAMED])}{more} and is left in place; terminate what uses "
        "it (sky down), then run this again"
    )
