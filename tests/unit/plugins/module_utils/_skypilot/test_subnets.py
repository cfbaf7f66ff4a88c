# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SkyPilot's decisions on tables of layouts: which VPC, which subnets, in which order, with which text."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._skypilot.subnets import Layout
from ansible_collections.sky.aws.tests.unit.layouts import (
    ALL_PRIVATE,
    ALL_PUBLIC,
    DEFAULT,
    IGW,
    LAYOUTS,
    MAIN_CLOSED,
    MAIN_OPEN,
    NAT,
    NO_DEFAULT,
    OPTIONS,
    REGION,
    look,
    reasons,
    subnet,
    table,
    usable_ids,
    vpc,
)
from ansible_collections.sky.aws.tests.unit.strategies import steady

#: Name -> subnets, route tables, options; usable ids in order, reasons, SkyPilot's text.
CASES = {
    "main table with an internet gateway": (
        [subnet("subnet-a", "a"), subnet("subnet-b", "b")],
        [MAIN_OPEN],
        {},
        ["subnet-b", "subnet-a"],
        {},
        None,
    ),
    "zones from Z to A, ids ascending in a zone": (
        [subnet("subnet-3", "a"), subnet("subnet-2", "c"), subnet("subnet-1", "c"), subnet("subnet-4", "b")],
        [MAIN_OPEN],
        {},
        ["subnet-1", "subnet-2", "subnet-4", "subnet-3"],
        {},
        None,
    ),
    "its own table counts, not the main one": (
        [subnet("subnet-a", "a"), subnet("subnet-b", "b")],
        [MAIN_OPEN, table("rtb-own", NAT, subnets=["subnet-b"])],
        {},
        ["subnet-a"],
        {"subnet-b": "private: route table rtb-own has no route to an internet gateway"},
        None,
    ),
    "its own table is public where the main one is not": (
        [subnet("subnet-a", "a"), subnet("subnet-b", "b")],
        [MAIN_CLOSED, table("rtb-own", IGW, subnets=["subnet-b"])],
        {},
        ["subnet-b"],
        {"subnet-a": "private: route table rtb-main has no route to an internet gateway"},
        None,
    ),
    "an explicit association with the main table": (
        [subnet("subnet-a", "a")],
        [table("rtb-main", IGW, main=True, subnets=["subnet-a"])],
        {},
        ["subnet-a"],
        {},
        None,
    ),
    "no public addresses by default does not matter": (
        [subnet("subnet-a", "a", gives_public=False)],
        [MAIN_OPEN],
        {},
        ["subnet-a"],
        {},
        None,
    ),
    "pending subnets are left out": (
        [subnet("subnet-a", "a", state="pending"), subnet("subnet-b", "b")],
        [MAIN_OPEN],
        {},
        ["subnet-b"],
        {"subnet-a": "its state is pending, not available"},
        None,
    ),
    "all pending, and SkyPilot has no id to print": (
        [subnet("subnet-a", "a", state="pending")],
        [MAIN_OPEN],
        {},
        [],
        {"subnet-a": "its state is pending, not available"},
        "All candidate subnets are pending in specified VPC None.",
    ),
    "all private": (
        [subnet("subnet-a", "a")],
        [MAIN_CLOSED],
        {},
        [],
        {"subnet-a": "private: route table rtb-main has no route to an internet gateway"},
        ALL_PRIVATE,
    ),
    "no table at all": (
        [subnet("subnet-a", "a")],
        [],
        {},
        [],
        {"subnet-a": "private: no route table applies to it"},
        ALL_PRIVATE,
    ),
    "internal: the private ones": (
        [subnet("subnet-a", "a"), subnet("subnet-b", "b")],
        [MAIN_CLOSED, table("rtb-own", IGW, subnets=["subnet-b"])],
        {"use_internal_ips": True},
        ["subnet-a"],
        {"subnet-b": "public: route table rtb-own has a route to igw-1"},
        None,
    ),
    "internal: not those that give public addresses": (
        [subnet("subnet-a", "a", gives_public=True), subnet("subnet-b", "b")],
        [MAIN_CLOSED],
        {"use_internal_ips": True},
        ["subnet-b"],
        {"subnet-a": "it gives instances public addresses (MapPublicIpOnLaunch)"},
        None,
    ),
    "internal: all public": (
        [subnet("subnet-a", "a", gives_public=True), subnet("subnet-b", "b")],
        [MAIN_CLOSED, table("rtb-own", IGW, subnets=["subnet-b"])],
        {"use_internal_ips": True},
        [],
        {
            "subnet-a": "it gives instances public addresses (MapPublicIpOnLaunch)",
            "subnet-b": "public: route table rtb-own has a route to igw-1",
        },
        ALL_PUBLIC,
    ),
}


class TestWhichSubnets:
    """Layout of one VPC -> usable in order, reasons, text."""

    @pytest.mark.parametrize("case", CASES)
    def test_default_vpc(self, case):
        subnets, tables, given_options, usable, rejected, error = CASES[case]
        found = look(Layout(REGION, [DEFAULT], subnets, tables), **given_options)
        assert (usable_ids(found), reasons(found), found["error"]) == (usable, rejected, error)

    @pytest.mark.parametrize("case", CASES)
    def test_named_vpc_decides_alike(self, case):
        subnets, tables, given_options, usable, rejected, error = CASES[case]
        layout = Layout(REGION, [vpc("vpc-1", "research")], subnets, tables)
        found = look(layout, vpc_names=["research"], **given_options)
        error = error and error.replace("VPC None", "VPC vpc-1")
        assert (usable_ids(found), reasons(found), found["error"]) == (usable, rejected, error)

    def test_all_keys_of_a_network(self):
        layout = Layout(
            REGION,
            [DEFAULT],
            [subnet("subnet-a", "a", name="one"), subnet("subnet-b", "b", state="pending")],
            [MAIN_OPEN],
        )
        assert look(layout) == {
            "region": REGION,
            "vpc": {"id": "vpc-1", "vpc_id": "vpc-1", "name": "", "cidr_block": "10.0.0.0/16", "is_default": True},
            "subnets": [
                {
                    "id": "subnet-a",
                    "subnet_id": "subnet-a",
                    "availability_zone": "us-east-1a",
                    "cidr_block": "10.0.1.0/24",
                    "public": True,
                    "name": "one",
                }
            ],
            "rejected": [
                {
                    "subnet_id": "subnet-b",
                    "availability_zone": "us-east-1b",
                    "reason": "its state is pending, not available",
                }
            ],
            "error": None,
            "tried": [],
        }


class TestWhichVpc:
    def test_no_default_vpc(self):
        found = look(Layout(REGION))
        assert (found["vpc"], found["subnets"], found["error"]) == (None, [], NO_DEFAULT)

    def test_default_vpc_without_subnets(self):
        found = look(Layout(REGION, [DEFAULT]))
        assert (found["vpc"]["vpc_id"], found["error"]) == ("vpc-1", NO_DEFAULT)

    def test_no_vpc_of_that_name(self):
        found = look(Layout(REGION), vpc_names=["it's"])
        assert found["vpc"] is None
        assert found["error"] == 'No VPC with name "it\'s" is found in us-east-1. To fix: specify a correct VPC name.'

    def test_names_are_exact(self):
        layout = Layout(REGION, [vpc("vpc-1", "Research"), vpc("vpc-2", "research ")])
        assert look(layout, vpc_names=["research"])["error"].startswith("No VPC with name 'research' is found")

    def test_two_vpcs_of_that_name(self):
        found = look(Layout(REGION, [vpc("vpc-2", "research"), vpc("vpc-1", "research")]), vpc_names=["research"])
        assert found["vpc"] is None
        assert found["error"] == (
            "Multiple VPCs with name 'research' found in us-east-1: [ec2.Vpc(id='vpc-2'), ec2.Vpc(id='vpc-1')]. It is "
            "ambiguous as to which VPC to use. To fix: specify a VPC name that is uniquely identifying."
        )

    def test_named_vpc_without_subnets(self):
        found = look(Layout(REGION, [vpc("vpc-1", "research")]), vpc_names=["research"])
        assert found["error"] == "No candidate subnets found in specified VPC vpc-1."

    def test_a_named_vpc_must_be_public_by_itself(self):
        tables = [table("rtb-main", main=True), table("rtb-other", IGW, vpc_id="vpc-2", main=True)]
        layout = Layout(REGION, [vpc("vpc-1", "research")], [subnet("subnet-a", "a")], tables)
        assert look(layout, vpc_names=["research"])["error"] == ALL_PRIVATE


class TestFailover:
    """Several vpc_names: the first usable one is taken, the others are told."""

    VPCS = (vpc("vpc-1", "closed"), vpc("vpc-2", "open"), vpc("vpc-3", "spare"))
    SUBNETS = tuple(subnet(f"subnet-{n}", "a", vpc_id=f"vpc-{n}") for n in (1, 2, 3))
    TABLES = (
        table("rtb-1", main=True, vpc_id="vpc-1"),
        table("rtb-2", IGW, main=True, vpc_id="vpc-2"),
        table("rtb-3", IGW, main=True, vpc_id="vpc-3"),
    )
    LAYOUT = Layout(REGION, VPCS, SUBNETS, TABLES)

    def test_the_first_usable_one(self):
        found = look(self.LAYOUT, vpc_names=["missing", "closed", "open", "spare"])
        assert (found["vpc"]["name"], usable_ids(found), found["rejected"], found["error"]) == (
            "open",
            ["subnet-2"],
            [],
            None,
        )
        assert found["tried"] == [
            {
                "name": "missing",
                "vpc_id": None,
                "error": "No VPC with name 'missing' is found in us-east-1. To fix: specify a correct VPC name.",
            },
            {"name": "closed", "vpc_id": "vpc-1", "error": ALL_PRIVATE},
            {"name": "spare", "vpc_id": "vpc-3", "error": None},
        ]

    def test_the_order_of_the_names_decides(self):
        assert look(self.LAYOUT, vpc_names=["spare", "open"])["vpc"]["name"] == "spare"

    def test_none_usable_shows_the_first(self):
        found = look(self.LAYOUT, vpc_names=["closed", "missing"])
        assert (found["vpc"]["name"], found["error"]) == ("closed", ALL_PRIVATE)
        assert [item["name"] for item in found["tried"]] == ["missing"]

    def test_none_usable_fails_in_one_line_with_every_text(self):
        with pytest.raises(SkyError) as caught:
            look(self.LAYOUT, vpc_names=["closed", "missing"], on_unusable="fail")
        missing = "No VPC with name 'missing' is found in us-east-1. To fix: specify a correct VPC name."
        assert caught.value.message == f"us-east-1: {ALL_PRIVATE} {missing}"


class TestSubnetNames:
    def test_the_vpc_is_that_of_the_first(self):
        layout = Layout(REGION, [vpc("vpc-1", "research")], [subnet("subnet-a", "a", name="one")], [MAIN_OPEN])
        found = look(layout, subnet_names=["one"])
        assert (found["vpc"]["name"], usable_ids(found), found["error"]) == ("research", ["subnet-a"], None)

    def test_none_of_that_name(self):
        found = look(Layout(REGION), subnet_names=["one", "two"])
        assert (found["vpc"], found["error"]) == (
            None,
            "No subnets with name(s) ['one', 'two'] found in us-east-1. Please check the subnet names in your config.",
        )

    def test_none_of_that_name_in_a_known_vpc(self):
        found = look(Layout(REGION, [vpc("vpc-1", "research")]), vpc_names=["research"], subnet_names=["one"])
        assert found["vpc"]["vpc_id"] == "vpc-1"
        assert found["error"].startswith("No subnets with name(s) ['one'] found in us-east-1.")

    def test_an_unknown_vpc_is_told_first(self):
        layout = Layout(REGION, [], [subnet("subnet-a", "a", name="one")])
        assert look(layout, vpc_names=["x"], subnet_names=["one"])["error"].startswith("No VPC with name 'x'")

    def test_all_in_another_vpc(self):
        layout = Layout(REGION, [vpc("vpc-1", "research")], [subnet("subnet-a", "a", vpc_id="vpc-2", name="one")])
        found = look(layout, vpc_names=["research"], subnet_names=["one"])
        assert found["error"] == "No candidate subnets found in specified VPC vpc-1."
        assert reasons(found) == {"subnet-a": "it is in vpc-2, not in vpc-1"}

    def test_one_unusable_spoils_all(self):
        subnets = [
            subnet("subnet-c", "c", vpc_id="vpc-2", name="one"),
            subnet("subnet-b", "b", name="one"),
            subnet("subnet-a", "a", name="one", state="pending"),
        ]
        layout = Layout(REGION, [vpc("vpc-1", "research")], subnets, [MAIN_OPEN])
        found = look(layout, vpc_names=["research"], subnet_names=["one"])
        assert found["error"] == "The specified subnets are not usable: {'subnet-a', 'subnet-c'}"
        assert found["subnets"] == []
        assert reasons(found) == {
            "subnet-a": "its state is pending, not available",
            "subnet-b": "usable by itself, but SkyPilot refuses all of subnet_names because of the others",
            "subnet-c": "it is in vpc-2, not in vpc-1",
        }

    def test_all_pending_names_the_vpc(self):
        layout = Layout(REGION, [vpc("vpc-1")], [subnet("subnet-a", "a", name="one", state="pending")], [MAIN_OPEN])
        assert (
            look(layout, subnet_names=["one"])["error"] == "All candidate subnets are pending in specified VPC vpc-1."
        )


class TestProperties:
    @steady
    @given(LAYOUTS, OPTIONS)
    def test_error_and_usable_exclude_each_other(self, layout, given_options):
        found = look(layout, **given_options)
        assert bool(found["subnets"]) != bool(found["error"])

    @steady
    @given(LAYOUTS, OPTIONS)
    def test_order_is_that_of_the_zones(self, layout, given_options):
        found = look(layout, **given_options)
        for listed in (found["subnets"], found["rejected"]):
            keys = [(item["availability_zone"], item["subnet_id"]) for item in listed]
            zones = [zone for zone, dummy in keys]
            assert zones == sorted(zones, reverse=True)
            assert all(left[1] < right[1] for left, right in itertools.pairwise(keys) if left[0] == right[0])

    @steady
    @given(LAYOUTS, OPTIONS, st.randoms(use_true_random=False))
    def test_ec2s_order_does_not_matter_within_a_vpc(self, layout, given_options, random):
        inside = [item for item in layout.subnets if item["VpcId"] == "vpc-1"]
        shuffled = random.sample(inside, len(inside))
        layouts = [Layout(REGION, layout.vpcs, subnets, layout.route_tables) for subnets in (inside, shuffled)]
        assert look(layouts[0], **given_options) == look(layouts[1], **given_options)

    @steady
    @given(LAYOUTS, OPTIONS)
    def test_every_candidate_is_told_once(self, layout, given_options):
        found = look(layout, **given_options)
        told = usable_ids(found) + list(reasons(found))
        assert len(told) == len(set(told))
        if found["vpc"] and not found["error"]:
            named = given_options["subnet_names"]
            candidates = [s["SubnetId"] for s in layout.subnets if named or s["VpcId"] == found["vpc"]["vpc_id"]]
            assert sorted(told) == sorted(candidates)

    @steady
    @given(LAYOUTS, OPTIONS)
    def test_a_subnet_is_never_usable_both_ways(self, layout, given_options):
        outside = look(layout, **{**given_options, "use_internal_ips": False})
        inside = look(layout, **{**given_options, "use_internal_ips": True})
        assert all(item["public"] for item in outside["subnets"])
        assert not any(item["public"] for item in inside["subnets"])

    @steady
    @given(LAYOUTS, OPTIONS)
    def test_fail_refuses_what_report_reports(self, layout, given_options):
        error = look(layout, **given_options)["error"]
        if error is None:
            assert look(layout, **given_options, on_unusable="fail")["error"] is None
            return
        with pytest.raises(SkyError) as caught:
            look(layout, **given_options, on_unusable="fail")
        assert error in caught.value.message
        assert "\n" not in caught.value.message
