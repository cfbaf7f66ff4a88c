# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown of texts of others: one line each, nothing that a terminal obeys, nothing that nobody sees."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sky.aws.plugins.module_utils._text import _UNSEEN, clean, same_to_the_eye
from ansible_collections.sky.aws.tests.unit.strategies import steady

#: By the property Bidi_Control: https://www.unicode.org/Public/UCD/latest/ucd/PropList.txt
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
#: What str.splitlines and terminals end a line at.
LINES = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
#: Often enough beside ordinary characters.
characters = st.sampled_from([*BIDI, *LINES, "\x00", "\x1b", "\x7f", "\x9b", "\u200b", "\ufeff", "\ud800", "\\", "a"])
texts = st.text(st.one_of(characters, st.characters()), max_size=12)
values = st.recursive(
    st.one_of(texts, st.none(), st.booleans(), st.integers()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)


def every_text(value):
    if isinstance(value, dict):
        return [text for pair in value.items() for each in pair for text in every_text(each)]
    if isinstance(value, list):
        return [text for each in value for text in every_text(each)]
    return [value] if isinstance(value, str) else []


@steady
@given(values)
def test_no_such_character_is_left_anywhere(value):
    for text in every_text(clean(value)):
        assert not set(text) & {*BIDI, *LINES}
        assert not {unicodedata.category(character) for character in text} & {"Cc", "Cs", "Zl", "Zp"}
        assert len(text.splitlines()) <= 1
        text.encode()


@steady
@given(values)
def test_all_else_is_as_it_was(value):
    """The number of things, and every ordinary text."""
    pairs = zip(every_text(value), every_text(clean(value)), strict=True)
    assert [(text, shown) for text, shown in pairs if text.isprintable() and shown != text] == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("Équipe 研究 🚀 a\\b 'c'", "Équipe 研究 🚀 a\\b 'c'"),
        ("a\nb", "a\\nb"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\x9b2J", "\\x9b2J"),
        ("al\u202eice", "al\\u202eice"),
        ("al\u200bice", "al\\u200bice"),
        ("a\U000e0041", "a\\U000e0041"),
        ("a\ud83d", "a\\ud83d"),
    ],
)
def test_what_would_not_be_seen_is_an_escape(text, shown):
    assert clean(text) == shown


def test_every_character_that_is_escaped_is_found():
    """clean() looks for them by what Python takes for unprintable."""
    escaped = [character for character in map(chr, range(sys.maxunicode + 1)) if _UNSEEN.match(character)]
    assert {"\n", "\x9b", *BIDI} < set(escaped)
    assert [character for character in escaped if clean(character) == character] == []


def test_keys_that_differ_stay_apart():
    assert clean({"team": 1, "te\u200bam": 2, "te\u200cam": 3}) == {"team": 1, "te\\u200bam": 2, "te\\u200cam": 3}


def test_what_is_given_is_not_changed():
    given_value = {"a\n": ["b\n", ("c\n",)]}
    assert clean(given_value) == {"a\\n": ["b\\n", ["c\\n"]]}
    assert given_value == {"a\n": ["b\n", ("c\n",)]}


@pytest.mark.parametrize(
    ("other", "same"),
    [("sky.aws", True), ("sky.\u200baws", True), ("SKY.aws\n", True), ("sky.aws ", False), ("sky-aws", False)],
)
def test_what_the_eye_takes_for_the_same(other, same):
    assert same_to_the_eye("sky.aws", other) is same
