# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task's options: from the host's variables, and checked by Ansible. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.sky.aws.plugins.module_utils._account_options import ACCOUNT_ARGUMENTS
from ansible_collections.sky.aws.plugins.module_utils._errors import BadInput, one_line
from ansible_collections.sky.aws.plugins.module_utils._organization.hosts import CLASH
from ansible_collections.sky.aws.plugins.module_utils._run import ITEM
from ansible_collections.sky.aws.plugins.module_utils._validate import nearest
from ansible_collections.sky.aws.plugins.plugin_utils._role_specs import SPECS

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ansible.module_utils.common.arg_spec import ValidationResult

    from ansible_collections.sky.aws.plugins.module_utils._run import Resource


#: The variables that declare a host's account, by account option.
ACCOUNT_VARIABLES = {
    "account_id": "sky_account_id",
    "region": "sky_account_region",
    "assume_role": "sky_account_assume_role",
    "external_id": "sky_account_external_id",
    "profile": "sky_account_profile",
    "endpoint_url": "sky_account_endpoint_url",
}


def with_account(
    given: Mapping[str, t.Any], variables: Mapping[str, t.Any], template: t.Callable[[t.Any], t.Any]
) -> dict[str, t.Any]:
    """The options of a task, with those of the host's account where the task names no account.

    :param given: the options of the task; each wins over the variable, under its alias too.
    :param variables: the host's variables, not templated. One that is missing has the default that it has in the roles; one
        that is empty declares nothing.
    :raises BadInput: a variable that cannot be templated, or a host whose name another account has, too.
    """
    if variables.get(CLASH):
        raise BadInput([str(variables[CLASH])])
    if "account_id" in given:
        return dict(given)
    # Empty, so that all say the same of a missing id.
    options: dict[str, t.Any] = {"account_id": "", **given}
    for option, variable in ACCOUNT_VARIABLES.items():
        value = _templated(variable, variables, template)
        if value not in (None, "") and given.keys().isdisjoint((option, *ACCOUNT_ARGUMENTS[option].get("aliases", ()))):
            options[option] = value
    return options


def with_item(resource: Resource, given: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The options of a task, with those of its option ``options`` over them; tags of both are added up.

    :raises BadInput: ``options`` is no dictionary, or has what the module has not.
    """
    item = given.get(ITEM)
    if item is None or ITEM not in resource.spec:
        return dict(given)
    if not isinstance(item, dict):
        raise BadInput([f"{ITEM}: give a dictionary of the module's options"])
    faults = [f"{ITEM}.{fault}" for fault in unknown_options(resource, item)]
    if faults:
        raise BadInput(faults)
    beside = {name: value for name, value in given.items() if name != ITEM}
    tags = [each["tags"] for each in (beside, item) if isinstance(each.get("tags"), dict)]
    return {**beside, **item, **({"tags": {**tags[0], **tags[1]}} if len(tags) == 2 else {})}


def unknown_options(resource: Resource, item: Iterable[str]) -> list[str]:
    """Options that an item cannot have. Ansible's own message would list every alias of every account option."""
    options = resource.item_options
    return [
        f"{name}: there is no such option; {nearest(name, options)}the options are {', '.join(options)}"
        for name in item
        if name not in options
    ]


def _templated(variable: str, variables: Mapping[str, t.Any], template: t.Callable[[t.Any], t.Any]) -> t.Any:
    try:
        return template(variables.get(variable, SPECS["sky_account"][variable].get("default")))
    except AnsibleError as error:
        raise BadInput([f"{variable}: {one_line(str(error))}"]) from error


def check(resource: Resource, options: Mapping[str, t.Any]) -> ValidationResult:
    """What Ansible says of the options of a module.

    :raises BadInput: Ansible's check itself breaks, as it does on a number where a dictionary belongs. The line does not
        quote Ansible, whose text may hold the value.
    """
    validator = ArgumentSpecValidator(resource.argument_spec, **resource.rules)
    try:
        return validator.validate(options)
    except (TypeError, ValueError, OverflowError) as error:
        kind = type(error).__name__
        line = f"an option has a value that Ansible cannot check ({kind}); compare each with its type in ansible-doc"
        raise BadInput([line]) from error
