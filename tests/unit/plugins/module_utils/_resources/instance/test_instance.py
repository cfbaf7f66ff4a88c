# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The instance resource without AWS: plans, whose instance it is, tokens."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._resources.instance import RESOURCE as instance
from ansible_collections.sky.aws.plugins.module_utils._resources.instance import site
from ansible_collections.sky.aws.plugins.module_utils._resources.instance.request import MAX_TOKENS, Launch, Site
from ansible_collections.sky.aws.tests.unit.instance_scene import (
    AMI,
    IMAGE,
    IMDS,
    ME,
    NEW_AMI,
    OURS,
    REGION,
    SITE,
    SUBNETS,
    described,
    found,
    options,
)


def looked_up(*subnet_ids, region=REGION):
    """Networks as sky_vpc_lookup returns them."""
    return [{"region": region, "subnets": [{"subnet_id": subnet_id} for subnet_id in subnet_ids]}]


def apis(plan):
    assert all(step.target == "box" for step in plan.steps)
    return [step.api.removeprefix("ec2:") for step in plan.steps]


class TestCreate:
    def plan(self, current=None, **given_options):
        return instance.plan(current or found(image_id=AMI, site=SITE), options(image_id=AMI, **given_options), ME)

    @pytest.mark.parametrize(
        ("state", "wait", "steps", "reached", "final"),
        [
            ("running", True, ["RunInstances"], "running", "running"),
            ("running", False, ["RunInstances"], "pending", None),
            ("stopped", True, ["RunInstances", "StopInstances"], "stopped", "stopped"),
            ("stopped", False, ["RunInstances", "StopInstances"], "stopping", None),
        ],
    )
    def test_steps_and_state(self, state, wait, steps, reached, final):
        plan = self.plan(state=state, wait=wait, wait_timeout=7)
        assert (apis(plan), plan.facts["instance"]["state"], plan.final) == (steps, reached, final)
        assert (plan.before, plan.facts["drift"], plan.timeout) == ({}, [], 7)
        # However short the wait at the end: EC2 stops no pending instance.
        assert plan.awaits == {"ec2:StopInstances": "running"}

    def test_the_default_request(self):
        tags = [{"Key": "Name", "Value": "box"}, {"Key": "sky.aws/managed-by", "Value": "sky.aws"}]
        [step] = self.plan().steps
        assert {key: value for key, value in step.arguments.items() if key != "ClientToken"} == {
            "ImageId": AMI,
            "InstanceType": "t3.micro",
            "MinCount": 1,
            "MaxCount": 1,
            "SubnetId": SUBNETS[0]["SubnetId"],
            "IamInstanceProfile": {"Name": "skypilot-v1"},
            "BlockDeviceMappings": [
                {
                    "DeviceName": "/dev/xvda",
                    "Ebs": {"VolumeType": "gp3", "DeleteOnTermination": True, "VolumeSize": 8, "Encrypted": True},
                }
            ],
            "MetadataOptions": {
                "HttpTokens": "required",
                "HttpEndpoint": "enabled",
                "InstanceMetadataTags": "disabled",
            },
            "TagSpecifications": [
                {"ResourceType": "instance", "Tags": tags},
                {"ResourceType": "volume", "Tags": tags},
            ],
        }

    def test_every_option_reaches_the_request(self):
        groups = [{"GroupId": "sg-1", "GroupName": "web"}, {"GroupId": "sg-2"}]
        plan = self.plan(
            found(site=Site(IMAGE, SUBNETS, groups)),
            security_groups=["web", "sg-aaaaaaaa"],
            instance_profile="",
            key_name="key",
            user_data="#!/bin/sh",
            spot=True,
            tags={"team": "ml", "Name": "box"},
            metadata_options={"http_tokens": "optional", "http_put_response_hop_limit": 2},
            volume={"size": 20, "type": "io2", "iops": 500, "encrypted": False, "delete_on_termination": False},
        )
        request = plan.steps[0].arguments
        assert "IamInstanceProfile" not in request
        assert request["SecurityGroupIds"] == ["sg-1", "sg-2"]
        assert (request["KeyName"], request["UserData"]) == ("key", "#!/bin/sh")
        assert request["InstanceMarketOptions"] == {"MarketType": "spot"}
        assert {"Key": "team", "Value": "ml"} in request["TagSpecifications"][1]["Tags"]
        assert request["MetadataOptions"]["HttpPutResponseHopLimit"] == 2
        assert request["BlockDeviceMappings"][0]["Ebs"] == {
            "VolumeType": "io2",
            "DeleteOnTermination": False,
            "VolumeSize": 20,
            "Iops": 500,
        }

    def test_kms_key_and_throughput_reach_the_request(self):
        plan = self.plan(volume={"kms_key_id": "alias/ours", "throughput": 200})
        ebs = plan.steps[0].arguments["BlockDeviceMappings"][0]["Ebs"]
        assert (ebs["KmsKeyId"], ebs["Throughput"], ebs["Encrypted"]) == ("alias/ours", 200, True)

    def test_predicted_facts(self):
        facts = self.plan(tags={"team": "ml"}).facts["instance"]
        decided_by_ec2 = ("instance_id", "private_ip_address", "public_ip_address", "launch_time")
        unknown = dict.fromkeys([*decided_by_ec2, "security_groups", "key_name"])
        assert facts == {
            **unknown,
            "name": "box",
            "state": "running",
            "instance_type": "t3.micro",
            "image_id": AMI,
            "vpc_id": "vpc-1",
            "subnet_id": SUBNETS[0]["SubnetId"],
            "availability_zone": "eu-west-1b",
            "iam_instance_profile": "arn:aws:iam::111111111111:instance-profile/skypilot-v1",
            "metadata_options": {
                "http_tokens": "required",
                "http_endpoint": "enabled",
                "http_put_response_hop_limit": None,
                "instance_metadata_tags": "disabled",
            },
            "spot": False,
            "tags": {"Name": "box", "sky.aws/managed-by": "sky.aws", "team": "ml"},
            "client_token": facts["client_token"],
        }

    def test_user_data_is_nowhere_to_be_seen(self):
        assert instance.spec["user_data"]["no_log"]
        plan = self.plan(user_data="open sesame")
        assert "sesame" not in repr([plan.before, plan.after, plan.facts, [step.shown() for step in plan.steps]])

    def test_without_an_image_it_names_the_options(self):
        with pytest.raises(
            SkyError, match="image_id: instance box does not exist in account 111111111111, region eu-west-1"
        ):
            instance.plan(found(), options(), ME)

    @pytest.mark.parametrize("state", ["shutting-down", "terminated"])
    def test_one_that_goes_does_not_count_and_its_token_is_spent(self, state):
        first = self.plan().steps[0].arguments["ClientToken"]
        plan = self.plan(found(described(state, token=first), image_id=AMI, site=SITE))
        assert apis(plan) == ["RunInstances"]
        assert plan.steps[0].arguments["ClientToken"] != first


class Answers:
    """An account of which only DescribeImages is asked, with one image as the answer."""

    account_id, region = ME.account_id, REGION

    def __init__(self, **image):
        self.image = {**IMAGE, "State": "available", "RootDeviceType": "ebs", **image}

    def call(self, api, *_, **__):
        assert api == "ec2:DescribeImages"
        return {"Images": [self.image]}


class TestImage:
    @pytest.mark.parametrize(
        ("image", "says"),
        [
            ({"State": "pending"}, f"image_id: {AMI} is not available to account 111111111111 in region eu-west-1"),
            ({"RootDeviceType": "instance-store"}, f"image_id: {AMI} has no EBS root volume"),
        ],
    )
    def test_one_that_will_not_do(self, image, says):
        with pytest.raises(SkyError, match=says):
            site.look(Answers(**image), options(image_id=AMI), AMI)


class TestTokens:
    def launch(self, spent=(), scope=(ME.account_id, REGION, "box"), **request):
        return Launch("box", {"ImageId": AMI, **request}, ["subnet-1", "subnet-2"], scope, frozenset(spent))

    def tokens(self, launch, subnet_id="subnet-1"):
        return [request["ClientToken"] for request in launch.requests(subnet_id)]

    def test_they_are_stable_bounded_and_differ(self):
        tokens = self.tokens(self.launch())
        assert tokens == self.tokens(self.launch())
        assert len(set(tokens)) == len(tokens) == MAX_TOKENS

    def test_everything_that_is_asked_for_makes_another_token(self):
        launches = [
            self.launch(),
            self.launch(UserData="x"),
            self.launch(scope=("222222222222", REGION, "box")),
            self.launch(scope=(ME.account_id, "us-east-1", "box")),
            self.launch(scope=(ME.account_id, REGION, "other")),
        ]
        tokens = [self.tokens(launch, subnet)[0] for launch in launches for subnet in ("subnet-1", "subnet-2")]
        assert len(set(tokens)) == len(tokens)

    def test_the_counter_starts_past_spent_tokens(self):
        tokens = self.tokens(self.launch())
        assert self.tokens(self.launch(spent=tokens[:2]))[: MAX_TOKENS - 2] == tokens[2:]

    @given(st.text(), st.sets(st.integers(0, MAX_TOKENS - 1)))
    def test_ec2_takes_them_and_none_is_spent(self, user_data, used):
        every = self.tokens(self.launch(UserData=user_data))
        spent = {every[index] for index in used}
        tokens = self.tokens(self.launch(spent, UserData=user_data))
        assert not spent.intersection(tokens)
        assert all(token.isascii() and len(token) <= 64 and token.startswith("sky-aws-") for token in tokens)


class TestPresent:
    def plan(self, *instances, image_id=None, **given_options):
        return instance.plan(found(*instances, image_id=image_id), options(**given_options), ME)

    @pytest.mark.parametrize(
        ("current", "wanted", "steps", "awaits", "reached"),
        [
            ("pending", "running", [], {}, "pending"),
            ("running", "running", [], {}, "running"),
            ("stopping", "running", ["StartInstances"], {"ec2:StartInstances": "stopped"}, "running"),
            ("stopped", "running", ["StartInstances"], {}, "running"),
            ("pending", "stopped", ["StopInstances"], {"ec2:StopInstances": "running"}, "stopped"),
            ("running", "stopped", ["StopInstances"], {}, "stopped"),
            ("stopping", "stopped", [], {}, "stopping"),
            ("stopped", "stopped", [], {}, "stopped"),
        ],
    )
    def test_states(self, current, wanted, steps, awaits, reached):
        plan = self.plan(described(current), state=wanted)
        assert (apis(plan), plan.awaits, plan.facts["instance"]["state"]) == (steps, awaits, reached)
        assert plan.final == (wanted if steps else None)
        assert (plan.before == plan.after) == (not steps)

    @pytest.mark.parametrize(
        ("current", "wanted", "reached"), [("stopped", "running", "pending"), ("running", "stopped", "stopping")]
    )
    def test_without_wait_the_state_is_on_its_way(self, current, wanted, reached):
        plan = self.plan(described(current), state=wanted, wait=False)
        assert (plan.facts["instance"]["state"], plan.final) == (reached, None)
        assert plan.facts["instance"]["public_ip_address"] is None

    def test_a_no_change_plan_has_the_instance_as_it_is(self):
        plan = self.plan(described())
        assert plan.facts["instance"]["public_ip_address"] == "198.51.100.7"
        assert (plan.steps, plan.facts["drift"]) == ([], [])

    def test_tags_are_added_and_corrected(self):
        plan = self.plan(described(tags={**OURS, "team": "old", "theirs": "x"}), tags={"team": "ml", "keep": True})
        [step] = plan.steps
        assert step.api == "ec2:CreateTags"
        assert step.arguments == {
            "Resources": ["i-1"],
            "Tags": [{"Key": "keep", "Value": "true"}, {"Key": "team", "Value": "ml"}],
        }
        assert plan.facts["instance"]["tags"] == {**OURS, "team": "ml", "keep": "true", "theirs": "x"}

    def test_purge_leaves_the_name_ours_and_those_of_aws(self):
        tags = {**OURS, "aws:ec2:x": "y", "theirs": "x"}
        plan = self.plan(described(tags=tags), purge_tags=True)
        [step] = plan.steps
        assert (step.api, step.arguments["Tags"]) == ("ec2:DeleteTags", [{"Key": "theirs"}])
        assert plan.facts["instance"]["tags"] == {**OURS, "aws:ec2:x": "y"}

    def test_imdsv2_is_put_back_and_the_rest_stays(self):
        plan = self.plan(described(MetadataOptions={**IMDS, "HttpTokens": "optional"}))
        [step] = plan.steps
        assert step.api == "ec2:ModifyInstanceMetadataOptions"
        assert step.arguments == {
            "InstanceId": "i-1",
            "HttpTokens": "required",
            "HttpEndpoint": "enabled",
            "HttpPutResponseHopLimit": 2,
        }
        assert plan.facts["instance"]["metadata_options"]["http_tokens"] == "required"

    def test_a_declared_hop_limit_is_kept(self):
        plan = self.plan(described(), metadata_options={"http_put_response_hop_limit": 3})
        assert plan.steps[0].arguments["HttpPutResponseHopLimit"] == 3

    @pytest.mark.parametrize(("current", "settled"), [("pending", "running"), ("stopping", "stopped")])
    def test_metadata_waits_for_a_settled_state(self, current, settled):
        plan = self.plan(described(current, MetadataOptions={}), state=settled)
        assert apis(plan) == ["ModifyInstanceMetadataOptions"]
        assert (plan.awaits, plan.facts["instance"]["state"]) == (
            {"ec2:ModifyInstanceMetadataOptions": settled},
            settled,
        )
        assert plan.final is None

    def test_the_order_is_tags_metadata_state(self):
        plan = self.plan(described("stopping", MetadataOptions={}), tags={"a": "b"})
        assert apis(plan) == ["CreateTags", "ModifyInstanceMetadataOptions", "StartInstances"]
        assert plan.awaits == {"ec2:ModifyInstanceMetadataOptions": "stopped"}

    @pytest.mark.parametrize(
        ("changes", "given_options", "aspect", "declared", "seen"),
        [
            ({"InstanceType": "m5.large"}, {}, "instance_type", "t3.micro", "m5.large"),
            ({"IamInstanceProfile": {"Arn": "arn:x/other"}}, {}, "instance_profile", "skypilot-v1", "other"),
            ({"IamInstanceProfile": {}}, {}, "instance_profile", "skypilot-v1", ""),
            ({}, {"instance_profile": ""}, "instance_profile", "", "skypilot-v1"),
            ({"InstanceLifecycle": "spot"}, {}, "spot", False, True),
            ({}, {"spot": True}, "spot", True, False),
            ({}, {"key_name": "key"}, "key_name", "key", None),
            ({}, {"subnet_ids": ["subnet-cccccccc"]}, "subnet_ids", ["subnet-cccccccc"], SUBNETS[0]["SubnetId"]),
            ({}, {"networks": looked_up("subnet-cccccccc")}, "subnet_ids", ["subnet-cccccccc"], SUBNETS[0]["SubnetId"]),
            ({}, {"security_groups": ["web"]}, "security_groups", ["web"], ["default"]),
            ({}, {"security_groups": ["default", "web"]}, "security_groups", ["default", "web"], ["default"]),
        ],
    )
    def test_drift_is_reported_and_left(self, changes, given_options, aspect, declared, seen):
        plan = self.plan(described(**changes), **given_options)
        assert plan.steps == []
        assert plan.facts["drift"] == [{"aspect": aspect, "declared": declared, "found": seen}]

    def test_another_image_is_drift(self):
        plan = self.plan(described(), image_id=NEW_AMI)
        assert (plan.steps, plan.facts["drift"]) == ([], [{"aspect": "image_id", "declared": NEW_AMI, "found": AMI}])

    @pytest.mark.parametrize(
        "given_options",
        [
            {"security_groups": ["default"]},
            {"security_groups": ["sg-1111aaaa"]},
            {"subnet_ids": [subnet["SubnetId"] for subnet in SUBNETS]},
            {"networks": looked_up(*(subnet["SubnetId"] for subnet in SUBNETS))},
            {"networks": looked_up("subnet-cccccccc", region="us-west-2")},
            {"networks": looked_up("subnet-cccccccc"), "vpc_name": "research"},
        ],
    )
    def test_no_drift(self, given_options):
        assert self.plan(described(), image_id=AMI, **given_options).facts["drift"] == []

    def test_a_spot_instance_cannot_be_stopped(self):
        with pytest.raises(SkyError, match=r"state: instance box \(i-1\) is a spot instance"):
            self.plan(described(InstanceLifecycle="spot"), state="stopped")


class TestAbsent:
    def plan(self, *instances, **given_options):
        return instance.plan(found(*instances), options(state="absent", **given_options), ME)

    @pytest.mark.parametrize("state", ["pending", "running", "stopping", "stopped"])
    def test_a_live_one_is_terminated(self, state):
        plan = self.plan(described(state), described("terminated", InstanceId="i-0"))
        assert apis(plan) == ["TerminateInstances"]
        assert plan.steps[0].arguments == {"InstanceIds": ["i-1"]}
        assert (plan.facts, plan.after, plan.final) == ({"instance": None, "drift": []}, {}, "terminated")
        assert plan.before["instance"]["state"] == state

    def test_without_wait_nothing_is_awaited(self):
        assert self.plan(described(), wait=False).final is None

    @pytest.mark.parametrize("instances", [(), (described("shutting-down"),), (described("terminated"),)])
    def test_nothing_to_do(self, instances):
        plan = self.plan(*instances)
        assert (plan.steps, plan.facts) == ([], {"instance": None, "drift": []})


class TestWhose:
    FOREIGN = {
        "by hand": (described(token="", tags={"Name": "box"}, KeyName="bob"), "made otherwise .*key pair bob"),
        "SkyPilot": (
            described(token="uuid", tags={"Name": "box", "skypilot-cluster-name": "train", "skypilot-user": "eve"}),
            "SkyPilot's cluster train of user eve",
        ),
        "tagged as ours": (described(token="uuid"), "somebody gave it the tag sky.aws/managed-by"),
        "tag lost": (described(tags={"Name": "box"}), "it lost its tag .* give it the tag sky.aws/managed-by=sky.aws"),
    }

    @pytest.mark.parametrize(("kind", "state"), list(itertools.product(FOREIGN, ["running", "stopped", "absent"])))
    def test_a_foreign_one_stops_everything(self, kind, state):
        foreign, says = self.FOREIGN[kind]
        with pytest.raises(
            SkyError, match=rf"instance box \(i-1, running\) in account 1{{12}}, region {REGION}.*{says}"
        ):
            instance.plan(found(foreign), options(state=state), ME)

    @pytest.mark.parametrize("state", ["running", "stopped", "absent"])
    def test_two_live_ones_are_listed(self, state):
        pair = (described("stopped", InstanceId="i-2"), described(), described("terminated", InstanceId="i-3"))
        with pytest.raises(SkyError, match=r"2 live instances are named box .*: i-1 \(running\), i-2 \(stopped\);"):
            instance.plan(found(*pair), options(state=state), ME)

    def test_a_foreign_one_that_is_gone_is_nobody(self):
        gone = described("terminated", token="uuid", tags={"Name": "box"})
        plan = instance.plan(found(gone, image_id=AMI, site=SITE), options(image_id=AMI), ME)
        assert apis(plan) == ["RunInstances"]
