# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VPCs that a security group is kept in. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ... import _validate

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_VPC_ID = re.compile(r"vpc-([0-9a-f]{8}|[0-9a-f]{17})")


@dataclasses.dataclass(frozen=True)
class Place:
    """A VPC in a region."""

    region: str
    vpc_id: str

    def __str__(self) -> str:
        return f"{self.region}/{self.vpc_id}"


def places(networks: Sequence[Mapping[str, t.Any]]) -> list[Place]:
    """The VPCs of networks without faults, each once."""
    return list(dict.fromkeys(place for network in networks for place in _places(network)))


def _places(network: Mapping[str, t.Any]) -> Iterator[Place]:
    """Of a network that was looked up: all the VPCs that SkyPilot may launch in, since it may go on to the next name."""
    region = network["region"]
    if "vpc_id" in network:
        yield Place(region, network["vpc_id"])
        return
    if network.get("error"):
        return
    if network.get("vpc"):
        yield Place(region, network["vpc"]["vpc_id"])
    for other in network.get("tried") or ():
        if other["vpc_id"] and not other["error"]:
            yield Place(region, other["vpc_id"])


def faults(networks: Sequence[Mapping[str, t.Any]]) -> list[str]:
    """What cannot be a network; one line each."""
    return [fault for index, network in enumerate(networks) for fault in _faults(network, f"networks[{index}]")]


def _faults(network: Mapping[str, t.Any], label: str) -> list[str]:
    if "vpc_id" in network:
        strange = sorted(set(network) - {"region", "vpc_id"})
    else:
        strange = [] if "vpc" in network else ["no vpc_id"]
    if strange or not isinstance(network.get("region"), str):
        return [f"{label}: give region and vpc_id, or an item of networks as sky_vpc_lookup returns it"]
    found = _validate.region_faults(f"{label}.region", network["region"])
    if "vpc_id" in network and not _VPC_ID.fullmatch(str(network["vpc_id"])):
        found.append(
            f"{label}.vpc_id: {network['vpc_id']!r} is not the id of a VPC; give one like vpc-0a1b2c3d4e5f60718"
        )
    return found
