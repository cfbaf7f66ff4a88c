# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The in-worker action: the module's own run() inside the Ansible worker. PRIVATE to the collection.

The modules need nothing from a target but AWS's API. So with a local connection there is no second Python, no upload and
no file with arguments; over any other connection, with become or with async, the ordinary module runs.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import typing as t

from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.sky.aws.plugins.module_utils import _session
from ansible_collections.sky.aws.plugins.module_utils._account_options import ACCOUNT_ARGUMENTS
from ansible_collections.sky.aws.plugins.module_utils._errors import BadInput, SkyError, bug, one_line, trace
from ansible_collections.sky.aws.plugins.module_utils._run import run
from ansible_collections.sky.aws.plugins.module_utils._secrets import learn, of_options
from ansible_collections.sky.aws.plugins.module_utils._text import clean
from ansible_collections.sky.aws.plugins.plugin_utils import _arguments, _run_folder

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ansible_collections.sky.aws.plugins.module_utils._account import Account
    from ansible_collections.sky.aws.plugins.module_utils._run import Resource

# The linear and free strategies import action plugins in the controlling process before it forks: what is loaded here is
# paid once a run and shared by all workers.
_session.preload()
_run_folder.prepare()

display = Display()

#: The account that this worker has reached, with all that decided the way to it.
_reached: list[tuple[t.Any, Account]] = []


class InWorkerAction(ActionBase):
    """Base of the action plugins; a subclass names its resource."""

    resource: Resource
    #: Whether the task says itself what its account is, not the host's variables.
    _names_account: bool

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        try:
            self._task.args = self._options(task_vars or {})
        except BadInput as error:
            return {"failed": True, "msg": error.message, "steps": error.steps}
        if not self._runs_here():
            result: dict[str, t.Any] = self._execute_module(task_vars=task_vars, wrap_async=self._task.async_val)
            return result
        with self._task_environment():
            return self._run_here(task_vars or {})

    def _options(self, task_vars: Mapping[str, t.Any]) -> dict[str, t.Any]:
        """The options of the task, those of its item over them, and those of the host's account beneath."""
        whole = _arguments.with_item(self.resource, self._task.args)
        # Null is as good as omitted, so that the environment's fall-backs hold for it, here and in the ordinary module.
        given = {name: value for name, value in whole.items() if value is not None}
        self._names_account = "account_id" in given
        return _arguments.with_account(given, task_vars, self._templar.template)

    def _runs_here(self) -> bool:
        return self._connection.transport == "local" and not self._task.become and not self._task.async_val

    def _run_here(self, task_vars: Mapping[str, t.Any]) -> dict[str, t.Any]:
        warnings: list[str] = []
        secrets: set[str] = set()
        params: dict[str, t.Any] = {}
        try:
            params = self._validated(secrets)
            self._refuse(params, task_vars, warnings.append)
            result = run(
                self.resource,
                params,
                check_mode=self._task.check_mode,
                warn=warnings.append,
                tell=functools.partial(display.v, host=task_vars.get("inventory_hostname")),
                reach=self._reach,
            )
        except SkyError as error:
            result = {"failed": True, "msg": error.message, "steps": error.steps}
        except Exception as error:  # noqa: BLE001 - a worker must answer; the traceback is for -vvv
            display.vvv(trace(error))
            result = {"failed": True, "msg": bug(self._task.action, error), "steps": []}
        if warnings:
            result["warnings"] = [clean(_named(warning, task_vars)) for warning in warnings]
        if display.verbosity >= 3:
            # As a module shows it; below -vvv nobody sees it, and every event would repeat what was declared.
            result["invocation"] = {"module_args": clean(remove_values(params, secrets))}
        return t.cast("dict[str, t.Any]", remove_values(result, secrets)) if secrets else result

    def _reach(self, kind: t.Callable[..., Account], params: Mapping[str, t.Any]) -> Account:
        """The account, which the items of a loop share with its session and clients where nothing about it differs."""
        options = {name: params.get(name) for name in ACCOUNT_ARGUMENTS}
        way = (self._task._uuid, kind, options, dict(os.environ))
        if not _reached or _reached[0][0] != way:
            _reached[:] = [(way, kind(params, _run_folder.credential_cache()))]
        return _reached[0][1]

    def _refuse(
        self, params: Mapping[str, t.Any], task_vars: Mapping[str, t.Any], warn: t.Callable[[str], None]
    ) -> None:
        """Raise BadInput for what can be refused with the variables of the host; nothing by default."""

    def _validated(self, secrets: set[str]) -> dict[str, t.Any]:
        """The options as plain JSON types without Ansible's data tags.

        :param secrets: takes the values that must not be shown, also where an option is refused.
        :raises BadInput: one line for each error of the argument_spec.
        """
        # Untagged first: Ansible's check copies what it is given, and copying tags costs more than all the rest.
        validation = _arguments.check(self.resource, untagged(self._task.args))
        secrets |= validation._no_log_values
        if validation.error_messages:
            # Ansible quotes a value as it is, with its line breaks.
            raise BadInput(map(one_line, remove_values(validation.error_messages, secrets)))
        params: dict[str, t.Any] = validation.validated_parameters
        learn(of_options(params))
        secrets |= of_options(params)
        return params

    @contextlib.contextmanager
    def _task_environment(self) -> Iterator[None]:
        """The task's ``environment:`` for as long as it runs; option fall-backs and botocore read it."""
        wanted: dict[str, str] = {}
        self._compute_environment_string(wanted)
        if not wanted:
            yield
            return
        before = dict(os.environ)
        os.environ.update({key: str(value) for key, value in wanted.items()})
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def _named(warning: str, task_vars: Mapping[str, t.Any]) -> str:
    """A warning with the account that it is about, under the name that the inventory gives it."""
    return f"{task_vars['inventory_hostname']}: {warning}" if "inventory_hostname" in task_vars else warning


def untagged(value: t.Any) -> t.Any:
    """A copy made of plain JSON types: ansible-core 2.19 and later hand over tagged subclasses of them."""
    return json.loads(json.dumps(value, default=str))
