# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users whose access key is delivered, by the place of delivery."""

from __future__ import annotations

import pytest

from ansible_collections.sky.aws.tests.unit.key_scene import Scene


@pytest.fixture(params=["file", "secret"])
def alice(request, emulator, tmp_path):
    return Scene(emulator, tmp_path, request.param)


@pytest.fixture
def filed(emulator, tmp_path):
    return Scene(emulator, tmp_path, "file")


@pytest.fixture
def secreted(emulator, tmp_path):
    return Scene(emulator, tmp_path, "secret")
