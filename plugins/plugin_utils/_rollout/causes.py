# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages that differ only in what belongs to one account have one cause. Pure. PRIVATE to the collection."""

from __future__ import annotations

import collections
import dataclasses
import functools
import re
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterable

#: A cause is a row of a table: an encoded message would fill pages.
MAX_CAUSE = 300

# The form of an ARN: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
_ARN = re.compile(r"\barn:aws[a-z-]*:([a-z0-9-]+):[a-z0-9-]*:(?:\d{12}|aws)?:([A-Za-z-]*)[^\s,;'\"()]*")

#: What is told apart in one account only, and what stands for it in a cause; in this order.
_OWN: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"\b(request ?id|host ?id|encoded authorization failure message)(\s*[:=]\s*)[^\s,;)]+", re.I),
        r"\1\2<id>",
    ),
    (re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.I), "<id>"),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
    (re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA|ANPA|AIPA|AGPA)[A-Z0-9]{12,}\b"), "<id>"),
    # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html
    (re.compile(r"\b([a-z]+(?:-[a-z]+)*)-(?:[0-9a-f]{17}|[0-9a-f]{8})\b"), r"\1-<id>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r"(?<!\d)\d{12}(?!\d)"), "<account>"),
    (re.compile(r"\b0x[0-9a-f]+\b", re.I), "<id>"),
)


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """A cause, and the names of the accounts under it, in the order they came."""

    cause: str
    accounts: tuple[str, ...]


def cause(message: str, host: str) -> str:
    """The message in one line, without what is the account's own: ids, ARNs, times and the name of its host."""
    text = "; ".join(" ".join(line.split()) for line in message.splitlines() if line.strip())
    text = _ARN.sub(_nameless, text)
    # Before all else that may be part of a name: a host may be called lab-0a1b2c3d.
    text = _named(host).sub("<host>", text)
    for pattern, instead in _OWN:
        text = pattern.sub(instead, text)
    return text if len(text) <= MAX_CAUSE else f"{text[: MAX_CAUSE - 3]}..."


def groups(found: Iterable[tuple[str, str]]) -> list[Group]:
    """Pairs of cause and account, gathered: the cause of most accounts first."""
    gathered: dict[str, dict[str, None]] = collections.defaultdict(dict)
    for what, account in found:
        gathered[what][account] = None
    ordered = sorted(gathered.items(), key=lambda item: (-len(item[1]), item[0]))
    return [Group(what, tuple(accounts)) for what, accounts in ordered]


def some(accounts: tuple[str, ...], most: int) -> str:
    """The first names, and how many more there are."""
    more = len(accounts) - most
    return ", ".join(accounts[:most]) + (f" and {more} more" if more > 0 else "")


def _nameless(arn: re.Match[str]) -> str:
    """An ARN as the kind of thing it names. What stands in front of a colon or slash is a kind, in IAM and EC2."""
    kind = f" {arn[2]}" if arn[0][arn.end(2) - arn.start() :][:1] in ("/", ":") else ""
    return f"<{arn[1]}{kind}>"


@functools.lru_cache(maxsize=64)
def _named(host: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.-]){re.escape(host)}(?![\w-])")
