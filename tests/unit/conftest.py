# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the unit tests: the emulated AWS, and a fresh account in it for each test. The others are pure.

Which test is pure nobody has to write: one that does not use the fixture ``emulator``. So it has not the marker of that
name (``make quick`` runs ``-m "not emulator"``), and must connect to nothing.
"""

from __future__ import annotations

import os
import socket
import typing as t

import pytest

pytest.register_assert_rewrite("ansible_collections.sky.aws.tests.unit.sandbox")

from ansible_collections.sky.aws.tests.emulator.server import Emulator  # noqa: E402
from ansible_collections.sky.aws.tests.unit.sandbox import Sandbox, fresh_account_id  # noqa: E402

if t.TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "emulator" in getattr(item, "fixturenames", ()):
            item.add_marker("emulator")


@pytest.fixture(autouse=True)
def no_connection(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A pure test that connects to anything fails, whatever it makes of the refusal."""
    tried: list[t.Any] = []

    def refuse(_: socket.socket, address: t.Any) -> t.NoReturn:
        tried.append(address)
        raise ConnectionRefusedError(f"a pure test connects to {address}")

    if "emulator" not in request.fixturenames:
        monkeypatch.setattr(socket.socket, "connect", refuse)
    yield
    assert tried == []


@pytest.fixture(scope="session", autouse=True)
def no_aws_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pathlib.Path]:
    """Nobody's own AWS settings reach a test, and none looks for an instance's role; the empty HOME is the value.

    Which retries botocore has is a matter of the release that is tested (``make floor``).
    """
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith(("AWS_", "EC2_", "S3_", "SKY_")) and name != "AWS_NEW_RETRIES_2026":
                patch.delenv(name)
        patch.setenv("HOME", str(home))
        patch.setenv("AWS_CONFIG_FILE", str(home / "config"))
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "credentials"))
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield home


@pytest.fixture(scope="session")
def emulator(no_aws_settings: pathlib.Path) -> Iterator[Emulator]:
    """The emulated AWS, one for all tests of a process."""
    with Emulator() as aws:
        yield aws


@pytest.fixture
def account_id() -> str:
    """An account that no other test knows."""
    return fresh_account_id()


@pytest.fixture
def sandbox(emulator: Emulator, account_id: str) -> Iterator[Sandbox]:
    """That account in the emulated AWS."""
    emulator.clear_log()
    yield Sandbox(emulator, account_id)
    emulator.clear_faults()
