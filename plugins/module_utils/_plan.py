# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What will be written, as data: steps, plans, outcomes and drift. PRIVATE to the collection.

A step is one write call as data, so a plan names exactly the calls that AWS will see.
"""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Params = Mapping[str, t.Any]
    #: A result's own keys.
    Facts = dict[str, t.Any]


#: How a warning says that something is left as it is.
DIFFERS = "differs from what is declared"


@dataclasses.dataclass(frozen=True)
class Step:
    """One write call: ``Step("iam:CreateUser", "alice", {"UserName": "alice"})``.

    ``target`` is a name or an ARN that is known before the call. ``region`` is None for the account's own.
    """

    api: str
    target: str
    arguments: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    region: str | None = None

    def shown(self) -> dict[str, str]:
        """The step as results show it."""
        return {"api": self.api, "target": self.target}


@dataclasses.dataclass(frozen=True)
class Plan:
    """What will be written, and how things look before and after.

    ``facts`` are the result's own keys (``policy``, ``drift``, ...) as they are once the steps are made;
    ``before`` and ``after`` are for the diff.
    """

    steps: list[Step] = dataclasses.field(default_factory=list)
    before: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    after: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    facts: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    warnings: list[str] = dataclasses.field(default_factory=list)

    @property
    def writes(self) -> bool:
        """Whether there is anything to write. What is not in AWS is written without a step."""
        return bool(self.steps)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a plan.

    ``facts`` are the plan's, completed by what AWS answered; ``steps`` are the calls that were made, in order. They differ
    from the plan's where an answer was lost, or where AWS answered with what it had made before.
    """

    facts: Facts
    steps: Sequence[Step] = ()


def drift(aspect: str, declared: t.Any, found: t.Any) -> dict[str, t.Any]:
    """One difference that is reported and left: ``{"aspect": "trust_policy", "declared": ..., "found": ...}``."""
    return {"aspect": aspect, "declared": declared, "found": found}
