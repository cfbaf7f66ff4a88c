# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The security group of SkyPilot's machines, one of the same name in each VPC. PRIVATE to the collection."""

from __future__ import annotations

from ..._run import Resource
from .found import read
from .options import ARGUMENT_SPEC, validate
from .planning import plan
from .work import apply

RESOURCE = Resource(noun="security group", spec=ARGUMENT_SPEC, validate=validate, read=read, plan=plan, apply=apply)
