# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of all services, by call (``ec2:RunInstances``). To teach the emulator a call, add it to a table."""

from __future__ import annotations

import typing as t

from . import ec2, iam, others, s3

if t.TYPE_CHECKING:
    from ..authorization import Rule

RULES: dict[str, Rule] = {**ec2.RULES, **iam.RULES, **s3.RULES, **others.RULES}
