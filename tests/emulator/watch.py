# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""WSGI layers to stop an account at a write call, to know every secret that was given out, and to lead an assume astray."""

from __future__ import annotations

import dataclasses
import io
import re
import threading
import typing as t
import urllib.parse

from admin import json_response
from answers import refuse, taken
from werkzeug.wrappers import Request

from demo.call_log import CALL, Call

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

SECRET = re.compile(rb"<(?:SecretAccessKey|SessionToken)>([^<]+)<")


@dataclasses.dataclass
class Hold:
    """Stops the ``number``-th write call of ``account``, counted from one, ``before`` or ``after`` it takes effect.

    One that is stopped before never takes effect: when it is let go its caller gets an error, if there still is one.
    """

    account: str
    number: int
    when: str
    met: int = 0
    held: str | None = None
    released: threading.Event = dataclasses.field(default_factory=threading.Event)


class Holds:
    """WSGI middleware inside the call log: keeps the answer of a chosen write call until it is told to give it."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._holds: dict[str, Hold] = {}
        self._lock = threading.Lock()

    def add(self, account: str, number: int, when: str) -> None:
        with self._lock:
            self._holds[account] = Hold(account, number, when)

    def shown(self) -> dict[str, str | None]:
        """The api that each account is stopped at, None for one that is still on its way."""
        with self._lock:
            return {hold.account: hold.held for hold in self._holds.values()}

    def release(self) -> None:
        """Let all go."""
        with self._lock:
            for hold in self._holds.values():
                hold.released.set()
            self._holds.clear()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        call = environ.get(CALL)
        hold = self._reached(call) if call and call.write else None
        if call is None or hold is None:
            return self._app(environ, start_response)
        answer = taken(self._app, environ) if hold.when == "after" else None
        hold.held = call.api
        hold.released.wait()
        if answer is None:
            return refuse(environ, start_response, call, 500, "InternalFailure", "held back")
        return answer.give(start_response)

    def _reached(self, call: Call) -> Hold | None:
        with self._lock:
            hold = self._holds.get(call.account)
            if hold is None:
                return None
            hold.met += 1
            return hold if hold.met == hold.number else None


class Issued:
    """WSGI middleware around moto: keeps the secrets and session tokens of all its answers, those that got lost too."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self.secrets: list[str] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        call = environ.get(CALL)
        if call is None or call.action not in ("CreateAccessKey", "AssumeRole"):
            return self._app(environ, start_response)
        answer = taken(self._app, environ)
        self.secrets += [found.decode() for found in SECRET.findall(answer.body)]
        return answer.give(start_response)


class Detours:
    """WSGI middleware: who assumes a role in one account lands in another, as no AWS should do it."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self.to: dict[str, str] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        call = environ.get(CALL)
        if call is not None and call.action == "AssumeRole":
            self._turn(environ, call)
        return self._app(environ, start_response)

    def _turn(self, environ: WSGIEnvironment, call: Call) -> None:
        arn = str(call.params["RoleArn"])
        account = arn.split(":")[4]
        if account in self.to:
            arn = arn.replace(account, self.to[account])
            form = {"Version": "2011-06-15", "Action": call.action, **call.params, "RoleArn": arn}
            body = urllib.parse.urlencode(form).encode()
            environ["wsgi.input"] = io.BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))


class WatchAdmin:
    """WSGI middleware around the other endpoints.

    ``POST /__emulator/holds`` with the arguments of Holds.add, ``GET``, and ``DELETE`` to let all go; ``GET
    /__emulator/secrets``; ``POST /__emulator/detours`` with ``{account: account}``.
    """

    def __init__(self, app: WSGIApplication, holds: Holds, issued: Issued, detours: Detours) -> None:
        self._app = app
        self._holds = holds
        self._issued = issued
        self._detours = detours

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        answer: t.Any = {}
        match request.method, environ.get("PATH_INFO", ""):
            case "POST", "/__emulator/holds":
                self._holds.add(**request.get_json())
            case "GET", "/__emulator/holds":
                answer = self._holds.shown()
            case "DELETE", "/__emulator/holds":
                self._holds.release()
            case "GET", "/__emulator/secrets":
                answer = self._issued.secrets
            case "POST", "/__emulator/detours":
                self._detours.to = request.get_json()
            case _:
                return self._app(environ, start_response)
        return json_response(answer)(environ, start_response)
