# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's version, as in galaxy.yml (a test compares the two). PRIVATE to the collection."""

VERSION = "0.1.0"
