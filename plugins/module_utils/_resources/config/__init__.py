# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SkyPilot's and AWS's configuration files, with an account in them. PRIVATE to the collection.

The account is not called: all that is written was declared.
"""

from __future__ import annotations

from ..._identity import Unreached
from ..._run import Resource
from .found import read
from .options import ARGUMENTS, faults
from .planning import plan
from .work import apply

RESOURCE = Resource(
    noun="configuration of",
    key="user",
    spec=ARGUMENTS,
    rules={"required_one_of": [("user", "options")]},
    item_account=("region",),
    validate=faults,
    read=read,
    plan=plan,
    apply=apply,
    reach=Unreached,
)
