# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module of the collection run both ways: as an ordinary module, and as an action inside the worker."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import typing as t
import uuid
from unittest import mock

from ansible.module_utils import basic
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.loop_control import LoopControl
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.loader import connection_loader
from ansible.template import Templar

try:
    from ansible.module_utils.testing import patch_module_args
    from ansible.template import trust_as_template as trusted
except ImportError:  # ansible-core 2.18 has neither

    @contextlib.contextmanager
    def patch_module_args(args: dict[str, t.Any]) -> t.Iterator[None]:
        """The way that ansible-core's own documentation gave before 2.19."""
        given = json.dumps({"ANSIBLE_MODULE_ARGS": args}).encode()
        with mock.patch.object(basic, "_ANSIBLE_ARGS", given):
            yield

    def trusted(text: str) -> str:
        """Text needs no mark to be a template."""
        return text


PLUGINS = "ansible_collections.sky.aws.plugins"
Result = dict[str, t.Any]


def as_module(name: str, args: t.Mapping[str, t.Any], *, check_mode: bool = False) -> Result:
    """Run main() and read what it prints. In a process of the controller Ansible shows a module's warnings itself."""
    module = importlib.import_module(f"{PLUGINS}.modules.{name}")
    given = {**args, "_ansible_check_mode": check_mode, "_ansible_no_log": False}
    with (
        patch_module_args(given),
        mock.patch.object(basic.AnsibleModule, "warn") as warn,
        contextlib.redirect_stdout(io.StringIO()) as output,
        contextlib.suppress(SystemExit),
    ):
        module.main()
    result = json.loads(output.getvalue())
    # The action has the name of the host instead, where there is one.
    warnings = [call.args[0].removeprefix(f"account {args['account_id']}: ") for call in warn.call_args_list]
    return {**result, "warnings": warnings} if warnings else result


def action(
    name: str,
    args: t.Mapping[str, t.Any],
    *,
    check_mode: bool = False,
    variables: t.Mapping[str, t.Any] | None = None,
    transport: str = "local",
    **task: t.Any,
) -> t.Any:
    """The action plugin with a task of the given attributes, a connection and a templar."""
    described = {"args": dict(args), "action": f"sky.aws.{name}", "check_mode": check_mode, "environment": [], **task}
    described.setdefault("loop_control", LoopControl())
    described.setdefault("_uuid", uuid.uuid4().hex)
    fake = mock.MagicMock(spec=Task, async_val=0, become=False, diff=False, delegate_to=None, no_log=False)
    fake.configure_mock(**described)
    loader = DataLoader()
    context = PlayContext()
    connection = connection_loader.get("local", context)
    connection.transport = transport
    plugin = importlib.import_module(f"{PLUGINS}.action.{name}").ActionModule
    templar = Templar(loader=loader, variables=dict(variables or {}))
    return plugin(fake, connection, context, loader, templar, None)


def as_action(name: str, args: t.Mapping[str, t.Any], **options: t.Any) -> Result:
    """Run it in this process, as a worker does."""
    return t.cast("Result", action(name, args, **options).run(task_vars=dict(options.get("variables") or {})))
