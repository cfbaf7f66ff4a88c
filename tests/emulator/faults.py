# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A WSGI layer that answers chosen AWS API calls with an error, in the shape that AWS gives it."""

from __future__ import annotations

import dataclasses
import fnmatch
import threading
import typing as t

from answers import refuse

from demo.call_log import CALL, Call

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


@dataclasses.dataclass
class Fault:
    """Answer the next ``times`` calls of ``api`` (``iam:CreatePolicy``; globs allowed) in ``account`` (None: any)."""

    api: str
    code: str
    message: str
    status: int
    times: int
    account: str | None

    def matches(self, call: Call) -> bool:
        return fnmatch.fnmatchcase(call.api, self.api) and self.account in (
            None,
            call.account,
        )


class Faults:
    """WSGI middleware inside the call log. Of several faults that match, the oldest answers first."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        call = environ.get(CALL)
        fault = self._take(call) if call else None
        if call is None or fault is None:
            return self._app(environ, start_response)
        return refuse(environ, start_response, call, fault.status, fault.code, fault.message)

    def _take(self, call: Call) -> Fault | None:
        """The fault to answer with, used up by one."""
        with self._lock:
            fault = next((fault for fault in self._faults if fault.matches(call)), None)
            if fault:
                fault.times -= 1
                self._faults = [fault for fault in self._faults if fault.times > 0]
            return fault
