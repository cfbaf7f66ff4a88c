# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A WSGI layer that disturbs chosen AWS API calls: errors in the shape that AWS gives them, no answer, a late one."""

from __future__ import annotations

import dataclasses
import fnmatch
import random
import threading
import time
import typing as t

from answers import Answer, refuse, taken

from demo.call_log import CALL, Call

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

KINDS = ("error", "reset", "hang", "slow", "torn")
MOMENTS = ("before", "after")


@dataclasses.dataclass
class Fault:
    """Disturb calls of ``api`` (``iam:CreatePolicy``; globs allowed) in ``account`` (None: any).

    ``given`` are globs that parameters of the call must match: ``{"SubnetId": "subnet-1*"}``. The first ``skip`` calls
    that match pass; of those that follow, ``times`` are disturbed (None: all), each with ``probability``. Which they
    are depends on ``seed``, the account, the api and how many came before, not on what other accounts do meanwhile.

    ``kind``: ``error`` answers with ``code``; ``reset`` closes the connection without an answer; ``hang`` does so
    after ``seconds``; ``slow`` answers as always, after ``seconds``; ``torn`` answers as always, without the end of the
    body. ``when``: ``after`` lets the call take effect first, and its answer is lost.
    """

    api: str
    code: str = ""
    message: str = "injected"
    status: int = 400
    times: int | None = 1
    account: str | None = None
    kind: str = "error"
    when: str = "before"
    probability: float = 1.0
    seed: int = 0
    skip: int = 0
    seconds: float = 0
    given: Mapping[str, str] = dataclasses.field(default_factory=dict)
    met: dict[tuple[str, str], int] = dataclasses.field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """:raises ValueError: a kind, or a moment, that there is not, or an error without a code."""
        if self.kind not in KINDS or self.when not in MOMENTS or (self.kind == "error" and not self.code):
            raise ValueError(f"no such fault: {self}")

    def strikes(self, call: Call) -> bool:
        """Whether this call is disturbed; counts it."""
        if not self._matches(call):
            return False
        if self.skip:
            self.skip -= 1
            return False
        place = (call.account, call.api)
        number = self.met[place] = self.met.get(place, 0) + 1
        chance = random.Random(f"{self.seed} {call.account} {call.api} {number}")  # noqa: S311 - to be repeated
        if chance.random() >= self.probability:
            return False
        self.times = None if self.times is None else self.times - 1
        return True

    def _matches(self, call: Call) -> bool:
        return (
            self.times != 0
            and fnmatch.fnmatchcase(call.api, self.api)
            and self.account in (None, call.account)
            and all(fnmatch.fnmatchcase(str(call.params.get(name, "")), glob) for name, glob in self.given.items())
        )


class Faults:
    """WSGI middleware inside the call log. Of several faults that match, the oldest comes first."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, **fields: t.Any) -> None:
        """Add a Fault with these fields; raises what it raises."""
        fault = Fault(**fields)
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        call = environ.get(CALL)
        fault = self._strike(call) if call else None
        if call is None or fault is None:
            return self._app(environ, start_response)
        if fault.kind == "slow":
            time.sleep(fault.seconds)
            return self._app(environ, start_response)
        if fault.kind == "torn":
            return _torn(taken(self._app, environ)).give(start_response)
        if fault.when == "after":
            taken(self._app, environ)
        if fault.kind == "error":
            return refuse(environ, start_response, call, fault.status, fault.code, fault.message)
        time.sleep(fault.seconds)
        raise ConnectionResetError(f"injected: {call.api} has no answer")

    def _strike(self, call: Call) -> Fault | None:
        with self._lock:
            return next((fault for fault in self._faults if fault.strikes(call)), None)


def _torn(answer: Answer) -> Answer:
    """An answer that is all there to HTTP, and breaks off within the last tag of its XML or JSON."""
    body = answer.body.rstrip()[:-3]
    headers = [(name, value) for name, value in answer.headers if name.lower() != "content-length"]
    return Answer(answer.status, [*headers, ("Content-Length", str(len(body)))], body)
