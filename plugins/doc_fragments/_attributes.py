# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module supports. PRIVATE to the collection."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes; each module states its support."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Makes no write call and returns the same keys and the same C(steps) as the real run.
  diff_mode:
    description: Returns what changes in C(diff), policy documents as documents.
  idempotent:
    description: When run twice in a row, the second run changes nothing and makes no write call.
  action_group:
    description: Takes options from C(module_defaults) of the group C(sky.aws.aws).
"""
