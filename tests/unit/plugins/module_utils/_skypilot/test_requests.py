# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of what SkyPilot asks for: every feature is in it, and every place of a row is filled."""

from __future__ import annotations

import re

import pytest

from ansible_collections.sky.aws.plugins.module_utils._features.catalogue import FEATURES
from ansible_collections.sky.aws.plugins.module_utils._features.documents import PRINCIPALS
from ansible_collections.sky.aws.plugins.module_utils._skypilot.request import Names, Request
from ansible_collections.sky.aws.plugins.module_utils._skypilot.requests import NEEDS, requests

ACCOUNT = {"account_id": "111111111111", "partition": "aws-us-gov", "region": "us-gov-west-1"}
NAMES = Names(**ACCOUNT, custom_identities=["teams/a", "b"], s3_buckets=["data", "results-*", "?-x", "*"])
ARN = re.compile(r"arn:aws-us-gov:[a-z0-9]+:[a-z0-9-]*:(111111111111|aws|):[^<>]+")
#: The buckets of NAMES, patterns by example.
BUCKETS = ["data", "results-example", "x-x", "example"]


def row(resource: str, **context: str) -> Request:
    return Request("ec2:X", resource, tuple(context.items()), "here")


def texts(request: Request) -> list[str]:
    return [
        request.resource,
        *(text for _, value in request.context for text in ([value] if isinstance(value, str) else value)),
    ]


class TestTable:
    def test_every_feature_is_in_it_in_the_order_of_the_catalogue(self):
        assert list(NEEDS) == list(FEATURES)

    @pytest.mark.parametrize("feature", FEATURES.values(), ids=lambda feature: feature.name)
    def test_who_is_granted_something_asks_for_something(self, feature):
        for principal in PRINCIPALS:
            assert bool(NEEDS[feature.name].of(principal)) is any(
                statement["Effect"] == "Allow" for statement in feature.statements([principal])
            )

    @pytest.mark.parametrize("principal", PRINCIPALS)
    @pytest.mark.parametrize("feature", NEEDS)
    def test_no_row_is_there_twice(self, feature, principal):
        rows = NEEDS[feature].of(principal)
        assert [(each.action, each.resource, each.context) for each in rows if rows.count(each) > 1] == []

    @pytest.mark.parametrize("principal", PRINCIPALS)
    @pytest.mark.parametrize("feature", NEEDS)
    def test_every_place_is_filled(self, feature, principal):
        for request in requests(feature, principal, NAMES):
            assert [text for text in texts(request) if "<" in text or text == ""] == []
            assert request.resource == "*" or ARN.fullmatch(request.resource)
            assert list(request.context) == sorted(request.context)

    def test_the_same_whoever_asks_but_for_what_only_one_does(self):
        assert requests("base", "user", NAMES) == requests("base", "role", NAMES)
        assert requests("autostop", "user", NAMES) == []
        assert len(requests("ssm", "role", NAMES)) == len(requests("ssm", "user", NAMES)) + 5

    @pytest.mark.parametrize(("feature", "principal"), [("spots", "user"), ("spot", "group")])
    def test_what_is_not_in_it_is_an_error(self, feature, principal):
        with pytest.raises(KeyError):
            requests(feature, principal, NAMES)


class TestFilling:
    def test_places_of_resource_and_context(self):
        template = row("arn:<partition>:ec2:<region>:<account_id>:subnet/<subnet_id>", a="<public_ip>", b="plain")
        assert template.places == {"partition", "region", "account_id", "subnet_id", "public_ip"}
        [values] = Names(**ACCOUNT, subnet_id="subnet-1", public_ip=False).values(template.places)
        filled = template.filled(values)
        assert filled == row("arn:aws-us-gov:ec2:us-gov-west-1:111111111111:subnet/subnet-1", a="false", b="plain")
        assert filled.source == "here"
        assert filled.places == set()

    def test_several_values_of_a_key_stay(self):
        template = Request("ec2:X", "*", (("aws:TagKeys", ("a", "b")),))
        assert template.filled({}) == template

    def test_a_place_that_nobody_knows_is_an_error(self):
        with pytest.raises(KeyError, match="subnet"):
            row("<subnet>").filled({"region": "x"})
        with pytest.raises(AttributeError, match="subnet"):
            list(NAMES.values({"subnet"}))

    def test_one_request_for_each_identity_with_its_own_profile(self):
        found = requests("custom_identity", "user", NAMES)
        launches = [dict(each.context)["ec2:InstanceProfile"] for each in found if each.action == "ec2:RunInstances"]
        passed = [each.resource for each in found if each.action == "iam:PassRole"]
        arn = "arn:aws-us-gov:iam::111111111111"
        assert launches == [f"{arn}:instance-profile/teams/a", f"{arn}:instance-profile/b"]
        assert passed == [f"{arn}:role/teams/a", f"{arn}:role/b"]

    def test_one_request_for_each_bucket_and_a_name_that_fits_a_pattern(self):
        found = requests("s3_read", "user", NAMES)
        listed = [each.resource for each in found if each.action == "s3:ListBucket"]
        assert listed == [f"arn:aws-us-gov:s3:::{bucket}" for bucket in BUCKETS]
        assert len([each for each in found if each.action == "s3:ListAllMyBuckets"]) == 1

    def test_buckets_that_are_one_by_example_are_asked_for_once(self):
        found = requests("s3_read", "user", Names(**ACCOUNT, s3_buckets=["*", "example"]))
        assert len([each for each in found if each.action == "s3:ListBucket"]) == 1

    def test_without_identities_or_buckets_nothing_is_asked_about_them(self):
        assert requests("custom_identity", "user", Names(**ACCOUNT)) == []
        assert [each.action for each in requests("s3_read", "user", Names(**ACCOUNT))] == ["s3:ListAllMyBuckets"]

    def test_what_is_known_takes_the_place_of_examples(self):
        known = Names(**ACCOUNT, vpc_id="vpc-1", group_id="sg-1", disk_encrypted=True, instance_type="p5.48xlarge")
        launch = {each.resource.rpartition(":")[2]: dict(each.context) for each in requests("base", "user", known)}
        assert launch["security-group/sg-1"]["ec2:Vpc"].endswith(":vpc/vpc-1")
        assert launch["volume/*"]["ec2:Encrypted"] == "true"
        assert launch["instance/*"]["aws:TagKeys"] == (
            "Name",
            "ray-cluster-name",
            "skypilot-cluster-name",
            "skypilot-user",
        )
