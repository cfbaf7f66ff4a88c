# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The call log reads every kind of request, and tells reads from writes."""

from __future__ import annotations

import io
import json
import urllib.parse

import pytest

from ansible_collections.sky.aws.demo.call_log import (
    Call,
    CallLog,
    JsonLines,
    error_code,
    read_call,
)

SCOPE = "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/eu-west-1/{}/aws4_request, SignedHeaders=host, Signature=0"
FORM = "application/x-www-form-urlencoded; charset=utf-8"


def account_of(access_key):
    return {"AKIAEXAMPLE": "111122223333"}[access_key]


def route(service, environ):
    return "PutObject", {"Bucket": "data", "Key": "a"}


def request(service, body=b"", **environ):
    return {
        "HTTP_AUTHORIZATION": SCOPE.format(service),
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        **environ,
    }


def call(action, service="iam", **params):
    return Call("", "111122223333", "us-east-1", service, action, "query", params)


def test_query_request():
    body = urllib.parse.urlencode({"Action": "CreateUser", "Version": "2010-05-08", "UserName": "a&b"}).encode()
    environ = request("iam", body, CONTENT_TYPE=FORM)
    found = read_call(environ, account_of, route)
    assert (found.account, found.region, found.api, found.protocol) == (
        "111122223333",
        "eu-west-1",
        "iam:CreateUser",
        "query",
    )
    assert found.params == {"UserName": "a&b"}
    assert environ["wsgi.input"].read() == body


def test_ec2_request_has_its_own_protocol():
    found = read_call(request("ec2", b"Action=DescribeVpcs", CONTENT_TYPE=FORM), account_of, route)
    assert (found.api, found.protocol) == ("ec2:DescribeVpcs", "ec2")


@pytest.mark.parametrize(
    ("body", "params"),
    [
        (b'{"Name": "x"}', {"Name": "x"}),
        (b"", {}),
        (b"{", {}),
        (b"[1]", {}),
        (b"\xff", {}),
    ],
)
def test_json_request(body, params):
    environ = request("ssm", body, HTTP_X_AMZ_TARGET="AmazonSSM.GetParameter")
    found = read_call(environ, account_of, route)
    assert (found.api, found.protocol, found.params) == (
        "ssm:GetParameter",
        "json",
        params,
    )
    assert environ["wsgi.input"].read() == body


def test_rest_request_is_routed_and_its_body_is_not_touched():
    environ = request("s3", b"content", CONTENT_TYPE="application/octet-stream")
    found = read_call(environ, account_of, route)
    assert (found.api, found.protocol, found.target) == ("s3:PutObject", "rest", "data")
    assert environ["wsgi.input"].tell() == 0


def test_presigned_request():
    query = "X-Amz-Credential=AKIAEXAMPLE%2F20260101%2Fus-east-1%2Fsts%2Faws4_request&Action=GetCallerIdentity"
    found = read_call({"QUERY_STRING": query, "wsgi.input": io.BytesIO()}, account_of, route)
    assert (found.account, found.api) == ("111122223333", "sts:GetCallerIdentity")


def test_what_is_not_signed_is_no_call():
    assert (
        read_call(
            {"PATH_INFO": "/moto-api/reset", "wsgi.input": io.BytesIO()},
            account_of,
            route,
        )
        is None
    )


@pytest.mark.parametrize(
    "action",
    [
        "DescribeVpcs",
        "ListRoles",
        "GetRole",
        "SimulatePrincipalPolicy",
        "HeadBucket",
        "AssumeRole",
    ],
)
def test_reads(action):
    assert not call(action).write


@pytest.mark.parametrize(
    "action",
    [
        "CreateUser",
        "TagRole",
        "PutRolePolicy",
        "RunInstances",
        "Put:/unknown",
        "SetDefaultPolicyVersion",
    ],
)
def test_everything_else_is_a_write(action):
    assert call(action).write


def test_a_dry_run_is_no_write():
    assert not call("RunInstances", DryRun="true").write
    assert call("RunInstances", DryRun="false").write


@pytest.mark.parametrize(
    ("params", "target"),
    [
        ({"PolicyArn": "arn:aws:iam::aws:policy/X", "UserName": "alice"}, "alice"),
        ({"RoleName": "r", "InstanceProfileName": "p"}, "p"),
        (
            {
                "ImageId": "ami-1",
                "TagSpecification.1.Tag.2.Key": "Name",
                "TagSpecification.1.Tag.2.Value": "smoke",
            },
            "smoke",
        ),
        ({"MaxResults": "5"}, None),
    ],
)
def test_target(params, target):
    assert call("X", **params).target == target


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (
            b"<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchEntity</Code></Error></ErrorResponse>",
            "NoSuchEntity",
        ),
        (
            b'{"__type": "com.amazonaws.ssm#ParameterNotFound", "message": "m"}',
            "ParameterNotFound",
        ),
        (b'{"message": "m"}', None),
        (b"[]", None),
        (b"", None),
        (b"\xff<html>", None),
    ],
)
def test_error_code(body, code):
    assert error_code(body) == code


def log_of(app):
    calls = []
    layer = CallLog(app, account_of, route, calls.append)
    started = []

    def run(environ):
        return b"".join(layer(environ, lambda *answer: started.append(answer)))

    return run, calls, started


def test_the_answer_passes_unchanged_and_is_logged_before_the_caller_has_it():
    def app(environ, start_response):
        start_response("404 NOT FOUND", [("Content-Type", "text/xml")])
        return [b"<Code>NoSuch", b"Entity</Code>"]

    run, calls, started = log_of(app)
    assert run(request("iam", b"Action=GetUser", CONTENT_TYPE=FORM)) == b"<Code>NoSuchEntity</Code>"
    assert started == [("404 NOT FOUND", [("Content-Type", "text/xml")], None)]
    assert [(one.api, one.status, one.error) for one in calls] == [("iam:GetUser", 404, "NoSuchEntity")]


def test_a_crash_behind_the_log_is_logged_as_500_and_goes_on():
    def app(environ, start_response):
        raise LookupError("moto")

    run, calls, _ = log_of(app)
    with pytest.raises(LookupError):
        run(request("iam", b"Action=CreateUser", CONTENT_TYPE=FORM))
    assert [(one.api, one.status, one.write) for one in calls] == [("iam:CreateUser", 500, True)]


def test_json_lines_survive_a_truncation_and_hold_no_parameters(tmp_path):
    path = tmp_path / "calls.jsonl"
    sink = JsonLines(path)
    sink(call("CreateUser", UserName="alice"))
    path.write_text("")
    sink(call("PutSecretValue", "secretsmanager", SecretId="key", SecretString="hidden"))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["api"], line["target"], line["write"]) for line in lines] == [
        ("secretsmanager:PutSecretValue", "key", True)
    ]
    assert "hidden" not in path.read_text()
