# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an organization and options to hosts and groups, and what is refused beforehand."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._organization import choice, hosts, options
from ansible_collections.sky.aws.plugins.module_utils._organization.facts import Member, Organization, Unit

HUB = "111122223333"
JOINED = "2026-01-02T03:04:05.000+00:00"
UNITS = [
    Unit("r-ab12", "", ["Root"]),
    Unit("ou-ab12-research", "r-ab12", ["Root", "Research"]),
    Unit("ou-ab12-sandbox0", "r-ab12", ["Root", "Sandbox"]),
    Unit("ou-ab12-vision00", "ou-ab12-research", ["Root", "Research", "Vision"]),
    Unit("ou-ab12-slash000", "r-ab12", ["Root", "R/D"]),
]


def member(name, number, unit, status="ACTIVE", tags=None):
    return Member(f"{number:012d}", name, "owner@example.com", status, JOINED, unit, tags)


MEMBERS = [
    Member(HUB, "master", "master@example.com", "ACTIVE", JOINED, "r-ab12", {}),
    member("audit", 1, "r-ab12", tags={"team": "core"}),
    member("bio", 2, "ou-ab12-research", tags={"team": "bio", "spend": "Low"}),
    member("eyes", 3, "ou-ab12-vision00", tags={"team": "vision"}),
    member("old", 4, "ou-ab12-vision00", "SUSPENDED", tags={"team": "vision"}),
    member("gone", 5, "ou-ab12-sandbox0", "PENDING_CLOSURE", tags={}),
    member("play", 6, "ou-ab12-sandbox0", tags={}),
]
ORGANIZATION = Organization(HUB, UNITS, MEMBERS)


def params(**given):
    """Options as the plugin hands them over."""
    validation = ArgumentSpecValidator(options.ARGUMENT_SPEC).validate({"account_id": HUB, "region": "x", **given})
    assert validation.error_messages == []
    return validation.validated_parameters


def listing(**given):
    """The listing of what a walk reads for the options."""
    asked = params(**given)
    read = {unit.id for unit in choice.chosen_units(UNITS, asked)}
    found = Organization(HUB, UNITS, [each for each in MEMBERS if each.unit in read])
    return hosts.listing(found, asked)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({}, ["audit", "bio", "eyes", "play"]),
        ({"management_account": True}, ["audit", "bio", "eyes", "master", "play"]),
        ({"statuses": ["SUSPENDED", "PENDING_CLOSURE"]}, ["gone", "old"]),
        ({"include_units": ["Research"]}, ["bio", "eyes"]),
        ({"include_units": ["/Research/"]}, ["bio", "eyes"]),
        ({"include_units": ["Root/Research/Vision"]}, ["eyes"]),
        ({"include_units": ["ou-ab12-vision00", "Sandbox"]}, ["eyes", "play"]),
        ({"include_units": ["Root"], "exclude_units": ["Research"]}, ["audit", "play"]),
        ({"include_units": ["r-ab12"]}, ["audit", "bio", "eyes", "play"]),
        ({"include_units": ["Research"], "exclude_units": ["Research/Vision"]}, ["bio"]),
        ({"exclude_units": ["Research", "Research/Vision"]}, ["audit", "play"]),
        ({"include_units": ["R/D"]}, []),
        ({"include_accounts": ["000000000002", "000000000003"]}, ["bio", "eyes"]),
        ({"exclude_accounts": ["000000000002"]}, ["audit", "eyes", "play"]),
        ({"include_accounts": ["000000000002"], "exclude_accounts": ["000000000002"]}, []),
        ({"include_tags": {"team": "vision"}}, ["eyes"]),
        ({"include_tags": {"team": ["vision", "bio"]}}, ["bio", "eyes"]),
        ({"include_tags": {"team": ["vision", "bio"], "spend": "Low"}}, ["bio"]),
        ({"include_tags": {"spend": "low"}}, []),
        ({"exclude_tags": {"team": ["vision", "core"], "spend": "High"}}, ["bio", "play"]),
        ({"include_units": ["Research"], "include_tags": {"team": "core"}}, []),
    ],
)
def test_filters(given, shown):
    assert [host.name for host in listing(**given).hosts] == shown


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "include_units": st.lists(st.sampled_from(["Research", "Sandbox", "Research/Vision"])),
            "exclude_units": st.lists(st.sampled_from(["Research", "Sandbox", "Research/Vision"])),
            "include_accounts": st.lists(st.sampled_from([each.id for each in MEMBERS])),
            "exclude_accounts": st.lists(st.sampled_from([each.id for each in MEMBERS])),
            "include_tags": st.dictionaries(st.just("team"), st.sampled_from(["bio", "vision"])),
            "exclude_tags": st.dictionaries(st.just("team"), st.sampled_from(["bio", "vision"])),
            "statuses": st.lists(st.sampled_from(options.STATUSES), min_size=1),
            "management_account": st.booleans(),
        },
    )
)
def test_a_filter_more_lists_no_account_more_and_renames_none(given):
    everything = {
        host.name: host.variables for host in listing(statuses=list(options.STATUSES), management_account=True).hosts
    }
    for name in given:
        fewer = {host.name: host.variables for host in listing(**given).hosts}
        without = {key: value for key, value in given.items() if key != name}
        if name in ("statuses", "management_account"):
            without |= {"statuses": list(options.STATUSES), "management_account": True}
        more = {host.name: host.variables for host in listing(**without).hosts}
        assert fewer.items() <= more.items() <= everything.items()


def test_variables_and_groups_of_a_host():
    found = listing(include_units=["Research"], tag_groups=["team", "spend", "none"])
    assert found.hosts[0] == hosts.Host(
        "bio",
        ["ou_research", "tag_team__bio", "tag_spend__low"],
        {
            "sky_account_id": "000000000002",
            "sky_account_name": "bio",
            "sky_account_email": "owner@example.com",
            "sky_account_status": "ACTIVE",
            "sky_account_joined": "2026-01-02",
            "sky_account_ou_path": ["Root", "Research"],
            "sky_account_organization_tags": {"spend": "Low", "team": "bio"},
        },
    )
    assert found.groups == {
        "ou_root": ["ou_research"],
        "ou_research": ["ou_research__vision"],
        "ou_research__vision": [],
    }


def test_no_tags_without_asking_for_them():
    found = Organization(HUB, UNITS, [member("a", 1, "r-ab12")])
    assert "sky_account_organization_tags" not in hosts.listing(found, params()).hosts[0].variables


def test_hosts_may_be_named_by_id():
    assert [host.name for host in listing(host_name="id", include_units=["Research"]).hosts] == [
        "000000000002",
        "000000000003",
    ]


def test_units_without_accounts_and_those_above_are_groups():
    assert listing(include_units=["R/D"]).groups == {"ou_root": ["ou_r_d"], "ou_r_d": []}


def test_ids_that_stand_for_no_account_are_told():
    found = listing(
        include_units=["Research"],
        include_accounts=["000000000002", "000000000004", "000000000099"],
        exclude_accounts=["000000000006", "000000000003"],
    )
    assert found.warnings == [
        "include_accounts: 000000000004 is not listed: it is not in the chosen units, or another filter leaves it out",
        "include_accounts: 000000000099 is not listed: it is not in the chosen units, or another filter leaves it out",
        "exclude_accounts: 000000000006 is not in the chosen units",
    ]


def test_accounts_that_share_a_name_say_so_and_all_others_do_not():
    twins = [member("a", 1, "r-ab12"), member("A", 2, "r-ab12", "SUSPENDED"), member("b", 3, "r-ab12")]
    found = hosts.listing(Organization(HUB, UNITS, twins), params())
    clash = (
        "sky_account_name: accounts 000000000001 and 000000000002 share the host name a, so none of them is managed; rename "
        "all but one of them, or give host_name: id in the inventory"
    )
    # The other one is not listed, and still has the name.
    assert {host.name: host.variables.get("sky_account_clash") for host in found.hosts} == {
        "a-000000000001": clash,
        "b": None,
    }
    assert found.warnings == [clash]


def test_a_shared_name_is_told_once_and_where_its_host_is_listed():
    twins = Organization(HUB, UNITS, [member("a", 1, "r-ab12"), member("A", 2, "r-ab12")])
    assert len(hosts.listing(twins, params()).warnings) == 1
    assert hosts.listing(twins, params(exclude_accounts=["000000000001", "000000000002"])).warnings == []
    by_id = hosts.listing(twins, params(host_name="id"))
    assert by_id.warnings == []
    assert ["sky_account_clash" in host.variables for host in by_id.hosts] == [False, False]


TWICE = [
    *UNITS,
    Unit("ou-ab12-root0000", "r-ab12", ["Root", "Root"]),
    Unit("ou-ab12-x", "ou-ab12-root0000", ["Root", "Root", "Sandbox"]),
]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            {"include_units": ["Reserch"]},
            "include_units: 'Reserch' in the organization of account 111122223333: there is no such unit; did you mean "
            "Research? give its path below the root, like Research/Vision, or its id",
        ),
        (
            {"exclude_units": ["research"]},
            "exclude_units: 'research' in the organization of account 111122223333: there is",
        ),
        ({"exclude_units": ["Vision"]}, "there is no such unit"),
        ({"include_units": ["ou-ab12-99999999"]}, "'ou-ab12-99999999' in the organization"),
        ({"include_units": ["Root/Sandbox"]}, "may be ou-ab12-sandbox0 or ou-ab12-x; give the id instead"),
    ],
)
def test_a_unit_that_is_not_one_is_an_error(given, text):
    with pytest.raises(SkyError) as caught:
        choice.chosen_units(TWICE, params(**given))
    assert text in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"account_id": 111122223333}, "account_id: 111122223333 is a number"),
        ({"account_id": "12"}, "account_id: '12' is not an AWS account id"),
        ({"include_units": ["/"]}, "include_units[0]: it is empty"),
        ({"exclude_units": ["a", " "]}, "exclude_units[1]: it is empty"),
        ({"include_accounts": [111122223333]}, "include_accounts[0]: 111122223333 is a number"),
        ({"exclude_accounts": ["1111-2222-3333"]}, "exclude_accounts[0]: '1111-2222-3333' is not an AWS account id"),
        ({"include_tags": {"team": None}}, "include_tags: the value of 'team' must be text"),
        ({"include_tags": {"team": True}}, "include_tags: the value of 'team' must be text"),
        ({"exclude_tags": {"team": ["a", 1]}}, "exclude_tags: the value of 'team' must be text"),
        ({"exclude_tags": {"team": []}}, "exclude_tags: the value of 'team' must be text"),
        ({"exclude_tags": {"team": {"a": "b"}}}, "exclude_tags: the value of 'team' must be text"),
        ({"include_tags": {1: "a"}}, "include_tags: 1 is not the key of a tag"),
        ({"tag_groups": [""]}, "tag_groups[0]: it is empty"),
        ({"tag_groups": ["Team", "team"]}, "tag_groups: the groups of 'Team' and 'team' would have one name"),
        ({"profile": "a", "access_key": "b", "secret_key": "c"}, "profile and access_key: give one of them"),
    ],
)
def test_what_is_refused_without_a_call(given, fault):
    found = options.faults(params(**{"region": "us-east-1", **given}))
    assert len(found) == 1
    assert found[0].startswith(fault)


@pytest.mark.parametrize(
    ("given", "source"),
    [
        ({}, None),
        ({"include_tags": {"a": "b"}}, "tagging_api"),
        ({"exclude_tags": {"a": "b"}}, "tagging_api"),
        ({"tag_groups": ["a"]}, "tagging_api"),
        ({"tag_groups": ["a"], "tags_from": "organizations"}, "organizations"),
        ({"tags_from": "tagging_api"}, "tagging_api"),
    ],
)
def test_tags_are_read_where_they_are_needed(given, source):
    assert options.tags_from(params(**given)) == source


def test_an_organization_survives_json():
    assert Organization.from_data(json.loads(json.dumps(ORGANIZATION.as_data()))) == ORGANIZATION


@pytest.mark.parametrize(
    "data", [{}, {"units": []}, [], None, {"management_account": "", "units": [{}], "members": []}]
)
def test_what_is_no_organization_is_refused(data):
    with pytest.raises((KeyError, TypeError)):
        Organization.from_data(data)
