# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What IAM demands to be gone before a user can be deleted. PRIVATE to the collection.

The order and the list are those of the IAM user guide, "Deleting an IAM user (AWS CLI)". Policies are the resource's own.
Service-specific credentials are left out: only a person makes them, so IAM's refusal of the deletion is the right answer.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._errors import SkyError
from .._plan import Step

if t.TYPE_CHECKING:
    from .._account import Account


@dataclasses.dataclass(frozen=True)
class Belongings:
    """What a user has besides policies: ids and names as IAM gives them."""

    keys: tuple[str, ...] = ()
    has_password: bool = False
    mfa_devices: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    ssh_keys: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


def read(account: Account, name: str) -> Belongings:
    """Everything that keeps a user from being deleted: six calls, only for a user that is to go."""

    def listed(operation: str, key: str, field: str) -> tuple[str, ...]:
        return tuple(item[field] for item in account.pages(f"iam:{operation}", key, name, UserName=name))

    return Belongings(
        keys=listed("ListAccessKeys", "AccessKeyMetadata", "AccessKeyId"),
        has_password=account.find("iam:GetLoginProfile", name, UserName=name) is not None,
        mfa_devices=listed("ListMFADevices", "MFADevices", "SerialNumber"),
        certificates=listed("ListSigningCertificates", "Certificates", "CertificateId"),
        ssh_keys=listed("ListSSHPublicKeys", "SSHPublicKeys", "SSHPublicKeyId"),
        groups=listed("ListGroupsForUser", "Groups", "GroupName"),
    )


def steps(name: str, belongings: Belongings, delivered_key: str | None) -> list[Step]:
    """The calls that clear the way.

    :raises SkyError: the user has an access key that a person made; such a key is never deleted unasked.
    """
    foreign = [key for key in belongings.keys if key != delivered_key]
    if foreign:
        raise SkyError(
            f"user {name} has access keys that this collection did not deliver ({', '.join(foreign)}) and is left in "
            "place; delete those keys by hand first"
        )
    removals = [
        *[("DeleteAccessKey", {"AccessKeyId": key}) for key in belongings.keys],
        *([("DeleteLoginProfile", {})] if belongings.has_password else []),
        *[("DeactivateMFADevice", {"SerialNumber": serial}) for serial in belongings.mfa_devices],
        *[("DeleteSigningCertificate", {"CertificateId": certificate}) for certificate in belongings.certificates],
        *[("DeleteSSHPublicKey", {"SSHPublicKeyId": key}) for key in belongings.ssh_keys],
        *[("RemoveUserFromGroup", {"GroupName": group}) for group in belongings.groups],
    ]
    return [Step(f"iam:{operation}", name, {"UserName": name, **arguments}) for operation, arguments in removals]
