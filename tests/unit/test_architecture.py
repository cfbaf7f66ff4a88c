# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arrows between the layers, and what must agree: modules, actions, roles, defaults, versions."""

from __future__ import annotations

import ast
import graphlib
import importlib
import pathlib
import re
import typing as t

import pytest
import yaml

from ansible_collections.sky.aws.plugins.module_utils._run import Resource
from ansible_collections.sky.aws.plugins.module_utils._version import VERSION

REPO = pathlib.Path(__file__).parents[2]
PLUGINS = REPO / "plugins"
ROLES = sorted(path for path in (REPO / "roles").iterdir() if path.is_dir())
COLLECTION = "ansible_collections.sky.aws"
UTILS = f"{COLLECTION}.plugins.module_utils"

#: A file of module_utils may import what stands above its own line, and nothing else of the collection.
LAYERS = (
    {"_secrets", "_text"},
    {"_python", "_version", "_errors", "_facts", "_identity", "_plan", "_policy", "_tags"},
    {"_botocore", "_ownership", "_patience", "_skypilot", "_files"},
    {"_models"},
    {"_validate", "_session"},
    {"_features", "_account_options", "_credentials"},
    {"_account"},
    {"_organization"},
    {"_perform"},
    {"_run"},
    {"_resources"},
    {"_module"},
)

#: What reaches AWS.
AWS = {"_account", "_botocore", "_credentials", "_models", "_session"}

#: The variables that the design names, by role.
VARIABLES = {
    "sky_account": "id assume_role external_id profile region endpoint_url tags",
    "sky_network": "regions vpc_names subnet_names use_internal_ips on_unusable security_group "
    "security_group_efa security_group_existing ssh_sources",
    "sky_policy": "name features custom_identities s3_buckets extra_statements path keep_versions existing",
    "sky_users": "present absent absent_keys rotate_max_age_days s3_access permissions_boundary policies",
    "sky_instance_role": "state name existing s3_access features custom_identities s3_buckets permissions_boundary "
    "service_linked_roles policies",
    "sky_instances": "present absent profile network",
    "sky_offboard": "confirm regions users role_name policy_name",
    "sky_config": "present absent file aws_file remote_identity skypilot_python vpc_names subnet_names use_internal_ips "
    "security_group_name",
}


def names(folder: str) -> list[str]:
    return sorted(path.stem for path in (PLUGINS / folder).glob("sky_*.py"))


def dotted(path: pathlib.Path) -> str:
    return ".".join((COLLECTION, *path.relative_to(REPO).with_suffix("").parts))


def load(path: pathlib.Path) -> t.Any:
    return yaml.safe_load(path.read_text())


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def statements(tree: ast.AST) -> t.Iterator[ast.Import | ast.ImportFrom]:
    """The imports that run; those for type checkers bind nothing."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif not is_type_checking(node):
            yield from statements(node)


def imports(path: pathlib.Path, source: str | None = None) -> set[str]:
    """Every module or name that a file imports, dotted and absolute."""
    found = set()
    for node in statements(ast.parse(source or path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
            continue
        package = dotted(path).split(".")[: -node.level] if node.level else []
        base = ".".join([*package, *([node.module] if node.module else [])])
        found |= {f"{base}.{alias.name}" for alias in node.names}
    return found


def files(folder: str = "") -> list[pathlib.Path]:
    return sorted((PLUGINS / folder).rglob("*.py"))


def own(path: pathlib.Path) -> set[str]:
    """The first names under module_utils that a file imports."""
    return {name.removeprefix(f"{UTILS}.").split(".")[0] for name in imports(path) if name.startswith(UTILS)}


def layer(name: str) -> int:
    return next(index for index, names in enumerate(LAYERS) if name in names)


def within(name: str, package: str) -> bool:
    return f"{name}.".startswith(f"{package}.")


class TestTheReader:
    PATH = PLUGINS / "module_utils" / "_resources" / "policy.py"

    @pytest.mark.parametrize(
        ("source", "found"),
        [
            ("import botocore.session as s", {"botocore.session"}),
            ("from .. import _tags", {f"{UTILS}._tags"}),
            ("from .._plan import Step", {f"{UTILS}._plan.Step"}),
            ("from . import role", {f"{UTILS}._resources.role"}),
            ("def f():\n    from ansible import constants", {"ansible.constants"}),
            ("try:\n    import yaml\nexcept ImportError:\n    pass", {"yaml"}),
            ("if t.TYPE_CHECKING:\n    import boto3", set()),
        ],
    )
    def test_it_sees_every_form_of_import(self, source, found):
        assert imports(self.PATH, source) == found


class TestArrows:
    @pytest.mark.parametrize("path", files("module_utils"), ids=lambda path: path.stem)
    def test_module_utils_know_nothing_of_the_controller(self, path):
        forbidden = ("ansible.plugins", "ansible.constants", "ansible.utils", f"{COLLECTION}.plugins.plugin_utils")
        assert [name for name in imports(path) if any(within(name, package) for package in forbidden)] == []

    @pytest.mark.parametrize("path", files("module_utils"), ids=lambda path: path.stem)
    def test_module_utils_import_from_the_layers_below(self, path):
        name = path.relative_to(PLUGINS / "module_utils").with_suffix("").parts[0]
        allowed = {other for names in LAYERS[: layer(name)] for other in names}
        if (PLUGINS / "module_utils" / name).is_dir():
            allowed.add(name)
        assert own(path) <= allowed

    def test_no_imports_run_in_a_circle(self):
        known = {dotted(path): path for path in files()}
        found = {name: imports(path) for name, path in known.items()}
        graph = {
            name: {other for other in known if any(within(target, other) for target in targets)}
            for name, targets in found.items()
        }
        assert len(list(graphlib.TopologicalSorter(graph).static_order())) >= len(known)

    @pytest.mark.parametrize("path", files("module_utils/_resources"), ids=lambda path: path.stem)
    def test_resources_do_not_know_ansible(self, path):
        assert [name for name in imports(path) if within(name, "ansible")] == []
        assert "AnsibleModule" not in path.read_text()

    @pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
    def test_only_one_file_imports_boto3_and_botocore(self, path):
        found = {name.partition(".")[0] for name in imports(path)} & {"boto3", "botocore"}
        assert found == ({"boto3", "botocore"} if path.name == "_botocore.py" else set())

    @pytest.mark.parametrize(
        "name", ["_tags", "_ownership", "_errors", "_facts", "_identity", "_plan", "_secrets", "_text"]
    )
    def test_pure_files_know_neither_account_nor_botocore(self, name):
        assert own(PLUGINS / "module_utils" / f"{name}.py") & AWS == set()

    @pytest.mark.parametrize("name", ["_account_options", "_validate"])
    def test_options_are_judged_without_a_session(self, name):
        assert own(PLUGINS / "module_utils" / f"{name}.py") & (AWS - {"_models"}) == set()

    def test_an_account_is_read_without_the_way_to_its_credentials(self):
        code = (PLUGINS / "module_utils" / "_account.py").read_text()
        assert re.search(r"\bsts\b", code, re.IGNORECASE) is None
        assert own(PLUGINS / "module_utils" / "_session.py") & {"_credentials", "_account"} == set()

    def test_features_do_not_know_the_account(self):
        assert {name for path in files("module_utils/_features") for name in own(path)} <= {
            "_features",
            "_policy",
            "_skypilot",
            "_tags",
            "_validate",
        }

    @pytest.mark.parametrize("name", names("modules"))
    def test_modules_are_entry_points_only(self, name):
        assert own(PLUGINS / "modules" / f"{name}.py") == {"_module", "_resources"}

    @pytest.mark.parametrize("name", names("action"))
    def test_actions_do_not_reach_past_the_resources(self, name):
        found = imports(PLUGINS / "action" / f"{name}.py")
        assert own(PLUGINS / "action" / f"{name}.py") <= {"_account_options", "_errors", "_resources"}
        assert not any(within(other, "ansible") for other in found)

    @pytest.mark.parametrize("name", names("inventory"))
    def test_inventories_reach_the_organization_and_no_resource(self, name):
        found = own(PLUGINS / "inventory" / f"{name}.py")
        assert found == {
            "_account",
            "_account_options",
            "_errors",
            "_organization",
            "_secrets",
            "_validate",
            "_version",
        }

    def test_only_inventories_know_the_organization(self):
        utils = [path for path in files("module_utils") if path.parent.name != "_organization"]
        assert [path.name for path in utils if "_organization" in own(path)] == []

    @pytest.mark.parametrize("name", ["facts", "names", "choice", "hosts"])
    def test_the_organization_is_shaped_without_a_call(self, name):
        assert own(PLUGINS / "module_utils" / "_organization" / f"{name}.py") & AWS == set()

    def test_only_the_entry_point_of_modules_imports_ansible_module(self):
        users = [path.name for path in files() if "ansible.module_utils.basic.AnsibleModule" in imports(path)]
        assert users == ["_module.py"]

    @pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
    def test_no_plugin_file_is_long(self, path):
        documentation = path.parent.name == "modules"  # mostly documentation, which has no other place
        assert documentation or len(path.read_text().splitlines()) < 400


def reached(path: pathlib.Path) -> set[str]:
    """Every module of the collection that a file imports, by itself or by way of others."""
    known = {dotted(other): other for folder in ("plugins", "tests") for other in (REPO / folder).rglob("*.py")}
    found: set[str] = set()
    waiting = [path]
    while waiting:
        targets = imports(waiting.pop())
        new = {name for name in known if any(within(target, name) for target in targets)} - found
        found |= new
        waiting += [known[name] for name in new]
    return found


class TestSkyPilot:
    """What is known of its release is in one folder. The tests hold the requests of that folder from outside."""

    ROOM = f"{UTILS}._skypilot"

    def test_resources_and_features_read_it_and_nothing_else_does(self):
        readers = [path for path in files() if any(within(name, self.ROOM) for name in imports(path))]
        rooms = {path.relative_to(PLUGINS).parts[:2] for path in readers}
        assert rooms == {("module_utils", room) for room in ("_features", "_resources", "_skypilot")}

    def test_it_reads_what_is_below_the_validation_of_options(self):
        below = {name for names in LAYERS[: layer("_validate")] for name in names}
        assert {name for path in files("module_utils/_skypilot") for name in own(path)} <= below

    def test_policies_are_not_made_of_the_requests_that_they_are_tested_with(self):
        read = {name for path in files("module_utils/_features") for name in imports(path)}
        assert [name for name in read if within(name, f"{self.ROOM}.requests")] == []

    @pytest.mark.parametrize("path", ["rights/needs.py", "rights/refusals.py", "skypilot/recorded.py"])
    def test_what_holds_it_from_outside_does_not_know_it(self, path):
        found = reached(REPO / "tests" / path)
        assert f"{COLLECTION}.tests.emulator.iam.evaluator" in found or f"{COLLECTION}.tests.skypilot.uses" in found
        assert [name for name in found if within(name, self.ROOM)] == []


class TestCallbacks:
    UTILS = f"{COLLECTION}.plugins.plugin_utils"

    @pytest.mark.parametrize("name", ["rollout", "causes", "lines", "parts", "result", "summary"])
    def test_what_a_rollout_is_knows_neither_ansible_nor_a_terminal(self, name):
        found = imports(PLUGINS / "plugin_utils" / "_rollout" / f"{name}.py")
        assert [other for other in found if any(within(other, package) for package in ("ansible", "rich", "sys"))] == []

    @pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
    def test_only_one_file_imports_rich_which_need_not_be_there(self, path):
        assert any(within(name, "rich") for name in imports(path)) is (path.name == "terminal.py")

    @pytest.mark.parametrize("path", files("callback"), ids=lambda path: path.stem)
    def test_callbacks_are_entry_points_only(self, path):
        own = [name for name in imports(path) if within(name, COLLECTION)]
        assert own
        assert [name for name in own if not name.startswith(f"{self.UTILS}._rollout.")] == []


class TestModules:
    def test_the_action_group_names_every_module(self):
        assert load(REPO / "meta" / "runtime.yml")["action_groups"]["aws"] == names("modules")

    def test_every_module_has_an_action(self):
        assert names("action") == names("modules")

    @pytest.mark.parametrize("name", names("modules"))
    def test_module_and_action_run_one_resource(self, name):
        action = importlib.import_module(f"{COLLECTION}.plugins.action.{name}").ActionModule
        module = importlib.import_module(f"{COLLECTION}.plugins.modules.{name}")
        resources = [value for value in vars(module).values() if isinstance(value, Resource)]
        assert resources == [action.resource]

    @pytest.mark.parametrize("name", names("modules"))
    def test_every_option_is_documented_as_it_is(self, name):
        """ansible-test sanity compares more of it, where it can run; this one runs everywhere."""

        module = importlib.import_module(f"{COLLECTION}.plugins.modules.{name}")
        action = importlib.import_module(f"{COLLECTION}.plugins.action.{name}").ActionModule
        documentation = yaml.safe_load(module.DOCUMENTATION)
        documented = dict(documentation.get("options", {}))
        for fragment in documentation["extends_documentation_fragment"]:
            source = importlib.import_module(f"{COLLECTION}.plugins.doc_fragments.{fragment.rpartition('.')[2]}")
            documented |= yaml.safe_load(source.ModuleDocFragment.DOCUMENTATION).get("options") or {}
        spec = action.resource.argument_spec
        assert set(documented) == set(spec)
        for option, described in documented.items():
            assert described.get("default") == spec[option].get("default"), option
            assert described.get("type", "str") == spec[option].get("type", "str"), option
            assert described.get("choices") == spec[option].get("choices"), option

    def test_plugins_document_the_account_options_of_modules(self):
        """Types, too, but for secrets: Ansible would quote one of another type, so their type is checked later."""
        from ansible_collections.sky.aws.plugins.doc_fragments._account import ModuleDocFragment
        from ansible_collections.sky.aws.plugins.module_utils._account_options import ACCOUNT_ARGUMENTS

        documented = yaml.safe_load(ModuleDocFragment.PLUGINS)["options"]
        assert list(documented) == list(ACCOUNT_ARGUMENTS)
        for option, spec in ACCOUNT_ARGUMENTS.items():
            described = documented[option]
            assert described["type"] == ("raw" if spec.get("no_log") else spec["type"]), option
            assert described.get("default") == spec.get("default"), option
            assert described.get("aliases") == spec.get("aliases"), option
            # The last variable that is set counts in plugins, the first in modules.
            variables = [source["name"] for source in described.get("env", [])]
            assert variables == list(reversed(spec.get("fallback", (None, []))[1])), option

    def test_the_inventory_documents_its_options_as_they_are(self):
        from ansible_collections.sky.aws.plugins.inventory import sky_accounts
        from ansible_collections.sky.aws.plugins.module_utils._account_options import ACCOUNT_ARGUMENTS
        from ansible_collections.sky.aws.plugins.module_utils._organization.options import ARGUMENT_SPEC

        documented = yaml.safe_load(sky_accounts.DOCUMENTATION)["options"]
        assert documented.pop("plugin")["choices"] == [sky_accounts.InventoryModule.NAME]
        described = {
            name: {key: value for key, value in option.items() if key != "description"}
            for name, option in documented.items()
        }
        assert described == {name: spec for name, spec in ARGUMENT_SPEC.items() if name not in ACCOUNT_ARGUMENTS}

    def test_one_version(self):
        assert load(REPO / "galaxy.yml")["version"] == VERSION


def options(role: pathlib.Path) -> dict[str, t.Any]:
    return load(role / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]


def defaults(role: pathlib.Path) -> dict[str, t.Any]:
    """The role's own defaults, without the link to those of sky_account."""
    path = role / "defaults"
    return load(path / "main.yml" if (path / "main.yml").exists() else path / "main" / "main.yml")


def tasks(items: t.Any) -> t.Iterator[dict[str, t.Any]]:
    """Tasks and the blocks around them."""
    for task in items or []:
        yield task
        for part in ("block", "rescue", "always"):
            yield from tasks(task.get(part))


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
class TestRoles:
    def test_defaults_are_those_of_the_specs(self, role):
        described = {name: option["default"] for name, option in options(role).items() if "default" in option}
        assert {name: value for name, value in defaults(role).items() if not name.startswith("__")} == described

    def test_what_has_no_default_is_required(self, role):
        assert all(option.get("required") for option in options(role).values() if "default" not in option)

    def test_variables_bear_the_prefix(self, role):
        assert [name for name in (*options(role), *defaults(role)) if not name.lstrip("_").startswith(role.name)] == []

    def test_every_variable_of_the_design_exists(self, role):
        assert set(options(role)) == {f"{role.name}_{name}" for name in VARIABLES[role.name].split()}

    def test_tasks_stay_in_their_account(self, role):
        found = [task for path in (role / "tasks").glob("*.yml") for task in tasks(load(path))]
        forbidden = {"run_once", "delegate_to", "no_log", "delegate_facts", "local_action"}
        assert found
        assert [task["name"] for task in found if forbidden & set(task)] == []

    def test_it_uses_its_own_variables_and_those_of_the_account(self, role):
        text = "".join(path.read_text() for path in role.glob("tasks/main.yml"))
        others = {name for other in ROLES if other != role and other.name != "sky_account" for name in options(other)}
        assert [name for name in others if name in text] == []


PLAYBOOKS = sorted((REPO / "playbooks").glob("*.yml"))


def test_every_role_of_the_design_is_there():
    assert [role.name for role in ROLES] == sorted(VARIABLES)


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_playbooks_import_roles_and_nothing_else(path):
    keywords = {"name", "tags", "vars", "when", "ansible.builtin.import_role"}
    found = [
        task for play in load(path) for part in ("pre_tasks", "tasks", "post_tasks") for task in play.get(part, [])
    ]
    assert found
    assert [task["name"] for task in found if set(task) - keywords or "ansible.builtin.import_role" not in task] == []


HEADER = {
    "hosts": "{{ lookup('sky.aws.accounts', 'hosts') }}",
    "connection": "local",
    "gather_facts": False,
    "serial": "{{ lookup('sky.aws.accounts', 'batches') }}",
    "max_fail_percentage": "{{ lookup('sky.aws.accounts', 'share') }}",
}


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_playbooks_choose_their_accounts_and_batches_alike(path):
    """A header cannot be imported, so each has its copy."""
    plays = load(path)
    assert plays
    assert [{keyword: play.get(keyword) for keyword in HEADER} for play in plays] == [HEADER] * len(plays)
    assert [name for play in plays for name in play.get("vars", {}) if name.startswith("_")] == []
