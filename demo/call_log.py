# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A WSGI layer that tells every AWS API call passing through it: who called what, and whether it was a write."""

from __future__ import annotations

import dataclasses
import datetime
import io
import json
import re
import threading
import typing as t
import urllib.parse

if t.TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

#: Where the layers inside this one find the call in the WSGI environment.
CALL = "sky.call"

READS = ("Describe", "List", "Get", "Simulate", "Head", "AssumeRole")

#: The parameters that name what a call is about, the most telling first. A target is a help to the reader of the log.
TARGETS = (
    "InstanceProfileName",
    "UserName",
    "RoleName",
    "GroupName",
    "PolicyArn",
    "PolicyName",
    "RoleArn",
    "AWSServiceName",
    "InstanceId",
    "InstanceId.1",
    "ResourceId.1",
    "GroupId",
    "InternetGatewayId",
    "RouteTableId",
    "SubnetId",
    "VpcId",
    "SecretId",
    "Name",
    "AccountName",
    "AccountId",
    "Bucket",
)

# The credential scope of signature version 4: KEY/DATE/REGION/SERVICE/aws4_request
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html
SCOPE = re.compile(r"Credential=([^/,\s&]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
NAME_TAG = re.compile(r"(TagSpecification\.\d+\.Tag\.\d+)\.Key")
XML_CODE = re.compile(rb"<Code>([^<]+)</Code>")


@dataclasses.dataclass
class Call:
    """One AWS API call.

    ``time`` is its arrival in UTC, ISO 8601. ``account`` is the account of the calling credentials. ``protocol`` is
    ``query``, ``ec2``, ``json`` or ``rest``. ``params`` are as on the wire: ``{"Tags.member.1.Key": "team"}`` for query
    and ec2. ``status`` is that of the HTTP answer, ``error`` the AWS error code in it. ``access_key`` is the id in the
    signature.
    """

    time: str
    account: str
    region: str
    service: str
    action: str
    protocol: str
    params: dict[str, t.Any]
    status: int = 500
    error: str | None = None
    access_key: str = ""

    @property
    def api(self) -> str:
        return f"{self.service}:{self.action}"

    @property
    def write(self) -> bool:
        """Whether it may change something. A refused write is still a write call, a DryRun is not."""
        return not (self.action.startswith(READS) or self.params.get("DryRun") == "true")

    @property
    def target(self) -> str | None:
        """The name, ARN or id of what the call is about, where it is obvious."""
        for key, value in self.params.items():
            found = NAME_TAG.fullmatch(key)
            if found and value == "Name":
                return t.cast("str | None", self.params.get(f"{found[1]}.Value"))
        return next((str(self.params[name]) for name in TARGETS if self.params.get(name)), None)

    def shown(self) -> dict[str, t.Any]:
        """The call as the log shows it, without ``params``: a request may carry a secret."""
        return {
            "time": self.time,
            "account": self.account,
            "service": self.service,
            "region": self.region,
            "action": self.action,
            "api": self.api,
            "write": self.write,
            "target": self.target,
            "status": self.status,
            "error": self.error,
        }


#: The action and the parameters of a REST request, by service.
Router = t.Callable[[str, "WSGIEnvironment"], tuple[str, dict[str, t.Any]]]


def read_call(environ: WSGIEnvironment, account_of: Callable[[str], str], route: Router) -> Call | None:
    """The AWS API call in a request; None if it is none (not signed). The request's body stays readable.

    ``account_of`` gives the account of an access key id. ``route`` reads a REST request.
    """
    query = urllib.parse.unquote(environ.get("QUERY_STRING", ""))
    scope = SCOPE.search(environ.get("HTTP_AUTHORIZATION", "")) or SCOPE.search(query)
    if not scope:
        return None
    access_key, region, service = scope.groups()
    protocol, action, params = _request(environ, service, route)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    account = account_of(access_key)
    return Call(now, account, region, service, action, protocol, params, access_key=access_key)


def _request(environ: WSGIEnvironment, service: str, route: Router) -> tuple[str, str, dict[str, t.Any]]:
    """Protocol, action and parameters of a signed request."""
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        return "json", target.rpartition(".")[2], _json_body(environ)
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        form = dict(urllib.parse.parse_qsl(_body(environ).decode(errors="replace"), keep_blank_values=True))
    else:
        form = dict(urllib.parse.parse_qsl(environ.get("QUERY_STRING", "")))
    if "Action" in form:
        form.pop("Version", None)  # that of the API
        return "ec2" if service == "ec2" else "query", form.pop("Action"), form
    return "rest", *route(service, environ)


def _body(environ: WSGIEnvironment) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _json_body(environ: WSGIEnvironment) -> dict[str, t.Any]:
    try:
        params = json.loads(_body(environ) or b"{}")
    except ValueError:
        return {}  # the server behind says so to the caller
    return params if isinstance(params, dict) else {}


def error_code(body: bytes) -> str | None:
    """The AWS error code in the body of an error answer, XML or JSON; None if there is none (HEAD)."""
    found = XML_CODE.search(body)
    if found:
        return found[1].decode()
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    code = answer.get("__type") or answer.get("code") if isinstance(answer, dict) else None
    return str(code).rpartition("#")[2] if code else None


class CallLog:
    """WSGI middleware: hands every AWS API call to ``sink`` once its answer is known, before the caller has it."""

    def __init__(
        self,
        app: WSGIApplication,
        account_of: Callable[[str], str],
        route: Router,
        sink: Callable[[Call], object],
    ) -> None:
        self._app = app
        self._account_of = account_of
        self._route = route
        self._sink = sink

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        call = read_call(environ, self._account_of, self._route)
        if call is None:
            return self._app(environ, start_response)
        environ[CALL] = call

        def start(status: str, headers: list[tuple[str, str]], exc_info: t.Any = None) -> t.Any:
            call.status = int(status.split()[0])
            return start_response(status, headers, exc_info)

        try:
            answer = self._app(environ, t.cast("StartResponse", start))
            if call.status >= 400:
                body = b"".join(answer)
                call.error = error_code(body)
                answer = [body]
            return answer
        finally:
            self._sink(call)


class JsonLines:
    """A sink that appends each call as one line of JSON to a file, which may be truncated meanwhile."""

    def __init__(self, path: pathlib.Path) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()

    def __call__(self, call: Call) -> None:
        with self._lock:
            self._file.write(json.dumps(call.shown()) + "\n")
