# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What IAM demands to be gone before a user can be deleted, and the keys of one that must go. PRIVATE to the collection.

The order and the list are those of the IAM user guide, "Deleting an IAM user (AWS CLI)". Policies are the resource's own.
Service-specific credentials are left out: only a person makes them, so IAM's refusal of the deletion is the right answer.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ... import _tags
from ..._errors import SkyError
from ..._plan import Step
from .key import calls
from .key.found import with_use
from .key.notes import Notes, read_notes

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ..._account import Account
    from .key.key import Key


ARGUMENTS: dict[str, t.Any] = {
    # Not a key, but what becomes of keys.
    "absent_keys": {
        "type": "str",
        "choices": ["delete_ours", "delete_all", "deactivate_ours", "deactivate_all"],
        "default": "delete_ours",
        "no_log": False,
    },
}


@dataclasses.dataclass(frozen=True)
class Belongings:
    """What a user has besides policies: keys, what its tags say about them, and ids and names as IAM gives them."""

    keys: tuple[Key, ...] = ()
    notes: Notes = dataclasses.field(default_factory=Notes)
    has_password: bool = False
    mfa_devices: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    ssh_keys: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    @property
    def foreign_keys(self) -> list[Key]:
        """Those that this collection did not make."""
        return [key for key in self.keys if not self.notes.is_ours(key)]


def keeps_user(absent_keys: str) -> bool:
    """Whether the keys are made inactive, and the user stays."""
    return absent_keys.startswith("deactivate")


def read_keys(account: Account, user: Mapping[str, t.Any]) -> Belongings:
    """The keys of a user: one call, and one for each key that a killed run may have made."""
    name = user["UserName"]
    notes = read_notes(_tags.from_aws(user.get("Tags")))
    listed = account.pages("iam:ListAccessKeys", "AccessKeyMetadata", name, UserName=name)
    return Belongings(tuple(with_use(account, notes, listed)), notes)


def read(account: Account, user: Mapping[str, t.Any]) -> Belongings:
    """Everything that keeps a user from being deleted: six calls, only for a user that is to go."""
    name = user["UserName"]

    def listed(operation: str, key: str, field: str) -> tuple[str, ...]:
        return tuple(item[field] for item in account.pages(f"iam:{operation}", key, name, UserName=name))

    return dataclasses.replace(
        read_keys(account, user),
        has_password=account.find("iam:GetLoginProfile", name, UserName=name) is not None,
        mfa_devices=listed("ListMFADevices", "MFADevices", "SerialNumber"),
        certificates=listed("ListSigningCertificates", "Certificates", "CertificateId"),
        ssh_keys=listed("ListSSHPublicKeys", "SSHPublicKeys", "SSHPublicKeyId"),
        groups=listed("ListGroupsForUser", "Groups", "GroupName"),
    )


def deactivations(name: str, belongings: Belongings, absent_keys: str) -> list[Step]:
    """The calls that make keys inactive."""
    left = [] if absent_keys == "deactivate_all" else belongings.foreign_keys
    return [calls.deactivate(name, key.id) for key in belongings.keys if key.active and key not in left]


def steps(name: str, belongings: Belongings, absent_keys: str) -> list[Step]:
    """The calls that clear the way.

    :raises SkyError: the user has an access key that a person made; such a key is never deleted unasked.
    """
    foreign = [key.id for key in belongings.foreign_keys]
    if foreign and absent_keys != "delete_all":
        raise SkyError(
            f"user {name} has access keys that this collection did not deliver ({', '.join(foreign)}) and is left in "
            "place; delete those keys by hand, or set absent_keys to delete_all"
        )
    removals = [
        *([("DeleteLoginProfile", {})] if belongings.has_password else []),
        *[removal for serial in belongings.mfa_devices for removal in _mfa_removals(serial)],
        *[("DeleteSigningCertificate", {"CertificateId": certificate}) for certificate in belongings.certificates],
        *[("DeleteSSHPublicKey", {"SSHPublicKeyId": key}) for key in belongings.ssh_keys],
        *[("RemoveUserFromGroup", {"GroupName": group}) for group in belongings.groups],
    ]
    return [
        *[calls.delete(name, key.id) for key in belongings.keys],
        *[_removal(name, operation, arguments) for operation, arguments in removals],
    ]


def _mfa_removals(serial: str) -> list[tuple[str, dict[str, str]]]:
    """A virtual device, whose serial number is its ARN, is of no use to anybody else, and its name is in the way."""
    arguments = {"SerialNumber": serial}
    is_virtual = serial.startswith("arn:") and ":mfa/" in serial
    return [("DeactivateMFADevice", arguments), *([("DeleteVirtualMFADevice", arguments)] if is_virtual else [])]


def _removal(name: str, operation: str, arguments: Mapping[str, str]) -> Step:
    if operation == "DeleteVirtualMFADevice":  # it has no user any more
        return Step(f"iam:{operation}", arguments["SerialNumber"], arguments)
    return Step(f"iam:{operation}", name, {"UserName": name, **arguments})
