# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""sky_config as a module and in the worker: one answer, the same files, and never a call."""

from __future__ import annotations

import json

import pytest

from ansible_collections.sky.aws.tests.unit.entry_points import as_action, as_module
from ansible_collections.sky.aws.tests.unit.sandbox import MANAGEMENT

TABLE = {
    "plain": {"user": "alice"},
    "all": {
        "user": "alice",
        "workspace": "default",
        "remote_identity": [{"*": "NO_UPLOAD"}],
        "vpc_names": "lab,lob",
        "use_internal_ips": "yes",
        "ssh_proxy_command": {"us-east-1": None},
        "security_group_name": [{"*": "sg"}],
        "labels": {"a": 1},
    },
    "absent": {"user": "alice", "state": "absent"},
    "refused": {"user": "a b", "workspace": "1", "account_id": 111122223333},
    "broken file": {"user": "alice", "broken": True},
}


@pytest.mark.parametrize("check_mode", [True, False], ids=["check", "real"])
@pytest.mark.parametrize("case", TABLE)
def test_both_ways_are_one(sandbox, tmp_path, case, check_mode):
    answers, contents = [], []
    for way in (as_module, as_action):
        folder = tmp_path / way.__name__
        folder.mkdir()
        args = dict(TABLE[case])
        if args.pop("broken", False):
            (folder / "config.yaml").write_text("[")
        files = {"config_file": f"{folder}/config.yaml", "aws_config_file": f"{folder}/config"}
        given = {**sandbox.reach, **files, "skypilot_python": "", **args}
        result = way("sky_config", given, check_mode=check_mode)
        assert MANAGEMENT["secret_key"] not in json.dumps(result)
        kept = {key: value for key, value in result.items() if key not in ("invocation", "exception")}
        told = json.loads(json.dumps(kept).replace(str(folder), "FOLDER"))
        answers.append({"failed": False, "changed": False, **told})
        contents.append({path.name: path.read_text() for path in folder.iterdir() if not path.name.endswith(".lock")})
    assert answers[0] == answers[1]
    assert answers[0]["steps"] == []
    assert contents[0] == contents[1]
    if check_mode or answers[0]["failed"]:
        assert set(contents[0]) <= {"config.yaml"}
    else:
        assert answers[0]["changed"] is bool(contents[0])
    assert sandbox.emulator.calls() == []


@pytest.mark.parametrize("way", [as_module, as_action])
def test_unreachable_accounts_and_missing_credentials_do_not_matter(tmp_path, way, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    given = {
        "account_id": "111111111111",
        "region": "us-east-1",
        "user": "alice",
        "endpoint_url": "http://127.0.0.1:1",
        "assume_role": "nobody",
        "skypilot_python": "",
    }
    result = way("sky_config", given)
    assert not result.get("failed"), result
    assert result["config"]["config_file"] == f"{tmp_path}/.sky/config.yaml"
    assert (tmp_path / ".sky" / "config.yaml").is_file()
    assert (tmp_path / ".aws" / "config").is_file()
