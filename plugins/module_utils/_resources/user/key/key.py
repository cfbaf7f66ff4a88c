# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An access key, as IAM lists it and as IAM makes it. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime


@dataclasses.dataclass(frozen=True)
class Key:
    """An access key as IAM lists it. ``used`` is None where nobody asked."""

    id: str
    status: str
    created: datetime.datetime
    used: bool | None = None

    @property
    def active(self) -> bool:
        return self.status == "Active"


@dataclasses.dataclass(frozen=True, repr=False)
class NewKey:
    """A key just made, with its secret: without a repr, so that no trace or message can show it."""

    id: str
    secret: str
    status: str
    created: datetime.datetime
