# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entry point of modules: every exception is a line, with no text of its causes and no secret."""

from __future__ import annotations

import json

import pytest

from ansible_collections.sky.aws.plugins.module_utils import _module, _secrets
from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.tests.unit.entry_points import as_module
from ansible_collections.sky.aws.tests.unit.sandbox import MANAGEMENT

SECRET = "Secret/Of+The=Operator"
PROXY = f"http://corp:{SECRET}@proxy:3128"
GIVEN = {"account_id": "111122223333", "region": "us-east-1", **MANAGEMENT, "aws_config": {"proxies": {"https": PROXY}}}


def caused(error: Exception) -> Exception:
    error.__cause__ = ValueError(f"Invalid header value b'{SECRET}'")
    return error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (SkyError("no.", "and no."), "no.\nand no."),
        (
            RuntimeError(f"first\nsecond {SECRET}"),
            " has a bug: RuntimeError: first second ********; -vvv shows where",
        ),
    ],
)
def test_an_error_is_told_without_what_led_to_it(monkeypatch, error, message):
    def run(*_, **__):
        raise caused(error)

    monkeypatch.setattr(_module, "run", run)
    monkeypatch.setattr(_secrets, "_known", set())
    result = as_module("sky_account", GIVEN)
    assert result["failed"] is True
    assert result["msg"].endswith(message)
    assert result["steps"] == []
    assert SECRET not in json.dumps(result)
    assert "Secret" not in json.dumps(result)


def test_what_ansible_adds_has_no_user_info_of_a_url(monkeypatch):
    monkeypatch.setattr(_module, "run", lambda *_, **__: {"changed": False})
    shown = json.dumps(as_module("sky_account", GIVEN)["invocation"])
    assert "@proxy:3128" in shown
    assert SECRET not in shown
