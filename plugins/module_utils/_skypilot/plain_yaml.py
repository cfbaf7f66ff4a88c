# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that SkyPilot writes into YAML without quotes: templates/aws-ray.yml.j2. PRIVATE to the collection."""

from __future__ import annotations

try:
    import yaml
except ImportError:
    HAS_YAML = False
else:
    HAS_YAML = True


def is_plain_vpc_name(name: str) -> bool:
    """Whether SkyPilot reads back the name of a VPC that it wrote (line 42). As null it would be the default VPC."""
    return _is_plain("vpc_name", name)


def is_plain_group_name(name: str) -> bool:
    """Whether SkyPilot reads back the name of a security group that it wrote (line 38)."""
    return _is_plain("GroupName", name)


def _is_plain(key: str, text: str) -> bool:
    """Whether ``key: text`` is read back as that text. A Python without PyYAML takes it for granted."""
    if not HAS_YAML:
        return True
    try:
        return bool(yaml.safe_load(f"{key}: {text}") == {key: text})
    except (yaml.YAMLError, ValueError):
        return False
