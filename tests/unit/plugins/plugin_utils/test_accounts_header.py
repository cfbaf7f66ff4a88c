# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the header of a playbook takes, and what it refuses."""

from __future__ import annotations

import pytest

from ansible_collections.sky.aws.plugins.module_utils._errors import BadInput
from ansible_collections.sky.aws.plugins.plugin_utils import _accounts

ONE, TWO, THREE, FOUR = "111111111111", "222222222222", "333333333333", "444444444444"


def refused(function, *given):
    """The one line of the error."""
    with pytest.raises(BadInput) as caught:
        function(*given)
    assert len(caught.value.message.splitlines()) == 1
    return caught.value.message


@pytest.mark.parametrize(
    ("given", "pattern"),
    [
        ("canary:all", "canary:all"),
        ("all:!sandbox, ~ml-.*", "all:!sandbox, ~ml-.*"),
        (["canary", "all"], ["canary", "all"]),
        (111111111111, ONE),
        ([111111111111], [ONE]),
    ],
)
def test_patterns(given, pattern):
    assert _accounts.pattern(given) == pattern


@pytest.mark.parametrize("given", ["", " ", ",", ":", "\n", [], [""], ["all", " "]])
def test_patterns_that_name_nothing(given):
    assert refused(_accounts.pattern, given).startswith("sky_hosts: ")


@pytest.mark.parametrize(
    ("given", "sizes"),
    [
        ("", ["100%"]),
        ("[]", ["100%"]),
        ([], ["100%"]),
        ("100%", ["100%"]),
        (10, ["10"]),
        ("10", ["10"]),
        ("1,10%,100%", ["1", "10%", "100%"]),
        ("1, 10%,\n100%", ["1", "10%", "100%"]),
        ([1, "10%"], ["1", "10%"]),
        ("[2, '100%']", ["2", "100%"]),
        ('["1", "99%"]', ["1", "99%"]),
        ("1000", ["1000"]),
    ],
)
def test_batches(given, sizes):
    assert _accounts.batches(given) == sizes


@pytest.mark.parametrize(
    "given",
    [
        0,
        "0",
        "-1",
        -1,
        "ten",
        "1,0",
        [1, 0],
        "0%",
        "101%",
        "1,150%",
        "1.5",
        "01",
        True,
        False,
        {"a": 1},
        "10 %",
        "1%%",
        "x" * 999,
    ],
)
def test_batches_that_are_refused(given):
    message = refused(_accounts.batches, given)
    assert message.startswith(f"sky_batch: {str(given)[:400]}")
    assert len(message) < 550


@pytest.mark.parametrize(
    ("given", "share"),
    [
        ("", "100"),
        (0, "0"),
        ("0", "0"),
        (30, "30"),
        ("30%", "30%"),
        ("2.5", "2.5"),
        (2.5, "2.5"),
        ("99.99%", "99.99%"),
        (100, "100"),
    ],
)
def test_shares(given, share):
    assert _accounts.share(given) == share


@pytest.mark.parametrize("given", [-5, "-5", 101, "101", "100.1", "lots", "5%%", "1,5", " ", True, [5], "30\n"])
def test_shares_that_are_refused(given):
    assert refused(_accounts.share, given).startswith("sky_max_fail_percentage: ")


@pytest.mark.parametrize(
    ("given", "limit", "where"),
    [
        ("nobody", None, "nobody"),
        ("ml-1", "ml-2", "ml-1 within --limit ml-2"),
        (["a", "b"], None, "['a', 'b']"),
        ("no\nbody", None, "no body"),
    ],
)
def test_no_match(given, limit, where):
    error = _accounts.no_match(given, limit)
    assert error.faults == [f"sky_hosts: no account in the inventory matches {where}; give hosts and groups of it"]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"a": ONE},
        {"a": ONE, "b": TWO},
        {"a": None, "b": None},
        {"a": "", "b": ""},
        {"a": " ", "b": ""},
        {"a": "{{ id }}", "b": "{{ id }}"},
        {"a": "{% raw %}1{% endraw %}", "b": "{% raw %}1{% endraw %}"},
        {"a": [ONE], "b": [ONE]},
        {"a": {"id": ONE}, "b": {"id": ONE}},
    ],
)
def test_hosts_that_are_one_account_each_or_left_to_sky_account(given):
    _accounts.check_ids(given)


@pytest.mark.parametrize(
    ("given", "shared"),
    [
        ({"a": ONE, "b": ONE}, f"{ONE} (a, b)"),
        ({"a": ONE, "b": TWO, "c": ONE, "d": None}, f"{ONE} (a, c)"),
        ({"a": f" {ONE}\n", "b": 111111111111}, f"{ONE} (a, b)"),
        ({"a": ONE, "b": TWO, "c": TWO, "d": ONE}, f"{ONE} (a, d), {TWO} (b, c)"),
        (dict.fromkeys("abc", ONE), f"{ONE} (a, b, c)"),
        (dict.fromkeys("abcde", ONE), f"{ONE} (a, b, c and 2 more)"),
        (
            {f"{side}{account[0]}": account for side in "ab" for account in (ONE, TWO, THREE, FOUR)},
            f"{ONE} (a1, b1), {TWO} (a2, b2), {THREE} (a3, b3) and 1 more",
        ),
    ],
)
def test_hosts_that_share_an_account(given, shared):
    message = refused(_accounts.check_ids, given)
    assert message.startswith(f"sky_account_id: hosts share an account: {shared}; give each host an id of its own")
