# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parameters of a call as botocore takes them, read from the wire by moto's own parsers."""

from __future__ import annotations

import dataclasses
import io
import typing as t

from botocore.model import OperationNotFoundError
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request
from moto.core.utils import get_service_model

from .authorization import UnknownAction

if t.TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from demo.call_log import Call

#: botocore's name of a service, or IAM's where it is not sent as form data, where that of the signature is another.
SERVICES = {"monitoring": "cloudwatch", "tagging": "tag"}
#: REST calls whose body says what they are about; that of the others may be large, and stays unread.
WITH_BODY = ("DeleteObjects",)


def structured(call: Call, environ: WSGIEnvironment) -> Call:
    """The call with parameters like ``{"InstanceIds": ["i-1"]}``, and with IAM's name of its service.

    :raises UnknownAction: botocore knows no such call.
    """
    service = SERVICES.get(call.service, call.service)
    if call.protocol == "json" or (call.protocol == "rest" and service != "s3"):
        return dataclasses.replace(call, service=service)
    try:
        operation = get_service_model(service).operation_model(call.action)
    except (OperationNotFoundError, OSError) as error:
        raise UnknownAction(f"no call {call.api} is known") from error
    if call.protocol in ("ec2", "query"):
        request: dict[str, t.Any] = {"values": call.params}
    else:
        request = _rest(call, environ)
    parser = PROTOCOL_PARSERS["rest-xml" if call.protocol == "rest" else call.protocol](operation)
    return dataclasses.replace(call, service=service, params=parser.parse(request))


def _rest(call: Call, environ: WSGIEnvironment) -> dict[str, t.Any]:
    request = Request(environ)
    body = b""
    if call.action in WITH_BODY:
        body = request.get_data(cache=True, parse_form_data=False)
        environ["wsgi.input"] = io.BytesIO(body)
    return {
        "method": request.method,
        "values": request.args,
        "headers": request.headers,
        "body": body,
        "url_path": request.path,
        "url_params": call.params,
    }
