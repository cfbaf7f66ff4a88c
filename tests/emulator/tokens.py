# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A WSGI layer that honours the ClientToken of RunInstances as EC2 does; moto launches again.

https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
"""

from __future__ import annotations

import collections
import dataclasses
import re
import threading
import typing as t

from answers import Answer, refuse, taken
from moto.ec2.models import ec2_backends

from demo.call_log import CALL, Call

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

Scope = tuple[str, str, str]

INSTANCE_ID = re.compile(rb"<instanceId>(i-[0-9a-f]+)</instanceId>")
MISMATCH = "Arguments on this idempotent request are inconsistent with arguments used in previous request(s)."
TERMINATED = "The client token you have provided is associated with an instance that is terminated."


@dataclasses.dataclass
class Use:
    """A token: what was asked for with it and, once EC2 took that, the answer. ``lock`` is held while it is asked."""

    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)
    params: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    answer: Answer | None = None

    def is_terminated(self, account: str, region: str) -> bool:
        ids = {found.decode() for found in INSTANCE_ID.findall(self.answer.body if self.answer else b"")}
        reservations = ec2_backends[account][region].reservations.values()
        states = [i.state for one in list(reservations) for i in one.instances if i.id in ids]
        return all(state in ("shutting-down", "terminated") for state in states)


class Tokens:
    """WSGI middleware: a token that was used in the account and region gets the answer, and the instance, it got."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._uses: dict[Scope, Use] = collections.defaultdict(Use)
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") == "/moto-api/reset":
            with self._lock:
                self._uses.clear()
        call = environ.get(CALL)
        token = call.params.get("ClientToken") if call and call.api == "ec2:RunInstances" else None
        if call is None or not token or call.params.get("DryRun") == "true":
            return self._app(environ, start_response)
        with self._lock:
            use = self._uses[(call.account, call.region, token)]
        with use.lock:
            return self._answered(use, call, environ, start_response)

    def _answered(
        self, use: Use, call: Call, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if use.answer is None:
            answer = taken(self._app, environ)
            if answer.ok:
                use.params, use.answer = call.params, answer
            return answer.give(start_response)
        if use.params != call.params:
            return refuse(environ, start_response, call, 400, "IdempotentParameterMismatch", MISMATCH)
        if use.is_terminated(call.account, call.region):
            return refuse(environ, start_response, call, 400, "IdempotentInstanceTerminated", TERMINATED)
        return use.answer.give(start_response)
