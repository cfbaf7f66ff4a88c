# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options checked against an argument_spec by Ansible. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.sky.aws.plugins.module_utils._errors import BadInput
from ansible_collections.sky.aws.plugins.module_utils._plan import argument_spec

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ansible.module_utils.common.arg_spec import ValidationResult

    from ansible_collections.sky.aws.plugins.module_utils._plan import Resource


def check(resource: Resource, options: Mapping[str, t.Any]) -> ValidationResult:
    """What Ansible says of the options of a module.

    :raises BadInput: Ansible's check itself breaks, as it does on a number where a dictionary belongs. The line does not
        quote Ansible, whose text may hold the value.
    """
    validator = ArgumentSpecValidator(argument_spec(resource), **resource.SPEC_RULES)
    try:
        return validator.validate(options)
    except (TypeError, ValueError, OverflowError) as error:
        kind = type(error).__name__
        line = f"an option has a value that Ansible cannot check ({kind}); compare each with its type in ansible-doc"
        raise BadInput([line]) from error
