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
FREE = {"ANSIBLE_STRATEGY": "free", "ANSIBLE_FORKS": "100"}
#: What making and delivering a key takes. Just before these, something may have been written that is no call.
KEY_CALLS = {"iam:TagUser", "iam:CreateAccessKey"}


@pytest.fixture(scope="module")
def aws() -> Iterator[Watched]:
    with Watched() as emulator:
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

    def __init__(self, aws: Watched, home: pathlib.Path) -> None:
        self.aws = aws
        self.home = home
        self.file = home / "keys" / "credentials"
        self.deliveries: dict[str, dict[str, t.Any]] = {
            "file": {"file": str(self.file)},
            "secret": {"secret": "sky/alice"},
        }
        self._runs = itertools.count()

    def account(self) -> str:
        account = str(next(_ids))
        self.aws.internet(account)
        return account

    def start(self, accounts: dict[str, str]) -> Controller:
        """A run that onboards the accounts, each with its kind of delivery."""
        hosts: Hosts = {f"a{account}": onboarding(account, self.deliveries[kind]) for account, kind in accounts.items()}
        return Controller(self.aws.url, self.home, f"run{next(self._runs)}", hosts, **FREE)

    def finish(self, accounts: dict[str, str]) -> None:
        run = self.start(accounts)
        assert run.wait() == 0, run.output

    def caches(self) -> list[pathlib.Path]:
        """The files with credentials of all runs."""
        return list((self.home / "home").glob("tmp/ansible-local-*/sky-aws-credentials/*.json"))

    def delivered(self, account: str, kind: str) -> dict[str, str]:
        if kind == "file":
            return states.in_file(self.file, account)
        return states.secrets(self.aws, account).get("sky/alice", {})

    def fault(self, account: str, kind: str, undisturbed: dict[str, t.Any]) -> str:
        """What is not as it should be in words; empty if all is well."""
        found = states.snapshot(self.aws, account)
        wrong = [states.difference(undisturbed, found)] if found != undisturbed else []
        keys = states.access_keys(self.aws, account)
        delivered = self.delivered(account, kind)
        if [key["AccessKeyId"] for key in keys] != [delivered.get("aws_access_key_id")]:
            wrong.append(f"{len(keys)} keys and not exactly the delivered one")
        if delivered.get("aws_secret_access_key") not in self.aws.secrets():
            wrong.append("no secret key was delivered")
        return ", ".join(wrong)


class Point(t.NamedTuple):
    """Where a run is killed: before or after its ``number``-th write in an account."""

    kind: str
    number: int
    api: str
    when: str


def points_of(kind: str, apis: list[str]) -> list[Point]:
    """Where to kill: after every write, and before those of the key; for a secret only where it makes a difference."""
    writes = list(enumerate(apis, 1))
    of_key = [(number, api) for number, api in writes if api in KEY_CALLS or api.startswith("secretsmanager:")]
    after = writes if kind == "file" else of_key
    return [Point(kind, *write, "after") for write in after] + [Point(kind, *write, "before") for write in of_key]


def test_a_kill_at_every_write(aws: Watched, tmp_path: pathlib.Path, ledger: Ledger) -> None:
    operator = Operator(aws, tmp_path)
    references = {kind: operator.account() for kind in operator.deliveries}
    aws.clear_log()
    operator.finish({account: kind for kind, account in references.items()})
    apis = {kind: [call["api"] for call in aws.writes(account)] for kind, account in references.items()}
    undisturbed = {kind: states.snapshot(aws, account) for kind, account in references.items()}

    points = {operator.account(): point for kind in apis for point in points_of(kind, apis[kind])}
    for account, point in points.items():
        aws.hold(account, point.number, point.when)
    accounts = {account: point.kind for account, point in points.items()}
    run = operator.start(accounts)
    await_that(lambda: all(aws.held().values()) or run.process.poll() is not None, "every account is at its write")
    held = aws.held()
    assert {account: held[account] for account in points} == {a: point.api for a, point in points.items()}, run.output
    run.kill()
    aws.release()
    left = operator.caches()
    assert left, "a killed run leaves its credentials: without them nothing is proven"

    operator.finish(accounts)
    assert not operator.caches()
    for account, point in points.items():
        fault = operator.fault(account, point.kind, undisturbed[point.kind])
        what = f"key to a {point.kind}: {point.when} write {point.number}, {point.api}"
        ledger.note("kills", f"{what}{': ' + fault if fault else ''}", not fault)
    assert stat.S_IMODE(operator.file.stat().st_mode) == 0o600
    assert not list(operator.file.parent.glob("*.new"))
