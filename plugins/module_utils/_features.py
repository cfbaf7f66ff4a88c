# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of policy features, as data, and the documents made from it. PRIVATE to the collection.

"The page" is SkyPilot's documentation page "AWS: Minimal Permissions" (docs: cloud-setup/cloud-permissions/aws). Paths
with line numbers are in the package of SkyPilot 0.14.1. To add a feature is to add an entry to the catalogue.
"""

from __future__ import annotations

import dataclasses
import re
import types
import typing as t

from . import _policy_document, _validate

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from ._policy_document import Document, Statement

#: The features of a policy whose declaration names none. With ``base`` alone SkyPilot 0.12.1 and later cannot launch.
DEFAULT = ("base", "launch_tags")
#: Who may carry a policy. On the page users and the role of the instances share one, so it holds what either needs.
PRINCIPALS = ("user", "role")

_PLACEHOLDER = re.compile(r"<(\w+)>")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Feature:
    """Statements for one thing that SkyPilot can do.

    ``why`` is the need and what the statements leave out, ``since`` the first SkyPilot release that has the need (None:
    not traced), ``source`` where the statements or the need come from. ``both`` is what a user and the role of the
    instances need alike, ``user`` and ``role`` what only the one or the other does. The statements are templates: text
    in them may hold ``<partition>`` and ``<account_id>``.
    """

    name: str
    title: str
    why: str
    since: str | None
    source: str
    both: tuple[Statement, ...] = ()
    user: tuple[Statement, ...] = ()
    role: tuple[Statement, ...] = ()

    def statements(self, principals: Collection[str]) -> tuple[Statement, ...]:
        """The templates that these principals ("user", "role") need together."""
        return self.both + (self.user if "user" in principals else ()) + (self.role if "role" in principals else ())


_CATALOGUE = (
    Feature(
        name="base",
        title="Launch, stop, start and terminate clusters",
        why=(
            "The page's minimal policy, statement by statement. The role needs it too: controllers launch clusters and "
            "autostop stops or terminates them with the role's credentials."
        ),
        since=None,
        source="the page, User Account, step 3",
        both=(
            {
                "Effect": "Allow",
                "Action": "ec2:RunInstances",
                "Resource": "arn:<partition>:ec2:*::image/ami-*",
            },
            {
                "Effect": "Allow",
                "Action": "ec2:RunInstances",
                "Resource": [
                    "arn:<partition>:ec2:*:<account_id>:instance/*",
                    "arn:<partition>:ec2:*:<account_id>:network-interface/*",
                    "arn:<partition>:ec2:*:<account_id>:subnet/*",
                    "arn:<partition>:ec2:*:<account_id>:volume/*",
                    "arn:<partition>:ec2:*:<account_id>:security-group/*",
                ],
            },
            {
                "Effect": "Allow",
                "Action": [
                    "ec2:TerminateInstances",
                    "ec2:DeleteTags",
                    "ec2:StartInstances",
                    "ec2:CreateTags",
                    "ec2:StopInstances",
                ],
                "Resource": "arn:<partition>:ec2:*:<account_id>:instance/*",
            },
            {
                "Effect": "Allow",
                "Action": ["ec2:Describe*"],
                "Resource": "*",
            },
            {
                "Effect": "Allow",
                "Action": ["ec2:CreateSecurityGroup", "ec2:AuthorizeSecurityGroupIngress"],
                "Resource": "arn:<partition>:ec2:*:<account_id>:*",
            },
            {
                "Effect": "Allow",
                "Action": ["iam:GetRole", "iam:PassRole"],
                "Resource": ["arn:<partition>:iam::<account_id>:role/skypilot-v1"],
            },
            {
                "Effect": "Allow",
                "Action": ["iam:GetInstanceProfile"],
                "Resource": "arn:<partition>:iam::<account_id>:instance-profile/skypilot-v1",
            },
        ),
    ),
    Feature(
        name="create_role",
        title="Let SkyPilot make the role skypilot-v1 itself",
        why=(
            "The page's first way to the role: the last two statements of base, extended, in whose place they stand in "
            "a document. For users only, since an instance that uses the role has it. As on the page it does not cover "
            "the inline policy that SkyPilot puts on the new role (iam:PutRolePolicy), and it lets users attach any "
            "managed policy to that role."
        ),
        since=None,
        source="the page, User Account, way 1 of making the role; provision/aws/config.py:229-297",
        user=(
            {
                "Effect": "Allow",
                "Action": ["iam:GetRole", "iam:PassRole", "iam:CreateRole", "iam:AttachRolePolicy"],
                "Resource": ["arn:<partition>:iam::<account_id>:role/skypilot-v1"],
            },
            {
                "Effect": "Allow",
                "Action": [
                    "iam:GetInstanceProfile",
                    "iam:CreateInstanceProfile",
                    "iam:AddRoleToInstanceProfile",
                ],
                "Resource": "arn:<partition>:iam::<account_id>:instance-profile/skypilot-v1",
            },
        ),
    ),
    Feature(
        name="clone_disk",
        title="sky launch --clone-disk-from",
        why=(
            "The page's optional statement. For users only: images are made and removed where sky launch and sky down "
            "run; no controller or autostop does it."
        ),
        since=None,
        source="the page, User Account, step 4; clouds/aws.py:1607-1699",
        user=(
            {
                "Effect": "Allow",
                "Action": ["ec2:CreateImage", "ec2:CopyImage", "ec2:DeregisterImage"],
                "Resource": "*",
            },
        ),
    ),
    Feature(
        name="launch_tags",
        title="Tag security groups and volumes while they are created",
        why=(
            "SkyPilot creates security groups with a tag since 0.12.1 and tags volumes in RunInstances since 0.13.0, "
            "which base does not allow: the group blocks the first launch; the volumes block every launch of 0.13 and "
            "cost a warning and a refused call from 0.14 on, or the launch with aws.enforce_tags. The condition on "
            "ec2:CreateAction keeps existing groups and volumes out of reach. The CreateTags call for volumes when a "
            "cluster resumes has no CreateAction and stays refused: SkyPilot makes it only for tags that its own "
            "provisioner never passes (provision/provisioner.py:264), and the volumes keep the tags of their creation."
        ),
        since="0.12.1",
        source="provision/aws/config.py:758-769, provision/aws/instance.py:310-328,612-620",
        both=(
            {
                "Effect": "Allow",
                "Action": "ec2:CreateTags",
                "Resource": "arn:<partition>:ec2:*:<account_id>:security-group/*",
                "Condition": {"StringEquals": {"ec2:CreateAction": "CreateSecurityGroup"}},
            },
            {
                "Effect": "Allow",
                "Action": "ec2:CreateTags",
                "Resource": "arn:<partition>:ec2:*:<account_id>:volume/*",
                "Condition": {"StringEquals": {"ec2:CreateAction": "RunInstances"}},
            },
        ),
    ),
)

#: The catalogue by name, in the order of the documentation.
FEATURES: Mapping[str, Feature] = types.MappingProxyType({feature.name: feature for feature in _CATALOGUE})


def faults(names: Iterable[str]) -> list[str]:
    """What is wrong with a list of features; one line a fault. Any selection will do, also one without ``base``."""
    found: list[str] = []
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            found.append(f"features[{index}]: {name!r} is given twice; give each feature once")
        elif name not in FEATURES:
            found.append(
                f"features[{index}]: {name!r} is not a feature; {_validate.nearest(name, FEATURES)}"
                f"the features are {', '.join(FEATURES)}"
            )
        seen.add(name)
    return found


def statements(
    names: Iterable[str], *, account_id: str, partition: str, principals: Collection[str] = PRINCIPALS
) -> list[Statement]:
    """The statements of the features, in the order of the names, for an account and who will carry the policy.

    Raises KeyError for an unknown feature: ask ``faults`` first.
    """
    values = {"account_id": account_id, "partition": partition}
    return [_filled(template, values) for name in names for template in FEATURES[name].statements(principals)]


def document(
    names: Iterable[str],
    extra_statements: Iterable[Statement] = (),
    *,
    account_id: str,
    partition: str,
    principals: Collection[str] = PRINCIPALS,
) -> Document:
    """The policy document of the features and of further statements, which are taken as they are.

    Raises KeyError as ``statements`` does.
    """
    own = statements(names, account_id=account_id, partition=partition, principals=principals)
    return _policy_document.compose([*own, *extra_statements])


def _filled(template: t.Any, values: Mapping[str, str]) -> t.Any:
    if isinstance(template, str):
        return _PLACEHOLDER.sub(lambda match: values[match[1]], template)
    if isinstance(template, dict):
        return {key: _filled(item, values) for key, item in template.items()}
    return [_filled(item, values) for item in template]
