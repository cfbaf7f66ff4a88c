# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One registry of nouns: whatever bears a noun's name is in it, and nothing is forgotten (CONTRIBUTING.md has the lists)."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.sky.aws.plugins.module_utils._features.catalogue import FEATURES
from ansible_collections.sky.aws.plugins.plugin_utils._nouns import NOUNS, Noun
from ansible_collections.sky.aws.tests.docs import features, generated

ROOT = pathlib.Path(__file__).parents[2]
RESOURCES = ROOT / "plugins" / "module_utils" / "_resources"
UNIT = pathlib.Path(__file__).parent / "plugins" / "module_utils" / "_resources"
#: Roles that no playbook of accounts imports but their own.
PLAYBOOKS = {path.stem: path.read_text() for path in (ROOT / "playbooks").glob("*.yml")}

each_noun = pytest.mark.parametrize("noun", NOUNS.values(), ids=lambda noun: noun.name)


def stems(folder: pathlib.Path, pattern: str = "*.py") -> set[str]:
    return {path.stem for path in folder.glob(pattern) if not path.name.startswith("_")}


def test_every_resource_module_action_and_role_is_in_the_registry() -> None:
    rooms = {path.name for path in RESOURCES.iterdir() if path.is_dir() and not path.name.startswith("_")}
    assert stems(RESOURCES) | rooms == set(NOUNS)
    modules = sorted(noun.module for noun in NOUNS.values())
    assert sorted(stems(ROOT / "plugins" / "modules")) == sorted(stems(ROOT / "plugins" / "action")) == modules
    assert {path.name for path in (ROOT / "roles").iterdir()} == {noun.role for noun in NOUNS.values()}


def test_what_is_generated_is_up_to_date() -> None:
    assert [str(path.relative_to(ROOT)) for path in generated.stale()] == []


def test_a_stale_file_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generated, "META", "x" + generated.META)
    assert len(generated.stale()) == len({noun.role for noun in NOUNS.values()})


@each_noun
def test_a_role_registers_its_result_under_the_name_of_the_registry(noun: Noun) -> None:
    tasks = yaml.safe_load((ROOT / "roles" / noun.role / "tasks" / "main.yml").read_text())
    [task] = [task for task in tasks if f"sky.aws.{noun.module}" in task]
    assert task.get("register", noun.registered) == noun.registered
    assert noun.name == "account" or "register" in task


@each_noun
def test_a_playbook_imports_the_role_under_a_tag_of_its_name(noun: Noun) -> None:
    assert any(f"name: sky.aws.{noun.role}\n" in text and noun.role in text for text in PLAYBOOKS.values())


@each_noun
def test_a_noun_has_tests_of_its_own_and_is_documented(noun: Noun) -> None:
    own = [*UNIT.glob(f"test_{noun.name}*.py"), *(UNIT / noun.name).glob("test_*.py")]
    assert own or noun.name == "account"  # that of the account is in test_account.py
    assert noun.module in (ROOT / "docs" / "modules.md").read_text()


@each_noun
def test_a_role_says_what_it_is_for_with_the_verb_of_its_module(noun: Noun) -> None:
    spec = yaml.safe_load((ROOT / "roles" / noun.role / "meta" / "argument_specs.yml").read_text())
    described: dict[str, t.Any] = spec["argument_specs"]["main"]
    assert described["short_description"].startswith(("Manage ", "Look up ", "Check ", "Remove "))


def test_every_feature_is_documented() -> None:
    assert features.PAGE.read_text() == features.page()
    assert [name for name in FEATURES if f"`{name}`" not in features.PAGE.read_text()] == []
