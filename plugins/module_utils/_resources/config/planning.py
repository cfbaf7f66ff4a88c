# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SkyPilot's and AWS's configuration files, with an account in them. PRIVATE to the collection.

The account is not called: all that is written was declared. Many hosts write into the same two files at once, so a change
is made under the files' locks, from what is in them then.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ..._errors import SkyError
from ..._files import ini_text, yaml_text
from ..._plan import Plan
from ..._skypilot.configuration import ACTIVE_WORKSPACE
from . import options, workspaces
from .workspaces import Wanted

if t.TYPE_CHECKING:
    import configparser

    from ..._identity import Identity
    from ..._plan import Facts, Params
    from .check import Verdict
    from .found import Found


AWS_WHAT = "an AWS configuration file"
_REGION = "region"


@dataclasses.dataclass(frozen=True)
class Texts:
    """The two files' contents: SkyPilot's, and AWS's."""

    sky: str = ""
    aws: str = ""


@dataclasses.dataclass(frozen=True)
class Change:
    """From what the files hold to what they will hold; ``shown`` is our part of them, before and after."""

    before: Texts
    after: Texts
    shown: tuple[dict[str, t.Any], dict[str, t.Any]]
    drift: list[dict[str, t.Any]]
    warnings: list[str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConfigPlan(Plan):
    """A plan without a call: files are written."""

    change: Change
    verdict: Verdict
    params: Params

    @property
    def writes(self) -> bool:
        return self.change.before != self.change.after


def plan(current: Found, params: Params, identity: Identity) -> ConfigPlan:
    """The change as a plan."""
    before, after = current.change.shown
    warnings = [*current.change.warnings, *([current.verdict.warning] if current.verdict.warning else [])]
    return ConfigPlan(
        before=before,
        after=after,
        facts=facts(params, current.verdict, current.change, []),
        warnings=warnings,
        change=current.change,
        verdict=current.verdict,
        params=params,
    )


def change(texts: Texts, params: Params) -> Change:
    """Pure: what becomes of the texts. They stay as they are, to the last blank, where nothing changes.

    :raises SkyError: a text that is none of its kind, or a change that others' values stand against.
    """
    wanted = _wanted(params)
    sky_path, aws_path = params["config_file"], params["aws_config_file"]
    config = yaml_text.parse(texts.sky, sky_path, workspaces.WHAT)
    parsed = ini_text.parse(texts.aws, aws_path, AWS_WHAT)
    edit = workspaces.with_account if params["state"] == "present" else workspaces.without_account
    merged = edit(config, wanted, sky_path)
    sky = texts.sky if merged.config == config else yaml_text.dump(merged.config, sky_path, workspaces.WHAT)
    if params["state"] == "absent" and workspaces.uses(merged.config, wanted.profile):
        aws = texts.aws
    else:
        aws = _aws_after(texts.aws, parsed, params, wanted.profile)
    warnings = []
    if sky != texts.sky and yaml_text.has_comments(texts.sky):
        kept = "the backup keeps them" if params["backup"] else "backup=true would keep a copy"
        warnings.append(f"{sky_path} has comments, which are lost where it is changed; {kept}")
    parsed_after = parsed if aws == texts.aws else ini_text.parse(aws, aws_path, AWS_WHAT)
    shown = (_shown(config, parsed, wanted), _shown(merged.config, parsed_after, wanted))
    return Change(texts, Texts(sky, aws), shown, merged.drift, [*warnings, *_active_warnings(merged.config, params)])


def _wanted(params: Params) -> Wanted:
    account_id = params["account_id"]
    return Wanted(
        account_id,
        options.workspace(params),
        options.profile(account_id, params["user"]),
        params["remote_identity"],
        options.declared(params),
    )


def _active_warnings(config: workspaces.Data, params: Params) -> list[str]:
    workspace = options.workspace(params)
    if params["state"] == "present" or config.get(ACTIVE_WORKSPACE) != workspace:
        return []
    return [f"{params['config_file']}: {ACTIVE_WORKSPACE} still is {workspace}; choose another one"]


def _aws_after(text: str, parsed: configparser.RawConfigParser, params: Params, profile: str) -> str:
    """AWS's configuration with the profile and its region, or without the profile."""
    section, path = f"profile {profile}", params["aws_config_file"]
    try:
        if params["state"] == "absent":
            return ini_text.without_options(text, section)
        if parsed.get(section, _REGION, fallback=None) == params["region"]:
            return text
        return ini_text.with_options(
            text,
            section,
            {_REGION: params["region"]},
            replaced=(_REGION,),
            goes_before=functools.partial(_goes_after, section),
        )
    except ValueError as error:
        raise SkyError(f"{path}: {error}; correct the file by hand") from error


def _goes_after(section: str, other: str) -> bool:
    """Sections of ours are sorted, so that a file is the same in whatever order accounts come."""
    return workspaces.is_ours(other.removeprefix("profile ")) and other.startswith("profile ") and other > section


def _shown(config: workspaces.Data, aws: configparser.RawConfigParser, wanted: Wanted) -> dict[str, t.Any]:
    """Our part of the files. Of the profile the region only: a person may have put keys into it."""
    section = f"profile {wanted.profile}"
    region = aws.get(section, _REGION, fallback=None)
    parts = {
        "sky_config": workspaces.shown(config, wanted),
        "aws_config": {section: {_REGION: region}} if aws.has_section(section) else {},
    }
    return {name: part for name, part in parts.items() if part}


def facts(params: Params, verdict: Verdict, change: Change, backups: list[str]) -> Facts:
    """The result's own keys; ``backups`` are the paths of the copies that were made."""
    wanted = _wanted(params)
    return {
        "config": {
            "config_file": params["config_file"],
            "aws_config_file": params["aws_config_file"],
            "workspace": wanted.workspace,
            "profile": wanted.profile,
            "backup_files": backups,
            "checked_by": verdict.checked_by,
        },
        "drift": change.drift,
    }
