# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nouns of the collection, and the places that bear their names: the one list of them. Data, imports nothing of ours.
PRIVATE to the collection.

What can be derived from it is derived or generated (``python -m tests.docs.generated``); a test holds the rest to it.
"""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Collection


@dataclasses.dataclass(frozen=True, slots=True)
class Noun:
    """A noun: ``plugins/module_utils/_resources/<name>``, ``plugins/modules/<module>.py`` and ``roles/<role>``.

    ``part`` is its column in a table of accounts by parts, and ``word`` what one of it is called. ``key`` is where a result
    has it (a dictionary, or a list of them), empty where a module manages nothing, and ``named`` the key of its name in
    there. ``unpassed`` are options of the module that no task of the role passes: a role declares one state of what it
    manages.
    """

    name: str
    module: str
    role: str
    part: str
    word: str
    key: str
    named: str
    unpassed: Collection[str] = ()

    @property
    def registered(self) -> str:
        """The variable that the role's task registers."""
        return f"{self.role}_security_group_result" if self.name == "security_group" else f"{self.role}_result"


_POLICY = ("state", "principals", "description", "purge_tags")
_ROLE = ("state", "path", "description", "max_session_duration", "purge_policies", "purge_tags")
_GROUP = ("state", "description", "purge_tags")

#: By name, in the order of the table.
NOUNS = {
    noun.name: noun
    for noun in (
        Noun("account", "sky_account", "sky_account", "account", "account", "", ""),
        Noun("policy", "sky_iam_policy", "sky_policy", "policy", "policy", "policy", "policy_name", _POLICY),
        Noun("user", "sky_user", "sky_users", "users", "user", "user", "user_name"),
        Noun("role", "sky_role", "sky_instance_role", "role", "role", "role", "role_name", _ROLE),
        Noun("network", "sky_vpc_lookup", "sky_network", "network", "network", "networks", "region"),
        Noun(
            "security_group",
            "sky_security_group",
            "sky_network",
            "network",
            "security group",
            "security_groups",
            "group_name",
            _GROUP,
        ),
        Noun("instance", "sky_instance", "sky_instances", "instances", "instance", "instance", "name"),
        Noun("config", "sky_config", "sky_config", "configuration", "workspace", "config", "workspace"),
        Noun(
            "offboard", "sky_offboard", "sky_offboard", "offboarding", "resource", "removed", "name", ("wait_timeout",)
        ),
    )
}
