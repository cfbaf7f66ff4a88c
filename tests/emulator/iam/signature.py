# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a request is signed with a secret: signature version 4, computed again by botocore's own code."""

from __future__ import annotations

import hmac
import io
import re
import typing as t

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

if t.TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

_AUTHORIZATION = re.compile(
    r"Credential=(?P<key>[^/]+)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/.*"
    r"SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>\w+)"
)


def is_signed_with(environ: WSGIEnvironment, secret: str) -> bool:
    """:raises ValueError: the signature is not in a header (a presigned URL), which no test of ours needs."""
    found = _AUTHORIZATION.search(environ.get("HTTP_AUTHORIZATION", ""))
    if not found:
        raise ValueError("only signatures in the Authorization header are checked")
    headers = {name: _header(environ, name) for name in found["headers"].split(";")}
    request = AWSRequest(
        method=environ["REQUEST_METHOD"],
        url=f"http://{environ['HTTP_HOST']}{environ['RAW_URI']}",
        headers=headers,
        data=b"" if "x-amz-content-sha256" in headers else _body(environ),
    )
    request.context["timestamp"] = _header(environ, "x-amz-date")
    kind = S3SigV4Auth if found["service"] == "s3" else SigV4Auth
    auth = kind(Credentials(found["key"], secret), found["service"], found["region"])
    signature = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    return hmac.compare_digest(signature, found["signature"])


def _header(environ: WSGIEnvironment, name: str) -> str:
    key = name.upper().replace("-", "_")
    return str(environ.get(key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}", ""))


def _body(environ: WSGIEnvironment) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body
