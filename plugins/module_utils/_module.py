# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entry point of every module: the same run as in the worker, inside AnsibleModule. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule

# First of ours: it ends the module on an older Python.
from . import _python  # noqa: F401 # pylint: disable=unused-import
from ._errors import SkyError
from ._run import run

if t.TYPE_CHECKING:
    from ._run import Resource


def run_module(resource: Resource) -> None:
    """Run a resource as an ordinary module; exits the process."""
    module = AnsibleModule(argument_spec=resource.argument_spec, supports_check_mode=True, **resource.rules)

    def warn(text: str) -> None:
        module.warn(f"account {module.params['account_id']}: {text}")

    try:
        result = run(resource, module.params, check_mode=module.check_mode, warn=warn, tell=module.log)
    except SkyError as error:
        module.fail_json(msg=error.message, steps=error.steps)
    module.exit_json(**result)
