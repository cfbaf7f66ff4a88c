# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be refused without a call: names, ids, regions. PRIVATE to the collection.

Every function is pure and returns one line for each fault, which names the option and the accepted form.
Lengths and characters are those of the IAM API reference (CreateUser, CreateRole, CreatePolicy).
"""

from __future__ import annotations

import difflib
import posixpath
import re
import typing as t

from . import _models

if t.TYPE_CHECKING:
    from collections.abc import Iterable

_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_IAM_NAME = re.compile(r"[A-Za-z0-9+=,.@_-]+")
_IAM_PATH = re.compile(r"/|/[\x21-\x7e]{1,510}/")
_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):(?P<service>[a-z0-9-]+):(?P<region>[a-z0-9-]*):(?P<account>\d{12}|aws|):(?P<resource>.+)"
)

#: Longest names, by noun.
MAX_NAME = {"user": 64, "role": 64, "policy": 128}


def account_id_fault(value: object, label: str = "account_id") -> str | None:
    """Why a value is no account id, or None. A number is refused: YAML reads leading zeros as octal."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return f"{label}: {value!r} is not an AWS account id; give a string of 12 digits in quotes"
    if isinstance(value, int):
        return (
            f"{label}: {value} is a number; put the 12 digits in quotes, since YAML drops or reinterprets leading zeros"
        )
    if not value:
        return f"{label}: it is missing; give the account's id, a string of 12 digits in quotes"
    if not _ACCOUNT_ID.fullmatch(value):
        return f"{label}: {value!r} is not an AWS account id; give a string of 12 digits without hyphens, in quotes"
    return None


def name_faults(noun: str, name: str | None, label: str = "name") -> list[str]:
    """Faults of an IAM name, which may be missing; ``noun`` is user, role or policy."""
    longest = MAX_NAME[noun]
    if name is None:
        return [f"{label}: it is missing; give the name of the {noun}"]
    if 1 <= len(name) <= longest and _IAM_NAME.fullmatch(name):
        return []
    return [f"{label}: {name!r} is not a valid {noun} name; use 1 to {longest} of letters, digits and + = , . @ _ -"]


def path_faults(path: str, label: str = "path") -> list[str]:
    """Faults of an IAM path."""
    if _IAM_PATH.fullmatch(path) and "//" not in path and "*" not in path:
        return []
    return [
        f"{label}: {path!r} is not an IAM path; it begins and ends with / and has at most 512 characters, like /teams/ml/"
    ]


def parse_arn(arn: str) -> dict[str, str] | None:
    """The parts of an ARN: partition, service, region, account, resource; None for other text."""
    match = _ARN.fullmatch(arn)
    return match.groupdict() if match else None


def policy_ref_faults(ref: object, label: str) -> list[str]:
    """Faults of a reference to a managed policy: its ARN, its name, or its path and name."""
    accepted = "give the policy's name, its path and name (/team/name), or its ARN (arn:aws:iam::...:policy/name)"
    if not isinstance(ref, str) or not ref:
        return [f"{label}: {ref!r} is not a policy; {accepted}"]
    if ref.startswith("arn:"):
        arn = parse_arn(ref)
        if arn and arn["service"] == "iam" and arn["resource"].startswith("policy/") and arn["account"]:
            return []
        return [f"{label}: {ref!r} is not the ARN of a managed policy; {accepted}"]
    folder, name = posixpath.split(ref)
    path = folder if folder.endswith("/") else f"{folder}/"
    if path_faults(path) or name_faults("policy", name):
        return [f"{label}: {ref!r} is not a policy; {accepted}"]
    return []


def policy_refs_faults(refs: Iterable[object], label: str) -> list[str]:
    """Faults of a list of references to managed policies."""
    return [fault for index, ref in enumerate(refs) for fault in policy_ref_faults(ref, f"{label}[{index}]")]


def region_faults(label: str, name: str) -> list[str]:
    """Faults of a region's name, by the regions that botocore knows."""
    known = sorted(set().union(*_models.partitions().values()))
    if name in known or not known:  # without botocore none is known, and its absence is the fault to tell
        return []
    return [f"{label}: {name!r} is not a region that botocore knows; {nearest(name, known)}use a name like us-east-1"]


def nearest(name: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """``did you mean X? `` where a known name is near, else nothing; ``likeness`` is difflib's ratio, 0 to 1."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=likeness)
    return f"did you mean {near[0]}? " if near else ""
