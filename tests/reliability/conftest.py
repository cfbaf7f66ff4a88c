# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixture: the ledger of trials. ``--ledger FOLDER`` keeps the notes; without it they end with the run."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.sky.aws.tests.reliability.ledger import Ledger


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--ledger", type=pathlib.Path, help="folder for the notes of trials")


@pytest.fixture(scope="session")
def ledger(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> t.Any:
    folder = request.config.getoption("--ledger") or tmp_path_factory.mktemp("ledger")
    folder.mkdir(parents=True, exist_ok=True)
    return Ledger(folder / f"{worker_id}.jsonl")
