# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of a security group that SkyPilot makes. PRIVATE to the collection.

SkyPilot looks for a group of the exact name in the VPC that it launches in, and makes it where it is missing. It adds rules
to a group that has none coming in, and to one that has none going out; for EFA also where none goes to the group itself.
provision/aws/config.py:652-725, in the package ``sky`` of the release in release.py.
"""

from __future__ import annotations

#: Protocol and ports of what members let in of each other, and with EFA also out.
AMONG_MEMBERS = ("-1", None)
#: Protocol and ports of SSH, and the addresses that it is open to.
SSH = ("tcp", (22, 22))
SSH_SOURCES = ("0.0.0.0/0",)
