# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A WSGI layer for the states of instances: they take their time, and not every call goes in every state.

moto's instances are in the next state at once, and start again after they were terminated.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
"""

from __future__ import annotations

import dataclasses
import threading
import time
import typing as t

from answers import refuse, taken
from moto.ec2.models import ec2_backends
from tokens import INSTANCE_ID

from demo.call_log import CALL, Call

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

#: What a call makes of an instance at first, and in the end, with EC2's codes of the states.
CHANGES = {
    "ec2:RunInstances": (("pending", 0), ("running", 16)),
    "ec2:StartInstances": (("pending", 0), ("running", 16)),
    "ec2:StopInstances": (("stopping", 64), ("stopped", 80)),
    "ec2:TerminateInstances": (("shutting-down", 32), ("terminated", 48)),
}
#: The states in which EC2 does not take a call, and its word for what cannot be done.
REFUSES = {
    "ec2:StartInstances": (("stopping", "shutting-down", "terminated"), "started"),
    "ec2:StopInstances": (("pending", "shutting-down", "terminated"), "stopped"),
}


@dataclasses.dataclass
class Change:
    """A state that an instance, moto's own object, gets at a time of the monotonic clock."""

    at: float
    instance: t.Any
    state: tuple[str, int]


class States:
    """WSGI middleware. ``take`` sets how many seconds each change of state takes from now on; none at first."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._seconds: dict[str | None, float] = {}
        self._changes: list[Change] = []
        self._lock = threading.Lock()

    def take(self, seconds: float, account: str | None = None) -> None:
        """In the account, or in all."""
        with self._lock:
            self._seconds[account] = seconds

    def clear(self) -> None:
        """Changes take no time, and those under way are over."""
        with self._lock:
            self._seconds.clear()
            self._settle(float("inf"))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        call = environ.get(CALL)
        if call is None or call.service != "ec2":
            return self._app(environ, start_response)
        with self._lock:
            self._settle(time.monotonic())
        refused = self._refused(call)
        if refused:
            return refuse(environ, start_response, call, 400, "IncorrectInstanceState", refused)
        seconds = self._seconds.get(call.account, self._seconds.get(None, 0))
        if call.api not in CHANGES or not seconds:
            return self._app(environ, start_response)
        before = {instance.id: instance.state for instance in _instances(call)}
        answer = taken(self._app, environ)
        ids = {found.decode() for found in INSTANCE_ID.findall(answer.body)} if answer.ok else set()
        there = [state for state, _ in CHANGES[call.api]]
        with self._lock:
            for instance in _instances(call):
                if instance.id in ids and before.get(instance.id) not in there:
                    self._begin(instance, call.api, time.monotonic() + seconds)
        return answer.give(start_response)

    def _refused(self, call: Call) -> str | None:
        if call.api not in REFUSES:
            return None
        states, verb = REFUSES[call.api]
        ids = [value for name, value in call.params.items() if name.startswith("InstanceId.")]
        wrong = [instance.id for instance in _instances(call) if instance.id in ids and instance.state in states]
        return f"The instance '{wrong[0]}' is not in a state from which it can be {verb}." if wrong else None

    def _begin(self, instance: t.Any, api: str, at: float) -> None:
        first, last = CHANGES[api]
        self._changes = [change for change in self._changes if change.instance is not instance]
        _set(instance, first)
        self._changes.append(Change(at, instance, last))

    def _settle(self, now: float) -> None:
        for change in self._changes:
            if change.at <= now:
                _set(change.instance, change.state)
        self._changes = [change for change in self._changes if change.at > now]


def _instances(call: Call) -> list[t.Any]:
    reservations = list(ec2_backends[call.account][call.region].reservations.values())
    return [instance for reservation in reservations for instance in reservation.instances]


def _set(instance: t.Any, state: tuple[str, int]) -> None:
    instance._state.name, instance._state.code = state
