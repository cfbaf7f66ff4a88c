# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an instance is made: the RunInstances request and its ClientToken. Pure. PRIVATE to the collection.

EC2 answers a token that it has seen with the instance that the token made. So a token that only depends on what is
asked for makes a repeated attempt, also of another run, find the instance of the attempt whose answer was lost.
https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import typing as t

from ... import _tags
from .options import METADATA_KEYS

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..._identity import Identity
    from ..._plan import Params


RUN = "ec2:RunInstances"

#: Begins the ClientToken of every instance that this collection made. No tag can give that away or take it away.
PREFIX = "sky-aws-"
#: EC2 takes 64 ASCII characters.
_TOKEN_DIGITS = 56
#: Tokens tried for one subnet: each one that EC2 refuses belonged to an instance that is terminated.
MAX_TOKENS = 5


@dataclasses.dataclass(frozen=True)
class Site:
    """Where and from what an instance can be made: EC2's own items, in the order of preference.

    ``image`` and ``subnets`` as EC2 describes them; ``security_groups`` have at least ``GroupId`` and are empty for the
    VPC's default group.
    """

    image: Mapping[str, t.Any]
    subnets: Sequence[Mapping[str, t.Any]]
    security_groups: Sequence[Mapping[str, t.Any]] = ()

    @property
    def root_device(self) -> str:
        return str(self.image["RootDeviceName"])

    @property
    def root_size(self) -> int | None:
        """GiB of the image's root volume, where EC2 says it."""
        mappings = self.image.get("BlockDeviceMappings", ())
        sizes = (m["Ebs"].get("VolumeSize") for m in mappings if m.get("DeviceName") == self.root_device and "Ebs" in m)
        return next(sizes, None)


@dataclasses.dataclass(frozen=True)
class Launch:
    """An instance to be made: one request, the subnets to try in order, and the tokens that are used up.

    ``scope`` is what else the token depends on: account, region, name.
    """

    name: str
    request: Mapping[str, t.Any]
    subnet_ids: Sequence[str]
    scope: Sequence[str]
    spent: frozenset[str] = frozenset()

    def requests(self, subnet_id: str) -> Iterator[dict[str, t.Any]]:
        """The requests for one subnet, each with a token of its own; always the same ones for the same instance."""
        request = {**self.request, "SubnetId": subnet_id}
        tokens = (self._token(request, counter) for counter in itertools.count())
        fresh = (token for token in tokens if token not in self.spent)
        return ({**request, "ClientToken": token} for token in itertools.islice(fresh, MAX_TOKENS))

    def first(self) -> dict[str, t.Any]:
        """The request that is sent unless something comes in between."""
        return next(self.requests(self.subnet_ids[0]))

    def _token(self, request: Mapping[str, t.Any], counter: int) -> str:
        asked = json.dumps([list(self.scope), request, counter], sort_keys=True)
        return PREFIX + hashlib.sha256(asked.encode()).hexdigest()[:_TOKEN_DIGITS]


def profile_arn(params: Params, identity: Identity) -> str | None:
    """The ARN of the instance profile in the root path, where SkyPilot and this collection make it."""
    profile = params["instance_profile"]
    return identity.iam_arn(f"instance-profile/{profile}") if profile else None


def tags(params: Params) -> dict[str, str]:
    """All tags of a new instance."""
    return {**_tags.declared(params), "Name": params["name"], **_tags.OWNER}


def request(params: Params, site: Site) -> dict[str, t.Any]:
    """The RunInstances request, without what depends on the subnet.

    Tagged are what costs money, the instance and its volume. A network interface goes with the instance, and a tag on
    it would need a right of its own.
    """
    tagged = _tags.to_aws(tags(params))
    asked: dict[str, t.Any] = {
        "ImageId": site.image["ImageId"],
        "InstanceType": params["instance_type"],
        "MinCount": 1,
        "MaxCount": 1,
        "BlockDeviceMappings": [{"DeviceName": site.root_device, "Ebs": _volume(params["volume"], site)}],
        "MetadataOptions": {
            **metadata_options(params),
            # An account may have these on by default; EC2 then refuses the / in our tag's key.
            "InstanceMetadataTags": "disabled",
        },
        "TagSpecifications": [{"ResourceType": noun, "Tags": tagged} for noun in ("instance", "volume")],
    }
    if params["instance_profile"]:
        asked["IamInstanceProfile"] = {"Name": params["instance_profile"]}
    if site.security_groups:
        asked["SecurityGroupIds"] = [group["GroupId"] for group in site.security_groups]
    if params["key_name"]:
        asked["KeyName"] = params["key_name"]
    if params["user_data"]:
        asked["UserData"] = params["user_data"]
    if params["spot"]:
        asked["InstanceMarketOptions"] = {"MarketType": "spot"}
    return asked


def metadata_options(params: Params) -> dict[str, t.Any]:
    """The declared metadata options with EC2's names; what is not declared is left out."""
    declared = params["metadata_options"]
    return {aws: declared[key] for key, aws in METADATA_KEYS.items() if declared[key] is not None}


def _volume(volume: Params, site: Site) -> dict[str, t.Any]:
    asked = {
        "VolumeType": volume["type"],
        "DeleteOnTermination": volume["delete_on_termination"],
        "VolumeSize": volume["size"] or site.root_size,
        "Iops": volume["iops"],
        "Throughput": volume["throughput"],
        "KmsKeyId": volume["kms_key_id"],
        # Left out rather than false: the account may encrypt by default, and an encrypted snapshot stays so.
        "Encrypted": True if volume["encrypted"] else None,
    }
    return {key: value for key, value in asked.items() if value is not None}


def planned(params: Params, site: Site, launch: Launch, identity: Identity) -> dict[str, t.Any]:
    """The instance as EC2 will describe it, as far as that is known before the call; it has no state yet."""
    first, subnet = launch.first(), site.subnets[0]
    arn = profile_arn(params, identity)
    return {
        "InstanceType": first["InstanceType"],
        "ImageId": first["ImageId"],
        "VpcId": subnet["VpcId"],
        "SubnetId": subnet["SubnetId"],
        "Placement": {"AvailabilityZone": subnet["AvailabilityZone"]},
        "IamInstanceProfile": {"Arn": arn} if arn else {},
        "SecurityGroups": list(site.security_groups) or None,
        "KeyName": params["key_name"] or None,
        "MetadataOptions": first["MetadataOptions"],
        "InstanceLifecycle": "spot" if params["spot"] else None,
        "Tags": first["TagSpecifications"][0]["Tags"],
        "ClientToken": first["ClientToken"],
    }
