# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers that make AWS as it is on a bad day: faults > visibility > states > ClientTokens > repeats.

Without a word from a test there are the last two only, and the calls that a state of an instance does not allow.
"""

from __future__ import annotations

import typing as t

from answers import refuse
from faults import Faults
from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition
from states import States
from tokens import Tokens
from visibility import Visibility

from demo.call_log import CALL, Call

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class Repeats:
    """WSGI middleware: a role that is not in the profile any more is AWS's error; moto fails over it."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        call = environ.get(CALL)
        if call is None or call.api != "iam:RemoveRoleFromInstanceProfile" or _holds_role(call):
            return self._app(environ, start_response)
        text = f"Role {call.params.get('RoleName')} is not in the instance profile."
        return refuse(environ, start_response, call, 404, "NoSuchEntity", text)


def _holds_role(call: Call) -> bool:
    """True as well for a profile that there is not, about which moto says the right thing."""
    profiles = list(iam_backends[call.account][get_partition(call.region)].instance_profiles.values())
    found = next((one for one in profiles if one.name == call.params.get("InstanceProfileName")), None)
    return found is None or call.params.get("RoleName") in [role.name for role in found.roles]


class Weather:
    """WSGI middleware inside the call log."""

    def __init__(self, app: WSGIApplication) -> None:
        self.states = States(Tokens(Repeats(app)))
        self.visibility = Visibility(self.states)
        self.faults = Faults(self.visibility)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self.faults(environ, start_response)

    def clear(self) -> None:
        """No faults, nothing is late, and instances change their states at once."""
        self.faults.clear()
        self.visibility.clear()
        self.states.clear()
