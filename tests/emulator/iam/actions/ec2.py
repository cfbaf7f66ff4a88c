# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html"""

from __future__ import annotations

import typing as t

from ..authorization import Ask, Check, Context, Rule, UnknownAction, anywhere, by_name, request_tags, resource_tags

if t.TYPE_CHECKING:
    from collections.abc import Iterator

SPOT = "spot.amazonaws.com"
SPOT_ROLE = "AWSServiceRoleForEC2Spot"

#: The resource type by the prefix of an id.
PREFIXES = {
    "ami": "image",
    "cr": "capacity-reservation",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "i": "instance",
    "igw": "internet-gateway",
    "key": "key-pair",
    "lt": "launch-template",
    "nat": "natgateway",
    "pg": "placement-group",
    "rtb": "route-table",
    "sg": "security-group",
    "sir": "spot-instances-request",
    "snap": "snapshot",
    "subnet": "subnet",
    "vol": "volume",
    "vpc": "vpc",
}
#: The parameters that name resources of a type.
PARAMETERS = {
    "capacity-reservation": ("CapacityReservationId",),
    "elastic-ip": ("AllocationId",),
    "image": ("ImageId",),
    "instance": ("InstanceId", "InstanceIds"),
    "internet-gateway": ("InternetGatewayId", "GatewayId"),
    "key-pair": ("KeyName",),
    "natgateway": ("NatGatewayId",),
    "network-interface": ("NetworkInterfaceId",),
    "placement-group": ("GroupName",),
    "route-table": ("RouteTableId",),
    "security-group": ("GroupId", "Groups"),
    "snapshot": ("SnapshotId",),
    "subnet": ("SubnetId",),
    "volume": ("VolumeId",),
    "vpc": ("VpcId",),
}
#: The keys of what a launch says about a volume.
VOLUME_KEYS = {
    "Encrypted": "ec2:Encrypted",
    "Iops": "ec2:VolumeIops",
    "Throughput": "ec2:VolumeThroughput",
    "VolumeSize": "ec2:VolumeSize",
    "VolumeType": "ec2:VolumeType",
}
#: Types that may belong to anyone: their ARNs have no account.
WITHOUT_ACCOUNT = ("image", "snapshot")


def arn(ask: Ask, kind: str, resource_id: str = "*") -> str:
    """The ARN of a resource, in the account that has it; without an id, of one that is yet to be made."""
    if kind in WITHOUT_ACCOUNT:
        return ask.arn("ec2", f"{kind}/{resource_id}", account="")
    return ask.arn("ec2", f"{kind}/{resource_id}", account=ask.resources.owner(ask.region, kind, resource_id))


def existing(ask: Ask, kind: str, resource_id: str, context: Context | None = None) -> Check:
    """The call's own action on a resource that is there."""
    found: Context = resource_tags(ask.resources.tags(ask.region, resource_id), "ec2:ResourceTag")
    vpc = ask.resources.vpc_of(ask.region, kind, resource_id)
    if vpc:
        found["ec2:Vpc"] = ask.arn("ec2", f"vpc/{vpc}")
    return ask.check(ask.call.api, arn(ask, kind, resource_id), {**found, **(context or {})})


def named(ask: Ask, kind: str) -> Iterator[str]:
    """The ids of that type in the call's parameters."""
    for parameter in PARAMETERS[kind]:
        value = ask.params.get(parameter) or []
        yield from [value] if isinstance(value, str) else value
    if kind == "security-group" and ask.params.get("GroupName") and not ask.params.get("GroupId"):
        yield ask.resources.group_id(ask.region, ask.params["GroupName"]) or "*"


def tagging(ask: Ask) -> Iterator[Check]:
    """Tags on creation are authorized as CreateTags, with the action that creates. One check a type with tags."""
    create = {"ec2:CreateAction": ask.call.action}
    for specification in ask.params.get("TagSpecifications") or []:
        tags = specification.get("Tags") or []
        if tags:
            resource = arn(ask, specification["ResourceType"])
            yield ask.check("ec2:CreateTags", resource, {**create, **request_tags(tags)})


def on(kinds: str, *, creates: str = "") -> Rule:
    """The rule of a call on the resources it names, of these types; ``creates`` are the types it makes."""

    def rule(ask: Ask) -> Iterator[Check]:
        for kind in creates.split():
            yield ask.check(ask.call.api, arn(ask, kind), _requested(ask, kind))
        for kind in kinds.split():
            for resource_id in named(ask, kind):
                yield existing(ask, kind, resource_id)
        yield from tagging(ask)

    return rule


def _requested(ask: Ask, kind: str) -> Context:
    """The tags that the call gives to what it makes, as context of the making itself."""
    specifications = ask.params.get("TagSpecifications") or []
    return request_tags([tag for one in specifications if one["ResourceType"] == kind for tag in one.get("Tags") or []])


def tags(ask: Ask) -> Iterator[Check]:
    """CreateTags and DeleteTags on what is there; the type is in the id."""
    for resource_id in ask.params.get("Resources") or []:
        kind = PREFIXES.get(resource_id.partition("-")[0])
        if kind is None:
            raise UnknownAction(f"{ask.call.api}: no resource type is known for {resource_id}")
        yield existing(ask, kind, resource_id, request_tags(ask.params.get("Tags") or []))


def run_instances(ask: Ask) -> Iterator[Check]:
    """Everything that a launch touches. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ExamplePolicies_EC2.html"""
    params = ask.params
    interfaces = params.get("NetworkInterfaces") or []
    yield existing(ask, "image", params.get("ImageId") or "*")
    yield ask.check(ask.call.api, arn(ask, "instance"), _instance_context(ask))
    for volume in _volumes(params) or [{}]:
        yield ask.check(ask.call.api, arn(ask, "volume"), _volume_context(ask, volume))
    for interface in interfaces or [{}]:
        interface_id = interface.get("NetworkInterfaceId") or "*"
        yield existing(ask, "network-interface", interface_id, _interface_context(ask, interface))
    for kind, resource_id in _network(ask, interfaces):
        yield existing(ask, kind, resource_id)
    for kind, resource_id in _extras(params):
        yield existing(ask, kind, resource_id)
    yield from tagging(ask)
    yield from _pass_role(ask)
    market = (params.get("InstanceMarketOptions") or {}).get("MarketType")
    if market == "spot" and not ask.resources.role_exists(SPOT_ROLE):
        role = ask.arn("iam", f"role/aws-service-role/{SPOT}/{SPOT_ROLE}", region="")
        yield ask.check("iam:CreateServiceLinkedRole", role, {"iam:AWSServiceName": SPOT})


def _instance_context(ask: Ask) -> Context:
    params = ask.params
    context = _requested(ask, "instance")
    context["ec2:InstanceType"] = params.get("InstanceType") or "m1.small"
    context["ec2:InstanceMarketType"] = (params.get("InstanceMarketOptions") or {}).get("MarketType") or "on-demand"
    profile = params.get("IamInstanceProfile") or {}
    if profile:
        context["ec2:InstanceProfile"] = profile.get("Arn") or ask.arn(
            "iam", f"instance-profile/{profile['Name']}", region=""
        )
    tokens = (params.get("MetadataOptions") or {}).get("HttpTokens")
    if tokens:
        context["ec2:MetadataHttpTokens"] = tokens
    return context


def _volumes(params: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """What a launch says of its volumes."""
    return [mapping["Ebs"] for mapping in params.get("BlockDeviceMappings") or [] if mapping.get("Ebs")]


def _volume_context(ask: Ask, volume: dict[str, t.Any]) -> Context:
    told: Context = {key: _text(volume[name]) for name, key in VOLUME_KEYS.items() if name in volume}
    return {**_requested(ask, "volume"), **told}


def _interface_context(ask: Ask, interface: dict[str, t.Any]) -> Context:
    context = _requested(ask, "network-interface")
    if "AssociatePublicIpAddress" in interface:
        context["ec2:AssociatePublicIpAddress"] = _text(interface["AssociatePublicIpAddress"])
    subnet = interface.get("SubnetId")
    if subnet:
        context["ec2:Subnet"] = arn(ask, "subnet", subnet)
        vpc = ask.resources.vpc_of(ask.region, "subnet", subnet)
        context |= {"ec2:Vpc": ask.arn("ec2", f"vpc/{vpc}")} if vpc else {}
    return context


def _text(value: t.Any) -> str:
    """A value as conditions compare it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _network(ask: Ask, interfaces: list[dict[str, t.Any]]) -> Iterator[tuple[str, str]]:
    """Subnet and groups: those given, or those that EC2 takes."""
    params, resources = ask.params, ask.resources
    subnets = [value for value in (params.get("SubnetId"), *(one.get("SubnetId") for one in interfaces)) if value]
    zone = (params.get("Placement") or {}).get("AvailabilityZone")
    subnet = subnets[0] if subnets else resources.default_subnet(ask.region, zone)
    groups = [
        *(params.get("SecurityGroupIds") or []),
        *(group for one in interfaces for group in one.get("Groups") or []),
        *(resources.group_id(ask.region, name) or "*" for name in params.get("SecurityGroups") or []),
    ]
    for resource_id in dict.fromkeys(subnets or [subnet or "*"]):
        yield "subnet", resource_id
    for resource_id in dict.fromkeys(groups or [resources.default_group(ask.region, subnet) or "*"]):
        yield "security-group", resource_id


def _extras(params: dict[str, t.Any]) -> Iterator[tuple[str, str]]:
    """What is authorized only where a launch names it."""
    placement = params.get("Placement") or {}
    template = params.get("LaunchTemplate") or {}
    reservation = (params.get("CapacityReservationSpecification") or {}).get("CapacityReservationTarget") or {}
    yield from (("key-pair", params[key]) for key in ("KeyName",) if params.get(key))
    yield from (("placement-group", placement[key]) for key in ("GroupName", "GroupId") if placement.get(key))
    yield from (
        ("launch-template", template[key]) for key in ("LaunchTemplateId", "LaunchTemplateName") if template.get(key)
    )
    yield from (("snapshot", volume["SnapshotId"]) for volume in _volumes(params) if volume.get("SnapshotId"))
    if reservation.get("CapacityReservationResourceGroupArn"):
        raise UnknownAction("no rule says what a launch into a group of capacity reservations needs")
    if reservation.get("CapacityReservationId"):
        yield "capacity-reservation", reservation["CapacityReservationId"]


def _pass_role(ask: Ask) -> Iterator[Check]:
    """The role in the instance profile is passed to EC2. A profile that is missing is EC2's to refuse, not IAM's."""
    profile = ask.params.get("IamInstanceProfile") or {}
    given = profile.get("Arn") or profile.get("Name")
    role = ask.resources.role_in_profile(given) if given else None
    if role:
        yield ask.check("iam:PassRole", role, {"iam:PassedToService": "ec2.amazonaws.com"})


def modify_instance_attribute(ask: Ask) -> Iterator[Check]:
    """The instance, and its groups where they change.

    User data are told by the key that the reference has for a named attribute, however the call gives them. Of the other
    attributes nothing is told: how AWS spells them is not documented.
    """
    writes = "UserData" in ask.params or ask.params.get("Attribute") == "userData"
    context: Context = {"ec2:Attribute/UserData": "given"} if writes else {}
    for instance in named(ask, "instance"):
        yield existing(ask, "instance", instance, context)
    for group in named(ask, "security-group"):
        yield existing(ask, "security-group", group)


def profile_change(ask: Ask) -> Iterator[Check]:
    yield from on("instance")(ask)
    yield from _pass_role(ask)


def copy_image(ask: Ask) -> Iterator[Check]:
    source = f"image/{ask.params['SourceImageId']}"
    yield ask.check(ask.call.api, ask.arn("ec2", source, region=ask.params.get("SourceRegion"), account=""))
    yield from on("", creates="image snapshot")(ask)


RULES: dict[str, Rule] = by_name(
    "ec2",
    {
        anywhere: """
    DescribeAddresses DescribeAvailabilityZones DescribeCapacityReservations DescribeIamInstanceProfileAssociations
    DescribeImages DescribeInstanceStatus DescribeInstanceTypeOfferings DescribeInstanceTypes DescribeInstances
    DescribeInternetGateways DescribeKeyPairs DescribeLaunchTemplates DescribeNatGateways DescribeNetworkAcls
    DescribeNetworkInterfaces DescribePlacementGroups DescribeRegions DescribeRouteTables DescribeSecurityGroupRules
    DescribeSecurityGroups DescribeSnapshots DescribeSpotInstanceRequests DescribeSpotPriceHistory DescribeSubnets
    DescribeTags DescribeVolumes DescribeVpcs CreateDefaultVpc
""",
        run_instances: "RunInstances",
        tags: "CreateTags DeleteTags",
        copy_image: "CopyImage",
        profile_change: "AssociateIamInstanceProfile",
        on("instance"): """
                StartInstances StopInstances TerminateInstances RebootInstances DescribeInstanceAttribute
                ModifyInstanceMetadataOptions GetConsoleOutput""",
        modify_instance_attribute: "ModifyInstanceAttribute",
        on("instance", creates="image snapshot"): "CreateImage",
        on("vpc", creates="security-group"): "CreateSecurityGroup",
        on("security-group"): """
                DeleteSecurityGroup AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress
                RevokeSecurityGroupIngress RevokeSecurityGroupEgress""",
        on("", creates="vpc"): "CreateVpc",
        on("", creates="internet-gateway"): "CreateInternetGateway",
        on("", creates="key-pair"): "CreateKeyPair",
        on("", creates="placement-group"): "CreatePlacementGroup",
        on("", creates="launch-template"): "CreateLaunchTemplate",
        on("", creates="capacity-reservation"): "CreateCapacityReservation",
        on("vpc", creates="subnet"): "CreateSubnet",
        on("vpc", creates="route-table"): "CreateRouteTable",
        on("snapshot", creates="volume"): "CreateVolume",
        on("volume", creates="snapshot"): "CreateSnapshot",
        on("vpc"): "DeleteVpc ModifyVpcAttribute DescribeVpcAttribute",
        on("subnet"): "DeleteSubnet ModifySubnetAttribute",
        on("internet-gateway vpc"): "AttachInternetGateway DetachInternetGateway",
        on("internet-gateway"): "DeleteInternetGateway",
        on("route-table"): "CreateRoute DeleteRoute DeleteRouteTable",
        on("route-table subnet"): "AssociateRouteTable",
        on("volume"): "DeleteVolume",
        on("snapshot"): "DeleteSnapshot",
        on("image"): "DeregisterImage ModifyImageAttribute DescribeImageAttribute",
        on("key-pair"): "DeleteKeyPair ImportKeyPair",
        on("placement-group"): "DeletePlacementGroup",
    },
)
