# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Buckets: the account's own, or those of them that s3_buckets names. PRIVATE to the collection.

A bucket of another account takes a statement of one's own (extra_statements).
"""

from __future__ import annotations

from ..._skypilot.release import RELEASE
from ..feature import Feature

_OWN = {"StringEquals": {"s3:ResourceAccount": "<account_id>"}}

CATALOGUE = (
    Feature(
        name="s3_read",
        title="Storage check, and reading from buckets",
        why=(
            "sky check finds storage by listing the buckets; file mounts and mounted buckets are listed and read where "
            "sky runs and on the instances. Mounting tools ask where a bucket is. Without it compute works alone."
        ),
        since="0.11.0",
        source=(
            "clouds/aws.py:1023-1046, data/storage.py:2381-2408, cloud_stores.py:66-106, data/mounting_utils.py:94-206; "
            "SkyPilot docs, AWS, S3 permissions"
        ),
        both=(
            {
                "Effect": "Allow",
                "Action": "s3:ListAllMyBuckets",
                "Resource": "*",
            },
            {
                "Effect": "Allow",
                "Action": ["s3:GetBucketLocation", "s3:ListBucket"],
                "Resource": ["arn:<partition>:s3:::<s3_bucket>"],
                "Condition": _OWN,
            },
            {
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": ["arn:<partition>:s3:::<s3_bucket>/*"],
                "Condition": _OWN,
            },
        ),
    ),
    Feature(
        name="s3_write",
        title="Writing to buckets",
        why=(
            "Uploads by aws s3 sync, and buckets that are mounted for writing. A mount with a cache sets the access "
            "list private on what it writes. Goes with s3_read."
        ),
        since=None,
        source="data/storage.py:2276,2328,2524,4963-4975, data/data_utils.py:800-824, data/mounting_utils.py:94-206",
        both=(
            {
                "Effect": "Allow",
                "Action": ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"],
                "Resource": ["arn:<partition>:s3:::<s3_bucket>/*"],
                "Condition": _OWN,
            },
            {
                "Effect": "Allow",
                "Action": "s3:PutObjectAcl",
                "Resource": ["arn:<partition>:s3:::<s3_bucket>/*"],
                "Condition": {"StringEquals": {**_OWN["StringEquals"], "s3:x-amz-acl": "private"}},
            },
            {
                "Effect": "Allow",
                "Action": "s3:ListBucketMultipartUploads",
                "Resource": ["arn:<partition>:s3:::<s3_bucket>"],
                "Condition": _OWN,
            },
        ),
    ),
    Feature(
        name="s3_manage",
        title="Buckets that SkyPilot makes and deletes",
        why=(
            "A storage of a new name, and the buckets of managed jobs and services where jobs.bucket and serve.bucket "
            f"name none. Tags are those of aws.labels; SkyPilot 0.10.5 to {RELEASE} do not find them and set none. "
            "Goes with s3_write."
        ),
        since=None,
        source="data/storage.py:2426-2464, utils/controller_utils.py:960-1075; SkyPilot docs, AWS, S3 permissions",
        both=(
            {
                "Effect": "Allow",
                "Action": ["s3:CreateBucket", "s3:DeleteBucket", "s3:PutBucketTagging"],
                "Resource": ["arn:<partition>:s3:::<s3_bucket>"],
                "Condition": _OWN,
            },
        ),
    ),
)
