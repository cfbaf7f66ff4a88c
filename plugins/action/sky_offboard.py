# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""sky_offboard inside the Ansible worker."""

from __future__ import annotations

from ansible_collections.sky.aws.plugins.module_utils._resources.offboard import RESOURCE
from ansible_collections.sky.aws.plugins.plugin_utils._action import InWorkerAction


class ActionModule(InWorkerAction):
    """Run the offboard resource in the worker."""

    resource = RESOURCE
