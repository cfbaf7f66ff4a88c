# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy of the hub identity: enough to list the accounts and to reach them, nothing left over, nothing beyond."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.sky.aws.demo.seed import ACCESS_ROLE, Cloud
from ansible_collections.sky.aws.tests.awx.jobs import SOURCE, Awx, Inventory
from ansible_collections.sky.aws.tests.awx.jobs_scene import (
    EXTERNAL_ID,
    HUB,
    HUB_POLICY,
    PLACEHOLDER,
    Hub,
    Statement,
    hub_policy,
    new_account,
    project,
)
from ansible_collections.sky.aws.tests.emulator.people import error_of
from ansible_collections.sky.aws.tests.integration.runs import ROOT
from ansible_collections.sky.aws.tests.reliability.controllers import Watched

ACTIONS = [
    "sts:AssumeRole",
    "organizations:ListRoots",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListAccountsForParent",
    "tag:GetResources",
]
#: A delegated administrator sees the tags of accounts by this only.
DELEGATED = {"tag:GetResources": "organizations:ListTagsForResource"}
GUIDE = ROOT / "docs" / "awx.md"


@dataclasses.dataclass
class Scene:
    """An organization, its hub (the management account or a delegated administrator), and an account that trusts it."""

    aws: Watched
    hub: Hub
    organization: str
    account: str
    outside: str

    def policy(self, renamed: dict[str, str], without: str = "") -> list[Statement]:
        """The policy of the guide, with other names of actions, and without one."""
        statements = hub_policy(self.organization)
        for statement in statements:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            statement["Action"] = [renamed.get(action, action) for action in actions if action != without]
        return [statement for statement in statements if statement["Action"]]

    def assume(self, account: str, role: str = ACCESS_ROLE, **more: str) -> tuple[int, str, str] | None:
        """The error of an attempt of the hub's."""
        sts = Cloud(self.aws.url).client("sts", credentials=self.hub.keys)
        arn = f"arn:aws:iam::{account}:role/{role}"
        return error_of(sts.assume_role, RoleArn=arn, RoleSessionName="test", **more)


@pytest.fixture(scope="module")
def aws() -> t.Iterator[Watched]:
    with Watched(enforce=True) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def scenes(aws: Watched) -> dict[str, Scene]:
    delegate, member, other, outside = (new_account() for _ in range(4))
    accounts = [
        {"name": "delegate", "unit": "Platform", "id": delegate},
        {"name": "member", "unit": "Research", "id": member, "tags": {"team": "vision"}},
        {"name": "other", "unit": "Research", "id": other, "tags": {"team": "speech"}},
        {"name": "Lab {{ 6 * 7 }}", "unit": "Sandbox", "id": new_account()},
    ]
    aws.organization(HUB, accounts, delegate=delegate)
    organization = aws.client("organizations").describe_organization()["Organization"]["Id"]
    found = {}
    for name, hub, account in (("management", Hub(aws), member), ("delegated", Hub(aws, delegate), other)):
        aws.internet(account)
        hub.is_trusted_by(account)
        found[name] = Scene(aws, hub, organization, account, outside)
    return found


def awx_with_tags(folder: pathlib.Path, scene: Scene, **options: t.Any) -> Awx:
    """A project whose source asks for tags."""
    copy = project(folder / "project")
    source = copy / SOURCE
    source.write_text(source.read_text() + yaml.safe_dump({"tag_groups": ["team"], **options}))
    return Awx(folder, scene.hub.injected, copy)


@pytest.fixture
def management(scenes: dict[str, Scene]) -> Scene:
    scenes["management"].hub.may(scenes["management"].policy({}))
    return scenes["management"]


@pytest.mark.parametrize(
    ("name", "renamed", "options"),
    [("management", {}, {}), ("delegated", DELEGATED, {"tags_from": "organizations"})],
)
def test_it_is_enough_and_all_of_it_is_used(
    aws: Watched,
    scenes: dict[str, Scene],
    tmp_path: pathlib.Path,
    name: str,
    renamed: dict[str, str],
    options: dict[str, t.Any],
) -> None:
    scene = scenes[name]
    scene.hub.may(scene.policy(renamed))
    awx = awx_with_tags(tmp_path, scene, **options)
    aws.clear_log()
    update = awx.update(scene.hub.injected_into_source)
    assert update.returncode == 0, update.stderr
    listed = json.loads(update.stdout)
    assert {"tag_team__vision", "tag_team__speech"} <= set(listed)
    [host] = [each for each in ("member", "other") if scene.account in json.dumps(listed["_meta"]["hostvars"][each])]
    job = awx.run(Inventory.imported(listed), extra_vars={"sky_hosts": host})
    assert job.rc == 0, job.stdout
    assert job.changed(host) == 3
    asked = {check["action"] for check in aws.checks() if check["principal"] == scene.hub.arn and check["allowed"]}
    assert asked == {renamed.get(action, action) for action in ACTIONS}


def test_the_name_of_an_account_is_no_template_in_a_job(management: Scene, tmp_path: pathlib.Path) -> None:
    """Though it went through AWX's database, and whoever owns the account chose it."""
    awx = awx_with_tags(tmp_path, management)
    show = {"ansible.builtin.debug": {"msg": "named {{ sky_account_name }}"}}
    play = {"hosts": "all", "connection": "local", "gather_facts": False, "tasks": [show]}
    (awx.project / "show.yml").write_text(yaml.safe_dump([play]))
    listed = json.loads(awx.update(management.hub.injected_into_source).stdout)
    job = awx.run(Inventory.imported(listed), "show.yml", limit="lab-6-7")
    assert job.of("lab-6-7", "debug")[0]["msg"] == "named Lab {{ 6 * 7 }}"


def test_it_has_these_actions_and_no_others(management: Scene) -> None:
    actions = [action for statement in management.policy({}) for action in statement["Action"]]
    assert sorted(actions) == sorted(ACTIONS)
    assert not [action for action in actions if "*" in action]


@pytest.mark.parametrize("action", ACTIONS[1:])
def test_the_inventory_needs_each_of_its_actions(management: Scene, tmp_path: pathlib.Path, action: str) -> None:
    management.hub.may(management.policy({}, without=action))
    update = awx_with_tags(tmp_path, management).update(management.hub.injected_into_source)
    assert update.returncode != 0
    assert action.partition(":")[2] in update.stderr


def test_a_job_needs_to_assume_the_role(management: Scene, tmp_path: pathlib.Path) -> None:
    management.hub.may(management.policy({}, without="sts:AssumeRole"))
    job = Awx(tmp_path, management.hub.injected).run(Inventory({"member": {"sky_account_id": management.account}}))
    assert job.rc == 2
    assert "sts:AssumeRole" in job.message("member")


class TestBeyond:
    def test_the_role_is_assumed_with_the_external_id_only(self, management: Scene) -> None:
        assert management.assume(management.account, ExternalId=EXTERNAL_ID) is None
        for more in ({}, {"ExternalId": "another"}):
            error = management.assume(management.account, **more)
            assert error
            assert error[1] == "AccessDenied"

    def test_no_other_role_is(self, aws: Watched, management: Scene) -> None:
        trust = {"Effect": "Allow", "Principal": {"AWS": management.hub.arn}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        # A trust policy that names a user of the same account would let it in without any policy of its own.
        aws.client("iam", management.account).create_role(RoleName="another", AssumeRolePolicyDocument=document)
        error = management.assume(management.account, "another")
        assert error
        assert error[1] == "AccessDenied"

    def test_no_account_outside_the_organization_is_reached(self, management: Scene) -> None:
        """Though it trusts the hub."""
        management.aws.account(management.outside)
        management.hub.is_trusted_by(management.outside)
        error = management.assume(management.outside, ExternalId=EXTERNAL_ID)
        assert error
        assert error[1] == "AccessDenied"

    def test_nobody_else_in_the_hub_account_is_let_in(self, aws: Watched, management: Scene) -> None:
        iam = aws.client("iam")
        iam.create_user(UserName="mallory")
        anything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]}
        iam.put_user_policy(UserName="mallory", PolicyName="all", PolicyDocument=json.dumps(anything))
        key = iam.create_access_key(UserName="mallory")["AccessKey"]
        keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
        sts = Cloud(aws.url).client("sts", credentials=keys)
        arn = f"arn:aws:iam::{management.account}:role/{ACCESS_ROLE}"
        error = error_of(sts.assume_role, RoleArn=arn, RoleSessionName="test", ExternalId=EXTERNAL_ID)
        assert error
        assert error[1] == "AccessDenied"

    @pytest.mark.parametrize(
        ("service", "method", "parameters"),
        [
            ("iam", "list_users", {}),
            ("iam", "create_access_key", {"UserName": "awx"}),
            ("ec2", "describe_vpcs", {}),
            ("organizations", "describe_organization", {}),
            ("organizations", "create_account", {"AccountName": "new", "Email": "new@example.com"}),
            ("organizations", "list_tags_for_resource", {"ResourceId": "000000000000"}),
            ("secretsmanager", "list_secrets", {}),
        ],
    )
    def test_nothing_else_is_allowed(
        self, aws: Watched, management: Scene, service: str, method: str, parameters: dict[str, str]
    ) -> None:
        client = Cloud(aws.url).client(service, credentials=management.hub.keys)
        error = error_of(getattr(client, method), **parameters)
        assert error
        assert error[1] in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")


def test_the_guide_shows_the_policy() -> None:
    """As it is in the file, in a block of its own."""
    shown = "".join(f"    {line}\n" if line else "\n" for line in HUB_POLICY.read_text().splitlines())
    assert shown in GUIDE.read_text()
    assert PLACEHOLDER in shown
