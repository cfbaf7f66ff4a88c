# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of the roles, as the roles' argument_specs declare them. PRIVATE to the collection."""

from __future__ import annotations

import pathlib
import typing as t

from ansible.module_utils.common.yaml import yaml_load

_ROLES = pathlib.Path(__file__).parents[2] / "roles"


def _load() -> dict[str, dict[str, t.Any]]:
    paths = sorted(_ROLES.glob("*/meta/argument_specs.yml"))
    return {path.parts[-3]: yaml_load(path.read_text())["argument_specs"]["main"]["options"] for path in paths}


#: By role, the options of each variable: type, default and so on. Read where Ansible imports the action plugins, once a run.
SPECS = _load()
