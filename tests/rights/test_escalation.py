# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rights that add up: what no selection leads to within three calls, and the search that would find it."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.sky.aws.plugins.module_utils._features import catalogue
from ansible_collections.sky.aws.plugins.module_utils._features import documents as feature_documents
from ansible_collections.sky.aws.tests.rights.escalation import (
    CLUSTER,
    FORBIDDEN,
    FORGED,
    IMAGED,
    MARKED,
    OTHER_GROUPS,
    READ,
    REWRITTEN,
    SELECTIONS,
    SESSION,
    UNMARKED,
    WIDENED,
    search,
    shared_policy,
    unknown,
    without_contradiction,
)


@pytest.fixture(scope="module")
def found(evaluator):
    """What the search reaches by each selection."""
    return search(evaluator, {name: shared_policy(features) for name, features in SELECTIONS.items()})


def ends_of(evaluator, *features, start=()):
    return search(evaluator, {"it": shared_policy(features)}, start)["it"]


def test_the_selections_are_many_and_go_together():
    assert len(SELECTIONS) > 150
    assert all(without_contradiction(features) for features in SELECTIONS.values())
    assert {name for features in SELECTIONS.values() for name in features} == set(catalogue.FEATURES)


def test_no_selection_leads_to_what_it_is_not_known_for(found):
    assert {name: ends for name in found if (ends := unknown(name, found[name]))} == {}


@pytest.mark.parametrize(
    ("end", "feature"), [(end, feature) for end, known in FORBIDDEN.items() for feature in sorted(known)]
)
def test_what_a_feature_is_known_for_it_does_lead_to(found, end, feature):
    """An excuse that nothing needs would hide a way that nobody knows of."""
    others = FORBIDDEN[end] - {feature}
    assert any(
        end in ends
        for name, ends in found.items()
        if feature in SELECTIONS[name] and others.isdisjoint(SELECTIONS[name])
    )


def test_every_known_way_is_warned_of():
    """Reading user data is the page's own ec2:Describe*: docs/features.md says so, and no rollout is warned each time."""
    for feature in {name for end, known in FORBIDDEN.items() for name in known if end != READ}:
        assert any(feature in line for line in feature_documents.surprises([feature])), feature


def test_another_users_cluster_is_not_taken_over_either(evaluator):
    """Its machines have the cluster tag, so ports and ssm are for them; their user data is not."""
    ends = ends_of(evaluator, "base", "launch_tags", "protect_tags", "ports", "ssm", start=[CLUSTER])
    assert set(ends) == {READ, OTHER_GROUPS, SESSION}


#: What the warning of a selection without protect_tags speaks of.
UNPROTECTED = {
    ("base", "launch_tags"): {MARKED, FORGED, UNMARKED},
    ("base_named_group",): {MARKED, FORGED, UNMARKED},
    ("base", "launch_tags", "ports"): {MARKED, FORGED, UNMARKED, OTHER_GROUPS},
    ("base", "launch_tags", "ssm"): {MARKED, FORGED, UNMARKED, SESSION},
    ("base_named_group", "ssm"): {MARKED, FORGED, UNMARKED, SESSION},
}


@pytest.mark.parametrize("features", UNPROTECTED, ids=" ".join)
def test_without_protect_tags_tags_lead_on(evaluator, features):
    assert set(ends_of(evaluator, *features)) == {READ, *UNPROTECTED[features]}
    assert set(ends_of(evaluator, *features, "protect_tags")) == {READ}


class TestTheSearchFindsTheKnownPath:
    """base lets a user tag any machine, ports then lets her rewrite its user data: root on it, with its role."""

    PATH = ("user: tag as a cluster's", "user: stop", "user: rewrite the user data")

    @pytest.fixture
    def ports_without_the_denial(self, monkeypatch):
        """As it was before."""
        ports = catalogue.FEATURES["ports"]
        allows = tuple(statement for statement in ports.both if statement["Effect"] == "Allow")
        assert len(allows) == len(ports.both) - 1
        changed = {**catalogue.FEATURES, "ports": dataclasses.replace(ports, both=allows)}
        monkeypatch.setattr(feature_documents, "FEATURES", changed)

    @pytest.mark.usefixtures("ports_without_the_denial")
    def test_with_neither_denial(self, evaluator):
        assert ends_of(evaluator, "base", "launch_tags", "ports")[REWRITTEN] == self.PATH

    @pytest.mark.usefixtures("ports_without_the_denial")
    def test_protect_tags_closes_it(self, evaluator):
        assert REWRITTEN not in ends_of(evaluator, "base", "launch_tags", "ports", "protect_tags")

    @pytest.mark.usefixtures("ports_without_the_denial")
    def test_but_not_for_another_users_cluster(self, evaluator):
        ends = ends_of(evaluator, "base", "launch_tags", "ports", "protect_tags", start=[CLUSTER])
        assert ends[REWRITTEN] == self.PATH[1:]

    def test_the_denial_in_ports_closes_it(self, evaluator):
        assert REWRITTEN not in ends_of(evaluator, "base", "launch_tags", "ports")
        assert REWRITTEN not in ends_of(evaluator, "base", "launch_tags", "ports", start=[CLUSTER])

    def test_other_known_ways(self, evaluator):
        assert ends_of(evaluator, "base", "create_role", "protect_tags")[WIDENED] == (
            "user: attach AdministratorAccess",
        )
        assert ends_of(evaluator, "base", "clone_disk", "protect_tags")[IMAGED] == ("user: take an image",)
