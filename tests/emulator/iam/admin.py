# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A WSGI layer with the endpoints of an enforcing emulator: its checks, accounts, and credentials of instances."""

from __future__ import annotations

import typing as t

from admin import json_response
from werkzeug.wrappers import Request, Response

from .members import NoCredentials, instance_credentials, make_access_role

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from .enforcement import Decisions
    from .evaluator import Evaluator


class IamAdmin:
    """WSGI middleware: ``GET`` and ``DELETE /__emulator/checks``, ``POST /__emulator/accounts`` and
    ``/__emulator/instance-credentials`` with the keyword arguments of what they call.
    """

    def __init__(self, app: WSGIApplication, evaluator: Evaluator, decisions: Decisions) -> None:
        self._app = app
        self._evaluator = evaluator
        self._decisions = decisions

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not environ.get("PATH_INFO", "").startswith("/__emulator/"):
            return self._app(environ, start_response)
        answer = self._answer(Request(environ))
        return (answer or self._app)(environ, start_response)

    def _answer(self, request: Request) -> Response | None:
        """None for an endpoint that is not one of these."""
        match request.method, request.path.removeprefix("/__emulator/"):
            case "GET", "checks":
                return json_response(self._decisions.shown())
            case "DELETE", "checks":
                self._decisions.clear()
            case "POST", "accounts":
                make_access_role(**request.get_json())
            case "POST", "instance-credentials":
                try:
                    return json_response(instance_credentials(**request.get_json(), evaluator=self._evaluator))
                except NoCredentials as error:
                    return Response(str(error), status=409)
            case _:
                return None
        return json_response({})
