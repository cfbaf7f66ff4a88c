# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the variables of the roles declare, as options of the modules, for checks before the first call. PRIVATE to the
collection.

A role's variable is its prefix and the option of the module that it feeds: ``sky_policy_features`` is ``features`` of
sky_iam_policy. The tasks of the roles say so themselves; a test holds both together.
"""

from __future__ import annotations

import dataclasses
import importlib
import typing as t

from ansible.errors import AnsibleError

from ansible_collections.sky.aws.plugins.module_utils._errors import one_line
from ansible_collections.sky.aws.plugins.plugin_utils._nouns import NOUNS

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ansible_collections.sky.aws.plugins.module_utils._run import Resource

    Variables = Mapping[str, t.Any]
    Template = t.Callable[[t.Any], t.Any]

_PACKAGE = "ansible_collections.sky.aws.plugins.module_utils._resources"
#: The resources by noun. Imported where Ansible imports the action plugins, before it forks: else each worker would do it.
RESOURCES: Mapping[str, Resource] = {name: importlib.import_module(f"{_PACKAGE}.{name}").RESOURCE for name in NOUNS}


@dataclasses.dataclass(frozen=True)
class Part:
    """A role and the resource that its variables declare: one of it, or one for each item of a list."""

    noun: str
    items: bool = False
    #: What makes two names one: IAM does not tell cases apart, EC2 does.
    folded: t.Callable[[str], str] = str
    #: Items of ``<role>_absent`` are dictionaries like the others, where a name does not say all.
    absent: type[str] | type[dict[str, t.Any]] = str
    #: Options whose variable has another name than prefix and option.
    renamed: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def role(self) -> str:
        return NOUNS[self.noun].role

    @property
    def resource(self) -> Resource:
        return RESOURCES[self.noun]

    def variables(self) -> dict[str, str]:
        """The variables of the role by the module's options; not all need exist."""
        return {option: self.renamed.get(option, f"{self.role}_{option}") for option in self.resource.spec}

    def shared(self, variables: Variables) -> dict[str, t.Any]:
        """The module's options that variables of the role set."""
        named = {option: variables.get(name) for option, name in self.variables().items()}
        return {option: value for option, value in named.items() if value is not None}


PARTS = (
    Part("network"),
    Part("policy"),
    Part("user", items=True, folded=str.lower),
    Part("role"),
    Part(
        "instance",
        items=True,
        renamed={"instance_profile": "sky_instances_profile", "networks": "sky_instances_network"},
    ),
    Part(
        "config",
        items=True,
        absent=dict,
        renamed={"config_file": "sky_config_file", "aws_config_file": "sky_config_aws_file"},
    ),
)


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
