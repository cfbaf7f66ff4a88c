# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors as one line: action, resource, account and mend."""

from __future__ import annotations

import pytest
from botocore import exceptions

from ansible_collections.sky.aws.plugins.module_utils import _errors
from ansible_collections.sky.aws.plugins.module_utils._errors import AWSError, BadInput, SkyError, aws_error

ME = "arn:aws:iam::111122223333:user/me"


def refused(code: str, text: str = "no", operation: str = "CreatePolicy") -> exceptions.ClientError:
    return exceptions.ClientError({"Error": {"Code": code, "Message": text}}, operation)


def told(error: Exception, target: str = "mine") -> AWSError:
    return aws_error(error, api="iam:CreatePolicy", target=target, account_id="111122223333", caller=ME)


@pytest.mark.parametrize(
    ("code", "mend"),
    [
        ("AccessDenied", f"allow iam:CreatePolicy for {ME}"),
        ("UnauthorizedOperation", "SCP"),
        ("AccessDeniedException", "permissions boundary"),
        ("NoSuchEntity", "make it first"),
        ("EntityAlreadyExists", "choose another name"),
        ("InvalidClientTokenId", "give credentials"),
        ("ExpiredToken", "give credentials"),
        ("SignatureDoesNotMatch", "give credentials"),
        ("Throttling", "--forks"),
        ("RequestLimitExceeded", "aws_config"),
        ("LimitExceeded", "Service Quotas"),
        ("VcpuLimitExceeded", "Service Quotas"),
        ("InsufficientInstanceCapacity", "instance_type"),
        ("DeleteConflict", "remove what still uses it"),
        ("MalformedPolicyDocument", "extra_statements"),
        ("OptInRequired", "enable the region"),
    ],
)
def test_every_code_of_aws_has_its_mend(code, mend):
    error = told(refused(code))
    start = f"iam:CreatePolicy on mine in account 111122223333 failed with {code}: no. To mend it: "
    assert error.message.startswith(start)
    assert mend in error.message
    assert (error.code, error.text) == (code, "no")


@pytest.mark.parametrize(
    ("error", "mend"),
    [
        (exceptions.NoCredentialsError(), "give credentials"),
        (exceptions.PartialCredentialsError(provider="env", cred_var="x"), "give credentials"),
        (exceptions.UnauthorizedSSOTokenError(), "aws sso login"),
        (exceptions.EndpointConnectionError(endpoint_url="http://x"), "endpoint_url"),
        (exceptions.ConnectTimeoutError(endpoint_url="http://x"), "network"),
        (exceptions.ReadTimeoutError(endpoint_url="http://x"), "run it again"),
        (exceptions.ConnectionClosedError(endpoint_url="http://x"), "run it again"),
        (exceptions.SSLError(endpoint_url="http://x", error="bad"), "aws_ca_bundle"),
        (exceptions.ParamValidationError(report="bad"), "correct the option"),
        (exceptions.ProfileNotFound(profile="nobody"), "profile"),
    ],
)
def test_every_error_of_botocore_has_its_mend(error, mend):
    found = told(error)
    assert found.code == type(error).__name__
    assert mend in found.message.partition("To mend it: ")[2]


def test_a_waiter_that_met_a_refusal_tells_the_refusal():
    """botocore wraps the answer; what must be allowed is the call inside."""
    answer = {"Error": {"Code": "AccessDenied", "Message": "no"}}
    reason = "An error occurred (AccessDenied): no"
    found = told(exceptions.WaiterError(name="PolicyExists", reason=reason, last_response=answer))
    assert found.code == "AccessDenied"
    assert f"allow iam:CreatePolicy for {ME}" in found.message


def test_an_unknown_code_has_no_mend():
    assert told(refused("Odd", "well.")).message == (
        "iam:CreatePolicy on mine in account 111122223333 failed with Odd: well."
    )


def test_without_a_target_none_is_named():
    assert told(refused("Odd"), target="").message.startswith("iam:CreatePolicy in account 111122223333 failed")


@pytest.mark.parametrize("text", ["a\nb", "a\r\n\tb", "  a   b  "])
def test_what_aws_says_becomes_one_line(text):
    assert told(refused("Odd", text)).text == "a b"


@pytest.mark.parametrize(("length", "kept"), [(400, 400), (401, 403), (9000, 403)])
def test_long_texts_are_cut(length, kept):
    assert len(told(refused("Odd", "x" * length)).text) == kept


def test_braces_in_what_aws_says_stay():
    assert told(refused("AccessDenied", "on {api} {0}")).text == "on {api} {0}"


def test_an_empty_answer_still_says_what_failed():
    error = exceptions.ClientError({}, "CreatePolicy")
    assert "failed with ClientError: " in told(error).message


def test_bad_input_is_one_line_a_fault():
    error = BadInput(fault for fault in ("a: no", "b: no"))
    assert (error.message, error.faults, error.steps) == ("a: no\nb: no", ["a: no", "b: no"], [])


def test_an_error_keeps_copies_of_its_steps():
    step = {"api": "iam:CreateUser", "target": "alice"}
    error = SkyError("no", steps=[step])
    step["target"] = "bob"
    assert error.steps == [{"api": "iam:CreateUser", "target": "alice"}]
    assert str(error) == error.message == "no"


def test_a_mend_needs_no_other_words():
    for mend in (*_errors._MENDS.values(), *_errors._MENDS_BY_CLASS.values()):
        assert mend.format(api="iam:X", caller="me")
