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
    places = files(params)
    found = change(Texts(*(file.read() for file in places)), params)
    if found.before != found.after:
        for file in places:
            if fault := file.folder_fault():
                raise SkyError(fault)
    return Found(found, checked(found, params))


def files(params: Params) -> tuple[TextFile, TextFile]:
    """SkyPilot's file, and AWS's.

    :raises SkyError: both are one file.
    """
    sky = TextFile(params["config_file"], "config_file", workspaces.WHAT)
    aws = TextFile(params["aws_config_file"], "aws_config_file", AWS_WHAT)
    if sky.target == aws.target:
        raise SkyError(f"config_file and aws_config_file: both are {sky.target}; SkyPilot's and AWS's formats differ")
    return sky, aws


def checked(change: Change, params: Params) -> Verdict:
    """What SkyPilot says to its file after the change; nothing where that stays as it is."""
    if change.before.sky == change.after.sky:
        return Verdict()
    return check(params["skypilot_python"], change.before.sky, change.after.sky, params["config_file"])
