# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account is offboarded in the emulated AWS: what goes, in which order, what is left, and after a kill."""

from __future__ import annotations

import json
import os
import pwd

import pytest

from ansible_collections.sky.aws.plugins.module_utils import _patience
from ansible_collections.sky.aws.plugins.module_utils._account import Account
from ansible_collections.sky.aws.plugins.module_utils._errors import AWSError, BadInput, SkyError
from ansible_collections.sky.aws.plugins.module_utils._resources import _regions
from ansible_collections.sky.aws.plugins.module_utils._resources.instance import RESOURCE as instance
from ansible_collections.sky.aws.plugins.module_utils._resources.policy import RESOURCE as policy
from ansible_collections.sky.aws.plugins.module_utils._resources.role import RESOURCE as role
from ansible_collections.sky.aws.plugins.module_utils._resources.security_group import RESOURCE as security_group
from ansible_collections.sky.aws.plugins.module_utils._resources.user import RESOURCE as user
from ansible_collections.sky.aws.plugins.module_utils._resources.user.key import in_file
from ansible_collections.sky.aws.tests.unit.offboard_scene import (
    ANYBODY,
    GROUP,
    IMAGE,
    OWNER,
    POLICY,
    REGION,
    ROLE,
    TRUST,
    OffboardSandbox,
    named,
)
from ansible_collections.sky.aws.tests.unit.processes import needs_root

#: The removal of everything that the scene makes.
EXPECTED = [
    "ec2:TerminateInstances",
    *["iam:DeleteAccessKey", "iam:DetachUserPolicy", "iam:DeleteUser"] * 2,
    "secretsmanager:DeleteSecret",
    "iam:RemoveRoleFromInstanceProfile",
    "iam:DeleteInstanceProfile",
    "iam:DetachRolePolicy",
    "iam:DetachRolePolicy",
    "iam:DeleteRole",
    "iam:DeletePolicy",
    "iam:DeletePolicy",
    "ec2:DeleteSecurityGroup",
]


@pytest.fixture
def account(emulator, account_id, tmp_path):
    sandbox = OffboardSandbox(emulator, account_id, tmp_path)
    emulator.clear_log()
    yield sandbox
    emulator.clear_faults()


@pytest.fixture
def onboarded(account):
    account.before = account.inventory()
    account.onboard()
    return account


def steps(result):
    return [step["api"] for step in result["steps"]]


def reasons(result):
    return {(item["type"], item["name"]): item["reason"] for item in result["left"]}


class TestEverything:
    def test_the_plan_is_what_happens_and_nothing_is_left(self, onboarded):
        checked = onboarded.offboard(check_mode=True)
        assert onboarded.apis_written() == []
        assert onboarded.file.read_text()
        done = onboarded.offboard()
        assert steps(checked) == steps(done) == onboarded.apis_written() == EXPECTED
        assert checked == done
        assert done["changed"] is True
        assert named(done["removed"]) == [
            ("instance", "smoke"),
            ("user", "alice"),
            ("user", "bob"),
            ("secret", "sky/bob"),
            ("key file", f"profile {onboarded.account_id}-alice of file {onboarded.file}"),
            ("role", ROLE),
            ("instance profile", ROLE),
            ("policy", POLICY),
            ("policy", f"{ROLE}-policy"),
            ("security group", GROUP),
        ]
        assert done["left"] == onboarded.warnings == []
        assert onboarded.inventory() == onboarded.before

    def test_a_second_run_writes_nothing_and_looks_seven_times(self, onboarded):
        onboarded.offboard()
        onboarded.emulator.clear_log()
        again = onboarded.offboard()
        header = f"account in account {onboarded.account_id}"
        assert again == {
            "changed": False,
            "diff": {"before_header": header, "after_header": header, "before": {}, "after": {}},
            "steps": [],
            "removed": [],
            "left": [],
        }
        calls = onboarded.emulator.calls(onboarded.account_id)
        assert [call["api"] for call in calls if call["write"]] == []
        assert len(calls) == 7

    def test_an_account_that_was_never_onboarded(self, account):
        assert account.offboard()["changed"] is False
        assert account.apis_written() == []

    def test_aws_is_asked_for_the_instances_before_the_group_goes(self, onboarded):
        onboarded.offboard()
        calls = [call["api"] for call in onboarded.emulator.calls(onboarded.account_id)]
        terminated, deleted = calls.index("ec2:TerminateInstances"), calls.index("ec2:DeleteSecurityGroup")
        assert "ec2:DescribeInstances" in calls[terminated:deleted]

    def test_the_secret_can_be_restored_for_thirty_days(self, onboarded):
        onboarded.offboard()
        [deleted] = [call for call in onboarded.emulator.writes(onboarded.account_id) if "Secret" in call["api"]]
        assert deleted["params"] == {"SecretId": "sky/bob", "RecoveryWindowInDays": 30}

    def test_what_has_other_names_now_goes_too(self, onboarded):
        onboarded.run(policy, name="older", path="/team/")
        onboarded.run(role, name="older-role", path="/team/")
        onboarded.run(user, name="older-user", path="/team/", permissions_boundary="/team/older")
        done = onboarded.offboard(users=[], role_name="other", policy_name="other")
        assert {("policy", "older"), ("role", "older-role"), ("user", "older-user")} <= set(named(done["removed"]))
        assert onboarded.inventory() == {**onboarded.before, "file": onboarded.file.read_text()}


class TestRegions:
    def test_instances_and_groups_of_several_regions(self, onboarded):
        other = "us-west-2"
        onboarded.emulator.internet(onboarded.account_id, other)
        networks = []
        for region in (REGION, other):
            made = onboarded.ec2(region).create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
            networks.append({"region": region, "vpc_id": made})
        onboarded.run(security_group, name=GROUP, networks=networks)
        onboarded.run(instance, name="smoke", image_id=IMAGE, region=other)
        onboarded.emulator.clear_log()
        checked = onboarded.offboard(check_mode=True, regions=[REGION, other])
        done = onboarded.offboard(regions=[REGION, other])
        assert checked == done
        writes = onboarded.emulator.writes(onboarded.account_id)
        assert [call["region"] for call in writes if call["api"] == "ec2:TerminateInstances"] == [REGION, other]
        groups = [item for item in done["removed"] if item["type"] == "security group"]
        assert [item["region"] for item in groups] == [REGION, REGION, other]
        assert len({item["name"] for item in groups}) == 3
        assert onboarded.offboard(regions=[REGION, other])["changed"] is False

    def test_a_closed_region_is_reported_where_all_are_looked_at(self, onboarded, monkeypatch):
        pages = Account.pages

        def closed(self, api, *arguments, region=None, **more):
            if (api, region) == ("ec2:DescribeInstances", "eu-west-1"):
                raise AWSError(f"{api} failed: SCP", code="UnauthorizedOperation")
            return pages(self, api, *arguments, region=region, **more)

        monkeypatch.setattr(_regions, "enabled", lambda _: [REGION, "eu-west-1"])
        monkeypatch.setattr(Account, "pages", closed)
        done = onboarded.offboard(regions=["all"], check_mode=True)
        [left] = done["left"]
        assert left["type"] == "region"
        assert "could not be read" in left["reason"]
        assert "SCP" in onboarded.warnings[0]

    @pytest.mark.parametrize("api", ["ec2:DescribeInstances", "secretsmanager:ListSecrets"])
    def test_a_look_that_is_refused_in_the_accounts_own_region_is_an_error(self, onboarded, monkeypatch, api):
        """There is no policy that closes it, but a right that is missing: nothing would be found anywhere."""
        monkeypatch.setattr(_regions, "enabled", lambda _: [REGION])
        onboarded.emulator.fault(api, "AccessDenied", status=403, account=onboarded.account_id)
        with pytest.raises(SkyError, match=f"{api} on region us-east-1"):
            onboarded.offboard(regions=["all"])
        assert onboarded.apis_written() == []

    @pytest.mark.parametrize("regions", [[REGION], ["us-west-2"], [REGION, "us-west-2"]])
    def test_a_secret_is_found_in_the_regions_and_in_the_accounts_own(self, onboarded, regions):
        delivery = {"secret": "sky/carol"}
        onboarded.run(user, name="carol", access_key_delivery=delivery, region="us-west-2")
        onboarded.emulator.clear_log()
        done = onboarded.offboard(regions=regions)
        gone = [(item["name"], item["region"]) for item in done["removed"] if item["type"] == "secret"]
        assert sorted(gone) == [("sky/bob", REGION), *([("sky/carol", "us-west-2")] if "us-west-2" in regions else [])]
        writes = [call for call in onboarded.emulator.writes(onboarded.account_id) if "Secret" in call["api"]]
        assert [call["region"] for call in writes] == [region for _name, region in gone]

    def test_a_closed_region_that_is_named_is_an_error(self, onboarded):
        onboarded.emulator.fault(
            "ec2:DescribeInstances", "UnauthorizedOperation", "SCP", status=403, account=onboarded.account_id
        )
        with pytest.raises(SkyError, match="ec2:DescribeInstances on region us-east-1"):
            onboarded.offboard()
        assert onboarded.apis_written() == []

    def test_all_are_those_that_the_account_has(self, account):
        account.offboard(regions=["all"])
        calls = account.emulator.calls(account.account_id)
        looked = {call["region"] for call in calls if call["api"] == "ec2:DescribeInstances"}
        assert looked == {region["RegionName"] for region in account.ec2().describe_regions()["Regions"]}


class TestLeft:
    def test_foreign_things_are_untouched_and_those_of_skypilot_reported(self, account):
        iam = account.iam
        iam.create_user(UserName="alice")
        iam.create_user(UserName="stranger")
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=TRUST)
        iam.create_instance_profile(InstanceProfileName=ROLE)
        iam.add_role_to_instance_profile(InstanceProfileName=ROLE, RoleName=ROLE)
        iam.create_policy(PolicyName=POLICY, PolicyDocument=ANYBODY)
        account.secrets.create_secret(Name="theirs", SecretString="s", Tags=OWNER)
        account.launch({"Name": "theirs"})
        cluster = account.launch({"Name": "train-head", "skypilot-cluster-name": "train", "skypilot-user": "bob"})
        before = account.inventory()
        account.emulator.clear_log()
        done = account.offboard()
        assert account.apis_written() == []
        assert done["changed"] is False
        assert account.inventory() == before
        assert named(done["left"]) == [
            ("instance", "train-head"),
            ("user", "alice"),
            ("role", ROLE),
            ("policy", POLICY),
        ]
        assert account.warnings == [item["reason"] for item in done["left"]]
        assert cluster in account.warnings[0]
        assert "SkyPilot's cluster train of user bob" in account.warnings[0]

    def test_a_users_own_key_keeps_the_user_with_its_rights_and_secret(self, onboarded):
        key = onboarded.iam.create_access_key(UserName="bob")["AccessKey"]["AccessKeyId"]
        done = onboarded.offboard()
        assert named(done["left"]) == [("user", "bob"), ("secret", "sky/bob"), ("policy", POLICY)]
        assert key in reasons(done)["user", "bob"]
        assert "in use by user bob" in reasons(done)["policy", POLICY]
        assert onboarded.inventory() == {
            **onboarded.before,
            "users": ["bob"],
            "policies": [POLICY],
            "secrets": ["sky/bob"],
        }
        onboarded.emulator.clear_log()
        assert onboarded.offboard()["changed"] is False
        assert onboarded.apis_written() == []
        onboarded.iam.delete_access_key(UserName="bob", AccessKeyId=key)
        assert onboarded.offboard()["left"] == []
        assert onboarded.inventory() == onboarded.before

    def test_a_running_cluster_keeps_role_policy_and_group(self, onboarded):
        group = onboarded.ec2().describe_security_groups(GroupNames=[GROUP])["SecurityGroups"][0]["GroupId"]
        cluster = onboarded.launch(
            {"Name": "head", "ray-cluster-name": "train"}, IamInstanceProfile={"Name": ROLE}, SecurityGroupIds=[group]
        )
        onboarded.emulator.clear_log()
        done = onboarded.offboard()
        assert named(done["left"]) == [
            ("instance", "head"),
            ("role", ROLE),
            ("policy", f"{ROLE}-policy"),
            ("security group", GROUP),
        ]
        for part in (("role", ROLE), ("security group", GROUP)):
            assert cluster in reasons(done)[part]
            assert "sky down" in reasons(done)[part]
        attached = onboarded.iam.list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"]
        assert len(attached) == 2
        assert onboarded.inventory()["instances"] == [cluster]
        onboarded.emulator.clear_log()
        assert onboarded.offboard()["steps"] == onboarded.apis_written() == []
        onboarded.ec2().terminate_instances(InstanceIds=[cluster])
        assert onboarded.offboard()["left"] == []
        assert onboarded.inventory() == onboarded.before

    @pytest.mark.parametrize(
        ("tags", "more", "words"),
        [
            ({"Name": "smoke", "sky.aws/managed-by": "sky.aws"}, {}, "ClientToken says that it was made otherwise"),
            ({"Name": "x"}, {"ClientToken": "sky-aws-0123"}, "it lost its tag"),
        ],
        ids=["forged tag", "forged token"],
    )
    def test_an_instance_that_only_looks_like_ours_is_not_terminated(self, account, tags, more, words):
        made = account.launch(tags, **more)
        done = account.offboard()
        assert done["steps"] == []
        assert words in done["left"][0]["reason"]
        assert account.inventory()["instances"] == [made]

    def test_a_foreign_user_and_group_lose_the_policy_and_stay(self, onboarded):
        arn = onboarded.arn(f"policy/{POLICY}")
        onboarded.iam.create_user(UserName="carol")
        onboarded.iam.attach_user_policy(UserName="carol", PolicyArn=arn)
        onboarded.iam.create_group(GroupName="team")
        onboarded.iam.attach_group_policy(GroupName="team", PolicyArn=arn)
        done = onboarded.offboard()
        assert named(done["left"]) == [("user", "carol"), ("group", "team")]
        assert f"without the policy {POLICY}" in done["left"][0]["reason"]
        assert onboarded.inventory() == {**onboarded.before, "users": ["carol"]}

    def test_a_policy_that_bounds_somebody_stays(self, account):
        account.run(policy)
        arn = account.arn(f"policy/{POLICY}")
        account.iam.create_role(RoleName="bounded", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=arn)
        done = account.offboard()
        assert done["steps"] == []
        assert "role bounded as its permissions boundary" in reasons(done)["policy", POLICY]

    def test_a_role_of_skypilot_in_an_instance_profile_of_ours(self, account):
        account.iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=TRUST)
        account.run(role)
        account.emulator.clear_log()
        done = account.offboard()
        assert account.apis_written() == ["iam:RemoveRoleFromInstanceProfile", "iam:DeleteInstanceProfile"]
        assert named(done["removed"]) == [("instance profile", ROLE)]
        assert named(done["left"]) == [("role", ROLE)]
        assert account.inventory()["roles"] == [ROLE]

    def test_a_service_linked_role_stays_even_with_our_tag(self, onboarded):
        onboarded.run(role, policies=[f"{ROLE}-policy"], service_linked_roles=["spot.amazonaws.com"])
        [name] = [item for item in onboarded.inventory()["roles"] if item != ROLE]
        onboarded.iam.tag_role(RoleName=name, Tags=OWNER)
        done = onboarded.offboard()
        assert ("role", name) not in named(done["removed"])
        assert onboarded.inventory() == {**onboarded.before, "roles": [name]}

    def test_the_callers_own_role_stays_whoever_tagged_it(self, account):
        account.iam.create_role(RoleName="OrganizationAccountAccessRole", AssumeRolePolicyDocument=TRUST, Tags=OWNER)
        account.emulator.clear_log()
        done = account.offboard()
        assert account.apis_written() == []
        assert "is the caller of this run" in done["left"][0]["reason"]


class TestKeyFiles:
    def test_a_file_that_is_not_declared_is_reported(self, onboarded):
        done = onboarded.offboard(users=[])
        assert named(done["left"]) == [("key file", "alice")]
        assert "take its profile out" in onboarded.warnings[0]
        assert onboarded.account_id in onboarded.file.read_text()

    def test_only_the_dead_profile_leaves_the_file(self, onboarded):
        onboarded.file.write_text("[mine]\naws_access_key_id = A\n" + onboarded.file.read_text())
        onboarded.offboard()
        assert onboarded.file.read_text() == "[mine]\naws_access_key_id = A\n"

    @needs_root
    @pytest.mark.parametrize("is_declared", [True, False])
    def test_the_own_file_of_a_person_stays_that_persons(self, onboarded, is_declared):
        owner = pwd.getpwnam("daemon")
        os.chown(onboarded.file, owner.pw_uid, owner.pw_gid)
        delivery = {"file": str(onboarded.file), **({"owner": owner.pw_name} if is_declared else {})}
        done = onboarded.offboard(users=[{"name": "alice", "access_key_delivery": delivery}])
        assert onboarded.file.stat().st_uid == owner.pw_uid
        assert ("key file" in [kind for kind, _name in named(done["left"])]) is not is_declared
        assert (onboarded.account_id in onboarded.file.read_text()) is not is_declared

    def test_the_profile_of_a_user_that_is_left_stays(self, onboarded):
        onboarded.iam.create_access_key(UserName="alice")
        text = onboarded.file.read_text()
        done = onboarded.offboard()
        assert ("user", "alice") in named(done["left"])
        assert onboarded.file.read_text() == text

    def test_a_file_that_is_none_stops_before_any_write(self, onboarded):
        onboarded.file.write_text("no ini")
        with pytest.raises(SkyError, match="credentials"):
            onboarded.offboard()
        assert onboarded.apis_written() == []


class Killed(BaseException):
    """As a SIGKILL would, nothing catches it."""


def kill(*_):
    raise Killed


class TestHalfRemoved:
    def test_every_run_goes_on_where_the_last_one_was_killed(self, onboarded, monkeypatch):
        """Each run dies after its first write, so the account is seen after each of them, at last before the file.

        Every fourth time check mode says first what is left.
        """
        call = Account.call

        def dies_after_a_write(self, api, *arguments, **more):
            if made:
                raise Killed
            answer = call(self, api, *arguments, **more)
            if api in EXPECTED:
                made.append(api)
            return answer

        for index, api in enumerate(EXPECTED):
            made = []
            assert index % 4 or steps(onboarded.offboard(check_mode=True)) == EXPECTED[index:]
            with monkeypatch.context() as patch:
                patch.setattr(Account, "call", dies_after_a_write)
                patch.setattr(in_file.KeyFile, "take_back", kill)
                with pytest.raises(Killed):
                    onboarded.offboard()
            assert made == [api]
        last = onboarded.offboard()
        assert (last["changed"], last["steps"], named(last["removed"])[0][0]) == (True, [], "key file")
        assert onboarded.inventory() == onboarded.before
        assert onboarded.offboard()["changed"] is False

    def test_a_refused_write_says_what_was_done_and_what_was_not(self, onboarded):
        onboarded.emulator.fault("iam:DeleteRole", "AccessDenied", "no", status=403, account=onboarded.account_id)
        with pytest.raises(SkyError) as caught:
            onboarded.offboard()
        index = EXPECTED.index("iam:DeleteRole")
        assert [step["api"] for step in caught.value.steps] == EXPECTED[:index]
        assert "\n" not in caught.value.message
        assert f"Not done: iam:DeleteRole {ROLE}, iam:DeletePolicy" in caught.value.message
        assert onboarded.offboard()["left"] == []
        assert onboarded.inventory() == onboarded.before


class TestSlowAws:
    @pytest.mark.parametrize(
        ("api", "code"),
        [("iam:DeletePolicy", "DeleteConflict"), ("ec2:DeleteSecurityGroup", "DependencyViolation")],
    )
    def test_what_is_seen_late_to_be_free_is_deleted_a_little_later(self, onboarded, monkeypatch, api, code):
        paused = []
        monkeypatch.setattr(_patience.time, "sleep", paused.append)
        onboarded.emulator.fault(api, code, times=2, account=onboarded.account_id)
        assert onboarded.offboard()["left"] == []
        assert paused == [1, 2]
        assert onboarded.inventory() == onboarded.before

    def test_what_stays_held_is_an_error(self, onboarded, monkeypatch):
        monkeypatch.setattr(_patience.time, "sleep", lambda _: None)
        onboarded.emulator.fault("iam:DeleteRole", "DeleteConflict", times=6, account=onboarded.account_id)
        with pytest.raises(SkyError, match=r"iam:DeleteRole .* failed with DeleteConflict"):
            onboarded.offboard()

    @pytest.mark.parametrize(
        "api", ["iam:DeleteUser", "iam:DetachRolePolicy", "iam:DeletePolicy", "secretsmanager:DeleteSecret"]
    )
    def test_another_run_that_was_faster_changes_nothing(self, onboarded, api, monkeypatch):
        """It is told by the first answer; a lost answer that botocore repeats looks the same."""
        call = Account.call

        def late(self, asked, *arguments, **more):
            answer = call(self, asked, *arguments, **more)
            if asked == api:
                monkeypatch.setattr(Account, "call", call)
                call(self, asked, *arguments, **more)
            return answer

        monkeypatch.setattr(Account, "call", late)
        assert onboarded.offboard()["left"] == []
        assert onboarded.inventory() == onboarded.before


class TestRefused:
    @pytest.mark.parametrize("check_mode", [False, True])
    @pytest.mark.parametrize("confirm", ["", "yes", "111111111111"])
    def test_without_the_accounts_own_id_there_is_no_call(self, account, confirm, check_mode):
        with pytest.raises(BadInput) as caught:
            account.offboard(confirm=confirm, check_mode=check_mode)
        [fault] = caught.value.faults
        assert fault.startswith(f"confirm: {confirm!r} is not the id")
        assert account.account_id in fault
        assert account.emulator.calls() == []

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"regions": []}, "regions: the list is empty"),
            ({"regions": ["all", "us-east-1"]}, "regions: all stands alone"),
            ({"regions": ["us-east1"]}, "regions[0]: 'us-east1' is not a region"),
            ({"regions": ["us-east-1", "us-east-1"]}, "regions: 'us-east-1' is there twice"),
            ({"users": [{"nme": "alice"}]}, "users[0]: give name"),
            ({"users": [{"name": "a b"}]}, "users[0].name: 'a b' is not a valid user name"),
            ({"users": [{"name": "a", "access_key_delivery": "x"}]}, "users[0]: give name, and access_key_delivery"),
            (
                {"users": [{"name": "a", "access_key_delivery": {"file": "keys"}}]},
                "users[0].access_key_delivery.file: 'keys' is not the path of a file",
            ),
            ({"users": [{"name": "a", "access_key_delivery": {"file": 7}}]}, "users[0].access_key_delivery.file: give"),
            (
                {"users": [{"name": "a", "access_key_delivery": {"file": "/f", "owner": 7}}]},
                "users[0].access_key_delivery.owner: '7' is not the name of a user",
            ),
            ({"role_name": "a/b"}, "role_name: 'a/b' is not a valid role name"),
            ({"policy_name": ""}, "policy_name: '' is not a valid policy name"),
            ({"wait_timeout": 0}, "wait_timeout: give a number of seconds above 0"),
        ],
        ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
    )
    def test_what_cannot_be_meant_is_one_line_before_any_call(self, account, options, words):
        with pytest.raises(BadInput) as caught:
            account.offboard(**options)
        assert [fault for fault in caught.value.faults if fault.startswith(words)]
        assert len(caught.value.faults) == 1
        assert account.emulator.calls() == []
