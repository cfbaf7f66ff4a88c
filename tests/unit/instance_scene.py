# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances as EC2 describes them, and an account of the emulated AWS to make some in, for the tests of instances."""

from __future__ import annotations

import pytest

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._identity import Identity
from ansible_collections.sky.aws.plugins.module_utils._resources.instance import RESOURCE as instance
from ansible_collections.sky.aws.plugins.module_utils._resources.instance.found import Found
from ansible_collections.sky.aws.plugins.module_utils._resources.instance.request import Site
from ansible_collections.sky.aws.tests.unit.sandbox import params

ME = Identity("111111111111", "aws", "arn:aws:sts::111111111111:assumed-role/admin/sky.aws")
REGION = "eu-west-1"
AMI, NEW_AMI = "ami-0a1b2c3d4e5f60718", "ami-0123456789abcdef0"
SUBNETS = [
    {"SubnetId": f"subnet-{digit * 8}", "VpcId": "vpc-1", "AvailabilityZone": f"eu-west-1{zone}"}
    for digit, zone in (("b", "b"), ("a", "a"))
]
IMAGE = {
    "ImageId": AMI,
    "RootDeviceName": "/dev/xvda",
    "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8}}, {"DeviceName": "/dev/sdb"}],
}
SITE = Site(IMAGE, SUBNETS)
OURS = {"Name": "box", "sky.aws/managed-by": "sky.aws"}
TOKEN = "sky-aws-0001"
IMDS = {"HttpTokens": "required", "HttpEndpoint": "enabled", "HttpPutResponseHopLimit": 2, "State": "applied"}
PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
RUN, DESCRIBE = "ec2:RunInstances", "ec2:DescribeInstances"


def options(**given):
    """Validated options, with the defaults that Ansible fills in."""
    return params(instance, **{"account_id": ME.account_id, "name": "box", **given})


def described(state="running", token=TOKEN, tags=None, **changes):
    """An instance as EC2 describes it; ours and as the default options declare it, unless changed."""
    return {
        "InstanceId": "i-1",
        "State": {"Name": state},
        "InstanceType": "t3.micro",
        "ImageId": AMI,
        "SubnetId": SUBNETS[0]["SubnetId"],
        "VpcId": "vpc-1",
        "PublicIpAddress": "198.51.100.7",
        "IamInstanceProfile": {"Arn": "arn:aws:iam::111111111111:instance-profile/skypilot-v1", "Id": "AIPA1"},
        "SecurityGroups": [{"GroupId": "sg-1111aaaa", "GroupName": "default"}],
        "MetadataOptions": IMDS,
        "Tags": [{"Key": key, "Value": value} for key, value in (OURS if tags is None else tags).items()],
        "ClientToken": token,
        **changes,
    }


def found(*instances, **more):
    return Found(REGION, list(instances), **more)


def steps(result):
    return [step["api"] for step in result["steps"]]


class Lab:
    """A sandbox with internet and the instance profile, and the instance resource run in it."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.emulator, self.account_id = sandbox.emulator, sandbox.account_id
        self.emulator.internet(self.account_id)
        sandbox.iam.create_instance_profile(InstanceProfileName="skypilot-v1")
        self.ec2 = self.emulator.client("ec2", self.account_id)

    def params(self, **given):
        return options(**{**self.sandbox.reach, **given})

    def run(self, *, check=False, **given):
        """The result; the log holds the calls of this run only."""
        self.emulator.clear_log()
        image = {} if "image_parameter" in given else {"image_id": AMI}
        return self.sandbox.run(instance, check_mode=check, **{"name": "box", **image, **given})

    def fails(self, **given):
        with pytest.raises(SkyError) as caught:
            self.run(**given)
        assert "\n" not in caught.value.message
        return caught.value

    def calls(self):
        return [call["api"] for call in self.emulator.calls(self.account_id)]

    def writes(self):
        return [call["api"] for call in self.emulator.writes(self.account_id)]

    def sent(self, name):
        """A parameter of each RunInstances."""
        return [call["params"].get(name) for call in self.emulator.calls(self.account_id) if call["api"] == RUN]

    def instances(self):
        reservations = self.ec2.describe_instances()["Reservations"]
        return [each for reservation in reservations for each in reservation["Instances"]]

    def subnets(self):
        """In SkyPilot's order."""
        every = self.ec2.describe_subnets()["Subnets"]
        return [s["SubnetId"] for s in sorted(every, key=lambda s: s["AvailabilityZone"], reverse=True)]

    def fault(self, api, code, message="injected", times=1):
        self.emulator.fault(api, code, message, times=times, account=self.account_id)
