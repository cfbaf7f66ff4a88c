# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark itself, without the peer: it measures, it says what an account costs, and it knows a run that failed."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from botocore.exceptions import ClientError

from ansible_collections.sky.aws.tests.benchmark import measure, page, pairs, proof, store
from ansible_collections.sky.aws.tests.benchmark.pieces import AGAIN, CHECK, FIRST, Piece
from ansible_collections.sky.aws.tests.benchmark.sides import SIDES

if t.TYPE_CHECKING:
    import pathlib

OURS = Piece("duel", "ours", 2, 2)
NOTHING = dataclasses.replace(OURS, side="nothing")
WRITES = 8

#: The API calls that an account costs at most.
CALLS = {CHECK: 11, FIRST: 23, AGAIN: 14}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Results of ours and of a floor."""
    made = tmp_path_factory.mktemp("bench")
    for piece in (OURS, NOTHING):
        store.measure(piece, made)
    return made


@pytest.fixture(scope="module")
def results(folder: pathlib.Path) -> dict[Piece, store.Result]:
    return store.load(folder)


def test_runs_do_their_work(results: dict[Piece, store.Result]) -> None:
    assert set(results) == {OURS, NOTHING}
    assert {run: figures["faults"] for result in results.values() for run, figures in result.runs.items()} == {
        CHECK: [],
        FIRST: [],
        AGAIN: [],
    }


def test_an_account_costs_no_more_calls_than_documented(results: dict[Piece, store.Result]) -> None:
    cost = {run: sum(figures["calls"].values()) / 2 for run, figures in results[OURS].runs.items()}
    assert {run: number for run, number in cost.items() if number > CALLS[run]} == {}
    assert {run: figures["writes"] / 2 for run, figures in results[OURS].runs.items()} == {
        CHECK: 0,
        FIRST: WRITES,
        AGAIN: 0,
    }


def test_the_floor_has_as_many_tasks_and_makes_no_call(results: dict[Piece, store.Result]) -> None:
    floor = results[NOTHING].runs[AGAIN]
    assert (floor["tasks"], floor["calls"]) == (results[OURS].runs[AGAIN]["tasks"], {})


def test_times_and_memory_are_plausible(results: dict[Piece, store.Result]) -> None:
    for result in results.values():
        for figures in result.runs.values():
            assert 0.2 < figures["cpu"] < 60
            assert figures["wall"] > 0.2
            assert 20 < figures["controller"] < 1000
            assert 20 < figures["tree"] < 2000


def test_a_kept_result_is_used_until_the_code_changes(
    folder: pathlib.Path, results: dict[Piece, store.Result], tmp_path: pathlib.Path
) -> None:
    assert store.usable(OURS, folder) == results[OURS]
    assert store.usable(NOTHING, folder) == results[NOTHING]
    store.save(dataclasses.replace(results[OURS], fingerprint="another"), tmp_path)
    assert store.usable(OURS, tmp_path) is None
    assert page.OLD in page.generated(store.load(tmp_path))


def test_the_page_has_what_was_measured(results: dict[Piece, store.Result]) -> None:
    text = page.generated(results)
    assert f"| {page.TITLES[AGAIN]} | 2 | 2 | {SIDES['ours'].title} |" in text
    assert "## The floor" in text
    assert page.BEGIN in page.PAGE.read_text()
    assert page.END in page.PAGE.read_text()


def test_a_ratio_needs_two_runs_that_did_their_work(results: dict[Piece, store.Result]) -> None:
    peer = dataclasses.replace(OURS, side="peer")
    ours = results[OURS]
    failed = {**ours.runs, CHECK: {**ours.runs[CHECK], "rc": 2, "faults": ["rc 2"]}}
    text = page.generated({OURS: ours, peer: store.Result(peer, failed, "", {}, "")})
    checks = [line for line in text.splitlines() if line.startswith(f"| {page.TITLES[CHECK]}")]
    assert [("fails (rc 2)" in line, "ratio" in line) for line in checks] == [(True, False), (False, False)]
    assert text.count("**ratio**") == 2


def test_each_run_of_the_peer_stands_between_two_of_ours() -> None:
    ours, peer = iter([1.0, 3.0, 5.0]), iter([20.0, 40.0])
    assert list(pairs.pairs(lambda: next(ours), lambda: next(peer), 2)) == [(20.0, 2.0), (40.0, 4.0)]


def test_what_stands_is_run_again_without_a_change() -> None:
    with pairs.standing(Piece("scale", "ours", 1, 1)) as cost:
        assert 0 < cost() < 60


def test_of_two_turns_the_mean_counts(results: dict[Piece, store.Result]) -> None:
    ours, second = results[OURS], dataclasses.replace(OURS, turn=2)
    slower = {run: {**figures, "cpu": 3 * figures["cpu"]} for run, figures in ours.runs.items()}
    text = page.generated({OURS: ours, second: dataclasses.replace(ours, piece=second, runs=slower)})
    assert f"| {2 * ours.runs[FIRST]['cpu'] / OURS.accounts:.3f} |" in text
    assert text.count(f"| {page.TITLES[FIRST]} |") == 1

    old = dataclasses.replace(ours, piece=second, runs=slower, fingerprint="of other code")
    assert page.generated({OURS: ours, second: old}) == page.generated({OURS: ours})


def test_a_run_that_did_not_do_its_work_is_known(
    results: dict[Piece, store.Result],
) -> None:
    recap = "a : ok=1 changed=0 unreachable=0 failed=1 skipped=0 rescued=0 ignored=0"
    measured = measure.Measured(2, 1.0, 1.0, 1.0, 1.0, recap)
    assert proof.of_output(FIRST, 2, measured) == [
        "rc 2",
        "1 hosts in the recap",
        "1 tasks failed",
        "1 hosts unchanged",
    ]
    changed = dataclasses.replace(measured, rc=0, output=recap.replace("changed=0", "changed=3").replace("d=1", "d=0"))
    assert proof.of_output(AGAIN, 1, changed) == ["3 tasks changed something"]
    write = {"account": "1", "error": "AccessDenied"}
    assert proof.of_writes(CHECK, ["1"], [write]) == proof.of_writes(AGAIN, ["1"], [write]) == ["1 write calls"]
    assert proof.of_writes(FIRST, ["1", "2"], [write]) == ["1 accounts without a write call", "1 write calls refused"]
    assert proof.of_forecast(8, 8) == []
    assert proof.of_forecast(7, 8) == ["7 changes announced, 8 made"]
    assert not dataclasses.replace(results[OURS], runs={AGAIN: {"faults": ["rc 2"]}}).good


class Bare:
    """An emulator, and a client, of accounts with the policy, a user, a role and an empty profile, and no more."""

    def client(self, service: str, account: str) -> t.Self:
        return self

    def __getattr__(self, call: str) -> t.Callable[..., dict[str, t.Any]]:
        profile = {"Arn": "arn:aws:iam::111111111111:instance-profile/skypilot-v1", "Roles": []}
        return lambda **_: {"AttachedPolicies": [], "InstanceProfile": profile, "Reservations": []}


class Empty(Bare):
    """The same with nothing in it."""

    def __getattr__(self, call: str) -> t.Callable[..., dict[str, t.Any]]:
        raise ClientError({"Error": {"Code": "NoSuchEntity"}}, call)


def test_what_accounts_lack_is_told() -> None:
    assert proof.of_accounts(Bare(), ["111111111111"]) == [
        "111111111111 lacks the user's policy, the role's policy, the profile's role, one running instance with the profile"
    ]
    assert ["NoSuchEntity" in line for line in proof.of_accounts(Empty(), ["1", "2"])] == [True, True]
    assert len(proof.of_accounts(Empty(), [str(number) for number in range(1000)])) == proof.LOOKED_INTO
