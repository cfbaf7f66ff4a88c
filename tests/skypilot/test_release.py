# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection knows of SkyPilot is what the installed SkyPilot says of itself. No AWS is asked."""

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

WORKSPACES = ("a", "a-b_c9", "a-", "a_", "A", "1a", "aws-111111111111", "a" * 63, "a" * 64, "a b")
LABELS = (
    {"team": "x"},
    {"aws:x": "y"},
    {"a b": "y"},
    {"a": "x y"},
    {"a" * 128: "y"},
    {"a": "x" * 255},
    {"a": "x" * 256},
)

ASK = """
import json, pathlib, re, sys
import sky
from sky import clouds, skypilot_config
from sky.catalog.data_fetchers import fetch_aws
from sky.logs import aws as logs
from sky.provision import constants as provision
from sky.provision.aws import config
from sky.skylet import constants
from sky.utils import schemas
workspaces, labels = json.loads(sys.argv[1])
store = logs._CloudwatchLoggingConfig()
keys = schemas.get_config_schema()["properties"]
def valid(name):
    return len(name) <= constants.WORKSPACE_NAME_MAX_LENGTH and re.fullmatch(constants.WORKSPACE_NAME_VALID_REGEX, name)
print(json.dumps({
    "folder": str(pathlib.Path(sky.__file__).parent),
    "version": sky.__version__,
    "regions": fetch_aws.ALL_REGIONS,
    "role": config.DEFAULT_SKYPILOT_IAM_ROLE,
    "profile": config.DEFAULT_SKYPILOT_INSTANCE_PROFILE,
    "group_tag": config.SKYPILOT,
    "cluster_tags": [provision.TAG_RAY_CLUSTER_NAME, provision.TAG_SKYPILOT_CLUSTER_NAME],
    "logs": [store.log_group_name, store.log_stream_prefix],
    "config_file": skypilot_config._GLOBAL_CONFIG_PATH,
    "keys": list(keys),
    "aws": list(keys["aws"]["properties"]),
    "workspace": list(keys["workspaces"]["additionalProperties"]["properties"]["aws"]["properties"]),
    "remote_identities": [option.value for option in schemas.RemoteIdentityOptions],
    "valid_workspaces": [name for name in workspaces if valid(name)],
    "valid_labels": [label for label in labels if all(clouds.AWS.is_label_valid(*pair)[0] for pair in label.items())],
}))
"""
#: A path and line numbers: provision/aws/config.py:104-136,692-725.
CITED = re.compile(r"([\w/.-]+\.(?:py|j2)):(\d+(?:[-,]\d+)*)")
#: What is not read in SkyPilot is read in AWS's documentation.
GUIDES = ("Service Authorization Reference, ", "Systems Manager User Guide, ")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, t.Any]:
    """What SkyPilot's own code says, in a home of its own."""
    home = tmp_path_factory.mktemp("home")
    environment = {"HOME": str(home), "SKYPILOT_DISABLE_USAGE_COLLECTION": "1", "PATH": str(BIN)}
    command = [str(BIN / "python"), "-c", ASK, json.dumps([WORKSPACES, LABELS])]
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
    assert installed["logs"] == [names.LOG_GROUP, names.LOG_STREAM_PREFIX]


def test_the_configuration(installed: dict[str, t.Any]) -> None:
    assert installed["config_file"] == configuration.FILE
    assert {configuration.AWS, configuration.WORKSPACES, configuration.ACTIVE_WORKSPACE} <= set(installed["keys"])
    assert set(configuration.AWS_KEYS) <= set(installed["aws"])
    assert {configuration.PROFILE, configuration.REMOTE_IDENTITY} <= set(installed["workspace"])
    assert installed["remote_identities"] == list(configuration.REMOTE_IDENTITIES)


def test_what_the_configuration_takes(installed: dict[str, t.Any]) -> None:
    assert installed["valid_workspaces"] == [name for name in WORKSPACES if not configuration.workspace_faults(name)]
    assert installed["valid_labels"] == [label for label in LABELS if not configuration.label_faults(label)]


def test_every_line_that_is_cited_exists(installed: dict[str, t.Any]) -> None:
    rows = [row for need in NEEDS.values() for row in (*need.both, *need.user, *need.role)]
    sources = {*(row.source for row in rows if row.source), *(feature.source for feature in FEATURES.values())}
    cited = [match for source in sources for match in CITED.findall(source)]
    assert len(cited) > 30
    for path, lines in cited:
        text = (pathlib.Path(installed["folder"]) / path).read_text()
        assert max(map(int, re.findall(r"\d+", lines))) <= len(text.splitlines()), f"{path}:{lines}"


def test_every_source_of_a_row_is_a_line_of_skypilot_or_a_page_of_aws() -> None:
    sources = {row.source for need in NEEDS.values() for row in (*need.both, *need.user, *need.role) if row.source}
    assert [source for source in sources if not CITED.fullmatch(source) and not source.startswith(GUIDES)] == []
