# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors as one line: action, resource, account and mend."""

from __future__ import annotations

import ssl

import pytest
from botocore import exceptions
from botocore.parsers import ResponseParserError
from urllib3.exceptions import LocationParseError

from ansible_collections.sky.aws.plugins.module_utils import _errors, _secrets
from ansible_collections.sky.aws.plugins.module_utils._errors import AWSError, BadInput, SkyError, aws_error, bug, trace

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


class TestWhatOthersSay:
    """The texts of libraries and services."""

    SECRET = "Secret/Of+The=Operator"

    @pytest.fixture(autouse=True)
    def known(self, monkeypatch):
        monkeypatch.setattr(_secrets, "_known", {self.SECRET})

    @pytest.mark.parametrize(
        "error",
        [
            exceptions.HTTPClientError(error=ValueError("Invalid header value b'abc\\n'")),
            exceptions.HTTPClientError(error=LocationParseError("'u:abc' is not a valid host or port.")),
            exceptions.HTTPClientError(error=UnicodeEncodeError("latin-1", "abc€", 3, 4, "no")),
            ValueError("Port could not be cast to integer value as 'abc'"),
            UnicodeEncodeError("utf-8", "abc\udce9", 3, 4, "no"),
        ],
        ids=repr,
    )
    def test_what_is_wrong_with_what_was_given_is_not_quoted(self, error):
        """A part of it may be too short, and in no place, to be known for a secret."""
        said = told(error).message
        assert "abc" not in said
        assert "it may be a secret and is not shown. To mend it: look for line breaks" in said

    @pytest.mark.parametrize(
        ("error", "words"),
        [
            (exceptions.InvalidRegionError(region_name="us_east"), "'us_east'"),
            (exceptions.UnknownEndpointError(service_name="iam", region_name="x"), "iam in region x"),
            (
                exceptions.SSLError(endpoint_url="https://x", error=ssl.SSLCertVerificationError(1, "expired")),
                "expired",
            ),
            (exceptions.HTTPClientError(error=OSError("no route")), "no route"),
        ],
        ids=repr,
    )
    def test_all_else_is(self, error, words):
        assert words in told(error).message

    def test_an_answer_that_cannot_be_read_is_not_quoted(self):
        error = told(ResponseParserError("Unable to parse response, invalid XML received:\nb'<SecretAccessKey>abc'"))
        assert "ResponseParserError: what came back is not an answer of AWS. To mend it: check that" in error.message
        assert "abc" not in error.message

    @pytest.mark.parametrize("length", [0, 380, 395])
    def test_secrets_go_before_a_text_is_cut(self, length):
        said = told(refused("Odd", "y" * length + f" {self.SECRET} and X-Amz-Security-Token: abc")).text
        assert "Secret" not in said
        assert "abc" not in said

    def test_what_is_said_of_input_has_no_secret_and_keeps_its_words(self):
        error = BadInput([f"endpoint_url: 'http://{self.SECRET}@x' is no URL", "access_key and secret_key: give both"])
        assert error.faults == ["endpoint_url: 'http://********@x' is no URL", "access_key and secret_key: give both"]

    def test_nothing_in_it_forges_a_line(self):
        said = told(refused("Odd\nCode", "a\x1b[2J\nb\u202ec"), target="x\ny").message
        assert said == (
            "iam:CreatePolicy on x\\ny in account 111122223333 failed with Odd\\nCode: a\\x1b[2J b\\u202ec."
        )

    def test_a_bug_is_one_line(self):
        assert bug("sky_user", KeyError(f"{self.SECRET}\nx")) == (
            "sky_user has a bug: KeyError: '********\\nx'; -vvv shows where"
        )

    def test_a_trace_has_the_frames_and_each_cause_in_a_line(self):
        def quote():
            raise ValueError(f"Invalid header value b'abc'\nforged {self.SECRET}")

        try:
            try:
                quote()
            except ValueError as cause:
                raise RuntimeError("second\nforged") from cause
        except RuntimeError as error:
            lines = trace(error).splitlines()
        assert [line for line in lines if not line.startswith(" ")] == [
            "ValueError: Invalid header value b'********' forged ********",
            "RuntimeError: second forged",
        ]
        assert any(line.endswith("in quote") for line in lines)

    def test_a_trace_ends_where_python_s_does(self):
        first, second = KeyError("first"), RuntimeError("second")
        second.__context__ = first
        assert trace(second).splitlines() == ["KeyError: 'first'", "RuntimeError: second"]
        second.__suppress_context__ = True  # as ``from None`` has it
        assert trace(second).splitlines() == ["RuntimeError: second"]


def test_each_line_of_an_error_stays_one():
    error = SkyError("a: x\ny", "b: z")
    assert error.message == str(error) == "a: x\\ny\nb: z"
    assert error.lines == ["a: x\\ny", "b: z"]
    assert SkyError(*error.lines).message == error.message
