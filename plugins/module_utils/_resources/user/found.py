# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A user as IAM has it; reads only. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ... import _tags
from .. import _principal
from .._principal import Rights
from . import removal
from .key.found import read as read_key

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ..._account import Account
    from ..._plan import Params
    from .key.found import Found as KeyFound


@dataclasses.dataclass(frozen=True)
class Found:
    """A user as IAM has it; ``key`` is read where a key is declared, ``belongings`` where the user must go."""

    user: Mapping[str, t.Any] | None
    rights: Rights = dataclasses.field(default_factory=Rights)
    key: KeyFound | None = None
    belongings: removal.Belongings | None = None

    @property
    def tags(self) -> dict[str, str]:
        return _tags.from_aws((self.user or {}).get("Tags"))


def read(account: Account, params: Params) -> Found:
    """User and rights: three calls; one or two more for a key that is delivered."""
    name = params["name"]
    answer = account.find("iam:GetUser", name, UserName=name)
    user = answer["User"] if answer else None
    rights = _principal.read_rights(account, "User", name) if user else Rights()
    if params["state"] == "absent":
        return Found(user, rights, belongings=_read_belongings(account, params, user))
    key = read_key(account, params, user) if params["access_key_delivery"] else None
    return Found(user, rights, key=key)


def _read_belongings(account: Account, params: Params, user: Mapping[str, t.Any] | None) -> removal.Belongings | None:
    """What a user of ours has that must go; None for any other."""
    if user is None or not _tags.is_ours(_tags.from_aws(user.get("Tags"))):
        return None
    look = removal.read_keys if removal.keeps_user(params["absent_keys"]) else removal.read
    return look(account, user)
