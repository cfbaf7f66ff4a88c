# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated AWS of the tests: moto in a process of its own, with a log of every call and with faults on demand.

with Emulator() as aws:
    aws.internet("111122223333")
    aws.fault("iam:CreatePolicy", "Throttling", times=2)
    ...
    assert [call["api"] for call in aws.writes("111122223333")] == [...]
"""

from __future__ import annotations

import http.client
import json
import pathlib
import subprocess
import sys
import tempfile
import typing as t

from ansible_collections.sky.aws.demo import launch
from ansible_collections.sky.aws.demo.seed import REGION, Cloud, give_internet

APP = pathlib.Path(__file__).with_name("app.py")

#: HTTP status and text of errors that ``disturb`` gives by their code. What EC2 calls a server error is a 5xx.
#: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
#: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
ERRORS: dict[str, tuple[int, str]] = {
    "Throttling": (400, "Rate exceeded"),
    "RequestLimitExceeded": (503, "Request limit exceeded."),
    "ServiceUnavailable": (503, "The request has failed due to a temporary failure of the server."),
    "Unavailable": (503, "The server is overloaded and can't handle the request."),
    "InternalFailure": (500, "The request processing has failed because of an unknown error."),
    "InternalError": (500, "An internal error has occurred"),
    "InsufficientInstanceCapacity": (500, "We currently do not have sufficient capacity in the zone you requested."),
    "VcpuLimitExceeded": (
        400,
        "You have requested more vCPU capacity than your current vCPU limit of 0 allows for the instance bucket that the "
        "specified instance type belongs to.",
    ),
    "LimitExceeded": (409, "Cannot exceed quota for RolesPerAccount: 1000"),
}


class Emulator:
    """An AWS on a free port of 127.0.0.1, from ``start`` (or ``with``) to ``stop``. Raises LaunchError.

    ``url`` is its endpoint. ``flags`` change moto's environment. Any account exists: assume a role in it. Of the policies
    of AWS's own it knows those of ``app.AWS_POLICIES``; with the flag ``EMULATOR_AWS_POLICIES: all`` it knows all.

    With ``enforce`` a call does what IAM allows: the keys of users and roles have the rights of their policies, an
    unknown key has none. ``launch.MANAGEMENT`` is the root of the management account; ``client(account_id)`` is an
    administrator of that account.
    """

    #: The account of the credentials in ``launch.MANAGEMENT``, and of a client without ``account_id``.
    management_account = "123456789012"

    def __init__(self, flags: dict[str, str] | None = None, enforce: bool = False) -> None:
        self.url = ""
        self._enforce = enforce
        self._cloud = Cloud("")
        self._flags = flags or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._credentials: dict[str, dict[str, str]] = {}

    def __enter__(self) -> t.Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="sky-emulator-")
        folder = pathlib.Path(self._folder.name)
        flags = {**self._flags, "PYTHONPATH": str(launch.REPO)}
        command = [sys.executable, str(APP), "--images", str(folder / "amis.json")]
        command += ["--enforce"] if self._enforce else []
        self._process, self.url = launch.start(command, folder / "log", flags, stdin=subprocess.PIPE)
        self._cloud = Cloud(self.url)
        try:
            launch.await_answer(self.url, folder / "log")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()
        if self._folder:
            self._folder.cleanup()

    def calls(self, account: str | None = None) -> list[dict[str, t.Any]]:
        """The calls so far, of one account or of all, as ``call_log.Call.shown()`` with ``params``."""
        return [call for call in self._ask("GET", "/__emulator/calls") if account in (None, call["account"])]

    def writes(self, account: str | None = None) -> list[dict[str, t.Any]]:
        """Those of the calls that are write calls, refused ones included."""
        return [call for call in self.calls(account) if call["write"]]

    def clear_log(self) -> None:
        """Forget calls and checks."""
        self._ask("DELETE", "/__emulator/calls")
        if self._enforce:
            self._ask("DELETE", "/__emulator/checks")

    def checks(self, account: str | None = None) -> list[dict[str, t.Any]]:
        """What was authorized so far, by calls of one account or of all, in order; only with ``enforce``.

        Each has ``api`` (the call), ``action``, ``resource``, ``context``, ``principal`` (its ARN), ``account`` (the
        principal's) and ``allowed``.
        """
        return [check for check in self._ask("GET", "/__emulator/checks") if account in (None, check["account"])]

    def account(self, account_id: str) -> None:
        """Give the account the role that AWS Organizations gives to accounts it makes; only with ``enforce``."""
        if account_id != self.management_account:
            body = {"account": account_id, "management": self.management_account}
            self._ask("POST", "/__emulator/accounts", body)

    def instance_credentials(self, account: str, profile: str, region: str = REGION) -> dict[str, str]:
        """Keys as an instance with that profile gets them, as keyword arguments of a client; only with ``enforce``.

        :raises RuntimeError: there is no such profile, it has no role, or the role does not trust ec2.amazonaws.com.
        """
        body = {"account": account, "profile": profile, "region": region}
        return t.cast("dict[str, str]", self._ask("POST", "/__emulator/instance-credentials", body))

    def fault(
        self,
        api: str,
        code: str,
        message: str = "injected",
        status: int = 400,
        times: int = 1,
        account: str | None = None,
    ) -> None:
        """Answer the next ``times`` calls of ``api`` (``iam:CreatePolicy``, ``ec2:*``) with an AWS error."""
        fault = {
            "api": api,
            "code": code,
            "message": message,
            "status": status,
            "times": times,
            "account": account,
        }
        self._ask("POST", "/__emulator/faults", fault)

    def disturb(self, api: str, kind: str = "error", **fault: t.Any) -> None:
        """The same with all that faults.Fault knows, and with the status and text that AWS gives known codes.

        ``disturb("iam:CreateUser", "reset", when="after")``: the user is made and the answer lost;
        ``disturb("*", code="Throttling", probability=0.3, times=None)``: for ever, in all accounts.
        """
        known = dict(zip(("status", "message"), ERRORS.get(fault.get("code", ""), ()), strict=False))
        self._ask("POST", "/__emulator/faults", {"api": api, "kind": kind, **known, **fault})

    def lag(self, seconds: float, *nouns: str, account: str | None = None, apis: str = "*") -> None:
        """What is made from now on is seen so many seconds later: all, or ``nouns`` of visibility.NOUNS."""
        body = {"seconds": seconds, "nouns": nouns, "account": account, "apis": apis}
        self._ask("POST", "/__emulator/lags", body)

    def take_time(self, seconds: float, account: str | None = None) -> None:
        """Instances are pending, stopping and shutting-down for so many seconds."""
        self._ask("POST", "/__emulator/states", {"seconds": seconds, "account": account})

    def clear_faults(self) -> None:
        """The weather is fine: no faults, nothing is late, instances change their states at once."""
        self._ask("DELETE", "/__emulator/faults")

    def days_later(self, days: float) -> None:
        """Let it be so many days after the real time, for dates of IAM and of answers; 0 for now."""
        self._ask("POST", "/__emulator/clock", {"days": days})

    def reset(self) -> None:
        """Forget everything: resources, keys, log, faults.

        Make new clients then: moto takes the forgotten keys of the old ones as the management account's.
        """
        self._ask("POST", "/moto-api/reset")
        self._credentials.clear()
        self.clear_faults()
        self.clear_log()

    def client(self, service: str, account_id: str | None = None, region: str = REGION) -> t.Any:
        """A botocore client in the account, by an assumed role; of the management account without ``account_id``.

        It shows an error at once and never tries again. The assume, one for each account, is in the log.
        """
        if account_id is None:
            return self._cloud.client(service, region)
        if account_id not in self._credentials:
            if self._enforce:
                self.account(account_id)
            self._credentials[account_id] = self._cloud.assume(account_id)
        return self._cloud.client(service, region, self._credentials[account_id])

    def internet(self, account: str, region: str = REGION) -> None:
        """Give the account's default VPC the internet gateway and the route that it has on AWS."""
        give_internet(self.client("ec2", account, region))

    def network(self, account: str, region: str, vpcs: list[dict[str, t.Any]]) -> None:
        """Make these the VPCs of a new account in a region, in one go; what a VPC has says networks.py."""
        self._ask("POST", "/__emulator/networks", {"account": account, "region": region, "vpcs": vpcs})

    def organization(self, account: str, accounts: list[dict[str, t.Any]], **options: t.Any) -> dict[str, t.Any]:
        """Make an organization of a new management account, in one go; arguments and result are of organizations.build."""
        body = {"account": account, "accounts": accounts, **options}
        return t.cast("dict[str, t.Any]", self._ask("POST", "/__emulator/organization", body))

    def _ask(self, method: str, path: str, body: t.Any = None) -> t.Any:
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=60)
        try:
            connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {text.decode(errors='replace')[:500]}")
        return json.loads(text)
