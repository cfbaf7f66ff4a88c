# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SkyPilot's configuration as data: what one account changes in it, and what it leaves. PRIVATE to the collection.

A workspace belongs to one account. What is under ``aws`` holds for all accounts of a file (SkyPilot has no such values for
a workspace), so it is changed only while no other account of ours is in the file.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..._errors import SkyError
from ..._plan import drift
from ..._skypilot import configuration
from ..._skypilot.configuration import AWS, AWS_KEYS, PROFILE, REMOTE_IDENTITY, WORKSPACES

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    Data = Mapping[str, t.Any]

WHAT = "a SkyPilot configuration file"

_OURS = re.compile(r"[0-9]{12}-.+")


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What one account declares: its workspace with profile and remote identity, and the global values."""

    account_id: str
    workspace: str
    profile: str
    remote_identity: t.Any = None
    aws: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Merged:
    """The configuration after the change, and what was left as it is."""

    config: Data
    drift: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)


def with_account(config: Data, wanted: Wanted, path: str) -> Merged:
    """The configuration with the account in it; what others have there stays.

    :param path: the file, for messages.
    :raises SkyError: the file holds something else than SkyPilot reads in a place that is changed, the workspace is
        another's, or other accounts of the file have other global values.
    """
    workspaces = _mapping(config, WORKSPACES, path)
    aws = _mapping(config, AWS, path)
    aws_after, left = _aws_after(aws, wanted, _others(workspaces, wanted.workspace), path)
    entry = _entry_after(workspaces, wanted, path)
    changed = dict(config)
    if aws_after != aws:
        changed[AWS] = aws_after
    if entry != workspaces.get(wanted.workspace):
        changed[WORKSPACES] = _inserted(workspaces, wanted.workspace, entry)
    return Merged(changed, left)


def without_account(config: Data, wanted: Wanted, path: str) -> Merged:
    """The configuration without the account's workspace. Global values stay: they may be others'.

    :raises SkyError: the file holds something else than SkyPilot reads where workspaces are.
    """
    workspaces = _mapping(config, WORKSPACES, path)
    if wanted.workspace not in workspaces:
        return Merged(config)
    used = _profile(workspaces[wanted.workspace])
    if used != wanted.profile:
        return Merged(config, [drift(f"{WORKSPACES}.{wanted.workspace}.{AWS}.{PROFILE}", None, used)])
    left = {name: entry for name, entry in workspaces.items() if name != wanted.workspace}
    changed = {key: left if key == WORKSPACES else value for key, value in config.items()}
    if not left:
        del changed[WORKSPACES]
    return Merged(changed)


def uses(config: Data, profile: str) -> bool:
    """Whether a workspace has this profile."""
    return any(_profile(entry) == profile for entry in (config.get(WORKSPACES) or {}).values())


def shown(config: Data, wanted: Wanted) -> dict[str, t.Any]:
    """The part of a configuration that the account's options are about, for the diff."""
    names = [*wanted.aws, *(["use_ssm"] if wanted.aws.get("use_internal_ips") else [])]
    aws, workspaces = config.get(AWS) or {}, config.get(WORKSPACES) or {}
    parts = {
        AWS: {name: aws[name] for name in dict.fromkeys(names) if name in aws},
        WORKSPACES: {name: entry for name, entry in workspaces.items() if name == wanted.workspace},
    }
    return {name: part for name, part in parts.items() if part}


def _mapping(config: Data, key: str, path: str) -> dict[str, t.Any]:
    value = config.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise SkyError(f"{path}: {key} is no mapping, which SkyPilot would refuse; correct the file by hand")
    return value


def _profile(entry: object) -> str | None:
    """The profile of a workspace."""
    aws = entry.get(AWS) if isinstance(entry, dict) else None
    profile = aws.get(PROFILE) if isinstance(aws, dict) else None
    return profile if isinstance(profile, str) else None


def _others(workspaces: Data, own: str) -> list[str]:
    """The workspaces of other accounts and users of ours, by the form of their profiles' names."""
    return [name for name, entry in workspaces.items() if name != own and is_ours(_profile(entry) or "")]


def is_ours(profile: str) -> bool:
    """Whether a profile has the form of our names, ``111111111111-alice``."""
    return _OURS.fullmatch(profile) is not None


def _aws_after(
    aws: dict[str, t.Any], wanted: Wanted, others: list[str], path: str
) -> tuple[dict[str, t.Any], list[dict[str, t.Any]]]:
    """The global values after the change, and those that were left."""
    changes: dict[str, t.Any] = {}
    left, clashes = [], []
    for key, declared in wanted.aws.items():
        found = configuration.plain(key, aws.get(key))
        after = {**found, **declared} if key == "labels" and isinstance(found, dict) else declared
        if after == found:
            continue
        if others:
            clashes.append(_clash(key, found, declared, wanted, others, path))
        elif declared == AWS_KEYS[key].default:
            # What SkyPilot does anyway is not written.
            left.append(drift(f"{AWS}.{key}", declared, found))
        else:
            changes[key] = after
    if clashes:
        raise SkyError(*clashes)
    merged = {**aws, **changes}
    if changes.get("use_internal_ips"):
        merged = configuration.with_ssm(merged)
    faults = configuration.way_faults(merged) if merged != aws else []
    if faults:
        raise SkyError(f"{path}: {faults[0]} (of the file or of the options)")
    return merged, left


def _clash(key: str, found: t.Any, declared: t.Any, wanted: Wanted, others: list[str], path: str) -> str:
    more = f" and {len(others) - 1} more" if len(others) > 1 else ""
    return (
        f"{path}: {AWS}.{key} is {_words(found)} for workspace {others[0]}{more}, but {_words(declared)} is declared for "
        f"account {wanted.account_id}; SkyPilot has one value for all accounts of a file. Give the account a config_file "
        "of its own, or declare the same for all (one Name tag for the VPCs, for example); to change it for all, edit the "
        "file first"
    )


def _words(value: t.Any) -> str:
    return "not set" if value in (None, "", [], {}) else repr(value)


def _entry_after(workspaces: Data, wanted: Wanted, path: str) -> dict[str, t.Any]:
    """The workspace after the change."""
    entry = _mapping(workspaces, wanted.workspace, f"{path}: {WORKSPACES}")
    aws = _mapping(entry, AWS, f"{path}: {WORKSPACES}.{wanted.workspace}")
    used = aws.get(PROFILE)
    if used not in (None, wanted.profile):
        raise SkyError(
            f"{path}: workspace {wanted.workspace} uses profile {used}, not {wanted.profile}; give another workspace or "
            "config_file, or have the other one removed first (state=absent)"
        )
    identity = {REMOTE_IDENTITY: wanted.remote_identity} if wanted.remote_identity else {}
    return {**entry, AWS: {**aws, PROFILE: wanted.profile, **identity}}


def _inserted(workspaces: Data, name: str, entry: dict[str, t.Any]) -> dict[str, t.Any]:
    """Workspaces with this one: in its place, or, when it is new, sorted among those of ours.

    So a file is the same in whatever order accounts come.
    """
    if name in workspaces:
        return {**workspaces, name: entry}
    after = next((other for other in _others(workspaces, name) if other > name), None)
    if after is None:
        return {**workspaces, name: entry}
    found: dict[str, t.Any] = {}
    for other, value in workspaces.items():
        if other == after:
            found[name] = entry
        found[other] = value
    return found
