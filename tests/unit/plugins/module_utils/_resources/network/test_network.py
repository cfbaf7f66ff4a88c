# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network resource: options, calls, refusals, warnings and facts."""

from __future__ import annotations

import threading

import pytest

from ansible_collections.sky.aws.plugins.module_utils._errors import AWSError, SkyError
from ansible_collections.sky.aws.plugins.module_utils._resources.network import RESOURCE as network
from ansible_collections.sky.aws.plugins.module_utils._skypilot import plain_yaml
from ansible_collections.sky.aws.plugins.module_utils._skypilot.configuration import sky_config
from ansible_collections.sky.aws.plugins.module_utils._skypilot.release import REGIONS, RELEASE
from ansible_collections.sky.aws.plugins.module_utils._skypilot.subnets import Layout
from ansible_collections.sky.aws.tests.unit.layouts import (
    ALL_PRIVATE,
    DEFAULT,
    IGW,
    MAIN_OPEN,
    ME,
    NO_DEFAULT,
    REGION,
    look,
    options,
    reasons,
    subnet,
    table,
    usable_ids,
    vpc,
)


class TestPlan:
    GOOD = Layout("us-west-2", [DEFAULT], [subnet("subnet-a", "a")], [MAIN_OPEN])
    DENIED = Layout(
        "eu-west-1", error="ec2:DescribeVpcs on region eu-west-1 in account 111111111111 failed with X: no."
    )

    def test_it_has_no_steps_and_no_diff(self):
        plan = network.plan([self.GOOD], options(), ME)
        assert (plan.steps, plan.before, plan.after, plan.warnings) == ([], {}, {}, [])
        assert set(plan.facts) == {"networks", "sky_config"}

    def test_regions_keep_their_order(self):
        plan = network.plan([self.GOOD, Layout(REGION), self.DENIED], options(), ME)
        assert [item["region"] for item in plan.facts["networks"]] == ["us-west-2", "us-east-1", "eu-west-1"]

    def test_fail_has_one_line_for_each_unusable_region(self):
        with pytest.raises(SkyError) as caught:
            network.plan([Layout(REGION), self.GOOD, self.DENIED], options(on_unusable="fail"), ME)
        assert caught.value.message.split("\n") == [
            f"us-east-1: {NO_DEFAULT} To fix: give vpc_names, or make a default VPC.",
            f"eu-west-1: {self.DENIED.error}",
        ]

    def test_report_tells_a_region_that_could_not_be_read(self):
        found = network.plan([self.GOOD, self.DENIED], options(vpc_names=["x"]), ME).facts["networks"][1]
        assert found == {
            "region": "eu-west-1",
            "vpc": None,
            "subnets": [],
            "rejected": [],
            "error": self.DENIED.error,
            "tried": [],
        }

    def test_report_fails_where_no_region_could_be_read(self):
        with pytest.raises(SkyError, match="eu-west-1: ec2:DescribeVpcs"):
            network.plan([self.DENIED], options(), ME)

    def test_all_that_is_none_is_an_error(self):
        with pytest.raises(SkyError, match="none of SkyPilot's regions is enabled in account 111111111111"):
            network.plan([], options(regions=["all"]), ME)


class TestWarnings:
    def warnings(self, layout, **given_options):
        """Those that are more than SkyPilot's own error."""
        told = network.plan([layout], options(**given_options), ME).warnings
        return [line for line in told if not line.startswith("network unusable: ")]

    def test_an_unusable_network_is_told_with_skypilots_error(self):
        [line] = network.plan([Layout(REGION)], options(vpc_names=["x"]), ME).warnings
        assert line.startswith("network unusable: us-east-1: No VPC with name 'x' is found in us-east-1.")

    def test_no_default_vpc_stops_failover(self):
        [line] = self.warnings(Layout(REGION))
        assert line.startswith("us-east-1: no default VPC: SkyPilot's failover stops here")

    @pytest.mark.parametrize(
        ("layout", "given_options"),
        [(Layout(REGION, [DEFAULT]), {}), (Layout(REGION), {"vpc_names": ["x"]})],
        ids=["default without subnets", "named"],
    )
    def test_other_refusals_do_not(self, layout, given_options):
        assert self.warnings(layout, **given_options) == []

    def test_subnet_names_without_vpc_names(self):
        layout = Layout(REGION, [vpc("vpc-1", "x")], [subnet("subnet-a", "a", name="one")], [MAIN_OPEN])
        [line] = self.warnings(layout, subnet_names=["one"])
        assert line.startswith("subnet_names without vpc_names:")
        assert self.warnings(layout, subnet_names=["one"], vpc_names=["x"]) == []

    def test_a_subnet_name_that_skypilot_ignores(self):
        layout = Layout(REGION, [vpc("vpc-1", "x")], [subnet("subnet-a", "a", name="one")], [MAIN_OPEN])
        [line] = self.warnings(layout, vpc_names=["x"], subnet_names=["one", "tow", "o*"])
        assert line == "us-east-1: no subnet is named 'tow'; SkyPilot goes on without it"

    def test_a_region_without_catalog(self):
        [line] = self.warnings(Layout("ap-south-2", [DEFAULT], [subnet("subnet-a", "a")], [MAIN_OPEN]))
        assert line.startswith(f"ap-south-2: SkyPilot {RELEASE} has no catalog")

    def test_another_vpcs_main_table_makes_the_default_vpc_public(self):
        tables = [table("rtb-other", IGW, vpc_id="vpc-0", main=True), table("rtb-main", main=True)]
        layout = Layout(REGION, [DEFAULT], [subnet("subnet-a", "a")], tables)
        assert usable_ids(look(layout)) == ["subnet-a"]
        [line] = self.warnings(layout)
        assert line.startswith("us-east-1: SkyPilot takes subnet-a for public because")
        assert reasons(look(layout, use_internal_ips=True)) == {
            "subnet-a": "public: route table rtb-other of vpc-0 has a route to igw-1"
        }


class TestSkyConfig:
    @pytest.mark.parametrize(
        ("given_options", "aws"),
        [
            ({}, {}),
            ({"vpc_names": ["a", "b"]}, {"vpc_names": ["a", "b"]}),
            ({"vpc_names": ["a"], "subnet_names": ["s"]}, {"vpc_names": ["a"], "subnet_names": ["s"]}),
            ({"use_internal_ips": True}, {"use_internal_ips": True, "use_ssm": True}),
        ],
    )
    def test_fragment(self, given_options, aws):
        assert sky_config(options(**given_options)) == {"aws": aws}


class TestValidate:
    @pytest.mark.parametrize(
        "given_options",
        [
            {},
            {"regions": ["all"]},
            {"regions": ["us-west-2", "us-east-1"]},
            {"regions": ["cn-north-1", "us-gov-west-1"]},
            {"vpc_names": ["team a", "it's", "vpc-12", "a:b", "Ünïcode"]},
            {"subnet_names": ["private-*", "123", "null"]},
        ],
    )
    def test_accepted(self, given_options):
        assert network.validate(options(**given_options)) == []

    @pytest.mark.parametrize(
        ("given_options", "start"),
        [
            ({"regions": []}, "regions: the list is empty"),
            ({"regions": ["all", "us-east-1"]}, "regions: all stands alone"),
            ({"regions": ["us-east-1", "us-east1"]}, "regions[1]: 'us-east1' is not a region"),
            ({"regions": [""]}, "regions[0]: '' is not a region"),
            ({"regions": ["us-east-1", "us-west-2", "us-east-1"]}, "regions: 'us-east-1' is there twice"),
            ({"vpc_names": ["a", ""]}, "vpc_names[1]: '' cannot be a Name tag"),
            ({"vpc_names": ["  "]}, "vpc_names[0]: '  ' cannot be a Name tag"),
            ({"vpc_names": ["x" * 257]}, "vpc_names[0]: 'xxxx"),
            ({"vpc_names": ["a", "a"]}, "vpc_names: 'a' is there twice"),
            ({"vpc_names": ["dev-*"]}, "vpc_names[0]: 'dev-*' is a pattern to EC2"),
            ({"vpc_names": ["dev?"]}, "vpc_names[0]: 'dev?' is a pattern to EC2"),
            ({"subnet_names": ["", "s"]}, "subnet_names[0]: '' cannot be a Name tag"),
            ({"subnet_names": ["s", "s"]}, "subnet_names: 's' is there twice"),
        ],
    )
    def test_refused(self, given_options, start):
        [fault] = network.validate(options(**given_options))
        assert fault.startswith(start)

    @pytest.mark.parametrize(
        "name", ["null", "12", "1.5", "yes", "a: b", "sky #1", " a", "[a]", "2024-01-01", "2024-99-99", "a\nb"]
    )
    def test_a_vpc_name_that_yaml_changes(self, name):
        [fault] = network.validate(options(vpc_names=[name]))
        assert fault.startswith(f"vpc_names[0]: SkyPilot writes {name!r} into YAML")

    def test_without_pyyaml_that_check_is_left_out(self, monkeypatch):
        monkeypatch.setattr(plain_yaml, "HAS_YAML", False)
        assert network.validate(options(vpc_names=["12"])) == []

    def test_every_fault_has_its_line(self):
        faults = network.validate(options(regions=["x", "y"], vpc_names=["", "a", "a"], subnet_names=[""]))
        assert len(faults) == 5


class Ec2:
    """Answers like an account, from tables by noun, and notes the calls."""

    region = REGION

    def __init__(self, answers, regions=(), refuse=()):
        self.answers = answers
        self.regions = regions
        self.refuse = refuse
        self.calls = []
        self.clients = {}

    def client(self, service, region=None):
        self.clients[region] = threading.current_thread()

    def call(self, api, target="", *, region=None):
        self.calls.append((api, region, None))
        return {"Regions": [{"RegionName": name} for name in self.regions]}

    def pages(self, api, key, target="", *, region=None, Filters):
        if region in self.refuse:
            raise AWSError(f"{api} refused in {region}", code="UnauthorizedOperation")
        self.calls.append((api, region, {item["Name"]: item["Values"] for item in Filters}))
        return self.answers.get(key, [])


OPEN = {"Vpcs": [DEFAULT], "Subnets": [subnet("subnet-a", "a", name="s")], "RouteTables": [MAIN_OPEN]}


def filters(account):
    return [(api.removeprefix("ec2:Describe"), given_filters) for api, dummy, given_filters in account.calls]


class TestRead:
    def test_default_vpc(self):
        account = Ec2(OPEN)
        [layout] = network.read(account, options())
        assert layout == Layout(REGION, OPEN["Vpcs"], OPEN["Subnets"], OPEN["RouteTables"])
        assert filters(account) == [
            ("Vpcs", {"is-default": ["true"]}),
            ("Subnets", {"vpc-id": ["vpc-1"]}),
            ("RouteTables", {}),
        ]

    def test_several_names_are_one_call(self):
        account = Ec2({**OPEN, "Vpcs": [vpc("vpc-1", "a"), vpc("vpc-2", "b")]})
        network.read(account, options(vpc_names=["a", "b"]))
        assert filters(account) == [
            ("Vpcs", {"tag:Name": ["a", "b"]}),
            ("Subnets", {"vpc-id": ["vpc-1", "vpc-2"]}),
            ("RouteTables", {"vpc-id": ["vpc-1"]}),
        ]

    def test_vpc_and_subnet_names(self):
        account = Ec2(OPEN)
        network.read(account, options(vpc_names=["a"], subnet_names=["s"]))
        assert filters(account) == [
            ("Vpcs", {"tag:Name": ["a"]}),
            ("Subnets", {"tag:Name": ["s"]}),
            ("RouteTables", {"vpc-id": ["vpc-1"]}),
        ]

    def test_subnet_names_alone(self):
        account = Ec2(OPEN)
        network.read(account, options(subnet_names=["s"]))
        assert filters(account) == [
            ("Subnets", {"tag:Name": ["s"]}),
            ("Vpcs", {"vpc-id": ["vpc-1"]}),
            ("RouteTables", {"vpc-id": ["vpc-1"]}),
        ]

    def test_subnet_names_in_two_vpcs_follow_the_first(self):
        subnets = [subnet("subnet-b", "a", vpc_id="vpc-2", name="s"), subnet("subnet-a", "b", name="s")]
        account = Ec2({**OPEN, "Subnets": subnets})
        [layout] = network.read(account, options(subnet_names=["s"]))
        assert filters(account)[1:] == [("Vpcs", {"vpc-id": ["vpc-2"]}), ("RouteTables", {"vpc-id": ["vpc-2"]})]
        assert layout.subnets == subnets

    @pytest.mark.parametrize(
        ("answers", "given_options", "calls"),
        [
            ({}, {}, 1),
            ({"Vpcs": [DEFAULT]}, {}, 2),
            ({}, {"vpc_names": ["a"]}, 1),
            ({"Vpcs": [vpc("vpc-1", "a")]}, {"vpc_names": ["a"]}, 2),
            ({}, {"subnet_names": ["s"]}, 1),
            (
                {**OPEN, "Subnets": [subnet("subnet-b", "b", vpc_id="vpc-9")]},
                {"vpc_names": ["a"], "subnet_names": ["s"]},
                2,
            ),
        ],
    )
    def test_it_stops_when_the_refusal_is_certain(self, answers, given_options, calls):
        account = Ec2(answers)
        network.read(account, options(**given_options))
        assert len(account.calls) == calls

    def test_all_regions_are_skypilots_cut_with_the_accounts(self):
        account = Ec2(OPEN, regions=["eu-west-3", "ap-south-2", "us-west-2", "us-east-1"])
        layouts = network.read(account, options(regions=["all"]))
        assert [layout.region for layout in layouts] == ["us-east-1", "us-west-2", "eu-west-3"]
        assert [api for api, dummy, dummy2 in account.calls].count("ec2:DescribeRegions") == 1
        assert len(account.calls) == 1 + 3 * 3

    def test_all_without_an_enabled_region(self):
        assert network.read(Ec2(OPEN, regions=["us-gov-west-1"]), options(regions=["all"])) == []

    def test_given_order_is_kept_and_clients_are_made_before_the_threads(self):
        account = Ec2(OPEN)
        wanted = ["us-west-2", "af-south-1", "us-east-1"]
        assert [layout.region for layout in network.read(account, options(regions=wanted))] == wanted
        assert account.clients == dict.fromkeys(wanted, threading.current_thread())

    def test_a_refused_region_does_not_stop_the_others(self):
        layouts = network.read(Ec2(OPEN, refuse=["us-west-2"]), options(regions=["us-west-2", "us-east-1"]))
        assert [layout.error for layout in layouts] == ["ec2:DescribeVpcs refused in us-west-2", None]

    def test_the_regions_of_the_catalog(self):
        assert len(REGIONS) == len(set(REGIONS)) == 23
        assert network.validate(options(regions=list(REGIONS))) == []


class TestAgainstTheEmulatedAws:
    def test_regions_side_by_side(self, sandbox):
        sandbox.emulator.internet(sandbox.account_id, "us-west-2")
        client = sandbox.emulator.client("ec2", sandbox.account_id, "us-west-2")
        [default] = client.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]

        given_options = options(regions=["us-east-1", "us-west-2", "eu-west-1"])

        result = sandbox.run(network, **given_options)

        found = {item["region"]: item for item in result["networks"]}
        assert list(found) == given_options["regions"]
        assert found["us-east-1"]["error"] == found["eu-west-1"]["error"] == ALL_PRIVATE
        assert found["us-west-2"]["vpc"]["vpc_id"] == default["VpcId"]
        assert [s["availability_zone"] for s in found["us-west-2"]["subnets"]] == [
            f"us-west-2{zone}" for zone in "dcba"
        ]
