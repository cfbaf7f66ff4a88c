# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An AWS that says no: who calls, S3, the mends of moto, and what the emulator tells about it all."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from ansible_collections.sky.aws.demo import seed
from ansible_collections.sky.aws.demo.launch import get
from ansible_collections.sky.aws.tests.emulator.people import (
    ACCOUNT,
    EC2,
    OTHER,
    User,
    allow,
    allowed,
    document,
    error_of,
    launch,
    refused,
)
from ansible_collections.sky.aws.tests.emulator.server import Emulator


@pytest.fixture(scope="module")
def bucket(enforced):
    s3 = enforced.client("s3", ACCOUNT)
    s3.create_bucket(Bucket="sky-data")
    s3.put_object(Bucket="sky-data", Key="a", Body=b"1")
    return "sky-data"


class TestWhoCalls:
    @pytest.mark.parametrize(
        ("service", "method", "status", "code"),
        [
            ("ec2", "describe_vpcs", 401, "AuthFailure"),
            ("iam", "list_users", 403, "InvalidClientTokenId"),
            ("sts", "get_caller_identity", 403, "InvalidClientTokenId"),
            ("ssm", "describe_parameters", 400, "UnrecognizedClientException"),
            ("s3", "list_buckets", 403, "InvalidAccessKeyId"),
        ],
    )
    def test_a_key_that_nobody_has(self, aws, service, method, status, code):
        keys = {"aws_access_key_id": "AKIAIOSFODNN7NOTHERE", "aws_secret_access_key": "x"}
        client = seed.Cloud(aws.url).client(service, "us-east-1", keys)
        assert error_of(getattr(client, method))[:2] == (status, code)

    @pytest.mark.parametrize(
        ("service", "method", "code"),
        [
            ("ec2", "describe_vpcs", "AuthFailure"),
            ("iam", "list_users", "SignatureDoesNotMatch"),
            ("ssm", "describe_parameters", "InvalidSignatureException"),
            ("s3", "list_buckets", "SignatureDoesNotMatch"),
        ],
    )
    def test_the_secret_of_another_key(self, aws, service, method, code):
        user = User(aws, allow("*"))
        assert error_of(getattr(user.client(service), method)) is None
        assert error_of(getattr(user.client(service, secret="wrong"), method))[1] == code

    def test_an_inactive_and_a_deleted_key(self, aws):
        user = User(aws, allow("*"))
        key = {"UserName": user.name, "AccessKeyId": user.key["AccessKeyId"]}
        user.iam.update_access_key(**key, Status="Inactive")
        assert error_of(user.client("ec2").describe_vpcs)[1] == "AuthFailure"
        user.iam.update_access_key(**key, Status="Active")
        assert error_of(user.client("ec2").describe_vpcs) is None
        user.iam.delete_access_key(**key)
        assert error_of(user.client("ec2").describe_vpcs)[1] == "AuthFailure"

    def test_a_session_token_belongs_to_its_key(self, aws):
        keys = aws.instance_credentials(ACCOUNT, "skypilot-v1")
        wrong = seed.Cloud(aws.url).client("ec2", "us-east-1", {**keys, "aws_session_token": "x"})
        assert error_of(wrong.describe_vpcs)[1] == "AuthFailure"

    def test_a_user_without_policies_knows_only_itself(self, aws):
        user = User(aws)
        assert user.client("sts").get_caller_identity()["Arn"] == user.arn
        assert refused(user.client("ec2").describe_vpcs)

    def test_the_management_key_is_root(self, aws):
        assert aws.client("iam").list_users()["Users"] == []

    def test_a_request_without_a_signature(self, aws):
        assert get(aws.url, "/?Action=ListUsers&Version=2010-05-08", timeout=10) == b"the request is not signed"

    def test_binary_and_long_bodies_are_signed_too(self, aws):
        s3 = User(aws, allow("s3:*")).client("s3")
        s3.create_bucket(Bucket="signed")
        s3.put_object(Bucket="signed", Key="a b/ü+", Body=bytes(range(256)) * 1000)
        assert s3.get_object(Bucket="signed", Key="a b/ü+")["Body"].read()[:3] == b"\x00\x01\x02"


class TestS3:
    def test_buckets_and_objects(self, aws, bucket):
        s3 = User(aws, allow("s3:ListBucket", f"arn:aws:s3:::{bucket}"), allow("s3:GetObject", "*")).client("s3")
        assert allowed(s3.head_bucket, Bucket=bucket)
        assert allowed(s3.list_objects_v2, Bucket=bucket)
        assert allowed(s3.get_object, Bucket=bucket, Key="a")
        assert error_of(s3.head_object, Bucket=bucket, Key="none")[0] == 404
        assert refused(s3.put_object, Bucket=bucket, Key="b", Body=b"2")
        assert refused(s3.delete_objects, Bucket=bucket, Delete={"Objects": [{"Key": "a"}]})
        assert refused(s3.create_bucket, Bucket="sky-new")
        assert refused(s3.list_buckets)

    def test_who_may_not_list_is_not_told_what_is_missing(self, aws, bucket):
        s3 = User(aws, allow("s3:GetObject", "*")).client("s3")
        assert error_of(s3.head_object, Bucket=bucket, Key="none")[0] == 403

    def test_the_error_is_one_of_s3(self, aws, bucket):
        user = User(aws)
        assert error_of(user.client("s3").get_object, Bucket=bucket, Key="a") == (
            403,
            "AccessDenied",
            f'User: {user.arn} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::{bucket}/a" '
            "because no identity-based policy allows the s3:GetObject action",
        )
        assert error_of(user.client("s3").head_bucket, Bucket=bucket)[:2] == (403, "403")

    def test_multipart_and_copy(self, aws, bucket):
        s3 = User(aws, allow(["s3:PutObject", "s3:AbortMultipartUpload"], f"arn:aws:s3:::{bucket}/*")).client("s3")
        upload = s3.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
        given = {"Bucket": bucket, "Key": "big", "UploadId": upload}
        assert allowed(s3.upload_part, **given, PartNumber=1, Body=b"x")
        assert refused(s3.list_parts, **given)
        assert allowed(s3.abort_multipart_upload, **given)
        assert refused(s3.copy_object, Bucket=bucket, Key="c", CopySource=f"{bucket}/a")

    def test_a_bucket_of_another_account_needs_its_policy(self, aws, bucket):
        user = User(aws, allow("s3:*"), account=OTHER)
        assert refused(user.client("s3").get_object, Bucket=bucket, Key="a")
        statement = {**allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*"), "Principal": {"AWS": user.arn}}
        s3 = aws.client("s3", ACCOUNT)
        s3.put_bucket_policy(Bucket=bucket, Policy=document(statement))
        assert allowed(user.client("s3").get_object, Bucket=bucket, Key="a")
        s3.delete_bucket_policy(Bucket=bucket)


class TestMends:
    """What AWS does and moto does not, where it decides about yes and no."""

    def test_policies_may_leave_out_their_version(self, aws):
        text = json.dumps({"Statement": [allow("ec2:DescribeVpcs")]})
        user = User(aws)
        user.iam.put_user_policy(UserName=user.name, PolicyName="p", PolicyDocument=text)
        assert allowed(user.client("ec2").describe_vpcs)
        stored = user.iam.get_user_policy(UserName=user.name, PolicyName="p")["PolicyDocument"]
        assert stored["Version"] == "2012-10-17"
        user.iam.create_policy(PolicyName="unversioned", PolicyDocument=text)
        with pytest.raises(ClientError, match="MalformedPolicyDocument"):
            user.iam.create_policy(PolicyName="broken", PolicyDocument="{")

    @pytest.mark.parametrize(("key", "noun"), [("Name", "name"), ("Arn", "ARN")])
    def test_a_profile_that_is_missing_is_an_error_of_ec2(self, aws, base, key, noun):
        given = "nothing" if key == "Name" else f"arn:aws:iam::{ACCOUNT}:instance-profile/nothing"
        assert error_of(launch(base.client("ec2"), IamInstanceProfile={key: given})) == (
            400,
            "InvalidParameterValue",
            f"Value ({given}) for parameter iamInstanceProfile.{key.lower()} is invalid. "
            f"Invalid IAM Instance Profile {noun}",
        )

    def test_the_first_spot_launch_makes_the_role_for_spot(self, aws):
        account = "777766665555"
        spot = {"InstanceMarketOptions": {"MarketType": "spot"}, "DryRun": False}
        service = {"StringEquals": {"iam:AWSServiceName": "spot.amazonaws.com"}}
        plain = User(aws, allow("ec2:*"), account=account)
        able = User(aws, allow("ec2:*"), allow("iam:CreateServiceLinkedRole", Condition=service), account=account)
        assert refused(launch(plain.client("ec2"), **spot))
        assert error_of(launch(able.client("ec2"), **spot)) is None
        assert able.iam.get_role(RoleName="AWSServiceRoleForEC2Spot")["Role"]["Path"].endswith("/spot.amazonaws.com/")
        assert error_of(launch(plain.client("ec2"), **spot)) is None

    def test_a_service_linked_role_bears_its_name(self, aws):
        iam = aws.client("iam", "666655554444")
        role = iam.create_service_linked_role(AWSServiceName="spot.amazonaws.com")["Role"]
        assert role["RoleName"] == "AWSServiceRoleForEC2Spot"

    def test_organizations_makes_its_role_in_new_accounts(self, aws):
        organizations = aws.client("organizations")
        organizations.create_organization()
        status = organizations.create_account(AccountName="new", Email="new@example.com")["CreateAccountStatus"]
        keys = seed.Cloud(aws.url).assume(status["AccountId"])
        assert seed.Cloud(aws.url).client("iam", "us-east-1", keys).list_users()["Users"] == []


class TestTheEmulator:
    def test_a_call_without_a_rule_is_not_let_through(self, aws):
        assert error_of(aws.client("lambda", ACCOUNT).list_functions)[:2] == (501, "NotImplemented")

    def test_a_refused_call_is_in_the_log_and_does_nothing(self, aws):
        user = User(aws, allow("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/ok-*"))
        aws.clear_log()
        assert refused(user.client("iam").create_user, UserName="bad")
        assert [(call["api"], call["error"]) for call in aws.writes(ACCOUNT)] == [("iam:CreateUser", "AccessDenied")]
        assert error_of(user.iam.get_user, UserName="bad")[1] == "NoSuchEntity"

    def test_checks_tell_what_was_asked(self, aws, places):
        user = User(aws, allow("ec2:StopInstances"))
        aws.clear_log()
        user.client("ec2").stop_instances(InstanceIds=[places["instance"]])
        refused(user.client("ec2").describe_vpcs)
        assert [
            (check["api"], check["action"], check["resource"], check["principal"], check["allowed"])
            for check in aws.checks(ACCOUNT)
        ] == [
            ("ec2:StopInstances", "ec2:StopInstances", f"{EC2}instance/{places['instance']}", user.arn, True),
            ("ec2:DescribeVpcs", "ec2:DescribeVpcs", "*", user.arn, False),
        ]
        assert aws.checks(OTHER) == []
        aws.clear_log()
        assert aws.checks() == []

    def test_faults_come_after_iam(self, aws):
        user = User(aws, allow("ec2:DescribeVpcs"))
        aws.fault("ec2:Describe*", "Unavailable", status=503, times=2)
        assert refused(user.client("ec2").describe_subnets)
        assert error_of(user.client("ec2").describe_vpcs)[1] == "Unavailable"

    def test_reset(self):
        with Emulator(enforce=True) as emulator:
            emulator.client("iam", ACCOUNT).create_user(UserName="alice")
            emulator.reset()
            assert emulator.checks() == []
            assert emulator.client("iam", ACCOUNT).list_users()["Users"] == []
