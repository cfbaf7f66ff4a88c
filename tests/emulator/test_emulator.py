# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator: whose call it was, which calls were writes, faults as botocore sees them, and its life and death."""

from __future__ import annotations

import http.client
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest
from botocore.exceptions import ClientError

from ansible_collections.sky.aws.demo import launch, seed
from ansible_collections.sky.aws.tests.emulator import server
from ansible_collections.sky.aws.tests.emulator.server import Emulator

ACCOUNT = "111122223333"
OTHER = "044455556666"


@pytest.fixture(scope="module")
def shared():
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def aws(shared):
    shared.client("sts", ACCOUNT)  # so that the assumes are made before the log is cleared
    shared.client("sts", OTHER)
    shared.clear_faults()
    shared.clear_log()
    return shared


def test_calls_are_attributed_to_root_assumed_and_user_keys(aws):
    aws.client("sts").get_caller_identity()
    iam = aws.client("iam", OTHER)
    iam.create_user(UserName="alice")
    key = iam.create_access_key(UserName="alice")["AccessKey"]
    keys = {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
    }
    arn = seed.Cloud(aws.url).client("sts", "eu-west-1", keys).get_caller_identity()["Arn"]
    assert arn == f"arn:aws:iam::{OTHER}:user/alice"
    assert [(call["account"], call["region"], call["api"]) for call in aws.calls()] == [
        (Emulator.management_account, "us-east-1", "sts:GetCallerIdentity"),
        (OTHER, "us-east-1", "iam:CreateUser"),
        (OTHER, "us-east-1", "iam:CreateAccessKey"),
        (OTHER, "eu-west-1", "sts:GetCallerIdentity"),
    ]
    assert aws.calls(Emulator.management_account) == aws.calls()[:1]


def test_an_assume_is_a_read_of_the_callers_account(aws):
    seed.Cloud(aws.url).assume(ACCOUNT)
    assert [(call["api"], call["account"]) for call in aws.calls()] == [("sts:AssumeRole", aws.management_account)]
    assert aws.writes() == []


def test_writes_of_every_protocol(aws):
    aws.client("iam", ACCOUNT).create_policy(PolicyName="p", PolicyDocument=json.dumps(policy()))
    aws.client("ec2", ACCOUNT).create_vpc(CidrBlock="10.0.0.0/16")
    aws.client("ssm", ACCOUNT).put_parameter(Name="/x", Value="1", Type="String")
    s3 = aws.client("s3", ACCOUNT)
    s3.create_bucket(Bucket="sky-data")
    s3.put_object(Bucket="sky-data", Key="a/b c", Body=b"content")
    assert s3.get_object(Bucket="sky-data", Key="a/b c")["Body"].read() == b"content"
    s3.head_bucket(Bucket="sky-data")
    aws.client("iam", ACCOUNT).list_users()
    assert [(call["api"], call["target"]) for call in aws.writes(ACCOUNT)] == [
        ("iam:CreatePolicy", "p"),
        ("ec2:CreateVpc", None),
        ("ssm:PutParameter", "/x"),
        ("s3:CreateBucket", "sky-data"),
        ("s3:PutObject", "sky-data"),
    ]
    assert json.loads(aws.writes()[0]["params"]["PolicyDocument"]) == policy()
    assert [call["api"] for call in aws.calls() if not call["write"]] == [
        "s3:GetObject",
        "s3:HeadBucket",
        "iam:ListUsers",
    ]


def policy():
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
    }


def test_a_dry_run_is_a_read_and_a_refused_write_a_write(aws):
    ec2 = aws.client("ec2", ACCOUNT)
    with pytest.raises(ClientError, match="DryRunOperation"):
        ec2.run_instances(ImageId="ami-0a1b2c3d4e5f60718", MinCount=1, MaxCount=1, DryRun=True)
    with pytest.raises(ClientError, match="NoSuchEntity"):
        aws.client("iam", ACCOUNT).delete_user(UserName="nobody")
    assert [(call["api"], call["status"], call["error"]) for call in aws.calls()] == [
        ("ec2:RunInstances", 412, "DryRunOperation"),
        ("iam:DeleteUser", 404, "NoSuchEntity"),
    ]
    assert [call["api"] for call in aws.writes()] == ["iam:DeleteUser"]


@pytest.mark.parametrize(
    ("service", "method", "api"),
    [
        ("iam", "list_users", "iam:ListUsers"),
        ("sts", "get_caller_identity", "sts:GetCallerIdentity"),
        ("ec2", "describe_vpcs", "ec2:DescribeVpcs"),
        ("ssm", "describe_parameters", "ssm:DescribeParameters"),
        ("organizations", "list_roots", "organizations:ListRoots"),
        ("secretsmanager", "list_secrets", "secretsmanager:ListSecrets"),
        ("s3", "list_buckets", "s3:ListBuckets"),
        ("lambda", "list_functions", "lambda:ListFunctions"),
    ],
)
def test_a_fault_is_the_error_that_botocore_knows(aws, service, method, api):
    message = 'not authorized to perform: <x> & "y"'
    aws.fault(api, "AccessDenied", message, status=403)
    with pytest.raises(ClientError) as caught:
        getattr(aws.client(service, ACCOUNT), method)()
    error = caught.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("AccessDenied", message)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert [(call["api"], call["status"], call["error"]) for call in aws.calls()] == [(api, 403, "AccessDenied")]


def test_a_fault_counts_down_and_keeps_to_its_account(aws):
    aws.fault("iam:Create*", "Throttling", times=2, account=ACCOUNT)
    aws.client("iam", OTHER).create_user(UserName="bob")
    for _ in range(2):
        with pytest.raises(ClientError, match="Throttling"):
            aws.client("iam", ACCOUNT).create_user(UserName="bob")
    aws.client("iam", ACCOUNT).create_user(UserName="bob")
    assert [call["status"] for call in aws.writes()] == [200, 400, 400, 200]


def test_faults_answer_in_their_order_until_cleared(aws):
    sts = aws.client("sts")
    aws.fault("sts:*", "First")
    aws.fault("sts:*", "Second", times=9)
    for code in ("First", "Second", "Second"):
        with pytest.raises(ClientError, match=code):
            sts.get_caller_identity()
    aws.clear_faults()
    sts.get_caller_identity()


def test_an_unknown_fault_field_is_an_error_of_the_test(aws):
    with pytest.raises(RuntimeError, match="unknown endpoint"):
        aws._ask("POST", "/__emulator/nothing")


def test_a_policy_that_is_attached_twice_is_counted_once(aws):
    iam = aws.client("iam", OTHER)
    document = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    )
    arn = iam.create_policy(PolicyName="counted", PolicyDocument=document)["Policy"]["Arn"]
    iam.create_user(UserName="twice")
    for _number in range(2):
        iam.attach_user_policy(UserName="twice", PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1


def test_internet_gives_the_default_vpc_a_public_main_table(aws):
    aws.internet(ACCOUNT, "us-west-2")
    ec2 = aws.client("ec2", ACCOUNT, "us-west-2")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    gateways = [route.get("GatewayId", "") for table in tables for route in table["Routes"]]
    assert sum(gateway.startswith("igw-") for gateway in gateways) == 1
    gateway = ec2.describe_internet_gateways()["InternetGateways"][0]
    assert [attachment["VpcId"] for attachment in gateway["Attachments"]] == [vpc]


def test_moto_validates_and_knows_the_managed_policies(aws):
    with pytest.raises(ClientError, match=r"InvalidAMIID\.NotFound"):
        aws.client("ec2", ACCOUNT).run_instances(ImageId="ami-0000000000000bad0", MinCount=1, MaxCount=1)
    with pytest.raises(ClientError, match="InvalidInstanceType"):
        aws.client("ec2", ACCOUNT).run_instances(
            ImageId="ami-0a1b2c3d4e5f60718",
            InstanceType="t9.bogus",
            MinCount=1,
            MaxCount=1,
        )
    arn = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
    assert aws.client("iam", ACCOUNT).get_policy(PolicyArn=arn)["Policy"]["Arn"] == arn


def test_the_accounts_of_keys_are_found_in_every_partition(aws):
    china = seed.Cloud(aws.url).client("sts", "cn-north-1")
    keys = china.assume_role(RoleArn=f"arn:aws-cn:iam::{OTHER}:role/x", RoleSessionName="test")["Credentials"]
    credentials = {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }
    client = seed.Cloud(aws.url).client("sts", "cn-north-1", credentials)
    assert client.get_caller_identity()["Account"] == OTHER
    assert aws.calls()[-1]["account"] == OTHER


def test_account_ids_depend_on_the_name_alone():
    with Emulator({"MOTO_IAM_LOAD_MANAGED_POLICIES": "false"}) as emulator:
        cloud = seed.Cloud(emulator.url)
        cloud.client("organizations").create_organization()
        emulator.client("ec2", ACCOUNT).describe_vpcs()
        units = seed.read_inventory()
        wanted = {name: account_id for accounts in units.values() for name, account_id in accounts.items()}
        assert {name: seed.create_account(cloud, name) for name in reversed(wanted)} == wanted


def test_an_inventory_with_other_ids_is_refused_by_name(aws):
    aws.reset()
    with pytest.raises(
        seed.SeedError,
        match=r'genomics: this moto makes it "701821627004", sky_account_id says \'1\'',
    ):
        seed.create_organization(seed.Cloud(aws.url), {"research": {"genomics": "1"}})


def test_reset_forgets_resources_log_and_faults(aws):
    aws.client("iam", ACCOUNT).create_user(UserName="carol")
    aws.fault("sts:*", "Throttling")
    aws.reset()
    assert aws.calls() == []
    assert aws.client("iam", ACCOUNT).list_users()["Users"] == []


def test_it_listens_on_the_loopback_only(aws):
    port = int(aws.url.rpartition(":")[2])
    sockets = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = [fields[1] for fields in sockets if fields[3] == "0A"]
    assert [address for address in listening if address.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]


def test_it_dies_with_the_tests():
    text = (
        "import time; from ansible_collections.sky.aws.tests.emulator.server import Emulator\n"
        "aws = Emulator(); aws.start(); print(aws.url, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True) as parent:
        url = parent.stdout.readline().strip()
        os.kill(parent.pid, signal.SIGKILL)
    for _ in range(100):
        if not answers(url):
            return
        time.sleep(0.1)
    pytest.fail("the emulator lives on")


def answers(url):
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
    try:
        connection.request("GET", "/__emulator/calls")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def test_a_server_that_dies_shows_its_log(monkeypatch, tmp_path):
    broken = tmp_path / "app.py"
    broken.write_text("raise SystemExit('no moto today')")
    monkeypatch.setattr(server, "APP", broken)
    began = time.monotonic()
    with pytest.raises(launch.LaunchError, match="no moto today"):
        Emulator().start()
    assert time.monotonic() - began < 10
