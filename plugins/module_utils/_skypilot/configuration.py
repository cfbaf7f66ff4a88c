# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SkyPilot's own configuration: its keys, what they take, and what SkyPilot makes of them. PRIVATE to the collection.

Paths with line numbers are in the package ``sky`` of the release in release.py.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .._plan import Params

#: Where SkyPilot reads it: skypilot_config.py:121.
FILE = "~/.sky/config.yaml"

#: ``AWS`` holds for all accounts of a file, ``WORKSPACES.<name>.AWS`` has what a workspace can have of its own:
#: utils/schemas.py:1962-2043,2712-2726,3115.
AWS = "aws"
WORKSPACES = "workspaces"
ACTIVE_WORKSPACE = "active_workspace"
PROFILE = "profile"
REMOTE_IDENTITY = "remote_identity"

#: The words of ``remote_identity``; any other is the name of an instance profile: utils/schemas.py:1437-1446.
REMOTE_IDENTITIES = ("LOCAL_CREDENTIALS", "SERVICE_ACCOUNT", "NO_UPLOAD")


@dataclasses.dataclass(frozen=True)
class Key:
    """A key of ``aws``: what it takes, as the option of a module, and the value that SkyPilot has where it is missing."""

    option: Mapping[str, t.Any]
    default: t.Any


#: The keys of ``aws`` that are managed: utils/schemas.py:1372-1408,1962-2043.
AWS_KEYS: dict[str, Key] = {
    "vpc_names": Key({"type": "list", "elements": "str"}, []),
    "subnet_names": Key({"type": "list", "elements": "str"}, []),
    "use_internal_ips": Key({"type": "bool"}, False),
    # A text or a dictionary.
    "ssh_proxy_command": Key({"type": "raw"}, ""),
    # Without it SkyPilot decides by the others: with_ssm.
    "use_ssm": Key({"type": "bool"}, None),
    # A text or a list.
    "security_group_name": Key({"type": "raw"}, ""),
    "disk_encrypted": Key({"type": "bool"}, False),
    "labels": Key({"type": "dict"}, {}),
}

#: utils/common_utils.py:233-261, skylet/constants.py:578-579.
_WORKSPACE = re.compile(r"[a-z]([-_a-z0-9]*[a-z0-9])?")
_MAX_WORKSPACE = 63
#: clouds/aws.py:1713-1729.
_LABEL = re.compile(r"(?!aws:)\S{1,127}")
_LABEL_VALUE = re.compile(r"\S{0,255}")


def sky_config(params: Params) -> dict[str, t.Any]:
    """The part of the configuration that makes SkyPilot use a network: ``{"aws": {...}}``.

    :param params: the options ``vpc_names``, ``subnet_names`` and ``use_internal_ips``.
    """
    aws = {name: list(params[name]) for name in ("vpc_names", "subnet_names") if params[name]}
    if not params["use_internal_ips"]:
        return {AWS: aws}
    return {AWS: with_ssm({**aws, "use_internal_ips": True})}


def with_ssm(aws: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The values of ``aws`` with the way to machines that SkyPilot would choose, with a warning at each launch.

    Without an ``ssh_proxy_command``, ``use_internal_ips`` makes it use Session Manager (backends/backend_utils.py:973-983).
    ``use_ssm`` says it openly and ends the warning.
    """
    chosen = aws.get("use_internal_ips") and not aws.get("ssh_proxy_command") and "use_ssm" not in aws
    return {**aws, "use_ssm": True} if chosen else dict(aws)


def plain(key: str, value: t.Any) -> t.Any:
    """A value of ``aws`` in one form: SkyPilot takes a text for a list of one, and null for nothing."""
    if value is None:
        return AWS_KEYS[key].default
    return [value] if isinstance(value, str) and AWS_KEYS[key].option["type"] == "list" else value


def label_text(value: t.Any) -> str:
    """The value of a label as text: YAML reads ``true`` and ``3`` as something else, and SkyPilot refuses that."""
    return str(value).lower() if isinstance(value, bool) else str(value)


# What SkyPilot refuses; one line a fault


def workspace_faults(name: str | None) -> list[str]:
    """Faults of a workspace's name."""
    if not name or (len(name) <= _MAX_WORKSPACE and _WORKSPACE.fullmatch(name)):
        return []
    return [
        f"workspace: {name!r} is no name of a workspace to SkyPilot; use 1 to {_MAX_WORKSPACE} of lower-case letters, "
        "digits, - and _, a letter first and no - or _ last"
    ]


def way_faults(aws: Mapping[str, t.Any]) -> list[str]:
    """Two ways to one machine: backends/backend_utils.py:967-971, InvalidCloudConfigs at a launch."""
    if aws.get("use_ssm") and aws.get("ssh_proxy_command"):
        return ["use_ssm and ssh_proxy_command: SkyPilot takes one way to its machines; leave one of them out"]
    return []


def pattern_faults(option: str, value: object) -> list[str]:
    """A name, or a list of dictionaries, each one pattern of cluster names and a name: utils/schemas.py:1408-1434."""
    if value is None or isinstance(value, str):
        return []
    if isinstance(value, list) and all(isinstance(item, dict) and _is_one_text(item.items()) for item in value):
        return []
    accepted = "give a text, or a list of dictionaries like {'my-cluster-*': name}, one key each"
    return [f"{option}: {str(value)[:80]!r} is not what SkyPilot reads; {accepted}"]


def _is_one_text(items: Iterable[tuple[object, object]]) -> bool:
    return [isinstance(key, str) and isinstance(value, str) and bool(value) for key, value in items] == [True]


def proxy_faults(value: object) -> list[str]:
    """A command, or one for each region: utils/schemas.py:1376-1395. Whether the regions exist is not asked."""
    if value is None or isinstance(value, str):
        return []
    if isinstance(value, dict) and all(command is None or isinstance(command, str) for command in value.values()):
        return []
    return ["ssh_proxy_command: give a command, or a dictionary of regions and commands (null for none)"]


def label_faults(labels: Mapping[str, t.Any]) -> list[str]:
    """Faults of keys and values of ``labels``."""
    found = []
    for key, value in labels.items():
        if not _LABEL.fullmatch(str(key)):
            found.append(f"labels: {str(key)[:40]!r} must have 1 to 127 characters, no blanks, and not begin with aws:")
        if value is None or isinstance(value, (dict, list)) or not _LABEL_VALUE.fullmatch(label_text(value)):
            found.append(
                f"labels: the value of {str(key)[:40]!r} must be text of at most 255 characters without blanks"
            )
    return found
