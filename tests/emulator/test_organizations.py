# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Organizations made at once, and the tagging API's view of their accounts."""

from __future__ import annotations

import pytest

from ansible_collections.sky.aws.tests.emulator.server import Emulator

HUB = "111122223333"
DELEGATE = "444455556666"
ACCOUNTS = [
    {"name": "a", "unit": "", "id": "000000000001", "tags": {"team": "x"}},
    {"name": "b", "unit": "R/V", "joined": "2026-03-31T23:00:00-05:00", "state": "CLOSED", "status": None},
    {"name": "c", "unit": "R", "tags": {"team": "y", "n": "1"}},
]
FILTER = {"ResourceTypeFilters": ["organizations:account"]}


@pytest.fixture(scope="module")
def aws():
    with Emulator() as emulator:
        yield emulator


@pytest.fixture(scope="module")
def ids(aws):
    return aws.organization(HUB, ACCOUNTS, units=["R", "Empty"], delegate=DELEGATE)


@pytest.mark.parametrize("account", [HUB, DELEGATE])
def test_units_and_accounts_are_as_asked(aws, ids, account):
    client = aws.client("organizations", account)
    (root,) = client.list_roots()["Roots"]
    assert (root["Id"], root["Arn"].split(":")[4]) == (ids["root"], HUB)
    found = {}
    for path, unit in {"": root["Id"], **ids["units"]}.items():
        members = client.list_accounts_for_parent(ParentId=unit)["Accounts"]
        beneath = client.list_organizational_units_for_parent(ParentId=unit)["OrganizationalUnits"]
        found[path] = ({each["Name"] for each in members}, {each["Name"] for each in beneath})
    assert found == {
        "": ({"master", "a"}, {"R", "Empty"}),
        "R": ({"c"}, {"V"}),
        "R/V": ({"b"}, set()),
        "Empty": (set(), set()),
    }


def test_what_an_account_says_of_itself(aws, ids):
    client = aws.client("organizations", HUB)
    (account,) = client.list_accounts_for_parent(ParentId=ids["units"]["R/V"])["Accounts"]
    assert account["Id"] == ids["accounts"]["b"]
    assert account["State"] == "CLOSED"
    assert "Status" not in account
    assert account["JoinedTimestamp"].isoformat() == "2026-04-01T04:00:00+00:00"
    assert client.list_tags_for_resource(ResourceId="000000000001")["Tags"] == [{"Key": "team", "Value": "x"}]


def test_the_tagging_api_shows_accounts_with_tags_page_by_page(aws, ids):
    pages = aws.client("resourcegroupstaggingapi", HUB).get_paginator("get_resources")
    answers = list(pages.paginate(ResourcesPerPage=1, **FILTER))
    assert len(answers) == 2
    found = {
        each["ResourceARN"].rpartition("/")[2]: {tag["Key"]: tag["Value"] for tag in each["Tags"]}
        for answer in answers
        for each in answer["ResourceTagMappingList"]
    }
    assert found == {"000000000001": {"team": "x"}, ids["accounts"]["c"]: {"team": "y", "n": "1"}}


@pytest.mark.parametrize(
    ("account", "region"), [(HUB, "eu-central-1"), (DELEGATE, "us-east-1"), ("777788889999", "us-east-1")]
)
def test_it_does_so_in_one_region_and_for_the_management_account_only(aws, ids, account, region):
    client = aws.client("resourcegroupstaggingapi", account, region)
    assert client.get_resources(**FILTER)["ResourceTagMappingList"] == []


def test_other_resources_are_motos(aws):
    aws.client("ec2", HUB).create_vpc(
        CidrBlock="10.9.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": [{"Key": "own", "Value": "1"}]}]
    )
    client = aws.client("resourcegroupstaggingapi", HUB)
    found = client.get_resources(TagFilters=[{"Key": "own"}])["ResourceTagMappingList"]
    assert [":vpc/" in each["ResourceARN"] for each in found] == [True]
