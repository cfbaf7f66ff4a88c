# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outcome of a rollout as a file for programs, and the list of accounts to try again. PRIVATE to the collection.

docs/rollout.md describes the file. Whoever takes a key away or gives it another meaning raises SCHEMA.
"""

from __future__ import annotations

import json
import os
import pathlib
import typing as t

from ansible_collections.sky.aws.plugins.module_utils._files.place import held
from ansible_collections.sky.aws.plugins.module_utils._version import VERSION

if t.TYPE_CHECKING:
    import datetime

    from ansible_collections.sky.aws.plugins.plugin_utils._rollout.result import Drift
    from ansible_collections.sky.aws.plugins.plugin_utils._rollout.rollout import Account, Rollout

SCHEMA = 2


def document(rollout: Rollout, began: datetime.datetime, now: datetime.datetime) -> dict[str, t.Any]:
    """The outcome so far, as JSON types. Times are in UTC."""
    return {
        "schema": SCHEMA,
        "collection": f"sky.aws {VERSION}",
        "began": _time(began),
        "written": _time(now),
        "complete": rollout.complete,
        "check_mode": rollout.check_mode,
        "plays": rollout.plays,
        "totals": {"accounts": len(rollout.accounts), **rollout.totals(), "drift": rollout.drifted()},
        "steps": rollout.steps(),
        "causes": [{"cause": group.cause, "accounts": list(group.accounts)} for group in rollout.causes()],
        "accounts": {name: _account(account) for name, account in rollout.accounts.items()},
    }


def _time(moment: datetime.datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _account(account: Account) -> dict[str, t.Any]:
    failure = account.failure
    return {
        "account_id": account.account_id or None,
        "status": account.status,
        "changed": account.changed,
        "parts": account.parts,
        "steps": [{"task": task, "api": api, "target": target} for task, api, target in account.steps],
        "drift": [_drift(task, drift) for task, drift in account.drift],
        "access_keys": [{"user": key.user, **key.place} for key in account.keys.values()],
        "failure": failure and {"task": failure.task, "message": failure.message, "cause": failure.cause},
        "warnings": list(account.warnings),
    }


def _drift(task: str, drift: Drift) -> dict[str, t.Any]:
    return {
        "task": task,
        "part": drift.part,
        "name": drift.name or None,
        "aspect": drift.aspect,
        "declared": drift.declared,
        "found": drift.found,
    }


class OutcomeFile:
    """The file, and beside it ``<its name>.retry`` for ``--limit @``. Both have mode 0600.

    There is no list where nothing is to be tried again: Ansible takes an empty one for every host.
    """

    def __init__(self, path: str) -> None:
        self.path = pathlib.Path(path)
        self.retry_path = self.path.with_suffix(".retry")

    def write(self, outcome: dict[str, t.Any], retry: list[str]) -> None:
        """Put both in place of the ones before.

        :raises OSError: it cannot be written.
        :raises SkyError: another user can have put a link on the way there.
        """
        _replace(self.path, json.dumps(outcome, indent=1) + "\n")
        if retry:
            _replace(self.retry_path, "".join(f"{name}\n" for name in retry))
            return
        with held(str(self.retry_path.absolute())) as place:
            if not place.missing:
                place.folder.remove(place.name)


def _replace(path: pathlib.Path, text: str) -> None:
    """A reader sees the old file or the new one, never a part; nobody can have another file written."""
    with held(str(path.absolute())) as place:
        folder = place.made().folder
        folder.replace(place.name, text.encode(), draft=f".{place.name}.{os.getpid()}")
