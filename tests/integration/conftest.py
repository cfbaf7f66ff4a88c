# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures: one emulated AWS for a file of tests, and a runner of playbooks against it."""

from __future__ import annotations

import itertools
import pathlib
import typing as t

import pytest

from ansible_collections.sky.aws.tests.emulator.server import Emulator
from ansible_collections.sky.aws.tests.integration.runs import Runner

_ids = itertools.count(210000000000)


@pytest.fixture(scope="module")
def aws() -> t.Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def runner(aws: Emulator, tmp_path: pathlib.Path) -> Runner:
    aws.clear_faults()
    aws.clear_log()
    return Runner(aws.url, tmp_path)


@pytest.fixture
def account(aws: Emulator) -> str:
    """An account that no other test knows, with a default VPC that has internet."""
    return new_account(aws)


@pytest.fixture
def accounts(aws: Emulator) -> list[str]:
    return [new_account(aws), new_account(aws)]


def new_account(aws: Emulator) -> str:
    account_id = str(next(_ids))
    aws.internet(account_id)
    aws.clear_log()
    return account_id
