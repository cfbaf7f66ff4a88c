# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which part of an account each module manages, and where its results name what they are about. Pure. PRIVATE to the
collection.
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Noun:
    """What a module manages.

    ``part`` is a column of the summary's table, ``word`` what one of them is called. ``key`` is where a result has it (a
    dictionary, or a list of them), ``name`` the key of its name in there.
    """

    part: str
    word: str
    key: str
    name: str


#: By module, in the order of the table. ``sky_account`` manages nothing.
NOUNS = {
    "sky_iam_policy": Noun("policy", "policy", "policy", "policy_name"),
    "sky_user": Noun("users", "user", "user", "user_name"),
    "sky_role": Noun("role", "role", "role", "role_name"),
    "sky_vpc_lookup": Noun("network", "network", "networks", "region"),
    "sky_security_group": Noun("network", "security group", "security_groups", "group_name"),
    "sky_instance": Noun("instances", "instance", "instance", "name"),
    "sky_config": Noun("configuration", "workspace", "config", "workspace"),
    "sky_offboard": Noun("offboarding", "resource", "removed", "name"),
}
PARTS = tuple(dict.fromkeys(noun.part for noun in NOUNS.values()))
