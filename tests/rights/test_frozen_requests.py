# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's table of requests says what the one that is written down here says, no less and no more."""

from __future__ import annotations

import pytest

from ansible_collections.sky.aws.plugins.module_utils._skypilot import requests as product
from ansible_collections.sky.aws.plugins.module_utils._skypilot.request import Names
from ansible_collections.sky.aws.tests.rights.needs import BUCKETS, IDENTITIES, NEEDS
from ansible_collections.sky.aws.tests.rights.requests import ACCOUNT, REGION, Request

NAMES = Names(
    account_id=ACCOUNT,
    partition="aws",
    region=REGION,
    custom_identities=IDENTITIES,
    s3_buckets=BUCKETS,
    instance_type="g5.xlarge",
    cluster="c-1a2b",
    user="alice",
    s3_key="a/b",
    repository="team/train",
)


def test_both_have_the_same_features():
    assert list(product.NEEDS) == list(NEEDS)


@pytest.mark.parametrize("principal", ["user", "role"])
@pytest.mark.parametrize("feature", NEEDS)
def test_both_say_the_same(feature, principal):
    theirs = [Request(r.action, r.resource, r.context) for r in product.requests(feature, principal, NAMES)]
    assert sorted(each.label for each in theirs) == sorted(each.label for each in NEEDS[feature].asked(principal))
    assert set(theirs) == set(NEEDS[feature].asked(principal))
