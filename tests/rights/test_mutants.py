# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of needs and refusals hold the catalogue: no single thing can go, and none can become wider, unseen.

base, create_role and clone_disk are held to the page's text in the unit tests.
"""

from __future__ import annotations

import pytest

from ansible_collections.sky.aws.plugins.module_utils._features import catalogue
from ansible_collections.sky.aws.plugins.module_utils._features import documents as feature_documents
from ansible_collections.sky.aws.tests.rights import mutants, stars
from ansible_collections.sky.aws.tests.rights.documents import allowed, document
from ansible_collections.sky.aws.tests.rights.needs import NEEDS
from ansible_collections.sky.aws.tests.rights.refusals import REFUSALS

VERBATIM = ("base", "create_role", "clone_disk")
OWN = [name for name in catalogue.FEATURES if name not in VERBATIM]
AT_ONCE = 40


@pytest.fixture
def catalogue_with(monkeypatch):
    """Puts a mutant in the place of its feature."""

    def put(feature):
        changed = {**catalogue.FEATURES, feature.name: feature}
        monkeypatch.setattr(feature_documents, "FEATURES", changed)

    return put


def service_of(request):
    return request.action.partition(":")[0]


def candidates(name):
    """The requests that must be refused to the feature and what it stands on; those of its own service come first."""
    features = {*NEEDS[name].upon, name}
    own = {service_of(request) for request in (*NEEDS[name].of("user"), *NEEDS[name].of("role"))}
    requests = (refusal.request for refusal in REFUSALS if refusal.holds(features))
    return sorted(requests, key=lambda request: service_of(request) not in own)


def lacks_a_need(evaluator, mutant):
    """Whether the mutant no longer allows what the feature, or one that it stands on, is for."""
    name = mutant.feature.name
    requests = [request for each in (*NEEDS[name].upon, name) for request in NEEDS[each].of(mutant.principal)]
    policy = document([*NEEDS[name].upon, name], mutant.principal)
    return allowed(evaluator, requests, mutant.principal, policy) != requests


def allows_a_wrong(evaluator, mutant, wrong):
    """Whether the mutant allows one of the requests that must be refused."""
    name = mutant.feature.name
    policy = document([*NEEDS[name].upon, name], mutant.principal)
    return any(
        allowed(evaluator, wrong[start : start + AT_ONCE], mutant.principal, policy)
        for start in range(0, len(wrong), AT_ONCE)
    )


@pytest.mark.parametrize("name", OWN)
def test_every_star_has_its_reason(name):
    assert list(stars.unaccounted(catalogue.FEATURES[name])) == []


@pytest.mark.parametrize("name", OWN)
def test_nothing_can_go(evaluator, catalogue_with, name):
    survivors = []
    wrong = candidates(name)
    for mutant in mutants.removals(catalogue.FEATURES[name]):
        catalogue_with(mutant.feature)
        caught = allows_a_wrong(evaluator, mutant, wrong) if mutant.denies else lacks_a_need(evaluator, mutant)
        if not caught:
            survivors.append(mutant.label)
    assert survivors == []


@pytest.mark.parametrize("name", OWN)
def test_nothing_can_be_wider(evaluator, catalogue_with, name):
    """Where a condition makes the wider right void, as ec2:CreateAction does, the star itself tells."""
    survivors = []
    wrong = candidates(name)
    for mutant in mutants.widenings(catalogue.FEATURES[name]):
        catalogue_with(mutant.feature)
        caught = lacks_a_need(evaluator, mutant) if mutant.denies else allows_a_wrong(evaluator, mutant, wrong)
        if not caught and not any(stars.unaccounted(mutant.feature)):
            survivors.append(mutant.label)
    assert survivors == []


@pytest.mark.parametrize("name", OWN)
def test_there_are_mutants_of_each_kind(name):
    feature = catalogue.FEATURES[name]
    assert list(mutants.removals(feature))
    assert list(mutants.widenings(feature))
