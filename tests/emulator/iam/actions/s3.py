# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html"""

from __future__ import annotations

import typing as t
import urllib.parse

from ..authorization import Ask, Check, Context, Rule

if t.TYPE_CHECKING:
    from collections.abc import Iterator


def _check(ask: Ask, action: str, bucket: str, key: str | None = None, context: Context | None = None) -> Check:
    """A check on a bucket or an object in it. A bucket that is missing counts as the caller's own."""
    account, policy = ask.resources.bucket(bucket) or (ask.account, None)
    resource = bucket if key is None else f"{bucket}/{key}"
    told: Context = {"s3:ResourceAccount": account, **(context or {})}
    return ask.check(action, ask.arn("s3", resource, region="", account=""), told, account, policy)


def list_buckets(ask: Ask) -> Iterator[Check]:
    yield ask.check("s3:ListAllMyBuckets", "*")


def read_object(ask: Ask) -> Iterator[Check]:
    """Who may not list a bucket is not told that an object is missing.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    """
    yield from on_object("s3:GetObject")(ask)
    if not ask.resources.object_exists(ask.params["Bucket"], ask.params["Key"]):
        yield _check(ask, "s3:ListBucket", ask.params["Bucket"])


def on_bucket(action: str) -> Rule:
    def rule(ask: Ask) -> Iterator[Check]:
        given = {"s3:prefix": ask.params.get("Prefix"), "s3:delimiter": ask.params.get("Delimiter")}
        context: Context = {key: value for key, value in given.items() if value}
        yield _check(ask, action, ask.params["Bucket"], context=context)

    return rule


def on_object(action: str) -> Rule:
    def rule(ask: Ask) -> Iterator[Check]:
        versioned = f"{action}Version" if ask.params.get("VersionId") and action.endswith("Object") else action
        yield _check(ask, versioned, ask.params["Bucket"], ask.params["Key"])

    return rule


def put_object(ask: Ask) -> Iterator[Check]:
    """Writing; an access control list or tags beside it need their own rights, a copy the reading of its source."""
    bucket, key = ask.params["Bucket"], ask.params["Key"]
    yield _check(ask, "s3:PutObject", bucket, key)
    if ask.params.get("ACL"):
        yield _check(ask, "s3:PutObjectAcl", bucket, key, {"s3:x-amz-acl": ask.params["ACL"]})
    if ask.params.get("Tagging"):
        yield _check(ask, "s3:PutObjectTagging", bucket, key)
    source = ask.params.get("CopySource")
    if source:
        path = urllib.parse.unquote(source.partition("?")[0]).lstrip("/")
        source_bucket, _, source_key = path.partition("/")
        yield _check(ask, "s3:GetObject", source_bucket, source_key)


def delete_objects(ask: Ask) -> Iterator[Check]:
    for item in ask.params["Delete"]["Objects"]:
        action = "s3:DeleteObjectVersion" if item.get("VersionId") else "s3:DeleteObject"
        yield _check(ask, action, ask.params["Bucket"], item["Key"])


#: Calls on a bucket whose action has another name.
_BUCKET_ACTIONS = {
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "DeleteBucketTagging": "PutBucketTagging",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
_SAME_ON_BUCKETS = """
    CreateBucket DeleteBucket GetBucketLocation GetBucketTagging PutBucketTagging GetBucketPolicy PutBucketPolicy
    DeleteBucketPolicy GetBucketVersioning PutBucketVersioning GetBucketAcl
"""
_OBJECT_ACTIONS = {
    "DeleteObject": "DeleteObject",
    "AbortMultipartUpload": "AbortMultipartUpload",
    "ListParts": "ListMultipartUploadParts",
    "GetObjectTagging": "GetObjectTagging",
    "PutObjectTagging": "PutObjectTagging",
    "GetObjectAcl": "GetObjectAcl",
    "PutObjectAcl": "PutObjectAcl",
}
_WRITES = "PutObject CopyObject CreateMultipartUpload UploadPart UploadPartCopy CompleteMultipartUpload"

RULES: dict[str, Rule] = {
    "s3:ListBuckets": list_buckets,
    "s3:DeleteObjects": delete_objects,
    "s3:GetObject": read_object,
    "s3:HeadObject": read_object,
    **{f"s3:{call}": on_bucket(f"s3:{action}") for call, action in _BUCKET_ACTIONS.items()},
    **{f"s3:{call}": on_bucket(f"s3:{call}") for call in _SAME_ON_BUCKETS.split()},
    **{f"s3:{call}": on_object(f"s3:{action}") for call, action in _OBJECT_ACTIONS.items()},
    **{f"s3:{call}": put_object for call in _WRITES.split()},
}
