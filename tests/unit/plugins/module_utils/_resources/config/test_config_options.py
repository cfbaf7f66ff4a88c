# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the configuration that are refused without a look at any file, and those that are not."""

from __future__ import annotations

import pytest

from ansible_collections.sky.aws.plugins.module_utils._resources.config import RESOURCE as config
from ansible_collections.sky.aws.tests.unit.sandbox import params

FAULTY = [
    ({"user": "a b"}, "user: 'a b' is not a valid user name"),
    ({"user": ""}, "user: '' is not a valid user name"),
    ({"workspace": "111111111111"}, "workspace: '111111111111' is no name of a workspace"),
    ({"workspace": "A"}, "workspace: 'A'"),
    ({"workspace": "a-"}, "workspace: 'a-'"),
    ({"workspace": "a" * 64}, "workspace: "),
    ({"config_file": "config.yaml"}, "config_file: 'config.yaml' is not the path of a file"),
    ({"aws_config_file": "/x/"}, "aws_config_file: '/x/' is not the path of a file"),
    ({"config_file": "/x", "aws_config_file": "/x"}, "config_file and aws_config_file: they are one file"),
    ({"skypilot_python": "python3"}, "skypilot_python: 'python3' is not the path of a file"),
    ({"region": None}, "region: give it, or set AWS_REGION"),
    ({"vpc_names": ["a*"]}, "vpc_names[0]: 'a*' is a pattern to EC2"),
    ({"subnet_names": ["x", "x"]}, "subnet_names: 'x' is there twice"),
    ({"use_ssm": True, "ssh_proxy_command": "x"}, "use_ssm and ssh_proxy_command"),
    ({"ssh_proxy_command": 3}, "ssh_proxy_command: give a command, or a dictionary of regions"),
    ({"ssh_proxy_command": {"mars-1": None}}, "ssh_proxy_command: 'mars-1' is not a region"),
    ({"ssh_proxy_command": {"us-east-1": 3}}, "ssh_proxy_command: give a command"),
    ({"security_group_name": ["a"]}, "security_group_name: "),
    ({"security_group_name": [{"a": "b", "c": "d"}]}, "security_group_name: "),
    ({"security_group_name": [{"a": ""}]}, "security_group_name: "),
    ({"remote_identity": {"a": "b"}}, "remote_identity: "),
    ({"remote_identity": [{"a": 1}]}, "remote_identity: "),
    ({"labels": {"aws:x": "y"}}, "labels: 'aws:x' must have 1 to 127 characters"),
    ({"labels": {"a b": "y"}}, "labels: 'a b' must have"),
    ({"labels": {"a": "x y"}}, "labels: the value of 'a'"),
    ({"labels": {"a": None}}, "labels: the value of 'a'"),
    ({"labels": {"a": "x" * 256}}, "labels: the value of 'a'"),
]
GOOD = [
    {},
    {"user": "alice+x=,.@_-y", "workspace": "default"},
    {"state": "absent", "region": None},
    {"skypilot_python": ""},
    {"skypilot_python": "/opt/sky/bin/python"},
    {"config_file": "~/x", "aws_config_file": "~/y"},
    {"remote_identity": "", "security_group_name": ""},
    {"remote_identity": [{"train-*": "NO_UPLOAD"}, {"*": "SERVICE_ACCOUNT"}]},
    {"ssh_proxy_command": {"us-east-1": "ssh jump", "us-west-2": None}},
    {"use_ssm": False, "ssh_proxy_command": "x"},
    {"labels": {"a": 3, "b": True, "c": ""}},
]


def faults(**options):
    return config.validate({**params(config, user="alice"), **params(config, **{"user": "alice", **options})})


@pytest.mark.parametrize(("options", "words"), FAULTY)
def test_what_is_refused(options, words):
    found = faults(**options)
    assert len(found) == 1
    assert found[0].startswith(words)
    assert "\n" not in found[0]


@pytest.mark.parametrize("options", GOOD)
def test_what_is_not(options):
    assert faults(**options) == []


def test_all_faults_come_at_once():
    assert len(faults(user="a b", workspace="A", labels={"a b": None})) == 4
