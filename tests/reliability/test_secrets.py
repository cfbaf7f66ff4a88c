# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every secret that the emulated AWS ever gave out is hunted for wherever a run leaves a trace."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import pathlib
import stat
import sys
import threading
import typing as t
import urllib.parse

import pytest

from ansible_collections.sky.aws.demo.launch import MANAGEMENT
from ansible_collections.sky.aws.tests.integration.runs import Run, Runner
from ansible_collections.sky.aws.tests.reliability.controllers import Controller, Watched, await_that, templated

if t.TYPE_CHECKING:
    from ansible_collections.sky.aws.tests.reliability.ledger import Ledger

_ids = itertools.count(330000000000)
VERBOSE = ("-vvvv", "--diff")


@pytest.fixture(scope="module")
def aws() -> t.Iterator[Watched]:
    with Watched() as emulator:
        yield emulator


@pytest.fixture
def account(aws: Watched) -> str:
    account = str(next(_ids))
    aws.internet(account)
    aws.clear_faults()
    aws.clear_log()
    return account


def host(account: str, delivery: dict[str, t.Any], **variables: t.Any) -> dict[str, t.Any]:
    return {
        "sky_account_id": account,
        "sky_users_present": [{"name": "alice", "access_key_delivery": delivery}],
        **variables,
    }


def spellings(secret: str) -> set[bytes]:
    """A secret as it is, URL-encoded, in JSON, and in base64 at each of the three places a text can begin at."""
    shifted = (base64.b64encode(b"\0" * shift + secret.encode())[4 * bool(shift) :] for shift in range(3))
    inner = {part[: len(part) // 4 * 4 - 4].decode() for part in shifted}
    return {text.encode() for text in {secret, urllib.parse.quote(secret, ""), json.dumps(secret)[1:-1], *inner}}


class Hunt:
    """Looks for all secrets in texts and in folders."""

    def __init__(self, aws: Watched) -> None:
        self._needles = {spelling for secret in aws.secrets() for spelling in spellings(secret)}
        assert self._needles, "nothing to hunt for"

    def found(self, data: bytes) -> bool:
        return any(needle in data for needle in self._needles)

    def in_folder(self, folder: pathlib.Path, *but: pathlib.Path) -> list[pathlib.Path]:
        """The files with a secret in them, other than ``but``."""
        files = [path for path in folder.rglob("*") if path.is_file() and path not in but]
        return [path for path in files if self.found(path.read_bytes())]


class Arguments:
    """The arguments of all processes, sampled as long as it is open."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def __enter__(self) -> t.Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._over.wait(0.05):
            for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    self.seen.add(path.read_bytes())


def caches(folder: pathlib.Path) -> list[pathlib.Path]:
    return list(folder.rglob("sky-aws-credentials/*.json"))


def traced(folder: pathlib.Path) -> dict[str, str]:
    """All that a run writes goes below the folder, facts included."""
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    return {
        "TMPDIR": str(temporary),
        "HOME": str(folder),
        "ANSIBLE_LOCAL_TEMP": str(temporary),
        "ANSIBLE_REMOTE_TEMP": str(temporary / "modules"),
        "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder / "facts"),
        "ANSIBLE_LOG_PATH": str(folder / "ansible.log"),
    }


def note(ledger: Ledger, what: str, places: dict[str, bool]) -> None:
    """Note each place that was searched; true is a find."""
    for place, found in places.items():
        ledger.note("secrets", f"{what}: {place}", not found)


def test_the_hunt_finds_what_there_is(aws: Watched, account: str, tmp_path: pathlib.Path) -> None:
    """A hunt that finds nothing anywhere would prove nothing: the delivered file must be a find, in every spelling."""
    file = tmp_path / "delivered" / "credentials"
    assert Runner(aws.url, tmp_path).onboard({"ml": host(account, {"file": str(file)})}).rc == 0
    hunt = Hunt(aws)
    assert hunt.in_folder(tmp_path) == [file]
    data = file.read_bytes()
    assert hunt.found(base64.b64encode(data))
    assert hunt.found(urllib.parse.quote(data, "").encode())


@pytest.mark.parametrize("kind", ["file", "secret"])
@pytest.mark.parametrize("way", ["a run", "a run that fails when the key is made"])
def test_no_trace_of_a_run(
    aws: Watched, account: str, tmp_path: pathlib.Path, ledger: Ledger, kind: str, way: str
) -> None:
    file = tmp_path / "delivered" / "credentials"
    delivery = {"file": str(file)} if kind == "file" else {"secret": "sky/alice"}
    runner = Runner(aws.url, tmp_path)
    if way != "a run":
        # After the intent: the key exists, and cannot be noted.
        aws.disturb("iam:TagUser", code="AccessDenied", status=403, skip=1, times=1, account=account)
    with Arguments() as arguments:
        run: Run = runner.onboard({"ml": host(account, delivery)}, *VERBOSE, environment=traced(tmp_path))
    assert run.rc == (0 if way == "a run" else 2), run.stdout
    hunt = Hunt(aws)
    artifacts = run.folder / "artifacts"
    places = {
        "output at -vvvv --diff": hunt.found(run.stdout.encode()),
        "events": bool(hunt.in_folder(artifacts)),
        "fact cache": bool(hunt.in_folder(tmp_path / "facts")),
        "temporary folders": bool(hunt.in_folder(tmp_path / "tmp")),
        "log file": hunt.found((tmp_path / "ansible.log").read_bytes()),
        "all other files": bool(hunt.in_folder(tmp_path, file)),
        "arguments of processes": any(map(hunt.found, arguments.seen)),
        "credential caches": bool(caches(tmp_path)),
    }
    assert list(artifacts.rglob("job_events/*.json"))
    note(ledger, f"{way}, key to a {kind}", places)


#: Python reads it as it starts, in the worker and in a module's own process alike: the file of keys breaks off with what
#: is no error of the disk, while the secret is at hand.
BUG = """
import os, sys

sync = os.fsync

def broken(descriptor):
    if sys._getframe(1).f_code.co_filename.endswith("/_files/folder.py"):
        raise RuntimeError("a bug of the tests")
    return sync(descriptor)

os.fsync = broken
"""


def module_play(account: str, delivery: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """sky_user as the ordinary module in a process of its own, as it is with ``async`` and ``become``."""
    options = {"account_id": account, "assume_role": "OrganizationAccountAccessRole", "region": "us-east-1"}
    user = {**options, "name": "alice", "access_key_delivery": delivery}
    tasks = [
        {"sky.aws.sky_user": user, "async": 120, "poll": 0, "register": "job"},
        {
            "ansible.builtin.async_status": {"jid": "{{ job.ansible_job_id }}"},
            "register": "found",
            "until": "found.finished",
            "retries": 120,
            "delay": 1,
        },
    ]
    python = {"ansible_python_interpreter": sys.executable}
    return [{"hosts": "all", "connection": "local", "gather_facts": False, "vars": python, "tasks": tasks}]


@pytest.mark.parametrize("way", ["a module of its own", "a module that breaks off with a bug", "a worker that does"])
def test_no_trace_of_a_module_and_of_a_bug(
    aws: Watched, account: str, tmp_path: pathlib.Path, ledger: Ledger, way: str
) -> None:
    file = tmp_path / "delivered" / "credentials"
    runner, environment = Runner(aws.url, tmp_path), traced(tmp_path)
    (tmp_path / "python").mkdir()
    if way != "a module of its own":
        (tmp_path / "python" / "sitecustomize.py").write_text(BUG)
        environment["PYTHONPATH"] = f"{tmp_path / 'python'}:{os.environ.get('PYTHONPATH', '')}"
    hosts = {"ml": host(account, {"file": str(file)})}
    with Arguments() as arguments:
        if way == "a worker that does":
            run = runner.onboard(hosts, *VERBOSE, environment=environment)
        else:
            play = module_play(account, {"file": str(file)})
            run = runner.play(play, hosts, *VERBOSE, environment=environment)
    is_good = way == "a module of its own"
    assert run.rc == (0 if is_good else 2), run.stdout
    assert ("a bug of the tests" in run.stdout) is not is_good, run.stdout
    assert file.exists() is is_good
    hunt = Hunt(aws)
    places = {
        "output at -vvvv --diff": hunt.found(run.stdout.encode()),
        "events": bool(hunt.in_folder(run.folder / "artifacts")),
        "job files": bool(hunt.in_folder(tmp_path / "async")),
        "log file": hunt.found((tmp_path / "ansible.log").read_bytes()),
        "all other files": bool(hunt.in_folder(tmp_path, file)),
        "arguments of processes": any(map(hunt.found, arguments.seen)),
        "credential caches": bool(caches(tmp_path)),
    }
    assert way == "a worker that does" or list((tmp_path / "async").iterdir())
    note(ledger, f"{way}, key to a file", places)
    if is_good:
        return
    assert runner.onboard(hosts, "--tags", "sky_policy,sky_users").rc == 0
    listed = aws.client("iam", account).list_access_keys(UserName="alice")["AccessKeyMetadata"]
    assert [key["AccessKeyId"] in file.read_text() for key in listed] == [True]


def test_a_killed_run_and_a_live_one_beside_it(
    aws: Watched, account: str, tmp_path: pathlib.Path, ledger: Ledger
) -> None:
    """During a run credentials are in its cache alone; a killed run's is removed by the next, a live one's stays."""
    other, third = str(next(_ids)), str(next(_ids))
    for more in (other, third):
        aws.internet(more)
    file = tmp_path / "delivered" / "credentials"
    for stopped in (account, other):
        aws.hold(
            stopped, 5
        )  # after policy, user, its rights and the intent: the key is made, and its answer not yet there
    runs = {
        name: Controller(aws.url, tmp_path, name, {name: host(name, {"file": str(file)})}, *VERBOSE)
        for name in (account, other)
    }

    def stopped_or_over() -> bool:
        return all(aws.held().values()) or any(run.process.poll() is not None for run in runs.values())

    await_that(stopped_or_over, "both runs are at the new key")
    assert set(aws.held().values()) == {"iam:CreateAccessKey"}
    hunt = Hunt(aws)
    alive = caches(tmp_path)
    places = {
        "files other than the caches, while it runs": bool(hunt.in_folder(tmp_path, *alive)),
        "caches that others can read": any(stat.S_IMODE(path.stat().st_mode) != 0o600 for path in alive),
    }
    assert len(alive) == 2
    runs[account].kill()
    places["output of a killed run"] = hunt.found(runs[account].output.encode())
    third_run = Controller(aws.url, tmp_path, third, {third: host(third, {"file": str(file)})}, *VERBOSE)
    assert third_run.wait() == 0, third_run.output
    kept = caches(tmp_path)
    places["cache of a killed run after the next one"] = len(kept) > 1
    assert len(kept) == 1, "the live run keeps its own"
    aws.release()
    assert runs[other].wait() == 0, runs[other].output
    hunt = Hunt(aws)
    places["caches when all have ended"] = bool(caches(tmp_path))
    places["files other than the delivered one, at the end"] = bool(hunt.in_folder(tmp_path, file))
    note(ledger, "a killed run, a live one and a third", places)


class TestSessionsAreNotShared:
    def assumes(self, aws: Watched) -> int:
        return [call["api"] for call in aws.calls()].count("sts:AssumeRole")

    def test_two_endpoints(self, aws: Watched, account: str, tmp_path: pathlib.Path, ledger: Ledger) -> None:
        with Watched() as second:
            second.internet(account)
            second.clear_log()
            urls = {"one": aws.url, "other": second.url}
            account_id = templated(account)
            hosts = {
                name: {"sky_account_id": account_id, "sky_account_endpoint_url": url} for name, url in urls.items()
            }
            run = Runner(aws.url, tmp_path).onboard(hosts, "--forks", "1")
            assert run.rc == 0, run.stdout
            # A session of the other's would be unknown, and be taken for one of the management account.
            strays = [call for one in (aws, second) for call in one.calls(one.management_account)]
            good = {call["api"] for call in strays} == {"sts:AssumeRole"} and len(strays) == 2
            ledger.note("secrets", "sessions of two endpoints: none is shared", good)

    def test_two_source_credentials(self, aws: Watched, account: str, tmp_path: pathlib.Path, ledger: Ledger) -> None:
        file = tmp_path / "config"
        iam = aws.client("iam", account)
        iam.create_user(UserName="admin")
        key = iam.create_access_key(UserName="admin")["AccessKey"]
        sources = {
            "one": MANAGEMENT,
            "other": {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]},
        }
        file.write_text(
            "".join(
                f"[profile {name}]\n{chr(10).join(f'{option} = {value}' for option, value in source.items())}\n"
                for name, source in sources.items()
            )
        )
        aws.clear_log()
        hosts = {name: {"sky_account_id": templated(account), "sky_account_profile": name} for name in sources}
        environment = {"AWS_CONFIG_FILE": str(file), "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
        run = Runner(aws.url, tmp_path).onboard(hosts, "--forks", "1", environment=environment)
        assert run.rc == 0, run.stdout
        ledger.note("secrets", "sessions of two source credentials: none is shared", self.assumes(aws) == 2)
