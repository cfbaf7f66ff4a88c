# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where we are and who we are. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping


@dataclasses.dataclass(frozen=True)
class Identity:
    """An account and the caller in it, as AWS says: 12 digits, ``aws``, and the caller's ARN."""

    account_id: str
    partition: str
    arn: str

    def iam_arn(self, resource: str) -> str:
        """The ARN of an IAM resource of this account: ``policy/name``, ``role/path/name``."""
        return f"arn:{self.partition}:iam::{self.account_id}:{resource}"

    def aws_policy_arn(self, name: str) -> str:
        """The ARN of a policy that AWS manages."""
        return f"arn:{self.partition}:iam::aws:policy/{name}"


class Unreached:
    """An account as it is declared, for what is not in AWS: nothing is proven, and there is nothing to call."""

    def __init__(self, params: Mapping[str, t.Any], cache: MutableMapping[str, t.Any] | None = None) -> None:
        self.account_id: str = params["account_id"]
        self.identity = Identity(self.account_id, partition="", arn="")
