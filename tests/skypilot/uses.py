# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How SkyPilot uses each feature of the policy: the steps that need it, and what becomes of them without it."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.sky.aws.tests.skypilot.accounts import NETWORKS, Account, Variables
from ansible_collections.sky.aws.tests.skypilot.skypilot import Report, Step, step

#: What every account here has, unless the feature itself takes its place.
CORE = ("base", "launch_tags", "protect_tags")
LAUNCH = ("bootstrap", "run", "wait", "info", "query")
DOWN = ("terminate", "cleanup_ports", "query")
UP_AND_DOWN = ("render", *LAUNCH, *DOWN)
BUCKET = "research-<account_id>"
NEW_BUCKET = "results-<account_id>"
ACCOUNT = "<account_id>"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Use:
    """``steps`` run on the user's machine, then ``node_steps`` on the head node with the credentials of its role.

    ``feature`` is a feature of the role's own policy if there are ``node_steps``, otherwise of the policy of user and
    role; ``beside`` are those that it takes too. ``variables`` are further ones of the account, ``options`` those that
    the feature itself has. Text in ``steps`` may hold <account_id>.
    ``without`` is the step that fails if only the feature is missing, ``refused`` the action and a pattern of the
    resource that AWS then refuses; without a step SkyPilot goes on.
    """

    feature: str
    steps: tuple[str | Step, ...] = UP_AND_DOWN
    node_steps: tuple[str | Step, ...] = ()
    beside: tuple[str, ...] = CORE
    networks: tuple[str, ...] = ("default",)
    config: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    environment: dict[str, str] = dataclasses.field(default_factory=dict)
    variables: Variables = dataclasses.field(default_factory=dict)
    options: Variables = dataclasses.field(default_factory=dict)
    prepare: t.Callable[[Account], None] = lambda _: None
    without: str = ""
    refused: tuple[str, str] = ("", "")

    def __str__(self) -> str:
        return self.feature

    def account(self, *, missing: bool = False) -> Variables:
        """The variables of an account with the feature, or with all but the feature."""
        features = [*self.beside, *([] if missing else [self.feature])]
        features = features or ["quotas"]  # no policy is empty
        policy = {"sky_policy_features": features}
        if self.node_steps:
            policy = {"sky_policy_features": list(CORE), "sky_instance_role_features": features}
        return {**policy, **self.variables, **({} if missing else self.options)}

    def play(self, account: Account, network: str = "default") -> list[Report]:
        """Run the steps; the reports of the user's machine and of the node, if it came to that."""
        self.prepare(account)
        laptop = account.laptop(network, **self.config)
        laptop.environment.update(self.environment)
        reports = [laptop.run(*self._filled(self.steps, account))]
        if self.node_steps and reports[0].ok:
            with account.instance() as node:
                node.make_head_node(laptop)
                reports.append(node.run(*self._filled(self.node_steps, account)))
        return reports

    def _filled(self, steps: tuple[str | Step, ...], account: Account) -> list[Step]:
        """The steps with the account's id in the place of <account_id>, and a cluster named after the feature."""
        text = json.dumps([step(each) if isinstance(each, str) else each for each in steps])
        filled: list[Step] = json.loads(text.replace(ACCOUNT, account.id))
        for each in filled:
            if each["name"] == "render":
                each["arguments"]["name"] = str(self).replace("_", "-")
        return filled


def cases(uses: tuple[Use, ...], *, less: bool = False) -> list[t.Any]:
    """The uses in each of their networks, as parameters ``use`` and ``network``.

    With ``less`` those that make test leaves out bear the mark ``full``: make matrix runs them.
    """
    return [
        pytest.param(
            use,
            network,
            id=f"{use}-{network}",
            marks=[pytest.mark.full] if less and network != "default" and use.feature not in CORE else [],
        )
        for use in uses
        for network in use.networks
    ]


def make_bucket(account: Account) -> None:
    """A bucket of somebody else in the account, with an object."""
    bucket = BUCKET.replace(ACCOUNT, account.id)
    s3 = account.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="file", Body=b"data")


def make_identity(account: Account) -> None:
    """A role and an instance profile of another name, once."""
    iam = account.client("iam")
    if any(role["RoleName"] == "research" for role in iam.list_roles()["Roles"]):
        return
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role(RoleName="research", AssumeRolePolicyDocument=document)
    iam.create_instance_profile(InstanceProfileName="research")
    iam.add_role_to_instance_profile(InstanceProfileName="research", RoleName="research")


def forget_spot(account: Account) -> None:
    """Only an account's first spot instance makes the service-linked role: remove it, as moto lets an administrator."""
    iam = account.client("iam")
    for role in iam.list_roles(PathPrefix="/aws-service-role/spot.amazonaws.com/")["Roles"]:
        iam.delete_role(RoleName=role["RoleName"])


EC2 = "arn:aws:ec2:us-east-1:*:"
#: What a user does, by the feature that it takes.
USES = (
    Use(
        feature="launch_tags",
        beside=("base", "protect_tags"),
        steps=("check_compute", "render", *LAUNCH, "stop", "query", "bootstrap", "run", "wait", *DOWN),
        networks=tuple(NETWORKS),
        without="bootstrap",
        refused=("ec2:CreateTags", f"{EC2}security-group/*"),
    ),
    Use(
        feature="base_named_group",
        beside=("protect_tags",),
        steps=(step("render", nodes=2), *LAUNCH, "stop", "bootstrap", "run", "wait", *DOWN),
        config={"security_group_name": "research"},
        variables={"sky_network_security_group": "research"},
        without="render",
        refused=("ec2:DescribeImages", "*"),
    ),
    Use(
        feature="ports",
        steps=(step("render", ports=["8080", "9000-9010"], nodes=2), *LAUNCH, "open_ports", *DOWN),
        networks=tuple(NETWORKS),
        without="terminate",
        refused=("ec2:ModifyInstanceAttribute", f"{EC2}*"),
    ),
    Use(
        feature="spot",
        steps=(step("render", use_spot=True), *LAUNCH, *DOWN),
        networks=tuple(NETWORKS),
        prepare=forget_spot,
        without="run",
        refused=("iam:CreateServiceLinkedRole", "arn:aws:iam::*:role/aws-service-role/spot.amazonaws.com/*"),
    ),
    Use(
        feature="efa",
        steps=(step("render", instance_type="p4d.24xlarge", network_tier="best"), *LAUNCH, *DOWN),
        networks=tuple(NETWORKS),
        without="bootstrap",
        refused=("ec2:AuthorizeSecurityGroupEgress", f"{EC2}security-group/*"),
    ),
    Use(
        feature="clone_disk",
        steps=("render", *LAUNCH, "stop", step("clone_disk", target_region="us-west-2"), *DOWN),
        networks=tuple(NETWORKS),
        without="clone_disk",
        refused=("ec2:CreateImage", "arn:aws:ec2:us-east-1:*"),
    ),
    Use(
        feature="quotas",
        steps=("render", "quota", *LAUNCH, *DOWN),
        networks=tuple(NETWORKS),
        refused=("servicequotas:GetServiceQuota", "*"),
    ),
    Use(
        feature="ssm",
        steps=("render", *LAUNCH, "ssm", *DOWN),
        networks=tuple(NETWORKS),
        config={"use_ssm": True, "ssh_proxy_command": None},
        # No instance answers: one try is enough.
        environment={"AWS_MAX_ATTEMPTS": "1"},
        without="ssm",
        refused=("ssm:StartSession", "*"),
    ),
    Use(
        feature="custom_identity",
        config={"remote_identity": "research"},
        networks=tuple(NETWORKS),
        options={"sky_policy_custom_identities": ["research"]},
        prepare=make_identity,
        without="run",
        refused=("iam:PassRole", "arn:aws:iam::*:role/research"),
    ),
    Use(
        feature="s3_read",
        steps=("check_storage", step("storage_attach", bucket=BUCKET), step("storage_copy", bucket=BUCKET)),
        prepare=make_bucket,
        without="check_storage",
        refused=("s3:ListAllMyBuckets", "*"),
    ),
    Use(
        feature="s3_write",
        beside=(*CORE, "s3_read"),
        steps=("check_storage", step("storage_upload", bucket=BUCKET)),
        prepare=make_bucket,
        without="storage_upload",
        refused=("s3:PutObject", "arn:aws:s3:::research-*/file"),
    ),
    Use(
        feature="s3_manage",
        beside=(*CORE, "s3_read", "s3_write"),
        steps=("check_storage", step("storage_upload", bucket=NEW_BUCKET), step("storage_delete", bucket=NEW_BUCKET)),
        config={"labels": {"team": "research"}},
        without="storage_upload",
        refused=("s3:CreateBucket", "arn:aws:s3:::results-*"),
    ),
)
#: The role that SkyPilot makes itself; it then waits for 30 seconds.
UNMANAGED = {"sky_instance_role_state": "unmanaged"}
MAKING_THE_ROLE = Use(
    feature="create_role_inline", beside=(*CORE, "create_role"), variables=UNMANAGED, steps=("render", *LAUNCH)
)
#: What an instance does, by the feature of its role's own policy.
NODE_USES = (
    Use(
        feature="autostop",
        beside=("protect_tags",),
        steps=(step("render", nodes=2), *LAUNCH),
        node_steps=(step("autostop", down=False), step("autostop", down=True)),
        networks=tuple(NETWORKS),
        without="autostop",
        refused=("ec2:DescribeInstances", "*"),
    ),
    Use(
        feature="ports",
        beside=("autostop",),
        variables={"sky_policy_features": [*CORE, "ports"]},
        steps=(step("render", ports=["8080"]), *LAUNCH),
        node_steps=(step("autostop", down=True),),
        without="autostop",
        refused=("ec2:ModifyInstanceAttribute", f"{EC2}*"),
    ),
    Use(
        feature="ecr",
        beside=("autostop",),
        steps=("render", *LAUNCH),
        # provision/docker_utils.py:327, up to the pipe into docker.
        node_steps=(step("shell", command="aws ecr get-login-password --region us-east-1"),),
        without="shell",
        refused=("ecr:GetAuthorizationToken", "*"),
    ),
    Use(
        feature="logs",
        beside=("autostop",),
        steps=("render", *LAUNCH),
        # logs/aws.py:150, the verification of the set-up; Fluent Bit itself does not run here.
        node_steps=(step("shell", command="aws cloudwatch list-metrics --namespace AWS/Logs --max-items 1"),),
        without="shell",
        refused=("cloudwatch:ListMetrics", "*"),
    ),
)
