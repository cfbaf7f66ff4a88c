# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Malformed credentials of each kind in each place, proxies, and answers that quote: no error, log or event has a secret.

Each trial is a host with secrets of its own, made of words that no way of quoting changes, so that one run tries them all
and a find says whose it is.
"""

from __future__ import annotations

import dataclasses
import http.server
import itertools
import os
import pathlib
import random
import socket
import string
import subprocess
import sys
import threading
import typing as t

import pytest
import yaml

from ansible_collections.sky.aws.demo import launch
from ansible_collections.sky.aws.tests.integration.runs import Run, Runner
from ansible_collections.sky.aws.tests.reliability.controllers import Watched
from ansible_collections.sky.aws.tests.unit.inventory_worker import Worker

if t.TYPE_CHECKING:
    from ansible_collections.sky.aws.tests.reliability.ledger import Ledger

ACCOUNT = "340000000000"
KEY = launch.MANAGEMENT["aws_access_key_id"]
VARIABLES = {
    "access_key": "AWS_ACCESS_KEY_ID",
    "secret_key": "AWS_SECRET_ACCESS_KEY",
    "session_token": "AWS_SESSION_TOKEN",
}

#: What must not be in a credential, and is in one that somebody copied.
MALFORMED = {
    "a line break": "\n",
    "a line break of Windows": "\r\n",
    "a blank": " ",
    "a tab": "\t",
    "characters that are not Latin": "é€",
    "a byte that is no UTF-8": "\udce9",
    "quotes": "'\"",
    "signs of URLs": "/@?#",
    "an escape of URLs": "%0a",
    "a zero": "\0",
}
#: An inventory is UTF-8, and an environment holds no zero.
IN_AN_INVENTORY = {kind: stray for kind, stray in MALFORMED.items() if stray != "\udce9"}
IN_THE_ENVIRONMENT = {kind: stray for kind, stray in IN_AN_INVENTORY.items() if stray != "\0"}
IN_A_FILE = {kind: stray for kind, stray in MALFORMED.items() if stray != "\0"}
#: One attempt each, since none is to succeed.
AWS_CONFIG = {"retries": {"total_max_attempts": 1}, "connect_timeout": 5, "read_timeout": 20}


def words(count: int, length: int) -> list[str]:
    """Words that are in no text by chance."""
    return ["".join(random.choices(string.ascii_letters, k=length - 2)) + "7q" for _ in range(count)]  # noqa: S311


@dataclasses.dataclass
class Trial:
    """What is tried, the words that must not be seen, account options, and the environment they are tried in."""

    what: str
    needles: list[str]
    options: dict[str, t.Any]
    environment: dict[str, str] = dataclasses.field(default_factory=dict)

    def is_seen_in(self, text: str) -> bool:
        """``text`` is in lower case."""
        return any(needle.lower() in text for needle in self.needles)


def hunt(trials: list[Trial], text: str, ledger: Ledger, where: str) -> None:
    assert trials
    lower = text.lower()
    assert [trial.what for trial in trials if trial.is_seen_in(lower)] == []
    ledger.note("secrets in errors", where, good=True, count=len(trials))


# Credentials


def credentials(folder: pathlib.Path) -> t.Iterator[Trial]:
    """Each malformed credential in each place. Of a short one no piece is known by its value: only its place tells."""
    for name, is_short in itertools.product(("secret_key", "session_token"), (False, True)):
        for kind, stray in IN_AN_INVENTORY.items():
            yield credential(f"{kind} in the option", name, stray, is_short)
        for kind, stray in IN_THE_ENVIRONMENT.items():
            trial = credential(f"{kind} in the environment", name, stray, is_short)
            yield dataclasses.replace(trial, options={}, environment=variables(trial.options))
        for (kind, stray), profile in itertools.product(IN_A_FILE.items(), ("own", "role")):
            trial = credential(f"{kind} in the file, profile {profile}", name, stray, is_short)
            environment = {
                **dict.fromkeys(VARIABLES.values(), ""),
                "AWS_SHARED_CREDENTIALS_FILE": in_file(folder, trial),
            }
            yield dataclasses.replace(trial, options={"profile": profile}, environment=environment)


def credential(what: str, name: str, stray: str, is_short: bool) -> Trial:
    needles = words(1, 7) if is_short else words(3, 12)
    value = f"{needles[0]}{stray}" if is_short else stray.join(needles)
    length = "a short" if is_short else "a"
    return Trial(f"{length} {name} with {what}", needles, {"access_key": KEY, "secret_key": "x" * 40, name: value})


def variables(options: dict[str, str]) -> dict[str, str]:
    return {VARIABLES[name]: value for name, value in options.items()}


def in_file(folder: pathlib.Path, trial: Trial) -> str:
    """A credentials file with a profile of them, and one that assumes a role with them."""
    # A line that is indented goes on with the value.
    settings = [f"{name.lower()} = {value}".replace("\n", "\n  ") for name, value in variables(trial.options).items()]
    role = ["[role]", f"role_arn = arn:aws:iam::{ACCOUNT}:role/R", "source_profile = own", ""]
    file = folder / f"credentials{len(list(folder.iterdir()))}"
    file.write_bytes("\n".join(["[own]", *settings, *role]).encode(errors="surrogateescape"))
    return str(file)


# Ways to AWS


class Refusing(http.server.BaseHTTPRequestHandler):
    """A proxy that lets nobody through, and answers with the request as some do."""

    def _refuse(self) -> None:
        body = f"<html><pre>{self.requestline}\n{self.headers}</pre></html>".encode()
        self.send_response(407)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_CONNECT = _refuse

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
def proxies() -> t.Iterator[dict[str, str]]:
    """Where a proxy refuses, is not, or cannot be."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with socket.create_server(("127.0.0.1", 0)) as free:
        closed = free.getsockname()[1]
    yield {
        "a proxy that refuses": f"127.0.0.1:{server.server_address[1]}",
        "a proxy that does not listen": f"127.0.0.1:{closed}",
        "a proxy that does not exist": "no-such-proxy.invalid:3128",
        "a proxy without a port": "127.0.0.1:port",
    }
    server.shutdown()
    thread.join()
    server.server_close()


def ways(proxies: dict[str, str]) -> t.Iterator[Trial]:
    """Proxies and endpoints with a user and a password, in each place."""
    strays = {"nothing else": "", **IN_THE_ENVIRONMENT}
    for (kind, stray), (where, host), is_short in itertools.product(strays.items(), proxies.items(), (False, True)):
        what = f"{where}, with a {'short ' if is_short else ''}password with {kind} in the"
        for scheme, place in itertools.product(("http", "https"), ("environment", "option")):
            needles, url = user_info(stray, host, is_short)
            options: dict[str, t.Any] = {
                "access_key": KEY,
                "secret_key": "x" * 40,
                "endpoint_url": f"{scheme}://aws.example",
            }
            if place == "option":
                options["aws_config"] = {**AWS_CONFIG, "proxies": {scheme: url}}
            environment = {f"{scheme}_proxy": url} if place == "environment" else {}
            yield Trial(f"{what} {place}, {scheme}", needles, options, environment)
        needles, url = user_info(stray, host, is_short)
        yield Trial(f"{what} endpoint_url", needles, {"endpoint_url": url})
        needles, url = user_info(stray, host, is_short)
        yield Trial(f"{what} AWS_ENDPOINT_URL", needles, {"endpoint_url": None}, {"AWS_ENDPOINT_URL": url})


def user_info(stray: str, host: str, is_short: bool) -> tuple[list[str], str]:
    needles = words(2, 7 if is_short else 11)
    return needles, f"http://{needles[0]}:{needles[1]}{stray}@{host}"


# Runs


@pytest.fixture(scope="module")
def aws() -> t.Iterator[Watched]:
    """It takes nobody for who he says he is, but for the role by which accounts are onboarded."""
    with Watched() as emulator:
        refused = {"code": "SignatureDoesNotMatch", "status": 403, "message": "no", "times": None}
        emulator.disturb("sts:GetCallerIdentity", **refused)
        emulator.disturb("sts:AssumeRole", **refused, given={"RoleArn": "*:role/R"})
        yield emulator


@pytest.fixture(params=["credentials", "proxies"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def trials(kind: str, tmp_path: pathlib.Path, proxies: dict[str, str]) -> list[Trial]:
    (tmp_path / "files").mkdir()
    return list(credentials(tmp_path / "files") if kind == "credentials" else ways(proxies))


def inert(value: t.Any) -> t.Any:
    """What is malformed is no template."""
    if isinstance(value, dict):
        return {key: inert(each) for key, each in value.items()}
    return {"__ansible_unsafe": value} if isinstance(value, str) else value


def play(aws: Watched, folder: pathlib.Path, trials: list[Trial], *arguments: str, **keywords: t.Any) -> Run:
    """sky_account on a host for each trial."""
    names = ["access_key", "secret_key", "session_token", "profile", "endpoint_url"]
    options = {name: f"{{{{ options.{name} | default(omit, true) }}}}" for name in names}
    account = {"account_id": ACCOUNT, "region": "us-east-1", "aws_config": "{{ options.aws_config }}", **options}
    task = {"sky.aws.sky_account": account, "environment": "{{ environ }}", "ignore_errors": True, **keywords}
    plays = [{"hosts": "all", "connection": "local", "gather_facts": False, "strategy": "free", "tasks": [task]}]
    shared = {"aws_config": AWS_CONFIG, "endpoint_url": aws.url}
    hosts = {
        f"h{index}": inert({"options": {**shared, **trial.options}, "environ": trial.environment})
        for index, trial in enumerate(trials)
    }
    environment = {"NO_PROXY": "", "ANSIBLE_DISPLAY_TRACEBACK": "always"}
    return Runner(aws.url, folder).play(plays, hosts, *arguments, "--forks", "4", environment=environment)


def shown(run: Run) -> str:
    """All that a run showed and handed on."""
    files = [path for path in (run.folder / "artifacts").rglob("*") if path.is_file()]
    return "\n".join([run.stdout, *(path.read_text(errors="replace") for path in files)])


def check_results(run: Run, trials: list[Trial]) -> None:
    """Each failed, and says so in one line."""
    results = [result for name, action, result in run.results if action.endswith("sky_account")]
    assert len(results) == len(trials), run.stdout[-3000:]
    assert [result["msg"] for result in results if not result["failed"] or len(result["msg"].splitlines()) != 1] == []


def test_in_the_worker(aws: Watched, tmp_path: pathlib.Path, ledger: Ledger, kind: str, trials: list[Trial]) -> None:
    run = play(aws, tmp_path, trials, "-vvvv")
    check_results(run, trials)
    hunt(trials, shown(run), ledger, f"{kind}: output and events of the worker at -vvvv")


def test_in_a_module(aws: Watched, tmp_path: pathlib.Path, ledger: Ledger, kind: str, trials: list[Trial]) -> None:
    """Every twelfth: a process costs a second. None with an environment, which Ansible itself shows at -vvv."""
    some = [trial for trial in trials if not trial.environment][::12]
    apart = {"async": 120, "poll": 1, "vars": {"ansible_python_interpreter": sys.executable}}
    run = play(aws, tmp_path, some, "-vvvv", **apart)
    check_results(run, some)
    assert all("ansible_job_id" in result for *_, result in run.results)
    hunt(some, shown(run), ledger, f"{kind}: output and events of a module at -vvvv")


def source(path: pathlib.Path, aws: Watched, trial: Trial) -> None:
    """An inventory's source with the options of a trial."""
    plugin = {"plugin": "sky.aws.sky_accounts", "account_id": ACCOUNT, "region": "us-east-1"}
    options = {"aws_config": AWS_CONFIG, "endpoint_url": aws.url, **trial.options}
    path.write_text(yaml.safe_dump({**plugin, **{name: value for name, value in options.items() if value is not None}}))


#: What an inventory is read with beside a trial's own.
ENVIRONMENT = {"NO_PROXY": "", "AWS_EC2_METADATA_DISABLED": "true"}


def test_in_an_inventory(aws: Watched, tmp_path: pathlib.Path, ledger: Ledger, kind: str, trials: list[Trial]) -> None:
    worker, said = Worker(), []
    path = tmp_path / "all.sky_accounts.yml"
    for trial in trials:
        source(path, aws, trial)
        found = worker.load(path, **ENVIRONMENT, **trial.environment)
        assert found.get("kind") == "AnsibleParserError", found
        assert len(found["error"].splitlines()) == 1, found
        said.append(found["error"])
    worker.stop()
    hunt(trials, "\n".join(said), ledger, f"{kind}: errors of the inventory")


def test_on_the_command_line(
    aws: Watched, tmp_path: pathlib.Path, ledger: Ledger, kind: str, trials: list[Trial]
) -> None:
    """Where Ansible itself shows more: tracebacks, with the causes of errors. A few, of each place."""
    runner, some, said = Runner(aws.url, tmp_path), trials[:: len(trials) // 8], []
    path = tmp_path / "all.sky_accounts.yml"
    for trial in some:
        source(path, aws, trial)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ANSIBLE_"))}
        settings = {
            **kept,
            **runner.environment,
            **ENVIRONMENT,
            "ANSIBLE_DISPLAY_TRACEBACK": "always",
            **trial.environment,
        }
        command = [str(pathlib.Path(sys.executable).with_name("ansible-inventory")), "-i", str(path), "--list", "-vvvv"]
        done = subprocess.run(command, capture_output=True, env=settings, check=False)
        assert b"Unable to parse" in done.stderr
        said.append((done.stdout + done.stderr).decode(errors="replace"))
    hunt(some, "\n".join(said), ledger, f"{kind}: ansible-inventory at -vvvv with tracebacks")


# Answers


def quoting(name: str, token: str) -> str:
    """How AWS refuses a signature.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html
    """
    if name == "IncompleteSignature":
        header = f"AWS4-HMAC-SHA256 Credential={token} x/20260101/us-east-1/sts/aws4_request, Signature=0"
        return f"'x/20260101' not a valid key=value pair (missing equal-sign) in Authorization header: '{header}'."
    request = f"POST\n/\n\nhost:sts.amazonaws.com\nx-amz-security-token:{token}\n\nhost;x-amz-security-token\n0"
    return f"The Canonical String for this request should have been\n'{request}'"


@pytest.mark.parametrize("name", ["SignatureDoesNotMatch", "IncompleteSignature"])
@pytest.mark.parametrize("length", [7, 40])
def test_an_answer_that_quotes_the_request(
    aws: Watched, tmp_path: pathlib.Path, ledger: Ledger, name: str, length: int
) -> None:
    needles = words(1, length)
    # Nobody knows it by its value.
    aws.disturb("iam:GetPolicy", code=name, status=403, message=quoting(name, needles[0]), account=ACCOUNT)
    run = onboard(aws, tmp_path, ACCOUNT)
    assert name in run.message("ml")
    hunt(
        [Trial(name, needles, {})], shown(run), ledger, f"an answer that quotes a request, {name}, {length} characters"
    )


@pytest.mark.parametrize(
    ("api", "account"), [("sts:AssumeRole", "340000000001"), ("iam:CreateAccessKey", "340000000002")]
)
def test_an_answer_with_a_secret_that_breaks_off(
    aws: Watched, tmp_path: pathlib.Path, ledger: Ledger, api: str, account: str
) -> None:
    given = {"RoleArn": f"*:{account}:*"} if api == "sts:AssumeRole" else {}
    aws.disturb(api, "torn", times=None, given=given, account=None if given else account)
    before = set(aws.secrets())
    run = onboard(aws, tmp_path, account)
    assert "ResponseParserError: what came back is not an answer of AWS" in run.message("ml")
    needles = [secret[at : at + 12] for secret in set(aws.secrets()) - before for at in range(0, len(secret) - 11, 12)]
    hunt([Trial(api, needles, {})], shown(run), ledger, f"an answer of {api} that breaks off")


def onboard(aws: Watched, folder: pathlib.Path, account: str) -> Run:
    delivery = {"file": str(folder / "delivered" / "credentials")}
    host = {"sky_account_id": account, "sky_users_present": [{"name": "alice", "access_key_delivery": delivery}]}
    run = Runner(aws.url, folder).onboard({"ml": host}, "-vvvv", "--tags", "sky_policy,sky_users")
    assert run.rc == 2, run.stdout[-3000:]
    return run
