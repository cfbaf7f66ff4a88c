# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One account of the emulated AWS, and the resources run in it as the entry points run them."""

from __future__ import annotations

import random
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.sky.aws.demo import launch
from ansible_collections.sky.aws.demo.seed import REGION
from ansible_collections.sky.aws.plugins.module_utils._run import run

if t.TYPE_CHECKING:
    from ansible_collections.sky.aws.plugins.module_utils._account import Account
    from ansible_collections.sky.aws.tests.emulator.server import Emulator

ROLE = "OrganizationAccountAccessRole"

#: Keys of the management account, as options.
MANAGEMENT = {
    "access_key": launch.MANAGEMENT["aws_access_key_id"],
    "secret_key": launch.MANAGEMENT["aws_secret_access_key"],
}

_unseeded = random.SystemRandom()


def fresh_account_id() -> str:
    """12 digits; hypothesis and others seed the common generator, so the system's is asked."""
    return f"{_unseeded.randrange(10**12):012d}"


def params(resource: t.Any, **options: t.Any) -> dict[str, t.Any]:
    """Options as a resource gets them: checked and completed by its argument_spec."""
    given = {"account_id": "111122223333", "region": REGION, **options}
    validation = ArgumentSpecValidator(resource.argument_spec, **resource.rules).validate(given)
    assert validation.error_messages == []
    return validation.validated_parameters


def client(session: t.Any, service: str) -> t.Any:
    """A client of a botocore session, for what can be seen of it without a call."""
    return session.create_client(service, "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


class Sandbox:
    """An account; ``warnings`` are those of the last run."""

    def __init__(self, emulator: Emulator, account_id: str) -> None:
        self.emulator = emulator
        self.account_id = account_id
        self.cache: dict[str, t.Any] = {}
        self.warnings: list[str] = []

    def __repr__(self) -> str:
        return f"Sandbox({self.account_id})"

    @property
    def iam(self) -> t.Any:
        """A client in the account, for what a person does by hand."""
        return self.emulator.client("iam", self.account_id)

    @property
    def reach(self) -> dict[str, t.Any]:
        """The account options."""
        return {
            "account_id": self.account_id,
            "assume_role": ROLE,
            "endpoint_url": self.emulator.url,
            "region": REGION,
            **MANAGEMENT,
        }

    def arn(self, resource: str) -> str:
        """The ARN of an IAM resource of the account: ``policy/name``."""
        return f"arn:aws:iam::{self.account_id}:{resource}"

    def run(self, resource: t.Any, *, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        """Run a resource as an entry point does."""
        self.warnings = []
        given = params(resource, **{**self.reach, **options})
        return run(resource, given, check_mode=check_mode, warn=self.warnings.append, reach=self._reach)

    def _reach(self, kind: type[Account], options: t.Mapping[str, t.Any]) -> Account:
        return kind(options, self.cache)

    def writes(self) -> list[dict[str, str]]:
        """The write calls in the emulator's own log, as ``steps`` shows them."""
        return [{"api": call["api"], "target": call["target"]} for call in self.emulator.writes(self.account_id)]

    def converge(self, resource: t.Any, **options: t.Any) -> dict[str, t.Any]:
        """Check, run, run again. What is announced is what is done is what the server sees, and then all is done.

        :returns: the result of the real run.
        """
        self.emulator.clear_log()
        checked = self.run(resource, check_mode=True, **options)
        assert self.writes() == []
        done = self.run(resource, **options)
        seen = self.writes()
        assert checked["steps"] == done["steps"] == seen
        assert set(checked) == set(done)
        assert checked["changed"] is done["changed"] is bool(seen)
        assert checked["diff"] == done["diff"]
        assert (done["diff"]["before"] != done["diff"]["after"]) is bool(seen)
        warnings = self.warnings
        self.emulator.clear_log()
        again = self.run(resource, **options)
        assert again["steps"] == self.writes() == []
        assert again["changed"] is False
        assert again["diff"]["before"] == again["diff"]["after"] == done["diff"]["after"]
        self.warnings = warnings
        return done

    def apis(self, result: t.Mapping[str, t.Any]) -> list[str]:
        """The operations of a result's steps, without the service."""
        return [step["api"].partition(":")[2] for step in result["steps"]]
