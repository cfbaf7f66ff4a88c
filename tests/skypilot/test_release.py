# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection knows of SkyPilot is what the installed SkyPilot says of itself."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import typing as t

import pytest

from ansible_collections.sky.aws.plugins.module_utils._features.catalogue import FEATURES
from ansible_collections.sky.aws.plugins.module_utils._skypilot import configuration, names
from ansible_collections.sky.aws.plugins.module_utils._skypilot.release import REGIONS, RELEASE
from ansible_collections.sky.aws.plugins.module_utils._skypilot.requests import NEEDS
from ansible_collections.sky.aws.tests.skypilot.skypilot import BIN

ASK = """
import json, pathlib, sky
from sky import skypilot_config
from sky.catalog.data_fetchers import fetch_aws
from sky.logs import aws as logs
from sky.provision import constants as provision
from sky.provision.aws import config
from sky.skylet import constants
from sky.utils import schemas
store = logs._CloudwatchLoggingConfig()
print(json.dumps({
    "folder": str(pathlib.Path(sky.__file__).parent),
    "version": sky.__version__,
    "regions": fetch_aws.ALL_REGIONS,
    "role": config.DEFAULT_SKYPILOT_IAM_ROLE,
    "profile": config.DEFAULT_SKYPILOT_INSTANCE_PROFILE,
    "group_tag": config.SKYPILOT,
    "cluster_tags": [provision.TAG_RAY_CLUSTER_NAME, provision.TAG_SKYPILOT_CLUSTER_NAME],
    "log_group": store.log_group_name,
    "log_stream_prefix": store.log_stream_prefix,
}))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, t.Any]:
    """What SkyPilot's own code says, in a home of its own."""
    home = tmp_path_factory.mktemp("home")
    environment = {"HOME": str(home), "SKYPILOT_DISABLE_USAGE_COLLECTION": "1", "PATH": str(BIN)}
    command = [str(BIN / "python"), "-c", ASK]
    done = subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, check=True)
    return t.cast("dict[str, t.Any]", json.loads(done.stdout))


def test_the_release(installed: dict[str, t.Any]) -> None:
    requirements = pathlib.Path(__file__).with_name("requirements.txt").read_text()
    assert re.findall(r"^skypilot\[aws\]==(.+)$", requirements, re.MULTILINE) == [RELEASE]
    assert installed["version"] == RELEASE


def test_the_regions(installed: dict[str, t.Any]) -> None:
    assert installed["regions"] == list(REGIONS)


def test_the_names(installed: dict[str, t.Any]) -> None:
    assert installed["role"] == installed["profile"] == names.INSTANCE_ROLE
    assert installed["group_tag"] == names.GROUP_TAG
    assert installed["cluster_tags"] == [names.CLUSTER_TAG, names.CLUSTER_NAME_TAG]
    assert (installed["log_group"], installed["log_stream_prefix"]) == (names.LOG_GROUP, names.LOG_STREAM_PREFIX)
