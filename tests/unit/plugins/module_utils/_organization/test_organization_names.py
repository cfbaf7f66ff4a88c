# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of hosts and groups: safe, unique, and nobody's by somebody else's choice."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sky.aws.plugins.module_utils._organization import names
from ansible_collections.sky.aws.plugins.module_utils._organization.facts import Member, Unit

ID = "111122223333"


def member(name, account_id=ID, joined="2026-01-01T00:00:00.000+00:00"):
    return Member(account_id, name, "owner@example.com", "ACTIVE", joined, "r-root")


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("vision", "vision"),
        ("ML Research", "ml-research"),
        ("ML - Research", "ml-research"),
        ("ml_research.eu-1", "ml_research.eu-1"),
        ("../../etc", "etc"),
        ("-x-", "x"),
        ("Équipe Bio", "equipe-bio"),
        ("a{{ 1 + 1 }}b", "a-1-1-b"),
        ("web[1:9]", "web-1-9"),
        ("a,b:!c&d*", "a-b-c-d"),
        ("a\nb\0c", "a-b-c"),
        ("研究", ID),
        ("***", ID),
        ("", ID),
        ("12345", f"12345-{ID}"),
        ("444455556666", f"444455556666-{ID}"),
        ("127.0.0.1", f"127.0.0.1-{ID}"),
        ("Localhost", f"localhost-{ID}"),
        ("all", f"all-{ID}"),
        ("Ungrouped", f"ungrouped-{ID}"),
        ("ou_root", f"ou_root-{ID}"),
        ("tag_team__a", f"tag_team__a-{ID}"),
        ("vision-444455556666", f"vision-444455556666-{ID}"),
        ("vision.yml", f"vision.yml-{ID}"),
        ("Vision.YAML", f"vision.yaml-{ID}"),
        ("vision.json", f"vision.json-{ID}"),
        ("yml", "yml"),
        (f"vision-{ID}", f"vision-{ID}"),
        ("tags", "tags"),
        ("outer", "outer"),
    ],
)
def test_a_host_is_named_after_its_account(name, host):
    assert names.host_name(member(name)) == host


ALIKE = ["Vision", "vision", "VISION!", "V\u00edsion", "\uff56ision", " vision ", "vision."]


@pytest.mark.parametrize("other", ALIKE)
@pytest.mark.parametrize("joined", ["2025-01-01T00:00:00.000+00:00", "2027-01-01T00:00:00.000+00:00", ""])
def test_accounts_of_one_name_have_none_of_it(other, joined):
    """Neither the case nor the time of joining, nor what is left out of a name, makes a difference."""
    found, clashes = names.host_names([member("vision", "999999999999"), member(other, "111111111111", joined)])
    assert found == {"111111111111": "vision-111111111111", "999999999999": "vision-999999999999"}
    said = "accounts 111111111111 and 999999999999 share the host name vision, so none of them is managed; "
    assert list(clashes) == ["111111111111", "999999999999"]
    assert all(said in clash and clash.endswith("or give host_name: id in the inventory") for clash in clashes.values())


@pytest.mark.parametrize("invisible", ["\u200b", "\u202e", "\x00", "\n", "\x9b", "\u00ad", "\ufeff"])
def test_an_invisible_character_makes_another_name(invisible):
    found, clashes = names.host_names([member("vision", "999999999999"), member(f"vis{invisible}ion", "111111111111")])
    assert found == {"999999999999": "vision", "111111111111": "vis-ion"}
    assert clashes == {}


def test_a_line_names_some_of_many():
    accounts = [member("a", f"{number:012d}") for number in range(5)]
    _, clashes = names.host_names(accounts)
    assert (
        "accounts 000000000000, 000000000001, 000000000002 and 2 more share the host name a," in clashes["000000000004"]
    )


account_names = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["a", "A", "a-b", "a b", "all", "1", "localhost", "ou_x"]),
    st.builds("{}-{:012d}".format, st.sampled_from(["a", "b", ""]), st.integers(1, 3)),
    st.builds("{:012d}".format, st.integers(1, 3)),
)
organizations = st.lists(
    st.builds(member, account_names, st.integers(1, 8).map("{:012d}".format), st.sampled_from(["1", "2", "3", ""])),
    unique_by=lambda each: each.id,
    max_size=8,
)


@given(organizations)
def test_names_are_unique_and_safe(members):
    found, clashes = names.host_names(members)
    assert set(found) == {each.id for each in members} >= set(clashes)
    assert len(set(found.values())) == len(members)
    for name in found.values():
        assert re.fullmatch(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", name)
        assert name not in ("all", "ungrouped", "localhost")


@given(organizations, st.randoms(use_true_random=False))
def test_names_depend_on_no_order(members, random):
    other = list(members)
    random.shuffle(other)
    assert names.host_names(other) == names.host_names(members)


@given(organizations, account_names, st.sampled_from(["", "4"]))
def test_no_newcomer_takes_a_name(members, name, joined):
    """By whatever name, now or before the others: whoever keeps a host keeps its own."""
    newcomer = member(name, "000000000099", joined)
    before, _ = names.host_names(members)
    after, clashes = names.host_names([*members, newcomer])
    assert after[newcomer.id] not in before.values()
    for account, host in before.items():
        assert after[account] == host or (account in clashes and after[account] == f"{host}-{account}")


def units(*paths):
    """Units by their paths below the root, each after its parent; ids count from 0."""
    ids = {(): "r-ab12"}
    found = [Unit("r-ab12", "", ["Root"])]
    for number, path in enumerate(paths):
        ids.setdefault(tuple(path), f"ou-ab12-{number:08d}")
        found.append(Unit(f"ou-ab12-{number:08d}", ids[tuple(path[:-1])], ["Root", *path]))
    return found


@pytest.mark.parametrize(
    ("paths", "groups"),
    [
        ([], ["ou_root"]),
        ([["Research"]], ["ou_root", "ou_research"]),
        ([["Research"], ["Research", "Vision & Co"]], ["ou_root", "ou_research", "ou_research__vision_co"]),
        ([["a_b"], ["a"], ["a", "b"]], ["ou_root", "ou_a_b", "ou_a", "ou_a__b"]),
        ([["A B"], ["a-b"]], ["ou_root", "ou_a_b___ab12_00000000", "ou_a_b___ab12_00000001"]),
        ([["A"], ["A", "x"], ["x"]], ["ou_root", "ou_a", "ou_a__x", "ou_x"]),
        ([["研究"]], ["ou_root", "ou_unit___ab12_00000000"]),
        ([["Root"]], ["ou_root", "ou_root___ab12_00000000"]),
        ([["A"], ["A", "Root"]], ["ou_root", "ou_a", "ou_a__root"]),
        ([["1 st"]], ["ou_root", "ou_1_st"]),
    ],
)
def test_groups_of_units(paths, groups):
    assert list(names.unit_groups(units(*paths)).values()) == groups


unit_names = st.one_of(
    st.text(max_size=4), st.sampled_from(["a", "b", "a b", "A_B", "a__b", "root", "unit", "b___ab12_00000001"])
)


@st.composite
def trees(draw):
    found = [Unit("r-ab12", "", ["Root"])]
    for number in range(draw(st.integers(0, 8))):
        parent = draw(st.sampled_from(found))
        found.append(Unit(f"ou-ab12-{number:08d}", parent.id, [*parent.path, draw(unit_names)]))
    return found


@given(trees())
def test_groups_of_units_are_unique_and_safe(found):
    groups = names.unit_groups(found)
    assert len(set(groups.values())) == len(found)
    assert all(re.fullmatch(r"ou_[a-z0-9_]+", group) for group in groups.values())


@pytest.mark.parametrize(
    ("key", "value", "group"),
    [
        ("team", "vision", "tag_team__vision"),
        ("Cost Center", "A/1", "tag_cost_center__a_1"),
        ("team", "", "tag_team__"),
        ("team", "研究", "tag_team__x4ff0f1dd"),
        ("a_b", "c", "tag_a_b__c"),
        ("a", "b_c", "tag_a__b_c"),
    ],
)
def test_groups_of_tags(key, value, group):
    assert names.tag_group(key, value) == group


@given(st.text(min_size=1, max_size=20), st.text(max_size=20))
def test_groups_of_tags_are_safe(key, value):
    assert re.fullmatch(r"tag_[a-z0-9_]*", names.tag_group(key, value))
