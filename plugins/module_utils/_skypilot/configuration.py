# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SkyPilot's own configuration, as far as it follows from the network. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .._plan import Params


def sky_config(params: Params) -> dict[str, t.Any]:
    """The part of ``~/.sky/config.yaml`` that makes SkyPilot use this network: ``{"aws": {...}}``.

    Without an ``ssh_proxy_command``, ``use_internal_ips`` makes SkyPilot reach machines through Session Manager, with a
    warning at each launch (sky/backends/backend_utils.py:973-983). ``use_ssm`` says it openly and ends the warning.
    """
    aws: dict[str, t.Any] = {}
    if params["vpc_names"]:
        aws["vpc_names"] = list(params["vpc_names"])
    if params["subnet_names"]:
        aws["subnet_names"] = list(params["subnet_names"])
    if params["use_internal_ips"]:
        aws |= {"use_internal_ips": True, "use_ssm": True}
    return {"aws": aws}
