# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixture: the independent evaluator, one process for all tests of a worker."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sky.aws.tests.emulator.iam.evaluator import Evaluator


@pytest.fixture(scope="session")
def evaluator() -> t.Iterator[Evaluator]:
    with Evaluator() as found:
        yield found
