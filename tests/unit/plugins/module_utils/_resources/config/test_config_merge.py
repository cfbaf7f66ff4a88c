# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an account changes in SkyPilot's and AWS's configuration, and what it leaves: pure, by table and by property."""

from __future__ import annotations

import configparser
import copy
import itertools
import typing as t

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._files import yaml_text
from ansible_collections.sky.aws.plugins.module_utils._resources.config import RESOURCE as config
from ansible_collections.sky.aws.plugins.module_utils._resources.config.planning import Texts, change
from ansible_collections.sky.aws.tests.unit.sandbox import params
from ansible_collections.sky.aws.tests.unit.strategies import steady

A, B, C = "111111111111", "222222222222", "000000000003"


def options(account_id: str = A, **given_options: t.Any) -> dict[str, t.Any]:
    return params(config, **{"account_id": account_id, "user": "alice", **given_options})


def sky(data: t.Any) -> Texts:
    return Texts(sky=yaml.safe_dump(data, sort_keys=False))


def after(texts: Texts, account_id: str = A, **given_options: t.Any) -> t.Any:
    """SkyPilot's configuration after the change, as data."""
    return yaml.safe_load(change(texts, options(account_id, **given_options)).after.sky)


def workspace(account_id: str = A, **more: t.Any) -> dict[str, t.Any]:
    return {f"aws-{account_id}": {"aws": {"profile": f"{account_id}-alice"}, **more}}


MERGED = {
    "nothing there": ({}, {}, {"workspaces": workspace()}),
    "null where mappings are": ({"aws": None, "workspaces": None}, {}, {"aws": None, "workspaces": workspace()}),
    "other keys stay": (
        {"jobs": {"bucket": "s3://x"}, "workspaces": {"mine": {"gcp": {"disabled": True}}}},
        {},
        {"jobs": {"bucket": "s3://x"}, "workspaces": {"mine": {"gcp": {"disabled": True}}, **workspace()}},
    ),
    "what else is in the workspace stays": (
        {"workspaces": {"aws-111111111111": {"private": True, "aws": {"disabled": False}}}},
        {"remote_identity": "NO_UPLOAD"},
        {
            "workspaces": {
                "aws-111111111111": {
                    "private": True,
                    "aws": {"disabled": False, "profile": "111111111111-alice", "remote_identity": "NO_UPLOAD"},
                }
            }
        },
    ),
    "global values": (
        {"aws": {"ssh_user": "me", "vpc_names": ["old"]}},
        {"vpc_names": ["lab"], "labels": {"count": 3, "on": True}},
        {
            "aws": {"ssh_user": "me", "vpc_names": ["lab"], "labels": {"count": "3", "on": "true"}},
            "workspaces": workspace(),
        },
    ),
    "a text is a list of one": (
        {"aws": {"vpc_names": "lab"}},
        {"vpc_names": ["lab"]},
        {"aws": {"vpc_names": "lab"}, "workspaces": workspace()},
    ),
    "labels are added": (
        {"aws": {"labels": {"team": "x", "cost": "1"}}},
        {"labels": {"cost": "2"}},
        {"aws": {"labels": {"team": "x", "cost": "2"}}, "workspaces": workspace()},
    ),
    "private addresses without a way there": (
        {},
        {"use_internal_ips": True},
        {"aws": {"use_internal_ips": True, "use_ssm": True}, "workspaces": workspace()},
    ),
    "private addresses with a way there": (
        {"aws": {"ssh_proxy_command": "ssh -W %h:%p jump"}},
        {"use_internal_ips": True},
        {"aws": {"ssh_proxy_command": "ssh -W %h:%p jump", "use_internal_ips": True}, "workspaces": workspace()},
    ),
    "what SkyPilot does anyway is not written": (
        {},
        {"vpc_names": [], "use_internal_ips": False, "security_group_name": "", "labels": {}},
        {"workspaces": workspace()},
    ),
    "the same with others in the file": (
        {"aws": {"vpc_names": ["lab"]}, "workspaces": workspace(B)},
        {"vpc_names": ["lab"]},
        {"aws": {"vpc_names": ["lab"]}, "workspaces": {**workspace(A), **workspace(B)}},
    ),
    "undeclared with others in the file": (
        {"aws": {"vpc_names": ["lab"]}, "workspaces": workspace(B)},
        {},
        {"aws": {"vpc_names": ["lab"]}, "workspaces": {**workspace(A), **workspace(B)}},
    ),
    "a workspace made by hand is no other account": (
        {"aws": {"vpc_names": ["old"]}, "workspaces": {"mine": {"aws": {"profile": "work"}}, "odd": None}},
        {"vpc_names": ["lab"]},
        {
            "aws": {"vpc_names": ["lab"]},
            "workspaces": {"mine": {"aws": {"profile": "work"}}, "odd": None, **workspace()},
        },
    ),
}


@pytest.mark.parametrize("case", MERGED)
def test_what_becomes_of_a_file(case):
    before, declared, wanted = MERGED[case]
    texts = sky(before)
    found = change(texts, options(**declared))
    assert yaml.safe_load(found.after.sky) == wanted
    assert list(yaml.safe_load(found.after.sky).get("workspaces")) == list(wanted["workspaces"])
    assert found.drift == []
    again = change(found.after, options(**declared))
    assert again.after == again.before
    assert again.shown == (found.shown[1], found.shown[1])


REFUSED = {
    "another value": (
        {"aws": {"vpc_names": ["lab"]}, "workspaces": workspace(B)},
        {"vpc_names": ["lob"]},
        ["aws.vpc_names is ['lab'] for workspace aws-222222222222, but ['lob'] is declared for account 111111111111"],
    ),
    "a value where others have none": (
        {"workspaces": {**workspace(B), **workspace(C)}},
        {"use_internal_ips": True},
        ["aws.use_internal_ips is False for workspace aws-222222222222 and 1 more, but True is declared"],
    ),
    "none where others have a value": (
        {"aws": {"vpc_names": "lab"}, "workspaces": workspace(B)},
        {"vpc_names": []},
        ["aws.vpc_names is ['lab'] for workspace aws-222222222222, but not set is declared", "config_file of its own"],
    ),
    "another user of the account": (
        {"workspaces": {"bob": {"aws": {"profile": f"{A}-bob"}}}},
        {"labels": {"a": "b"}},
        ["aws.labels is not set for workspace bob, but {'a': 'b'} is declared"],
    ),
    "the workspace of another": (
        {"workspaces": {"aws-111111111111": {"aws": {"profile": "111111111111-bob"}}}},
        {},
        ["workspace aws-111111111111 uses profile 111111111111-bob, not 111111111111-alice", "state=absent"],
    ),
    "two ways to machines": (
        {"aws": {"ssh_proxy_command": "x"}},
        {"use_ssm": True},
        ["use_ssm and ssh_proxy_command"],
    ),
    "workspaces is a list": ({"workspaces": []}, {}, ["workspaces is no mapping"]),
    "aws is a text": ({"aws": "x"}, {}, ["aws is no mapping"]),
    "a workspace is a text": ({"workspaces": {"aws-111111111111": "x"}}, {}, ["workspaces: aws-111111111111 is no"]),
    "a workspace's aws is a text": (
        {"workspaces": {"aws-111111111111": {"aws": "x"}}},
        {},
        ["workspaces.aws-111111111111: aws is no mapping"],
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case):
    before, declared, words = REFUSED[case]
    with pytest.raises(SkyError) as caught:
        change(sky(before), options(config_file="/f/config.yaml", **declared))
    assert len(caught.value.message.splitlines()) == 1
    assert caught.value.message.startswith("/f/config.yaml")
    for word in words:
        assert word in caught.value.message


def test_all_clashes_come_at_once():
    texts = sky({"aws": {"vpc_names": ["lab"]}, "workspaces": workspace(B)})
    with pytest.raises(SkyError) as caught:
        change(texts, options(vpc_names=["lob"], use_ssm=True))
    assert [line.split(" is ")[0].split()[-1] for line in caught.value.message.splitlines()] == [
        "aws.vpc_names",
        "aws.use_ssm",
    ]


def test_a_value_of_the_file_where_none_is_declared_is_drift():
    found = change(sky({"aws": {"vpc_names": ["by-hand"]}}), options(vpc_names=[], use_internal_ips=False))
    assert yaml.safe_load(found.after.sky)["aws"] == {"vpc_names": ["by-hand"]}
    assert found.drift == [{"aspect": "aws.vpc_names", "declared": [], "found": ["by-hand"]}]


NO_YAML = {
    "broken": ("a: [SECRET\n", "line"),
    "two documents": ("a: 1\n---\nb: SECRET\n", "document"),
    "a list": ("- SECRET\n", "no mapping"),
    "a tag": ("a: !!python/name:os.SECRET\n", "constructor"),
    "a text": ("SECRET\n", "no mapping"),
    "control characters": ("a: \x01SECRET\n", ""),
    "no date": ("a: 2026-99-99 # SECRET\n", "ValueError"),
}


@pytest.mark.parametrize("case", NO_YAML)
def test_what_is_no_configuration_is_refused_without_showing_it(case):
    text, word = NO_YAML[case]
    with pytest.raises(SkyError, match="is not a SkyPilot configuration file") as caught:
        change(Texts(sky=text), options())
    assert "\n" not in caught.value.message
    assert word in caught.value.message
    if case != "a tag":  # the name of a tag is no value
        assert "SECRET" not in caught.value.message


class TestAbsent:
    def test_only_this_account_goes(self):
        others = {"jobs": {}, "aws": {"vpc_names": ["lab"]}, "workspaces": {"mine": {}, **workspace(B)}}
        there = change(sky(others), options(vpc_names=["lab"])).after
        gone = change(there, options(state="absent"))
        assert yaml.safe_load(gone.after.sky) == others
        assert gone.after.aws == ""
        assert gone.shown[1] == {}
        again = change(gone.after, options(state="absent"))
        assert again.before == again.after

    def test_the_workspace_of_another_profile_stays(self):
        found = change(sky({"workspaces": {"aws-111111111111": {"aws": {"profile": "x"}}}}), options(state="absent"))
        assert found.before == found.after
        assert found.drift == [{"aspect": "workspaces.aws-111111111111.aws.profile", "declared": None, "found": "x"}]

    def test_a_profile_that_another_workspace_uses_stays(self):
        there = change(Texts(), options()).after
        there = change(there, options(workspace="default")).after
        gone = change(there, options(state="absent"))
        assert yaml.safe_load(gone.after.sky) == {"workspaces": {"default": {"aws": {"profile": f"{A}-alice"}}}}
        assert gone.after.aws == there.aws

    def test_an_active_workspace_is_pointed_out(self):
        there = change(sky({"active_workspace": f"aws-{A}"}), options()).after
        gone = change(there, options(state="absent"))
        assert "active_workspace still is aws-111111111111" in gone.warnings[0]


class TestAwsConfiguration:
    OTHERS = "# mine\n[default]\nregion = eu-west-1 ; mine\ns3 =\n  max_queue_size = 1\n\n[profile zoe]\nregion = x\n"

    def test_the_profile_is_added(self):
        assert change(Texts(aws=self.OTHERS), options()).after.aws == (
            self.OTHERS + "\n[profile 111111111111-alice]\nregion = us-east-1\n"
        )

    def test_a_region_is_corrected_and_nothing_else(self):
        text = "[profile 111111111111-alice]\noutput = json\n# why\nregion = eu-west-1\n\n[default]\nregion = y\n"
        assert change(Texts(aws=text), options()).after.aws == (
            "[profile 111111111111-alice]\nregion = us-east-1\noutput = json\n# why\n\n[default]\nregion = y\n"
        )

    def test_a_right_region_is_left_where_it_is(self):
        text = "[profile 111111111111-alice]\noutput = json\nregion: us-east-1\n"
        assert change(Texts(aws=text), options()).after.aws == text

    def test_adding_and_removing_gives_the_file_again(self):
        there = change(Texts(aws=self.OTHERS), options()).after
        assert change(there, options(state="absent")).after.aws == self.OTHERS

    def test_a_profile_goes_with_what_is_in_it_and_comments_stay(self):
        text = "[profile 111111111111-alice]\nregion = x\nrole_arn = y\n# about the next\n[default]\nregion = z\n"
        gone = change(Texts(aws=text), options(state="absent"))
        assert gone.after.aws == "# about the next\n[default]\nregion = z\n"
        assert gone.shown[0] == {"aws_config": {"profile 111111111111-alice": {"region": "x"}}}

    def test_what_is_none_is_refused_without_showing_it(self):
        with pytest.raises(
            SkyError, match="is not an AWS configuration file: MissingSectionHeaderError in line 1"
        ) as caught:
            change(Texts(aws="aws_secret_access_key = TOPSECRET\n"), options())
        assert "TOPSECRET" not in caught.value.message

    def test_keys_of_a_profile_are_in_no_diff(self):
        text = f"[profile {A}-alice]\naws_secret_access_key = TOPSECRET\n"
        assert "TOPSECRET" not in str(change(Texts(aws=text), options()).shown)


COMMENTS = [
    ("# mine\na: 1\n", True),
    ("a: 1 # mine\n", True),
    ("a: 1\n# end", True),
    ('a: "# none"\n', False),
    ("a: x#y\n", False),
    ("a: |\n  # none\n  text\nb: 1\n", False),
    ("a: 1\n", False),
    ("", False),
    ("# all\n", True),
]


@pytest.mark.parametrize(("text", "found"), COMMENTS)
def test_comments_are_told_from_text(text, found):
    assert yaml_text.has_comments(text) is found


def test_the_loss_of_comments_is_said_when_it_happens():
    texts = Texts(sky="# mine\njobs: {}\n")
    found = change(texts, options(config_file="/f/c.yaml"))
    assert found.warnings == ["/f/c.yaml has comments, which are lost where it is changed; the backup keeps them"]
    assert change(texts, options(state="absent")).warnings == []
    assert "backup=true would keep a copy" in change(texts, options(backup=False)).warnings[0]


# Properties

NAMES = st.sampled_from(["default", "mine", "zoo", f"aws-{A}", f"aws-{B}", "team"])
SCALARS = st.none() | st.booleans() | st.integers() | st.text("aé#: -'\"\n", max_size=5) | st.dates()
ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "private": st.booleans(),
        "allowed_users": st.lists(st.text("ab", min_size=1), max_size=2),
        "aws": st.fixed_dictionaries(
            {},
            optional={
                "profile": st.sampled_from(["work", f"{A}-alice", f"{B}-alice", f"{B}-bob"]),
                "disabled": st.booleans(),
                "remote_identity": st.sampled_from(["NO_UPLOAD", "LOCAL_CREDENTIALS"]),
            },
        ),
    },
)
GLOBALS = st.fixed_dictionaries(
    {},
    optional={
        "vpc_names": st.sampled_from(["lab", ["lab"], ["lab", "lob"], None, []]),
        "use_internal_ips": st.booleans(),
        "labels": st.dictionaries(st.sampled_from("abc"), st.sampled_from("xy"), max_size=2),
        "ssh_user": st.just("me"),
    },
)
FILES = st.fixed_dictionaries(
    {},
    optional={
        "aws": GLOBALS | st.none(),
        "workspaces": st.dictionaries(NAMES, ENTRIES, max_size=4) | st.none(),
        "jobs": st.dictionaries(st.text("ab", min_size=1), SCALARS | st.lists(SCALARS, max_size=2), max_size=2),
        "active_workspace": NAMES,
    },
)
DECLARED = st.fixed_dictionaries(
    {},
    optional={
        "vpc_names": st.lists(st.sampled_from(["lab", "lob"]), max_size=2, unique=True),
        "use_internal_ips": st.booleans(),
        "labels": st.dictionaries(st.sampled_from("abc"), st.sampled_from("xy"), max_size=2),
        "remote_identity": st.sampled_from(["SERVICE_ACCOUNT", ""]),
        "workspace": st.sampled_from(["default", "team"]),
        "state": st.sampled_from(["present", "present", "absent"]),
    },
)


@steady
@given(before=FILES, declared=DECLARED)
def test_a_plan_after_it_is_done_is_empty(before, declared):
    try:
        first = change(sky(before), options(**declared))
    except SkyError:
        assume(False)
        return
    second = change(first.after, options(**declared))
    assert second.after == second.before
    assert second.shown == (first.shown[1], first.shown[1])
    assert (first.shown[0] != first.shown[1]) is (first.before != first.after)


@steady
@given(before=FILES, declared=DECLARED)
def test_what_is_foreign_survives(before, declared):
    untouched = copy.deepcopy(before)
    try:
        found = after(sky(before), **declared)
    except SkyError:
        assume(False)
        return
    assert before == untouched
    found = found or {}
    name = declared.get("workspace", f"aws-{A}")
    for data in (before, found):
        data["workspaces"] = {k: v for k, v in (data.get("workspaces") or {}).items() if k != name}
        data["aws"] = {k: v for k, v in (data.get("aws") or {}).items() if k not in {*declared, "use_ssm", "labels"}}
    assert found == before


@steady
@given(
    before=FILES,
    globals_=st.fixed_dictionaries({}, optional={"vpc_names": st.just(["lab"]), "use_internal_ips": st.just(True)}),
    order=st.permutations([A, B, C]),
)
def test_accounts_in_any_order_give_the_same_file(before, globals_, order):
    def applied(accounts):
        texts = sky(before)
        for account_id in accounts:
            texts = change(texts, options(account_id, **globals_)).after
        return texts

    try:
        first = applied([A, B, C])
    except SkyError:
        assume(False)
        return
    other = applied(order)
    assert other.aws == first.aws
    assert yaml.safe_load(other.sky) == yaml.safe_load(first.sky)
    # A workspace that was there without a profile keeps its place.
    if not any(name.startswith("aws-") for name in before.get("workspaces") or {}):
        assert other.sky == first.sky


LINES = [
    "[default]",
    "[profile zoe]",
    f"[profile {B}-bob]",
    "# c",
    "",
    "region = x",
    "  y = 1",
    "output = json",
    "[DEFAULT]",
]


@steady
@given(lines=st.lists(st.sampled_from(LINES), max_size=8, unique=True), end=st.sampled_from(["\n", "\r\n"]))
def test_any_aws_configuration_is_edited_right_or_refused(lines, end):
    text = end.join(lines)
    try:
        there = change(Texts(aws=text), options()).after
        gone = change(there, options(state="absent")).after
    except SkyError:
        return
    wanted, parsed = configparser.RawConfigParser(), configparser.RawConfigParser()
    wanted.read_string(text)
    parsed.read_string(there.aws)
    assert parsed[f"profile {A}-alice"]["region"] == "us-east-1"
    parsed.remove_section(f"profile {A}-alice")
    assert parsed == wanted
    parsed = configparser.RawConfigParser()
    parsed.read_string(gone.aws)
    assert parsed == wanted
    assert [line for line in gone.aws.splitlines() if line] == [line for line in text.splitlines() if line]


def test_ours_are_sorted_among_themselves_and_behind_others():
    texts = sky({"workspaces": {"zoo": {}, "mine": {}}})
    for account_id in (C, A, B):
        texts = change(texts, options(account_id)).after
    assert list(yaml.safe_load(texts.sky)["workspaces"]) == ["zoo", "mine", f"aws-{C}", f"aws-{A}", f"aws-{B}"]
    sections = [line for line in texts.aws.splitlines() if line.startswith("[")]
    assert sections == sorted(sections)
    assert all(len(one) == len(other) for one, other in itertools.pairwise(sections))
