# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has a managed policy is counted once; moto counts each call, also that of a second controller."""

from __future__ import annotations

import typing as t

import moto.iam.models


def install() -> None:
    """Have moto count as IAM does (API reference, Policy: AttachmentCount is of users, groups and roles)."""
    moto.iam.models.ManagedPolicy.attach_to = _attach


def _attach(policy: t.Any, holder: t.Any) -> None:
    policy.attachment_count += policy.arn not in holder.managed_policies
    holder.managed_policies[policy.arn] = policy
