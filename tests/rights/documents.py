# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents of features for the tests' account, and what the evaluator says of requests by them."""

from __future__ import annotations

import typing as t

from ansible_collections.sky.aws.plugins.module_utils._features import documents

from .needs import BUCKETS, IDENTITIES
from .requests import ACCOUNT

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ansible_collections.sky.aws.tests.emulator.iam.evaluator import Evaluator

    from .requests import Request

    Document = dict[str, t.Any]


def document(features: Iterable[str], principal: str) -> Document:
    """The policy of these features for ``user`` or ``role`` alone."""
    return documents.document(
        features,
        account_id=ACCOUNT,
        partition="aws",
        principals=[principal],
        custom_identities=IDENTITIES,
        s3_buckets=BUCKETS,
    )


def allowed(evaluator: Evaluator, requests: Sequence[Request], principal: str, policy: Document) -> list[Request]:
    """Those of the requests that the policy allows."""
    decisions = evaluator.decide_all([request.question(principal, policy) for request in requests])
    return [request for request, decision in zip(requests, decisions, strict=True) if decision.allowed]
