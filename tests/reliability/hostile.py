# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hypothesis strategies for values that nobody should give: as texts, and in the place of any option of a module."""

from __future__ import annotations

import functools
import typing as t

from hypothesis import strategies as st

#: A template that shows when it was evaluated: the product is in no text here.
FACTORS = (31337, 1009)
TEMPLATE = f"{{{{ {FACTORS[0]} * {FACTORS[1]} }}}}"
EVALUATED = str(FACTORS[0] * FACTORS[1])

TEXTS = (
    "",
    " ",
    "'",
    '"',
    "a'b\"c`d",
    "a\nb",
    "a\r\nb: c",
    "\x00",
    "\x1b[31mred",
    "\x85line",
    "para\u2029graph",
    "\u202eevil",
    "\u212ams",
    "\u0661\u0662",
    "\U0001f680",
    "\u00e4\u0308",
    TEMPLATE,
    "{% for x in range(9) %}" + TEMPLATE + "{% endfor %}",
    "{{ lookup('pipe', 'id') }}",
    "{# comment #}",
    "%(x)s %s %d {0} {name}",
    "$(id)",
    "`id`",
    "; rm -rf /",
    "../../etc/passwd",
    "/a//b/",
    "~root/x",
    "- a",
    "a: b",
    "&a *a",
    "!unsafe x",
    "!!python/object/apply:os.system [id]",
    "{}",
    "[]",
    '{"a": 1}',
    "null",
    "true",
    "No",
    "0x1f",
    "1e999",
    "NaN",
    "012345678901",
    "aws:reserved",
    "AWS:Reserved",
    "sky.aws/managed-by",
    "arn:aws:iam::111122223333:policy/",
    "arn:aws:iam::999999999999:role/x",
    "*",
    "?",
    "<Bucket>",
    "x" * 300,
    "\u00e9" * 7000,
)


@functools.cache
def texts() -> st.SearchStrategy[str]:
    """Known trouble, trouble in the middle of a text, and any text (surrogates, which no UTF-8 has, left out)."""
    known = st.sampled_from(TEXTS)
    within = st.sampled_from(
        [f"{before}{text}{after}" for before in ("alice", "/") for text in TEXTS for after in "z/"]
    )
    return known | within | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@functools.cache
def values() -> st.SearchStrategy[t.Any]:
    """Texts, numbers, and what YAML makes of a slip of the hand."""
    leaves = texts() | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    return leaves | st.lists(leaves, max_size=2) | st.dictionaries(texts(), leaves | st.just([{}]), max_size=2)


@functools.cache
def mappings() -> st.SearchStrategy[dict[t.Any, t.Any]]:
    """Dictionaries, such as tags."""
    return st.dictionaries(texts() | st.integers() | st.booleans(), texts() | values(), max_size=3)


def option(spec: t.Mapping[str, t.Any]) -> st.SearchStrategy[t.Any]:
    """Values for an option of an argument_spec: mostly of its type, so that they come through to the module's own eyes."""
    kinds: dict[str, st.SearchStrategy[t.Any]] = {
        "list": st.lists(_element(spec), max_size=2),
        "dict": _suboptions(spec["options"]) if "options" in spec else mappings(),
        "int": st.integers() | st.integers(-1, 70000),
        "bool": st.booleans(),
        "raw": values(),
    }
    typed = (
        st.sampled_from(spec["choices"]) | texts() if "choices" in spec else kinds.get(spec.get("type", "str"), texts())
    )
    # Ansible's own validator fails, with a TypeError, where an option with suboptions is none of its types.
    return typed if "options" in spec else typed | typed | typed | values()


def _element(spec: t.Mapping[str, t.Any]) -> st.SearchStrategy[t.Any]:
    if spec.get("elements") == "dict":
        return mappings() | statements()
    return texts()


def _suboptions(options: t.Mapping[str, t.Any]) -> st.SearchStrategy[dict[str, t.Any]]:
    return st.fixed_dictionaries({}, optional={name: option(spec) for name, spec in options.items()})


@functools.cache
def statements() -> st.SearchStrategy[dict[str, t.Any]]:
    """Policy statements with the right keys and anything in them."""
    keys = ("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition", "Principal")
    good = {"Effect": st.just("Allow"), "Action": st.just("s3:GetObject"), "Resource": st.just("*")}
    wild = st.fixed_dictionaries({}, optional={key: values() for key in keys})
    return wild | st.tuples(st.fixed_dictionaries(good), wild).map(lambda pair: pair[0] | pair[1])
