# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An enforcing emulator, shared by the tests of a worker: each test makes users of its own."""

from __future__ import annotations

import json

import pytest

from ansible_collections.sky.aws.demo import seed
from ansible_collections.sky.aws.plugins.module_utils._features import documents
from ansible_collections.sky.aws.tests.emulator.people import ACCOUNT, IMAGE, OTHER, TRUST_EC2, User
from ansible_collections.sky.aws.tests.emulator.server import Emulator


@pytest.fixture(scope="session")
def enforced():
    with Emulator(enforce=True) as emulator:
        emulator.internet(ACCOUNT)
        seed.make_skypilot_role(emulator.client("iam", ACCOUNT))
        yield emulator


@pytest.fixture
def aws(enforced):
    enforced.clear_faults()
    enforced.clear_log()
    return enforced


@pytest.fixture(scope="session")
def base(enforced):
    """A user with SkyPilot's documented minimal policy, attached as a managed one."""
    user = User(enforced)
    text = json.dumps(documents.document(["base"], account_id=ACCOUNT, partition="aws"))
    policy = user.iam.create_policy(PolicyName="sky-base", PolicyDocument=text)["Policy"]["Arn"]
    user.iam.attach_user_policy(UserName=user.name, PolicyArn=policy)
    return user


@pytest.fixture(scope="session")
def places(enforced):
    """Ids of what the cases are about, here and in another account."""
    mine, foreign = enforced.client("ec2", ACCOUNT), enforced.client("ec2", OTHER)
    iam = enforced.client("iam", ACCOUNT)
    for name, path in (("other", "/"), ("deep", "/team/")):
        iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(TRUST_EC2))
        iam.create_instance_profile(InstanceProfileName=name)
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    instance = mine.run_instances(ImageId=IMAGE, InstanceType="t3.micro", MinCount=1, MaxCount=1)["Instances"][0]
    groups = mine.describe_security_groups()["SecurityGroups"]
    return {
        "instance": instance["InstanceId"],
        "volume": mine.describe_volumes()["Volumes"][0]["VolumeId"],
        "vpc": instance["VpcId"],
        "subnet": instance["SubnetId"],
        "group": groups[0]["GroupId"],
        "foreign_subnet": foreign.describe_subnets()["Subnets"][0]["SubnetId"],
    }
