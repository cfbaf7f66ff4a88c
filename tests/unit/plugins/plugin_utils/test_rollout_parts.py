# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module has a part, and its documented results name their resource where the summary looks."""

from __future__ import annotations

import importlib
import pathlib

import pytest
import yaml

from ansible_collections.sky.aws.plugins.plugin_utils._rollout.parts import BY_MODULE

MODULES = sorted(path.stem for path in (pathlib.Path(__file__).parents[4] / "plugins" / "modules").glob("sky_*.py"))


def test_every_module_but_the_one_that_manages_nothing_has_a_part():
    assert sorted([*BY_MODULE, "sky_account"]) == MODULES


@pytest.mark.parametrize("module", BY_MODULE)
def test_results_name_their_resource(module):
    documentation = importlib.import_module(f"ansible_collections.sky.aws.plugins.modules.{module}").RETURN
    noun = BY_MODULE[module]
    assert noun.named in yaml.safe_load(documentation)[noun.key]["contains"]
