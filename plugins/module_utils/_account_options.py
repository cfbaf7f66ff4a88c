# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of every module that name an account and the way to it, and their faults. PRIVATE to the collection.

Lengths and characters are those of the STS API reference (AssumeRole).
"""

from __future__ import annotations

import posixpath
import re
import typing as t

from ansible.module_utils.basic import env_fallback

from ._validate import account_id_fault, name_faults, parse_arn, region_faults

if t.TYPE_CHECKING:
    from collections.abc import Mapping

ACCOUNT_ARGUMENTS: dict[str, t.Any] = {
    # raw, not str: a number must be refused, and the type str would turn it into text before anyone sees it.
    "account_id": {"type": "raw", "required": True},
    "assume_role": {"type": "str"},
    "external_id": {"type": "str", "no_log": False, "fallback": (env_fallback, ["SKY_EXTERNAL_ID"])},
    "session_name": {"type": "str", "default": "sky.aws"},
    "session_duration": {"type": "int", "default": 3600},
    "region": {
        "type": "str",
        "aliases": ["aws_region", "ec2_region"],
        "fallback": (env_fallback, ["AWS_REGION", "AWS_DEFAULT_REGION", "EC2_REGION"]),
    },
    "profile": {"type": "str", "aliases": ["aws_profile"]},
    "access_key": {
        "type": "str",
        "aliases": ["aws_access_key_id", "aws_access_key", "ec2_access_key"],
        "no_log": False,
    },
    "secret_key": {
        "type": "str",
        "aliases": ["aws_secret_access_key", "aws_secret_key", "ec2_secret_key"],
        "no_log": True,
    },
    "session_token": {
        "type": "str",
        "aliases": ["aws_session_token", "security_token", "aws_security_token", "access_token"],
        "no_log": True,
    },
    "endpoint_url": {
        "type": "str",
        "aliases": ["aws_endpoint_url", "ec2_url", "s3_url"],
        "fallback": (env_fallback, ["AWS_URL", "EC2_URL", "S3_URL"]),
    },
    "validate_certs": {"type": "bool", "default": True},
    "aws_ca_bundle": {"type": "path", "fallback": (env_fallback, ["AWS_CA_BUNDLE"])},
    "aws_config": {"type": "dict"},
}

_SESSION_NAME = re.compile(r"[A-Za-z0-9+=,.@_-]{2,64}")
_EXTERNAL_ID = re.compile(r"[A-Za-z0-9+=,.@:/_-]{2,1224}")
_URL = re.compile(r"https?://[^/\s]+(/\S*)?")


def account_faults(params: Mapping[str, t.Any]) -> list[str]:
    """Faults of the account options."""
    faults = [account_id_fault(params["account_id"])]
    if params.get("region"):
        faults += region_faults("region", params["region"])
    faults += _assume_role_faults(params)
    if bool(params.get("access_key")) != bool(params.get("secret_key")):
        faults.append("access_key and secret_key: give both or neither")
    if params.get("session_token") and not params.get("access_key"):
        faults.append("session_token: it belongs to access_key and secret_key; give them too")
    if params.get("access_key") and params.get("profile"):
        faults.append("profile and access_key: give one of them")
    if params.get("endpoint_url") and not _URL.fullmatch(params["endpoint_url"]):
        faults.append(f"endpoint_url: {params['endpoint_url']!r} is not a URL; give http://host:port or https://host")
    return [fault for fault in faults if fault]


def _assume_role_faults(params: Mapping[str, t.Any]) -> list[str]:
    role = params.get("assume_role")
    if not role:
        return []
    faults = _role_ref_faults(role, params["account_id"])
    if not _SESSION_NAME.fullmatch(params["session_name"]):
        faults.append(
            f"session_name: {params['session_name']!r} must have 2 to 64 of letters, digits and + = , . @ _ -"
        )
    if not 900 <= params["session_duration"] <= 43200:
        faults.append(f"session_duration: {params['session_duration']} must be 900 to 43200 seconds")
    external_id = params.get("external_id")
    if external_id and not _EXTERNAL_ID.fullmatch(external_id):
        faults.append("external_id: it must have 2 to 1224 of letters, digits and + = , . @ : / _ -")
    return faults


def _role_ref_faults(role: str, account_id: object) -> list[str]:
    accepted = "give a role's name, its path and name, or its ARN"
    if role.startswith("arn:"):
        arn = parse_arn(role)
        if not arn or arn["service"] != "iam" or not arn["resource"].startswith("role/"):
            return [f"assume_role: {role!r} is not the ARN of a role; {accepted}"]
        if not account_id_fault(account_id) and arn["account"] != account_id:
            return [f"assume_role: {role} is not in account {account_id}; name the role in that account"]
        return []
    if name_faults("role", posixpath.basename(role)):
        return [f"assume_role: {role!r} is not a role; {accepted}"]
    return []
