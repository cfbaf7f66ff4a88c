# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An organization as hosts and groups. PRIVATE to the collection. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from . import choice, names

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .facts import Member, Organization, Unit

    Params = Mapping[str, t.Any]

#: Why no module works on the host: another account has its name, too.
CLASH = "sky_account_clash"
#: What a host gets beside sky_account_id. Roles do not read it.
VARIABLES = (
    "sky_account_name",
    "sky_account_email",
    "sky_account_status",
    "sky_account_joined",
    "sky_account_ou_path",
    "sky_account_organization_tags",
    CLASH,
)


@dataclasses.dataclass(frozen=True)
class Host:
    """A host, the groups it is in, and its variables as plain JSON types."""

    name: str
    groups: list[str]
    variables: dict[str, t.Any]

    def clashing(self, clash: str) -> Host:
        """The host of an account whose name another host has: under a name of its own, and out of use."""
        name = names.with_id(self.name, self.variables["sky_account_id"])
        return Host(name, self.groups, {**self.variables, CLASH: clash})


@dataclasses.dataclass(frozen=True)
class Listing:
    """Groups with the groups directly beneath each, each after the one it is in; hosts by name; lines for the user."""

    groups: dict[str, list[str]]
    hosts: list[Host]
    warnings: list[str]


def listing(organization: Organization, params: Params) -> Listing:
    """The hosts and groups that the options ask for.

    :raises SkyError: a filter names a unit that is not there.
    """
    units = {unit.id: unit for unit in organization.units}
    # Named before filters leave accounts out, so that a filter does not change a name.
    host_names, clashes = names.host_names(organization.members)
    if params["host_name"] == "id":
        host_names, clashes = {member.id: member.id for member in organization.members}, {}
    unit_groups = names.unit_groups(organization.units)
    members, unmet = choice.chosen(organization, params)
    hosts = [
        Host(
            host_names[member.id],
            [unit_groups[member.unit], *_tag_groups(member, params["tag_groups"])],
            _variables(member, units[member.unit], clashes.get(member.id)),
        )
        for member in members
    ]
    groups = _nested(choice.chosen_units(organization.units, params), units, unit_groups)
    told = dict.fromkeys(clashes[member.id] for member in members if member.id in clashes)
    return Listing(groups, sorted(hosts, key=lambda host: host.name), [*told, *unmet])


def _nested(chosen: Sequence[Unit], units: Mapping[str, Unit], groups: Mapping[str, str]) -> dict[str, list[str]]:
    """The groups of the chosen units and of the units above them."""
    wanted = set()
    for unit in chosen:
        above: Unit | None = unit
        while above and above.id not in wanted:
            wanted.add(above.id)
            above = units.get(above.parent)
    nested: dict[str, list[str]] = {groups[unit.id]: [] for unit in units.values() if unit.id in wanted}
    for unit in units.values():
        if unit.id in wanted and unit.parent:
            nested[groups[unit.parent]].append(groups[unit.id])
    return nested


def _tag_groups(member: Member, keys: Sequence[str]) -> list[str]:
    tags = member.tags or {}
    return [names.tag_group(key, tags[key]) for key in keys if key in tags]


def _variables(member: Member, unit: Unit, clash: str | None) -> dict[str, t.Any]:
    tags = None if member.tags is None else dict(sorted(member.tags.items()))
    values = [member.name, member.email, member.status, member.joined[:10], unit.path, tags, clash]
    found = dict(zip(VARIABLES, values, strict=True))
    return {"sky_account_id": member.id, **{name: value for name, value in found.items() if value is not None}}
