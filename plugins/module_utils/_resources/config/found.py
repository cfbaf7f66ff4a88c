# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the configuration files hold, and what SkyPilot says to the change; reads only. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._errors import SkyError
from ..._files.text_file import TextFile
from . import workspaces
from .check import Verdict, check
from .planning import AWS_WHAT, Texts, change

if t.TYPE_CHECKING:
    from ..._files.text_file import Look, OpenFile
    from ..._plan import Params
    from .planning import Change


@dataclasses.dataclass(frozen=True)
class Found:
    """What the files hold, what becomes of it, and what SkyPilot says to that."""

    change: Change
    verdict: Verdict


def read(account: object, params: Params) -> Found:
    """Both files, and SkyPilot's opinion of the change, if there is one.

    :raises SkyError: a file that cannot be read or is none of its kind, a change that cannot be made, or one that
        SkyPilot refuses.
    """
    sky, aws = (file.look() for file in files(params))
    refuse_one_file(sky, aws)
    found = change(Texts(sky.text, aws.text), params)
    if found.before != found.after and (fault := sky.fault or aws.fault):
        raise SkyError(fault)
    return Found(found, checked(found, params))


def files(params: Params) -> tuple[TextFile, TextFile]:
    """SkyPilot's file, and AWS's."""
    return (
        TextFile(params["config_file"], "config_file", workspaces.WHAT),
        TextFile(params["aws_config_file"], "aws_config_file", AWS_WHAT),
    )


def refuse_one_file(sky: Look | OpenFile, aws: Look | OpenFile) -> None:
    """Raise SkyError where both are one file."""
    if sky.identity == aws.identity:
        raise SkyError(f"config_file and aws_config_file: both are {sky.path}; SkyPilot's and AWS's formats differ")


def checked(change: Change, params: Params) -> Verdict:
    """What SkyPilot says to its file after the change; nothing where that stays as it is."""
    if change.before.sky == change.after.sky:
        return Verdict()
    return check(params["skypilot_python"], change.before.sky, change.after.sky, params["config_file"])
