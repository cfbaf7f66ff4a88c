# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of others as they leave for a terminal, a log or a file. PRIVATE to the collection.

Names, tags and messages are what people and services wrote. A terminal obeys some characters, others forge a line or hide
from the reader. Whatever is shown goes through :func:`clean`; what is compared or sent back to AWS never does.
"""

from __future__ import annotations

import re
import typing as t

Value = t.TypeVar("Value")

#: Control characters (C0, C1), line and paragraph separators, what changes the direction of text, what nobody sees, and
#: halves of characters, which no output can encode. To Python all of them are unprintable.
#: https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters and https://www.unicode.org/reports/tr36/
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def clean(value: Value) -> Value:
    """A value of JSON types in which every text, keys included, is one line that shows all that is in it.

    A character that a reader would not see as itself becomes its escape, ``\\n`` or ``\\u202e``. So two texts that differ do
    so on the screen, too.
    """
    # repr() escapes what is unprintable, in all texts at once: ordinary values cost no look into each of them.
    return t.cast("Value", _cleaned(value)) if "\\" in repr(value) else value


def same_to_the_eye(one: str, other: str) -> bool:
    """Whether two texts differ only in what nobody sees, and in case."""
    return _UNSEEN.sub("", one).casefold() == _UNSEEN.sub("", other).casefold()


def _cleaned(value: t.Any) -> t.Any:
    if isinstance(value, str):
        return _UNSEEN.sub(_escape, value)
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    return value


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
