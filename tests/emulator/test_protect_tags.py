# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""protect_tags call by call: nobody who has it forges a mark, whoever they are, and what is her own she tags as ever."""

from __future__ import annotations

import json

import pytest

from ansible_collections.sky.aws.demo import seed
from ansible_collections.sky.aws.plugins.module_utils._features import documents
from ansible_collections.sky.aws.plugins.module_utils._tags import OWNER_KEY
from ansible_collections.sky.aws.tests.emulator.people import (
    ACCOUNT,
    IMAGE,
    TRUST_EC2,
    User,
    allowed,
    document,
    launch,
    refused,
)

MARK = {"Key": OWNER_KEY, "Value": "sky.aws"}
MINE = {"Key": "team", "Value": "red"}
CLUSTER = {"Key": "ray-cluster-name", "Value": "c-1a2b"}
IN_OTHER_CASE = {"Key": "Ray-Cluster-Name", "Value": "c-1a2b"}
BASES = {
    "base": ["base", "launch_tags", "ports", "protect_tags"],
    "base_named_group": ["base_named_group", "protect_tags"],
}


def statements(features, principal):
    made = documents.document(features, account_id=ACCOUNT, partition="aws", principals=[principal])
    return made["Statement"]


def user(aws, name, features):
    return User(aws, *statements(features, "user")).client("ec2")


def role(aws, name, features):
    """An instance's client, whose role has a policy of its own."""
    iam = aws.client("iam", ACCOUNT)
    name = f"protected-{name}"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST_EC2))
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(*statements(features, "role")))
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    return seed.Cloud(aws.url).client("ec2", "us-east-1", aws.instance_credentials(ACCOUNT, name))


@pytest.fixture(scope="module", params=[user, role], ids=lambda who: who.__name__)
def who(request):
    return request.param


@pytest.fixture(scope="module", params=BASES)
def ec2(request, who, enforced):
    return who(enforced, request.param, BASES[request.param])


@pytest.fixture(scope="module")
def instances(enforced):
    """One that the collection made, one of a cluster, and one of neither."""
    client = enforced.client("ec2", ACCOUNT)

    def made(*tags):
        tagged = [{"ResourceType": "instance", "Tags": [*tags, {"Key": "Name", "Value": "n"}]}]
        given = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
        return client.run_instances(**given, TagSpecifications=tagged)["Instances"][0]["InstanceId"]

    return {"ours": made(MARK), "cluster": made(CLUSTER), "foreign": made()}


def tagging(*tags, kind="instance"):
    return [{"ResourceType": kind, "Tags": list(tags)}]


def test_a_launch_with_tags_of_ones_own(ec2):
    assert allowed(launch(ec2, TagSpecifications=[*tagging(MINE, CLUSTER), *tagging(MINE, CLUSTER, kind="volume")]))


@pytest.mark.parametrize("kind", ["instance", "volume"])
@pytest.mark.parametrize("tags", [[MARK], [MINE, MARK], [CLUSTER, {"Key": "sky.aws/x", "Value": ""}]])
def test_no_launch_with_a_mark(ec2, kind, tags):
    assert refused(launch(ec2, TagSpecifications=tagging(*tags, kind=kind)))


@pytest.mark.parametrize("whose", ["ours", "cluster", "foreign"])
@pytest.mark.parametrize("tags", [[MARK], [MINE, MARK], [CLUSTER, {"Key": "sky.aws/x", "Value": ""}]])
def test_no_mark_later(ec2, instances, whose, tags):
    assert refused(ec2.create_tags, Resources=[instances[whose]], Tags=tags)


@pytest.mark.parametrize("tag", [CLUSTER, IN_OTHER_CASE], ids=["as it is", "in another case"])
def test_the_cluster_tag_is_for_clusters(ec2, instances, tag):
    assert refused(ec2.create_tags, Resources=[instances["foreign"]], Tags=[tag], DryRun=True)
    assert refused(ec2.create_tags, Resources=[instances["cluster"], instances["ours"]], Tags=[tag], DryRun=True)
    assert allowed(ec2.create_tags, Resources=[instances["cluster"]], Tags=[tag], DryRun=True)
    assert allowed(ec2.create_tags, Resources=[instances["foreign"]], Tags=[MINE], DryRun=True)


@pytest.mark.parametrize(
    "tags",
    [[MARK], [{"Key": OWNER_KEY}], [MINE, {"Key": "sky.aws/x"}], [], None],
    ids=["with its value", "by its key", "among others", "an empty list", "all"],
)
def test_no_mark_is_removed(ec2, instances, tags):
    given = {} if tags is None else {"Tags": tags}
    assert refused(ec2.delete_tags, Resources=[instances["ours"]], **given)


class TestUserData:
    @pytest.fixture
    def ec2(self, enforced):
        return user(enforced, "user", BASES["base"])

    @pytest.mark.parametrize("given", [{"UserData": {"Value": b"x"}}, {"Attribute": "userData", "Value": "eA=="}])
    def test_it_is_not_written(self, ec2, instances, given):
        assert refused(ec2.modify_instance_attribute, InstanceId=instances["cluster"], **given, DryRun=True)

    def test_groups_are(self, ec2, instances, places):
        group = places["group"]
        assert allowed(ec2.modify_instance_attribute, InstanceId=instances["cluster"], Groups=[group], DryRun=True)
        assert refused(ec2.modify_instance_attribute, InstanceId=instances["foreign"], Groups=[group], DryRun=True)


def test_one_who_may_remove_tags_removes_her_own(enforced, instances):
    ec2 = user(enforced, "user", BASES["base"])
    assert allowed(ec2.delete_tags, Resources=[instances["foreign"]], Tags=[{"Key": "team"}], DryRun=True)


def test_without_it_all_of_this_is_allowed(enforced, instances):
    ec2 = user(enforced, "user", ["base", "launch_tags"])
    assert allowed(launch(ec2, TagSpecifications=tagging(MARK)))
    for call in (ec2.create_tags, ec2.delete_tags):
        assert allowed(call, Resources=[instances["ours"]], Tags=[MARK], DryRun=True)
    assert allowed(ec2.create_tags, Resources=[instances["foreign"]], Tags=[CLUSTER], DryRun=True)
    assert allowed(ec2.delete_tags, Resources=[instances["ours"]], DryRun=True)
