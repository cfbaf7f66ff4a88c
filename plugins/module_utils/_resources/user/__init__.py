# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One IAM user with the rights to use SkyPilot, and its access key. PRIVATE to the collection."""

from __future__ import annotations

from ..._run import Resource
from .found import read
from .options import ARGUMENT_SPEC, SPEC_RULES, validate
from .planning import plan
from .work import apply

RESOURCE = Resource(
    noun="user", spec=ARGUMENT_SPEC, validate=validate, read=read, plan=plan, apply=apply, rules=SPEC_RULES
)
