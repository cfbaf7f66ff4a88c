# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SkyPilot release that all of this is read from. PRIVATE to the collection."""

from __future__ import annotations

RELEASE = "0.14.1"

#: The regions of SkyPilot's catalog, in its order: sky/catalog/data_fetchers/fetch_aws.py:38-66.
REGIONS = (
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "eu-central-1", "eu-west-1", "eu-west-2",
    "eu-south-1", "eu-south-2", "eu-west-3", "eu-north-1", "me-central-1", "af-south-1", "ap-east-1", "ap-southeast-3",
    "ap-south-1", "ap-northeast-3", "ap-northeast-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-4",
    "ap-northeast-1",
)  # fmt: skip
