# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy and a user as people make them who follow SkyPilot's documentation, with more rights than declared."""

from __future__ import annotations

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3]))

from demo.seed import Cloud

BROAD = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]}


def main() -> None:
    cloud = Cloud(sys.argv[1])
    iam = cloud.client("iam", "us-east-1", cloud.assume("250504025437"))
    policy = iam.create_policy(PolicyName="minimal-skypilot-policy", PolicyDocument=json.dumps(BROAD))["Policy"]["Arn"]
    iam.create_user(UserName="alice")
    iam.attach_user_policy(UserName="alice", PolicyArn=policy)
    iam.attach_user_policy(UserName="alice", PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")


if __name__ == "__main__":
    main()
