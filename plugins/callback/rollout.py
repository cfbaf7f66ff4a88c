# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Callback rollout: watch a rollout over many accounts instead of reading every task of each."""

from __future__ import annotations

DOCUMENTATION = r"""
name: rollout
type: stdout
short_description: Progress and outcome of a rollout over many accounts
version_added: 0.1.0
author: the sky.aws authors (@sky-aws)
description:
  - Takes the place of Ansible's default output. Shows how many accounts are done, changed and failed, and how long it will
    still take. At the end it shows what came of each account's policy, users, role, network and so on, then the failures,
    warnings and drift by cause with the accounts under each, and where access keys were delivered to.
  - In check mode it ends with the plan, which is the API calls that a real run would make in each account, and on what.
  - On a terminal, and with the Python library rich, a few lines at the bottom are drawn anew. Elsewhere it writes a line
    every few seconds, the first accounts of each cause as they fail, and the summary. Neither the length of a log nor that
    of the summary depends on the number of accounts.
  - It shows no results, no arguments and no diffs. Of a result it takes its status, RV(ignore:msg) where it failed, and its
    warnings; of the results of this collection's modules C(steps), C(drift), the name of the resource, and where its access
    key was delivered to, too. It takes nothing where C(no_log) holds.
  - Works with any playbook. An account is a host.
extends_documentation_fragment:
  - sky.aws._outcome
options:
  interval:
    description: Seconds between two lines of progress, where there is no terminal.
    type: float
    default: 10
    env:
      - name: SKY_ROLLOUT_INTERVAL
    ini:
      - section: sky_rollout
        key: interval
  show_calls:
    description:
      - Whether a real run ends with the API calls that were made in each account, too.
      - In check mode these calls are the plan, and always shown.
    type: bool
    default: false
    env:
      - name: SKY_ROLLOUT_SHOW_CALLS
    ini:
      - section: sky_rollout
        key: show_calls
requirements:
  - set as stdout in configuration
  - rich (optional, for a terminal)
seealso:
  - plugin: sky.aws.outcome
    plugin_type: callback
    description: Writes the same file beside any other output.
"""

import os
import sys
import typing as t

from ansible import constants as C

from ansible_collections.sky.aws.plugins.plugin_utils._rollout.callback import RolloutCallback
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.lines import Lines
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.terminal import HAS_RICH, Terminal


class CallbackModule(RolloutCallback):
    """Shows the rollout."""

    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "sky.aws.rollout"

    def set_options(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().set_options(*args, **kwargs)
        self.screen = (
            self._terminal() if self._has_terminal() else Lines(self._display.display, self.get_option("interval"))
        )

    def v2_playbook_on_no_hosts_matched(self) -> None:
        self._display.display("no account matches the play's hosts", color=C.COLOR_SKIP)

    def _has_terminal(self) -> bool:
        """Not under a callback that has this one as its base, as ansible-runner's may: it takes the output apart."""
        alone = self.__class__ is CallbackModule
        return alone and HAS_RICH and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"

    def _terminal(self) -> Terminal:
        return Terminal(
            self._display.display, lambda line: self._display.display(line, log_only=True), color=not C.ANSIBLE_NOCOLOR
        )
