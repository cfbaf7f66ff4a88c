# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What time it is in the emulator: the Date of its answers, and the dates that IAM gives to what is made.

Sessions end by the real time, so none is lost when days go by.
"""

from __future__ import annotations

import datetime
import email.utils

import moto.iam.models
from moto.core.utils import utcnow
from werkzeug.serving import WSGIRequestHandler


class Clock:
    """Real time, and some days. It imports moto, so load the images first."""

    def __init__(self) -> None:
        self._ahead = datetime.timedelta()
        moto.iam.models.utcnow = self._now
        WSGIRequestHandler.date_time_string = lambda _handler, _timestamp=None: self._date()

    def set(self, days: float) -> None:
        """Let it be so many days after the real time."""
        self._ahead = datetime.timedelta(days=days)

    def _now(self) -> datetime.datetime:
        return utcnow() + self._ahead

    def _date(self) -> str:
        """The value of the header Date."""
        return email.utils.format_datetime(self._now().replace(tzinfo=datetime.UTC), usegmt=True)
