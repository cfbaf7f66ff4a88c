# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be refused of a host's variables before the first call to AWS. PRIVATE to the collection.

The roles' argument_specs say which variables there are; each module's own validation says which values will do.
"""

from __future__ import annotations

import itertools
import re
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.sky.aws.plugins.module_utils import _tags, _validate
from ansible_collections.sky.aws.plugins.module_utils._errors import BadInput
from ansible_collections.sky.aws.plugins.module_utils._organization.hosts import VARIABLES as INVENTORY_VARIABLES
from ansible_collections.sky.aws.plugins.module_utils._resources.security_group import RESOURCE as SECURITY_GROUP
from ansible_collections.sky.aws.plugins.plugin_utils import _arguments
from ansible_collections.sky.aws.plugins.plugin_utils._declared import PARTS
from ansible_collections.sky.aws.plugins.plugin_utils._role_specs import SPECS

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ansible_collections.sky.aws.plugins.module_utils._run import Resource
    from ansible_collections.sky.aws.plugins.plugin_utils._declared import Part

    Variables = Mapping[str, t.Any]


#: What the roles register.
_REGISTERED = "_result"


def names() -> list[str]:
    """Every variable of the roles."""
    return [name for spec in SPECS.values() for name in spec]


def unknown(variables: Iterable[str]) -> list[str]:
    """Warnings about variables that belong to no role but look as if they did: most likely misspelt."""
    known = set(names())
    prefixes = tuple(f"{role_name}_" for role_name in SPECS)
    warnings = []
    for name in sorted(variables):
        if not name.startswith("sky_") or name.endswith(_REGISTERED) or name in known or name in INVENTORY_VARIABLES:
            continue
        near = _validate.nearest(name, known, likeness=0.85)
        if near or name.startswith(prefixes):
            warnings.append(f"{name} is not a variable of any role; {near}it is ignored")
    return warnings


def faults(variables: Variables, account: Mapping[str, t.Any]) -> list[str]:
    """One line for each fault.

    :param variables: the roles' variables as templated for the host; those that are not set are missing.
    :param account: the account options that every module gets.
    """
    found = [*_spec_faults(variables)]
    if found:
        return found
    found += [f"sky_account_{fault}" for fault in _tags.faults({"tags": variables.get("sky_account_tags")})]
    found += _security_group_faults(variables, account)
    for part in PARTS:
        found += _list_faults(part, variables, account) if part.items else _single_faults(part, variables, account)
    return list(dict.fromkeys(found))


_SHAPES: dict[type, tuple[type, str]] = {dict: (dict, "dictionaries of options"), str: (str, "names")}


def _spec_faults(variables: Variables) -> list[str]:
    shapes: dict[str, tuple[type, str]] = {}
    for part in PARTS:
        if part.items:
            shapes[f"{part.role}_present"] = _SHAPES[dict]
            shapes[f"{part.role}_absent"] = _SHAPES[part.absent]
    options = {name: option for spec in SPECS.values() for name, option in spec.items() if name in variables}
    plain = {name: option for name, option in options.items() if name not in shapes}
    found = [fault for name, shape in shapes.items() for fault in _shape_faults(variables, name, *shape)]
    if not _messages(plain, variables):
        return found
    # Once more one variable at a time, so that each message can begin with its name.
    each = ((name, message) for name, option in plain.items() for message in _messages({name: option}, variables))
    return found + [f"{name}: {message}" for name, message in each]


def _messages(options: Mapping[str, t.Any], variables: Variables) -> list[str]:
    """What Ansible says of the variables that have these options."""
    given = {name: variables[name] for name in options}
    return list(ArgumentSpecValidator(options).validate(given).error_messages)


def _shape_faults(variables: Variables, name: str, kind: type, words: str) -> list[str]:
    """Ansible would make a list of a text and a dictionary of ``key=value``; the roles loop over what is declared."""
    value = variables.get(name) or []
    if isinstance(value, list) and all(isinstance(item, kind) for item in value):
        return []
    return [f"{name}: give a list of {words}"]


def _security_group_faults(variables: Variables, account: Mapping[str, t.Any]) -> list[str]:
    """Faults of the security group of the networks, if one is named. Its VPCs are not known before the look-up."""
    if not variables.get("sky_network_security_group"):
        return []
    given = {"name": variables["sky_network_security_group"], "ssh_sources": variables.get("sky_network_ssh_sources")}
    found = _item_faults(SECURITY_GROUP, {**given, "networks": []}, account)
    return [f"sky_network_{re.sub('^name:', 'security_group:', fault)}" for fault in found]


def _single_faults(part: Part, variables: Variables, account: Mapping[str, t.Any]) -> list[str]:
    found = _item_faults(part.resource, {**part.shared(variables), "state": "present"}, account)
    return [f"{part.role}_{fault}" for fault in found]


def _list_faults(part: Part, variables: Variables, account: Mapping[str, t.Any]) -> list[str]:
    """The items of ``<role>_present`` are the module's options, those of ``<role>_absent`` names."""
    label = f"{part.role}_present"
    present = variables.get(label) or []
    absent = variables.get(f"{part.role}_absent") or []
    found: list[str] = []
    for index, item in enumerate(present):
        found += _dict_faults(part, f"{label}[{index}]", item, variables, account)
    for index, item in enumerate(absent):
        where = f"{part.role}_absent[{index}]"
        if part.absent is dict:
            found += _dict_faults(part, where, item, {**variables, f"{part.role}_state": "absent"}, account)
        else:
            faults = _item_faults(part.resource, {part.resource.key: item, "state": "absent"}, account)
            found += [f"{where}: {fault}" for fault in faults]
    if part.absent is dict:
        return found + _shared_place_faults(label, present)
    given = [_identity(item) for item in present if "name" in item]
    return found + _clashes(part, given, absent)


def _dict_faults(
    part: Part, where: str, item: Mapping[str, t.Any], variables: Variables, account: Mapping[str, t.Any]
) -> list[str]:
    """Faults of an item that is a dictionary of the module's options."""
    key = part.resource.key
    known = {name: value for name, value in item.items() if name in part.resource.item_options}
    faults = _arguments.unknown_options(part.resource, item)
    if known.get(key) is None:
        faults.append(f"{key}: it is missing; give one")
    else:
        faults += _item_faults(part.resource, {**part.shared(variables), **known}, account)
    if item.get("region"):
        faults += _validate.region_faults("region", str(item["region"]))
    return [f"{where} ({item.get(key, f'no {key}')}): {fault}" for fault in faults]


def _shared_place_faults(label: str, present: Sequence[Mapping[str, t.Any]]) -> list[str]:
    """A workspace of a file is one user's."""
    places = [(item.get("workspace"), item.get("config_file")) for item in present]
    twice = [place for place in dict.fromkeys(places) if places.count(place) > 1]
    return [
        f"{label}: {workspace or 'the workspace of the account'} in {file or 'the file of all items'} is there twice; give "
        "each user another workspace or config_file"
        for workspace, file in twice
    ]


def _identity(item: Mapping[str, t.Any]) -> str:
    """An item is known by its name, and by its region where it has one of its own."""
    return f"{item['name']} in {item['region']}" if item.get("region") else str(item["name"])


def _item_faults(resource: Resource, given: Mapping[str, t.Any], account: Mapping[str, t.Any]) -> list[str]:
    spec = resource.argument_spec
    options = {name: value for name, value in {**account, **given}.items() if name in spec and value is not None}
    try:
        validation = _arguments.check(resource, options)
    except BadInput as error:
        return error.faults
    return list(validation.error_messages) or resource.validate(validation.validated_parameters)


def _clashes(part: Part, present: list[str], absent: list[str]) -> list[str]:
    found = []
    for one, other in itertools.combinations(present, 2):
        if one == other:
            found.append(f"{part.role}_present: {one!r} is there twice; keep one")
        elif part.folded(one) == part.folded(other):
            found.append(
                f"{part.role}_present: {one!r} and {other!r} differ only by case, which IAM does not tell apart"
            )
    both = {part.folded(name) for name in present} & {part.folded(name) for name in absent}
    found += [
        f"{part.role}_present and {part.role}_absent: {name!r} is in both; take it out of one" for name in sorted(both)
    ]
    return found
