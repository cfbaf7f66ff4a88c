# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A user with a delivered access key in the embedded AWS, for the tests of keys."""

from __future__ import annotations

import itertools
import json

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from botocore.configloader import raw_config_parse

from ansible_collections.sky.aws.demo import launch
from ansible_collections.sky.aws.plugins.module_utils._resources.user import RESOURCE as user
from ansible_collections.sky.aws.plugins.module_utils._run import run

ACCOUNT = "111122223333"
NUMBERS = itertools.count()


class Scene:
    """A user of its own, and what was delivered for it."""

    CACHE: dict = {}

    def __init__(self, emulator, folder, kind):
        self.name = f"alice{next(NUMBERS)}"
        self.emulator = emulator
        self.iam = emulator.client("iam", ACCOUNT)
        self.secrets = emulator.client("secretsmanager", ACCOUNT)
        self.path = folder / "aws" / "credentials"
        self.profile = f"{ACCOUNT}-{self.name}"
        self.is_file = kind == "file"
        self.place = {"file": str(self.path)} if self.is_file else {"secret": f"sky/{self.name}"}
        emulator.clear_faults()
        emulator.days_later(0)
        emulator.clear_log()

    def run(self, *, check_mode=False, state="present", manage="user", absent_keys="delete_ours", **delivery):
        options = {
            "account_id": ACCOUNT,
            "region": "us-east-1",
            "endpoint_url": self.emulator.url,
            "assume_role": "OrganizationAccountAccessRole",
            "access_key": launch.MANAGEMENT["aws_access_key_id"],
            "secret_key": launch.MANAGEMENT["aws_secret_access_key"],
            "aws_config": {"retries": {"mode": "standard", "max_attempts": 1}},
            "name": self.name,
            "state": state,
            "manage": manage,
            "absent_keys": absent_keys,
            "access_key_delivery": {**self.place, **delivery},
        }
        validation = ArgumentSpecValidator(user.argument_spec).validate(options)
        assert validation.error_messages == []
        self.warnings = []
        params = validation.validated_parameters
        return run(
            user,
            params,
            check_mode=check_mode,
            warn=self.warnings.append,
            reach=lambda kind, options: kind(options, self.CACHE),
        )

    def key_ids(self):
        return [key["AccessKeyId"] for key in self.iam.list_access_keys(UserName=self.name)["AccessKeyMetadata"]]

    def tags(self):
        return {tag["Key"]: tag["Value"] for tag in self.iam.list_user_tags(UserName=self.name)["Tags"]}

    def delivered(self):
        """The delivered key as ``(id, secret)``; None where there is none."""
        if self.is_file:
            found = raw_config_parse(str(self.path)).get(self.profile) if self.path.exists() else None
        else:
            name = self.place["secret"]
            listed = self.secrets.list_secrets(Filters=[{"Key": "name", "Values": [name]}])
            names = [secret["Name"] for secret in listed["SecretList"]]
            found = json.loads(self.secrets.get_secret_value(SecretId=name)["SecretString"]) if name in names else None
        return (found["aws_access_key_id"], found["aws_secret_access_key"]) if found else None

    def lose(self):
        """What was delivered is gone, as an execution environment's files are when its job ends."""
        if self.is_file:
            self.path.unlink()
        else:
            self.secrets.delete_secret(SecretId=self.place["secret"], ForceDeleteWithoutRecovery=True)

    def writes(self):
        return [call["api"] for call in self.emulator.writes(ACCOUNT)]

    def assert_delivered(self):
        """Exactly one key, it is the delivered one, it works, and nothing is left to do."""
        (key_id,) = self.key_ids()
        delivered = self.delivered()
        assert delivered[0] == key_id
        assert self.tags()["sky.aws/access-key"] == key_id
        assert self.tags()["sky.aws/access-key-intent"].startswith("settled")
        again = self.run()
        assert (again["changed"], again["steps"], again["drift"], self.warnings) == (False, [], [], [])
        assert again["access_key"]["access_key_id"] == key_id
        return again


def apis(result):
    return [step["api"] for step in result["steps"]]
