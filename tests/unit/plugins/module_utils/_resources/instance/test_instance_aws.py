# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The instance resource against the emulated AWS: its life, its network, and what is refused before the first write."""

from __future__ import annotations

import json

import pytest

from ansible_collections.sky.aws.tests.unit.instance_scene import AMI, DESCRIBE, PARAMETER, RUN, Lab, steps


@pytest.fixture
def lab(sandbox):
    return Lab(sandbox)


class TestLife:
    @pytest.mark.parametrize(
        ("state", "writes"), [("running", [RUN]), ("stopped", [RUN, "ec2:StopInstances"])], ids=["running", "stopped"]
    )
    def test_planned_made_unchanged(self, lab, state, writes):
        planned = lab.run(check=True, state=state)
        assert lab.writes() == []
        made = lab.run(state=state)
        assert lab.writes() == steps(made) == steps(planned) == writes
        again = lab.run(state=state)
        assert lab.calls() == [DESCRIBE]
        assert (planned["changed"], made["changed"], again["changed"]) == (True, True, False)
        assert again["instance"] == made["instance"]
        assert (again["diff"]["before"], planned["diff"]) == (again["diff"]["after"], made["diff"])
        for result in (planned, made, again):
            assert set(result) == {"changed", "diff", "steps", "instance", "drift"}
            assert set(result["instance"]) == set(planned["instance"])
            assert result["instance"]["state"] == state
            json.dumps(result)
        known = {key: value for key, value in planned["instance"].items() if value is not None}
        del known["metadata_options"]
        assert {key: made["instance"][key] for key in known} == known

    def test_what_ec2_has(self, lab):
        lab.run(tags={"team": "ml"}, volume={"size": 20}, user_data="#!/bin/sh")
        [made] = lab.instances()
        volume = lab.ec2.describe_volumes()["Volumes"][0]
        assert made["MetadataOptions"]["HttpTokens"] == "required"
        assert made["IamInstanceProfile"]["Arn"].endswith(":instance-profile/skypilot-v1")
        assert (volume["Size"], volume["Encrypted"], volume["VolumeType"]) == (20, True, "gp3")
        tags = {"Name": "box", "team": "ml", "sky.aws/managed-by": "sky.aws"}
        for tagged in (made, volume):
            assert {tag["Key"]: tag["Value"] for tag in tagged["Tags"]} == tags
        data = lab.ec2.describe_instance_attribute(InstanceId=made["InstanceId"], Attribute="userData")
        assert data["UserData"]["Value"] == "IyEvYmluL3No"

    def test_stop_start_and_terminate(self, lab):
        first = lab.run()["instance"]["instance_id"]
        for state, api in (("stopped", "ec2:StopInstances"), ("running", "ec2:StartInstances")):
            assert steps(lab.run(check=True, state=state)) == [api]
            result = lab.run(state=state)
            assert lab.writes() == steps(result) == [api]
            assert (result["instance"]["instance_id"], result["instance"]["state"]) == (first, state)
            assert lab.run(state=state)["changed"] is False
        planned = lab.run(check=True, state="absent")
        result = lab.run(state="absent")
        assert lab.writes() == steps(result) == steps(planned) == ["ec2:TerminateInstances"]
        assert (result["instance"], lab.instances()[0]["State"]["Name"]) == (None, "terminated")
        assert lab.run(state="absent")["changed"] is False
        assert lab.calls() == [DESCRIBE]

    def test_after_a_termination_another_one_is_made_with_another_token(self, lab):
        first = lab.run()["instance"]
        lab.run(state="absent")
        second = lab.run()["instance"]
        assert second["instance_id"] != first["instance_id"]
        assert second["client_token"] != first["client_token"]
        assert lab.run()["changed"] is False

    def test_a_new_image_is_drift_and_makes_no_twin(self, lab):
        lab.run()
        result = lab.run(image_parameter=PARAMETER)
        assert sorted(lab.calls()) == [DESCRIBE, "ssm:GetParameter"]
        assert [difference["aspect"] for difference in result["drift"]] == ["image_id"]
        assert len(lab.instances()) == 1

    def test_an_image_parameter(self, lab):
        made = lab.run(image_parameter=PARAMETER)
        again = lab.run(image_parameter=PARAMETER)
        assert made["instance"]["image_id"].startswith("ami-")
        assert (again["changed"], again["drift"]) == (False, [])

    def test_tags_and_metadata_are_put_back(self, lab):
        made = lab.run(tags={"team": "ml"})["instance"]
        ids = [made["instance_id"]]
        lab.ec2.create_tags(Resources=ids, Tags=[{"Key": "team", "Value": "x"}, {"Key": "theirs", "Value": "y"}])
        lab.ec2.modify_instance_metadata_options(InstanceId=ids[0], HttpTokens="optional", HttpPutResponseHopLimit=2)
        options = {"tags": {"team": "ml"}, "purge_tags": True}
        planned, result = lab.run(check=True, **options), lab.run(**options)
        wanted = ["ec2:CreateTags", "ec2:DeleteTags", "ec2:ModifyInstanceMetadataOptions"]
        assert lab.writes() == steps(result) == steps(planned) == wanted
        again = lab.run(**options)
        assert again["changed"] is False
        assert again["instance"] == result["instance"] == planned["instance"]
        assert again["instance"]["metadata_options"]["http_put_response_hop_limit"] == 2

    def test_without_wait_the_answer_gives_the_facts(self, lab):
        result = lab.run(wait=False, tags={"a": "b"})
        assert lab.calls().count(DESCRIBE) == 1
        assert result["instance"]["state"] == "pending"
        assert result["instance"]["instance_id"] == lab.instances()[0]["InstanceId"]
        assert result["instance"]["tags"]["a"] == "b"
        stopped = lab.run(wait=False, state="stopped", tags={"a": "b"})
        assert (stopped["instance"]["state"], lab.calls()) == ("stopping", [DESCRIBE, "ec2:StopInstances"])
        both = lab.run(wait=False, state="stopped", name="other")
        assert (both["instance"]["state"], both["instance"]["name"]) == ("stopping", "other")

    def test_spot(self, lab):
        lab.run(spot=True)
        assert lab.instances()[0]["InstanceLifecycle"] == "spot"
        assert lab.run(spot=True)["instance"]["spot"] is True


class TestNetwork:
    def test_a_first_run_makes_these_calls(self, lab):
        lab.run()
        reads = ["DescribeImages", "DescribeVpcs", "DescribeSubnets", "DescribeRouteTables"]
        # The waiter's look, and the one that gives the facts.
        assert lab.calls() == [DESCRIBE, *(f"ec2:{name}" for name in reads), RUN, DESCRIBE, DESCRIBE]

    def test_the_default_vpc_gives_the_subnet_in_skypilots_order(self, lab):
        assert lab.run()["instance"]["subnet_id"] == lab.subnets()[0]

    def test_a_default_vpc_that_skypilot_would_refuse_will_do_as_it_does_for_ec2(self, lab):
        route = {"RouteTableId": lab.ec2.describe_route_tables()["RouteTables"][0]["RouteTableId"]}
        lab.ec2.delete_route(**route, DestinationCidrBlock="0.0.0.0/0")
        assert lab.run()["instance"]["availability_zone"] == "us-east-1a"

    def test_a_named_vpc_may_be_private(self, lab):
        tags = [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "research"}]}]
        vpc = lab.ec2.create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=tags)["Vpc"]["VpcId"]
        subnet = lab.ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
        group = lab.ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
        result = lab.run(vpc_name="research", security_groups=["web"])
        assert result["instance"]["subnet_id"] == subnet
        assert result["instance"]["security_groups"] == [{"group_id": group, "group_name": "web"}]
        assert lab.run(vpc_name="research", security_groups=["web"])["drift"] == []
        assert lab.calls() == [DESCRIBE]

    def test_subnets_in_the_order_of_preference(self, lab):
        wanted = lab.subnets()[2:0:-1]
        assert lab.run(subnet_ids=wanted)["instance"]["subnet_id"] == wanted[0]
        assert "ec2:DescribeVpcs" not in lab.calls()

    def test_subnets_of_the_network_that_was_looked_up(self, lab):
        wanted = lab.subnets()[2:0:-1]
        there = {"region": "us-east-1", "subnets": [{"subnet_id": subnet} for subnet in wanted]}
        elsewhere = {"region": "us-west-2", "subnets": [{"subnet_id": "subnet-cccccccc"}]}
        assert lab.run(networks=[elsewhere, there])["instance"]["subnet_id"] == wanted[0]
        assert "ec2:DescribeVpcs" not in lab.calls()


class TestRefusedBeforeTheFirstWrite:
    @pytest.mark.parametrize(
        ("options", "says"),
        [
            ({"image_id": None}, "image_id: instance box does not exist in account"),
            ({"image_id": "ami-00000000000000000"}, "image_id: ami-00000000000000000 is not available to account"),
            ({"volume": {"size": 7}}, f"volume.size: 7 is less than the 15 GiB of {AMI}"),
            ({"image_parameter": "/missing"}, "ssm:GetParameter on /missing in account"),
            ({"vpc_name": "missing"}, "vpc_name: No VPC with name 'missing' is found in us-east-1"),
            ({"subnet_ids": ["subnet-00000000"]}, "subnet_ids: subnet-00000000 not found in account"),
            ({"security_groups": ["default", "missing"]}, "security_groups: missing not found in vpc-"),
        ],
    )
    def test_what_does_not_exist(self, lab, options, says):
        assert lab.fails(**options).message.startswith(says)
        assert lab.fails(check=True, **options).message.startswith(says)
        assert lab.writes() == []

    def test_a_parameter_without_an_image(self, lab):
        ssm = lab.emulator.client("ssm", lab.account_id)
        ssm.put_parameter(Name="/golden", Value='{"image_id": "ami-1"}', Type="String")
        assert "/golden in account" in lab.fails(image_parameter="/golden").message

    def test_subnets_of_two_vpcs(self, lab):
        vpc = lab.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        other = lab.ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
        assert "they are in 2 VPCs" in lab.fails(subnet_ids=[lab.subnets()[0], other]).message

    def test_no_default_vpc(self, lab):
        for subnet in lab.subnets():
            lab.ec2.delete_subnet(SubnetId=subnet)
        message = lab.fails().message
        assert message.startswith("vpc_name: The default VPC in us-east-1 either does not exist or has no subnets.")
        assert lab.account_id in message

    def test_a_region_that_cannot_be_read(self, lab):
        lab.fault("ec2:DescribeVpcs", "UnauthorizedOperation")
        assert "allow ec2:DescribeVpcs for" in lab.fails().message

    @pytest.mark.parametrize("state", ["running", "stopped", "absent"])
    def test_a_foreign_instance_is_left_alone(self, lab, state):
        tags = [{"Key": "Name", "Value": "box"}, {"Key": "sky.aws/managed-by", "Value": "sky.aws"}]
        specification = [{"ResourceType": "instance", "Tags": tags}]
        lab.ec2.run_instances(ImageId=AMI, MinCount=1, MaxCount=1, TagSpecifications=specification)
        error = lab.fails(state=state, image_parameter=PARAMETER)
        assert "is not this collection's" in error.message
        assert lab.calls() == [DESCRIBE]
        assert lab.instances()[0]["State"]["Name"] == "running"

    @pytest.mark.parametrize("state", ["running", "absent"])
    def test_two_of_one_name(self, lab, state):
        first = lab.run()["instance"]["instance_id"]
        second = lab.run(name="other")["instance"]["instance_id"]
        lab.ec2.create_tags(Resources=[second], Tags=[{"Key": "Name", "Value": "box"}])
        message = lab.fails(state=state).message
        assert all(f"{found} (running)" in message for found in (first, second))
        assert lab.writes() == []
