# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role and its instance profile as AWS has them; reads only. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ... import _tags
from .. import _principal
from .._principal import Rights
from . import own_policy, service_linked

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ..._account import Account
    from ..._plan import Params
    from ..policy import Found as PolicyFound
    from .service_linked import Services


@dataclasses.dataclass(frozen=True)
class Found:
    """The role and the instance profile as AWS has them.

    ``profiles`` names all that hold the role, for removal; ``services`` are the service-linked roles that are declared;
    ``policy`` is the policy of its own.
    """

    role: Mapping[str, t.Any] | None
    rights: Rights
    profile: Mapping[str, t.Any] | None
    profiles: tuple[str, ...] = ()
    services: Services = dataclasses.field(default_factory=dict)
    policy: PolicyFound | None = None

    @property
    def tags(self) -> dict[str, str]:
        return _tags.from_aws((self.role or {}).get("Tags"))


def read(account: Account, params: Params) -> Found:
    """Role, rights and instance profile: four calls.

    One more for a removal and for each service-linked role, and two or three for a policy of the role's own.
    """
    name = params["name"]
    answer = account.find("iam:GetRole", name, RoleName=name)
    profile = account.find("iam:GetInstanceProfile", name, InstanceProfileName=name)
    services = service_linked.read(account, params)
    policy = own_policy.read(account, params)
    found = Found(None, Rights(), profile["InstanceProfile"] if profile else None, services=services, policy=policy)
    if answer is None:
        return found
    found = dataclasses.replace(found, role=answer["Role"], rights=_principal.read_rights(account, "Role", name))
    if params["state"] == "present":
        return found
    holders = account.pages("iam:ListInstanceProfilesForRole", "InstanceProfiles", name, RoleName=name)
    return dataclasses.replace(found, profiles=tuple(holder["InstanceProfileName"] for holder in holders))
