# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags: ours, declared, foreign, and what changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sky.aws.plugins.module_utils import _tags

OURS = {"sky.aws/managed-by": "sky.aws"}


@pytest.mark.parametrize(
    ("tags", "ours"),
    [
        ({}, False),
        (OURS, True),
        ({**OURS, "team": "a"}, True),
        ({"sky.aws/managed-by": "someone"}, False),
        ({"sky.aws/managed-by": ""}, False),
        ({"sky.aws/Managed-By": "sky.aws"}, False),
        ({"managed-by": "sky.aws"}, False),
    ],
)
def test_ours_is_what_carries_our_tag(tags, ours):
    assert _tags.is_ours(tags) is ours


@pytest.mark.parametrize(
    ("tags", "resembles"),
    [
        ({}, False),
        (OURS, False),
        ({**OURS, "sky.aws/managed-by\u200b": "sky.aws"}, False),
        ({"sky.aws/managed-by": "sky.aws\u200b"}, True),
        ({"sky.aws/managed\u2060-by": "sky.aws"}, True),
        ({"Sky.aws/Managed-By": "SKY.AWS"}, True),
        ({"sky.aws/managed-by": "someone"}, False),
        ({"team": "sky.aws"}, False),
    ],
)
def test_what_resembles_our_tag_is_another(tags, resembles):
    assert _tags.resembles_ours(tags) is resembles


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), (True, "true"), (False, "false"), (12, "12"), (1.5, "1.5"), ("", ""), ("True", "True")],
)
def test_values_are_text_as_aws_stores_it(value, text):
    assert _tags.declared({"tags": {"key": value}}) == {"key": text}


@pytest.mark.parametrize("tags", [None, {}])
def test_nothing_declared(tags):
    assert _tags.declared({"tags": tags}) == {}
    assert _tags.faults({"tags": tags}) == []


@pytest.mark.parametrize(
    ("current", "wanted", "purge", "to_set", "to_remove"),
    [
        ({}, {}, False, {}, []),
        ({"a": "1"}, {"a": "1"}, True, {}, []),
        ({"a": "1"}, {"a": "2"}, False, {"a": "2"}, []),
        ({"a": "1", "b": "1"}, {"a": "1"}, False, {}, []),
        ({"a": "1", "c": "1", "b": "1"}, {"a": "1"}, True, {}, ["b", "c"]),
        ({"a": "1"}, {"b": "1"}, True, {"b": "1"}, ["a"]),
        (OURS, {}, True, {}, []),
        ({"aws:cloudformation:stack-name": "x"}, {}, True, {}, []),
        ({"AWS:odd": "x", "Sky.AWS/odd": "x"}, {}, True, {}, []),
        ({"awsome": "x"}, {}, True, {}, ["awsome"]),
        ({"a": "1"}, {}, False, {}, []),
        ({"a": ""}, {"a": ""}, True, {}, []),
    ],
)
def test_changes(current, wanted, purge, to_set, to_remove):
    assert _tags.changes(current, wanted, purge=purge) == (to_set, to_remove)


keys = st.sampled_from(["a", "b", "aws:x", "sky.aws/managed-by", "team"])
tag_sets = st.dictionaries(keys, st.sampled_from(["", "1", "2"]))


@given(tag_sets, st.dictionaries(st.sampled_from(["a", "b", "team"]), st.sampled_from(["", "1"])), st.booleans())
def test_after_the_changes_nothing_is_left_to_change(current, wanted, purge):
    after = _tags.after(current, wanted, purge=purge)
    assert _tags.changes(after, wanted, purge=purge) == ({}, [])
    assert wanted.items() <= after.items()
    assert {key: value for key, value in current.items() if "aws" in key}.items() <= after.items()


@given(tag_sets)
def test_the_form_of_aws_and_back(tags):
    listed = _tags.to_aws(tags)
    assert [tag["Key"] for tag in listed] == sorted(tags)
    assert _tags.from_aws(listed) == tags


def test_no_tags_in_an_answer():
    assert _tags.from_aws(None) == {}


def test_visible_tags_are_sorted():
    assert list(_tags.visible({"b": "1", "a": "2"})) == ["a", "b"]


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"aws:x": "1"}, ["aws:x", "reserved"]),
        ({"AWS:x": "1"}, ["AWS:x", "reserved"]),
        ({"sky.aws/managed-by": "me"}, ["sky.aws/managed-by", "reserved"]),
        ({"": "1"}, ["1 to 128"]),
        ({"k" * 129: "1"}, ["1 to 128"]),
        ({"k": "v" * 257}, ["'k'", "256"]),
        ({f"k{number}": "1" for number in range(46)}, ["45"]),
    ],
)
def test_faults_name_tag_and_limit(tags, words):
    faults = _tags.faults({"tags": tags})
    assert len(faults) == 1
    assert all(word in faults[0] for word in ("tags:", *words))
    assert "\n" not in faults[0]


@pytest.mark.parametrize("tags", [{"k" * 128: "v" * 256}, {f"k{number}": "1" for number in range(45)}, {"awsome": "1"}])
def test_the_limits_themselves_are_fine(tags):
    assert _tags.faults({"tags": tags}) == []
