# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What SkyPilot asks AWS for, by feature, without what changes from run to run: recorded_requests.json.

To record it anew, after a change of SkyPilot's version or of a use, with the collection's paths in the environment:

    python -m ansible_collections.sky.aws.tests.skypilot.recorded
"""

from __future__ import annotations

import fnmatch
import json
import pathlib
import re
import tempfile
import typing as t

from ansible_collections.sky.aws.tests.emulator.server import Emulator
from ansible_collections.sky.aws.tests.skypilot.accounts import Account, Check, onboard
from ansible_collections.sky.aws.tests.skypilot.skypilot import SkyPilot
from ansible_collections.sky.aws.tests.skypilot.uses import MAKING_THE_ROLE, NODE_USES, USES

FILE = pathlib.Path(__file__).with_name("recorded_requests.json")
#: Context that every request has, or that tells about the caller and the tests and not about the request; and EC2's own
#: name of aws:ResourceTag.
NOISE = (
    "aws:RequestedRegion",
    "aws:Principal*",
    "aws:ResourceAccount",
    "aws:username",
    "aws:userid",
    "ec2:ResourceTag/*",
)
#: Of the tags that a resource has, those by which a policy could tell SkyPilot's things from others.
TAGS = ("skypilot", "ray-cluster-name")
#: What changes from use to use, network to network and user to user.
CHANGING = {
    "aws:RequestTag/skypilot-user": "<user>",
    "ec2:AssociatePublicIpAddress": "<public_ip>",
    "ec2:InstanceType": "<instance_type>",
}
#: The keys whose value is the name of the cluster that a request is about.
CLUSTER = ("aws:RequestTag/ray-cluster-name", "aws:ResourceTag/ray-cluster-name")
_TAG = re.compile(r".*[rR]esourceTag/(.+)")
_REPLACED = (
    (re.compile(r"\b\d{12}\b"), "<account_id>"),
    (re.compile(r"\b(us-east-1|us-west-2)\b"), "<region>"),
    (re.compile(r"/(ami|i|sg|snap|subnet|vol|vpc|eni)-[0-9a-f]+"), r"/\1-*"),
)

Request = dict[str, t.Any]


def requests(checks: list[Check]) -> list[Request]:
    """The different requests of the checks: action, resource and context, sorted."""
    found = {json.dumps(_request(check), sort_keys=True) for check in checks}
    return [json.loads(text) for text in sorted(found)]


def load() -> dict[str, list[Request]]:
    """The recorded requests by feature; ``node: <feature>`` are those of an instance with its role."""
    return t.cast("dict[str, list[Request]]", json.loads(FILE.read_text()))


def _request(check: Check) -> Request:
    cluster = next((check["context"][key] for key in CLUSTER if key in check["context"]), None)
    context = {
        key: CHANGING.get(key) or _general(value, cluster) for key, value in check["context"].items() if _matters(key)
    }
    return {"action": check["action"], "resource": _general(check["resource"], None), "context": context}


def _matters(key: str) -> bool:
    if any(fnmatch.fnmatchcase(key, noise) for noise in NOISE):
        return False
    tag = _TAG.fullmatch(key)
    return tag is None or tag[1] in TAGS


def _general(value: t.Any, cluster: str | None) -> t.Any:
    """The value with placeholders; of several values, as aws:TagKeys has, each once."""
    if not isinstance(value, str):
        return sorted({_general(item, cluster) for item in value})
    if cluster:
        value = value.replace(cluster, "<cluster>")
    for pattern, name in _REPLACED:
        value = pattern.sub(name, value)
    return value


def record(accounts: dict[str, Account]) -> dict[str, list[Request]]:
    """Play every use once, in accounts named like those of ``main``; raises RuntimeError if a step fails."""
    recorded = {}
    for name, use in ALL.items():
        account = accounts[name]
        for report in use.play(account):
            if not report.ok:
                raise RuntimeError(f"{name}:\n{report}")
        session = ":assumed-role/" if use.node_steps else ""
        recorded[name] = requests([check for check in account.checks() if session in check["principal"]])
    return recorded


ALL = {**{str(use): use for use in (*USES, MAKING_THE_ROLE)}, **{f"node: {use}": use for use in NODE_USES}}


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as name,
        Emulator(enforce=True) as aws,
        SkyPilot(aws.url, pathlib.Path(name)) as sky,
    ):
        accounts = onboard(aws, sky, pathlib.Path(name), {name: use.account() for name, use in ALL.items()})
        FILE.write_text(json.dumps(record(accounts), indent=1) + "\n")


if __name__ == "__main__":
    main()
