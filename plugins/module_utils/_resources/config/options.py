# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of SkyPilot's configuration, as its schema has them. PRIVATE to the collection.

Types are those of SkyPilot 0.14.1, sky/utils/schemas.py:1960-2043 (``aws``) and 2712-2726 (``workspaces.<name>.aws``), names
those of sky/utils/common_utils.py:233-261, labels those of sky/clouds/aws.py:1713-1729.
"""

from __future__ import annotations

import re
import typing as t

from ... import _validate
from ..._files.text_file import path_faults
from ..network import options as network_options

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from ..._plan import Params


#: What holds for all accounts of a configuration file: ``aws`` of SkyPilot's configuration.
GLOBAL_ARGUMENTS: dict[str, t.Any] = {
    "vpc_names": {"type": "list", "elements": "str"},
    "subnet_names": {"type": "list", "elements": "str"},
    "use_internal_ips": {"type": "bool"},
    # Text or a dictionary, text or a list: as in SkyPilot.
    "ssh_proxy_command": {"type": "raw"},
    "use_ssm": {"type": "bool"},
    "security_group_name": {"type": "raw"},
    "disk_encrypted": {"type": "bool"},
    "labels": {"type": "dict"},
}

ARGUMENTS: dict[str, t.Any] = {
    "user": {"type": "str"},
    "options": {"type": "dict"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "workspace": {"type": "str"},
    "config_file": {"type": "path", "default": "~/.sky/config.yaml"},
    "aws_config_file": {"type": "path", "default": "~/.aws/config"},
    "remote_identity": {"type": "raw"},
    **GLOBAL_ARGUMENTS,
    "backup": {"type": "bool", "default": True},
    "skypilot_python": {"type": "path", "default": "auto"},
}

_WORKSPACE = re.compile(r"[a-z]([-_a-z0-9]*[a-z0-9])?")
_MAX_WORKSPACE = 63
_LABEL = re.compile(r"(?!aws:)\S{1,127}")
_LABEL_VALUE = re.compile(r"\S{0,255}")


def workspace(params: Params) -> str:
    """The name of the account's workspace. SkyPilot's begin with a letter, so an account id alone is none."""
    return params["workspace"] or f"aws-{params['account_id']}"


def profile(account_id: str, user: str) -> str:
    """The name of a profile: that of the delivered access key."""
    return f"{account_id}-{user}"


def declared(params: Params) -> dict[str, t.Any]:
    """The global values that are declared, in SkyPilot's types."""
    given = {name: params[name] for name in GLOBAL_ARGUMENTS if params[name] is not None}
    if "labels" in given:
        given["labels"] = {str(key): _text(value) for key, value in given["labels"].items()}
    return given


def _text(value: t.Any) -> str:
    """A label as text: YAML reads ``true`` and ``3`` as something else, and SkyPilot refuses that."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def faults(params: Params) -> list[str]:
    """What can be refused without a look at the files; one line a fault."""
    return [
        *_validate.name_faults("user", params["user"], label="user"),
        *_workspace_faults(params["workspace"]),
        *_path_faults(params),
        *(["region: give it, or set AWS_REGION"] if params["state"] == "present" and not params["region"] else []),
        *network_options.validate({"vpc_names": [], "subnet_names": [], **_lists(params)}),
        *_pattern_faults("remote_identity", params["remote_identity"]),
        *_pattern_faults("security_group_name", params["security_group_name"]),
        *_proxy_faults(params["ssh_proxy_command"]),
        *_label_faults(params["labels"] or {}),
        *way_faults(declared(params)),
    ]


def way_faults(aws: t.Mapping[str, t.Any]) -> list[str]:
    """SkyPilot refuses two ways to one machine when it launches (InvalidCloudConfigs)."""
    if aws.get("use_ssm") and aws.get("ssh_proxy_command"):
        return ["use_ssm and ssh_proxy_command: SkyPilot takes one way to its machines; leave one of them out"]
    return []


def _lists(params: Params) -> dict[str, t.Any]:
    return {name: params[name] for name in ("vpc_names", "subnet_names") if params[name] is not None}


def _workspace_faults(name: str | None) -> list[str]:
    if not name or (len(name) <= _MAX_WORKSPACE and _WORKSPACE.fullmatch(name)):
        return []
    return [
        f"workspace: {name!r} is no name of a workspace to SkyPilot; use 1 to {_MAX_WORKSPACE} of lower-case letters, "
        "digits, - and _, a letter first and no - or _ last"
    ]


def _path_faults(params: Params) -> list[str]:
    found = [fault for name in ("config_file", "aws_config_file") for fault in path_faults(name, params[name])]
    if not found and params["config_file"] == params["aws_config_file"]:
        found.append("config_file and aws_config_file: they are one file; SkyPilot's and AWS's formats differ")
    if params["skypilot_python"] not in ("", "auto"):
        found += path_faults("skypilot_python", params["skypilot_python"])
    return found


def _pattern_faults(option: str, value: object) -> list[str]:
    """A name, or a list of single-key dictionaries, each a pattern of cluster names and a name."""
    if value is None or isinstance(value, str):
        return []
    if isinstance(value, list) and all(isinstance(item, dict) and _is_one_text(item.items()) for item in value):
        return []
    accepted = "give a text, or a list of dictionaries like {'my-cluster-*': name}, one key each"
    return [f"{option}: {str(value)[:80]!r} is not what SkyPilot reads; {accepted}"]


def _is_one_text(items: Iterable[tuple[object, object]]) -> bool:
    return [isinstance(key, str) and isinstance(value, str) and bool(value) for key, value in items] == [True]


def _proxy_faults(value: object) -> list[str]:
    if value is None or isinstance(value, str):
        return []
    if not isinstance(value, dict) or not all(
        command is None or isinstance(command, str) for command in value.values()
    ):
        return ["ssh_proxy_command: give a command, or a dictionary of regions and commands (null for none)"]
    return [fault for region in value for fault in _validate.region_faults("ssh_proxy_command", str(region))]


def _label_faults(labels: t.Mapping[str, t.Any]) -> list[str]:
    found = []
    for key, value in labels.items():
        if not _LABEL.fullmatch(str(key)):
            found.append(f"labels: {str(key)[:40]!r} must have 1 to 127 characters, no blanks, and not begin with aws:")
        if value is None or isinstance(value, (dict, list)) or not _LABEL_VALUE.fullmatch(_text(value)):
            found.append(
                f"labels: the value of {str(key)[:40]!r} must be text of at most 255 characters without blanks"
            )
    return found
