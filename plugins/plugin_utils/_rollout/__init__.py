# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollout as data, and its screens. PRIVATE to the collection."""
