# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory plugins in a process of their own, where Ansible finds collections; a process with pytest has imported them.

Run as a program it answers a line of JSON with a line of JSON: a file and whether its cache may be read, with the inventory.
"""

from __future__ import annotations

import contextlib
import json
import pathlib
import subprocess
import sys
import traceback
import typing as t

#: The sections of an answer: hosts are {name: variables}, groups {name: [hosts]}, children {group: [groups]}; templated are
#: the hosts as a playbook would see them; or there is an error alone.
Answer = dict[str, t.Any]


class Worker:
    """The process; one for many files."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def load(self, path: pathlib.Path, cache: bool = True, **environment: str) -> Answer:
        """The inventory of a file, with the environment beside that of the process."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([str(path), cache, environment]) + "\n")
        return t.cast("Answer", json.loads(self._process.stdout.readline()))

    def stop(self) -> None:
        self._process.communicate()


def answer(path: str, cache: bool) -> Answer:
    from ansible.errors import AnsibleError
    from ansible.inventory.data import InventoryData
    from ansible.parsing.dataloader import DataLoader
    from ansible.plugins.loader import inventory_loader
    from ansible.template import Templar

    plugin = inventory_loader.get("sky.aws.sky_accounts")
    if not plugin.verify_file(path):
        return {"error": "not its file"}
    warnings: list[str] = []
    plugin.display.warning = lambda text, *_, **__: warnings.append(text)
    inventory, loader = InventoryData(), DataLoader()
    try:
        plugin.parse(inventory, loader, path, cache=cache)
        with contextlib.suppress(AttributeError):  # as Ansible does where there is no cache
            plugin.update_cache_if_changed()
    except AnsibleError as error:
        return {"error": str(error), "kind": type(error).__name__}
    inventory.reconcile_inventory()
    hosts = {
        name: {key: value for key, value in host.vars.items() if not key.startswith(("inventory_", "ansible_"))}
        for name, host in inventory.hosts.items()
    }
    groups = {name: group for name, group in inventory.groups.items() if name not in ("all", "ungrouped")}
    return {
        "hosts": hosts,
        "templated": {name: Templar(loader=loader).template(variables) for name, variables in hosts.items()},
        "groups": {name: sorted(host.name for host in group.hosts) for name, group in groups.items()},
        "children": {name: sorted(child.name for child in group.child_groups) for name, group in groups.items()},
        "warnings": warnings,
    }


def main() -> None:
    import os

    from ansible.plugins.loader import init_plugin_loader

    init_plugin_loader()
    before = dict(os.environ)
    for line in sys.stdin:
        path, cache, environment = json.loads(line)
        os.environ.update(environment)
        try:
            found = answer(path, cache)
        except Exception:  # noqa: BLE001 - the test that asked must see it, and the next may ask
            found = {"error": traceback.format_exc(), "kind": "Traceback"}
        print(json.dumps(found, default=str), flush=True)
        os.environ.clear()
        os.environ.update(before)


if __name__ == "__main__":
    main()
