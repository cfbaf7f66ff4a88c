#!/usr/bin/python
# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module sky_security_group: documentation and entry point."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sky_security_group
short_description: Manage the security group of SkyPilot's machines in the VPCs that it uses
version_added: 0.1.0
author: the sky.aws authors (@sky-aws)
description:
  - Keeps one security group of the same name in each of several VPCs of an account, with the rules that SkyPilot needs.
  - SkyPilot looks for the group that C(aws.security_group_name) of its configuration names in the VPC that it
    launches in. It makes one where there is none, and adds rules only to one that has none. A group made beforehand
    therefore takes the rights to make groups, to tag them and to open ports away from SkyPilot's users.
  - In a group that its configuration names, SkyPilot does not open the C(ports) of a task. It warns about them.
  - Makes one read call a region, regions side by side, and one more for each group that it makes.
options:
  name:
    description:
      - Name of the group, the same in every VPC. It must be plain text to YAML, because SkyPilot writes it into a
        file without quotes.
      - Names that begin with C(sg-) are EC2's ids, and V(default) is the group that every VPC has.
    type: str
    required: true
  networks:
    description:
      - The VPCs, each a dictionary of C(region) and C(vpc_id), or RV(sky.aws.sky_vpc_lookup#module:networks) as they are.
      - Of a network that was looked up, all VPCs are taken that SkyPilot can launch in, also those of C(tried), which
        it goes on to when the first has no capacity. One with an C(error) is left out.
    type: list
    elements: dict
    required: true
  state:
    description:
      - V(present) keeps the group in every VPC.
      - V(absent) deletes it in every VPC. Only what this collection made is deleted, and not while an instance or a
        rule of another group uses it.
    type: str
    choices: [present, absent]
    default: present
  ssh_sources:
    description:
      - Address ranges in CIDR form, IPv4 or IPv6, that may reach port 22.
      - The default is what SkyPilot itself opens. Give the ranges of those who run SkyPilot, and of its jobs
        controller and API server if there are any. An empty list is for machines that are reached through Session
        Manager.
    type: list
    elements: str
    default: ["0.0.0.0/0"]
  efa:
    description:
      - Whether the group also gets the rule for outgoing traffic to itself that Elastic Fabric Adapter needs, for
        SkyPilot's C(network_tier) V(best).
    type: bool
    default: false
  description:
    description:
      - Description of a new group. EC2 cannot change it later; a difference is reported in C(drift).
      - Left out, a new group gets one that names SkyPilot.
    type: str
  existing:
    description:
      - What to do with a group of this name that this collection did not make. What it did make is always converged.
      - V(keep) changes nothing, reports the differences in C(drift), and warns where SkyPilot's machines would lack a
        rule. It is the default because instances that are none of SkyPilot's may use the group, and lose their access
        with its rules.
      - V(converge) brings it to the declared state. It is not marked as the collection's, and O(state=absent) will
        not delete it.
      - V(fail) stops with an error.
    type: str
    choices: [keep, converge, fail]
    default: keep
extends_documentation_fragment:
  - sky.aws._account
  - sky.aws._attributes
  - sky.aws._tags
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
  idempotent: {support: full}
  action_group: {support: full, membership: [sky.aws.aws]}
notes:
  - The rules are all traffic from the group itself, port 22 from O(ssh_sources), and all traffic out to 0.0.0.0/0;
    what is not declared is revoked. The rule out to ::/0 that EC2 gives a new group in a VPC with IPv6 may be there
    or not.
  - Rules are compared by what they allow. However EC2 merges them, and however address ranges are split, makes no
    difference, and their descriptions play no part.
  - "Needs C(ec2:DescribeSecurityGroups), C(ec2:CreateSecurityGroup), C(ec2:DeleteSecurityGroup),
    C(ec2:AuthorizeSecurityGroupIngress), C(ec2:AuthorizeSecurityGroupEgress), C(ec2:RevokeSecurityGroupIngress),
    C(ec2:RevokeSecurityGroupEgress), C(ec2:CreateTags) and C(ec2:DeleteTags)."
seealso:
  - module: sky.aws.sky_vpc_lookup
  - module: sky.aws.sky_iam_policy
  - name: SkyPilot configuration
    description: The field security_group_name.
    link: https://docs.skypilot.co/en/latest/reference/config.html
"""

EXAMPLES = r"""
- name: Find the networks that SkyPilot would use
  sky.aws.sky_vpc_lookup:
    account_id: "111111111111"
    region: us-east-1
    regions: [us-east-1, us-west-2]
  register: network

- name: Keep the group there, with SSH from the office only
  sky.aws.sky_security_group:
    account_id: "111111111111"
    region: us-east-1
    name: skypilot
    networks: "{{ network.networks }}"
    ssh_sources: [203.0.113.0/24, "2001:db8:1::/48"]

- name: Keep it in one VPC, for EFA too
  sky.aws.sky_security_group:
    account_id: "111111111111"
    assume_role: OrganizationAccountAccessRole
    region: us-east-1
    name: skypilot
    networks:
      - region: us-east-1
        vpc_id: vpc-0a1b2c3d4e5f60718
    efa: true

- name: Remove it
  sky.aws.sky_security_group:
    account_id: "111111111111"
    region: us-east-1
    name: skypilot
    networks: "{{ network.networks }}"
    state: absent
"""

RETURN = r"""
security_groups:
  description:
    - The group in each VPC that has it, as it is after the task or will be after the real run, in the order of O(networks).
  returned: success
  type: list
  elements: dict
  sample:
    - region: us-east-1
      vpc_id: vpc-0a1b2c3d4e5f60718
      group_id: sg-0b2c3d4e5f6071829
      group_name: skypilot
      description: Security group of SkyPilot clusters
      owner_id: "111111111111"
      ip_permissions:
        - ip_protocol: "-1"
          user_id_group_pairs: [{"group_id": sg-0b2c3d4e5f6071829}]
        - ip_protocol: tcp
          from_port: 22
          to_port: 22
          ip_ranges: [{"cidr_ip": 203.0.113.0/24}]
      ip_permissions_egress:
        - ip_protocol: "-1"
          ip_ranges: [{"cidr_ip": 0.0.0.0/0}]
      tags: {"sky.aws/managed-by": sky.aws}
  contains:
    region:
      description: Its region.
      type: str
      returned: success
      sample: us-east-1
    vpc_id:
      description: Its VPC.
      type: str
      returned: success
      sample: vpc-0a1b2c3d4e5f60718
    group_id:
      description: Its id. Null in check mode for a group that does not exist yet.
      type: str
      returned: success
      sample: sg-0b2c3d4e5f6071829
    group_name:
      description: Its name.
      type: str
      returned: success
      sample: skypilot
    description:
      description: Its description.
      type: str
      returned: success
      sample: Security group of SkyPilot clusters
    owner_id:
      description: The account that owns it.
      type: str
      returned: success
      sample: "111111111111"
    ip_permissions:
      description: The rules for traffic in, in a fixed order, without descriptions.
      type: list
      elements: dict
      returned: success
      sample:
        - ip_protocol: tcp
          from_port: 22
          to_port: 22
          ip_ranges: [{"cidr_ip": 203.0.113.0/24}]
    ip_permissions_egress:
      description: The rules for traffic out, in the same form.
      type: list
      elements: dict
      returned: success
      sample:
        - ip_protocol: "-1"
          ip_ranges: [{"cidr_ip": 0.0.0.0/0}]
    tags:
      description: Its tags.
      type: dict
      returned: success
      sample: {"sky.aws/managed-by": sky.aws}
drift:
  description: Differences that are reported and not changed, each with what is declared, what was found, and where.
  returned: success
  type: list
  elements: dict
  sample:
    - aspect: ingress
      declared: [all from itself, tcp 22 from 203.0.113.0/24]
      found: [tcp 22 from 0.0.0.0/0]
      network: us-east-1/vpc-0a1b2c3d4e5f60718
steps:
  description:
    - The write calls in order, planned in check mode, performed otherwise; on failure those performed by then.
    - With several VPCs the target of a call is its region, VPC and group, C(us-east-1/vpc-0a1b2c3d4e5f60718/skypilot).
  returned: always
  type: list
  elements: dict
  sample:
    - api: ec2:CreateSecurityGroup
      target: skypilot
    - api: ec2:AuthorizeSecurityGroupIngress
      target: skypilot
diff:
  description: The declared part of each group before and after, with the rules as text.
  returned: success
  type: dict
  sample:
    before: {}
    after:
      security_group us-east-1/vpc-0a1b2c3d4e5f60718:
        group_name: skypilot
        ingress: [all from itself, tcp 22 from 203.0.113.0/24]
"""

from ansible_collections.sky.aws.plugins.module_utils._module import run_module
from ansible_collections.sky.aws.plugins.module_utils._resources.security_group import RESOURCE


def main() -> None:
    """Run the module."""
    run_module(RESOURCE)


if __name__ == "__main__":
    main()
