# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a role's task are what the variables of the role declare."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml
from ansible.errors import AnsibleError

from ansible_collections.sky.aws.plugins.module_utils._errors import BadInput
from ansible_collections.sky.aws.plugins.module_utils._resources.config import RESOURCE as config
from ansible_collections.sky.aws.plugins.module_utils._resources.instance import RESOURCE as instance
from ansible_collections.sky.aws.plugins.module_utils._resources.network import RESOURCE as network
from ansible_collections.sky.aws.plugins.module_utils._resources.policy import RESOURCE as policy
from ansible_collections.sky.aws.plugins.module_utils._resources.role import RESOURCE as role
from ansible_collections.sky.aws.plugins.module_utils._resources.security_group import RESOURCE as security_group
from ansible_collections.sky.aws.plugins.module_utils._resources.user import RESOURCE as user
from ansible_collections.sky.aws.plugins.plugin_utils import _declared
from ansible_collections.sky.aws.plugins.plugin_utils._role_specs import SPECS

if t.TYPE_CHECKING:
    from ansible_collections.sky.aws.plugins.module_utils._run import Resource

ROLES = pathlib.Path(__file__).parents[4] / "roles"
TAGS = {"sky_account_tags": {"team": "ml"}}


def defaults(name: str) -> dict[str, t.Any]:
    paths = [ROLES / name / "defaults" / "main.yml", *(ROLES / name / "defaults" / "main").glob("*.yml")]
    return {key: value for path in paths if path.exists() for key, value in yaml.safe_load(path.read_text()).items()}


def options(
    name: str,
    resource: Resource,
    variables: dict[str, t.Any] | None = None,
    number: int | None = None,
    template: t.Callable[[t.Any], t.Any] = lambda value: value,
) -> dict[str, t.Any]:
    given = {**defaults(name), **(variables or {}), "ansible_role_name": f"sky.aws.{name}"}
    return _declared.for_task(resource, given, template, number)


def test_of_the_policy() -> None:
    assert options("sky_policy", policy, {**TAGS, "sky_policy_features": ["s3_read"]}) == {
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
    found = options("sky_network", network, {"sky_network_vpc_names": ["ml"]})
    assert {**found, "regions": None} == {
        "regions": None,
        "vpc_names": ["ml"],
        "subnet_names": [],
        "use_internal_ips": False,
        "on_unusable": "fail",
    }


def test_of_the_role() -> None:
    assert options("sky_instance_role", role, {"sky_instance_role_policies": ["/ml/shared"]}) == {
        "name": "skypilot-v1",
        "state": "present",
        "policies": ["/ml/shared"],
        "existing": "keep",
        "s3_access": False,
        "service_linked_roles": [],
        "tags": {},
    }


def test_a_role_with_features_has_its_own_policy_and_no_other() -> None:
    own = {"sky_instance_role_name": "gpu", "sky_instance_role_features": ["s3_read"]}
    assert options("sky_instance_role", role, own)["policies"] == ["gpu-policy"]


USERS = {"sky_users_present": [{"name": "alice", "tags": {"desk": "7"}}, {"name": "bob"}], "sky_users_absent": ["eve"]}


def test_of_users_one_by_one_with_their_own_tags_added_to_those_of_the_account() -> None:
    shared = {"policies": ["minimal-skypilot-policy"], "s3_access": False, "absent_keys": "delete_ours"}
    alice, bob, eve = (options("sky_users", user, {**TAGS, **USERS}, number) for number in range(3))
    assert alice == {**shared, "name": "alice", "tags": {"team": "ml", "desk": "7"}}
    assert bob == {**shared, "name": "bob", "tags": {"team": "ml"}}
    assert eve == {**shared, "name": "eve", "tags": {"team": "ml"}, "state": "absent"}


def test_of_instances() -> None:
    variables = {
        "sky_instances_present": [{"name": "smoke", "region": "eu-west-1"}],
        "sky_instances_absent": ["old"],
        "sky_instances_network": [{"region": "eu-west-1"}],
    }
    shared = {"instance_profile": "skypilot-v1", "networks": [{"region": "eu-west-1"}], "tags": {}}
    smoke, old = (options("sky_instances", instance, variables, number) for number in range(2))
    assert smoke == {**shared, "name": "smoke", "region": "eu-west-1"}
    assert old == {**shared, "name": "old", "state": "absent"}


def test_of_configuration_files_those_that_go_first() -> None:
    variables = {"sky_config_present": [{"user": "bob"}], "sky_config_absent": [{"user": "eve", "workspace": "ml"}]}
    eve, bob = (options("sky_config", config, variables, number) for number in range(2))
    assert (eve["user"], eve["workspace"], eve["state"]) == ("eve", "ml", "absent")
    assert bob["user"] == "bob"
    assert "state" not in bob
    assert bob["config_file"] == "~/.sky/config.yaml"
    assert bob["aws_config_file"] == "~/.aws/config"
    assert "tags" not in bob


def test_an_empty_boundary_is_left_out_for_all_and_taken_from_one() -> None:
    assert "permissions_boundary" not in options("sky_users", user, USERS, 1)
    assert options("sky_users", user, {**USERS, "sky_users_permissions_boundary": "limit"}, 1)[
        "permissions_boundary"
    ] == ("limit")
    none = {"sky_users_present": [{"name": "alice", "permissions_boundary": ""}]}
    assert (
        options("sky_users", user, {**none, "sky_users_permissions_boundary": "limit"}, 0)["permissions_boundary"] == ""
    )


@pytest.mark.parametrize(
    ("name", "resource", "variable", "number"),
    [
        ("sky_users", user, {"sky_users_state": "absent"}, 1),
        ("sky_users", user, {"sky_users_manage": "access_key"}, 1),
        ("sky_policy", policy, {"sky_policy_state": "absent"}, None),
        ("sky_policy", policy, {"sky_policy_principals": ["role"]}, None),
    ],
)
def test_what_is_no_variable_of_the_role_declares_nothing(
    name: str, resource: Resource, variable: dict[str, t.Any], number: int | None
) -> None:
    assert options(name, resource, {**USERS, **variable}, number) == options(name, resource, USERS, number)


@pytest.mark.parametrize(
    ("name", "resource", "number"),
    [
        ("sky_users", user, None),
        ("sky_instance_role", policy, None),
        ("sky_network", security_group, None),
        ("sky_policy", policy, 0),
        ("sky_account", policy, None),
    ],
)
def test_a_task_that_is_not_the_one_of_its_role_says_its_options_itself(
    name: str, resource: Resource, number: int | None
) -> None:
    assert options(name, resource, USERS, number) == {}


def test_nor_does_a_task_of_another_collection_or_of_no_role_get_any() -> None:
    for name in ("sky_policy", "their.own.sky_policy", None):
        variables = {**defaults("sky_policy"), **({"ansible_role_name": name} if name else {})}
        assert _declared.for_task(policy, variables, lambda value: value) == {}


def test_only_the_item_that_is_wanted_is_templated() -> None:
    seen: list[t.Any] = []

    def template(value: t.Any) -> t.Any:
        seen.append(value)
        return value

    options("sky_users", user, USERS, 1, template)
    assert {"name": "bob"} in seen
    assert "alice" not in str(seen)


def test_lists_may_be_templates() -> None:
    lists = {"{{ people }}": [{"name": "alice"}], "{{ gone }}": ["eve"]}
    variables = {"sky_users_present": "{{ people }}", "sky_users_absent": "{{ gone }}"}

    def template(value: t.Any) -> t.Any:
        return lists.get(value, value) if isinstance(value, str) else value

    found = [options("sky_users", user, variables, number, template) for number in range(2)]
    assert [each["name"] for each in found] == ["alice", "eve"]


def test_each_variable_that_cannot_be_templated_is_named() -> None:
    def template(value: t.Any) -> t.Any:
        if "{{" in str(value):
            raise AnsibleError("it is undefined")
        return value

    with pytest.raises(BadInput) as caught:
        options("sky_policy", policy, {"sky_policy_path": "{{ x }}", "sky_policy_name": "{{ y }}"}, template=template)
    assert sorted(caught.value.faults) == ["sky_policy_name: it is undefined", "sky_policy_path: it is undefined"]


def test_an_item_that_will_not_do_is_named() -> None:
    def template(value: t.Any) -> t.Any:
        if value == {"name": "bob"}:
            raise AnsibleError("it is undefined")
        return value

    with pytest.raises(BadInput, match=r"^sky_users_present\[1\]: it is undefined$"):
        options("sky_users", user, USERS, 1, template)
    with pytest.raises(BadInput, match=r"^sky_config_absent\[1\]: give a dictionary of options$"):
        options("sky_config", config, {"sky_config_absent": [{"user": "eve"}, "bob"]}, 1)


#: Variables of roles that are no option of the role's module, and what takes them.
OTHER = {
    "sky_network": {
        "sky_network_security_group": "a task of its own, as the next",
        "sky_network_security_group_efa": "",
        "sky_network_security_group_existing": "",
        "sky_network_ssh_sources": "",
    },
    "sky_instance_role": {
        "sky_instance_role_features": "the policy of the role's own, as the next",
        "sky_instance_role_custom_identities": "",
        "sky_instance_role_s3_buckets": "",
    },
    "sky_users": {"sky_users_rotate_max_age_days": "tasks/rotate.yml"},
}


@pytest.mark.parametrize("part", _declared.PARTS, ids=lambda part: part.role)
def test_every_variable_of_a_role_declares_something(part: _declared.Part) -> None:
    lists = {f"{part.role}_present", f"{part.role}_absent"} if part.items else set()
    fed = set(part.variables().values()) & SPECS[part.role].keys()
    own = {name for name in SPECS[part.role] if not name.startswith("sky_account_")}
    assert own == fed | lists | OTHER.get(part.role, {}).keys()
