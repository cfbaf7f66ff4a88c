#!/usr/bin/python
# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module sky_instance: documentation and entry point."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sky_instance
short_description: Manage one EC2 instance with SkyPilot's instance profile running, stopped or absent
version_added: 0.1.0
author: the sky.aws authors (@sky-aws)
description:
  - Keeps one EC2 instance in the declared state, by default with the instance profile C(skypilot-v1) of SkyPilot's own
    machines. Typical uses are an API server, a login host or a build machine beside SkyPilot's clusters.
  - An instance is found by its Name tag in the account and region, and by nothing else. Another image, type or subnet
    never makes a second one.
  - Changed on an instance that is there are its state, its tags and O(metadata_options). Whatever else differs from
    what is declared is reported in RV(drift) and left.
  - Only an instance that this collection made is ever touched, whatever O(state) says. It is known by the tag
    C(sky.aws/managed-by) and by its ClientToken, which nobody can change later. Any other live instance of the name is an
    error that says whose it is. So are several live instances of the name.
  - Name, tag and ClientToken are chosen by whoever launches an instance. The feature V(protect_tags) of
    M(sky.aws.sky_iam_policy), which is in its default, denies the tag to SkyPilot's users and role. Who may tag instances
    without it can launch one that is taken for the collection's own.
  - The ClientToken is made from what is asked for, so that an attempt whose answer was lost, or a run that was killed,
    never leads to a second instance.
options:
  name:
    description:
      - Name of the instance, the value of its Name tag, 1 to 256 characters without C(*), C(?) and backslash.
    type: str
  options:
    description:
      - Options of this module in one dictionary, as an item of a list has them. What it has wins over what stands beside it;
        O(tags) of both are added up.
      - It takes no account options but O(region). A task gives a list's item whole with it, whatever the item declares.
    type: dict
  state:
    description:
      - V(running) makes the instance where there is none, and starts one that is stopped.
      - V(stopped) stops it. One that does not exist is made and then stopped.
      - V(absent) terminates it. Its root volume goes with it if O(volume.delete_on_termination) was set.
      - An instance that shuts down or is terminated counts as absent.
    type: str
    choices: [running, stopped, absent]
    default: running
  instance_type:
    description: Type of a new instance.
    type: str
    default: t3.micro
  image_id:
    description:
      - Image of a new instance. It must have an EBS root volume.
      - This or O(image_parameter) is needed only where the instance does not exist yet.
      - Excludes O(image_parameter).
    type: str
  image_parameter:
    description:
      - SSM parameter that holds the id of the image of a new instance, by name, or by ARN for a shared one.
      - It is read in every run, to report in RV(drift) that a newer image is out. A newer image does not replace an
        instance.
      - Excludes O(image_id).
    type: str
  vpc_name:
    description:
      - Name tag of the VPC for a new instance.
      - The subnets are those that SkyPilot would use, zone by zone from Z to A. They are the public ones, or those for
        C(use_internal_ips) in a VPC without public ones.
      - Without this, O(subnet_ids) and O(networks) it is the default VPC, and any of its subnets where SkyPilot would take
        none.
      - Excludes O(subnet_ids).
    type: str
  subnet_ids:
    description:
      - Subnets for a new instance, the preferred one first, all of one VPC.
      - The next one is tried where EC2 has no capacity for the instance, does not offer its type, or has no address
        left.
      - Excludes O(vpc_name).
    type: list
    elements: str
    default: []
  networks:
    description:
      - What M(sky.aws.sky_vpc_lookup) found, as RV(sky.aws.sky_vpc_lookup#module:networks). Its subnets of the instance's
        region are as if given as O(subnet_ids), unless that or O(vpc_name) is given.
    type: list
    elements: dict
    default: []
  instance_profile:
    description:
      - Name of the instance profile of a new instance. An empty string means none.
      - EC2 sees a new profile some seconds after IAM has it. The module waits for that, about a minute at most.
    type: str
    default: skypilot-v1
  security_groups:
    description:
      - Security groups of a new instance, by id, or by name in the VPC.
      - Without any it is the VPC's default group.
    type: list
    elements: str
    default: []
  key_name:
    description: Key pair of a new instance.
    type: str
  volume:
    description: The root volume of a new instance.
    type: dict
    suboptions:
      size:
        description:
          - Size in GiB, not less than that of the image.
          - If not set, it is the image's.
        type: int
      type:
        description: Type of the volume.
        type: str
        choices: [gp3, gp2, io2, io1, standard]
        default: gp3
      iops:
        description:
          - I/O operations per second; 3000 to 80000 for V(gp3), 100 to 256000 for V(io2), 100 to 64000 for V(io1).
          - V(io1) and V(io2) need it. V(gp2) and V(standard) take none.
        type: int
      throughput:
        description: Throughput in MiB/s of a V(gp3) volume, 125 to 2000, at most a quarter of its IOPS.
        type: int
      encrypted:
        description:
          - Whether the volume is encrypted.
          - V(false) leaves it to the image and to the account, which may encrypt by default.
        type: bool
        default: true
      kms_key_id:
        description:
          - KMS key for the encryption, by id, alias or ARN.
          - If not set, it is the account's default key for EBS.
        type: str
      delete_on_termination:
        description: Whether the volume is deleted with the instance.
        type: bool
        default: true
  user_data:
    description:
      - User data of a new instance, a script or a cloud-init configuration, at most 16384 bytes.
      - It is never shown. Still, put no secret in it, since everybody who may call C(ec2:DescribeInstanceAttribute) can
        read it, and SkyPilot's policy allows that to its users and instances.
    type: str
  spot:
    description:
      - Whether a new instance is a spot instance, which EC2 may terminate at any time.
      - A spot instance cannot be stopped.
    type: bool
    default: false
  metadata_options:
    description: How the instance reaches its metadata. It is changed on an instance that is there, too.
    type: dict
    suboptions:
      http_tokens:
        description: V(required) allows IMDSv2 only, V(optional) also IMDSv1.
        type: str
        choices: [required, optional]
        default: required
      http_endpoint:
        description:
          - Whether the instance has metadata at all.
          - Without them it gets no credentials from its instance profile.
        type: str
        choices: [enabled, disabled]
        default: enabled
      http_put_response_hop_limit:
        description:
          - How many network hops a token may travel, 1 to 64. Containers need 2.
          - If not set, it is what the image or the account says.
        type: int
  wait:
    description:
      - Whether to wait until a change of the state is complete.
      - Where a later step of the same task needs it, the module waits all the same.
      - With V(false), RV(instance.state) is V(pending) or V(stopping) after a change.
    type: bool
    default: true
  wait_timeout:
    description: How long to wait for a state, in seconds, 1 to 43200.
    type: int
    default: 600
  tags:
    description:
      - Tags to add or correct, as a dictionary. A new instance's root volume gets them too, an existing one's is left.
      - Keys that start with C(aws:) or C(sky.aws/) are refused; the first are AWS's, the second the collection's.
        C(Name) is O(name).
    type: dict
    aliases: [resource_tags]
extends_documentation_fragment:
  - sky.aws._account
  - sky.aws._attributes
  - sky.aws._tags
attributes:
  check_mode: {support: full}
  diff_mode:
    support: full
    details: O(user_data) and O(volume) are not in it, since EC2 does not describe them with the instance.
  idempotent: {support: full}
  action_group: {support: full, membership: [sky.aws.aws]}
notes:
  - A run that changes nothing makes one call, C(ec2:DescribeInstances), and C(ssm:GetParameter) for O(image_parameter).
  - Making an instance needs C(ec2:DescribeImages), C(ec2:DescribeSubnets), C(ec2:RunInstances) and C(ec2:CreateTags),
    and C(iam:PassRole) on the role in the instance profile; with names of security groups
    C(ec2:DescribeSecurityGroups), without O(subnet_ids) C(ec2:DescribeVpcs) and C(ec2:DescribeRouteTables).
  - Tags are not made readable in the metadata, because EC2 allows no C(/) in their keys then and C(sky.aws/managed-by)
    has one.
seealso:
  - module: sky.aws.sky_role
  - module: sky.aws.sky_vpc_lookup
"""

EXAMPLES = r"""
- name: Keep a small machine with Amazon Linux running in the default VPC
  sky.aws.sky_instance:
    account_id: "111111111111"
    region: us-east-1
    name: sky-api-server
    image_parameter: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64

- name: Keep one in a named VPC of a member account, with a larger volume
  sky.aws.sky_instance:
    account_id: "111111111111"
    assume_role: OrganizationAccountAccessRole
    region: us-east-1
    name: sky-api-server
    instance_type: m7i.large
    image_parameter: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64
    vpc_name: research-private
    volume:
      size: 100
      throughput: 250
    tags:
      team: ml-platform

- name: Look the network up as SkyPilot does
  sky.aws.sky_vpc_lookup:
    account_id: "111111111111"
    region: us-east-1
  register: network

- name: Keep a machine ready but stopped, in the first of these subnets that has room
  sky.aws.sky_instance:
    account_id: "111111111111"
    region: us-east-1
    name: build-machine
    state: stopped
    image_id: ami-0a1b2c3d4e5f60718
    networks: "{{ network.networks }}"
    metadata_options:
      http_put_response_hop_limit: 2

- name: Terminate it
  sky.aws.sky_instance:
    account_id: "111111111111"
    region: us-east-1
    name: build-machine
    state: absent
"""

RETURN = r"""
instance:
  description:
    - The instance as it is after the task, or will be after the real run. Null when there is none.
    - For an instance that does not exist yet, what only EC2 decides is null in check mode.
  returned: success
  type: dict
  sample:
    availability_zone: us-east-1b
    client_token: sky-aws-0b9ffb5a5a5f2d5c7f0cd9ac41f63c4ce2b0d4b1f4f3e5aa7f2a1c9d
    iam_instance_profile: arn:aws:iam::111111111111:instance-profile/skypilot-v1
    image_id: ami-0a1b2c3d4e5f60718
    instance_id: i-0123456789abcdef0
    instance_type: t3.micro
    key_name: null
    launch_time: "2026-11-24T09:30:00+00:00"
    metadata_options:
      http_endpoint: enabled
      http_put_response_hop_limit: 2
      http_tokens: required
      instance_metadata_tags: disabled
    name: sky-api-server
    private_ip_address: 172.31.16.10
    public_ip_address: 198.51.100.7
    security_groups:
      - group_id: sg-0123456789abcdef0
        group_name: default
    spot: false
    state: running
    subnet_id: subnet-0123456789abcdef0
    tags: {"Name": sky-api-server, "sky.aws/managed-by": sky.aws}
    vpc_id: vpc-0123456789abcdef0
  contains:
    availability_zone:
      description: Its availability zone. In check mode that of the first subnet.
      type: str
      returned: success
      sample: us-east-1b
    client_token:
      description: The token that it was made with; this collection's begin with C(sky-aws-).
      type: str
      returned: success
      sample: sky-aws-0b9ffb5a5a5f2d5c7f0cd9ac41f63c4ce2b0d4b1f4f3e5aa7f2a1c9d
    iam_instance_profile:
      description: ARN of its instance profile, predicted in check mode. Null without one.
      type: str
      returned: success
      sample: arn:aws:iam::111111111111:instance-profile/skypilot-v1
    image_id:
      description: The image that it was made from.
      type: str
      returned: success
      sample: ami-0a1b2c3d4e5f60718
    instance_id:
      description: Its id. Null in check mode for an instance that does not exist yet.
      type: str
      returned: success
      sample: i-0123456789abcdef0
    instance_type:
      description: Its type.
      type: str
      returned: success
      sample: t3.micro
    key_name:
      description: Its key pair. Null without one.
      type: str
      returned: success
      sample: research
    launch_time:
      description: When it was last started, ISO 8601. Null in check mode for an instance that does not exist yet.
      type: str
      returned: success
      sample: "2026-11-24T09:30:00+00:00"
    metadata_options:
      description: How it reaches its metadata. What is not declared is null in check mode for a new instance.
      type: dict
      returned: success
      sample:
        http_endpoint: enabled
        http_put_response_hop_limit: 2
        http_tokens: required
        instance_metadata_tags: disabled
      contains:
        http_endpoint:
          description: Whether it has metadata, V(enabled) or V(disabled).
          type: str
          returned: success
          sample: enabled
        http_put_response_hop_limit:
          description: How many network hops a token may travel.
          type: int
          returned: success
          sample: 2
        http_tokens:
          description: V(required) for IMDSv2 only, V(optional) for IMDSv1 too.
          type: str
          returned: success
          sample: required
        instance_metadata_tags:
          description: Whether its tags are readable in its metadata.
          type: str
          returned: success
          sample: disabled
    name:
      description: Its Name tag.
      type: str
      returned: success
      sample: sky-api-server
    private_ip_address:
      description: Its private address. Null in check mode for an instance that does not exist yet.
      type: str
      returned: success
      sample: 172.31.16.10
    public_ip_address:
      description: Its public address. Null without one, and while it is not known because the instance starts.
      type: str
      returned: success
      sample: 198.51.100.7
    security_groups:
      description:
        - Its security groups.
        - Null in check mode for a new instance that gets the VPC's default group.
      type: list
      elements: dict
      returned: success
      sample:
        - group_id: sg-0123456789abcdef0
          group_name: default
      contains:
        group_id:
          description: Id of the group.
          type: str
          returned: success
          sample: sg-0123456789abcdef0
        group_name:
          description: Name of the group. Null in check mode for a new instance whose groups are declared by id.
          type: str
          returned: success
          sample: default
    spot:
      description: Whether it is a spot instance.
      type: bool
      returned: success
      sample: false
    state:
      description: Its state, V(pending), V(running), V(stopping) or V(stopped).
      type: str
      returned: success
      sample: running
    subnet_id:
      description: Its subnet. In check mode the first candidate.
      type: str
      returned: success
      sample: subnet-0123456789abcdef0
    tags:
      description: Its tags.
      type: dict
      returned: success
      sample: {"Name": sky-api-server, "sky.aws/managed-by": sky.aws}
    vpc_id:
      description: Its VPC.
      type: str
      returned: success
      sample: vpc-0123456789abcdef0
drift:
  description:
    - Differences that are reported and not changed, each with what is declared and what was found.
    - Aspects are C(instance_type), C(instance_profile), C(spot), C(security_groups), C(image_id), C(key_name) and
      C(subnet_ids). What is not declared is not compared.
  returned: success
  type: list
  elements: dict
  sample: [{"aspect": image_id, "declared": ami-0a1b2c3d4e5f60718, "found": ami-0f0e0d0c0b0a09080}]
steps:
  description:
    - The write calls in order, planned in check mode, performed otherwise; on failure those performed by then. The
      target is always the name of the instance.
    - A call that EC2 refused is no step, such as the try in a subnet without capacity.
  returned: always
  type: list
  elements: dict
  sample: [{"api": "ec2:RunInstances", "target": sky-api-server}]
diff:
  description: What is declared of the instance, before and after.
  returned: success
  type: dict
  sample: {"before": {}, "after": {"instance": {"name": sky-api-server, "state": running, "instance_type": t3.micro}}}
"""

from ansible_collections.sky.aws.plugins.module_utils._module import run_module
from ansible_collections.sky.aws.plugins.module_utils._resources.instance import RESOURCE


def main() -> None:
    """Run the module."""
    run_module(RESOURCE)


if __name__ == "__main__":
    main()
