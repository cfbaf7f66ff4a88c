# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of botocore's models are loaded before the fork, and what of them. PRIVATE to the collection.

A client has a method for each operation of its service's model. EC2 has 830 operations and IAM 181: most of what a client
costs. So the loader that all sessions share keeps what is called, without documentation. It only saves time and memory: what
it cannot do as expected is done by botocore's own loader, which raises what botocore raises.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import json
import os
import pathlib
import typing as t

from . import _botocore
from ._botocore import botocore

if t.TYPE_CHECKING:
    from collections.abc import Collection, Mapping

#: The models of the services whose clients every onboarding needs.
PRELOADED = {
    "sts": ("service-2", "endpoint-rule-set-1"),
    "iam": ("service-2", "endpoint-rule-set-1", "paginators-1", "waiters-2"),
    "ec2": ("service-2", "endpoint-rule-set-1", "paginators-1", "waiters-2"),
}
_DATA = ("endpoints", "partitions", "sdk-default-configuration", "_retry")

#: Every operation of EC2 and IAM that the collection calls, by service as botocore names it. Where the code composes a name
#: of a verb and a noun, all that can come of it are here, called or not.
OPERATIONS = {
    "ec2": frozenset(
        {
            "AuthorizeSecurityGroupEgress",
            "AuthorizeSecurityGroupIngress",
            "CreateSecurityGroup",
            "CreateTags",
            "DeleteSecurityGroup",
            "DeleteTags",
            "DescribeImages",
            "DescribeInstances",
            "DescribeNetworkInterfaces",
            "DescribeRegions",
            "DescribeRouteTables",
            "DescribeSecurityGroups",
            "DescribeSubnets",
            "DescribeVpcs",
            "ModifyInstanceMetadataOptions",
            "RevokeSecurityGroupEgress",
            "RevokeSecurityGroupIngress",
            "RunInstances",
            "StartInstances",
            "StopInstances",
            "TerminateInstances",
        }
    ),
    "iam": frozenset(
        {
            "AddRoleToInstanceProfile",
            "AttachGroupPolicy",
            "AttachRolePolicy",
            "AttachUserPolicy",
            "CreateAccessKey",
            "CreateInstanceProfile",
            "CreatePolicy",
            "CreatePolicyVersion",
            "CreateRole",
            "CreateServiceLinkedRole",
            "CreateUser",
            "DeactivateMFADevice",
            "DeleteAccessKey",
            "DeleteGroupPolicy",
            "DeleteInstanceProfile",
            "DeleteLoginProfile",
            "DeletePolicy",
            "DeletePolicyVersion",
            "DeleteRole",
            "DeleteRolePermissionsBoundary",
            "DeleteRolePolicy",
            "DeleteSSHPublicKey",
            "DeleteSigningCertificate",
            "DeleteUser",
            "DeleteUserPermissionsBoundary",
            "DeleteUserPolicy",
            "DeleteVirtualMFADevice",
            "DetachGroupPolicy",
            "DetachRolePolicy",
            "DetachUserPolicy",
            "GetAccessKeyLastUsed",
            "GetAccountAuthorizationDetails",
            "GetInstanceProfile",
            "GetLoginProfile",
            "GetPolicy",
            "GetPolicyVersion",
            "GetRole",
            "GetUser",
            "ListAccessKeys",
            "ListAttachedGroupPolicies",
            "ListAttachedRolePolicies",
            "ListAttachedUserPolicies",
            "ListEntitiesForPolicy",
            "ListGroupPolicies",
            "ListGroupsForUser",
            "ListInstanceProfiles",
            "ListInstanceProfilesForRole",
            "ListMFADevices",
            "ListPolicies",
            "ListPolicyTags",
            "ListPolicyVersions",
            "ListRolePolicies",
            "ListRoles",
            "ListSSHPublicKeys",
            "ListSigningCertificates",
            "ListUserPolicies",
            "PutRolePermissionsBoundary",
            "PutUserPermissionsBoundary",
            "RemoveRoleFromInstanceProfile",
            "RemoveUserFromGroup",
            "TagInstanceProfile",
            "TagPolicy",
            "TagRole",
            "TagUser",
            "UntagInstanceProfile",
            "UntagPolicy",
            "UntagRole",
            "UntagUser",
            "UpdateAccessKey",
            "UpdateAssumeRolePolicy",
            "UpdateRole",
            "UpdateUser",
        }
    ),
}


class _Files(_botocore.JSONFileLoader):
    """botocore's reader of models, in half the time and memory: without documentation, and in plain dictionaries."""

    def load_file(self, file_path: str) -> dict[str, t.Any] | None:
        """The content of ``file_path``, which has no suffix yet; None if there is no such file."""
        for suffix, opened in ((".json", open), (".json.gz", gzip.open)):
            path = pathlib.Path(file_path + suffix)
            if path.is_file():
                with opened(path, "rb") as file:
                    return t.cast("dict[str, t.Any]", json.load(file, object_hook=_undocumented))
        return t.cast("dict[str, t.Any] | None", super().load_file(file_path))


def _undocumented(node: dict[str, t.Any]) -> dict[str, t.Any]:
    # A member of a shape could have this name; it is no text.
    if isinstance(node.get("documentation"), str):
        del node["documentation"]
    return node


class _Names(_botocore.Loader):
    """botocore's loader, which knows the services by the names of their folders.

    botocore looks into each of 400 folders for each type of model, before it loads the first.
    """

    def __init__(self, search_paths: Collection[str]) -> None:
        super().__init__([*search_paths], file_loader=_Files(), include_default_search_paths=False)

    def list_available_services(self, type_name: str) -> list[str]:
        folders = filter(pathlib.Path.is_dir, map(pathlib.Path, self.search_paths))
        return sorted({service.name for folder in folders for service in folder.iterdir()})


class _Models(_Names):
    """The same, with what the collection calls of EC2 and IAM."""

    def __init__(self, ordinary: t.Any) -> None:
        super().__init__(ordinary.search_paths)
        self._ordinary = ordinary

    def load_service_model(self, *asked: t.Any, **options: t.Any) -> dict[str, t.Any]:
        """As botocore's: the service's name, the model's type and, if the latest will not do, its version."""
        try:
            return self._load(*asked, **options)
        except Exception:  # noqa: BLE001 - whatever it is, botocore's own loader decides
            return t.cast("dict[str, t.Any]", self._ordinary.load_service_model(*asked, **options))

    def _load(self, service_name: str, type_name: str, api_version: str | None = None) -> dict[str, t.Any]:
        # botocore remembers a model by how it was asked for: by no version, by one, or by a keyword. Here all are one.
        version = api_version or self.determine_latest_version(service_name, type_name)
        if type_name == "service-2" and service_name in OPERATIONS:
            return _called(tuple(self.search_paths), service_name, version)
        return t.cast("dict[str, t.Any]", super().load_service_model(service_name, type_name, version))


@functools.cache
def _called(search_paths: tuple[str, ...], service: str, api_version: str) -> dict[str, t.Any]:
    """A service's model with what the collection calls.

    Loaded by a loader of its own, since a loader keeps all that it has loaded, and written out and read again, so that no
    part of it holds on to the memory of the rest: every fork copies the tables of the memory in use.
    """
    model = _Names(search_paths).load_service_model(service, "service-2", api_version)
    return t.cast("dict[str, t.Any]", json.loads(json.dumps(_only(model, OPERATIONS[service]))))


def _only(model: Mapping[str, t.Any], names: Collection[str]) -> dict[str, t.Any]:
    """A service's model with these operations, as far as it has them, and the shapes that they are made of."""
    operations = {name: operation for name, operation in model["operations"].items() if name in names}
    shapes: dict[str, t.Any] = {}
    left: list[t.Any] = [*operations.values()]
    while left:
        node = left.pop()
        if isinstance(node, list):
            left += node
        elif isinstance(node, dict):
            left += node.values()
            name = node.get("shape")
            if isinstance(name, str) and name not in shapes:
                shapes[name] = model["shapes"][name]
                left.append(shapes[name])
    return {**model, "operations": operations, "shapes": shapes}


def configured() -> t.Any:
    """The loader for the data path that the environment gives, where no session tells it."""
    return loader(os.environ.get("AWS_DATA_PATH"))


@functools.cache
def loader(data_path: str | None) -> t.Any:
    """The loader of models that all sessions of this process with this data path share.

    :param data_path: botocore's setting of that name (``AWS_DATA_PATH``): folders whose models come before its own.
    """
    ordinary = botocore.loaders.create_loader(data_path)
    try:
        return _Models(ordinary)
    except Exception:  # noqa: BLE001 - loaders of this botocore are made otherwise
        return ordinary


def preload() -> None:
    """Load what every onboarding needs. What cannot be loaded will be missed by whoever needs it, who can tell of it."""
    models = configured()
    for name in _DATA:
        with contextlib.suppress(Exception):
            models.load_data(name)
    for service, types in PRELOADED.items():
        for type_name in types:
            with contextlib.suppress(Exception):
                models.load_service_model(service, type_name)


def partitions() -> dict[str, frozenset[str]]:
    """The regions that this botocore knows, by partition: ``{"aws": {"us-east-1", ...}, "aws-cn": ...}``.

    Empty where botocore cannot be imported, or has no such list.
    """
    return _partitions(os.environ.get("AWS_DATA_PATH"))


@functools.cache
def _partitions(data_path: str | None) -> dict[str, frozenset[str]]:
    try:
        data = loader(data_path).load_data("endpoints")
        return {
            partition["partition"]: frozenset(
                region for region in partition["regions"] if not region.endswith("-global")
            )
            for partition in data["partitions"]
        }
    except Exception:  # noqa: BLE001 - nothing depends on it
        return {}
