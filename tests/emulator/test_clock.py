# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Days go by in the emulator: answers and keys have the new date, and sessions go on."""

from __future__ import annotations

import datetime
import email.utils

from ansible_collections.sky.aws.tests.emulator.server import Emulator

ACCOUNT = "111122223333"


def test_days_go_by_and_back() -> None:
    with Emulator() as aws:
        iam = aws.client("iam", ACCOUNT)
        iam.create_user(UserName="alice")
        for days in (0, 100, 0):
            aws.days_later(days)
            key = iam.create_access_key(UserName="alice")
            date = email.utils.parsedate_to_datetime(key["ResponseMetadata"]["HTTPHeaders"]["date"])
            then = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
            for said in (date, key["AccessKey"]["CreateDate"]):
                assert abs(said - then) < datetime.timedelta(minutes=1)
            iam.delete_access_key(UserName="alice", AccessKeyId=key["AccessKey"]["AccessKeyId"])
