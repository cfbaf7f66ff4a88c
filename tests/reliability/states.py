# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that onboarding leaves in an account, in a form in which two accounts can be compared."""

from __future__ import annotations

import difflib
import json
import re
import typing as t

from botocore.configloader import raw_config_parse

if t.TYPE_CHECKING:
    import pathlib

    from ansible_collections.sky.aws.tests.emulator.server import Emulator

#: Ids that AWS gives out in texts, such as the tags that name an access key.
_IDS = re.compile(r"\b(?:AKIA[A-Z0-9]{12,}|(?:i|sg|sgr|vpc|subnet|eni|vol|r)-[0-9a-f]{8,17})\b")
#: Other ids, dates, and what has them.
_VOLATILE = re.compile(r"(?:User|Role|Policy|Group|InstanceProfile|Association)Id|Id|\w+Date|\w+Stages")
_SECRET_SUFFIX = re.compile(r"(:secret:[^\"]*)-[A-Za-z0-9]{6}\"")


def access_keys(aws: Emulator, account: str, user: str = "alice") -> list[dict[str, t.Any]]:
    keys: list[dict[str, t.Any]] = aws.client("iam", account).list_access_keys(UserName=user)["AccessKeyMetadata"]
    return keys


def instances(aws: Emulator, account: str) -> list[dict[str, t.Any]]:
    """All instances that there ever were."""
    answer = aws.client("ec2", account).describe_instances()
    return [instance for reservation in answer["Reservations"] for instance in reservation["Instances"]]


def secrets(aws: Emulator, account: str) -> dict[str, dict[str, str]]:
    """The contents of all secrets in Secrets Manager, by name."""
    client = aws.client("secretsmanager", account)
    names = [secret["Name"] for secret in client.list_secrets()["SecretList"]]
    return {name: json.loads(client.get_secret_value(SecretId=name)["SecretString"]) for name in names}


def in_file(path: pathlib.Path, account: str, user: str = "alice") -> dict[str, str]:
    """The profile of a user in a credentials file; empty where there is none."""
    return dict(raw_config_parse(str(path)).get(f"{account}-{user}", {})) if path.exists() else {}


def snapshot(aws: Emulator, account: str) -> dict[str, t.Any]:
    """What there is, without ids and dates; a policy with all its versions, an instance that is gone included."""
    iam, ec2, secretsmanager = (aws.client(service, account) for service in ("iam", "ec2", "secretsmanager"))
    details = iam.get_account_authorization_details(Filter=["User", "Role", "LocalManagedPolicy", "Group"])
    users = [user["UserName"] for user in details["UserDetailList"]]
    policies = [policy["Arn"] for policy in details["Policies"]]
    state = {
        "iam": {key: value for key, value in details.items() if key not in ("IsTruncated", "Marker")},
        "profiles": iam.list_instance_profiles()["InstanceProfiles"],
        "keys": {user: [key["Status"] for key in access_keys(aws, account, user)] for user in users},
        "policy tags": [iam.list_policy_tags(PolicyArn=arn)["Tags"] for arn in policies],
        "instances": [_instance(instance) for instance in instances(aws, account)],
        "groups": [_group(group) for group in ec2.describe_security_groups()["SecurityGroups"]],
        "secrets": [secretsmanager.describe_secret(SecretId=name) for name in secrets(aws, account)],
    }
    return t.cast("dict[str, t.Any]", json.loads(_SECRET_SUFFIX.sub(r'\1"', _neutral(state, account))))


def difference(one: t.Any, other: t.Any) -> str:
    """The lines that differ, one from the other, in short."""
    texts = [json.dumps(state, indent=1, sort_keys=True).splitlines() for state in (one, other)]
    lines = difflib.unified_diff(*texts, n=0, lineterm="")
    return "; ".join(line for line in lines if not line.startswith(("---", "+++", "@@")))[:1000]


def _neutral(state: t.Any, account: str) -> str:
    text = json.dumps(_lasting(state), sort_keys=True, default=str)
    return _IDS.sub("ID", text).replace(account, "ACCOUNT")


def _lasting(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if not _VOLATILE.fullmatch(key) and key != "ResponseMetadata"}
        return {key: _lasting(item) for key, item in kept.items()}
    return [_lasting(item) for item in value] if isinstance(value, list) else value


def _instance(instance: dict[str, t.Any]) -> dict[str, t.Any]:
    kept = ("InstanceType", "ImageId", "State", "Tags", "IamInstanceProfile", "KeyName", "MetadataOptions")
    return {key: instance.get(key) for key in kept} | {
        "groups": [group["GroupName"] for group in instance["SecurityGroups"]]
    }


def _group(group: dict[str, t.Any]) -> dict[str, t.Any]:
    return {key: group.get(key) for key in ("GroupName", "Description", "IpPermissions", "IpPermissionsEgress", "Tags")}
