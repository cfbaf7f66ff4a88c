# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SkyPilot's and AWS's configuration files, with an account in them. PRIVATE to the collection.

The account is not called: all that is written was declared. Many hosts write into the same two files at once, so a change
is made under the files' locks, from what is in them then.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import typing as t

from .._account import Unreached
from .._errors import SkyError
from .._plan import Plan
from . import _config_check, _config_options, _config_sky, _ini_text
from ._config_sky import Wanted
from ._text_file import TextFile

if t.TYPE_CHECKING:
    import configparser

    from .._account import Identity
    from .._plan import Facts, Params

ARGUMENT_SPEC: dict[str, t.Any] = _config_options.ARGUMENTS
SPEC_RULES: dict[str, t.Any] = {}
REACH = Unreached

_AWS_WHAT = "an AWS configuration file"
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


@dataclasses.dataclass(frozen=True)
class Found:
    """What the files hold, what becomes of it, and what SkyPilot says to that."""

    change: Change
    verdict: _config_check.Verdict


@dataclasses.dataclass
class ConfigPlan(Plan):
    """A plan without a call: files are written."""

    found: Found = Found(Change(Texts(), Texts(), ({}, {}), [], []), _config_check.Verdict())
    params: Params = dataclasses.field(default_factory=dict)

    @property
    def writes(self) -> bool:
        return self.found.change.before != self.found.change.after


def validate(params: Params) -> list[str]:
    """Names, paths and SkyPilot's types; one line a fault."""
    return _config_options.faults(params)


def read(account: object, params: Params) -> Found:
    """Both files, and SkyPilot's opinion of the change, if there is one.

    :raises SkyError: a file that cannot be read or is none of its kind, a change that cannot be made, or one that
        SkyPilot refuses.
    """
    files = _files(params)
    found = change(Texts(*(file.read() for file in files)), params)
    if found.before != found.after:
        for file in files:
            if fault := file.folder_fault():
                raise SkyError(fault)
    return Found(found, _checked(found, params))


def plan(current: Found, params: Params, identity: Identity) -> ConfigPlan:
    """The change as a plan."""
    before, after = current.change.shown
    warnings = [*current.change.warnings, *([current.verdict.warning] if current.verdict.warning else [])]
    return ConfigPlan(
        before=before,
        after=after,
        facts=_facts(params, current.verdict, current.change, []),
        warnings=warnings,
        found=current,
        params=params,
    )


def apply(account: object, plan: ConfigPlan) -> Facts:
    """Make the change from what the files hold now; another host may have written since the look.

    :raises SkyError: it cannot be made any more, or a file cannot be written.
    """
    params, files = plan.params, _files(plan.params)
    with contextlib.ExitStack() as locks:
        # In one order for all writers, whichever of their options names which file.
        for file in sorted(files, key=lambda file: file.target):
            locks.enter_context(file.locked())
        now = change(Texts(*(file.read() for file in files)), params)
        verdict = plan.found.verdict if now.before == plan.found.change.before else _checked(now, params)
        sky, aws = files
        # The profile first: a workspace without its profile would be of no use.
        backups = [
            *_written(aws, now.before.aws, now.after.aws, params),
            *_written(sky, now.before.sky, now.after.sky, params),
        ]
    return _facts(params, verdict, now, backups)


def _files(params: Params) -> tuple[TextFile, TextFile]:
    sky = TextFile(params["config_file"], "config_file", _config_sky.WHAT)
    aws = TextFile(params["aws_config_file"], "aws_config_file", _AWS_WHAT)
    if sky.target == aws.target:
        raise SkyError(f"config_file and aws_config_file: both are {sky.target}; SkyPilot's and AWS's formats differ")
    return sky, aws


def _written(file: TextFile, before: str, after: str, params: Params) -> list[str]:
    """Write the file if it changes; the path of the backup, if there is one."""
    if before == after:
        return []
    backup = file.back_up() if params["backup"] else None
    file.replace(after)
    return [backup] if backup else []


def _checked(change: Change, params: Params) -> _config_check.Verdict:
    if change.before.sky == change.after.sky:
        return _config_check.Verdict()
    return _config_check.check(params["skypilot_python"], change.before.sky, change.after.sky, params["config_file"])


def change(texts: Texts, params: Params) -> Change:
    """Pure: what becomes of the texts. They stay as they are, to the last blank, where nothing changes.

    :raises SkyError: a text that is none of its kind, or a change that others' values stand against.
    """
    wanted = _wanted(params)
    sky_path, aws_path = params["config_file"], params["aws_config_file"]
    config = _config_sky.load(texts.sky, sky_path)
    parsed = _ini_text.parse(texts.aws, aws_path, _AWS_WHAT)
    edit = _config_sky.with_account if params["state"] == "present" else _config_sky.without_account
    merged = edit(config, wanted, sky_path)
    sky = texts.sky if merged.config == config else _config_sky.dump(merged.config, sky_path)
    if params["state"] == "absent" and _config_sky.uses(merged.config, wanted.profile):
        aws = texts.aws
    else:
        aws = _aws_after(texts.aws, parsed, params, wanted.profile)
    warnings = []
    if sky != texts.sky and _config_sky.has_comments(texts.sky):
        kept = "the backup keeps them" if params["backup"] else "backup=true would keep a copy"
        warnings.append(f"{sky_path} has comments, which are lost where it is changed; {kept}")
    parsed_after = parsed if aws == texts.aws else _ini_text.parse(aws, aws_path, _AWS_WHAT)
    shown = (_shown(config, parsed, wanted), _shown(merged.config, parsed_after, wanted))
    return Change(texts, Texts(sky, aws), shown, merged.drift, [*warnings, *_active_warnings(merged.config, params)])


def _wanted(params: Params) -> Wanted:
    account_id = params["account_id"]
    return Wanted(
        account_id,
        _config_options.workspace(params),
        _config_options.profile(account_id, params["user"]),
        params["remote_identity"],
        _config_options.declared(params),
    )


def _active_warnings(config: _config_sky.Data, params: Params) -> list[str]:
    workspace = _config_options.workspace(params)
    if params["state"] == "present" or config.get("active_workspace") != workspace:
        return []
    return [f"{params['config_file']}: active_workspace still is {workspace}; choose another one"]


def _aws_after(text: str, parsed: configparser.RawConfigParser, params: Params, profile: str) -> str:
    """AWS's configuration with the profile and its region, or without the profile."""
    section, path = f"profile {profile}", params["aws_config_file"]
    try:
        if params["state"] == "absent":
            return _ini_text.without_options(text, section)
        if parsed.get(section, _REGION, fallback=None) == params["region"]:
            return text
        return _ini_text.with_options(
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
    return _config_sky.is_ours(other.removeprefix("profile ")) and other.startswith("profile ") and other > section


def _shown(config: _config_sky.Data, aws: configparser.RawConfigParser, wanted: Wanted) -> dict[str, t.Any]:
    """Our part of the files. Of the profile the region only: a person may have put keys into it."""
    section = f"profile {wanted.profile}"
    region = aws.get(section, _REGION, fallback=None)
    parts = {
        "sky_config": _config_sky.shown(config, wanted),
        "aws_config": {section: {_REGION: region}} if aws.has_section(section) else {},
    }
    return {name: part for name, part in parts.items() if part}


def _facts(params: Params, verdict: _config_check.Verdict, change: Change, backups: list[str]) -> Facts:
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
