# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls that change an access key, or what a user's tags say about its keys. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from .... import _tags
from ...._plan import Step

if t.TYPE_CHECKING:
    from collections.abc import Mapping


def create(user_name: str) -> Step:
    return Step("iam:CreateAccessKey", user_name, {"UserName": user_name})


def delete(user_name: str, key_id: str) -> Step:
    return Step("iam:DeleteAccessKey", user_name, {"UserName": user_name, "AccessKeyId": key_id})


def deactivate(user_name: str, key_id: str) -> Step:
    arguments = {"UserName": user_name, "AccessKeyId": key_id, "Status": "Inactive"}
    return Step("iam:UpdateAccessKey", user_name, arguments)


def tag(user_name: str, tags: Mapping[str, str]) -> Step:
    """Tags on the user; without any, a step that is completed when it is made."""
    arguments: dict[str, t.Any] = {"UserName": user_name}
    return Step("iam:TagUser", user_name, {**arguments, "Tags": _tags.to_aws(tags)} if tags else arguments)


def untag(user_name: str, *keys: str) -> Step:
    return Step("iam:UntagUser", user_name, {"UserName": user_name, "TagKeys": list(keys)})
