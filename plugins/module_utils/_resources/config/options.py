# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of SkyPilot's configuration, and what can be refused without a look at a file. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from ... import _validate
from ..._files.text_file import path_faults
from ..._skypilot import configuration
from ..network import options as network_options

if t.TYPE_CHECKING:
    from ..._plan import Params

ARGUMENTS: dict[str, t.Any] = {
    "user": {"type": "str"},
    "options": {"type": "dict"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "workspace": {"type": "str"},
    "config_file": {"type": "path", "default": configuration.FILE},
    "aws_config_file": {"type": "path", "default": "~/.aws/config"},
    "remote_identity": {"type": "raw"},
    **{name: dict(key.option) for name, key in configuration.AWS_KEYS.items()},
    "backup": {"type": "bool", "default": True},
    "skypilot_python": {"type": "path", "default": "auto"},
}


def workspace(params: Params) -> str:
    """The name of the account's workspace. SkyPilot's begin with a letter, so an account id alone is none."""
    return params["workspace"] or f"aws-{params['account_id']}"


def profile(account_id: str, user: str) -> str:
    """The name of a profile: that of the delivered access key."""
    return f"{account_id}-{user}"


def declared(params: Params) -> dict[str, t.Any]:
    """The global values that are declared, in SkyPilot's types."""
    given = {name: params[name] for name in configuration.AWS_KEYS if params[name] is not None}
    if "labels" in given:
        given["labels"] = {str(key): configuration.label_text(value) for key, value in given["labels"].items()}
    return given


def faults(params: Params) -> list[str]:
    """What can be refused without a look at the files; one line a fault."""
    return [
        *_validate.name_faults("user", params["user"], label="user"),
        *configuration.workspace_faults(params["workspace"]),
        *_path_faults(params),
        *(["region: give it, or set AWS_REGION"] if params["state"] == "present" and not params["region"] else []),
        *network_options.validate({"vpc_names": [], "subnet_names": [], **_lists(params)}),
        *configuration.pattern_faults("remote_identity", params["remote_identity"]),
        *configuration.pattern_faults("security_group_name", params["security_group_name"]),
        *_proxy_faults(params["ssh_proxy_command"]),
        *configuration.label_faults(params["labels"] or {}),
        *configuration.way_faults(declared(params)),
    ]


def _lists(params: Params) -> dict[str, t.Any]:
    return {name: params[name] for name in ("vpc_names", "subnet_names") if params[name] is not None}


def _path_faults(params: Params) -> list[str]:
    found = [fault for name in ("config_file", "aws_config_file") for fault in path_faults(name, params[name])]
    if not found and params["config_file"] == params["aws_config_file"]:
        found.append("config_file and aws_config_file: they are one file; SkyPilot's and AWS's formats differ")
    if params["skypilot_python"] not in ("", "auto"):
        found += path_faults("skypilot_python", params["skypilot_python"])
    return found


def _proxy_faults(value: object) -> list[str]:
    if found := configuration.proxy_faults(value):
        return found
    regions = value if isinstance(value, dict) else {}
    return [fault for region in regions for fault in _validate.region_faults("ssh_proxy_command", str(region))]
