# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which instance of a Name is meant, and whether it is ours. Pure. PRIVATE to the collection.

Ours is an instance with our tag and our prefix in its ClientToken. SkyPilot's policy lets every user tag every instance and
choose the token of her own; its feature protect_tags denies her the tag. The token tells an instance that was tagged later,
by somebody whom no policy of ours holds, from one that was launched so.
"""

from __future__ import annotations

import typing as t

from ... import _tags
from ..._errors import SkyError
from ..._skypilot.names import CLUSTER_NAME_TAG, CLUSTER_TAG, USER_TAG
from .facts import state_of, tags_of
from .request import PREFIX

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .facts import Instance


def only(live: Sequence[Instance], name: str, where: str) -> Instance | None:
    """The live instance of a name, or None.

    :param where: account and region in words.
    :raises SkyError: there are several.
    """
    if len(live) < 2:
        return live[0] if live else None
    listed = ", ".join(sorted(f"{instance['InstanceId']} ({state_of(instance)})" for instance in live))
    raise SkyError(
        f"name: {len(live)} live instances are named {name} in {where}: {listed}; rename or terminate all but one"
    )


def _has_token(instance: Instance) -> bool:
    return str(instance.get("ClientToken") or "").startswith(PREFIX)


def is_ours(instance: Instance) -> bool:
    """Whether this collection made the instance, and nobody has disowned it since."""
    return _tags.is_ours(tags_of(instance)) and _has_token(instance)


def check_ours(instance: Instance, name: str, where: str) -> None:
    """Stop at an instance that is not ours.

    :raises SkyError: says whose it is, as far as that can be seen.
    """
    if is_ours(instance):
        return
    raise SkyError(
        f"name: instance {name} ({instance['InstanceId']}, {state_of(instance)}) in {where} is not this collection's: "
        f"{whose(instance)}; nothing was done. Choose another name, or {_way_out(instance)}"
    )


def is_marked(instance: Instance) -> bool:
    """Whether an instance belongs to a cluster of SkyPilot, or bears a mark of ours, genuine or similar."""
    tags = tags_of(instance)
    return bool(_cluster(tags)) or _tags.is_ours(tags) or _tags.resembles_ours(tags) or _has_token(instance)


def _cluster(tags: Mapping[str, str]) -> str | None:
    return tags.get(CLUSTER_NAME_TAG) or tags.get(CLUSTER_TAG)


def whose(instance: Instance) -> str:
    """Whose an instance is that is not ours, as far as that can be seen."""
    tags = tags_of(instance)
    cluster = _cluster(tags)
    if cluster:
        return f"it belongs to SkyPilot's cluster {cluster}" + _of_user(tags.get(USER_TAG))
    if _has_token(instance):
        return f"it lost its tag {_tags.OWNER_KEY}"
    if _tags.is_ours(tags):
        return f"somebody gave it the tag {_tags.OWNER_KEY}, but its ClientToken says that it was made otherwise"
    if _tags.resembles_ours(tags):
        return f"it was made otherwise, and has a tag that looks like {_tags.OWNER_TAG} and is another"
    return f"it was made otherwise (no tag {_tags.OWNER_TAG})" + _with_key(instance.get("KeyName"))


def _of_user(user: str | None) -> str:
    return f" of user {user}" if user else ""


def _with_key(key_name: str | None) -> str:
    return f", with the key pair {key_name}" if key_name else ""


def _way_out(instance: Instance) -> str:
    if _has_token(instance):
        return f"give it the tag {_tags.OWNER_KEY}={_tags.OWNER[_tags.OWNER_KEY]} again"
    return "have its owner rename or terminate it"
