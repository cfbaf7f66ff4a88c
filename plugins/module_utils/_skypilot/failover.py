# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which VPC SkyPilot takes in a region, and what it says of that too late or not at all. PRIVATE to the collection.

Everything here is pure. Paths with line numbers are in the package ``sky`` of the release in release.py. ``params`` are the
options ``vpc_names``, ``subnet_names`` and ``use_internal_ips``.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .. import _tags
from .release import REGIONS, RELEASE
from .subnets import Choice, Wish, choose, name_of

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .._plan import Params
    from .subnets import Layout


@dataclasses.dataclass(frozen=True)
class Decision:
    """SkyPilot's decisions for one region, by VPC name in its order of failover; None stands for no name."""

    layout: Layout
    choices: Mapping[str | None, Choice]

    @property
    def taken(self) -> str | None:
        """The first name without an error, else the first."""
        return next((name for name, choice in self.choices.items() if not choice.error), next(iter(self.choices)))

    @property
    def choice(self) -> Choice:
        return self.choices[self.taken]


def decide(layout: Layout, params: Params) -> Decision:
    """What SkyPilot would do in this region; nothing but the error in one that could not be read."""
    if layout.error:
        return Decision(layout, {None: Choice(error=layout.error)})
    # clouds/aws.py:1732-1744 yields the names one by one, or once nothing.
    names: Sequence[str | None] = params["vpc_names"] or [None]
    wishes = {name: Wish(name, params["subnet_names"], params["use_internal_ips"]) for name in names}
    return Decision(layout, {name: choose(layout, wish) for name, wish in wishes.items()})


def lacks_default_vpc(decision: Decision, params: Params) -> bool:
    """Whether SkyPilot looks for the default VPC, and there is none."""
    named = params["vpc_names"] or params["subnet_names"]
    return not (named or decision.layout.error or decision.layout.vpcs)


def option_warnings(params: Params) -> list[str]:
    """What names lead to, whatever the region."""
    if not params["subnet_names"] or params["vpc_names"]:
        return []
    # provision/aws/instance.py:1193-1210 knows vpc_name only.
    line = "subnet_names without vpc_names: SkyPilot launches in these subnets, but opens ports and terminates clusters"
    return [f"{line} in the default VPC; give vpc_names too"]


def warnings(decision: Decision, params: Params) -> list[str]:
    """What SkyPilot does not say of its decision for a region, or says too late; one line each, without the region."""
    layout, found = decision.layout, []
    if layout.region not in REGIONS:
        found.append(f"SkyPilot {RELEASE} has no catalog for this region and never launches here")
    if lacks_default_vpc(decision, params):
        # provision/aws/instance.py:1206 raises what provision/provisioner.py:399-407 turns into a stop.
        found.append("no default VPC: SkyPilot's failover stops here instead of going on; give vpc_names, or make one")
    found += [f"no subnet is named {name!r}; SkyPilot goes on without it" for name in _unseen_subnets(layout, params)]
    borrowed = [v.subnet["SubnetId"] for v in decision.choice.usable if v.way and v.way.borrowed]
    if borrowed:
        found.append(
            f"SkyPilot takes {', '.join(borrowed)} for public because the main route table of another VPC routes to an "
            "internet gateway; machines there cannot be reached. Give the default VPC such a route"
        )
    return found


def _unseen_subnets(layout: Layout, params: Params) -> list[str]:
    """Exact names of ``subnet_names`` that no subnet has, where others were found."""
    if not layout.subnets:
        return []
    seen = {name_of(subnet) for subnet in layout.subnets}
    return [name for name in params["subnet_names"] if name not in seen and not _tags.PATTERN.intersection(name)]
