# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Without a feature, and with everything else that its use takes, AWS refuses the very step that the feature is for."""

from __future__ import annotations

import fnmatch
import json
import zlib

import pytest

from ansible_collections.sky.aws.tests.skypilot.accounts import Account, Check
from ansible_collections.sky.aws.tests.skypilot.uses import NODE_USES, USES, Use


def name_of(use: Use) -> str:
    """Uses whose accounts are the same but for the feature share one."""
    return f"a{zlib.crc32(json.dumps(use.account(missing=True)).encode())}"


ACCOUNTS = {name_of(use): use.account(missing=True) for use in (*USES, *NODE_USES)}


@pytest.mark.parametrize("use", USES, ids=str)
def test_of_the_user(accounts: dict[str, Account], use: Use) -> None:
    account = accounts[name_of(use)]
    before = len(account.checks())
    (report,) = use.play(account)
    assert (report.failed or "") == use.without, report
    assert_first_refusal(account.checks()[before:], use)


@pytest.mark.parametrize("use", NODE_USES, ids=str)
def test_of_the_instance(accounts: dict[str, Account], use: Use) -> None:
    account = accounts[name_of(use)]
    before = len(account.checks())
    laptop, node = use.play(account)
    assert laptop.ok, laptop
    assert node.failed == use.without, node
    assert_first_refusal(account.checks()[before:], use)


def assert_first_refusal(checks: list[Check], use: Use) -> None:
    """Nothing else was refused before it."""
    action, resource = use.refused
    first = next(check for check in checks if not check["allowed"])
    assert first["action"] == action
    assert fnmatch.fnmatchcase(first["resource"], resource)
