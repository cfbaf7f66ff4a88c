# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures: one emulated AWS that enforces rights and one SkyPilot for all tests, the accounts of a file of tests."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sky.aws.tests.emulator.server import Emulator
from ansible_collections.sky.aws.tests.skypilot.accounts import Account, onboard
from ansible_collections.sky.aws.tests.skypilot.skypilot import SkyPilot


@pytest.fixture(scope="session")
def aws() -> t.Iterator[Emulator]:
    with Emulator(enforce=True) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def sky(aws: Emulator, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[SkyPilot]:
    with SkyPilot(aws.url, tmp_path_factory.mktemp("sky")) as skypilot:
        yield skypilot


@pytest.fixture(scope="module")
def accounts(
    request: pytest.FixtureRequest, aws: Emulator, sky: SkyPilot, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Account]:
    """The accounts that the file names in ACCOUNTS, onboarded with one run of the playbook."""
    return onboard(aws, sky, tmp_path_factory.mktemp("onboard"), request.module.ACCOUNTS)
