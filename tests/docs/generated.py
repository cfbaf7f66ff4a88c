# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write what follows from the registry of nouns and the roles' argument_specs; with --check, say which file is stale.

Action plugins but that of sky_account, the action group of meta/runtime.yml, each role's meta/main.yml and README.md, the
pictures of the design.
"""

from __future__ import annotations

import pathlib
import re
import sys
import typing as t

import yaml

from ansible_collections.sky.aws.plugins.plugin_utils._nouns import NOUNS
from ansible_collections.sky.aws.tests.docs import imports

if t.TYPE_CHECKING:
    from ansible_collections.sky.aws.plugins.plugin_utils._nouns import Noun

ROOT = pathlib.Path(__file__).resolve().parents[2]

ACTION = '''\
# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""{module} inside the Ansible worker."""

from __future__ import annotations

from ansible_collections.sky.aws.plugins.module_utils._resources.{noun} import RESOURCE
from ansible_collections.sky.aws.plugins.plugin_utils._action import InWorkerAction


class ActionModule(InWorkerAction):
    """Run the {words} resource in the worker."""

    resource = RESOURCE
'''

META = """\
galaxy_info:
  author: the sky.aws authors
  description: {description}
  license: GPL-3.0-or-later
  min_ansible_version: "2.18"
  platforms:
    - name: GenericLinux
      versions: [all]
dependencies: []
"""

README = """\
# {role}

{description}

    - hosts: all
      connection: local
      gather_facts: false
      roles:
        - role: sky.aws.{role}
{example}
The host names its account with `sky_account_id`. `ansible-doc --type role sky.aws.{role}` has all about each variable:

| variable | default | |
|---|---|---|
{variables}
"""

#: Variables without which a role does nothing.
NEEDED = {"sky_offboard": 'sky_offboard_confirm: "111111111111"'}
#: Ansible's markup, and what Markdown has for it.
_MARKUP = re.compile(r"[OVCME]\(([^)]*)\)|P\(([^)#]*)(?:#\w+)?\)")


def action(noun: Noun) -> str:
    return ACTION.format(module=noun.module, noun=noun.name, words=noun.name.replace("_", " "))


def runtime(text: str) -> str:
    """meta/runtime.yml with the modules of the registry in its action group."""
    modules = "".join(f"    - {module}\n" for module in sorted(noun.module for noun in NOUNS.values()))
    return re.sub(r"(?<=\n  aws:\n)(    - \w+\n)+", modules, text)


def design(text: str) -> str:
    """docs/design.md with the pictures that the imports draw."""
    for name, picture in (("rooms", imports.rooms()), ("nouns", imports.nouns())):
        between = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", re.DOTALL)
        text = between.sub(lambda _found, picture=picture: f"{picture}\n", text)
    return text


def meta(spec: dict[str, t.Any]) -> str:
    return META.format(description=spec["short_description"])


def readme(role: str, spec: dict[str, t.Any]) -> str:
    needed = f"          {NEEDED[role]}\n" if role in NEEDED else ""
    rows = [
        f"| `{name}` | {_default(option)} | {_plain(_first(option['description']))} |"
        for name, option in spec["options"].items()
    ]
    description = "\n".join(_plain(line) for line in spec["description"])
    return README.format(role=role, description=description, example=needed, variables="\n".join(rows))


def _first(description: str | list[str]) -> str:
    return description if isinstance(description, str) else description[0]


def _default(option: dict[str, t.Any]) -> str:
    if option.get("required"):
        return "required"
    text = yaml.safe_dump(option["default"], default_flow_style=True, width=1000).removesuffix("...\n").strip()
    return f"`{text}`"


def _plain(text: str) -> str:
    return _MARKUP.sub(lambda found: f"`{found[1] or found[2]}`", text).replace("|", "\\|")


def files() -> dict[pathlib.Path, str]:
    """What each generated file is to hold."""
    found = {
        ROOT / "plugins" / "action" / f"{noun.module}.py": action(noun)
        for noun in NOUNS.values()
        if noun.name != "account"
    }
    runtime_yml = ROOT / "meta" / "runtime.yml"
    found[runtime_yml] = runtime(runtime_yml.read_text())
    design_md = ROOT / "docs" / "design.md"
    found[design_md] = design(design_md.read_text())
    for role in sorted({noun.role for noun in NOUNS.values()}):
        folder = ROOT / "roles" / role
        spec = yaml.safe_load((folder / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]
        found[folder / "meta" / "main.yml"] = "---\n" + meta(spec)
        found[folder / "README.md"] = readme(role, spec)
    return found


def stale() -> list[pathlib.Path]:
    """Files that do not hold what they should."""
    return [path for path, text in files().items() if not path.is_file() or path.read_text() != text]


def main() -> None:
    paths = stale()
    if "--check" in sys.argv and paths:
        names = ", ".join(str(path.relative_to(ROOT)) for path in paths)
        sys.exit(f"{names}: not what the registry of nouns and the argument_specs say; run: make generated")
    for path in paths:
        path.write_text(files()[path])


if __name__ == "__main__":
    main()
