# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entry point of every module: the same run as in the worker, inside AnsibleModule. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule

# First of ours: it ends the module on an older Python.
from . import _python  # noqa: F401 # pylint: disable=unused-import
from ._errors import SkyError, bug, trace
from ._run import run
from ._secrets import learn, of_options

if t.TYPE_CHECKING:
    from ._run import Resource


def run_module(resource: Resource) -> None:
    """Run a resource as an ordinary module; exits the process."""
    module = AnsibleModule(argument_spec=resource.argument_spec, supports_check_mode=True, **resource.rules)
    secrets = of_options(module.params)
    learn(secrets)
    # Ansible takes them out of what it shows itself, the options at -vvv.
    module.no_log_values |= secrets
    failure: dict[str, t.Any] = {}

    def warn(text: str) -> None:
        module.warn(f"account {module.params['account_id']}: {text}")

    try:
        result = run(resource, module.params, check_mode=module.check_mode, warn=warn, tell=module.log)
    except SkyError as error:
        failure = {"msg": error.message, "steps": error.steps}
    except Exception as error:  # noqa: BLE001 - Ansible would show Python's own text of it, with all that it quotes
        failure = {"msg": bug(module._name, error), "steps": [], "exception": trace(error)}
    # Not where the exception is at hand: Ansible would add Python's text of it and of its causes.
    if failure:
        module.fail_json(**failure)
    module.exit_json(**result)
