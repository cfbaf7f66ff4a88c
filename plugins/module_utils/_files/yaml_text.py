# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML files as data, and data as YAML. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from .._errors import SkyError

try:
    import yaml
except ImportError:
    HAS_YAML = False
else:
    HAS_YAML = True
    # The ones in C, where PyYAML has them: a file of a thousand accounts takes the others a second.
    _Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    _Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Nodes that the aliases of a text may stand for, all together. A handful of lines of aliases of aliases stand for billions.
MAX_ALIASED = 10_000
#: Characters of one value. Numbers take time that grows with the square of their length.
MAX_VALUE = 100_000
#: Characters that count as a node.
_NODE_LENGTH = 100


def parse(text: str, path: str, what: str) -> dict[str, t.Any]:
    """The mapping in a text; an empty one for an empty text.

    :param what: the words for such a file: ``a SkyPilot configuration file``.
    :raises SkyError: the text is no YAML mapping, or its aliases stand for too much. The message does not quote it.
    """
    if not HAS_YAML:
        raise SkyError("PyYAML is needed and cannot be imported; install it for this Python: pip install PyYAML")
    try:
        _refuse_bomb(text, path)
        data = yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or type(error).__name__
        raise SkyError(f"{path} is not {what}: {problem}{where}; correct it by hand or give another path") from None
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise SkyError(f"{path} is not {what}: it holds no mapping; correct it by hand or give another path")
    return data


def dump(data: Mapping[str, t.Any], path: str, what: str) -> str:
    """The text of a mapping: block style, keys in their order.

    :raises SkyError: what is in it would read as something else.
    """
    try:
        text: str = yaml.dump(dict(data), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
        is_same = parse(text, path, what) == data
    except (yaml.YAMLError, ValueError, RecursionError):
        is_same = False
    if not is_same:
        raise SkyError(f"{path}: it cannot be written such that all in it reads as before; change it by hand")
    return text


def has_comments(text: str) -> bool:
    """Whether a YAML text has comments: what its scanner skips between two tokens."""
    if "#" not in text:
        return False
    end = 0
    for token in yaml.scan(text, Loader=_Loader):
        if "#" in text[end : token.start_mark.index]:
            return True
        end = max(end, token.end_mark.index)
    return "#" in text[end:]


def _refuse_bomb(text: str, path: str) -> None:
    """Tell from the events of a text, before anything is built, what it would grow to.

    :raises SkyError: aliases stand for more than MAX_ALIASED nodes, or a value is longer than MAX_VALUE.
    """
    sizes: dict[str, int] = {}
    #: For each collection that is open, its anchor and how many nodes were counted before it.
    opened: list[tuple[str | None, int]] = []
    nodes = aliased = 0
    events: Iterator[t.Any] = yaml.parse(text, Loader=_Loader)
    for event in events:
        size = 0
        if isinstance(event, yaml.CollectionStartEvent):
            opened.append((event.anchor, nodes))
            size = 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = opened.pop()
            sizes[anchor or ""] = nodes - before
        elif isinstance(event, yaml.ScalarEvent):
            size = sizes[event.anchor or ""] = _size(event, path)
        elif isinstance(event, yaml.AliasEvent):
            is_within = any(event.anchor == anchor for anchor, _before in opened)
            size = MAX_ALIASED + 1 if is_within else sizes.get(event.anchor or "", 1)
            aliased += size
        nodes += size
        if aliased > MAX_ALIASED:
            raise SkyError(
                f"{path} is not read: with the alias in line {event.start_mark.line + 1} its aliases stand for more than "
                f"{MAX_ALIASED} nodes; write out what is meant, or give another path"
            )


def _size(event: t.Any, path: str) -> int:
    """What a value counts for: a long one as several nodes, since it is repeated, too, where it is written."""
    length = len(event.value)
    if length > MAX_VALUE:
        raise SkyError(
            f"{path} is not read: the value in line {event.start_mark.line + 1} has {length} characters, more than "
            f"{MAX_VALUE}; correct it by hand or give another path"
        )
    return 1 + length // _NODE_LENGTH
