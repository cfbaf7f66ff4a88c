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


class Emulator:
    """An AWS on a free port of 127.0.0.1, from ``start`` (or ``with``) to ``stop``. Raises LaunchError.

    ``url`` is its endpoint. ``flags`` change moto's environment: ``{"MOTO_IAM_LOAD_MANAGED_POLICIES": "false"}`` saves
    5 MB and 0.1 s an account where no AWS-managed policy is needed. Any account exists: assume a role in it.

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

    def clear_faults(self) -> None:
        self._ask("DELETE", "/__emulator/faults")

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
