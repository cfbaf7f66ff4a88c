# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nouns of the collection, and the places that bear their names: the one list of them. Data, imports nothing of ours.
PRIVATE to the collection.

What can be derived from it is derived or generated (``python -m tests.docs.generated``); a test holds the rest to it.
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Noun:
    """A noun: ``plugins/module_utils/_resources/<name>``, ``plugins/modules/<module>.py`` and ``roles/<role>``.

    ``part`` is what people call it in a table of an account's parts. ``unpassed`` are options of the module that no task
    of the role passes: a role declares one state of what it manages.
    """

    name: str
    module: str
    role: str
    part: str
    unpassed: frozenset[str] = frozenset()

    @property
    def registered(self) -> str:
        """The variable that the role's task registers."""
        return f"{self.role}_result" if self.part != "security group" else f"{self.role}_security_group_result"


NOUNS = {
    noun.name: noun
    for noun in (
        Noun("account", "sky_account", "sky_account", "account"),
        Noun("network", "sky_vpc_lookup", "sky_network", "network"),
        Noun(
            "security_group",
            "sky_security_group",
            "sky_network",
            "security group",
            frozenset({"state", "description", "purge_tags"}),
        ),
        Noun(
            "policy",
            "sky_iam_policy",
            "sky_policy",
            "policy",
            frozenset({"state", "principals", "description", "purge_tags"}),
        ),
        Noun("user", "sky_user", "sky_users", "users"),
        Noun(
            "role",
            "sky_role",
            "sky_instance_role",
            "role",
            frozenset({"state", "path", "description", "max_session_duration", "purge_policies", "purge_tags"}),
        ),
        Noun("instance", "sky_instance", "sky_instances", "instances"),
        Noun("config", "sky_config", "sky_config", "configuration"),
        Noun("offboard", "sky_offboard", "sky_offboard", "offboarding", frozenset({"wait_timeout"})),
    )
}
