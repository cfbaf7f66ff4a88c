# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way to take one thing from a feature, and every way to widen one thing of it."""

from __future__ import annotations

import copy
import dataclasses
import re
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from ansible_collections.sky.aws.plugins.module_utils._features.feature import Feature

    Statement = dict[str, t.Any]

SIDES = ("both", "user", "role")


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A feature with one change in one statement, which ``principal`` has."""

    label: str
    feature: Feature
    principal: str
    denies: bool
    """Whether the statement takes rights: with less of it the document allows more, and the other way round."""


def removals(feature: Feature) -> Iterator[Mutant]:
    """Without one statement, one action or one resource."""
    for place in _places(feature):
        yield place.mutant("without it", None)
        for key in ("Action", "Resource"):
            values = _listed(place.statement[key])
            for value in values if len(values) > 1 else ():
                rest = [other for other in values if other != value]
                yield place.mutant(f"without {value}", {**place.statement, key: rest})


def widenings(feature: Feature) -> Iterator[Mutant]:
    """With ``*`` for an action, a resource, a part of either or a condition's value; without a condition."""
    for place in _places(feature):
        for key, wider in (("Action", _wider_actions), ("Resource", _wider_resources)):
            values = _listed(place.statement[key])
            for value in values:
                for other in wider(value):
                    changed = [other if one == value else one for one in values]
                    yield place.mutant(f"{value} is {other}", {**place.statement, key: changed})
        yield from _wider_conditions(place)


@dataclasses.dataclass(frozen=True)
class _Place:
    feature: Feature
    side: str
    index: int
    principal: str

    @property
    def statement(self) -> Statement:
        return t.cast("Statement", getattr(self.feature, self.side)[self.index])

    def mutant(self, label: str, statement: Statement | None) -> Mutant:
        """The feature with another statement in this place, or with none."""
        statements = list(getattr(self.feature, self.side))
        statements[self.index : self.index + 1] = [] if statement is None else [statement]
        changed = dataclasses.replace(self.feature, **{self.side: tuple(statements)})
        denies = self.statement["Effect"] == "Deny"
        return Mutant(f"{self.feature.name}.{self.side}[{self.index}] {label}", changed, self.principal, denies)


def _places(feature: Feature) -> Iterator[_Place]:
    for side in SIDES:
        for index in range(len(getattr(feature, side))):
            yield _Place(feature, side, index, "role" if side == "role" else "user")


def _listed(value: t.Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _wider_actions(action: str) -> Iterator[str]:
    yield from ("*", f"{action.partition(':')[0]}:*")


def _wider_resources(resource: str) -> Iterator[str]:
    if resource == "*":
        return
    yield "*"
    *head, account, name = resource.split(":", 5)
    if account not in ("*", ""):
        yield ":".join([*head, "*", name])
    for wider in {"*", re.sub(r"[^/:*]+$", "*", name), re.sub(r"(?<=/|:)[^/:]+", "*", name), f"{name}*"}:
        if wider != name and (not name.endswith("*") or wider == "*"):
            yield ":".join([*head, account, wider])


def _wider_conditions(place: _Place) -> Iterator[Mutant]:
    for operator, tests in place.statement.get("Condition", {}).items():
        for key, values in tests.items():
            without = copy.deepcopy(place.statement)
            del without["Condition"][operator][key]
            yield place.mutant(f"without {operator} {key}", _pruned(without))
            for value in _listed(values) if operator in ("StringEquals", "ArnEquals") else ():
                anything = copy.deepcopy(place.statement)
                del anything["Condition"][operator][key]
                wide = "ArnLike" if operator == "ArnEquals" else "StringLike"
                anything["Condition"].setdefault(wide, {})[key] = [
                    "*" if one == value else one for one in _listed(values)
                ]
                yield place.mutant(f"{operator} {key} {value} is *", _pruned(anything))


def _pruned(statement: Statement) -> Statement:
    """Without operators that test nothing, and without a Condition that has none."""
    condition = {operator: tests for operator, tests in statement["Condition"].items() if tests}
    rest = {key: value for key, value in statement.items() if key != "Condition"}
    return {**rest, "Condition": condition} if condition else rest
