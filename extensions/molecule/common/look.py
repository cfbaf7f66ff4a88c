# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print what an account of the embedded AWS holds, as JSON, so that verify.yml need not trust the modules it verifies."""

from __future__ import annotations

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3]))

from demo.seed import Cloud


def main() -> None:
    endpoint, account_id = sys.argv[1:]
    cloud = Cloud(endpoint)
    credentials = cloud.assume(account_id)
    iam = cloud.client("iam", "us-east-1", credentials)
    ec2 = cloud.client("ec2", "us-east-1", credentials)
    users = [user["UserName"] for user in iam.list_users()["Users"]]
    roles = [role["RoleName"] for role in iam.list_roles()["Roles"]]
    policies = iam.list_policies(Scope="Local")["Policies"]
    documents = {
        policy["PolicyName"]: iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])[
            "PolicyVersion"
        ]["Document"]
        for policy in policies
    }
    profiles = iam.list_instance_profiles()["InstanceProfiles"]
    instances = [
        instance for reservation in ec2.describe_instances()["Reservations"] for instance in reservation["Instances"]
    ]
    found = {
        "policies": documents,
        "users": {
            name: [p["PolicyName"] for p in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]]
            for name in users
        },
        "roles": {
            name: [p["PolicyName"] for p in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]]
            for name in roles
        },
        "profiles": {
            profile["InstanceProfileName"]: [role["RoleName"] for role in profile["Roles"]] for profile in profiles
        },
        "instances": [
            {
                "state": instance["State"]["Name"],
                "profile": instance["IamInstanceProfile"]["Arn"],
                "tokens": instance["MetadataOptions"]["HttpTokens"],
                "subnet": instance["SubnetId"],
            }
            for instance in instances
        ],
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
