# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The accounts of an AWS Organization as an inventory. PRIVATE to the collection."""
