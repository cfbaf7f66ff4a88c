# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS errors as WSGI answers, in the shape of the call's protocol."""

from __future__ import annotations

import json
import typing as t
from xml.sax.saxutils import escape

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from demo.call_log import Call

# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html#api-error-response
EC2 = (
    "<Response><Errors><Error><Code>{}</Code><Message>{}</Message></Error></Errors>"
    "<RequestID>fault</RequestID></Response>"
)
# https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#operation-error-serialization
QUERY = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error>"
    "<RequestId>fault</RequestId></ErrorResponse>"
)
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#RESTErrorResponses
S3 = "<Error><Code>{}</Code><Message>{}</Message><RequestId>fault</RequestId></Error>"


class Answer(t.NamedTuple):
    """What an application answered: the status line, the headers, the body."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def ok(self) -> bool:
        return self.status.startswith("2")

    def give(self, start_response: StartResponse) -> Iterable[bytes]:
        start_response(self.status, self.headers)
        return [self.body]


def taken(app: WSGIApplication, environ: WSGIEnvironment) -> Answer:
    """The application's answer, kept back from the caller."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: t.Any = None) -> t.Any:
        started.append((status, headers))

    body = b"".join(app(environ, t.cast("StartResponse", start)))
    return Answer(*started[-1], body)


def refuse(
    environ: WSGIEnvironment, start_response: StartResponse, call: Call, status: int, code: str, message: str
) -> Iterable[bytes]:
    """Answer with the error. REST in JSON names its code in a header; HEAD has no body."""
    kind, body = _body(call, code, message)
    start_response(
        f"{status} Fault",
        [("Content-Type", kind), ("Content-Length", str(len(body))), ("x-amzn-errortype", code)],
    )
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _body(call: Call, code: str, message: str) -> tuple[str, bytes]:
    """Content type and body of the error."""
    shapes = {"ec2": EC2, "query": QUERY, "rest": S3 if call.service == "s3" else None}
    shape = shapes.get(call.protocol)
    if shape:
        return "text/xml", shape.format(escape(code), escape(message)).encode()
    return "application/x-amz-json-1.1", json.dumps({"__type": code, "message": message}).encode()
