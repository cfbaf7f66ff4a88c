# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Onboarding killed at every write call, then run once more: it ends as if nothing had happened.

One run onboards many accounts, each stopped by the emulated AWS at another of its writes; when all are stopped, all
processes get a SIGKILL. With the strategy free no account waits for another.
"""

from __future__ import annotations

import itertools
import pathlib
import stat
import typing as t

import pytest

from ansible_collections.sky.aws.tests.reliability import states
from ansible_collections.sky.aws.tests.reliability.controllers import Controller, Hosts, Watched, await_that

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from ansible_collections.sky.aws.tests.reliability.ledger import Ledger

_ids = itertools.count(310000000000)
IMAGE = "ami-0a1b2c3d4e5f60718"
FLAGS = {"MOTO_IAM_LOAD_MANAGED_POLICIES": "false"}
FREE = {"ANSIBLE_STRATEGY": "free", "ANSIBLE_FORKS": "100"}
#: What making and delivering a key takes. Just before these, something may have been written that is no call.
KEY_CALLS = {"iam:TagUser", "iam:CreateAccessKey"}


@pytest.fixture(scope="module")
def aws() -> Iterator[Watched]:
    with Watched(FLAGS) as emulator:
        yield emulator


def onboarding(account: str, delivery: dict[str, t.Any]) -> dict[str, t.Any]:
    """All that onboarding makes: policy, user with a key, role and profile, security group, instance."""
    return {
        "sky_account_id": account,
        "sky_account_tags": {"team": "ml"},
        "sky_network_security_group": "skypilot",
        "sky_users_present": [{"name": "alice", "access_key_delivery": delivery}],
        "sky_instances_present": [{"name": "smoke", "instance_type": "t3.micro", "image_id": IMAGE}],
    }


class Operator:
    """An operator's machine, and accounts whose key is delivered to one file, or to a secret in each account."""

    def __init__(self, aws: Watched, home: pathlib.Path, kind: str) -> None:
        self.aws = aws
        self.home = home
        self.kind = kind
        self.file = home / "keys" / "credentials"
        self._runs = itertools.count()

    @property
    def delivery(self) -> dict[str, t.Any]:
        return {"file": str(self.file)} if self.kind == "file" else {"secret": "sky/alice"}

    def accounts(self, count: int) -> list[str]:
        made = [str(next(_ids)) for _number in range(count)]
        for account in made:
            self.aws.internet(account)
        return made

    def start(self, accounts: list[str]) -> Controller:
        hosts: Hosts = {f"a{account}": onboarding(account, self.delivery) for account in accounts}
        return Controller(self.aws.url, self.home, f"run{next(self._runs)}", hosts, **FREE)

    def finish(self, accounts: list[str]) -> None:
        run = self.start(accounts)
        assert run.wait() == 0, run.output

    def caches(self) -> list[pathlib.Path]:
        """The files with credentials of all runs."""
        return list((self.home / "home").glob("tmp/ansible-local-*/sky-aws-credentials/*.json"))

    def delivered(self, account: str) -> dict[str, str]:
        if self.kind == "file":
            return states.in_file(self.file, account)
        return states.secrets(self.aws, account).get("sky/alice", {})

    def writes_of_one(self) -> tuple[str, list[str]]:
        """An account that nothing happened to, and its writes in order."""
        (account,) = self.accounts(1)
        self.aws.clear_log()
        self.finish([account])
        return account, [call["api"] for call in self.aws.writes(account)]

    def fault(self, account: str, undisturbed: dict[str, t.Any]) -> str:
        """What is not as it should be in words; empty if all is well."""
        found = states.snapshot(self.aws, account)
        wrong = [states.difference(undisturbed, found)] if found != undisturbed else []
        keys = states.access_keys(self.aws, account)
        delivered = self.delivered(account)
        if [key["AccessKeyId"] for key in keys] != [delivered.get("aws_access_key_id")]:
            wrong.append(f"{len(keys)} keys and not exactly the delivered one")
        if delivered.get("aws_secret_access_key") not in self.aws.secrets():
            wrong.append("no secret key was delivered")
        return ", ".join(wrong)


def points_of(apis: list[str], kind: str) -> list[tuple[int, str, str]]:
    """Where to kill: after every write, and before those of the key; for a secret only where it makes a difference."""
    writes = list(enumerate(apis, 1))
    of_key = [(number, api) for number, api in writes if api in KEY_CALLS or api.startswith("secretsmanager:")]
    after = writes if kind == "file" else of_key
    return [(*write, "after") for write in after] + [(*write, "before") for write in of_key]


@pytest.fixture(params=["file", "secret"])
def operator(request: pytest.FixtureRequest, aws: Watched, tmp_path: pathlib.Path) -> Operator:
    return Operator(aws, tmp_path, request.param)


def test_a_kill_at_every_write(operator: Operator, aws: Watched, ledger: Ledger) -> None:
    reference, apis = operator.writes_of_one()
    undisturbed = states.snapshot(aws, reference)
    points = points_of(apis, operator.kind)
    accounts = operator.accounts(len(points))
    for account, (number, _api, when) in zip(accounts, points, strict=True):
        aws.hold(account, number, when)

    run = operator.start(accounts)
    await_that(lambda: all(aws.held().values()) or run.process.poll() is not None, "every account is at its write")
    stopped_at = [aws.held()[account] for account in accounts]
    assert stopped_at == [api for _number, api, _when in points], run.output
    run.kill()
    aws.release()
    left = operator.caches()
    assert left, "a killed run leaves its credentials: without them nothing is proven"

    operator.finish(accounts)
    assert not operator.caches()
    for account, (number, api, when) in zip(accounts, points, strict=True):
        fault = operator.fault(account, undisturbed)
        what = f"key to a {operator.kind}: {when} write {number}, {api}"
        ledger.note("kills", f"{what}{': ' + fault if fault else ''}", not fault)
    if operator.kind == "file":
        assert stat.S_IMODE(operator.file.stat().st_mode) == 0o600
        assert not list(operator.file.parent.glob("*.new"))
