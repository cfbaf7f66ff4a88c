# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bounded waits: how often a call is made again, for which errors, and what is told meanwhile."""

from __future__ import annotations

import time

import pytest

from ansible_collections.sky.aws.plugins.module_utils._errors import AWSError
from ansible_collections.sky.aws.plugins.module_utils._patience import patiently


class Call:
    """Fails with the codes in their order, then succeeds."""

    def __init__(self, *codes):
        self.codes = list(codes)
        self.made = 0

    def __call__(self):
        self.made += 1
        if self.codes:
            code = self.codes.pop(0)
            raise AWSError(f"failed with {code}", code=code)
        return "answer"


def is_late(error):
    return error.code == "Late"


@pytest.fixture
def naps(monkeypatch):
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


@pytest.mark.parametrize(("codes", "slept"), [((), []), (("Late",), [1]), (("Late", "Late"), [1, 2])])
def test_it_waits_no_longer_than_it_must(naps, codes, slept):
    call = Call(*codes)
    assert patiently(call, is_late, (1, 2), print) == "answer"
    assert naps == slept
    assert call.made == len(codes) + 1


def test_it_comes_to_an_end(naps):
    call = Call(*["Late"] * 9)
    with pytest.raises(AWSError, match="Late"):
        patiently(call, is_late, (1, 2), print)
    assert (call.made, naps) == (3, [1, 2])


def test_other_errors_are_raised_at_once(naps):
    call = Call("Late", "Denied")
    with pytest.raises(AWSError, match="Denied"):
        patiently(call, is_late, (1, 2), print)
    assert (call.made, naps) == (2, [1])


def test_each_wait_is_told_with_what_is_left(naps):
    told = []
    patiently(Call("Late", "Late"), is_late, (1, 2), told.append)
    assert told == [
        "AWS refuses it for now, trying again in 1 s, for 3 s at most: failed with Late",
        "AWS refuses it for now, trying again in 2 s, for 2 s at most: failed with Late",
    ]
