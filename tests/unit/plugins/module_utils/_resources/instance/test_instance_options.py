# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of an instance: what is refused without a call."""

from __future__ import annotations

import pytest

from ansible_collections.sky.aws.plugins.module_utils._resources.instance import RESOURCE as instance
from ansible_collections.sky.aws.tests.unit.instance_scene import AMI, options


class TestValidate:
    @pytest.mark.parametrize(
        ("given_options", "starts"),
        [
            ({"name": " "}, "name: ' ' cannot be a Name tag"),
            ({"name": "a" * 257}, "name: 'aaaa"),
            ({"name": "a\nb"}, "name: 'a\\nb' cannot be a Name tag"),
            ({"name": "box*"}, "name: 'box*' is a pattern"),
            ({"image_id": AMI, "image_parameter": "/x"}, "image_id and image_parameter: give one"),
            ({"image_id": "ami-xyz"}, "image_id: 'ami-xyz' is not an image id; give ami-"),
            ({"image_parameter": "with space"}, "image_parameter: 'with space' is not the name"),
            ({"spot": True, "state": "stopped"}, "spot and state: a spot instance cannot be stopped"),
            ({"vpc_name": "x", "subnet_ids": ["subnet-aaaaaaaa"]}, "vpc_name and subnet_ids: give one"),
            ({"vpc_name": "x?"}, "vpc_name: 'x?' is not a VPC's Name tag"),
            ({"networks": [{"region": "us-east-1", "subnets": [{}]}]}, "networks[0]: give an item of networks"),
            (
                {"networks": [{"region": "us-east-1"}]},
                "networks[0]: give an item of networks as sky_vpc_lookup returns it",
            ),
            ({"subnet_ids": ["subnet-1"]}, "subnet_ids[0]: 'subnet-1' is not a subnet id"),
            ({"subnet_ids": ["subnet-aaaaaaaa"] * 2}, "subnet_ids: 'subnet-aaaaaaaa' is there twice"),
            ({"security_groups": ["web", "sg-1"]}, "security_groups[1]: 'sg-1' is not a security group id"),
            ({"security_groups": [" "]}, "security_groups[0]: ' ' must have"),
            ({"security_groups": ["web", "web"]}, "security_groups: 'web' is there twice"),
            ({"instance_type": "t3micro"}, "instance_type: 't3micro' is not an instance type"),
            ({"instance_profile": "arn:aws:iam::1:x/y"}, "instance_profile: 'arn:aws:iam::1:x/y' is not the name"),
            ({"key_name": ""}, "key_name: '' must have"),
            ({"user_data": "é" * 8193}, "user_data: it has 16386 bytes and EC2 takes 16384"),
            ({"wait_timeout": 0}, "wait_timeout: 0 must be 1 to"),
            (
                {"metadata_options": {"http_put_response_hop_limit": 65}},
                "metadata_options.http_put_response_hop_limit: 65",
            ),
            ({"tags": {"Name": "other"}}, "tags: Name is set by the option name"),
            ({"tags": {"sky.aws/managed-by": "x"}}, "tags: 'sky.aws/managed-by' starts with a reserved"),
            ({"volume": {"size": 0}}, "volume.size of type gp3: 0 must be 1 to 65536 GiB"),
            ({"volume": {"size": 1025, "type": "standard"}}, "volume.size of type standard: 1025 must be 1 to 1024"),
            ({"volume": {"encrypted": False, "kms_key_id": "alias/x"}}, "volume.kms_key_id: it needs volume.encrypted"),
            ({"volume": {"iops": 2999}}, "volume.iops of type gp3: 2999 must be 3000 to 80000"),
            ({"volume": {"iops": 5001, "size": 10}}, "volume.iops: 5001 is more than the 5000"),
            ({"volume": {"type": "gp2", "iops": 3000}}, "volume.iops: type gp2 takes none"),
            ({"volume": {"type": "io2"}}, "volume.iops: type io2 needs it"),
            ({"volume": {"throughput": 124}}, "volume.throughput: 124 must be 125 to 2000"),
            (
                {"volume": {"throughput": 751}},
                "volume.throughput: 751 MiB/s needs volume.iops 3004 or more, it is 3000",
            ),
            ({"volume": {"type": "gp2", "throughput": 125}}, "volume.throughput: type gp2 takes none"),
        ],
    )
    def test_one_line_names_the_option(self, given_options, starts):
        faults = instance.validate(options(**given_options))
        assert len(faults) == 1, faults
        assert faults[0].startswith(starts)
        assert "\n" not in faults[0]

    @pytest.mark.parametrize(
        "given_options",
        [
            {},
            {"name": "a" * 256, "image_id": "ami-03cf127a"},
            {"image_parameter": "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"},
            {"image_parameter": "/golden/image:3"},
            {"image_parameter": "arn:aws:ssm:us-east-1:111111111111:parameter/golden"},
            {
                "instance_type": "u-6tb1.112xlarge",
                "instance_profile": "",
                "security_groups": ["sg-aaaaaaaa", "web (dev)"],
            },
            {"spot": True, "state": "absent", "user_data": "x" * 16384},
            {"volume": {"size": 1, "iops": 3000, "throughput": 750}},
            {"volume": {"size": 4, "type": "io1", "iops": 200}},
            {"tags": {"Name": "box"}},
        ],
    )
    def test_nothing_else_is_refused(self, given_options):
        assert instance.validate(options(**given_options)) == []

    def test_every_fault_is_told(self):
        assert len(instance.validate(options(name="", image_id="x", instance_type="y"))) == 3
