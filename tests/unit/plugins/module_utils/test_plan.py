# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read, plan, apply: check mode, faults, the result's keys, and a plan that stops half-way."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import time
import typing as t

import pytest

from ansible_collections.sky.aws.plugins.module_utils._errors import AWSError, BadInput, Interrupted, SkyError
from ansible_collections.sky.aws.plugins.module_utils._identity import Identity
from ansible_collections.sky.aws.plugins.module_utils._perform import perform
from ansible_collections.sky.aws.plugins.module_utils._plan import Outcome, Plan, Step, drift
from ansible_collections.sky.aws.plugins.module_utils._run import Resource, run
from ansible_collections.sky.aws.tests.unit.sandbox import params

ME = Identity("111122223333", "aws", "arn:aws:iam::111122223333:user/me")
HEADERS = dict.fromkeys(("before_header", "after_header"), "light in account 111122223333")


@dataclasses.dataclass
class FakeAccount:
    """An account that remembers its calls and refuses those in ``refuses``."""

    identity: Identity = ME
    account_id: str = ME.account_id
    refuses: tuple[str, ...] = ()
    tell: t.Callable[[str], object] = print
    calls: list[tuple[str, str, str | None, dict[str, t.Any]]] = dataclasses.field(default_factory=list)

    def call(self, api: str, target: str = "", *, region: str | None = None, **arguments: t.Any) -> dict[str, t.Any]:
        if api in self.refuses:
            raise AWSError(f"{api} on {target} failed.", code="AccessDenied")
        self.calls.append((api, target, region, arguments))
        return {"Answer": target}


class Light:
    """A resource: a light that is on or off."""

    spec: t.ClassVar = {"on": {"type": "bool", "default": True}, "fault": {"type": "str"}}
    rules: t.ClassVar = {}

    def __init__(self, on: bool = False) -> None:
        self.on = on
        self.seen: list[str] = []

    def resource(self) -> Resource:
        functions = (self.validate, self.read, self.plan, self.apply)
        return Resource("light", self.spec, *functions, reach=t.cast("t.Any", self.reach))

    def reach(self, options: t.Mapping[str, t.Any]) -> FakeAccount:
        return FakeAccount()

    def validate(self, options: t.Mapping[str, t.Any]) -> list[str]:
        self.seen.append("validate")
        return [options["fault"]] if options["fault"] else []

    def read(self, account: t.Any, options: t.Mapping[str, t.Any]) -> bool:
        self.seen.append("read")
        return self.on

    def plan(self, current: bool, options: t.Mapping[str, t.Any], identity: Identity) -> Plan:
        self.seen.append("plan")
        steps = [] if current == options["on"] else [Step("light:Switch", "lamp", {"On": options["on"]})]
        facts = {"light": {"on": options["on"], "owner": identity.arn, "switched": None}}
        return Plan(steps, {"on": current}, {"on": options["on"]}, facts, warnings=["a warm lamp"])

    def apply(self, account: t.Any, plan: Plan) -> Outcome:
        self.seen.append("apply")
        perform(account, plan.steps)
        self.on = plan.steps[0].arguments["On"]
        return Outcome({"light": {**plan.facts["light"], "switched": "now"}}, plan.steps)


@pytest.fixture
def account(monkeypatch):
    """The account that run() reaches."""
    fake = FakeAccount()
    monkeypatch.setattr(Light, "reach", lambda light, options: fake)
    return fake


def turn(light: Light, *, check_mode: bool = False, warnings: list[str] | None = None, **options: t.Any):
    warn = (warnings if warnings is not None else []).append
    return run(light.resource(), params(light.resource(), **options), check_mode=check_mode, warn=warn)


class TestRun:
    @pytest.mark.parametrize(
        ("on", "wanted", "check_mode", "order", "calls"),
        [
            (False, True, False, ["validate", "read", "plan", "apply"], 1),
            (False, True, True, ["validate", "read", "plan"], 0),
            (True, True, False, ["validate", "read", "plan"], 0),
            (True, True, True, ["validate", "read", "plan"], 0),
            (True, False, False, ["validate", "read", "plan", "apply"], 1),
        ],
    )
    def test_order_and_calls(self, account, on, wanted, check_mode, order, calls):
        light = Light(on)
        result = turn(light, on=wanted, check_mode=check_mode)
        assert light.seen == order
        assert len(account.calls) == calls
        assert result["changed"] is (on != wanted)
        assert result["diff"] == {**HEADERS, "before": {"on": on}, "after": {"on": wanted}}
        assert result["steps"] == ([{"api": "light:Switch", "target": "lamp"}] if on != wanted else [])

    def test_the_same_keys_whatever_happens(self, account):
        light = Light()
        results = [turn(light, check_mode=True), turn(light), turn(light)]
        assert {frozenset(result) for result in results} == {frozenset({"changed", "diff", "steps", "light"})}
        assert {frozenset(result["light"]) for result in results} == {frozenset({"on", "owner", "switched"})}
        assert [result["light"]["switched"] for result in results] == [None, "now", None]

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_warnings_are_told_once_in_either_mode(self, account, check_mode):
        warnings: list[str] = []
        turn(Light(), check_mode=check_mode, warnings=warnings)
        assert warnings == ["a warm lamp"]

    def test_the_step_has_its_arguments_and_shows_none(self, account):
        result = turn(Light())
        assert account.calls == [("light:Switch", "lamp", None, {"On": True})]
        assert "On" not in str(result["steps"])

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_faults_stop_it_before_the_account_is_reached(self, monkeypatch, check_mode):
        monkeypatch.setattr(Light, "reach", lambda *_: pytest.fail("the account was reached"))
        light = Light()
        with pytest.raises(BadInput) as caught:
            turn(light, account_id=1, region="mars", fault="fault: of the light", check_mode=check_mode)
        assert [fault.partition(":")[0] for fault in caught.value.faults] == ["account_id", "region", "fault"]
        assert caught.value.message.count("\n") == 2
        assert light.seen == ["validate"]
        assert caught.value.steps == []

    def test_the_account_comes_the_way_that_is_given(self):
        ways: list[t.Any] = []
        light = Light(True)
        own = FakeAccount()
        given = params(light.resource())

        def reach(*asked: t.Any) -> t.Any:
            ways.append(asked)
            return own

        run(light.resource(), given, check_mode=False, warn=print, reach=reach)
        assert ways == [(light.reach, given)]


class Overtaken(Light):
    """A light that another run is switching, ``times`` times; ``breaks`` says where a later look or a later run fails."""

    def __init__(self, code: str, times: int = 1, breaks: str = "") -> None:
        super().__init__()
        self.code, self.times, self.breaks = code, times, breaks

    def plan(self, current: bool, options: t.Mapping[str, t.Any], identity: Identity) -> Plan:
        if self.breaks == "plan" and "apply" in self.seen:
            raise SkyError("no room.")
        return super().plan(current, options, identity)

    def apply(self, account: t.Any, plan: Plan) -> Outcome:
        self.seen.append("apply")
        done = [{"api": "light:Screw", "target": f"bulb{self.seen.count('apply')}"}]
        if self.seen.count("apply") <= self.times:
            raise Interrupted("taken.", api="light:Switch", code=self.code, steps=done)
        if self.breaks == "apply":
            raise SkyError("a short circuit.", steps=done)
        return Outcome(plan.facts, plan.steps)


class TestAnotherRun:
    """A plan that another run spoils is made anew, and nothing of what was done is forgotten."""

    @pytest.fixture
    def naps(self, monkeypatch):
        slept: list[float] = []
        monkeypatch.setattr(time, "sleep", slept.append)
        return slept

    @pytest.mark.parametrize(("code", "slept"), [("EntityAlreadyExists", [2]), ("Overtaken", [2, 2])])
    def test_it_looks_again(self, account, naps, code, slept):
        warnings: list[str] = []
        result = turn(Overtaken(code, times=2), warnings=warnings)
        assert naps == slept
        assert [step["target"] for step in result["steps"]] == ["bulb1", "bulb2", "lamp"]
        assert warnings == ["a warm lamp"]

    @pytest.mark.parametrize(("breaks", "said", "count"), [("plan", "no room.", 1), ("apply", "a short circuit.", 2)])
    def test_a_failure_after_that_names_all_that_was_done(self, account, naps, breaks, said, count):
        with pytest.raises(SkyError) as caught:
            turn(Overtaken("EntityAlreadyExists", breaks=breaks))
        assert caught.value.message == f"{said} Done at first: light:Screw bulb1."
        assert [step["target"] for step in caught.value.steps] == ["bulb1", "bulb2"][:count]

    def test_it_comes_to_an_end(self, account, naps):
        with pytest.raises(SkyError, match="taken") as caught:
            turn(Overtaken("EntityAlreadyExists", times=9))
        assert caught.value.message.endswith("light:Screw bulb3, light:Screw bulb4.")
        assert len(caught.value.steps) == 5
        assert naps == [2, 4, 8]

    def test_what_is_no_race_is_raised_at_once(self, account, naps):
        with pytest.raises(SkyError, match="taken"):
            turn(Overtaken("AccessDenied"))
        assert naps == []


class TestSpec:
    def test_account_options_and_its_own(self):
        spec = Light().resource().argument_spec
        assert spec["on"] == {"type": "bool", "default": True}
        assert spec["account_id"]["required"]

    def test_it_is_a_copy(self):
        Light().resource().argument_spec["extra"] = {}
        assert "extra" not in Light().resource().argument_spec


class TestSteps:
    STEPS = (
        Step("iam:CreateUser", "alice"),
        Step("iam:AttachUserPolicy", "alice", {"PolicyArn": "arn"}),
        Step("ec2:RunInstances", "smoke", region="eu-west-1"),
    )

    def test_they_are_made_in_order_in_their_region(self):
        account = FakeAccount()
        answers = perform(t.cast("t.Any", account), self.STEPS)
        assert account.calls == [
            ("iam:CreateUser", "alice", None, {}),
            ("iam:AttachUserPolicy", "alice", None, {"PolicyArn": "arn"}),
            ("ec2:RunInstances", "smoke", "eu-west-1", {}),
        ]
        assert answers["ec2:RunInstances"] == {"Answer": "smoke"}

    def test_the_last_answer_of_an_api_counts(self):
        steps = [Step("iam:Tag", "one"), Step("iam:Tag", "two")]
        assert perform(t.cast("t.Any", FakeAccount()), steps) == {"iam:Tag": {"Answer": "two"}}

    def test_a_plan_that_stops_half_way_names_what_is_done_and_what_is_not(self):
        account = FakeAccount(refuses=("iam:AttachUserPolicy",))
        with pytest.raises(SkyError) as caught:
            perform(t.cast("t.Any", account), self.STEPS)
        message = caught.value.message
        assert message == (
            "iam:AttachUserPolicy on alice failed. Done before: iam:CreateUser alice. "
            "Not done: iam:AttachUserPolicy alice, ec2:RunInstances smoke. Run it again to finish."
        )
        assert caught.value.steps == [{"api": "iam:CreateUser", "target": "alice"}]
        assert [call[0] for call in account.calls] == ["iam:CreateUser"]

    def test_a_first_step_that_fails_leaves_nothing_to_tell(self):
        with pytest.raises(SkyError) as caught:
            perform(t.cast("t.Any", FakeAccount(refuses=("iam:CreateUser",))), self.STEPS)
        assert caught.value.message == "iam:CreateUser on alice failed."
        assert caught.value.steps == []

    @pytest.mark.parametrize(
        ("done", "code", "waits"),
        [
            ("iam:CreateUser", "NoSuchEntity", True),
            ("iam:DetachUserPolicy", "DeleteConflict", True),
            ("iam:DetachUserPolicy", "NoSuchEntity", False),
            ("iam:TagUser", "ConcurrentModification", True),
            ("iam:CreateUser", "DeleteConflict", False),
        ],
    )
    def test_a_call_waits_for_what_the_plan_has_made_or_removed_before(self, monkeypatch, done, code, waits):
        account, refusals = FakeAccount(), iter([code])
        call = account.call

        def refuse_once(api: str, target: str = "", **arguments: t.Any) -> dict[str, t.Any]:
            if api == "iam:DeleteUser" and next(refusals, None):
                raise AWSError("not yet.", code=code)
            return call(api, target, **arguments)

        slept: list[float] = []
        monkeypatch.setattr(time, "sleep", slept.append)
        monkeypatch.setattr(account, "call", refuse_once)
        steps = [Step(done, "alice"), Step("iam:DeleteUser", "alice")]
        with contextlib.nullcontext() if waits else pytest.raises(SkyError, match="not yet"):
            perform(t.cast("t.Any", account), steps)
        assert slept == ([1] if waits else [])

    def test_nothing_to_do(self):
        assert perform(t.cast("t.Any", FakeAccount()), []) == {}

    def test_drift(self):
        assert drift("path", "/", "/x/") == {"aspect": "path", "declared": "/", "found": "/x/"}


class TestWhatLeaves:
    """Names and tags are what people wrote. They are read, compared and sent as they are, and shown clean."""

    NAME = "box\n\u202eforged"
    SHOWN = "box\\n\\u202eforged"

    def resource(self, apply: t.Callable[..., Outcome]) -> Resource:
        def plan(current: str, options: t.Mapping[str, t.Any], identity: Identity) -> Plan:
            facts = {"light": {"name": current, "tags": {current: [current]}}, "drift": [drift(current, 1, 2)]}
            step = Step("light:Screw", current, {"Name": current})
            return Plan([step], {current: 1}, {"x": current}, facts, [f"about {current}"])

        functions = (lambda _: [], lambda account, options: self.NAME, plan, apply)
        return Resource("light", {}, *functions, reach=t.cast("t.Any", lambda _: FakeAccount()))

    def test_all_of_a_result(self):
        sent = []

        def apply(account: t.Any, planned: Plan) -> Outcome:
            account.tell(f"waiting for {self.NAME}")
            sent.append(planned.steps[0].arguments["Name"])
            return Outcome(planned.facts, planned.steps)

        warned, told = [], []
        resource = self.resource(apply)
        result = run(resource, params(resource), check_mode=False, warn=warned.append, tell=told.append)
        assert sent == [self.NAME]
        assert result["steps"] == [{"api": "light:Screw", "target": self.SHOWN}]
        assert result["light"] == {"name": self.SHOWN, "tags": {self.SHOWN: [self.SHOWN]}}
        assert (result["diff"]["before"], result["diff"]["after"]) == ({self.SHOWN: 1}, {"x": self.SHOWN})
        assert warned == [f"about {self.SHOWN}", f"light differs from what is declared: {self.SHOWN}"]
        assert told == [f"waiting for {self.SHOWN}"]

    def test_all_of_an_error(self):
        def apply(account: t.Any, planned: Plan) -> Outcome:
            raise SkyError(f"{self.NAME} is broken", "and more", steps=[step.shown() for step in planned.steps])

        resource = self.resource(apply)
        with pytest.raises(SkyError) as caught:
            run(resource, params(resource), check_mode=False, warn=lambda _: None)
        assert caught.value.message == f"{self.SHOWN} is broken\nand more"
        assert caught.value.steps == [{"api": "light:Screw", "target": self.SHOWN}]

    def test_what_was_done_at_first(self):
        calls = itertools.count()

        def apply(account: t.Any, planned: Plan) -> Outcome:
            if next(calls):
                raise SkyError("no")
            done = [step.shown() for step in planned.steps]
            raise Interrupted("first", api="light:Screw", code="EntityAlreadyExists", steps=done)

        resource = self.resource(apply)
        with pytest.raises(SkyError) as caught:
            run(resource, params(resource), check_mode=False, warn=lambda _: None)
        assert caught.value.message == f"no Done at first: light:Screw {self.SHOWN}."
