# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who calls: the principal behind an access key id, with its policies, as moto keeps them in this process.

Everything is read anew for each call, so no change of IAM is ever missed. It costs 20 to 50 microseconds: the documents
stay text here, and what is remembered is remembered by that text.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition

from demo.launch import MANAGEMENT

if t.TYPE_CHECKING:
    from collections.abc import Iterator

#: What the management key may do, to which IAM asks no policy: everything.
EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


class UnknownKey(Exception):
    """An access key id that nobody has, that is inactive, or whose session token is another."""


@dataclasses.dataclass(frozen=True)
class Principal:
    """``kind`` is ``root``, ``user`` or ``role``.

    ``arn`` is the caller's, of a role that of the session; ``source`` is that of the user or role. ``secret`` signs its
    requests. The policies are JSON texts.
    """

    kind: str
    account: str
    arn: str
    source: str
    secret: str
    policies: tuple[str, ...] = ()
    boundary: str | None = None


def principal(access_key: str, account: str, region: str, token: str | None) -> Principal:
    """The principal of an access key id in an account; ``token`` is the session token that came with it.

    :raises UnknownKey: there is no such key, or it is not in force.
    """
    partition = get_partition(region)
    if access_key == MANAGEMENT["aws_access_key_id"]:
        root = f"arn:{partition}:iam::{account}:root"
        return Principal("root", account, root, root, MANAGEMENT["aws_secret_access_key"], (EVERYTHING,))
    backend = iam_backends[account][partition]
    key = backend.access_keys.get(access_key)
    if key is None or key.status != "Active":
        raise UnknownKey(access_key)
    if key.role_arn:
        return _session(access_key, account, partition, token)
    user = backend.users.get(key.user_name)
    if user is None or token:
        raise UnknownKey(access_key)
    holders = [user, *(group for group in list(backend.groups.values()) if user in group.users)]
    texts = tuple(text for holder in holders for text in _documents(holder))
    boundary = _boundary(backend, (getattr(user, "permissions_boundary", None) or {}).get("PermissionsBoundaryArn"))
    return Principal("user", account, user.arn, user.arn, key.secret_access_key, texts, boundary)


def _session(access_key: str, account: str, partition: str, token: str | None) -> Principal:
    """A session of a role. It ends with its role: one that was deleted has no rights left."""
    sessions = sts_backends[account][partition].assumed_roles
    session = next((one for one in reversed(sessions) if one.access_key_id == access_key), None)
    if session is None or session.session_token != token:
        raise UnknownKey(access_key)
    backend = iam_backends[account][partition]
    role = next((role for role in list(backend.roles.values()) if role.arn == session.role_arn), None)
    documents = tuple(_documents(role)) if role else ()
    boundary = _boundary(backend, role.permissions_boundary_arn) if role else None
    return Principal("role", account, session.arn, session.role_arn, session.secret_access_key, documents, boundary)


def _documents(holder: t.Any) -> Iterator[str]:
    """The documents of a user, role or group: inline ones and the default versions of the attached ones."""
    yield from list(holder.policies.values())
    for policy in list(holder.managed_policies.values()):
        yield default_document(policy)


def default_document(policy: t.Any) -> str:
    return str(next(version.document for version in policy.versions if version.version_id == policy.default_version_id))


def _boundary(backend: t.Any, arn: str | None) -> str | None:
    """A boundary that is missing allows nothing."""
    if not arn:
        return None
    policy = backend.managed_policies.get(arn)
    return default_document(policy) if policy else json.dumps({"Version": "2012-10-17", "Statement": []})
