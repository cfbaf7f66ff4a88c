# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The access key of a user: found, planned, issued, delivered. PRIVATE to the collection."""
