# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where and from what an instance can be made: image, subnets, security groups. Reads only. PRIVATE to the collection.

All of it is looked at before the first write, so that what does not exist is refused by name.
"""

from __future__ import annotations

import typing as t

from ..._errors import AWSError, SkyError
from ..._skypilot.subnets import Wish, choose
from ..network import found as network
from .options import GROUP_ID, IMAGE_ID, declared_subnets
from .request import Site

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._account import Account
    from ..._plan import Params
    from ..._skypilot.subnets import Item


def image_id(account: Account, params: Params) -> str | None:
    """The declared image, read from its SSM parameter where it is declared so; None where none is declared."""
    parameter = params["image_parameter"]
    if not parameter:
        declared: str | None = params["image_id"]
        return declared
    value = str(account.call("ssm:GetParameter", parameter, Name=parameter)["Parameter"]["Value"])
    if IMAGE_ID.fullmatch(value):
        return value
    raise SkyError(
        f"image_parameter: {parameter} in account {account.account_id}, region {account.region} does not hold the id "
        "of an image; name a parameter that holds one like ami-0123456789abcdef0"
    )


def look(account: Account, params: Params, image_id: str) -> Site:
    """Everything that a new instance needs.

    :raises SkyError: the image, a subnet, a security group or the VPC is not there, or will not do.
    """
    image = _image(account, image_id)
    subnets = _subnets(account, params)
    site = Site(image, subnets, _groups(account, params, subnets[0]["VpcId"]))
    size = params["volume"]["size"]
    if size is not None and size < (site.root_size or 0):
        raise SkyError(f"volume.size: {size} is less than the {site.root_size} GiB of {image_id}; give that or more")
    return site


def _image(account: Account, image_id: str) -> Item:
    try:
        images = account.call("ec2:DescribeImages", image_id, ImageIds=[image_id])["Images"]
    except AWSError as error:
        if not error.code.startswith("InvalidAMIID"):
            raise
        images = []
    image = next((image for image in images if image.get("State") == "available"), None)
    if image is None:
        raise SkyError(
            f"image_id: {image_id} is not available to account {account.account_id} in region {account.region}; give "
            "an image of that region that is public, shared with the account or its own"
        )
    if image.get("RootDeviceType") != "ebs":
        raise SkyError(
            f"image_id: {image_id} has no EBS root volume, which an instance needs to stop; give one that has"
        )
    return t.cast("Item", image)


def _subnets(account: Account, params: Params) -> Sequence[Item]:
    wanted = declared_subnets(params, account.region)
    if not wanted:
        return _network_subnets(account, params["vpc_name"])
    filters = [{"Name": "subnet-id", "Values": wanted}]
    found = {s["SubnetId"]: s for s in account.pages("ec2:DescribeSubnets", "Subnets", params["name"], Filters=filters)}
    missing = [subnet_id for subnet_id in wanted if subnet_id not in found]
    where = f"account {account.account_id}, region {account.region}"
    if missing:
        raise SkyError(f"subnet_ids: {', '.join(missing)} not found in {where}; give subnets of that region")
    vpcs = sorted({subnet["VpcId"] for subnet in found.values()})
    if len(vpcs) > 1:
        raise SkyError(f"subnet_ids: they are in {len(vpcs)} VPCs ({', '.join(vpcs)}); give subnets of one VPC")
    return [found[subnet_id] for subnet_id in wanted]


def _network_subnets(account: Account, vpc_name: str | None) -> Sequence[Item]:
    """The subnets that SkyPilot would take: public ones, else those it takes for internal IPs.

    Where no VPC is declared and SkyPilot would take none, any subnet of the default VPC will do, as for EC2 itself.
    """
    lookup = {"vpc_names": [vpc_name] if vpc_name else [], "subnet_names": [], "use_internal_ips": False}
    layout = network.read(account, lookup)[0]
    if layout.error:
        raise SkyError(layout.error)
    public = choose(layout, Wish(vpc_name))
    choice = choose(layout, Wish(vpc_name, use_internal_ips=True)) if public.error else public
    if not choice.error:
        return [verdict.subnet for verdict in choice.usable]
    available = [subnet for subnet in layout.subnets if subnet["State"] == "available"]
    if vpc_name or not available:
        mend = "give subnet_ids" if vpc_name else "give vpc_name or subnet_ids"
        raise SkyError(f"vpc_name: {public.error} That is account {account.account_id}. To mend it: {mend}.")
    return sorted(available, key=lambda subnet: (subnet["AvailabilityZone"], subnet["SubnetId"]))


def _groups(account: Account, params: Params, vpc_id: str) -> Sequence[Item]:
    """The declared groups in their order; names are looked up in the VPC, ids are left to EC2."""
    declared = params["security_groups"]
    names = [group for group in declared if not GROUP_ID.fullmatch(group)]
    known = _groups_by_name(account, names, vpc_id) if names else {}
    missing = [name for name in names if name not in known]
    if missing:
        raise SkyError(
            f"security_groups: {', '.join(missing)} not found in {vpc_id} of account {account.account_id}, region "
            f"{account.region}; give names or ids of groups of that VPC"
        )
    groups = [known.get(group, {"GroupId": group}) for group in declared]
    return list({group["GroupId"]: group for group in groups}.values())


def _groups_by_name(account: Account, names: Sequence[str], vpc_id: str) -> dict[str, Item]:
    filters = [{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "group-name", "Values": list(names)}]
    groups = account.pages("ec2:DescribeSecurityGroups", "SecurityGroups", vpc_id, Filters=filters)
    return {group["GroupName"]: {key: group[key] for key in ("GroupId", "GroupName")} for group in groups}
