# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each feature gives what SkyPilot needs for it, and without the feature none of that is there."""

from __future__ import annotations

import pytest

from ansible_collections.sky.aws.plugins.module_utils._features.catalogue import FEATURES
from ansible_collections.sky.aws.tests.rights.documents import allowed, document
from ansible_collections.sky.aws.tests.rights.needs import NEEDS

CASES = [(name, principal) for name, need in NEEDS.items() for principal in ("user", "role") if need.of(principal)]
#: It only takes rights: what SkyPilot needs is allowed beside it.
DENIES = "protect_tags"
#: These stand in the place of another feature, which has some of what they have.
REPLACED = {"base_named_group": "base", "create_role_bounded": "create_role"}


def test_every_feature_has_its_needs():
    assert list(NEEDS) == list(FEATURES)
    for name, feature in FEATURES.items():
        for principal in ("user", "role"):
            allows = any(statement["Effect"] == "Allow" for statement in feature.statements([principal]))
            assert bool(NEEDS[name].of(principal)) is allows


@pytest.mark.parametrize(("name", "principal"), CASES)
def test_a_feature_allows_what_it_is_for(evaluator, name, principal):
    need = NEEDS[name]
    requests = need.of(principal)
    assert allowed(evaluator, requests, principal, document([*need.upon, name], principal)) == list(requests)


@pytest.mark.parametrize(("name", "principal"), CASES)
def test_without_the_feature_nothing_of_it_is_allowed(evaluator, name, principal):
    need = NEEDS[name]
    assert allowed(evaluator, need.of(principal), principal, document(need.upon, principal)) == []


@pytest.mark.parametrize(("name", "principal"), CASES)
def test_beside_what_only_denies_a_feature_allows_what_it_is_for(evaluator, name, principal):
    need = NEEDS[name]
    requests = [*need.asked(principal), *need.unused]
    assert allowed(evaluator, requests, principal, document([*need.upon, name, DENIES], principal)) == requests


@pytest.mark.parametrize("name", [name for name, need in NEEDS.items() if need.granted])
def test_what_it_stands_on_allows_the_rest(evaluator, name):
    need = NEEDS[name]
    for principal in ("user", "role"):
        assert allowed(evaluator, need.granted, principal, document(need.upon, principal)) == list(need.granted)


def test_autostop_is_within_base(evaluator):
    requests = NEEDS["autostop"].of("role")
    assert allowed(evaluator, requests, "role", document(["base"], "role")) == list(requests)
