# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which part of an account each module manages, by the registry of nouns. Pure. PRIVATE to the collection."""

from __future__ import annotations

from ansible_collections.sky.aws.plugins.plugin_utils._nouns import NOUNS

#: By module; one that manages nothing has no part.
BY_MODULE = {noun.module: noun for noun in NOUNS.values() if noun.key}
#: In the order of the table.
PARTS = tuple(dict.fromkeys(noun.part for noun in BY_MODULE.values()))
