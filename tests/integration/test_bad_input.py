# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input: one line a fault; nothing is called where it is known beforehand, nothing written where it takes a look."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.sky.aws.tests.emulator.server import Emulator
from ansible_collections.sky.aws.tests.integration.runs import Runner

IMAGE = "ami-0a1b2c3d4e5f60718"
GOOD = "111111111111"
BIG = [
    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": [f"arn:aws:s3:::bucket-{n:0100}/*" for n in range(60)]}
]

#: variables of the host, and what the message must say
KNOWN_BEFOREHAND: dict[str, tuple[dict[str, t.Any], list[str]]] = {
    "no account id": ({}, ["sky_account_id", "12 digits"]),
    "a number": ({"sky_account_id": 123456789012}, ["sky_account_id: 123456789012 is a number", "quotes"]),
    "too short": ({"sky_account_id": "12345"}, ["sky_account_id: '12345'", "12 digits"]),
    "hyphens": ({"sky_account_id": "1234-5678-9012"}, ["without hyphens"]),
    "unknown feature": (
        {"sky_account_id": GOOD, "sky_policy_features": ["base", "clone_dsik"]},
        ["sky_policy_features[1]: 'clone_dsik'", "did you mean clone_disk?"],
    ),
    "unknown feature of the role": (
        {"sky_account_id": GOOD, "sky_instance_role_features": ["bass"]},
        ["sky_instance_role_features[0]: 'bass'"],
    ),
    "features that contradict each other": (
        {"sky_account_id": GOOD, "sky_policy_features": ["base", "base_named_group"]},
        ["sky_policy_features: base and base_named_group", "keep one of them"],
    ),
    "a feature that wants names": (
        {"sky_account_id": GOOD, "sky_policy_features": ["base", "custom_identity"]},
        ["sky_policy_custom_identities: the feature custom_identity is for roles that are named here"],
    ),
    "names that no feature wants": (
        {"sky_account_id": GOOD, "sky_policy_s3_buckets": ["data"], "sky_instance_role_custom_identities": ["x"]},
        ["sky_policy_s3_buckets: only the features s3_read", "sky_instance_role_custom_identities: only the feature"],
    ),
    "a value that breaks Ansible's own check": (
        {"sky_account_id": GOOD, "sky_users_present": [{"name": "alice", "access_key_delivery": 1.5}]},
        ["sky_users_present[0] (alice): an option has a value that Ansible cannot check", "ansible-doc"],
    ),
    "bad names": (
        {"sky_account_id": GOOD, "sky_users_present": [{"name": "a b"}, {"name": "x" * 65}], "sky_policy_name": "p/q"},
        ["sky_users_present[0] (a b): name: 'a b'", "1 to 64", "sky_policy_name: 'p/q'", "1 to 128"],
    ),
    "names that differ by case": (
        {"sky_account_id": GOOD, "sky_users_present": [{"name": "alice"}, {"name": "Alice"}]},
        ["sky_users_present: 'alice' and 'Alice' differ only by case"],
    ),
    "present and absent": (
        {"sky_account_id": GOOD, "sky_users_present": [{"name": "bob"}], "sky_users_absent": ["Bob"]},
        ["sky_users_present and sky_users_absent: 'bob' is in both"],
    ),
    "a document that is too long": (
        {"sky_account_id": GOOD, "sky_policy_extra_statements": BIG},
        ["sky_policy_features: with extra_statements", "6144"],
    ),
    "two images": (
        {
            "sky_account_id": GOOD,
            "sky_instances_present": [{"name": "i", "image_id": IMAGE, "image_parameter": "/aws/x"}],
        },
        ["sky_instances_present[0] (i): image_id and image_parameter"],
    ),
    "a stopped spot instance": (
        {"sky_account_id": GOOD, "sky_instances_present": [{"name": "i", "spot": True, "state": "stopped"}]},
        ["sky_instances_present[0] (i): spot and state"],
    ),
    "unknown regions": (
        {"sky_account_id": GOOD, "sky_account_region": "us-esat-1", "sky_network_regions": ["mars-1"]},
        ["sky_account_region: 'us-esat-1'", "sky_network_regions[0]: 'mars-1'"],
    ),
    "an unknown option": (
        {"sky_account_id": GOOD, "sky_users_present": [{"name": "dave", "polices": []}]},
        ["sky_users_present[0] (dave): polices: there is no such option; did you mean policies?"],
    ),
    "a wrong type": (
        {"sky_account_id": GOOD, "sky_users_present": "alice"},
        ["sky_users_present"],
    ),
    "a role in another account": (
        {"sky_account_id": GOOD, "sky_account_assume_role": "arn:aws:iam::222222222222:role/x"},
        ["sky_account_assume_role", "is not in account 111111111111"],
    ),
}


@pytest.mark.parametrize("case", KNOWN_BEFOREHAND)
def test_what_is_known_beforehand_makes_no_call(aws: Emulator, runner: Runner, case: str) -> None:
    variables, words = KNOWN_BEFOREHAND[case]
    run = runner.onboard({"ml": variables})
    assert run.rc == 2
    assert aws.calls() == []
    message = run.message("ml")
    for word in words:
        assert word in message
    assert "Traceback" not in run.stdout
    # One line a fault: each begins with the variable.
    assert all(line.startswith("sky_") for line in message.splitlines()), message


def test_all_faults_come_at_once(aws: Emulator, runner: Runner) -> None:
    run = runner.onboard({"ml": {"sky_account_id": "1", "sky_policy_features": ["x"], "sky_users_absent": ["a b"]}})
    assert len(run.message("ml").splitlines()) == 3
    assert aws.calls() == []


def test_a_misspelt_variable_is_pointed_out(runner: Runner, account: str) -> None:
    run = runner.onboard({"ml": {"sky_account_id": account, "sky_user_present": []}}, "--check")
    assert run.rc == 0
    assert "sky_user_present is not a variable of any role; did you mean sky_users_present?" in run.stdout


class TestWhatTakesALook:
    def refused(self, aws: Emulator, runner: Runner, account: str, *words: str, **variables: t.Any) -> str:
        aws.clear_log()
        run = runner.onboard({"ml": {"sky_account_id": account, **variables}})
        assert run.rc == 2, run.stdout
        message = run.message("ml")
        assert len(message.splitlines()) == 1, message
        for word in words:
            assert word in message
        assert "Traceback" not in run.stdout
        return message

    def test_credentials_of_another_account(self, aws: Emulator, runner: Runner, account: str) -> None:
        words = ("wrong account", account, aws.management_account, "nothing was written")
        self.refused(aws, runner, account, *words, sky_account_assume_role="")
        assert aws.writes() == []

    def test_no_credentials(self, aws: Emulator, runner: Runner, account: str) -> None:
        nothing = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": ""}
        run = runner.onboard({"ml": {"sky_account_id": account}}, environment=nothing)
        assert run.rc == 2
        assert f"no credentials for account {account}" in run.message("ml")
        assert aws.calls() == []

    def test_a_vpc_that_is_missing(self, aws: Emulator, runner: Runner, account: str) -> None:
        text = "No VPC with name 'lab' is found in us-east-1. To fix: specify a correct VPC name."
        self.refused(aws, runner, account, text, sky_network_vpc_names=["lab"])
        assert aws.writes() == []

    def test_a_vpc_that_is_ambiguous(self, aws: Emulator, runner: Runner, account: str) -> None:
        ec2 = aws.client("ec2", account)
        for number in range(2):
            vpc = ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"]
            ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "lab"}])
        self.refused(aws, runner, account, "Multiple VPCs with name 'lab' found", sky_network_vpc_names=["lab"])
        assert aws.writes() == []

    def test_instances_of_one_name(self, aws: Emulator, runner: Runner, account: str) -> None:
        names = {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "smoke"}]}
        ec2 = aws.client("ec2", account)
        made = ec2.run_instances(
            ImageId=IMAGE, InstanceType="t3.micro", MinCount=2, MaxCount=2, TagSpecifications=[names]
        )["Instances"]
        ids = [instance["InstanceId"] for instance in made]
        wanted = {"sky_instances_present": [{"name": "smoke", "image_id": IMAGE}]}
        self.refused(aws, runner, account, *ids, **wanted)
        assert not [call for call in aws.writes() if call["service"] == "ec2"]

    def test_a_foreign_instance_of_the_name(self, aws: Emulator, runner: Runner, account: str) -> None:
        names = {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "smoke"}]}
        ec2 = aws.client("ec2", account)
        made = ec2.run_instances(
            ImageId=IMAGE, InstanceType="t3.micro", MinCount=1, MaxCount=1, TagSpecifications=[names]
        )["Instances"][0]["InstanceId"]
        # A forged tag does not make it ours.
        ec2.create_tags(Resources=[made], Tags=[{"Key": "sky.aws/managed-by", "Value": "sky.aws"}])
        self.refused(aws, runner, account, made, sky_instances_present=[{"name": "smoke", "image_id": IMAGE}])
        self.refused(aws, runner, account, made, sky_instances_absent=["smoke"])
        assert not [call for call in aws.writes() if call["service"] == "ec2"]

    def test_a_policy_that_is_not_there(self, aws: Emulator, runner: Runner, account: str) -> None:
        wanted = {"sky_users_present": [{"name": "eve", "policies": ["nowhere"]}]}
        self.refused(aws, runner, account, f"arn:aws:iam::{account}:policy/nowhere", **wanted)
        assert [call["api"] for call in aws.writes()] == ["iam:CreatePolicy"]

    def test_access_denied_names_action_resource_account_and_mend(
        self, aws: Emulator, runner: Runner, account: str
    ) -> None:
        aws.fault("iam:CreatePolicy", "AccessDenied", "User is not authorized", status=403)
        words = ("iam:CreatePolicy on minimal-skypilot-policy", "AccessDenied", "To mend it: allow iam:CreatePolicy")
        self.refused(aws, runner, account, account, *words)

    def test_limit_exceeded_names_the_mend(self, aws: Emulator, runner: Runner, account: str) -> None:
        aws.fault("iam:CreateRole", "LimitExceeded", "Cannot exceed quota", status=409)
        self.refused(aws, runner, account, "iam:CreateRole on skypilot-v1", account, "LimitExceeded", "Service Quotas")

    def test_a_plan_that_stops_half_way_says_where(self, aws: Emulator, runner: Runner, account: str) -> None:
        aws.fault("iam:CreateInstanceProfile", "LimitExceeded", "Cannot exceed quota", status=409)
        words = ("Done before: iam:CreateRole skypilot-v1", "Not done: iam:CreateInstanceProfile skypilot-v1")
        message = self.refused(aws, runner, account, *words)
        assert "Run it again to finish" in message
        run = runner.onboard({"ml": {"sky_account_id": account}})
        assert run.rc == 0
        assert [api for api, target in run.steps("ml")] == ["iam:CreateInstanceProfile", "iam:AddRoleToInstanceProfile"]


def test_a_foreign_policy_is_converged_but_not_made_ours(aws: Emulator, runner: Runner, account: str) -> None:
    iam = aws.client("iam", account)
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]}
    iam.create_policy(PolicyName="minimal-skypilot-policy", PolicyDocument=json.dumps(document))
    aws.clear_log()
    run = runner.onboard({"ml": {"sky_account_id": account}}, "--tags", "sky_policy")
    assert [call["api"] for call in aws.writes()] == ["iam:CreatePolicyVersion"]
    assert run.of("ml", "sky_iam_policy")[0]["policy"]["tags"] == {}
