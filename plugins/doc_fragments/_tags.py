# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags. PRIVATE to the collection."""

from __future__ import annotations


class ModuleDocFragment:
    """Options for tags."""

    DOCUMENTATION = r"""
options:
  tags:
    description:
      - Tags to add or correct, as a dictionary.
      - Keys that start with C(aws:) or C(sky.aws/) are refused; the first are AWS's, the second the collection's.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether tags that are not in O(tags) are removed. AWS's tags and the collection's own stay always.
    type: bool
    default: false
"""
