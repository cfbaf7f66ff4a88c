# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What SkyPilot may do, as data: one file for each field of features. PRIVATE to the collection.

"The page" is SkyPilot's documentation page "AWS: Minimal Permissions" (docs: cloud-setup/cloud-permissions/aws). Paths
with line numbers are in the package ``sky`` of the release in _skypilot/release.py. To add a feature is to add an entry in
one of the files.
"""

from __future__ import annotations

import types
import typing as t

from . import instances, launch, page, role, storage

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ..feature import Feature


#: The catalogue by name, in the order of the documentation.
FEATURES: Mapping[str, Feature] = types.MappingProxyType(
    {feature.name: feature for field in (page, launch, role, storage, instances) for feature in field.CATALOGUE}
)
