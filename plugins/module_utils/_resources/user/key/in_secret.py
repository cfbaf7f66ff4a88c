# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret of Secrets Manager as the place where an access key is delivered. PRIVATE to the collection.

The ClientRequestToken of a value becomes the id of its version (API reference, PutSecretValue). Here it is derived from
the key's id. So DescribeSecret tells which key the secret holds, no value is ever read, and a repeated call makes no
second version.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t
import uuid

from .... import _tags
from ...._errors import SkyError
from ...._patience import silent
from ...._plan import Step
from ...._policy.compose import VERSION, compact
from ...._policy.equality import equal, parse

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ...._account import Account
    from .key import NewKey


#: Whose key the secret is for; two users never share one.
USER_KEY = f"{_tags.RESERVED_PREFIX}user"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "access-key.sky.aws")
_READING = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]


@dataclasses.dataclass(frozen=True)
class KeySecret:
    """A secret as Secrets Manager has it, and as it is declared.

    ``version`` is the id of the current value, None where the secret cannot be read: it does not exist, or is scheduled
    for deletion. ``wanted_policy`` is None where none is declared and ``{}`` where there must be none.
    """

    name: str
    user_name: str
    account_id: str
    exists: bool = False
    is_deleted: bool = False
    version: str | None = None
    kms_key_id: str | None = None
    policy: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    wanted_kms_key_id: str | None = None
    wanted_policy: Mapping[str, t.Any] | None = None

    fault: t.ClassVar[None] = None
    warning: t.ClassVar[None] = None

    @property
    def label(self) -> str:
        return f"secret {self.name}"

    @property
    def shown(self) -> dict[str, str]:
        return {"secret": self.name}

    def holds(self, key_id: str) -> bool:
        return self.version == version_of(key_id)

    def settings(self) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
        """What the diff shows of a secret whose settings change: before and after."""
        before: dict[str, t.Any] = {}
        after: dict[str, t.Any] = {}
        if self._moves_key():
            before["kms_key_id"], after["kms_key_id"] = self.kms_key_id, self.wanted_kms_key_id
        if self._changes_policy():
            before["resource_policy"], after["resource_policy"] = dict(self.policy), dict(self.wanted_policy or {})
        return before, after

    def upkeep_steps(self) -> list[Step]:
        """What brings the settings of a secret that is in use to what is declared."""
        return self._settings_steps() if self.exists and not self.is_deleted else []

    def opening_steps(self) -> list[Step]:
        """Before a key is made: the secret is usable, and only those may read it who shall."""
        restore = [Step("secretsmanager:RestoreSecret", self.name, {"SecretId": self.name})] if self.is_deleted else []
        return [*restore, *self._settings_steps()] if self.exists else []

    def delivery_steps(self) -> list[Step]:
        """The calls that carry the key; the value is added when they are made."""
        if self.exists:
            return [Step("secretsmanager:PutSecretValue", self.name, {"SecretId": self.name})]
        arguments: dict[str, t.Any] = {
            "Name": self.name,
            "Description": f"Access key of the IAM user {self.user_name}",
            "Tags": _tags.to_aws({**_tags.OWNER, USER_KEY: tag_value(self.user_name)}),
        }
        if self.wanted_kms_key_id:
            arguments["KmsKeyId"] = self.wanted_kms_key_id
        create = Step("secretsmanager:CreateSecret", self.name, arguments)
        return [create, *([self._policy_step()] if self.wanted_policy else [])]

    def deliver(self, new: NewKey, do: Callable[..., t.Any], tell: Callable[[str], object] = silent) -> None:
        """Put the key into the secret; ``do`` performs a step with further arguments."""
        carrier, *rest = self.delivery_steps()
        do(carrier, SecretString=self._value(new), ClientRequestToken=version_of(new.id))
        for step in rest:
            do(step)

    def received(self, key_id: str, account: Account) -> bool:
        """Whether the secret holds the key now.

        :raises SkyError: nobody can tell.
        """
        described = account.call("secretsmanager:DescribeSecret", self.name, SecretId=self.name)
        return _current(described.get("VersionIdsToStages", {})) == version_of(key_id)

    def take_back(self, key_id: str, tell: Callable[[str], object] = silent) -> str:
        """A value cannot be taken out of a secret; that of a deleted key opens nothing."""
        return f" Whatever {self.label} holds of it is worthless; the next run replaces it."

    def _value(self, new: NewKey) -> str:
        value = {"aws_access_key_id": new.id, "aws_secret_access_key": new.secret}
        return json.dumps({**value, "account_id": self.account_id, "user_name": self.user_name})

    def _settings_steps(self) -> list[Step]:
        steps = []
        if self._moves_key():
            arguments = {"SecretId": self.name, "KmsKeyId": self.wanted_kms_key_id}
            steps.append(Step("secretsmanager:UpdateSecret", self.name, arguments))
        if self._changes_policy():
            steps.append(self._policy_step())
        return steps

    def _moves_key(self) -> bool:
        wanted = self.wanted_kms_key_id
        return self.exists and wanted is not None and _kms_resource(wanted) != _kms_resource(self.kms_key_id or "")

    def _changes_policy(self) -> bool:
        if not self.exists or self.wanted_policy is None:
            return False
        if self.is_deleted:  # its policy cannot be read
            return True
        if not self.policy or not self.wanted_policy:
            return bool(self.policy) != bool(self.wanted_policy)
        return not equal(dict(self.policy), dict(self.wanted_policy))

    def _policy_step(self) -> Step:
        if not self.wanted_policy:
            return Step("secretsmanager:DeleteResourcePolicy", self.name, {"SecretId": self.name})
        arguments = {
            "SecretId": self.name,
            "ResourcePolicy": compact(dict(self.wanted_policy)),
            "BlockPublicPolicy": True,
        }
        return Step("secretsmanager:PutResourcePolicy", self.name, arguments)


def version_of(key_id: str) -> str:
    """The id of the version that holds a key; a UUID, as AWS recommends."""
    return str(uuid.uuid5(_NAMESPACE, key_id))


def read(account: Account, delivery: Mapping[str, t.Any], user_name: str) -> KeySecret:
    """The secret: one call, and one more where a resource policy is declared.

    :raises SkyError: there is a secret of that name which is not for this user's key.
    """
    name = delivery["secret"]
    place = KeySecret(
        name,
        user_name,
        account.account_id,
        wanted_kms_key_id=delivery["kms_key_id"],
        wanted_policy=_wanted_policy(delivery),
    )
    described = account.find("secretsmanager:DescribeSecret", name, SecretId=name)
    if described is None:
        return place
    _refuse_foreign(name, user_name, _tags.from_aws(described.get("Tags")))
    is_deleted = "DeletedDate" in described
    return dataclasses.replace(
        place,
        exists=True,
        is_deleted=is_deleted,
        version=None if is_deleted else _current(described.get("VersionIdsToStages", {})),
        kms_key_id=described.get("KmsKeyId"),
        policy={} if is_deleted or place.wanted_policy is None else _policy(account, name),
    )


def _wanted_policy(delivery: Mapping[str, t.Any]) -> Mapping[str, t.Any] | None:
    readers = delivery["readers"]
    if readers is None:
        policy: Mapping[str, t.Any] | None = delivery["resource_policy"]
        return policy
    if not readers:
        return {}
    statement = {"Effect": "Allow", "Principal": {"AWS": list(readers)}, "Action": _READING, "Resource": "*"}
    return {"Version": VERSION, "Statement": [statement]}


def _refuse_foreign(name: str, user_name: str, tags: Mapping[str, str]) -> None:
    if not _tags.is_ours(tags):
        raise SkyError(
            f"secret {name} exists and was not made by this collection (no tag {_tags.OWNER_TAG}); "
            "give another name in access_key_delivery.secret"
        )
    if tags.get(USER_KEY) != tag_value(user_name):
        raise SkyError(
            f"secret {name} is for the key of another user (tag {USER_KEY} is {tags.get(USER_KEY)!r}); "
            "give each user a secret of its own in access_key_delivery.secret"
        )


def tag_value(user_name: str) -> str:
    """A user's name as a tag may hold it: tags know no comma, and names no colon."""
    return user_name.replace(",", ":")


def _current(stages: Mapping[str, t.Any]) -> str | None:
    return next((version for version, labels in stages.items() if "AWSCURRENT" in labels), None)


def _policy(account: Account, name: str) -> dict[str, t.Any]:
    text = account.call("secretsmanager:GetResourcePolicy", name, SecretId=name).get("ResourcePolicy")
    return parse(text) if text else {}


def _kms_resource(key: str) -> str:
    """A KMS key as ``key/ID`` or ``alias/NAME``, from its ARN, id or alias."""
    resource = key.rpartition(":")[2]
    return resource if resource.startswith(("key/", "alias/")) else f"key/{resource}"
