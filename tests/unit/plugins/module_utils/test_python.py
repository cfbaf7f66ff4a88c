# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check of a target's Python: what it says, and that nothing which an older one cannot read comes before it."""

from __future__ import annotations

import ast
import pathlib

import pytest
import yaml

from ansible_collections.sky.aws.plugins.module_utils import _python

REPO = pathlib.Path(__file__).parents[4]
UTILS = REPO / "plugins" / "module_utils"
MODULES = sorted((REPO / "plugins" / "modules").glob("sky_*.py"))
#: The oldest that the ansible-core of this collection runs modules with: up to it a module must come to the check.
OLDEST = (3, 8)


def imports(path: pathlib.Path) -> list[str]:
    """What a file imports at its top, in order: ``_module.run_module``, with no package before it."""
    found = []
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom):
            found += [f"{node.module or ''}.{alias.name}".removeprefix(".") for alias in node.names]
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
    return [name.removeprefix("ansible_collections.sky.aws.plugins.module_utils.") for name in found]


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 11, 7), (3, 14, 0), (4, 0, 0)])
def test_a_later_python_is_welcome(version):
    assert _python.refusal(version, "/usr/bin/python3") is None


@pytest.mark.parametrize("version", [(3, 10, 13), (3, 8, 0), (2, 7, 18)])
def test_an_older_one_is_refused_in_one_line(version):
    found = ".".join(map(str, version))
    assert _python.refusal(version, "/usr/bin/python3") == (
        f"sky.aws requires Python 3.11 or later on the target; /usr/bin/python3 is Python {found}. "
        "To fix: set ansible_python_interpreter to a later one"
    )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_imports_its_entry_point_first(path):
    assert imports(path)[:2] == ["__future__.annotations", "_module.run_module"]


def test_the_entry_point_imports_the_check_before_the_rest_of_the_collection():
    known = ("__future__.annotations", "typing", "ansible.module_utils.basic.AnsibleModule")
    assert next(name for name in imports(UTILS / "_module.py") if name not in known) == "_python"


def test_the_check_needs_nothing_but_the_standard_library():
    assert imports(UTILS / "_python.py") == ["__future__.annotations", "json", "sys"]


@pytest.mark.parametrize("path", [*MODULES, UTILS / "_module.py", UTILS / "_python.py"], ids=lambda path: path.stem)
def test_an_older_python_can_read_what_comes_before_it(path):
    ast.parse(path.read_text(), feature_version=OLDEST)


def test_ansible_test_knows_the_same_minimum():
    settings = yaml.safe_load((REPO / "tests" / "config.yml").read_text())
    assert settings["modules"]["python_requires"] == ">=" + ".".join(map(str, _python.MINIMUM))
