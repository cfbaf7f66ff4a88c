# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All instances of a Name, as EC2 describes them; reads only. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from . import site as _site
from .facts import is_live
from .ownership import is_ours

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._account import Account
    from ..._plan import Params
    from .facts import Instance
    from .request import Site


@dataclasses.dataclass(frozen=True)
class Found:
    """All instances of the Name in every state, as EC2 describes them.

    ``image_id`` is the declared image; ``site`` is known only where an instance must be made.
    """

    region: str
    instances: Sequence[Instance] = ()
    image_id: str | None = None
    site: Site | None = None

    @property
    def live(self) -> list[Instance]:
        return [instance for instance in self.instances if is_live(instance)]

    @property
    def spent(self) -> frozenset[str]:
        """The tokens of the instances that are no more."""
        return frozenset(i["ClientToken"] for i in self.instances if not is_live(i) and i.get("ClientToken"))


def read(account: Account, params: Params) -> Found:
    """One call, and one for an image parameter; the rest only where an instance must be made."""
    name = params["name"]
    filters = [{"Name": "tag:Name", "Values": [name]}]
    reservations = account.pages("ec2:DescribeInstances", "Reservations", name, Filters=filters)
    instances = [instance for reservation in reservations for instance in reservation["Instances"]]
    found = Found(account.region, instances)
    if params["state"] == "absent" or any(not is_ours(instance) for instance in found.live):
        return found
    image_id = _site.image_id(account, params)
    found = dataclasses.replace(found, image_id=image_id)
    if found.live or image_id is None:
        return found
    return dataclasses.replace(found, site=_site.look(account, params, image_id))
