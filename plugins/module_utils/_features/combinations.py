# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which features go together and which do not, as data. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from .._skypilot.names import INSTANCE_ROLE

if t.TYPE_CHECKING:
    from collections.abc import Collection


@dataclasses.dataclass(frozen=True, kw_only=True)
class Combination:
    """What to say of a selection that has all of ``has`` and none of ``lacks``."""

    says: str
    has: frozenset[str]
    lacks: frozenset[str] = frozenset()

    def holds(self, names: Collection[str]) -> bool:
        return self.has.issubset(names) and self.lacks.isdisjoint(names)


def _with(*names: str, says: str, lacks: Collection[str] = ()) -> Combination:
    return Combination(has=frozenset(names), lacks=frozenset(lacks), says=says)


#: Selections that contradict themselves.
CONTRADICTIONS = (
    _with(
        "base",
        "base_named_group",
        says="base and base_named_group: the second takes the place of the first without its rights to make security "
        "groups; keep one of them",
    ),
    _with(
        "create_role",
        "create_role_bounded",
        says="create_role and create_role_bounded: the first allows what the second is there to close; keep one of them",
    ),
    _with(
        "base_named_group",
        "ports",
        says="base_named_group and ports: SkyPilot opens no ports in a security group that is named; use base for "
        "clusters with ports",
    ),
)

#: Selections that are taken and that surprise. No text names an account: one warning for a whole rollout.
SURPRISES = (
    _with(
        "base",
        lacks=["launch_tags"],
        says="base without launch_tags: SkyPilot 0.12.1 and later cannot make its first launch in a VPC, since it tags "
        "the security group that it makes; add launch_tags",
    ),
    _with(
        "base",
        lacks=["protect_tags"],
        says="base without protect_tags: every user can put the collection's own tags on any instance, which is then taken "
        "for one of ours, and SkyPilot's cluster tag, to which ports and ssm give rights; add protect_tags",
    ),
    _with(
        "base_named_group",
        lacks=["protect_tags"],
        says="base_named_group without protect_tags: every user can put the collection's own tags on any instance, which "
        "is then taken for one of ours, and SkyPilot's cluster tag, to which ssm gives rights; add protect_tags",
    ),
    _with(
        "base_named_group",
        "launch_tags",
        says="base_named_group with launch_tags: it tags volumes itself, and there is no security group to tag; leave "
        "launch_tags out",
    ),
    _with(
        "create_role",
        lacks=["create_role_inline"],
        says="create_role without create_role_inline: SkyPilot's first launch fails half-way at iam:PutRolePolicy, and "
        "the role never gets the inline policy that controllers need; let sky_role make the role, or add "
        "create_role_inline",
    ),
    _with(
        "create_role_bounded",
        lacks=["create_role_inline"],
        says="create_role_bounded without create_role_inline: SkyPilot's first launch fails half-way at "
        "iam:PutRolePolicy, and the role never gets the inline policy that controllers need; let sky_role make the role",
    ),
    _with(
        "create_role",
        says=f"create_role lets every user attach any policy, AdministratorAccess included, to {INSTANCE_ROLE} and use it "
        "from an instance; create_role_bounded allows only those that SkyPilot attaches",
    ),
    _with(
        "create_role_bounded",
        says=f"create_role_bounded lets every user make {INSTANCE_ROLE} with a trust policy of their own, for another "
        "account too, and with all of EC2 and S3, which protect_tags does not reach; let sky_role make the role",
    ),
    _with(
        "clone_disk",
        says="clone_disk lets every user make an image of any instance's disks, start it and read them, and delete any "
        "image of the account; leave it out where instances hold what users must not read",
    ),
    _with(
        "create_role_bounded",
        "create_role_inline",
        says="create_role_inline opens again what create_role_bounded closes: who may write an inline policy on "
        f"{INSTANCE_ROLE} can give it any right; let sky_role make the role",
    ),
    _with(
        "create_role_inline",
        lacks=["create_role", "create_role_bounded"],
        says="create_role_inline without create_role or create_role_bounded: nobody can make the role that it is for; "
        "leave it out",
    ),
    _with(
        "s3_write",
        lacks=["s3_read"],
        says="s3_write without s3_read: aws s3 sync and mounts list a bucket before they write; add s3_read",
    ),
    _with(
        "s3_manage",
        lacks=["s3_write"],
        says="s3_manage without s3_write: buckets can be made and not filled, nor emptied for their deletion; add "
        "s3_write",
    ),
)
