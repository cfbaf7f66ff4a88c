# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks of the roles say what they pass: held to the modules' options, the roles' variables, and what comes of both."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.sky.aws.plugins.module_utils._errors import BadInput
from ansible_collections.sky.aws.plugins.plugin_utils import _arguments, _declared
from ansible_collections.sky.aws.plugins.plugin_utils._nouns import NOUNS, Noun
from ansible_collections.sky.aws.plugins.plugin_utils._role_specs import SPECS
from ansible_collections.sky.aws.tests.unit.entry_points import trusted

ROLES = pathlib.Path(__file__).parents[2] / "roles"
TAGS = {"sky_account_tags": {"team": "ml"}}
OMITTED = "__omit_place_holder__"

Variables = dict[str, t.Any]


def defaults(role: str) -> Variables:
    paths = [ROLES / role / "defaults" / "main.yml", *(ROLES / role / "defaults" / "main").glob("*.yml")]
    return {key: value for path in paths if path.exists() for key, value in yaml.safe_load(path.read_text()).items()}


def task_of(noun: str) -> dict[str, t.Any]:
    """The task of the role that runs the module of a noun."""
    tasks = yaml.safe_load((ROLES / NOUNS[noun].role / "tasks" / "main.yml").read_text())
    [found] = [task for task in tasks if f"sky.aws.{NOUNS[noun].module}" in task]
    return found


def marked(value: t.Any) -> t.Any:
    """Templates as Ansible has those of a file."""
    if isinstance(value, dict):
        return {key: marked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [marked(item) for item in value]
    return trusted(value) if isinstance(value, str) else value


def options(noun: str, variables: Variables | None = None, number: int | None = None) -> dict[str, t.Any]:
    """What the module gets, as Ansible templates the task and the action takes the item apart."""
    task, resource = task_of(noun), _declared.RESOURCES[noun]
    known = {**marked({**defaults(NOUNS[noun].role), **(variables or {})}), "omit": OMITTED}
    if number is not None:
        loop = Templar(loader=DataLoader(), variables=known).template(trusted(task["loop"]))
        known |= {"item": loop[number], task["loop_control"]["index_var"]: number}
    given = Templar(loader=DataLoader(), variables=known).template(marked(task[f"sky.aws.{NOUNS[noun].module}"]))
    return _arguments.with_item(resource, {name: value for name, value in given.items() if value != OMITTED})


@pytest.mark.parametrize(
    "noun", [noun for noun in NOUNS.values() if noun.name != "account"], ids=lambda noun: noun.name
)
def test_a_task_passes_every_option_of_its_module_or_the_registry_says_that_it_does_not(noun: Noun) -> None:
    passed, spec = set(task_of(noun.name)[f"sky.aws.{noun.module}"]), _declared.RESOURCES[noun.name].spec
    assert passed <= set(spec)
    if "options" in spec:
        assert "options" in passed
        assert not noun.unpassed
    else:
        assert passed == set(spec) - set(noun.unpassed)


@pytest.mark.parametrize("role", sorted(set(SPECS) - {"sky_account"}))
def test_every_variable_of_a_role_is_in_its_tasks(role: str) -> None:
    text = "".join(path.read_text() for path in (ROLES / role / "tasks").glob("*.yml"))
    assert [name for name in SPECS[role] if name not in text] == []


@pytest.mark.parametrize("part", _declared.PARTS, ids=lambda part: part.role)
def test_a_variable_feeds_in_the_task_the_option_that_it_is_checked_as(part: _declared.Part) -> None:
    passed = task_of(part.noun)[f"sky.aws.{NOUNS[part.noun].module}"]
    known = {option: name for option, name in part.variables().items() if name in SPECS[part.role]}
    # present or unmanaged is a condition of the task.
    assert {option for option in known if option in passed} == known.keys() - {"state"}
    assert [option for option in known if option != "state" and known[option] not in passed[option]] == []


def test_of_the_policy() -> None:
    assert options("policy", {**TAGS, "sky_policy_features": ["s3_read"]}) == {
        "name": "minimal-skypilot-policy",
        "features": ["s3_read"],
        "custom_identities": [],
        "s3_buckets": ["*"],
        "extra_statements": [],
        "path": "/",
        "keep_versions": 5,
        "existing": "converge",
        "tags": {"team": "ml"},
    }


def test_of_the_network() -> None:
    assert options("network", {"sky_network_vpc_names": ["ml"]}) == {
        "regions": None,
        "vpc_names": ["ml"],
        "subnet_names": [],
        "use_internal_ips": False,
        "on_unusable": "fail",
    }


def test_of_the_role() -> None:
    assert options("role", {"sky_instance_role_policies": ["/ml/shared"]}) == {
        "name": "skypilot-v1",
        "policies": ["/ml/shared"],
        "existing": "keep",
        "features": [],
        "custom_identities": [],
        "s3_buckets": ["*"],
        "s3_access": False,
        "service_linked_roles": [],
        "tags": {},
    }


USERS = {"sky_users_present": [{"name": "alice", "tags": {"desk": "7"}}, {"name": "bob"}], "sky_users_absent": ["eve"]}


def test_of_users_one_by_one_with_their_own_tags_added_to_those_of_the_account() -> None:
    shared = {"policies": ["minimal-skypilot-policy"], "s3_access": False, "absent_keys": "delete_ours"}
    alice, bob, eve = (options("user", {**TAGS, **USERS}, number) for number in range(3))
    assert alice == {**shared, "name": "alice", "tags": {"team": "ml", "desk": "7"}}
    assert bob == {**shared, "name": "bob", "tags": {"team": "ml"}}
    assert eve == {**shared, "name": "eve", "tags": {"team": "ml"}, "state": "absent"}


def test_what_a_user_declares_wins() -> None:
    own = {"sky_users_present": [{"name": "alice", "policies": [], "s3_access": True}]}
    alice = options("user", own, 0)
    assert (alice["policies"], alice["s3_access"]) == ([], True)


def test_of_instances() -> None:
    variables = {
        "sky_instances_present": [{"name": "smoke", "region": "eu-west-1"}],
        "sky_instances_absent": ["old"],
        "sky_instances_network": [{"region": "eu-west-1"}],
    }
    shared = {"instance_profile": "skypilot-v1", "networks": [{"region": "eu-west-1"}], "tags": {}}
    smoke, old = (options("instance", variables, number) for number in range(2))
    assert smoke == {**shared, "name": "smoke", "region": "eu-west-1"}
    assert old == {**shared, "name": "old", "state": "absent"}


def test_of_configuration_files_those_that_go_first() -> None:
    variables = {"sky_config_present": [{"user": "bob"}], "sky_config_absent": [{"user": "eve", "workspace": "ml"}]}
    eve, bob = (options("config", variables, number) for number in range(2))
    assert (eve["user"], eve["workspace"], eve["state"]) == ("eve", "ml", "absent")
    assert bob["user"] == "bob"
    assert "state" not in bob
    assert bob["config_file"] == "~/.sky/config.yaml"
    assert bob["aws_config_file"] == "~/.aws/config"
    assert "tags" not in bob


def test_an_empty_boundary_is_left_out_for_all_and_taken_from_one() -> None:
    bounded = {"sky_users_permissions_boundary": "limit"}
    none = {"sky_users_present": [{"name": "alice", "permissions_boundary": ""}]}
    assert "permissions_boundary" not in options("user", USERS, 1)
    assert "permissions_boundary" not in options("role")
    assert options("user", {**USERS, **bounded}, 1)["permissions_boundary"] == "limit"
    assert options("user", {**none, **bounded}, 0)["permissions_boundary"] == ""


@pytest.mark.parametrize(
    ("noun", "variable", "number"),
    [
        ("user", {"sky_users_state": "absent"}, 1),
        ("user", {"sky_users_manage": "access_key"}, 1),
        ("policy", {"sky_policy_state": "absent"}, None),
        ("policy", {"sky_policy_principals": ["role"]}, None),
    ],
)
def test_what_is_no_variable_of_the_role_declares_nothing(noun: str, variable: Variables, number: int | None) -> None:
    assert options(noun, {**USERS, **variable}, number) == options(noun, USERS, number)


def test_lists_may_be_templates() -> None:
    variables = {
        "people": [{"name": "alice"}],
        "gone": ["eve"],
        "sky_users_present": "{{ people }}",
        "sky_users_absent": "{{ gone }}",
    }
    assert [options("user", variables, number)["name"] for number in range(2)] == ["alice", "eve"]


def test_an_item_that_is_undefined_is_never_taken_for_an_absent_one() -> None:
    with pytest.raises(Exception, match="nobody"):
        options("user", {"sky_users_present": [{"name": "alice"}, "{{ nobody }}"], "sky_users_absent": []}, 1)


class TestItems:
    RESOURCE = _declared.RESOURCES["instance"]

    def test_what_it_has_wins_and_tags_are_added_up(self) -> None:
        given = {
            "options": {"name": "a", "tags": {"x": "2"}, "region": "eu-west-1"},
            "spot": True,
            "tags": {"x": "1", "y": "1"},
        }
        found = _arguments.with_item(self.RESOURCE, given)
        assert found == {"name": "a", "tags": {"x": "2", "y": "1"}, "region": "eu-west-1", "spot": True}

    @pytest.mark.parametrize(
        ("item", "said"),
        [
            ({"name": "a", "nmae": "b"}, "options.nmae: there is no such option; did you mean name?"),
            ({"name": "a", "account_id": "222222222222"}, "options.account_id: there is no such option"),
            ({"name": "a", "options": {}}, "options.options: there is no such option"),
            ("alice", "options: give a dictionary"),
            ([{"name": "a"}], "options: give a dictionary"),
        ],
    )
    def test_what_cannot_be_one_is_refused(self, item: t.Any, said: str) -> None:
        with pytest.raises(BadInput) as caught:
            _arguments.with_item(self.RESOURCE, {"options": item})
        assert caught.value.message.startswith(said)

    def test_a_module_of_one_thing_takes_none(self) -> None:
        policy = _declared.RESOURCES["policy"]
        assert _arguments.with_item(policy, {"options": {"name": "a"}}) == {"options": {"name": "a"}}


@pytest.mark.parametrize(("noun", "key"), [("user", "name"), ("instance", "name"), ("config", "user")])
def test_a_module_without_the_name_of_its_item_says_so(noun: str, key: str) -> None:
    """Null counts as given to Ansible's own check of an ordinary module."""
    resource = _declared.RESOURCES[noun]
    validation = ArgumentSpecValidator(resource.argument_spec, **resource.rules).validate(
        {"account_id": "111111111111", "region": "us-east-1", key: None}
    )
    assert validation.error_messages == []
    assert any(
        fault.startswith(f"{key}: it is missing") for fault in resource.validate(validation.validated_parameters)
    )
