# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups in VPCs of an account: made, drifted, foreign, half-made, gone; the steps are what the server sees."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._resources.network import RESOURCE as network
from ansible_collections.sky.aws.plugins.module_utils._resources.security_group import RESOURCE as security_group
from ansible_collections.sky.aws.tests.unit.sandbox import fresh_account_id
from ansible_collections.sky.aws.tests.unit.security_group_scene import ANYWHERE, NAME, OURS, GroupSandbox, shown

REGIONS = ("us-east-1", "us-west-2")


@pytest.fixture
def scene(emulator, account_id):
    scene = GroupSandbox(emulator, account_id)
    yield scene
    emulator.clear_faults()


@pytest.fixture
def here(scene):
    """The options for the default VPC of one region."""
    return {"name": NAME, "networks": [scene.network()]}


@pytest.fixture
def made(scene, here):
    scene.run(security_group, **here)
    assert scene.names
    return scene


def as_skypilot_needs_it(group: t.Mapping[str, t.Any]) -> bool:
    ingress = [f"-1 None-None {group['GroupId']}", "tcp 22-22 0.0.0.0/0"]
    egress = ["-1 None-None 0.0.0.0/0"]
    return (shown(group["IpPermissions"]), shown(group["IpPermissionsEgress"])) == (ingress, egress)


class TestMade:
    def test_with_the_rules_that_skypilot_needs(self, scene, here):
        done = scene.converge(security_group, **here, tags={"team": "ml"})
        assert scene.apis(done) == ["CreateSecurityGroup", "AuthorizeSecurityGroupIngress"]
        group = scene.group()
        assert as_skypilot_needs_it(group)
        assert {tag["Key"]: tag["Value"] for tag in group["Tags"]} == {**OURS, "team": "ml"}
        assert done["security_groups"][0]["group_id"] == group["GroupId"]

    def test_with_everything(self, scene, here):
        sources = ["203.0.113.0/24", "2001:db8::/32"]
        done = scene.converge(security_group, **here, ssh_sources=sources, efa=True, description="research")
        assert scene.apis(done) == [
            "CreateSecurityGroup",
            "AuthorizeSecurityGroupIngress",
            "AuthorizeSecurityGroupEgress",
        ]
        group = scene.group()
        itself = f"-1 None-None {group['GroupId']}"
        assert shown(group["IpPermissions"]) == [itself, "tcp 22-22 2001:db8::/32", "tcp 22-22 203.0.113.0/24"]
        assert shown(group["IpPermissionsEgress"]) == ["-1 None-None 0.0.0.0/0", itself]
        assert group["Description"] == "research"

    def test_what_the_check_foretold(self, scene, here):
        [checked] = scene.run(security_group, check_mode=True, **here)["security_groups"]
        [done] = scene.run(security_group, **here)["security_groups"]
        assert checked["group_id"] is None
        assert checked["ip_permissions"][0]["user_id_group_pairs"] == [{"group_id": None}]
        assert done["ip_permissions"][0]["user_id_group_pairs"] == [{"group_id": done["group_id"]}]
        changing = {"group_id", "ip_permissions"}
        assert {k: v for k, v in checked.items() if k not in changing} == {
            k: v for k, v in done.items() if k not in changing
        }

    def test_facts_are_then_those_that_are_read(self, scene, here):
        given_options = {**here, "tags": {"group_id": "1"}, "efa": True}
        done = scene.run(security_group, **given_options)
        assert done["security_groups"] == scene.run(security_group, **given_options)["security_groups"]

    def test_reading_costs_one_call(self, made, here):
        made.emulator.clear_log()
        made.run(security_group, **here)
        assert [call["api"] for call in made.emulator.calls(made.account_id)] == ["ec2:DescribeSecurityGroups"]

    def test_a_new_group_is_awaited(self, scene, here):
        scene.run(security_group, check_mode=True, **here)
        scene.emulator.clear_log()
        scene.run(security_group, **here)
        assert [call["api"].partition(":")[2] for call in scene.emulator.calls(scene.account_id)] == [
            "DescribeSecurityGroups",
            "CreateSecurityGroup",
            "DescribeSecurityGroups",
            "AuthorizeSecurityGroupIngress",
        ]

    def test_no_network_is_nothing_to_do(self, scene):
        done = scene.converge(security_group, name=NAME, networks=[])
        assert (done["security_groups"], done["drift"]) == ([], [])

    def test_another_name_beside_it(self, made, here):
        done = made.converge(security_group, **{**here, "name": "skypilot*"})
        assert made.apis(done)[0] == "CreateSecurityGroup"
        assert made.converge(security_group, **{**here, "name": "sky*"})["steps"] != []


class TestSeveralVpcs:
    @pytest.fixture
    def everywhere(self, scene):
        scene.several = True
        return {"name": NAME, "networks": [scene.network(region) for region in REGIONS]}

    def test_one_in_each(self, scene, everywhere):
        done = scene.converge(security_group, **everywhere)
        targets = [f"{item['region']}/{item['vpc_id']}/{NAME}" for item in everywhere["networks"]]
        calls = ("ec2:CreateSecurityGroup", "ec2:AuthorizeSecurityGroupIngress")
        assert done["steps"] == [{"api": api, "target": target} for target in targets for api in calls]
        assert all(as_skypilot_needs_it(scene.group(region)) for region in REGIONS)
        assert [item["region"] for item in done["security_groups"]] == list(REGIONS)

    def test_only_where_it_is_missing(self, scene, here, everywhere):
        scene.run(security_group, **here)
        done = scene.converge(security_group, **everywhere)
        assert {step["target"].partition("/")[0] for step in done["steps"]} == {"us-west-2"}

    def test_two_vpcs_of_a_region_cost_one_call(self, scene, here):
        scene.several = True
        vpc_id = scene.ec2().create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        both = {"name": NAME, "networks": [*here["networks"], {"region": "us-east-1", "vpc_id": vpc_id}]}
        assert len(scene.converge(security_group, **both)["steps"]) == 4
        scene.emulator.clear_log()
        scene.run(security_group, **both)
        assert len(scene.emulator.calls(scene.account_id)) == 1
        assert as_skypilot_needs_it(scene.group(vpc_id=vpc_id))

    def test_what_the_look_up_found(self, scene):
        scene.several = True
        for region in REGIONS:
            scene.emulator.internet(scene.account_id, region)
        networks = scene.run(network, regions=list(REGIONS))["networks"]
        done = scene.converge(security_group, name=NAME, networks=networks)
        assert len(done["steps"]) == 4

    def test_every_region_that_cannot_be_read_has_its_line(self, scene, everywhere):
        account = {"account": scene.account_id}
        scene.emulator.fault("ec2:DescribeSecurityGroups", "UnauthorizedOperation", status=403, times=2, **account)
        with pytest.raises(SkyError) as caught:
            scene.run(security_group, **everywhere)
        assert caught.value.message.count("allow ec2:DescribeSecurityGroups for") == 2
        assert len(caught.value.message.splitlines()) == 2

    def test_gone_everywhere(self, scene, everywhere):
        scene.run(security_group, **everywhere)
        assert scene.names
        done = scene.converge(security_group, **everywhere, state="absent")
        assert scene.apis(done) == ["DeleteSecurityGroup"] * 2
        assert (done["security_groups"], scene.group()) == ([], None)


class TestDrift:
    """What a person, or SkyPilot for a task with ports, changed by hand is put right."""

    def test_a_rule_missing(self, made, here):
        group_id = made.group()["GroupId"]
        made.ec2().revoke_security_group_ingress(GroupId=group_id, IpPermissions=[ANYWHERE])
        assert made.apis(made.converge(security_group, **here)) == ["AuthorizeSecurityGroupIngress"]
        assert as_skypilot_needs_it(made.group())

    def test_rules_that_nobody_declared(self, made, here):
        group_id = made.group()["GroupId"]
        http = {**ANYWHERE, "FromPort": 80, "ToPort": 80, "PrefixListIds": [{"PrefixListId": "pl-12345678"}]}
        other = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": made.by_hand(name="other")}]}
        made.ec2().authorize_security_group_ingress(GroupId=group_id, IpPermissions=[http, other])
        made.ec2().authorize_security_group_egress(GroupId=group_id, IpPermissions=[http])
        done = made.converge(security_group, **here)
        assert made.apis(done) == ["RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress"]
        assert as_skypilot_needs_it(made.group())
        assert "tcp 80 from 0.0.0.0/0" in str(done["diff"]["before"])

    def test_other_sources(self, made, here):
        done = made.converge(security_group, **here, ssh_sources=["203.0.113.0/24"])
        assert made.apis(done) == ["AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"]

    def test_efa_comes_and_goes(self, made, here):
        assert made.apis(made.converge(security_group, **here, efa=True)) == ["AuthorizeSecurityGroupEgress"]
        assert made.apis(made.converge(security_group, **here)) == ["RevokeSecurityGroupEgress"]
        assert as_skypilot_needs_it(made.group())

    def test_nothing_out(self, made, here):
        everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        made.ec2().revoke_security_group_egress(GroupId=made.group()["GroupId"], IpPermissions=everything)
        assert made.apis(made.converge(security_group, **here)) == ["AuthorizeSecurityGroupEgress"]

    def test_tags(self, made, here):
        foreign = [{"Key": "x", "Value": "1"}, {"Key": "team", "Value": "a"}]
        made.ec2().create_tags(Resources=[made.group()["GroupId"]], Tags=foreign)
        done = made.converge(security_group, **here, tags={"team": "b"}, purge_tags=True)
        assert made.apis(done) == ["CreateTags", "DeleteTags"]
        assert done["security_groups"][0]["tags"] == {**OURS, "team": "b"}

    def test_the_description_stays(self, made, here):
        done = made.converge(security_group, **here, description="other")
        assert [(item["aspect"], item["declared"]) for item in done["drift"]] == [("description", "other")]


class TestHalfMade:
    """A run that was killed, or refused, after the group was made and before its rules were."""

    def test_a_refused_rule_leaves_what_the_next_run_finishes(self, scene, here):
        scene.emulator.fault("ec2:AuthorizeSecurityGroupIngress", "UnauthorizedOperation", status=403)
        with pytest.raises(SkyError) as caught:
            scene.run(security_group, **here)
        assert caught.value.steps == [{"api": "ec2:CreateSecurityGroup", "target": NAME}]
        assert f"Not done: ec2:AuthorizeSecurityGroupIngress {NAME}" in caught.value.message
        done = scene.converge(security_group, **here)
        assert scene.apis(done) == ["AuthorizeSecurityGroupIngress"]
        assert as_skypilot_needs_it(scene.group())

    def test_a_lost_answer(self, scene, here):
        scene.by_hand(tags=OURS)
        assert scene.apis(scene.converge(security_group, **here)) == ["AuthorizeSecurityGroupIngress"]

    def test_the_slower_run_goes_on_from_where_the_faster_one_is(self, scene, here):
        """The name is taken between look and write; then a rule is there, and one to be revoked is gone."""
        scene.emulator.fault("ec2:CreateSecurityGroup", "InvalidGroup.Duplicate", account=scene.account_id)
        assert scene.apis(scene.run(security_group, **here)) == ["CreateSecurityGroup", "AuthorizeSecurityGroupIngress"]
        for verb, code in (("Authorize", "InvalidPermission.Duplicate"), ("Revoke", "InvalidPermission.NotFound")):
            source = "10.0.0.0/8" if verb == "Authorize" else "192.0.2.0/24"
            scene.emulator.fault(f"ec2:{verb}SecurityGroupIngress", code, account=scene.account_id)
            done = scene.run(security_group, **here, ssh_sources=[source])
            assert scene.apis(done) == ["AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"]


class TestForeign:
    def test_one_as_declared_is_left_in_peace(self, scene, here):
        group_id = scene.by_hand(ANYWHERE)
        itself = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group_id}]}]
        scene.ec2().authorize_security_group_ingress(GroupId=group_id, IpPermissions=itself)
        done = scene.converge(security_group, **here)
        assert (done["steps"], done["drift"], scene.warnings) == ([], [], [])

    def test_kept_with_a_warning_about_what_is_missing(self, scene, here):
        scene.by_hand({**ANYWHERE, "FromPort": 80, "ToPort": 80})
        done = scene.converge(security_group, **here, tags={"team": "ml"})
        where = f"us-east-1/{scene.vpc_id()}"
        assert done["steps"] == []
        assert done["drift"] == [
            {
                "aspect": "ingress",
                "declared": ["all from itself", "tcp 22 from 0.0.0.0/0"],
                "found": ["tcp 80 from 0.0.0.0/0"],
                "network": where,
            },
            {"aspect": "tags", "declared": {"team": "ml"}, "found": {"team": None}, "network": where},
        ]
        [warning, _drift] = scene.warnings
        assert warning.startswith(
            f"security group skypilot in {where} lacks what SkyPilot's machines need (all from itself, tcp 22 from "
        )

    def test_one_with_more_than_declared_is_kept_and_lacks_nothing(self, scene, here):
        group_id = scene.by_hand(ANYWHERE, {**ANYWHERE, "FromPort": 80, "ToPort": 80})
        itself = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group_id}]}]
        scene.ec2().authorize_security_group_ingress(GroupId=group_id, IpPermissions=itself)
        done = scene.converge(security_group, **here)
        assert [item["aspect"] for item in done["drift"]] == ["ingress"]
        assert scene.warnings == ["security group skypilot differs from what is declared: ingress"]

    def test_converge_leaves_it_foreign(self, scene, here):
        scene.by_hand({**ANYWHERE, "FromPort": 80, "ToPort": 80})
        done = scene.converge(security_group, **here, existing="converge", tags={"team": "ml"})
        assert scene.apis(done) == ["AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress", "CreateTags"]
        assert as_skypilot_needs_it(scene.group())
        assert done["security_groups"][0]["tags"] == {"team": "ml"}

    def test_fail(self, scene, here):
        scene.by_hand()
        scene.emulator.clear_log()
        with pytest.raises(SkyError, match=r"security group skypilot in us-east-1/vpc-\w+ exists and was not made by"):
            scene.run(security_group, **here, existing="fail")
        assert scene.writes() == []

    def test_absent_leaves_it(self, scene, here):
        scene.by_hand()
        done = scene.converge(security_group, **here, state="absent")
        assert [item["aspect"] for item in done["drift"]] == ["state"]
        assert "left in place" in scene.warnings[0]


class TestAbsent:
    def test_ours(self, made, here):
        done = made.converge(security_group, **here, state="absent")
        assert done["steps"] == [{"api": "ec2:DeleteSecurityGroup", "target": NAME}]
        assert made.group() is None

    def test_gone_already(self, scene, here):
        done = scene.converge(security_group, **here, state="absent")
        assert (done["security_groups"], done["drift"]) == ([], [])

    def test_in_use(self, made, here):
        made.emulator.fault("ec2:DeleteSecurityGroup", "DependencyViolation", "resource sg-1 has a dependent object")
        with pytest.raises(SkyError) as caught:
            made.run(security_group, **here, state="absent")
        assert caught.value.message == (
            f"ec2:DeleteSecurityGroup on skypilot in account {made.account_id} failed with DependencyViolation: resource "
            "sg-1 has a dependent object. To mend it: remove what still uses it first (instances, rules of other security "
            "groups)."
        )


tags = st.dictionaries(st.sampled_from(["team", "a"]), st.sampled_from(["", "1"]), max_size=2)
sources = st.lists(
    st.sampled_from(["0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "2001:db8::/32"]), unique=True, max_size=3
)
starts = st.fixed_dictionaries(
    {
        "owner": st.sampled_from([OURS, {}]),
        "tags": tags,
        "ssh": sources,
        "web": st.booleans(),
        "itself": st.booleans(),
        "out": st.booleans(),
    }
)
options = st.fixed_dictionaries(
    {
        "state": st.sampled_from(["present", "present", "present", "absent"]),
        "ssh_sources": sources,
        "efa": st.booleans(),
        "existing": st.sampled_from(["keep", "converge"]),
        "tags": tags,
        "purge_tags": st.booleans(),
        "description": st.sampled_from([None, "by hand", "x"]),
    }
)


@pytest.fixture(scope="module")
def account(emulator):
    """One account for all examples; each has a name of its own."""
    return GroupSandbox(emulator, fresh_account_id())


@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(start=st.none() | starts, options=options, number=st.integers(0, 10**12))
def test_from_any_state_to_any_declaration(account, start, options, number):
    name = f"group-{number}-{len(account.names)}"
    if start:
        ranges = {
            "IpRanges": [{"CidrIp": cidr} for cidr in start["ssh"] if ":" not in cidr],
            "Ipv6Ranges": [{"CidrIpv6": cidr} for cidr in start["ssh"] if ":" in cidr],
        }
        permissions = [{**ANYWHERE, **ranges}] if start["ssh"] else []
        if start["web"]:
            permissions.append({**ANYWHERE, "FromPort": 80, "ToPort": 443})
        group_id = account.by_hand(*permissions, tags={**start["owner"], **start["tags"]}, name=name)
        itself = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group_id}]}]
        if start["itself"]:
            account.ec2().authorize_security_group_ingress(GroupId=group_id, IpPermissions=itself)
        if not start["out"]:
            everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
            account.ec2().revoke_security_group_egress(GroupId=group_id, IpPermissions=everything)
    assert account.names
    account.converge(security_group, name=name, networks=[account.network()], **options)
