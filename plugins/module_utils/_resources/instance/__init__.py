# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One instance that carries SkyPilot's instance profile. PRIVATE to the collection.

It is found by its Name tag in the account and region, and by nothing else: another image or subnet makes no second one.
"""

from __future__ import annotations

from ..._run import Resource
from .found import read
from .options import ARGUMENT_SPEC, validate
from .planning import plan
from .work import apply

RESOURCE = Resource(
    noun="instance",
    spec=ARGUMENT_SPEC,
    rules={"required_one_of": [("name", "options")]},
    item_account=("region",),
    validate=validate,
    read=read,
    plan=plan,
    apply=apply,
)
