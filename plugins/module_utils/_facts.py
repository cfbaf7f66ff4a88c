# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS's values as results show them: JSON types only. PRIVATE to the collection."""

from __future__ import annotations

import datetime


def timestamp(value: datetime.datetime | str | None) -> str | None:
    """A point in time as ISO 8601 text; None stays None (not known before the call)."""
    return value.isoformat() if isinstance(value, datetime.datetime) else value
