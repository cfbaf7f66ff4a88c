# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of an instance, and what can be refused without a call. PRIVATE to the collection.

Sizes and ranges are those of the EC2 API reference (EbsBlockDevice, RunInstances) and of the EBS user guide (volume
types: IOPS for each GiB, throughput for each IOPS).
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ... import _tags
from ..._skypilot.names import INSTANCE_ROLE

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._plan import Params


#: Options of a root volume. HDD types cannot boot (EBS user guide), so they are no choice.
_VOLUME: dict[str, t.Any] = {
    "size": {"type": "int"},
    "type": {"type": "str", "choices": ["gp3", "gp2", "io2", "io1", "standard"], "default": "gp3"},
    "iops": {"type": "int"},
    "throughput": {"type": "int"},
    "encrypted": {"type": "bool", "default": True},
    "kms_key_id": {"type": "str", "no_log": False},
    "delete_on_termination": {"type": "bool", "default": True},
}
#: No option for tags in the metadata: EC2 refuses them for an instance with a / in a tag's key, and ours has one.
_METADATA: dict[str, t.Any] = {
    "http_tokens": {"type": "str", "choices": ["required", "optional"], "default": "required", "no_log": False},
    "http_endpoint": {"type": "str", "choices": ["enabled", "disabled"], "default": "enabled"},
    "http_put_response_hop_limit": {"type": "int"},
}

ARGUMENT_SPEC: dict[str, t.Any] = {
    "name": {"type": "str"},
    "options": {"type": "dict"},
    "state": {"type": "str", "choices": ["running", "stopped", "absent"], "default": "running"},
    "instance_type": {"type": "str", "default": "t3.micro"},
    "image_id": {"type": "str"},
    "image_parameter": {"type": "str"},
    "vpc_name": {"type": "str"},
    "subnet_ids": {"type": "list", "elements": "str", "default": []},
    "networks": {"type": "list", "elements": "dict", "default": []},
    "instance_profile": {"type": "str", "default": INSTANCE_ROLE},
    "security_groups": {"type": "list", "elements": "str", "default": []},
    "key_name": {"type": "str", "no_log": False},
    "volume": {"type": "dict", "apply_defaults": True, "options": _VOLUME},
    "user_data": {"type": "str", "no_log": True},
    "spot": {"type": "bool", "default": False},
    "metadata_options": {"type": "dict", "apply_defaults": True, "options": _METADATA},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 600},
    **_tags.TAG_ARGUMENTS,
}

#: What EC2 calls the metadata options.
METADATA_KEYS = {
    "http_tokens": "HttpTokens",
    "http_endpoint": "HttpEndpoint",
    "http_put_response_hop_limit": "HttpPutResponseHopLimit",
}

IMAGE_ID = re.compile(r"ami-([0-9a-f]{8}|[0-9a-f]{17})")
GROUP_ID = re.compile(r"sg-([0-9a-f]{8}|[0-9a-f]{17})")
_SUBNET_ID = re.compile(r"subnet-([0-9a-f]{8}|[0-9a-f]{17})")
_INSTANCE_TYPE = re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9-]+")
_PROFILE = re.compile(r"[A-Za-z0-9+=,.@_-]{1,128}")
#: A name, with a version or a label (SSM GetParameter), or the ARN of a parameter that is shared with the account.
_PARAMETER = re.compile(r"(arn:aws[a-z-]*:ssm:[a-z0-9-]+:\d{12}:parameter)?[A-Za-z0-9_./-]{1,1011}(:[A-Za-z0-9_.-]+)?")

#: Longest value of a tag (EC2 user guide, tag restrictions), and longest name of a security group or key pair.
_MAX_TAG_VALUE = 256
_MAX_NAME = 255
_MAX_USER_DATA = 16384
_MAX_WAIT = 43200


@dataclasses.dataclass(frozen=True)
class _Limits:
    """What a volume type takes: GiB, IOPS (None: not to be chosen), IOPS for each GiB."""

    size: tuple[int, int]
    iops: tuple[int, int] | None = None
    iops_per_gib: int = 0


_LIMITS = {
    "gp3": _Limits((1, 65536), (3000, 80000), 500),
    "gp2": _Limits((1, 16384)),
    "io2": _Limits((4, 65536), (100, 256000), 1000),
    "io1": _Limits((4, 16384), (100, 64000), 50),
    "standard": _Limits((1, 1024)),
}
#: gp3 has these without paying for more.
_GP3_IOPS = 3000
_GP3_THROUGHPUT = (125, 2000)
_GP3_IOPS_PER_THROUGHPUT = 4


def validate(params: Params) -> list[str]:
    """Names, ids, the volume, and options that exclude each other; one line a fault."""
    return [
        *_name_faults(params["name"]),
        *_image_faults(params),
        *_network_faults(params),
        *_form_faults(params),
        *_choice_faults(params),
        *_volume_faults(params["volume"]),
        *_tag_faults(params),
    ]


def _name_faults(name: str | None) -> list[str]:
    if name is None:
        return ["name: it is missing; give the Name tag of the instance"]
    if not name.strip() or len(name) > _MAX_TAG_VALUE or not name.isprintable():
        return [f"name: {name[:40]!r} cannot be a Name tag; give 1 to {_MAX_TAG_VALUE} printable characters"]
    if _tags.PATTERN.intersection(name):
        return [f"name: {name!r} is a pattern to EC2 (* ? \\); give a name without these characters"]
    return []


def _image_faults(params: Params) -> list[str]:
    image_id, parameter = params["image_id"], params["image_parameter"]
    faults = []
    if image_id and parameter:
        faults.append("image_id and image_parameter: give one of them")
    if image_id is not None and not IMAGE_ID.fullmatch(image_id):
        faults.append(f"image_id: {image_id!r} is not an image id; give ami- and 8 or 17 hexadecimal digits")
    if parameter is not None and not _PARAMETER.fullmatch(parameter):
        faults.append(
            f"image_parameter: {parameter!r} is not the name of an SSM parameter; give a name like "
            "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64, or an ARN"
        )
    return faults


def _network_faults(params: Params) -> list[str]:
    vpc_name, subnet_ids = params["vpc_name"], params["subnet_ids"]
    faults = []
    if vpc_name is not None and subnet_ids:
        faults.append("vpc_name and subnet_ids: give one of them; a subnet is in one VPC anyway")
    if vpc_name is not None and (
        not 1 <= len(vpc_name.strip()) <= _MAX_TAG_VALUE or _tags.PATTERN.intersection(vpc_name)
    ):
        accepted = f"give 1 to {_MAX_TAG_VALUE} characters without * ? \\"
        faults.append(f"vpc_name: {vpc_name[:40]!r} is not a VPC's Name tag; {accepted}")
    for index, subnet_id in enumerate(subnet_ids):
        if not _SUBNET_ID.fullmatch(subnet_id):
            accepted = "give subnet- and 8 or 17 hexadecimal digits"
            faults.append(f"subnet_ids[{index}]: {subnet_id!r} is not a subnet id; {accepted}")
    faults += [
        f"networks[{index}]: give an item of networks as sky_vpc_lookup returns it"
        for index, item in enumerate(params["networks"])
        if not _is_looked_up(item)
    ]
    return [*faults, *_repeated("subnet_ids", subnet_ids), *_group_faults(params["security_groups"])]


def _is_looked_up(network: t.Mapping[str, t.Any]) -> bool:
    """Whether it has what is read of a network of sky_vpc_lookup."""
    subnets = network.get("subnets")
    if not isinstance(network.get("region"), str) or not isinstance(subnets, list):
        return False
    return all(isinstance(subnet, dict) and isinstance(subnet.get("subnet_id"), str) for subnet in subnets)


def declared_subnets(params: Params, region: str) -> list[str]:
    """Ids of the subnets that the instance may be in, the preferred one first; none where a VPC decides."""
    if params["subnet_ids"] or params["vpc_name"] is not None:
        return list(params["subnet_ids"])
    networks = [network for network in params["networks"] if network["region"] == region]
    return [subnet["subnet_id"] for network in networks for subnet in network["subnets"]]


def _group_faults(groups: Sequence[str]) -> list[str]:
    faults = []
    for index, group in enumerate(groups):
        # EC2 refuses names that begin like an id.
        if group.startswith("sg-") and not GROUP_ID.fullmatch(group):
            accepted = "give sg- and 8 or 17 hexadecimal digits, or the group's name"
            faults.append(f"security_groups[{index}]: {group!r} is not a security group id; {accepted}")
        elif not group.strip() or len(group) > _MAX_NAME:
            faults.append(f"security_groups[{index}]: {group[:40]!r} must have 1 to {_MAX_NAME} characters")
    return faults + _repeated("security_groups", groups)


def _repeated(option: str, values: Sequence[str]) -> list[str]:
    twice = [value for value in dict.fromkeys(values) if values.count(value) > 1]
    return [f"{option}: {value!r} is there twice; name it once" for value in twice]


def _form_faults(params: Params) -> list[str]:
    instance_type, profile, key_name = params["instance_type"], params["instance_profile"], params["key_name"]
    faults = []
    if not _INSTANCE_TYPE.fullmatch(instance_type):
        faults.append(f"instance_type: {instance_type!r} is not an instance type; give one like t3.micro or g6.xlarge")
    if profile and not _PROFILE.fullmatch(profile):
        faults.append(
            f"instance_profile: {profile!r} is not the name of an instance profile; use 1 to 128 of letters, digits "
            "and + = , . @ _ - (a name, not an ARN), or an empty string for none"
        )
    if key_name is not None and not 1 <= len(key_name) <= _MAX_NAME:
        faults.append(f"key_name: {key_name[:40]!r} must have 1 to {_MAX_NAME} characters")
    size = len((params["user_data"] or "").encode())
    if size > _MAX_USER_DATA:
        faults.append(
            f"user_data: it has {size} bytes and EC2 takes {_MAX_USER_DATA}; let a short script fetch the rest"
        )
    return faults


def _choice_faults(params: Params) -> list[str]:
    faults = []
    if params["spot"] and params["state"] == "stopped":
        faults.append("spot and state: a spot instance cannot be stopped; give state running or absent, or spot false")
    hops = params["metadata_options"]["http_put_response_hop_limit"]
    if hops is not None and not 1 <= hops <= 64:
        faults.append(f"metadata_options.http_put_response_hop_limit: {hops} must be 1 to 64")
    if not 1 <= params["wait_timeout"] <= _MAX_WAIT:
        faults.append(f"wait_timeout: {params['wait_timeout']} must be 1 to {_MAX_WAIT} seconds")
    return faults


def _volume_faults(volume: Params) -> list[str]:
    kind, limits = volume["type"], _LIMITS[volume["type"]]
    faults = _range_fault(f"volume.size of type {kind}", volume["size"], limits.size, "GiB")
    if volume["kms_key_id"] and not volume["encrypted"]:
        faults.append("volume.kms_key_id: it needs volume.encrypted true")
    return [*faults, *_iops_faults(volume, limits), *_throughput_faults(volume)]


def _range_fault(what: str, value: int | None, limits: tuple[int, int], unit: str) -> list[str]:
    if value is None or limits[0] <= value <= limits[1]:
        return []
    return [f"{what}: {value} must be {limits[0]} to {limits[1]} {unit}"]


def _iops_faults(volume: Params, limits: _Limits) -> list[str]:
    kind, iops, size = volume["type"], volume["iops"], volume["size"]
    if limits.iops is None:
        return [] if iops is None else [f"volume.iops: type {kind} takes none; give type gp3, io1 or io2"]
    if iops is None:
        return [] if kind == "gp3" else [f"volume.iops: type {kind} needs it; give {limits.iops[0]} or more"]
    faults = _range_fault(f"volume.iops of type {kind}", iops, limits.iops, "IOPS")
    if size is not None and iops > max(size * limits.iops_per_gib, limits.iops[0]):
        most = max(size * limits.iops_per_gib, limits.iops[0])
        faults.append(f"volume.iops: {iops} is more than the {most} that {size} GiB of type {kind} can have")
    return faults


def _throughput_faults(volume: Params) -> list[str]:
    throughput = volume["throughput"]
    if throughput is None:
        return []
    if volume["type"] != "gp3":
        return [f"volume.throughput: type {volume['type']} takes none; give type gp3"]
    faults = _range_fault("volume.throughput", throughput, _GP3_THROUGHPUT, "MiB/s")
    iops = volume["iops"] or _GP3_IOPS
    if throughput * _GP3_IOPS_PER_THROUGHPUT > iops:
        needed = throughput * _GP3_IOPS_PER_THROUGHPUT
        faults.append(f"volume.throughput: {throughput} MiB/s needs volume.iops {needed} or more, it is {iops}")
    return faults


def _tag_faults(params: Params) -> list[str]:
    faults = _tags.faults(params)
    if _tags.declared(params).get("Name", params["name"]) != params["name"]:
        faults.append("tags: Name is set by the option name; leave it out")
    return faults
