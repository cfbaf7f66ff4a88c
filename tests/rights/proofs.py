# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the real SkyPilot proves a feature: which of its requests it was seen to make (tests/skypilot)."""

from __future__ import annotations

import json
import pathlib
import re

from .needs import NEEDS

RECORDED = pathlib.Path(__file__).resolve().parents[1] / "skypilot" / "recorded_requests.json"

#: An action and the type of its resource.
Kind = tuple[str, str]


def kind(action: str, resource: str) -> Kind:
    """``("ec2:RunInstances", "subnet")``; of S3, where ARNs name no type, a bucket or an object.

    What EC2 describes is one right, ``ec2:Describe*``.
    """
    if resource == "*":
        return re.sub(r"(?<=^ec2:Describe)\w+", "*", action), resource
    *_, service, _, _, name = resource.split(":", 5)
    if service == "s3":
        return action, "object" if "/" in name else "bucket"
    return action, name.replace(":", "/").partition("/")[0]


def seen() -> set[Kind]:
    """Of all that SkyPilot was seen to ask for."""
    recorded = json.loads(RECORDED.read_text())
    return {kind(each["action"], each["resource"]) for requests in recorded.values() for each in requests}


def needed(name: str) -> set[Kind]:
    """Of what the feature is for."""
    return {kind(each.action, each.resource) for side in ("user", "role") for each in NEEDS[name].of(side)}


def proof(name: str) -> str:
    """``driven``, ``table``, or ``driven`` but for some actions; ``denials`` of a feature that allows nothing."""
    if not needed(name):
        return "denials"
    left = sorted({action for action, _ in needed(name) - seen()})
    if not left:
        return "driven"
    return "table" if needed(name).isdisjoint(seen()) else f"driven, but for {', '.join(left)}"
