# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A WSGI layer for what AWS does and moto does not, where that decides between allowed and refused.

It is no enforcement: each mend stands alone.
"""

from __future__ import annotations

import io
import json
import typing as t
import urllib.parse

import moto.iam.models
from answers import refuse
from iam.members import make_access_role
from iam.state import find_profile
from moto.iam.models import iam_backends
from moto.organizations.models import organizations_backends
from moto.utilities.utils import get_partition

from demo.call_log import CALL, Call

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

#: Parameters that hold a policy document.
DOCUMENTS = ("PolicyDocument", "AssumeRolePolicyDocument")
SPOT = "spot.amazonaws.com"
USER_BOUNDARY = ("iam:PutUserPermissionsBoundary", "iam:DeleteUserPermissionsBoundary")
BOUNDARY_ANSWER = (
    '<{0}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>mend</RequestId>'
    "</ResponseMetadata></{0}Response>"
)


class Mends:
    """WSGI middleware around moto."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        # The role is AWSServiceRoleForEC2Spot; moto makes it AWSServiceRoleForspot.
        moto.iam.models.SERVICE_NAME_CONVERSION["spot"] = "EC2Spot"

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        call = environ.get(CALL)
        if call is None:
            return self._app(environ, start_response)
        if call.api == "ec2:RunInstances":
            refused = _launch(call)
            if refused:
                return refuse(environ, start_response, call, 400, "InvalidParameterValue", refused)
        if call.service == "iam":
            _give_version(call, environ)
            missing = _missing(call)
            if missing:
                return refuse(environ, start_response, call, 404, "NoSuchEntity", missing)
        if call.api in USER_BOUNDARY:
            _set_boundary(call)
            start_response("200 OK", [("Content-Type", "text/xml")])
            return [BOUNDARY_ANSWER.format(call.action).encode()]
        if call.api == "organizations:CreateAccount" or (
            call.api == "iam:CreateUser" and call.params.get("PermissionsBoundary")
        ):
            return self._then_mended(call, environ, start_response)
        return self._app(environ, start_response)

    def _then_mended(self, call: Call, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        statuses: list[str] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: t.Any = None) -> t.Any:
            statuses.append(status)
            return start_response(status, headers, exc_info)

        body = b"".join(self._app(environ, t.cast("StartResponse", start)))
        if statuses[-1].startswith("200"):
            if call.api == "iam:CreateUser":
                _set_boundary(call)
            else:
                _make_access_roles(call)
        return [body]


def _launch(call: Call) -> str | None:
    """EC2's words for a profile that is missing, where moto has IAM's. A first Spot launch makes the role for Spot."""
    for parameter in ("Name", "Arn"):
        given = call.params.get(f"IamInstanceProfile.{parameter}")
        if given and not find_profile(call.account, get_partition(call.region), given):
            noun = "name" if parameter == "Name" else "ARN"
            return (
                f"Value ({given}) for parameter iamInstanceProfile.{parameter.lower()} is invalid. "
                f"Invalid IAM Instance Profile {noun}"
            )
    if call.params.get("InstanceMarketOptions.MarketType") == "spot" and call.params.get("DryRun") != "true":
        backend = iam_backends[call.account][get_partition(call.region)]
        if not any(role.name == "AWSServiceRoleForEC2Spot" for role in backend.roles.values()):
            backend.create_service_linked_role(SPOT, "", "")
    return None


def _give_version(call: Call, environ: WSGIEnvironment) -> None:
    """AWS takes policies without Version, as of 2008-10-17; moto takes 2012-10-17 only.

    The versions differ in policy variables, so a document with ``${`` is left as it is.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
    """
    changed = {name: _versioned(call.params[name]) for name in DOCUMENTS if call.params.get(name)}
    if all(call.params[name] == document for name, document in changed.items()):
        return
    form = {"Action": call.action, "Version": "2010-05-08", **call.params, **changed}
    body = urllib.parse.urlencode(form).encode()
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))


def _versioned(document: str) -> str:
    try:
        policy = json.loads(document)
    except ValueError:
        return document  # moto says so
    if not isinstance(policy, dict) or policy.get("Version", "2008-10-17") != "2008-10-17" or "${" in document:
        return document
    return json.dumps({**policy, "Version": "2012-10-17"})


def _missing(call: Call) -> str | None:
    """AWS's words for a boundary that does not exist, which moto takes, or for a user whose boundary is to change."""
    boundary = call.params.get("PermissionsBoundary")
    policies = iam_backends[call.account][get_partition(call.region)].managed_policies
    if boundary and boundary not in policies:
        return f"Scope ARN: {boundary} does not exist or is not attachable."
    if call.api in USER_BOUNDARY and not _user(call):
        return f"The user with name {call.params.get('UserName')} cannot be found."
    return None


def _user(call: Call) -> t.Any:
    return iam_backends[call.account][get_partition(call.region)].users.get(call.params.get("UserName"))


def _set_boundary(call: Call) -> None:
    """moto knows boundaries of roles only. Its answers about the user show the attribute."""
    arn = call.params.get("PermissionsBoundary")
    boundary = {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn}
    _user(call).permissions_boundary = boundary if arn else None


def _make_access_roles(call: Call) -> None:
    """Each account that Organizations makes has the role."""
    name = call.params.get("RoleName") or None
    for account in organizations_backends[call.account]["aws"].accounts:
        if account.id != call.account:
            make_access_role(account.id, call.account, **({"name": name} if name else {}))
