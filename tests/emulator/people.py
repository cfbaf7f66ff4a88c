# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users of an enforcing emulator, what they may do, and whether they were let."""

from __future__ import annotations

import itertools
import json

from botocore.exceptions import ClientError

from ansible_collections.sky.aws.demo import seed

ACCOUNT = "111122223333"
OTHER = "444455556666"
IMAGE = "ami-0a1b2c3d4e5f60718"
EC2 = f"arn:aws:ec2:us-east-1:{ACCOUNT}:"
NUMBERS = itertools.count()
TRUST_EC2 = {
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action, resource="*", **more):
    return {**allow(action, resource, **more), "Effect": "Deny"}


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class User:
    """A new user with a key and, inline, the statements."""

    def __init__(self, aws, *statements, account=ACCOUNT, **options):
        self.aws, self.name = aws, f"user{next(NUMBERS)}"
        self.iam = aws.client("iam", account)
        self.iam.create_user(UserName=self.name, **options)
        self.arn = f"arn:aws:iam::{account}:user/{self.name}"
        if statements:
            self.put(*statements)
        self.key = self.iam.create_access_key(UserName=self.name)["AccessKey"]

    def put(self, *statements):
        self.iam.put_user_policy(UserName=self.name, PolicyName="inline", PolicyDocument=document(*statements))

    def client(self, service, region="us-east-1", secret=None):
        keys = {
            "aws_access_key_id": self.key["AccessKeyId"],
            "aws_secret_access_key": secret or self.key["SecretAccessKey"],
        }
        return seed.Cloud(self.aws.url).client(service, region, keys)


def error_of(call, *arguments, **parameters):
    """The error of the call: status, code, text; a dry run that would have succeeded has none."""
    try:
        call(*arguments, **parameters)
    except ClientError as error:
        answer = error.response
        if answer["Error"]["Code"] == "DryRunOperation":
            return None
        return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]
    return None


def allowed(call, *arguments, **parameters):
    """Whether IAM let the call through; an error of the service behind is none of IAM's."""
    error = error_of(call, *arguments, **parameters)
    assert error is None or error[0] != 501, error
    return error is None or not any(word in error[1] for word in ("Unauthorized", "AccessDenied", "403"))


def refused(call, *arguments, **parameters):
    return not allowed(call, *arguments, **parameters)


def launch(ec2, **more):
    given = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1, "DryRun": True, **more}
    return lambda: ec2.run_instances(**given)


def tagged(*kinds):
    return [{"ResourceType": kind, "Tags": [{"Key": "team", "Value": "red"}]} for kind in kinds]
