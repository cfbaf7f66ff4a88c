# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance as results show it, and where it differs from what is declared. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from ... import _tags
from ..._facts import timestamp
from ..._plan import drift
from .options import METADATA_KEYS, declared_subnets

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ..._plan import Params

    #: An instance as EC2 describes it; what is not known before the call is left out.
    Instance = Mapping[str, t.Any]

_METADATA_SHOWN = {**METADATA_KEYS, "instance_metadata_tags": "InstanceMetadataTags"}
#: What a diff shows: what is declared, and nothing that EC2 decides.
_DECLARED = (
    "name", "state", "instance_type", "image_id", "subnet_id", "iam_instance_profile", "security_groups", "key_name",
    "spot", "metadata_options", "tags",
)  # fmt: skip


def tags_of(instance: Instance) -> dict[str, str]:
    """Its tags as ``{key: value}``."""
    return _tags.from_aws(instance.get("Tags"))


def state_of(instance: Instance) -> str:
    """pending, running, stopping, stopped, shutting-down or terminated."""
    return str(instance["State"]["Name"])


def is_live(instance: Instance) -> bool:
    """Whether it is there or may come back; one that shuts down does neither."""
    return state_of(instance) not in ("shutting-down", "terminated")


def is_spot(instance: Instance) -> bool:
    """Whether it is a spot instance; EC2 names no lifecycle for an ordinary one."""
    return bool(instance.get("InstanceLifecycle") == "spot")


def facts(instance: Instance) -> dict[str, t.Any]:
    """The noun of the result; the same keys for an instance that is there and for one that is only planned."""
    return {
        "instance_id": instance.get("InstanceId"),
        "name": tags_of(instance).get("Name", ""),
        "state": state_of(instance),
        "instance_type": instance["InstanceType"],
        "image_id": instance["ImageId"],
        "vpc_id": instance.get("VpcId"),
        "subnet_id": instance.get("SubnetId"),
        "availability_zone": instance.get("Placement", {}).get("AvailabilityZone"),
        "private_ip_address": instance.get("PrivateIpAddress"),
        "public_ip_address": instance.get("PublicIpAddress"),
        "iam_instance_profile": instance.get("IamInstanceProfile", {}).get("Arn"),
        "security_groups": _groups(instance),
        "key_name": instance.get("KeyName"),
        "launch_time": timestamp(instance.get("LaunchTime")),
        "metadata_options": _metadata(instance),
        "spot": is_spot(instance),
        "tags": _tags.visible(tags_of(instance)),
        "client_token": instance.get("ClientToken"),
    }


def _groups(instance: Instance) -> list[dict[str, t.Any]] | None:
    groups = instance.get("SecurityGroups")
    if groups is None:
        return None
    return [{"group_id": group["GroupId"], "group_name": group.get("GroupName")} for group in groups]


def _metadata(instance: Instance) -> dict[str, t.Any]:
    options = instance.get("MetadataOptions", {})
    return {key: options.get(aws) for key, aws in _METADATA_SHOWN.items()}


def shown(facts: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What a diff shows of these facts."""
    return {"instance": {key: facts[key] for key in _DECLARED}}


def differences(instance: Instance, params: Params, region: str, image_id: str | None) -> list[dict[str, t.Any]]:
    """What is declared and cannot be changed without another instance, or is left to its owner to change.

    :param region: where the instance is.
    :param image_id: the declared image, or None where none is declared.
    """
    found = [
        _difference("instance_type", params["instance_type"], instance["InstanceType"]),
        _difference("instance_profile", params["instance_profile"], _profile_name(instance)),
        _difference("spot", params["spot"], is_spot(instance)),
        _group_difference(instance, params["security_groups"]),
    ]
    if image_id is not None:
        found.append(_difference("image_id", image_id, instance["ImageId"]))
    if params["key_name"] is not None:
        found.append(_difference("key_name", params["key_name"], instance.get("KeyName")))
    subnets = declared_subnets(params, region)
    if subnets and instance.get("SubnetId") not in subnets:
        found.append(drift("subnet_ids", subnets, instance.get("SubnetId")))
    return [difference for difference in found if difference]


def _difference(aspect: str, declared: t.Any, found: t.Any) -> dict[str, t.Any] | None:
    return None if declared == found else drift(aspect, declared, found)


def _profile_name(instance: Instance) -> str:
    """The name in the profile's ARN; empty without a profile, as the option has it."""
    return str(instance.get("IamInstanceProfile", {}).get("Arn", "")).rpartition("/")[2]


def _group_difference(instance: Instance, declared: list[str]) -> dict[str, t.Any] | None:
    """Groups are declared by name or id, in any order."""
    groups = [{group["GroupId"], group.get("GroupName")} for group in instance.get("SecurityGroups", [])]
    wanted = set(declared)
    if not declared or (all(group & wanted for group in groups) and wanted <= set().union(*groups)):
        return None
    found = [group["group_name"] or group["group_id"] for group in _groups(instance) or []]
    return drift("security_groups", declared, found)
