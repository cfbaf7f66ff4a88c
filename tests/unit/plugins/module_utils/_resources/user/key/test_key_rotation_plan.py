# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotation as a pure plan: tables, and any state played through with and without a kill."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sky.aws.plugins.module_utils import _tags
from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._resources.user.key import notes as key_notes
from ansible_collections.sky.aws.plugins.module_utils._resources.user.key import planning as key_planning
from ansible_collections.sky.aws.plugins.module_utils._resources.user.key.found import Found
from ansible_collections.sky.aws.plugins.module_utils._resources.user.key.in_file import KeyFile
from ansible_collections.sky.aws.plugins.module_utils._resources.user.key.key import Key
from ansible_collections.sky.aws.plugins.module_utils._resources.user.key.notes import Intent, Notes

NOW = datetime.datetime(2026, 11, 24, 9, 30, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
OLD, OTHER, NEW = (f"AKIA{word:_<16}" for word in ("OLD", "OTHER", "NEW"))


def key(key_id=OLD, days=100.0, status="Active", used=None):
    return Key(key_id, status, NOW - days * DAY, used)


def found(*keys, held=OLD, notes=None, now=NOW, **place):
    return Found("alice", KeyFile("/c", "p", held, **place), keys, notes or Notes(OLD), now)


def planned(what, *, manage="user", reissue=False, age=90, grace=None):
    delivery = {"reissue": reissue, "max_age_days": age, "grace_days": grace}
    return key_planning.plan(what, {"access_key_delivery": delivery, "manage": manage})


def calls(plan):
    """Steps in short: the ids of keys are in them."""
    return [" ".join([s.api.partition(":")[2], s.arguments.get("AccessKeyId", "")]).strip() for s in plan.steps]


MADE = ["TagUser", "CreateAccessKey", "TagUser"]
CLOSED, GONE = f"UpdateAccessKey {OLD}", f"DeleteAccessKey {OLD}"
RETIRED = Notes(NEW, replaced=OLD, until=NOW + DAY)
OVER = Notes(NEW, replaced=OLD, until=NOW)


def retired(notes, *, status="Inactive", days=0.0, now=NOW):
    return found(key(status=status), key(NEW, days), held=NEW, notes=notes, now=now)


KILLED = Notes(OLD, open=Intent(NOW, frozenset([OLD]), NOW + 7 * DAY))
TABLE: dict[str, tuple[Found, dict[str, t.Any], list[str]]] = {
    "young": (found(key(days=89.9)), {}, []),
    "old": (found(key(days=90)), {}, [*MADE, CLOSED]),
    "old, no age declared": (found(key()), {"age": None}, []),
    "old, no grace": (found(key()), {"grace": 0}, [*MADE, GONE]),
    "old, key managed alone": (found(key()), {"manage": "access_key"}, [*MADE, CLOSED]),
    "old and lost": (found(key(), held=None), {}, []),
    "old and lost, reissue": (found(key(), held=None), {"reissue": True}, [*MADE, GONE]),
    "old, reissue": (found(key()), {"reissue": True}, [*MADE, CLOSED]),
    "old and inactive": (found(key(status="Inactive")), {}, []),
    "old, beside a person's": (found(key(), key(OTHER)), {}, []),
    "in grace": (retired(RETIRED), {}, []),
    "in grace, no age declared": (retired(RETIRED), {"age": None}, []),
    "in grace and active": (retired(RETIRED, status="Active"), {}, [CLOSED]),
    "grace is over": (retired(OVER), {}, [GONE]),
    "grace is over, no age declared": (retired(OVER), {"age": None}, [GONE]),
    "grace is over, and it is active": (retired(OVER, status="Active"), {}, ["TagUser", CLOSED]),
    "old again, in grace": (retired(RETIRED, days=100), {}, []),
    "old again, grace is over": (retired(OVER, days=100), {}, [GONE, *MADE, f"UpdateAccessKey {NEW}"]),
    "in grace, the new one is lost": (
        dataclasses.replace(retired(RETIRED), place=KeyFile("/c", "p")),
        {"reissue": True},
        [GONE, *MADE, f"DeleteAccessKey {NEW}"],
    ),
    "killed after the intent": (found(key(), notes=KILLED), {}, [*MADE, CLOSED]),
    "killed after the key": (
        found(key(), key(NEW, 0, used=False), notes=KILLED),
        {},
        [f"DeleteAccessKey {NEW}", *MADE, CLOSED],
    ),
    "killed after the key, no age declared": (
        found(key(), key(NEW, 0, used=False), notes=KILLED),
        {"age": None},
        [f"DeleteAccessKey {NEW}", "TagUser"],
    ),
    "killed after the delivery": (
        found(key(), key(NEW, 0, used=True), held=NEW, notes=KILLED),
        {"age": None},
        ["TagUser", CLOSED],
    ),
    "nothing was delivered, key managed alone": (found(held=None, notes=Notes()), {"manage": "access_key"}, []),
    "a first run was killed, key managed alone": (
        found(key(NEW, 0, used=False), held=None, notes=Notes(open=Intent(NOW))),
        {"manage": "access_key"},
        [f"DeleteAccessKey {NEW}", "TagUser"],
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_the_steps_of_every_state(case):
    state, options, expected = TABLE[case]
    assert calls(planned(state, **options)) == expected


def test_a_persons_key_in_the_way_is_one_clear_line():
    plan = planned(found(key(), key(OTHER)))
    why = (
        f"100 days; the user also has access key {OTHER}, which this collection did not deliver, and IAM allows two; "
        "delete that one by hand"
    )
    assert plan.drift[0] == {"aspect": "access_key_age", "declared": "at most 90 days", "found": why}
    assert plan.warnings == [f"user alice: access key {OLD} is due for rotation ({why})"]


def test_a_key_in_grace_is_waited_for():
    (overdue,) = planned(retired(RETIRED, days=100)).drift
    assert overdue["found"] == f"100 days; the key before it, {OLD}, is kept until 2026-11-25T09:30:00+00:00"


def test_a_key_that_was_never_delivered_is_said():
    plan = planned(found(held=None, notes=Notes()), manage="access_key")
    assert plan.warnings == ["user alice: no access key was delivered yet; leave out manage to have one delivered"]


def test_a_place_that_cannot_be_written_stops_it():
    with pytest.raises(SkyError, match="not writable"):
        planned(found(key(), fault="not writable"))
    assert planned(found(key(days=1), fault="not writable")).steps == []


def test_the_facts_name_the_key_before():
    plan = planned(found(key()), grace=14)
    before = {"access_key_id": OLD, "status": "Inactive", "deleted_after": "2026-12-08T09:30:00+00:00"}
    assert plan.fact["previous"] == plan.after["access_key"]["previous"] == before
    assert plan.before["access_key"]["previous"] is None
    assert planned(found(key()), grace=0).fact["previous"] is None
    again = planned(retired(RETIRED, status="Active"))
    assert (again.before["access_key"]["previous"]["status"], again.fact["previous"]["status"]) == (
        "Active",
        "Inactive",
    )
    over = planned(retired(OVER))
    assert (over.before["access_key"]["previous"]["access_key_id"], over.fact["previous"]) == (OLD, None)


# Any state, played through


class World:
    """A user's keys, its tags and the file, and the steps of plans on them."""

    def __init__(self, keys: t.Iterable[Key], tags: dict[str, str], held: str | None, foreign: set[str]) -> None:
        self.keys = list(keys)
        self.tags = tags
        self.held = held
        self.foreign = foreign
        self.now = NOW
        self._made = 0

    def plan(self, **options):
        notes = key_notes.read_notes(self.tags)
        return planned(found(*self.keys, held=self.held, notes=notes, now=self.now), **options)

    def run(self, events=None, **options):
        """The first events of a plan, or all; whether there were any more."""
        work = self._work(self.plan(**options))
        for event in work[:events]:
            event()
            assert len(self.keys) <= 2
        return events is not None and events < len(work)

    def _work(self, plan):
        steps = [lambda step=step: self._step(step) for step in plan.steps]
        if plan.issue is None:
            return steps
        issue = plan.issue
        opening, closing = steps[: len(issue.opening)], steps[len(steps) - len(issue.closing) :]

        def intend():
            ids = frozenset(key.id for key in self.keys)
            self.tags = {**self.tags, key_notes.INTENT: Intent(self.now, ids, issue.until).tag()}

        def make():
            self._made += 1
            self.keys.append(Key(f"AKIANEW{self._made:013}", "Active", self.now, used=False))

        def deliver():
            self.held = self.keys[-1].id

        def note():
            self.tags = {**self.tags, **key_notes.settled(self.keys[-1].id, issue.replaced, issue.until)}

        return [*opening, intend, make, deliver, note, *closing]

    def _step(self, step):
        if step.api == "iam:TagUser":
            self.tags = {**self.tags, **_tags.from_aws(step.arguments["Tags"])}
            return
        key_id = step.arguments["AccessKeyId"]
        assert key_id not in self.foreign
        (old,) = [key for key in self.keys if key.id == key_id]
        self.keys.remove(old)
        if step.api == "iam:UpdateAccessKey":
            self.keys.append(dataclasses.replace(old, status=step.arguments["Status"]))

    def ours(self, *, active):
        return [key.id for key in self.keys if key.id not in self.foreign and (key.active or not active)]


HELD = st.sampled_from([OLD, None])
STATUS = st.sampled_from(["Active", "Inactive"])
OPTIONS = st.fixed_dictionaries(
    {
        "age": st.none() | st.integers(1, 120),
        "grace": st.none() | st.integers(0, 30),
        "reissue": st.booleans(),
        "manage": st.sampled_from(["user", "access_key"]),
    }
)


@st.composite
def worlds(draw, status=STATUS, held=HELD):
    """A delivered key, usable or not, and what may be beside it."""
    delivered = key(days=draw(st.integers(0, 200)), status=draw(status))
    beside = draw(st.sampled_from(["nothing", "a person's", "a retired one", "a half-made one"]))
    until = NOW + draw(st.integers(-20, 20)) * DAY
    tags, foreign, others = key_notes.settled(OLD), set(), []
    if beside == "a person's":
        foreign, others = {OTHER}, [key(OTHER, draw(st.integers(0, 200)), draw(STATUS))]
    if beside == "a retired one":
        tags, others = key_notes.settled(OLD, OTHER, until), [key(OTHER, 200, draw(STATUS))]
    if beside == "a half-made one":
        intent = Intent(NOW - DAY, frozenset([OLD]), draw(st.sampled_from([None, until])))
        tags, others = {**tags, key_notes.INTENT: intent.tag()}, [key(OTHER, 1, used=False)]
    return World([delivered, *others], tags, draw(held), foreign)


@given(world=worlds(), options=OPTIONS)
def test_a_plan_is_empty_once_it_is_made(world, options):
    was = [key for key in world.keys if key.id in world.foreign]
    world.run(**options)
    assert calls(world.plan(**options)) == []
    assert [key for key in world.keys if key.id in world.foreign] == was


@given(
    world=worlds(status=st.just("Active"), held=st.just(OLD)),
    options=OPTIONS,
    then=OPTIONS,
    events=st.lists(st.integers(0, 8), max_size=3),
    days=st.integers(0, 40),
)
def test_a_rotation_that_is_killed_anywhere_is_finished_by_the_next_run(world, options, then, events, days):
    for count in events:
        world.run(count, **options)
        assert world.held in world.ours(active=True)
    world.now += days * DAY
    world.run(**then)
    assert world.ours(active=True) == [world.held] == [world.tags[key_notes.DELIVERED]]
    # What the killed run made may be too old itself by now.
    [made] = [key for key in world.keys if key.id == world.held]
    is_due = then["age"] is not None and world.now - made.created >= then["age"] * DAY
    assert is_due or calls(world.plan(**then)) == []
    world.now += 40 * DAY
    world.run(age=None)
    assert world.ours(active=False) == [world.held]
