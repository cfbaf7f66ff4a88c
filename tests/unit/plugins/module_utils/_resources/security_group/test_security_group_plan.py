# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of security groups: options refused, VPCs taken from networks, current and declared in, steps and drift out."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._identity import Identity
from ansible_collections.sky.aws.plugins.module_utils._resources.security_group import RESOURCE as security_group
from ansible_collections.sky.aws.plugins.module_utils._resources.security_group.places import Place, places
from ansible_collections.sky.aws.plugins.module_utils._skypilot import plain_yaml
from ansible_collections.sky.aws.tests.unit.sandbox import params
from ansible_collections.sky.aws.tests.unit.strategies import steady

ME = Identity("111122223333", "aws", "arn:aws:iam::111122223333:user/me")
OURS = {"sky.aws/managed-by": "sky.aws"}
HERE = Place("us-east-1", "vpc-0a1b2c3d4e5f60718")
THERE = Place("us-west-2", "vpc-0a1b2c3d")
ID = "sg-0a1b2c3d4e5f60718"
ITSELF = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": ID}]}
SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
WEB = {**SSH, "FromPort": 80, "ToPort": 80}
OUT = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def network(place: Place) -> dict[str, str]:
    return {"region": place.region, "vpc_id": place.vpc_id}


def given_options(**options: t.Any) -> dict[str, t.Any]:
    return params(security_group, **{"name": "skypilot", "networks": [network(HERE)], **options})


def a_group(
    *ingress: t.Any, egress: t.Any = (OUT,), tags: t.Mapping[str, str] = OURS, **more: t.Any
) -> dict[str, t.Any]:
    return {
        "GroupId": ID,
        "GroupName": "skypilot",
        "Description": "x",
        "OwnerId": "111122223333",
        "VpcId": HERE.vpc_id,
        "IpPermissions": list(ingress or (ITSELF, SSH)),
        "IpPermissionsEgress": list(egress),
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        **more,
    }


def plan(*groups: dict[str, t.Any] | None, **options: t.Any):
    return security_group.plan(dict(zip((HERE, THERE), groups, strict=False)), given_options(**options), ME)


CREATED = ["CreateSecurityGroup", "AuthorizeSecurityGroupIngress"]
HALF = a_group(IpPermissions=[])


@pytest.mark.parametrize(
    ("group", "options", "expected"),
    [
        (None, {}, CREATED),
        (None, {"efa": True}, [*CREATED, "AuthorizeSecurityGroupEgress"]),
        (None, {"ssh_sources": []}, CREATED),
        (None, {"existing": "fail"}, CREATED),
        (None, {"state": "absent"}, []),
        (a_group(), {}, []),
        (a_group(), {"existing": "fail"}, []),
        (HALF, {}, ["AuthorizeSecurityGroupIngress"]),
        (a_group(ITSELF, SSH, WEB), {}, ["RevokeSecurityGroupIngress"]),
        (a_group(egress=()), {}, ["AuthorizeSecurityGroupEgress"]),
        (a_group(egress=(OUT, WEB)), {}, ["RevokeSecurityGroupEgress"]),
        (a_group(), {"description": "y"}, []),
        (a_group(), {"tags": {"team": "ml"}}, ["CreateTags"]),
        (a_group(tags={**OURS, "x": "1"}), {"purge_tags": True}, ["DeleteTags"]),
        (a_group(), {"state": "absent"}, ["DeleteSecurityGroup"]),
        (a_group(WEB, tags={}), {}, []),
        (a_group(WEB, tags={}), {"existing": "converge"}, [CREATED[1], "RevokeSecurityGroupIngress"]),
        (a_group(tags={}), {"state": "absent"}, []),
    ],
)
def test_steps(group, options, expected):
    assert [step.api.removeprefix("ec2:") for step in plan(group, **options).steps] == expected


def test_one_vpc_is_told_by_the_name_and_several_by_all_that_tells_them_apart():
    assert {step.target for step in plan(None).steps} == {"skypilot"}
    both = plan(None, None)
    assert [(step.target, step.region) for step in both.steps] == [
        (f"{place}/skypilot", place.region) for place in (HERE, THERE) for _call in CREATED
    ]
    assert list(both.after) == [f"security_group {HERE}", f"security_group {THERE}"]
    assert both.before == {}


def test_a_new_group_is_tagged_where_it_is_made():
    [create, _authorize] = plan(None, tags={"team": "ml"}).steps
    [tagged] = create.arguments["TagSpecifications"]
    assert tagged["ResourceType"] == "security-group"
    assert {tag["Key"]: tag["Value"] for tag in tagged["Tags"]} == {**OURS, "team": "ml"}


@pytest.mark.parametrize(
    ("group", "options", "aspects"),
    [
        (a_group(WEB, tags={}), {}, ["ingress"]),
        (a_group(tags={}, egress=()), {"description": "y", "tags": {"a": "1"}}, ["description", "egress", "tags"]),
        (a_group(tags={}), {}, []),
        (a_group(), {"description": "y"}, ["description"]),
        (a_group(tags={}), {"state": "absent"}, ["state"]),
    ],
)
def test_drift(group, options, aspects):
    found = plan(group, **options)
    assert [item["aspect"] for item in found.facts["drift"]] == aspects
    assert found.before == found.after


def test_fail_stops_before_any_write():
    with pytest.raises(
        SkyError, match="security group skypilot in us-west-2/vpc-0a1b2c3d exists and was not made by this"
    ):
        plan(None, a_group(tags={}), existing="fail")


permissions = st.lists(
    st.sampled_from([ITSELF, SSH, WEB, {**SSH, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}, OUT]), max_size=4
)


@steady
@given(
    ingress=permissions,
    egress=permissions,
    sources=st.lists(st.sampled_from(["0.0.0.0/0", "10.0.0.0/8", "::/0"]), max_size=2),
    efa=st.booleans(),
    tags=st.sampled_from([OURS, {}, {**OURS, "a": "1"}]),
)
def test_a_plan_on_what_a_plan_leads_to_is_empty(ingress, egress, sources, efa, tags):
    options = {"ssh_sources": sources, "efa": efa, "existing": "converge", "tags": {"a": "2"}}
    group = a_group(tags=tags, IpPermissions=ingress, IpPermissionsEgress=egress)
    for step in plan(group, **options).steps:
        group = performed(group, step.api.removeprefix("ec2:"), step.arguments)
    again = plan(group, **options)
    assert again.steps == []
    assert again.before == again.after


def performed(group: dict[str, t.Any], api: str, arguments: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The group after a call, as EC2 does it: one rule for each peer."""
    if api == "CreateTags":
        return {**group, "Tags": [*group["Tags"], *arguments["Tags"]]}
    key = "IpPermissionsEgress" if api.endswith("Egress") else "IpPermissions"
    rules = [rule for permission in group[key] for rule in apart(permission)]
    named = [rule for permission in arguments["IpPermissions"] for rule in apart(permission)]
    if api.startswith("Authorize"):
        assert not [rule for rule in named if rule in rules]
        return {**group, key: [*rules, *named]}
    assert all(rule in rules for rule in named)
    return {**group, key: [rule for rule in rules if rule not in named]}


def apart(permission: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    lists = {"IpRanges", "Ipv6Ranges", "UserIdGroupPairs"}
    plain = {key: value for key, value in permission.items() if key not in lists}
    return [{**plain, key: [item]} for key in lists for item in permission.get(key, [])]


class TestPlaces:
    LOOKED_UP = {
        "region": "us-east-1", "vpc": {"vpc_id": HERE.vpc_id, "name": "a"}, "subnets": [], "rejected": [], "error": None,
        "tried": [
            {"name": "b", "vpc_id": "vpc-0000000b", "error": None},
            {"name": "c", "vpc_id": "vpc-0000000c", "error": "All candidate subnets are private"},
            {"name": "d", "vpc_id": None, "error": "No VPC with name 'd' is found"},
        ],
    }  # fmt: skip

    def test_all_vpcs_that_skypilot_may_launch_in(self):
        assert places([self.LOOKED_UP]) == [HERE, Place("us-east-1", "vpc-0000000b")]

    def test_none_where_it_cannot_launch(self):
        refused = {**self.LOOKED_UP, "error": "no", "tried": []}
        unread = {"region": "us-west-2", "vpc": None, "error": "denied", "tried": []}
        assert places([refused, unread]) == []

    def test_each_once(self):
        assert places([network(HERE), network(THERE), self.LOOKED_UP, network(HERE)])[:2] == [HERE, THERE]

    def test_accepted(self):
        assert security_group.validate(given_options(networks=[self.LOOKED_UP, network(THERE)])) == []
        assert security_group.validate(given_options(networks=[])) == []

    @pytest.mark.parametrize(
        ("item", "start"),
        [
            ({}, "networks[0]: give region and vpc_id, or an item"),
            ({"region": "us-east-1"}, "networks[0]: give region and vpc_id, or an item"),
            ({"vpc_id": HERE.vpc_id}, "networks[0]: give region and vpc_id, or an item"),
            ({**network(HERE), "subnet": "x"}, "networks[0]: give region and vpc_id, or an item"),
            (
                {**network(HERE), "region": "us-east1"},
                "networks[0].region: 'us-east1' is not a region that botocore knows",
            ),
            ({**network(HERE), "vpc_id": "subnet-1"}, "networks[0].vpc_id: 'subnet-1' is not the id of a VPC"),
            ({**network(HERE), "vpc_id": None}, "networks[0].vpc_id: None is not the id of a VPC"),
        ],
    )
    def test_refused(self, item, start):
        [fault] = security_group.validate(given_options(networks=[item]))
        assert fault.startswith(start)


class TestValidate:
    @pytest.mark.parametrize("name", ["skypilot", "sky-sg-ml", "team a (1)", "a*b"])
    def test_names(self, name):
        assert security_group.validate(given_options(name=name)) == []

    @pytest.mark.parametrize(
        ("options", "start"),
        [
            ({"name": ""}, "name: '' is not a valid security group name"),
            ({"name": "sg-1"}, "name: 'sg-1' is not a valid security group name"),
            ({"name": " a"}, "name: ' a' is not a valid security group name"),
            ({"name": "é"}, "name: 'é' is not a valid security group name"),
            ({"name": "a" * 256}, "name: 'aaaa"),
            ({"name": "Default"}, "name: 'Default' is the name of the group that every VPC has"),
            ({"name": "123"}, "name: SkyPilot writes '123' into YAML without quotes"),
            ({"name": "a: b"}, "name: SkyPilot writes 'a: b' into YAML without quotes"),
            ({"description": "it's"}, 'description: "it\'s" is not a valid description'),
            ({"description": ""}, "description: '' is not a valid description"),
            ({"ssh_sources": ["10.0.0.1"]}, "ssh_sources[0]: '10.0.0.1' is a single address; give 10.0.0.1/32"),
            ({"tags": {"aws:x": "1"}}, "tags: 'aws:x' starts with a reserved prefix"),
        ],
    )
    def test_refused(self, options, start):
        [fault] = security_group.validate(given_options(**options))
        assert fault.startswith(start)

    def test_without_pyyaml_that_check_is_left_out(self, monkeypatch):
        monkeypatch.setattr(plain_yaml, "HAS_YAML", False)
        assert security_group.validate(given_options(name="123")) == []
