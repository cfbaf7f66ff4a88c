# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Callback outcome: the outcome of a rollout as a file, beside any output."""

from __future__ import annotations

DOCUMENTATION = r"""
name: outcome
type: aggregate
short_description: The outcome of a rollout over many accounts, as a file
version_added: 0.1.0
author: the sky.aws authors (@sky-aws)
description:
  - Writes what came of each account to a JSON file, and the accounts to try again beside it. Shows nothing, so that the
    output stays that of Ansible, of AWX or of ansible-runner.
  - The callback P(sky.aws.rollout#callback) writes the same file.
extends_documentation_fragment:
  - sky.aws._outcome
requirements:
  - enable in configuration
seealso:
  - plugin: sky.aws.rollout
    plugin_type: callback
"""

from ansible_collections.sky.aws.plugins.plugin_utils._rollout.callback import RolloutCallback


class CallbackModule(RolloutCallback):
    """Keeps the rollout, and shows nothing."""

    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "sky.aws.outcome"
