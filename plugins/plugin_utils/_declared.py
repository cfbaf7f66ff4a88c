# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the variables of the roles declare, as options of the modules. PRIVATE to the collection.

A role's variable is its prefix and the option of the module it feeds: ``sky_policy_features`` is ``features`` of
sky_iam_policy. A task of a role says nothing of this; its action asks here. As a template in each task it cost an account
a twentieth of its CPU, since each worker compiles its templates anew.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible.errors import AnsibleError
from ansible.utils.vars import merge_hash

from ansible_collections.sky.aws.plugins.module_utils._errors import BadInput, one_line
from ansible_collections.sky.aws.plugins.module_utils._resources.config import RESOURCE as CONFIG
from ansible_collections.sky.aws.plugins.module_utils._resources.instance import RESOURCE as INSTANCE
from ansible_collections.sky.aws.plugins.module_utils._resources.network import RESOURCE as NETWORK
from ansible_collections.sky.aws.plugins.module_utils._resources.policy import RESOURCE as POLICY
from ansible_collections.sky.aws.plugins.module_utils._resources.role import RESOURCE as ROLE
from ansible_collections.sky.aws.plugins.module_utils._resources.user import RESOURCE as USER
from ansible_collections.sky.aws.plugins.plugin_utils._role_specs import SPECS

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ansible_collections.sky.aws.plugins.module_utils._run import Resource

    Variables = Mapping[str, t.Any]
    Template = t.Callable[[t.Any], t.Any]

#: Where this is empty, the option is left out; to the modules an empty text means that there is to be none.
_LEFT_OUT = "permissions_boundary"
_TAGS = "sky_account_tags"


def _own_policy(variables: Variables) -> dict[str, t.Any]:
    """A role with features of its own has the policy that tasks/policy.yml of sky_instance_role keeps, and no other."""
    if not variables.get("sky_instance_role_features"):
        return {}
    name = variables.get("sky_instance_role_name", ROLE.spec["name"]["default"])
    return {"policies": [f"{name}-policy"]}


@dataclasses.dataclass(frozen=True)
class Part:
    """A role and the resource that its variables declare: one of it, or one for each item of a list."""

    role: str
    resource: Resource
    items: bool = False
    #: What makes two names one: IAM does not tell cases apart, EC2 does.
    folded: t.Callable[[str], str] = str
    #: The option that names an item.
    name: str = "name"
    #: Items of ``<role>_absent`` are dictionaries like the others, where a name does not say all. They come first in the
    #: role's loop then, so that the place of one is free for another.
    absent: type[str] | type[dict[str, t.Any]] = str
    #: Account options that an item may set for itself.
    own_account: tuple[str, ...] = ()
    #: Options whose variable has another name than prefix and option.
    renamed: Mapping[str, str] = dataclasses.field(default_factory=dict)
    #: Options that follow from other variables, and which those are.
    derived: t.Callable[[Variables], dict[str, t.Any]] = lambda _variables: {}
    derived_from: tuple[str, ...] = ()

    def options(self) -> list[str]:
        """What an item may hold."""
        return sorted([*self.resource.spec, *self.own_account])

    def variables(self) -> dict[str, str]:
        """The variables of the role by the module's options; not all need exist."""
        return {option: self.renamed.get(option, f"{self.role}_{option}") for option in self.resource.spec}

    def shared(self, variables: Variables) -> dict[str, t.Any]:
        """The module's options that variables of the role set."""
        named = {option: variables.get(name) for option, name in self.variables().items()}
        given = {option: value for option, value in named.items() if value is not None}
        if given.get(_LEFT_OUT) == "":
            del given[_LEFT_OUT]
        return given | self.derived(variables)


PARTS = (
    Part("sky_network", NETWORK),
    Part("sky_policy", POLICY),
    Part("sky_users", USER, items=True, folded=str.lower),
    Part("sky_instance_role", ROLE, derived=_own_policy, derived_from=("sky_instance_role_features",)),
    Part(
        "sky_instances",
        INSTANCE,
        items=True,
        own_account=("region",),
        renamed={"instance_profile": "sky_instances_profile", "networks": "sky_instances_network"},
    ),
    Part(
        "sky_config",
        CONFIG,
        items=True,
        name="user",
        absent=dict,
        own_account=("region",),
        renamed={"config_file": "sky_config_file", "aws_config_file": "sky_config_aws_file"},
    ),
)

#: The same, by the name that Ansible gives the role of a task, and the task's resource.
_BY_TASK = {(f"sky.aws.{part.role}", part.resource): part for part in PARTS}


def templated(names: Iterable[str], variables: Variables, template: Template) -> tuple[dict[str, t.Any], list[str]]:
    """Those of the variables that are set, as templated for the host, and a fault for each that cannot be."""
    declared = {name: variables[name] for name in names if name in variables}
    try:
        return template(declared), []
    except AnsibleError:
        return _each_templated(declared, template)


def _each_templated(declared: Variables, template: Template) -> tuple[dict[str, t.Any], list[str]]:
    values, unresolved = {}, []
    for name, value in declared.items():
        try:
            values[name] = template(value)
        except AnsibleError as error:
            unresolved.append(f"{name}: {one_line(str(error))}")
    return values, unresolved


def for_task(
    resource: Resource, variables: Variables, template: Template, number: int | None = None
) -> dict[str, t.Any]:
    """The options that the variables of a role declare for a task of it; none where it is in no role that declares it.

    :param variables: those of the host and the task, not templated.
    :param number: of the item that the task's loop is at.
    :raises BadInput: a line for each variable that cannot be templated.
    """
    part = _BY_TASK.get((variables.get("ansible_role_name", ""), resource))
    if part is None or part.items is (number is None):
        return {}
    # Only what is a variable of the role: sky_users_state would otherwise delete every user.
    names = SPECS[part.role].keys() & {*part.variables().values(), *part.derived_from}
    values, unresolved = templated([*names, _TAGS], variables, template)
    if unresolved:
        raise BadInput(unresolved)
    shared = part.shared(values)
    if "tags" in resource.spec:
        shared["tags"] = values.get(_TAGS)
    if number is None:
        return shared
    # An item's tags are added to those of the account.
    return merge_hash(shared, _item(part, variables, template, number))


def _item(part: Part, variables: Variables, template: Template, number: int) -> dict[str, t.Any]:
    """The item with this number: a dictionary of options."""
    lists = [f"{part.role}_present", f"{part.role}_absent"]
    if part.absent is dict:
        lists.reverse()
    items = [(name, at, each) for name in lists for at, each in enumerate(_listed(variables[name], template))]
    name, at, raw = items[number]
    try:
        item = template(raw)
    except AnsibleError as error:
        raise BadInput([f"{name}[{at}]: {one_line(str(error))}"]) from error
    if name.endswith("_absent") and part.absent is str:
        return {part.name: item, "state": "absent"}
    if not isinstance(item, dict):
        raise BadInput([f"{name}[{at}]: give a dictionary of options"])
    return {**item, "state": "absent"} if name.endswith("_absent") else item


def _listed(value: t.Any, template: Template) -> list[t.Any]:
    # Of a plain list only the item that is wanted is templated.
    return value if isinstance(value, list) else template(value)
