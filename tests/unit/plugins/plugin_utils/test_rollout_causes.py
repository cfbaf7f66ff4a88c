# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages that differ only in what belongs to one account are one cause; others are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sky.aws.plugins.plugin_utils._rollout import causes

DENIED = (
    "iam:CreatePolicy on {name} in account {account}: AccessDenied: User: arn:aws:sts::{account}:assumed-role/Admin/{name} "
    "is not authorized to perform: iam:CreatePolicy on resource: arn:aws:iam::{account}:policy/p (Request ID: {request}). "
    "To mend it: allow iam:CreatePolicy for arn:aws:iam::{account}:role/Admin"
)


class TestCause:
    @pytest.mark.parametrize(
        ("message", "cause"),
        [
            ("sts:AssumeRole in 123456789012", "sts:AssumeRole in <account>"),
            ("arn:aws-us-gov:iam::123456789012:role/path/x, and so on", "<iam role>, and so on"),
            ("arn:aws:sts::123456789012:assumed-role/Admin/sky.aws is not", "<sts assumed-role> is not"),
            ("bucket arn:aws:s3:::data-1/*", "bucket <s3>"),
            ("policy arn:aws:iam::aws:policy/AmazonS3FullAccess", "policy <iam policy>"),
            ("by (RequestId: 4442587F-B7D0-4A46, HostId: x/y=)", "by (RequestId: <id>, HostId: <id>)"),
            ("call 0a1b2c3d-1111-2222-3333-0a1b2c3d4e5f", "call <id>"),
            ("subnet-0a1b2c3d4e5f60718 in vpc-0a1b2c3d", "subnet-<id> in vpc-<id>"),
            ("key AKIAIOSFODNN7EXAMPLE of", "key <id> of"),
            ("until 2026-11-24T17:36:00Z", "until <time>"),
            ("ml-1 and ml-10, ml-1.", "<host> and ml-10, <host>."),
            ("one\n  two \n\nthree", "one; two; three"),
            ("us-east-1 has 3 quotas of 1000", "us-east-1 has 3 quotas of 1000"),
            ("minimal-skypilot-policy in us-gov-west-1", "minimal-skypilot-policy in us-gov-west-1"),
        ],
    )
    def test_what_is_the_accounts_own_goes(self, message, cause):
        assert causes.cause(message, "ml-1") == cause

    @pytest.mark.parametrize("host", ["ml-0x0", "lab-0a1b2c3d", "123456789012"])
    def test_a_host_whose_name_looks_like_an_id_is_still_the_host(self, host):
        assert causes.cause(f"policy p on {host}: no", host) == "policy p on <host>: no"

    @given(
        st.from_regex(r"[1-9][0-9]{11}", fullmatch=True), st.uuids(), st.from_regex(r"ml-[a-z0-9]{1,9}", fullmatch=True)
    )
    def test_one_denial_in_many_accounts_is_one_cause(self, account, request, name):
        expected = causes.cause(DENIED.format(account="1" * 12, request="x-y", name="ml"), "ml")
        assert causes.cause(DENIED.format(account=account, request=request, name=name), name) == expected

    def test_another_action_is_another_cause(self):
        one, other = (
            causes.cause(f"iam:{what} in 123456789012: AccessDenied", "a") for what in ("CreateUser", "TagUser")
        )
        assert one != other

    @given(st.text(), st.text(min_size=1))
    def test_any_text_has_a_cause_of_one_short_line(self, message, host):
        assert len(causes.cause(message, host)) <= causes.MAX_CAUSE
        assert "\n" not in causes.cause(message, host)


def test_groups_come_by_size_and_keep_the_order_of_accounts():
    found = [("y", "1"), ("x", "3"), ("x", "2"), ("x", "3"), ("z", "4")]
    groups = [(group.cause, group.accounts) for group in causes.groups(found)]
    assert groups == [("x", ("3", "2")), ("y", ("1",)), ("z", ("4",))]


@pytest.mark.parametrize(("count", "text"), [(2, "0, 1"), (3, "0, 1, 2"), (5, "0, 1, 2 and 2 more")])
def test_a_list_of_names_is_bounded(count, text):
    assert causes.some(tuple(map(str, range(count))), 3) == text
