# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""sky_account inside the Ansible worker: it also checks the variables of all roles of the play."""

from __future__ import annotations

import typing as t

from ansible_collections.sky.aws.plugins.module_utils._account_options import account_faults
from ansible_collections.sky.aws.plugins.module_utils._errors import BadInput
from ansible_collections.sky.aws.plugins.module_utils._resources.account import RESOURCE
from ansible_collections.sky.aws.plugins.plugin_utils import _arguments, _declared, _variables
from ansible_collections.sky.aws.plugins.plugin_utils._action import InWorkerAction, untagged

if t.TYPE_CHECKING:
    from collections.abc import Mapping


class ActionModule(InWorkerAction):
    """Run the account resource in the worker."""

    resource = RESOURCE

    def _refuse(
        self, params: Mapping[str, t.Any], task_vars: Mapping[str, t.Any], warn: t.Callable[[str], None]
    ) -> None:
        """All faults of the account and of the roles' variables at once, before the first call."""
        for warning in _variables.unknown(task_vars):
            warn(warning)
        faults = account_faults(params)
        if not self._names_account:
            faults = [_of_variable(fault) for fault in faults]
        names = _variables.names()
        variables, unresolved = _declared.templated(
            names, task_vars, lambda value: untagged(self._templar.template(value))
        )
        faults += unresolved or _variables.faults({**variables, "sky_account_id": params["account_id"]}, params)
        if faults:
            raise BadInput(faults)


def _of_variable(fault: str) -> str:
    """A fault of an account option, under the name of its variable."""
    option, _colon, why = fault.partition(":")
    return f"{_arguments.ACCOUNT_VARIABLES.get(option, option)}:{why}"
