# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The step that chooses subnets as a launch does, for many questions at once. Used by driver.py."""

from __future__ import annotations

import typing as t

import boto3
from sky.provision.aws import config
from sky.utils import annotations
from steps import Scenario, step

#: SkyPilot's mark for its failover: the rest of the line is the reason.
FAILOVER = "SKYPILOT_ERROR_NO_NODES_LAUNCHED: "
#: Made before the fork, so that no scenario reads EC2's models again.
SESSION = boto3.Session(region_name="us-east-1")
SESSION.resource("ec2", aws_access_key_id="none", aws_secret_access_key="none")


@step
def choose_subnets(
    _: Scenario, credentials: dict[str, str], region: str, questions: list[dict[str, t.Any]]
) -> list[dict[str, t.Any]]:
    """For each question the VPC and the subnets in SkyPilot's order, or its error. ``credentials`` are boto3's."""
    ec2 = SESSION.resource("ec2", region_name=region, **credentials)
    return [_choose(ec2, region, **question) for question in questions]


def _choose(
    ec2: t.Any, region: str, vpc_name: str | None, subnet_names: list[str], use_internal_ips: bool
) -> dict[str, t.Any]:
    annotations.clear_request_level_cache()
    try:
        subnets, vpc_id = config._get_subnet_and_vpc_id(
            ec2, None, region, None, use_internal_ips, vpc_name, subnet_names or None
        )
    except RuntimeError as error:
        marked, _, text = str(error).partition(FAILOVER)
        if marked:
            raise
        return {"vpc_id": None, "subnets": [], "error": text}
    chosen = [(subnet.availability_zone, subnet.subnet_id) for subnet in subnets]
    return {"vpc_id": vpc_id, "subnets": chosen, "error": None}
