# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the configuration files. PRIVATE to the collection."""

from __future__ import annotations

import contextlib
import typing as t

from ..._plan import Outcome
from .found import checked, files, refuse_one_file
from .planning import Texts, change, facts

if t.TYPE_CHECKING:
    from ..._files.text_file import OpenFile
    from ..._plan import Params
    from .planning import ConfigPlan


def apply(account: t.Any, plan: ConfigPlan) -> Outcome:
    """Make the change from what the files hold now; another host may have written since the look.

    :raises SkyError: it cannot be made any more, or a file cannot be written.
    """
    params = plan.params
    with contextlib.ExitStack() as stack:
        sky, aws = [stack.enter_context(file.opened()) for file in files(params)]
        refuse_one_file(sky, aws)
        # In one order for all writers. AWS's first, which accounts with files of SkyPilot's of their own still share: so
        # all wait there, and see the lock go from hand to hand.
        for file in (aws, sky):
            stack.enter_context(file.locked(account.tell))
        now = change(Texts(sky.read(), aws.read()), params)
        verdict = plan.verdict if now.before == plan.change.before else checked(now, params)
        # The profile first: a workspace without its profile would be of no use.
        backups = [
            *_written(aws, now.before.aws, now.after.aws, params),
            *_written(sky, now.before.sky, now.after.sky, params),
        ]
    return Outcome(facts(params, verdict, now, backups))


def _written(file: OpenFile, before: str, after: str, params: Params) -> list[str]:
    """Write the file if it changes; the path of the backup, if there is one."""
    if before == after:
        return []
    backup = file.back_up() if params["backup"] else None
    file.replace(after)
    return [backup] if backup else []
