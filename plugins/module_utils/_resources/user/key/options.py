# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of an access key's delivery, and what can be refused of them without a call. PRIVATE to the collection."""

from __future__ import annotations

import re
import typing as t

from .... import _validate
from ...._files.text_file import path_faults
from . import rotating

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ...._plan import Params


ARGUMENTS: dict[str, t.Any] = {
    # Names with "key" or "secret" in them, none of which is one: masking their values would mangle results.
    "access_key_delivery": {
        "type": "dict",
        "no_log": False,
        "options": {
            "file": {"type": "path"},
            "owner": {"type": "str"},
            "secret": {"type": "str", "no_log": False},
            "reissue": {"type": "bool", "default": False},
            "kms_key_id": {"type": "str", "no_log": False},
            "readers": {"type": "list", "elements": "str"},
            "resource_policy": {"type": "dict"},
            **rotating.ARGUMENTS,
        },
        "required_one_of": [("file", "secret")],
        "mutually_exclusive": [("file", "secret"), ("readers", "resource_policy")],
        "required_by": {
            "owner": "file",
            "kms_key_id": "secret",
            "readers": "secret",
            "resource_policy": "secret",
            **rotating.REQUIRED_BY,
        },
    },
}

_SECRET_NAME = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")
_READERS = "give ARNs of users, roles or accounts (arn:aws:iam::111111111111:root)"


def faults(params: Params) -> list[str]:
    """Faults of the place of delivery and of who may read it."""
    delivery = params["access_key_delivery"]
    if not delivery:
        return []
    return [
        *(path_faults("access_key_delivery.file", delivery["file"]) if delivery["file"] is not None else ()),
        *owner_faults("access_key_delivery.owner", delivery["owner"]),
        *_secret_faults(delivery["secret"]),
        *[fault for reader in delivery["readers"] or () for fault in _reader_faults(reader)],
        *_resource_policy_faults(delivery["resource_policy"]),
        *rotating.faults(delivery),
    ]


def owner_faults(option: str, owner: object) -> list[str]:
    """Faults of the name of the user whose own file takes the key; whether there is one is the machine's to say."""
    if owner is None or (isinstance(owner, str) and owner and owner.isprintable()):
        return []
    return [f"{option}: {str(owner)[:80]!r} is not the name of a user; give the name of one on the machine of the file"]


def _secret_faults(name: str | None) -> list[str]:
    if name is None or _SECRET_NAME.fullmatch(name):
        return []
    return [
        f"access_key_delivery.secret: {name!r} is not the name of a secret (not an ARN); "
        "use 1 to 512 of letters, digits and / _ + = . @ -"
    ]


def _reader_faults(reader: str) -> list[str]:
    arn = _validate.parse_arn(reader)
    if arn and arn["service"] in ("iam", "sts") and arn["account"].isdigit() and "*" not in reader:
        return []
    return [f"access_key_delivery.readers: {reader!r} is not the ARN of a principal; {_READERS}"]


def _resource_policy_faults(policy: Mapping[str, t.Any] | None) -> list[str]:
    if policy is None or (policy.get("Version") and policy.get("Statement")):
        return []
    return ["access_key_delivery.resource_policy: give a policy document with Version and Statement, or use readers"]
