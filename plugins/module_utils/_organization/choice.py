# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which units and accounts are wanted. PRIVATE to the collection.

Pure. An account is wanted if every kind of filter that is given lets it in, and none leaves it out.
"""

from __future__ import annotations

import typing as t

from .._errors import SkyError, one_line
from .._validate import nearest
from .options import wanted_values

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .facts import Member, Organization, Unit

    Params = Mapping[str, t.Any]


def chosen_units(units: Sequence[Unit], params: Params) -> list[Unit]:
    """The units that the filters let in, with all that is beneath them.

    :param units: all of the organization, each after its parent.
    :raises SkyError: a filter names a unit that is not there, or that is there twice.
    """
    references = {label: params[label] for label in ("include_units", "exclude_units")}
    found = {label: [_find(units, label, each, params) for each in given] for label, given in references.items()}
    included = _beneath(units, found["include_units"]) if found["include_units"] else {unit.id for unit in units}
    excluded = _beneath(units, found["exclude_units"])
    return [unit for unit in units if unit.id in included - excluded]


def _find(units: Sequence[Unit], label: str, reference: str, params: Params) -> str:
    path = reference.strip("/")
    found = [unit.id for unit in units if path == unit.id or path in _paths(unit)]
    if len(found) == 1:
        return found[0]
    where = f"{label}: {reference!r} in the organization of account {params['account_id']}"
    if found:
        raise SkyError(f"{where} may be {' or '.join(found)}; give the id instead")
    near = nearest(path, [one_line(each) for unit in units for each in _paths(unit)])
    raise SkyError(
        f"{where}: there is no such unit; {near}give its path below the root, like Research/Vision, or its id"
    )


def _paths(unit: Unit) -> list[str]:
    """What a filter may call the unit: with the root's name and, for all but the root, without."""
    return ["/".join(unit.path), "/".join(unit.path[1:])] if unit.parent else ["/".join(unit.path)]


def _beneath(units: Iterable[Unit], tops: Iterable[str]) -> set[str]:
    found = set(tops)
    for unit in units:
        if unit.parent in found:
            found.add(unit.id)
    return found


def eligible(organization: Organization, params: Params) -> list[Member]:
    """The accounts that the filters let in which need no tags."""
    return [member for member in organization.members if _is_eligible(member, organization, params)]


def _is_eligible(member: Member, organization: Organization, params: Params) -> bool:
    if member.id in params["exclude_accounts"] or member.status not in params["statuses"]:
        return False
    if member.id == organization.management_account and not params["management_account"]:
        return False
    return not params["include_accounts"] or member.id in params["include_accounts"]


def chosen(organization: Organization, params: Params) -> tuple[list[Member], list[str]]:
    """The accounts that all filters let in, and a warning for each account id of a filter that stands for none."""
    members = [member for member in eligible(organization, params) if _tags_fit(member.tags or {}, params)]
    ids = {member.id for member in members}
    warnings = [
        f"include_accounts: {each} is not listed: it is not in the chosen units, or another filter leaves it out"
        for each in params["include_accounts"]
        if each not in ids
    ]
    known = {member.id for member in organization.members}
    warnings += [
        f"exclude_accounts: {each} is not in the chosen units"
        for each in params["exclude_accounts"]
        if each not in known
    ]
    return members, warnings


def _tags_fit(tags: Mapping[str, str], params: Params) -> bool:
    wanted, unwanted = (
        [tags.get(key) in wanted_values(values) for key, values in params[label].items()]
        for label in ("include_tags", "exclude_tags")
    )
    return all(wanted) and not any(unwanted)
