# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The independent evaluator, asked from Python: decisions, mistakes in questions, the cache, its life."""

from __future__ import annotations

import concurrent.futures

import pytest

from ansible_collections.sky.aws.tests.emulator.iam import evaluator as module
from ansible_collections.sky.aws.tests.emulator.iam.evaluator import Evaluator, EvaluatorError, Question

ACCOUNT = "111122223333"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/worker"
INSTANCE = f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i-1"


@pytest.fixture(scope="module")
def evaluator():
    with Evaluator() as running:
        yield running


def statement(action, resource="*", effect="Allow", **more):
    return {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": resource, **more}]}


def trust(principal, **more):
    return {"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}]}


STOP = statement("ec2:StopInstances", INSTANCE)


@pytest.mark.parametrize(
    ("policies", "boundary", "kind", "denied_by"),
    [
        ([STOP], None, "Allowed", ()),
        ([], None, "ImplicitlyDenied", ("identity",)),
        ([STOP, statement("ec2:*", effect="Deny")], None, "ExplicitlyDenied", ("identity",)),
        ([STOP], statement("ec2:StopInstances"), "Allowed", ()),
        ([STOP], statement("ec2:StartInstances"), "ImplicitlyDenied", ("pb",)),
        ([STOP], statement("ec2:StopInstances", effect="Deny"), "ExplicitlyDenied", ("pb",)),
        ([], statement("*"), "ImplicitlyDenied", ("identity",)),
    ],
)
def test_identity_policies_and_the_boundary(evaluator, policies, boundary, kind, denied_by):
    question = Question.of(ALICE, "ec2:StopInstances", INSTANCE, {}, policies, boundary)
    decision = evaluator.decide(question)
    assert (decision.kind, decision.denied_by) == (kind, denied_by)
    assert decision.allowed is (kind == "Allowed")


@pytest.mark.parametrize(("tag", "allowed"), [("yes", True), ("no", False)])
def test_conditions_are_about_the_context(evaluator, tag, allowed):
    policy = statement("ec2:StopInstances", Condition={"StringEquals": {"aws:ResourceTag/mine": "yes"}})
    asked = Question.of(ALICE, "ec2:StopInstances", INSTANCE, {"aws:ResourceTag/mine": tag}, [policy])
    assert evaluator.decide(asked).allowed is allowed


@pytest.mark.parametrize(("keys", "allowed"), [(["a"], True), (["a", "b"], True), (["c"], False)])
def test_a_context_key_may_have_several_values(evaluator, keys, allowed):
    policy = statement("ec2:CreateTags", Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}})
    asked = Question.of(ALICE, "ec2:CreateTags", INSTANCE, {"aws:TagKeys": keys}, [policy])
    assert evaluator.decide(asked).allowed is allowed


@pytest.mark.parametrize(
    ("pattern", "allowed"),
    [("instance/*", True), ("*", True), ("instance/i-*", False), ("instance/i-1", False), ("volume/*", False)],
)
def test_what_is_yet_to_be_made_is_compared_as_text(evaluator, pattern, allowed):
    policy = statement("ec2:RunInstances", f"arn:aws:ec2:us-east-1:{ACCOUNT}:{pattern}")
    new = f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/*"
    assert evaluator.decide(Question.of(ALICE, "ec2:RunInstances", new, {}, [policy])).allowed is allowed


@pytest.mark.parametrize(
    ("pattern", "allowed"),
    [
        ("arn:aws:ssm:*::document/AWS-StartSSHSession", True),
        ("arn:aws:ssm:*:*:document/AWS-StartSSHSession", True),
        (f"arn:aws:ssm:*:{ACCOUNT}:document/AWS-StartSSHSession", False),
    ],
)
def test_what_is_of_aws_has_no_account(evaluator, pattern, allowed):
    document = "arn:aws:ssm:us-east-1::document/AWS-StartSSHSession"
    policy = statement("ssm:StartSession", pattern)
    assert evaluator.decide(Question.of(ALICE, "ssm:StartSession", document, {}, [policy])).allowed is allowed
    with pytest.raises(EvaluatorError, match=r"no\.resource\.types"):
        evaluator.decide(Question.of(ALICE, "ssm:GetParameter", document, {}, [policy]))


@pytest.mark.parametrize(("pattern", "allowed"), [("*", True), ("arn:aws:cloudwatch:us-east-1:1:dataset/x", False)])
def test_everything_is_asked_for_where_a_resource_may_be_left_out(evaluator, pattern, allowed):
    policy = statement("cloudwatch:ListMetrics", pattern)
    assert evaluator.decide(Question.of(ALICE, "cloudwatch:ListMetrics", "*", {}, [policy])).allowed is allowed


@pytest.mark.parametrize(
    ("principal", "trusted", "policies", "allowed"),
    [
        ("ec2.amazonaws.com", {"Service": "ec2.amazonaws.com"}, [], True),
        ("lambda.amazonaws.com", {"Service": "ec2.amazonaws.com"}, [], False),
        (ALICE, {"AWS": ALICE}, [], True),
        (ALICE, {"AWS": ACCOUNT}, [], False),
        (ALICE, {"AWS": ACCOUNT}, [statement("sts:AssumeRole")], True),
        (ALICE, {"AWS": "444455556666"}, [statement("*")], False),
        ("arn:aws:iam::444455556666:user/bob", {"AWS": "444455556666"}, [statement("*")], True),
        ("arn:aws:iam::444455556666:user/bob", {"AWS": "444455556666"}, [], False),
    ],
)
def test_a_trust_policy_has_the_last_word(evaluator, principal, trusted, policies, allowed):
    asked = Question.of(principal, "sts:AssumeRole", ROLE, {}, policies, resource_policy=trust(trusted))
    assert evaluator.decide(asked).allowed is allowed


@pytest.mark.parametrize(
    ("action", "resource", "text"),
    [
        ("ec2:RunInstance", "*", "invalid.action"),
        ("ecc:RunInstances", "*", "invalid.service"),
        ("s3:*", "*", "invalid.action"),
        ("ec2:StopInstances", "*", "needs a resource"),
        ("ec2:StopInstances", ROLE, "no.resource.types"),
        ("ec2:DescribeInstances", INSTANCE, "must.use.wildcard"),
    ],
)
def test_a_mistake_in_a_question_is_an_error_not_a_denial(evaluator, action, resource, text):
    with pytest.raises(EvaluatorError, match=text):
        evaluator.decide(Question.of(ALICE, action, resource, {}, [statement("*")]))


def test_a_policy_that_is_none_is_an_error(evaluator):
    with pytest.raises(EvaluatorError, match=r"policy\.errors"):
        evaluator.decide(Question.of(ALICE, "ec2:StopInstances", INSTANCE, {}, [{"Statement": [{"Effect": "May"}]}]))


def test_an_error_spoils_no_later_question(evaluator):
    with pytest.raises(EvaluatorError):
        evaluator.decide(Question.of(ALICE, "ec2:Nothing", "*"))
    assert evaluator.decide(Question.of(ALICE, "ec2:StopInstances", INSTANCE, {}, [STOP])).allowed


def test_known_questions_ask_nobody(monkeypatch):
    with Evaluator() as fresh:
        asked = []
        ask = fresh._ask
        monkeypatch.setattr(fresh, "_ask", lambda questions: asked.append(len(questions)) or ask(questions))
        first = Question.of(ALICE, "ec2:StopInstances", INSTANCE, {"aws:RequestedRegion": "x"}, [STOP])
        other = Question.of(ALICE, "ec2:StartInstances", INSTANCE, {}, [STOP])
        assert [decision.allowed for decision in fresh.decide_all([first, other, first])] == [True, False, True]
        assert [decision.allowed for decision in fresh.decide_all([other, first])] == [False, True]
        assert asked == [2]


def test_the_cache_has_an_end(monkeypatch):
    monkeypatch.setattr(module, "CACHED", 3)
    with Evaluator() as fresh:
        for number in range(6):
            fresh.decide(Question.of(ALICE, "ec2:StopInstances", f"{INSTANCE}{number}", {}, [STOP]))
        assert len(fresh._known) == 3


def test_threads_get_their_own_answers(evaluator):
    def ask(number):
        policy = statement("ec2:StopInstances", f"{INSTANCE}0{number % 2}")
        return evaluator.decide(Question.of(ALICE, "ec2:StopInstances", f"{INSTANCE}00", {}, [policy, STOP])).allowed

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(64))) == [number % 2 == 0 for number in range(64)]


def test_it_says_how_to_install_what_is_missing(tmp_path, monkeypatch):
    with pytest.raises(EvaluatorError, match="make emulator installs it"):
        Evaluator(tmp_path)
    monkeypatch.setattr(module, "_node", lambda: None)
    with pytest.raises(EvaluatorError, match=r"needs node, .*make emulator installs it"):
        Evaluator()


def test_a_process_that_dies_is_an_error(tmp_path):
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "evaluate.mjs").write_text("process.exit(1)")
    with Evaluator(tmp_path) as broken, pytest.raises(EvaluatorError, match="died"):
        broken.decide(Question.of(ALICE, "ec2:StopInstances", INSTANCE))
