# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A WSGI layer that makes the emulated AWS eventually consistent: what is new is not seen for some seconds.

Meanwhile a call that names it gets AWS's own error, a list that asks for it is empty, and its name is taken.
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
"""

from __future__ import annotations

import dataclasses
import fnmatch
import re
import threading
import time
import typing as t

from answers import Answer, refuse, taken
from moto.utilities.utils import get_partition

from demo.call_log import CALL, Call

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

#: An error: code, HTTP status, text with the name in it.
Error = tuple[str, int, str]

PROFILE_FOR_EC2 = "Value ({0}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"
ROLE_FOR_EC2 = 'IAM Instance Profile "{0}" has no associated IAM Roles'
EMPTY = (
    '<{0}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>unseen</requestId><{1}/></{0}Response>'
)


@dataclasses.dataclass(frozen=True)
class Noun:
    """A kind of thing: the call that makes it, and where calls name it.

    ``named`` is the parameter of the making call with the name, or a pattern of its answer. ``errors`` are those of
    calls, by the api (a glob) and the parameter (a glob) that names it. ``lists`` are calls that find it by the value
    of a filter, which the making call has in ``listed``, with the element that is empty then.
    """

    made_by: str
    named: str | re.Pattern[bytes]
    errors: Mapping[tuple[str, str], Error]
    lists: Mapping[str, str] = dataclasses.field(default_factory=dict)
    listed: str = ""

    def names(self, call: Call, answer: Answer) -> list[str]:
        """What the call made."""
        if not isinstance(self.named, str):
            return [found.decode() for found in self.named.findall(answer.body)]
        name = call.params[self.named]
        if self.made_by != "iam:CreatePolicy":
            return [name]
        return [f"arn:{get_partition(call.region)}:iam::{call.account}:policy{call.params.get('Path', '/')}{name}"]


def _missing(what: str) -> Error:
    return ("NoSuchEntity", 404, what)


NOUNS = {
    "user": Noun(
        "iam:CreateUser", "UserName", {("iam:*", "UserName"): _missing("The user with name {0} cannot be found.")}
    ),
    "role": Noun(
        "iam:CreateRole", "RoleName", {("iam:*", "RoleName"): _missing("The role with name {0} cannot be found.")}
    ),
    "policy": Noun(
        "iam:CreatePolicy",
        "PolicyName",
        {("iam:*", "PolicyArn"): _missing("Policy {0} does not exist or is not attachable.")},
    ),
    "profile": Noun(
        "iam:CreateInstanceProfile",
        "InstanceProfileName",
        {
            ("iam:*", "InstanceProfileName"): _missing("Instance Profile {0} cannot be found."),
            ("ec2:RunInstances", "IamInstanceProfile.Name"): ("InvalidParameterValue", 400, PROFILE_FOR_EC2),
        },
    ),
    "role in profile": Noun(
        "iam:AddRoleToInstanceProfile",
        "InstanceProfileName",
        {("ec2:RunInstances", "IamInstanceProfile.Name"): ("InvalidParameterValue", 400, ROLE_FOR_EC2)},
    ),
    "group": Noun(
        "ec2:CreateSecurityGroup",
        re.compile(rb"<groupId>(sg-[0-9a-f]+)</groupId>"),
        {
            ("ec2:*", "GroupId"): ("InvalidGroup.NotFound", 400, "The security group '{0}' does not exist"),
            ("ec2:*", "GroupId.*"): ("InvalidGroup.NotFound", 400, "The security group '{0}' does not exist"),
            ("ec2:*", "SecurityGroupId.*"): ("InvalidGroup.NotFound", 400, "The security group '{0}' does not exist"),
        },
        {"ec2:DescribeSecurityGroups": "securityGroupInfo"},
        "GroupName",
    ),
    "instance": Noun(
        "ec2:RunInstances",
        re.compile(rb"<instanceId>(i-[0-9a-f]+)</instanceId>"),
        {
            ("ec2:*", f"{name}"): ("InvalidInstanceID.NotFound", 400, "The instance ID '{0}' does not exist")
            for name in ("InstanceId", "InstanceId.*", "ResourceId.*")
        },
        {"ec2:DescribeInstances": "reservationSet"},
        "TagSpecification.1.Tag.*.Value",
    ),
}


@dataclasses.dataclass
class Lag:
    """What ``nouns`` name (none: all) is seen ``seconds`` after it was made, by calls of ``apis`` (a glob)."""

    seconds: float
    account: str | None = None
    nouns: list[str] = dataclasses.field(default_factory=list)
    apis: str = "*"

    def __post_init__(self) -> None:
        """:raises KeyError: a noun that is not in NOUNS."""
        self.nouns = [noun for noun in self.nouns or NOUNS if NOUNS[noun]]

    def covers(self, account: str, noun: str) -> bool:
        return self.account in (None, account) and noun in self.nouns


@dataclasses.dataclass(frozen=True)
class New:
    """Something that is not seen until a time of the monotonic clock; ``listed`` are the values it is found by."""

    account: str
    noun: Noun
    name: str
    listed: frozenset[str]
    until: float
    apis: str

    def error(self, call: Call) -> Error | None:
        """The error of a call that names it."""
        for (api, parameter), error in self.noun.errors.items():
            if fnmatch.fnmatchcase(call.api, api) and self.name in _values(call, parameter):
                return error
        return None

    def is_listed(self, call: Call) -> bool:
        asked = _values(call, "Filter.*.Value.*")
        return call.api in self.noun.lists and not self.listed.isdisjoint(asked)


class Visibility:
    """WSGI middleware. Nothing is late until ``add``."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._lags: list[Lag] = []
        self._new: list[New] = []
        self._once: set[str] = set()
        self._lock = threading.Lock()

    def add(self, **fields: t.Any) -> None:
        """Add a Lag with these fields; raises what it raises."""
        lag = Lag(**fields)
        with self._lock:
            self._lags.append(lag)

    def clear(self) -> None:
        """All is seen, and nothing is late any more."""
        with self._lock:
            self._lags.clear()
            self._new.clear()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        call = environ.get(CALL)
        if call is None or not self._lags:
            return self._app(environ, start_response)
        for new in self._unseen(call):
            error = new.error(call)
            if error:
                code, status, text = error
                return refuse(environ, start_response, call, status, code, text.format(new.name))
            if new.is_listed(call):
                start_response("200 OK", [("Content-Type", "text/xml")])
                return [EMPTY.format(call.action, new.noun.lists[call.api]).encode()]
        answer = taken(self._app, environ)
        if answer.ok:
            self._note(call, answer)
        return answer.give(start_response)

    def _unseen(self, call: Call) -> list[New]:
        """What this call does not see. The call that makes it does: the name is taken at once."""
        with self._lock:
            self._new = [new for new in self._new if new.until > time.monotonic()]
            here = [new for new in self._new if new.account == call.account and call.api != new.noun.made_by]
            return [new for new in here if fnmatch.fnmatchcase(call.api, new.apis)]

    def _note(self, call: Call, answer: Answer) -> None:
        made = [(key, noun) for key, noun in NOUNS.items() if noun.made_by == call.api]
        with self._lock:
            for lag in self._lags:
                for key, noun in made:
                    if lag.covers(call.account, key):
                        self._new += self._hidden(lag, noun, call, answer)

    def _hidden(self, lag: Lag, noun: Noun, call: Call, answer: Answer) -> list[New]:
        """An answer that is repeated for a ClientToken makes nothing new."""
        repeated = {name for name in noun.names(call, answer) if name in self._once}
        names = set(noun.names(call, answer)) - repeated
        if noun.made_by == "ec2:RunInstances":
            self._once |= names
        listed = frozenset(_values(call, noun.listed)) if noun.listed else frozenset()
        until = time.monotonic() + lag.seconds
        return [New(call.account, noun, name, listed, until, lag.apis) for name in names]


def _values(call: Call, parameter: str) -> list[str]:
    return [str(value) for name, value in call.params.items() if fnmatch.fnmatchcase(name, parameter)]
