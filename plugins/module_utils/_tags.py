# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags: ownership, AWS's list form, and what must change. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from ._text import same_to_the_eye

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Tags = Mapping[str, str]

#: Tags under this prefix are ours: never declared by a user, never purged.
RESERVED_PREFIX = "sky.aws/"
#: AWS refuses tags under this prefix and keeps its own there.
AWS_PREFIX = "aws:"
#: A resource is ours when it carries this tag (for an instance that is not enough: see the instance resource).
OWNER_KEY = "sky.aws/managed-by"
OWNER: Mapping[str, str] = {OWNER_KEY: "sky.aws"}
#: The same in words.
OWNER_TAG = f"{OWNER_KEY}={OWNER[OWNER_KEY]}"

MAX_KEY = 128
MAX_VALUE = 256

#: EC2 reads these in the value of a filter, as that of a tag, as a pattern.
PATTERN = frozenset("*?\\")

TAG_ARGUMENTS: dict[str, t.Any] = {
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": False},
}


def from_aws(tags: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """AWS's ``[{"Key": k, "Value": v}]`` as ``{k: v}``."""
    return {tag["Key"]: tag["Value"] for tag in tags or ()}


def to_aws(tags: Tags) -> list[dict[str, str]]:
    """``{k: v}`` as AWS's ``[{"Key": k, "Value": v}]``, sorted by key."""
    return [{"Key": key, "Value": tags[key]} for key in sorted(tags)]


def is_ours(tags: Tags) -> bool:
    """Whether the tags say that this collection made the resource."""
    return tags.get(OWNER_KEY) == OWNER[OWNER_KEY]


def resembles_ours(tags: Tags) -> bool:
    """Whether a reader could take a tag for ours that differs from it in case or in a character that nobody sees."""
    return not is_ours(tags) and any(
        same_to_the_eye(key, OWNER_KEY) and same_to_the_eye(value, OWNER[OWNER_KEY]) for key, value in tags.items()
    )


def declared(params: Mapping[str, t.Any]) -> dict[str, str]:
    """The tags that the user declares, values as strings."""
    return {str(key): _text(value) for key, value in (params.get("tags") or {}).items()}


def _text(value: t.Any) -> str:
    """A tag's value as AWS stores it; YAML reads ``true`` and ``no`` as booleans."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def changes(current: Tags, wanted: Tags, *, purge: bool) -> tuple[dict[str, str], list[str]]:
    """The tags to set and the keys to remove.

    Foreign tags stay unless ``purge``; tags of ours and of AWS stay always.
    """
    to_set = missing(current, wanted)
    if not purge:
        return to_set, []
    return to_set, sorted(key for key in current if key not in wanted and not _is_reserved(key))


def missing(current: Tags, wanted: Tags) -> dict[str, str]:
    """The wanted tags that are not there, or have another value."""
    return {key: value for key, value in wanted.items() if current.get(key) != value}


def after(current: Tags, wanted: Tags, *, purge: bool) -> dict[str, str]:
    """The tags as they are once the changes are made."""
    to_set, to_remove = changes(current, wanted, purge=purge)
    return {key: value for key, value in {**current, **to_set}.items() if key not in to_remove}


def visible(tags: Tags) -> dict[str, str]:
    """Tags as shown to a user: sorted, all of them."""
    return dict(sorted(tags.items()))


def faults(params: Mapping[str, t.Any]) -> list[str]:
    """What AWS would refuse, one line each."""
    found = [
        f"tags: the value of {str(key)[:40]!r} must be text, a number or a boolean"
        for key, value in (params.get("tags") or {}).items()
        if value is None or isinstance(value, (dict, list))
    ]
    for key, value in declared(params).items():
        if _is_reserved(key):
            found.append(
                f"tags: {key!r} starts with a reserved prefix ({AWS_PREFIX} or {RESERVED_PREFIX}); use another key"
            )
        elif not 1 <= len(key) <= MAX_KEY:
            found.append(f"tags: {key[:40]!r} must have 1 to {MAX_KEY} characters")
        if len(value) > MAX_VALUE:
            found.append(f"tags: the value of {key[:40]!r} must have at most {MAX_VALUE} characters")
    if len(declared(params)) > 45:
        found.append("tags: at most 45 tags; AWS allows 50 and some are kept for the collection")
    return found


def _is_reserved(key: str) -> bool:
    return key.lower().startswith((AWS_PREFIX, RESERVED_PREFIX))
