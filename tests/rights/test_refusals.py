# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Least privilege from the other side: what must be refused is, by every selection of features."""

from __future__ import annotations

import collections

import pytest

from ansible_collections.sky.aws.plugins.module_utils._features.catalogue import FEATURES
from ansible_collections.sky.aws.tests.rights.documents import allowed, document
from ansible_collections.sky.aws.tests.rights.needs import NEEDS
from ansible_collections.sky.aws.tests.rights.refusals import REFUSALS

SELECTIONS = {
    "the page": ["base"],
    "the default": ["base", "launch_tags", "protect_tags"],
    "all that base is for": [name for name in FEATURES if name not in ("base_named_group", "create_role_bounded")],
    "all with a group made beforehand": [name for name in FEATURES if name not in ("base", "ports", "create_role")],
    **{name: [name] for name in FEATURES},
}


def refused(features):
    """The requests that no feature of these is for, or that one of them denies."""
    return [refusal.request for refusal in REFUSALS if refusal.holds(features)]


def test_the_table_is_long_and_says_nothing_twice():
    assert len(REFUSALS) >= 60
    counted = collections.Counter(refusal.request for refusal in REFUSALS)
    assert [request.label for request, count in counted.items() if count > 1] == []


def test_what_a_feature_is_excused_for_it_does_allow(evaluator):
    """An excuse that nothing needs would hide a right that nobody meant to give."""
    idle = []
    for refusal in REFUSALS:
        for name in refusal.unless:
            granted = [
                principal
                for principal in ("user", "role")
                if allowed(evaluator, [refusal.request], principal, document([name], principal))
            ]
            idle += [] if granted else [f"{name}: {refusal.request.label}"]
    assert idle == []


def test_what_a_feature_denies_is_allowed_without_it(evaluator):
    """So that the refusal is the feature's own."""
    idle = []
    for refusal in REFUSALS:
        for name in refusal.where - {"base", "launch_tags"}:
            granted = allowed(evaluator, [refusal.request], "user", document(["base", "launch_tags"], "user"))
            idle += [] if granted else [f"{name}: {refusal.request.label}"]
    assert idle == []


@pytest.mark.parametrize("principal", ["user", "role"])
@pytest.mark.parametrize("selection", SELECTIONS)
def test_refused(evaluator, selection, principal):
    features = SELECTIONS[selection]
    wrong = allowed(evaluator, refused(features), principal, document(features, principal))
    assert [request.label for request in wrong] == []


@pytest.mark.parametrize("name", [name for name, need in NEEDS.items() if need.role and not need.of("user")])
def test_what_is_for_the_role_is_not_for_users(evaluator, name):
    assert document([name], "user")["Statement"] == []
    features = [other for other in SELECTIONS["all that base is for"] if other != "base"]
    requests = [request for request in NEEDS[name].of("role") if not request.action.startswith("ec2:")]
    assert allowed(evaluator, requests, "user", document(features, "user")) == []
