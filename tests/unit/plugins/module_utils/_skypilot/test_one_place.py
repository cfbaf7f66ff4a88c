# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of SkyPilot's release is written in its folder, and what must repeat it says the same."""

from __future__ import annotations

import ast
import pathlib
import re
import typing as t

import pytest
import yaml

from ansible_collections.sky.aws.plugins.module_utils._skypilot import configuration, names
from ansible_collections.sky.aws.plugins.module_utils._skypilot.release import RELEASE
from ansible_collections.sky.aws.plugins.modules import sky_config

REPO = pathlib.Path(__file__).resolve().parents[5]
PLUGINS = REPO / "plugins"
FOLDER = PLUGINS / "module_utils" / "_skypilot"
#: Documentation repeats names: Ansible reads it without running anything.
DOCUMENTATION = (PLUGINS / "modules", PLUGINS / "doc_fragments")
CODE = [path for path in PLUGINS.rglob("*.py") if FOLDER not in path.parents and path.parent not in DOCUMENTATION]

#: Where the release is printed for readers, how often. A new release is written there, too; docs/features.md is made anew.
PRINTED = {
    "docs/features.md": 3,
    "plugins/modules/sky_config.py": 2,
    "plugins/modules/sky_vpc_lookup.py": 1,
    "tests/skypilot/requirements.txt": 1,
}
WRITTEN = (
    names.INSTANCE_ROLE,
    names.POLICY,
    names.S3_POLICY,
    names.CLUSTER_TAG,
    names.CLUSTER_NAME_TAG,
    names.USER_TAG,
    names.LOG_GROUP,
    names.SSM_DOCUMENT,
    configuration.FILE,
    configuration.ACTIVE_WORKSPACE,
    *configuration.REMOTE_IDENTITIES,
)
DEFAULTS = {
    "sky_instance_role": {"sky_instance_role_name": names.INSTANCE_ROLE, "sky_instance_role_policies": [names.POLICY]},
    "sky_instances": {"sky_instances_profile": names.INSTANCE_ROLE},
    "sky_offboard": {"sky_offboard_role_name": names.INSTANCE_ROLE, "sky_offboard_policy_name": names.POLICY},
    "sky_policy": {"sky_policy_name": names.POLICY},
    "sky_users": {"sky_users_policies": [names.POLICY]},
    "sky_config": {"sky_config_file": configuration.FILE},
}
ROLE = re.compile(r"\bskypilot-v\d+")


def texts() -> t.Iterator[tuple[str, str]]:
    """Every text of the collection by its path, but for changelogs, which tell of the past."""
    for folder in ("plugins", "roles", "playbooks", "docs", "demo", "awx", "extensions", "tests"):
        for path in (REPO / folder).rglob("*"):
            if path.suffix in (".py", ".yml", ".md", ".txt") and "node_modules" not in path.parts:
                yield str(path.relative_to(REPO)), path.read_text()
    yield "README.md", (REPO / "README.md").read_text()


def strings(path: pathlib.Path) -> t.Iterator[str]:
    """The strings of a file of Python, without those that are documentation."""
    tree = ast.parse(path.read_text())
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.value


def test_the_release_is_printed_where_it_is_known_to_be():
    release = re.compile(rf"(?<![\d.]){re.escape(RELEASE)}(?!\.?\d)")
    counted = {
        path: len(release.findall(text)) for path, text in texts() if not path.startswith("plugins/module_utils")
    }
    assert {path: count for path, count in counted.items() if count} == PRINTED
    assert [path.name for path in (PLUGINS / "module_utils").rglob("*.py") if release.search(path.read_text())] == [
        "release.py"
    ]


@pytest.mark.parametrize("name", WRITTEN)
def test_a_name_of_skypilot_is_written_once(name):
    assert [path.name for path in CODE if any(name in text for text in strings(path))] == []
    assert any(name in text for path in FOLDER.glob("*.py") for text in strings(path))


def test_lines_of_skypilot_are_cited_in_its_folder_and_by_the_catalogue():
    cited = re.compile(r"\w\.(?:py|j2):\d")
    citing = {path.parent.name for path in CODE if cited.search(path.read_text())}
    assert citing == {"catalogue"}


@pytest.mark.parametrize("role", DEFAULTS)
def test_defaults_of_roles_are_skypilots(role):
    folder = REPO / "roles" / role / "defaults"
    path = folder / "main.yml" if (folder / "main.yml").exists() else folder / "main" / "main.yml"
    found = yaml.safe_load(path.read_text())
    assert {name: found[name] for name in DEFAULTS[role]} == DEFAULTS[role]


def test_machines_get_a_word_of_skypilot_for_their_credentials():
    path = REPO / "roles" / "sky_config" / "defaults" / "main" / "main.yml"
    assert yaml.safe_load(path.read_text())["sky_config_remote_identity"] in configuration.REMOTE_IDENTITIES


def test_the_words_of_remote_identity_are_documented():
    described = " ".join(yaml.safe_load(sky_config.DOCUMENTATION)["options"]["remote_identity"]["description"])
    assert set(re.findall(r"V\(([A-Z_]+)\)", described)) == set(configuration.REMOTE_IDENTITIES)


def test_no_text_names_the_role_of_another_release():
    found = {role for path, text in texts() for role in ROLE.findall(text) if not path.startswith("tests/")}
    assert found == {names.INSTANCE_ROLE}
