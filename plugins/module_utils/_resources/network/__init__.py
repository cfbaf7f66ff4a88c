# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network that SkyPilot would find in each region of an account; reads only. PRIVATE to the collection."""

from __future__ import annotations

from ..._run import Resource
from .found import read
from .options import ARGUMENT_SPEC, validate
from .planning import plan

RESOURCE = Resource(noun="network", spec=ARGUMENT_SPEC, validate=validate, read=read, plan=plan)
