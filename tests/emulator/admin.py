# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A WSGI layer with the emulator's own endpoints under /__emulator/: its call log and its weather."""

from __future__ import annotations

import json
import socket
import threading
import typing as t

import networks
import organizations
from werkzeug.wrappers import Request, Response

from demo.call_log import Call

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from weather import Weather


class Calls:
    """A sink of the call log that keeps the calls."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._lock = threading.Lock()

    def __call__(self, call: Call) -> None:
        with self._lock:
            self._calls.append(call)

    def shown(self) -> list[dict[str, t.Any]]:
        """The calls in the order of their answers, with their parameters."""
        with self._lock:
            return [{**call.shown(), "params": call.params} for call in self._calls]

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()


class Admin:
    """WSGI middleware, the outermost: nothing of it is in the log.

    ``GET`` and ``DELETE /__emulator/calls``; ``POST /__emulator/faults`` with the fields of Fault, ``/__emulator/lags``
    with those of Lag, ``/__emulator/states`` with the arguments of States.take; ``DELETE /__emulator/faults`` ends all
    three; ``POST /__emulator/networks`` with the arguments of networks.build, ``/__emulator/organization`` with those of
    organizations.build, whose result it answers; ``POST /__emulator/clock`` with those of Clock.set.
    """

    def __init__(self, app: WSGIApplication, calls: Calls, weather: Weather) -> None:
        from clock import Clock  # it imports moto, and the images come first

        self._app = app
        self._calls = calls
        self._weather = weather
        self._clock = Clock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not environ.get("PATH_INFO", "").startswith("/__emulator/"):
            return self._pass_on(environ, start_response)
        return self._answer(Request(environ))(environ, start_response)

    def _pass_on(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """An AWS call; one without an answer ends only here, where the log has it."""
        try:
            return self._app(environ, start_response)
        except ConnectionResetError:
            # werkzeug would wait for another request on the connection.
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise

    def _answer(self, request: Request) -> Response:
        match request.method, request.path.removeprefix("/__emulator/"):
            case "GET", "calls":
                return json_response(self._calls.shown())
            case "DELETE", "calls":
                self._calls.clear()
            case "POST", "faults":
                self._weather.faults.add(**request.get_json())
            case "POST", "lags":
                self._weather.visibility.add(**request.get_json())
            case "POST", "states":
                self._weather.states.take(**request.get_json())
            case "DELETE", "faults":
                self._weather.clear()
            case "POST", "clock":
                self._clock.set(**request.get_json())
            case "POST", "networks":
                networks.build(**request.get_json())
            case "POST", "organization":
                return json_response(organizations.build(**request.get_json()))
            case _:
                return Response("unknown endpoint of the emulator", status=404)
        return json_response({})


def json_response(data: t.Any) -> Response:
    return Response(json.dumps(data), content_type="application/json")
