# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pure part of offboarding: only what is ours and unused goes; and the wait in between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sky.aws.plugins.module_utils._errors import AWSError, Interrupted, SkyError
from ansible_collections.sky.aws.plugins.module_utils._identity import Identity
from ansible_collections.sky.aws.plugins.module_utils._patience import silent
from ansible_collections.sky.aws.plugins.module_utils._plan import Step
from ansible_collections.sky.aws.plugins.module_utils._resources._principal import Rights
from ansible_collections.sky.aws.plugins.module_utils._resources.offboard import RESOURCE as offboard
from ansible_collections.sky.aws.plugins.module_utils._resources.offboard.found import Found, Region
from ansible_collections.sky.aws.plugins.module_utils._resources.offboard.planning import OffboardPlan
from ansible_collections.sky.aws.plugins.module_utils._resources.role.found import Found as RoleFound
from ansible_collections.sky.aws.plugins.module_utils._resources.user.found import Found as UserFound
from ansible_collections.sky.aws.plugins.module_utils._resources.user.key.in_file import KeyFile
from ansible_collections.sky.aws.plugins.module_utils._resources.user.removal import Belongings
from ansible_collections.sky.aws.tests.unit.instance_scene import described
from ansible_collections.sky.aws.tests.unit.sandbox import params

ACCOUNT = "111111111111"
ME = Identity(ACCOUNT, "aws", f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/sky.aws")
REGION = "eu-west-1"
OWNER = {"sky.aws/managed-by": "sky.aws"}
OURS = [{"Key": key, "Value": value} for key, value in OWNER.items()]
TRUST = {"Version": "2012-10-17", "Statement": []}


def options(**given):
    return params(offboard, account_id=ACCOUNT, confirm=ACCOUNT, **given)


def the_role(name="skypilot-v1"):
    facts = {"RoleName": name, "Path": "/", "Arn": ME.iam_arn(f"role/{name}"), "AssumeRolePolicyDocument": TRUST}
    return RoleFound({**facts, "Tags": OURS}, Rights(), None, profiles=(name,))


def the_user(name="alice", tags=()):
    facts = {"UserName": name, "Path": "/", "Arn": ME.iam_arn(f"user/{name}"), "Tags": [*OURS, *tags]}
    return UserFound(facts, Rights(), belongings=Belongings())


def plan(found, identity=ME, **given):
    return offboard.plan(found, options(**given), identity)


def shown(planned):
    return [(step.api, step.target) for step in planned.steps]


instances = st.builds(
    lambda number, state, token, tags, profile: described(
        state, token, tags, InstanceId=f"i-{number}", IamInstanceProfile={"Arn": f"arn:::instance-profile/{profile}"}
    ),
    st.integers(0, 10**9),
    st.sampled_from(["pending", "running", "shutting-down", "stopping", "stopped"]),
    st.sampled_from(["sky-aws-0001", "", "theirs"]),
    st.sampled_from([OWNER, {}, {"Name": "x", **OWNER}, {"skypilot-cluster-name": "c"}, {"sky.aws/managed-by": "me"}]),
    st.sampled_from(["skypilot-v1", "other"]),
)


def is_really_ours(instance):
    return instance["ClientToken"].startswith("sky-aws-") and OURS[0] in instance["Tags"]


class TestInstances:
    @given(st.lists(instances, max_size=6, unique_by=lambda instance: instance["InstanceId"]))
    def test_only_ours_are_terminated_and_the_role_stays_while_another_carries_it(self, listed):
        planned = plan(Found(roles={"skypilot-v1": the_role()}, regions=[Region(REGION, listed)]))
        ended = [step.arguments["InstanceIds"] for step in planned.steps if step.api == "ec2:TerminateInstances"]
        ours = [instance for instance in listed if is_really_ours(instance)]
        assert ended == [[i["InstanceId"]] for i in ours if i["State"]["Name"] != "shutting-down"]
        assert {step.region for step in planned.steps if step.api.startswith("ec2:")} <= {REGION}
        assert planned.leaving == {REGION: [instance["InstanceId"] for instance in ours]}
        carriers = [
            i["InstanceId"]
            for i in listed
            if i not in ours
            and i["State"]["Name"] != "shutting-down"
            and i["IamInstanceProfile"]["Arn"].endswith("/skypilot-v1")
        ]
        assert ("iam:DeleteRole" in [step.api for step in planned.steps]) is not bool(carriers)
        reported = " ".join(planned.warnings)
        assert all(carrier in reported for carrier in carriers)
        removed = {(item["type"], item["name"]) for item in planned.facts["removed"]}
        assert (("role", "skypilot-v1") in removed) is not bool(carriers)

    def test_a_reason_names_three_and_counts_the_rest(self):
        listed = [
            described(token="", tags={}, InstanceId=f"i-{number}", IamInstanceProfile={"Arn": "a/skypilot-v1"})
            for number in range(5)
        ]
        planned = plan(Found(roles={"skypilot-v1": the_role()}, regions=[Region(REGION, listed)]))
        [reason] = [item["reason"] for item in planned.facts["left"] if item["type"] == "role"]
        assert "i-2 in eu-west-1" in reason
        assert "i-3" not in reason
        assert "and 2 more" in reason


class TestCaller:
    def test_a_user_that_runs_this_stays(self):
        caller = Identity(ACCOUNT, "aws", f"arn:aws:iam::{ACCOUNT}:user/alice")
        found = Found(all_users=[the_user().user], users={"alice": the_user()})
        assert plan(found, caller).steps == []
        assert "is the caller of this run" in plan(found, caller).warnings[0]
        assert [step.api for step in plan(found).steps] == ["iam:DeleteUser"]

    def test_a_role_with_a_name_that_begins_like_the_callers(self):
        assert ("iam:DeleteRole", "adm") in shown(plan(Found(roles={"adm": the_role("adm")})))
        assert plan(Found(roles={"admin": the_role("admin")})).steps == []


class TestFiles:
    KEY = "AKIAIOSFODNN7EXAMPLE"

    def file(self, **facts):
        return KeyFile("/srv/keys", f"{ACCOUNT}-alice", **facts)

    def test_a_profile_without_a_key_is_nothing_to_do(self):
        assert plan(Found(files={"alice": self.file()})).writes is False

    def test_a_file_that_cannot_be_written_is_reported(self):
        planned = plan(Found(files={"alice": self.file(held=self.KEY, fault="the folder is not writable")}))
        assert planned.writes is False
        assert "holds a dead access key: the folder is not writable" in planned.warnings[0]

    def test_a_user_of_somebody_else_keeps_its_profile(self):
        found = Found(all_users=[{"UserName": "alice"}], files={"alice": self.file(held=self.KEY)})
        planned = plan(found, users=[{"name": "alice"}])
        assert planned.writes is False
        assert [item["name"] for item in planned.facts["left"]] == ["alice"]

    def test_a_name_with_a_comma_finds_its_secret(self):
        tags = [*OURS, {"Key": "sky.aws/user", "Value": "a:b"}]
        secret = {"Name": "sky/ab", "Tags": tags}
        kept = plan(Found(all_users=[{"UserName": "a,b"}], regions=[Region("us-west-2", secrets=[secret])]))
        assert kept.steps == []
        assert "holds the access key of user a,b" in kept.warnings[0]
        assert shown(plan(Found(regions=[Region("us-west-2", secrets=[secret])]))) == [
            ("secretsmanager:DeleteSecret", "sky/ab")
        ]


class Stub:
    """An account that notes what is asked of it; ``fails`` is the call that fails."""

    account_id = ACCOUNT

    def __init__(self, error=None):
        self.asked = []
        self.error = error
        self.tell = silent

    def call(self, api, target, *, region=None, **arguments):
        self.asked.append((api, region))

    def wait(self, api, waiter, target, *, delay, attempts, region, **arguments):
        self.asked.append((waiter, region, delay * (attempts - 1), tuple(arguments["InstanceIds"])))
        if self.error:
            raise self.error


def waiter_error(answer):
    error = AWSError("Max attempts exceeded", code="WaiterError")
    error.__cause__ = Exception()
    error.__cause__.last_response = answer
    return error


class TestWait:
    TERMINATE, ROLE = Step("ec2:TerminateInstances", "box", {}, REGION), Step("iam:DeleteRole", "r")
    GROUPS = [Step("ec2:DeleteSecurityGroup", name, {}, REGION) for name in ("a", "b")]

    def planned(self, *steps, **more):
        return OffboardPlan(list(steps), leaving={REGION: ["i-1", "i-2"], "us-east-1": []}, timeout=60, **more)

    def test_once_and_right_before_the_first_group(self):
        account = Stub()
        offboard.apply(account, self.planned(self.TERMINATE, self.ROLE, *self.GROUPS))
        assert account.asked == [
            ("ec2:TerminateInstances", REGION),
            ("iam:DeleteRole", None),
            ("instance_terminated", REGION, 60, ("i-1", "i-2")),
            ("ec2:DeleteSecurityGroup", REGION),
            ("ec2:DeleteSecurityGroup", REGION),
        ]

    def test_at_the_end_where_no_group_goes(self):
        account = Stub()
        offboard.apply(account, self.planned(self.TERMINATE))
        assert [asked[0] for asked in account.asked] == ["ec2:TerminateInstances", "instance_terminated"]

    @pytest.mark.parametrize("steps", [[TERMINATE], [TERMINATE, *GROUPS]], ids=["end", "group"])
    def test_a_wait_that_is_too_long_names_the_instances_and_what_was_done(self, steps):
        account = Stub(waiter_error({"Reservations": []}))
        with pytest.raises(SkyError) as caught:
            offboard.apply(account, self.planned(*steps))
        assert "instances i-1, i-2 in account 111111111111, region eu-west-1" in caught.value.message
        assert "at most 60 s" in caught.value.message
        assert caught.value.steps == [self.TERMINATE.shown()]

    def test_a_look_that_is_refused_says_so(self):
        with pytest.raises(Interrupted, match="Max attempts exceeded"):
            offboard.apply(Stub(waiter_error({"Error": {}})), self.planned(*self.GROUPS))
