# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin, as Ansible loads it, on organizations of the emulated AWS."""

from __future__ import annotations

import collections
import json
import re

import pytest
import yaml

from ansible_collections.sky.aws.tests.unit.inventory_worker import Worker
from ansible_collections.sky.aws.tests.unit.sandbox import MANAGEMENT, ROLE, fresh_account_id

SECRET = MANAGEMENT["secret_key"]
NAME = "sky.aws.sky_accounts"


@pytest.fixture(scope="session")
def worker(no_aws_settings):
    process = Worker()
    yield process
    process.stop()


def research():
    """Accounts of a small organization, with new ids."""
    return [
        {"name": "Audit", "unit": "", "tags": {"team": "core"}},
        {"name": "Bio", "unit": "Research", "tags": {"team": "bio", "Spend": "low"}},
        {
            "name": "Eyes 2",
            "unit": "Research/Vision",
            "tags": {"team": "vision"},
            "joined": "2026-03-31T23:00:00-05:00",
        },
        {"name": "Old", "unit": "Research/Vision", "state": "SUSPENDED"},
        {"name": "Play", "unit": "Sandbox"},
    ]


class Hub:
    """A management account with an organization, and the inventory asked from it."""

    def __init__(self, emulator, worker, folder, account_id):
        self.emulator = emulator
        self.worker = worker
        self.account_id = account_id
        self.path = folder / "research.sky_accounts.yml"
        self.ids = {}

    def organize(self, accounts, **options):
        self.ids = self.emulator.organization(self.account_id, accounts, **options)
        self.emulator.clear_log()

    def write(self, **options):
        """The file, with these options over the ones that reach the account; None takes one out."""
        reach = {
            "plugin": NAME,
            "account_id": self.account_id,
            "assume_role": ROLE,
            "endpoint_url": self.emulator.url,
            "region": "us-east-1",
            **MANAGEMENT,
        }
        given = {name: value for name, value in {**reach, **options}.items() if value is not None}
        self.path.write_text(yaml.safe_dump(given))

    def load(self, **options):
        """The inventory with these options."""
        self.write(**options)
        return self.again()

    def again(self, cache=True, **environment):
        """The inventory of the file as it is."""
        found = self.worker.load(self.path, cache, **environment)
        assert "error" not in found, found["error"]
        return found

    def refused(self, **options):
        """The message for these options; no secret is ever in it."""
        self.write(**options)
        found = self.worker.load(self.path)
        assert SECRET not in found["error"]
        assert found["kind"] == "AnsibleParserError", found
        return found["error"]

    def apis(self):
        """How often each call was made in the account; the assume is the caller's."""
        calls = self.emulator.calls(self.account_id)
        return dict(collections.Counter(call["api"].partition(":")[2] for call in calls))


@pytest.fixture
def hub(emulator, worker, tmp_path, account_id):
    emulator.clear_faults()
    yield Hub(emulator, worker, tmp_path, account_id)
    emulator.clear_faults()


@pytest.fixture
def load(hub):
    """Load the inventory of the small organization with options."""
    hub.organize(research())
    return hub.load


class TestTheFile:
    @pytest.mark.parametrize(
        ("name", "ours"),
        [
            ("sky_accounts.yml", True),
            ("sky_accounts.yaml", True),
            ("research.sky_accounts.yml", True),
            ("research_sky_accounts.yaml", True),
            ("accounts.yml", False),
            ("sky_accounts.json", False),
            ("sky_accounts.yml.bak", False),
        ],
    )
    def test_its_name_says_that_it_is_ours(self, worker, tmp_path, name, ours):
        (tmp_path / name).write_text("plugin: other")
        assert (worker.load(tmp_path / name)["error"] != "not its file") is ours

    def test_one_that_is_not_there_is_not_ours(self, worker, tmp_path):
        assert worker.load(tmp_path / "sky_accounts.yml")["error"] == "not its file"

    @pytest.mark.parametrize("text", ["", "plugin: other", "a: [", "plugin: {}"])
    def test_one_that_is_no_source_is_refused(self, worker, tmp_path, text):
        path = tmp_path / "sky_accounts.yml"
        path.write_text(text)
        assert worker.load(path)["kind"] == "AnsibleParserError"


class TestHostsAndGroups:
    def test_accounts_are_hosts_in_groups_nested_as_the_units_are(self, load):
        found = load()
        assert found["groups"] == {
            "ou_root": ["audit"],
            "ou_research": ["bio"],
            "ou_research__vision": ["eyes-2"],
            "ou_sandbox": ["play"],
        }
        assert found["children"] == {
            "ou_root": ["ou_research", "ou_sandbox"],
            "ou_research": ["ou_research__vision"],
            "ou_research__vision": [],
            "ou_sandbox": [],
        }
        assert found["warnings"] == []

    def test_the_variables_of_a_host(self, hub, load):
        assert load(tags_from="tagging_api")["hosts"]["eyes-2"] == {
            "sky_account_id": hub.ids["accounts"]["Eyes 2"],
            "sky_account_name": "Eyes 2",
            "sky_account_email": "owner@example.com",
            "sky_account_status": "ACTIVE",
            "sky_account_joined": "2026-04-01",
            "sky_account_ou_path": ["Root", "Research", "Vision"],
            "sky_account_organization_tags": {"team": "vision"},
        }

    def test_groups_by_tag_and_constructed_ones(self, load):
        found = load(
            tag_groups=["team", "Spend"],
            compose={"short": "sky_account_name[:2]", "wrong": "missing + 1"},
            groups={"sharp": "'Vision' in sky_account_ou_path"},
            keyed_groups=[{"key": "sky_account_joined[:4]", "prefix": "joined"}, {"key": "sky_account_status | lower"}],
            leading_separator=False,
        )
        assert found["groups"] == {
            "ou_root": ["audit"],
            "ou_research": ["bio"],
            "ou_research__vision": ["eyes-2"],
            "ou_sandbox": ["play"],
            "tag_team__core": ["audit"],
            "tag_team__bio": ["bio"],
            "tag_team__vision": ["eyes-2"],
            "tag_spend__low": ["bio"],
            "sharp": ["eyes-2"],
            "joined_2026": ["audit", "bio", "eyes-2", "play"],
            "active": ["audit", "bio", "eyes-2", "play"],
        }
        assert found["hosts"]["bio"]["short"] == "Bi"
        assert "wrong" not in found["hosts"]["bio"]

    def test_strict_tells_what_cannot_be_composed(self, hub):
        hub.organize(research())
        hub.write(strict=True, compose={"wrong": "missing + 1"})
        assert "Could not set wrong for host audit" in hub.worker.load(hub.path)["error"]

    def test_filters_reach_the_walk(self, hub, load):
        found = load(include_units=["Research"], exclude_units=[hub.ids["units"]["Research/Vision"]])
        assert list(found["hosts"]) == ["bio"]
        assert found["groups"] == {"ou_root": [], "ou_research": ["bio"]}
        assert hub.apis() == {"ListRoots": 1, "ListOrganizationalUnitsForParent": 4, "ListAccountsForParent": 1}

    def test_statuses_and_the_management_account(self, load):
        found = load(statuses=["ACTIVE", "SUSPENDED"], management_account=True)
        assert sorted(found["hosts"]) == ["audit", "bio", "eyes-2", "master", "old", "play"]

    def test_what_people_call_things_is_never_a_template(self, hub):
        evil = "{{ lookup('pipe', 'echo owned') }}"
        hub.organize([{"name": evil, "unit": evil, "tags": {"team": evil}}])
        copies = {"copy": "sky_account_name", "tag": "sky_account_organization_tags.team"}
        found = hub.load(tag_groups=["team"], compose=copies)
        assert found["groups"] == {
            "ou_root": [],
            "ou_lookup_pipe_echo_owned": ["lookup-pipe-echo-owned"],
            "tag_team__lookup_pipe_echo_owned": ["lookup-pipe-echo-owned"],
        }
        host = found["templated"]["lookup-pipe-echo-owned"]
        assert host["sky_account_name"] == host["copy"] == host["tag"] == evil
        assert host["sky_account_organization_tags"] == {"team": evil}
        assert host["sky_account_ou_path"] == ["Root", evil]

    def test_accounts_of_one_name_carry_their_ids_and_say_why(self, hub):
        twins = [
            {"name": "Lab", "unit": "", "id": fresh_account_id(), "joined": f"202{n}-01-01T00:00:00Z"} for n in (6, 5)
        ]
        hub.organize([*twins, {"name": "Bio", "unit": ""}])
        found = hub.load()
        first, second = sorted(twin["id"] for twin in twins)
        assert set(found["hosts"]) == {f"lab-{first}", f"lab-{second}", "bio"}
        (clash,) = found["warnings"]
        assert f"accounts {first} and {second} share the host name lab" in clash
        assert [found["hosts"][f"lab-{each}"]["sky_account_clash"] for each in (first, second)] == [clash, clash]
        assert "sky_account_clash" not in found["hosts"]["bio"]

    def test_an_old_and_a_new_answer_about_the_state(self, hub):
        accounts = [
            {"name": "old", "unit": "", "state": None, "status": "SUSPENDED"},
            {"name": "new", "unit": "", "state": "CLOSED", "status": None},
        ]
        hub.organize(accounts)
        found = hub.load(statuses=["CLOSED", "SUSPENDED"])["hosts"]
        assert {name: host["sky_account_status"] for name, host in found.items()} == {
            "old": "SUSPENDED",
            "new": "CLOSED",
        }

    def test_an_answer_without_a_state_is_an_error(self, hub):
        hub.organize([{"name": "a", "unit": "", "state": None, "status": None}])
        assert "install boto3 1.40.27 or later" in hub.refused()


class TestCalls:
    def test_a_thousand_accounts_in_thirty_units_take_less_than_100(self, hub):
        hub.organize([{"name": f"a-{number}", "unit": f"Unit {number % 30}"} for number in range(1000)])
        assert len(hub.load()["hosts"]) == 1000
        # 33 or 34 accounts a unit are two pages, 30 units beneath the root as well; the root has the management account.
        assert hub.apis() == {"ListRoots": 1, "ListOrganizationalUnitsForParent": 32, "ListAccountsForParent": 61}
        assert [call["api"] for call in hub.emulator.calls(hub.emulator.management_account)] == ["sts:AssumeRole"]

    def test_tags_of_a_thousand_accounts_take_ten_more(self, hub):
        hub.organize([{"name": f"a-{n}", "unit": "", "tags": {"n": str(n)}} for n in range(1000)])
        found = hub.load(tags_from="tagging_api", region="eu-central-1")["hosts"]
        assert hub.apis()["GetResources"] == 10
        assert {host["sky_account_organization_tags"]["n"] for host in found.values()} == {str(n) for n in range(1000)}
        regions = {call["region"] for call in hub.emulator.calls() if call["api"] == "tagging:GetResources"}
        assert regions == {"us-east-1"}

    def test_tags_one_by_one_are_read_of_those_that_other_filters_let_in(self, hub, load):
        found = load(tags_from="organizations", include_units=["Research"], include_tags={"team": "bio"})
        assert list(found["hosts"]) == ["bio"]
        assert hub.apis()["ListTagsForResource"] == 2

    def test_its_own_credentials_cost_one_call_to_prove(self, hub, load):
        iam = hub.emulator.client("iam", hub.account_id)
        iam.create_user(UserName="reader")
        key = iam.create_access_key(UserName="reader")["AccessKey"]
        hub.emulator.clear_log()
        load(assume_role=None, access_key=key["AccessKeyId"], secret_key=key["SecretAccessKey"])
        assert hub.apis()["GetCallerIdentity"] == 1
        assert {call["account"] for call in hub.emulator.calls()} == {hub.account_id}

    def test_throttled_calls_are_repeated(self, hub, load):
        hub.emulator.fault("organizations:ListAccountsForParent", "TooManyRequestsException", times=2)
        hub.emulator.fault("organizations:ListRoots", "TooManyRequestsException")
        hub.emulator.fault("tagging:GetResources", "ThrottledException")
        assert len(load(tags_from="tagging_api")["hosts"]) == 4
        assert hub.apis()["ListAccountsForParent"] == 4 + 2

    def test_a_lasting_throttle_says_what_helps(self, hub):
        hub.emulator.fault("organizations:ListRoots", "TooManyRequestsException", times=3)
        error = hub.refused(aws_config={"retries": {"max_attempts": 1}})
        assert f"organizations:ListRoots in account {hub.account_id} failed with TooManyRequestsException" in error
        assert "raise retries.max_attempts in aws_config" in error


class TestDelegatedAdministrator:
    @pytest.fixture
    def delegate(self, hub):
        account_id = fresh_account_id()
        hub.organize(research(), delegate=account_id)
        return account_id

    def test_it_lists_the_organization(self, hub, delegate):
        found = hub.load(account_id=delegate, tag_groups=["team"], tags_from="organizations")
        assert sorted(found["hosts"]) == ["audit", "bio", "eyes-2", "play"]
        assert found["groups"]["tag_team__core"] == ["audit"]

    def test_the_tagging_api_would_show_it_nothing(self, hub, delegate):
        error = hub.refused(account_id=delegate, include_tags={"team": "bio"})
        assert f"to the management account only, which is {hub.account_id}" in error
        assert f"account_id is {delegate}, in aws. Give tags_from: organizations" in error


class TestTheCache:
    @pytest.fixture
    def kept(self, load, tmp_path):
        cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
        return lambda **options: load(**cache, **options)

    def test_a_second_load_asks_nothing_and_finds_the_same(self, hub, kept):
        first = kept(tag_groups=["team"], compose={"copy": "sky_account_name"})
        hub.emulator.clear_log()
        assert hub.again() == first
        assert hub.emulator.calls() == []

    def test_what_was_kept_is_no_template_either(self, hub, tmp_path):
        evil = "{{ 1 + 1 }}"
        hub.organize([{"name": evil, "unit": ""}])
        cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
        hub.load(**cache)
        assert hub.again()["templated"]["1-1"]["sky_account_name"] == evil

    def test_a_flushed_cache_is_filled_again(self, hub, kept):
        kept()
        hub.emulator.clear_log()
        assert len(hub.again(cache=False)["hosts"]) == 4
        assert hub.apis()["ListRoots"] == 1
        hub.emulator.clear_log()
        assert len(hub.again()["hosts"]) == 4
        assert hub.emulator.calls() == []

    def test_another_option_is_another_entry(self, hub, kept):
        kept()
        hub.emulator.clear_log()
        assert list(kept(include_units=["Sandbox"])["hosts"]) == ["play"]
        assert hub.apis()["ListAccountsForParent"] == 1

    def test_it_keeps_no_secret(self, kept, tmp_path):
        kept(tags_from="tagging_api", session_token="TOKEN-OF-A-TEST")
        (path,) = (tmp_path / "cache").iterdir()
        text = path.read_text()
        assert "Eyes 2" in text
        assert not re.search(f"{re.escape(SECRET)}|{MANAGEMENT['access_key']}|TOKEN-OF-A-TEST", path.name + text)

    def test_what_cannot_be_read_is_asked_anew(self, hub, kept, tmp_path):
        kept()
        for path in (tmp_path / "cache").iterdir():
            path.write_text(json.dumps({"units": "none"}))
        hub.emulator.clear_log()
        assert len(hub.again()["hosts"]) == 4
        assert hub.apis()["ListRoots"] == 1


class TestOptions:
    def test_they_may_be_templates(self, hub, load):
        unit = "{{ lookup('ansible.builtin.env', 'UNIT') }}"
        load(account_id="{{ '" + hub.account_id + "' }}", exclude_units=["Research"], secret_key="{{ 'x' * 40 }}")
        hub.write(include_units=[unit], include_tags={"team": "{{ 'vis' ~ 'ion' }}"})
        assert list(hub.again(UNIT="Research/Vision")["hosts"]) == ["eyes-2"]

    def test_they_come_from_the_environment_and_by_other_names(self, hub):
        hub.organize(research())
        hub.write(
            region=None, endpoint_url=None, access_key=None, secret_key=None, assume_role=None, profile=None,
            aws_access_key_id=MANAGEMENT["access_key"], aws_secret_access_key=SECRET, external_id=None,
        )  # fmt: skip
        hub.path.write_text(hub.path.read_text() + f"assume_role: {ROLE}\n")
        environment = {"AWS_URL": hub.emulator.url, "AWS_REGION": "eu-west-1", "SKY_EXTERNAL_ID": "shared"}
        assert len(hub.again(**environment)["hosts"]) == 4
        (assume,) = hub.emulator.calls(hub.emulator.management_account)
        assert assume["params"]["ExternalId"] == "shared"
        assert assume["region"] == "eu-west-1"

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"account_id": None}, ["account_id"]),
            ({"account_id": 123456789012}, ["account_id: 123456789012 is a number", "quotes"]),
            ({"account_id": "1234"}, ["account_id: '1234' is not an AWS account id"]),
            ({"account_id": "{{ nobody }}"}, ["account_id: ", "nobody"]),
            ({"include_unit": ["Research"]}, ["include_unit: there is no such option; did you mean include_units?"]),
            ({"region": "us-east1"}, ["region: 'us-east1' is not a region"]),
            ({"endpoint_url": "nowhere"}, ["endpoint_url: 'nowhere' is not a URL"]),
            ({"include_accounts": [123456789012], "tag_groups": [""]}, ["include_accounts[0]: ", "tag_groups[0]: "]),
            ({"statuses": ["ACTIVE", "DEAD"]}, ["statuses", "DEAD"]),
            ({"tags_from": "somewhere"}, ["tags_from"]),
            ({"host_name": "email"}, ["host_name"]),
            ({"include_tags": ["team"]}, ["include_tags"]),
            ({"management_account": "perhaps"}, ["management_account"]),
            ({"session_duration": "long"}, ["session_duration"]),
            ({"aws_config": {"no_such": 1}}, ["aws_config: ", "botocore.config.Config"]),
            ({"secret_key": None}, ["access_key and secret_key: give both or neither"]),
            ({"secret_key": ["SEKRET-IN-A-LIST"], "session_duration": 1}, ["session_duration"]),
            ({"session_token": {"SEKRET-IN-A-LIST": "SEKRET-IN-A-LIST"}, "session_duration": 1}, ["session_duration"]),
        ],
    )  # fmt: skip
    def test_bad_ones_are_refused_before_the_first_call(self, hub, options, words):
        hub.emulator.clear_log()
        error = hub.refused(**options)
        assert [word for word in words if word not in error] == []
        assert "SEKRET-IN-A-LIST" not in error
        assert hub.emulator.calls() == []


class TestRefusals:
    def test_no_organization(self, hub):
        error = hub.refused()
        assert (
            f"organizations:ListRoots in account {hub.account_id} failed with AWSOrganizationsNotInUseException"
            in error
        )
        assert "give as account_id an organization's management account or a delegated administrator" in error
        assert "\n" not in error

    @pytest.mark.parametrize("api", ["ListRoots", "ListOrganizationalUnitsForParent", "ListAccountsForParent"])
    def test_no_right_or_not_the_account_to_ask(self, hub, api):
        hub.organize(research())
        hub.emulator.fault(f"organizations:{api}", "AccessDeniedException", "You don't have permissions")
        error = hub.refused()
        assert f"organizations:{api}" in error
        assert f"account {hub.account_id} failed with AccessDeniedException" in error
        assert (
            f"To mend it: allow organizations:{api} for arn:aws:sts::{hub.account_id}:assumed-role/{ROLE}/sky.aws"
            in error
        )
        assert "Only an organization's management account or a delegated administrator may ask" in error
        assert "\n" not in error

    @pytest.mark.parametrize(
        ("source", "fault", "words"),
        [
            ("tagging_api", "tagging:GetResources", "In IAM the action is tag:GetResources."),
            ("organizations", "organizations:ListTagsForResource", "allow organizations:ListTagsForResource for arn:"),
        ],
    )
    def test_no_right_to_read_tags(self, hub, source, fault, words):
        hub.organize(research())
        hub.emulator.fault(fault, "AccessDeniedException")
        assert words in hub.refused(tags_from=source)

    def test_a_unit_that_is_not_there(self, hub):
        hub.organize(research())
        error = hub.refused(exclude_units=["Researc"])
        assert error.startswith(
            f"exclude_units: 'Researc' in the organization of account {hub.account_id}: there is no such"
        )
        assert "did you mean Research?" in error
        assert "ListAccountsForParent" not in hub.apis()

    def test_another_account_than_the_credentials(self, hub):
        error = hub.refused(assume_role=None)
        assert f"wrong account: the credentials are arn:aws:sts::{hub.emulator.management_account}" in error

    def test_a_role_that_may_not_be_assumed(self, hub):
        hub.emulator.fault("sts:AssumeRole", "AccessDenied", status=403)
        assert f"arn:aws:iam::{hub.account_id}:role/{ROLE} must exist and trust it" in hub.refused()

    def test_no_credentials(self, hub):
        assert f"no credentials for account {hub.account_id}" in hub.refused(access_key=None, secret_key=None)
