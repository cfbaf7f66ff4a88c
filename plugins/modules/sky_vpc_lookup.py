#!/usr/bin/python
# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module sky_vpc_lookup: documentation and entry point."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sky_vpc_lookup
short_description: Look up the VPC and subnets that SkyPilot would use in each region
version_added: 0.1.0
author: the sky.aws authors (@sky-aws)
description:
  - Decides for each region as SkyPilot 0.14.1 does at C(sky launch), which VPC and which subnets it would use, and
    refuses with SkyPilot's own text where the launch would be refused.
  - Without O(vpc_names) and O(subnet_names) SkyPilot takes the default VPC of a region.
  - A subnet is public to SkyPilot if its own route table has a route to an internet gateway, or, where it has no
    table of its own, if the main route table has one. Whether the subnet gives out public addresses does not matter
    for that.
  - Makes at most three calls a region, all reads, and one more for O(regions=all). Regions are read side by side.
options:
  regions:
    description:
      - Regions to look at, in this order, or the single word V(all).
      - V(all) means the regions of SkyPilot's catalog that are enabled in the account, in the catalog's order.
      - If not set, O(region) is looked at.
    type: list
    elements: str
  vpc_names:
    description:
      - VPCs by the exact value of their Name tag, as in C(aws.vpc_names) of SkyPilot's configuration.
      - With several names SkyPilot takes the first that is usable in a region, and goes on to the next ones when that
        has no capacity. The same names hold for all regions.
      - A name must be the Name tag of one VPC only in a region, must not hold C(*), C(?) or a backslash, which EC2
        reads as a pattern, and must be plain text to YAML, because SkyPilot writes it into a file without quotes.
    type: list
    elements: str
    default: []
  subnet_names:
    description:
      - Subnets by the value of their Name tag, as in C(aws.subnet_names) of SkyPilot's configuration. C(*) and C(?)
        stand for other characters.
      - SkyPilot refuses all of them when one that exists is not usable or is in another VPC. It ignores a name that
        does not exist where another one does; the module warns then.
      - Give O(vpc_names) too. Without it SkyPilot launches in these subnets but opens ports and terminates clusters
        in the default VPC; the module warns then.
    type: list
    elements: str
    default: []
  use_internal_ips:
    description:
      - Whether SkyPilot's machines get private addresses only, as C(aws.use_internal_ips) of SkyPilot's
        configuration.
      - V(false) needs public subnets. V(true) needs subnets that are not public and that give out no public
        addresses.
      - With V(true), SkyPilot reaches machines by SSH through Session Manager unless its configuration has
        C(aws.ssh_proxy_command). The users then need C(ssm:StartSession) (the feature V(ssm) of
        M(sky.aws.sky_iam_policy)) and the AWS CLI with its Session Manager plugin, and the role on the machines needs
        the policy C(AmazonSSMManagedInstanceCore). See RV(sky_config) for the other ways.
    type: bool
    default: false
  on_unusable:
    description:
      - What to do when SkyPilot cannot launch in one of the regions.
      - V(fail) fails, with a line for each such region.
      - V(report) goes on; the text is in RV(networks[].error). It fails still when no region could be read at all.
    type: str
    choices: [fail, report]
    default: fail
extends_documentation_fragment:
  - sky.aws._account
  - sky.aws._attributes
attributes:
  check_mode:
    support: full
    details: The module only reads.
  diff_mode:
    support: N/A
    details: The module only reads; C(diff) is empty.
  idempotent:
    support: N/A
    details: The module only reads.
  action_group: {support: full, membership: [sky.aws.aws]}
notes:
  - Needs C(ec2:DescribeVpcs), C(ec2:DescribeSubnets) and C(ec2:DescribeRouteTables), and C(ec2:DescribeRegions) for
    O(regions=all).
  - SkyPilot launches zone by zone. A zone that has no subnet in RV(networks[].subnets) is skipped.
seealso:
  - module: sky.aws.sky_instance
  - module: sky.aws.sky_iam_policy
  - name: SkyPilot configuration
    description: The fields vpc_names, subnet_names, use_internal_ips, use_ssm and ssh_proxy_command.
    link: https://docs.skypilot.co/en/latest/reference/config.html
"""

EXAMPLES = r"""
- name: Look at the default VPC of one region
  sky.aws.sky_vpc_lookup:
    account_id: "111111111111"
    region: us-east-1
  register: network

- name: Show the subnets in the order in which SkyPilot tries them
  ansible.builtin.debug:
    msg: "{{ network.networks[0].subnets | map(attribute='subnet_id') }}"

- name: See where SkyPilot can launch, in every region it knows, without failing
  sky.aws.sky_vpc_lookup:
    account_id: "111111111111"
    assume_role: OrganizationAccountAccessRole
    region: us-east-1
    regions: all
    on_unusable: report
  register: everywhere

- name: List the regions that will not do, with SkyPilot's reason
  ansible.builtin.debug:
    msg: "{{ item.region }}: {{ item.error }}"
  loop: "{{ everywhere.networks | selectattr('error') }}"
  loop_control:
    label: "{{ item.region }}"

- name: Make sure that a private VPC is ready in two regions
  sky.aws.sky_vpc_lookup:
    account_id: "111111111111"
    region: us-east-1
    regions: [us-east-1, us-west-2]
    vpc_names: [research-private]
    use_internal_ips: true
  register: private

- name: Write the matching part of SkyPilot's configuration
  ansible.builtin.copy:
    content: "{{ private.sky_config | to_nice_yaml }}"
    dest: sky-config.yaml
    mode: "0644"
  delegate_to: localhost
"""

RETURN = r"""
networks:
  description: What SkyPilot finds, one item a region, in the order of O(regions).
  returned: success
  type: list
  elements: dict
  sample:
    - region: us-east-1
      vpc:
        id: vpc-0a1b2c3d4e5f60718
        vpc_id: vpc-0a1b2c3d4e5f60718
        name: research
        cidr_block: 10.0.0.0/16
        is_default: false
      subnets:
        - id: subnet-0b2c3d4e5f6071829
          subnet_id: subnet-0b2c3d4e5f6071829
          availability_zone: us-east-1b
          cidr_block: 10.0.1.0/24
          public: true
          name: research-public-b
      rejected:
        - subnet_id: subnet-0c3d4e5f607182930
          availability_zone: us-east-1a
          reason: "private: route table rtb-0d4e5f60718293041 has no route to an internet gateway"
      error: null
      tried:
        - name: research-old
          vpc_id: null
          error: "No VPC with name 'research-old' is found in us-east-1. To fix: specify a correct VPC name."
  contains:
    region:
      description: The region.
      type: str
      returned: success
      sample: us-east-1
    vpc:
      description:
        - The VPC that SkyPilot uses. With an RV(networks[].error) the one that it looked at first, or null where it
          found none.
      type: dict
      returned: success
      sample:
        id: vpc-0a1b2c3d4e5f60718
        vpc_id: vpc-0a1b2c3d4e5f60718
        name: research
        cidr_block: 10.0.0.0/16
        is_default: false
      contains:
        id:
          description: Its id.
          type: str
          returned: success
          sample: vpc-0a1b2c3d4e5f60718
        vpc_id:
          description: The same id.
          type: str
          returned: success
          sample: vpc-0a1b2c3d4e5f60718
        name:
          description: Its Name tag, or an empty string.
          type: str
          returned: success
          sample: research
        cidr_block:
          description: Its primary IPv4 range.
          type: str
          returned: success
          sample: 10.0.0.0/16
        is_default:
          description: Whether it is the region's default VPC.
          type: bool
          returned: success
          sample: false
    subnets:
      description:
        - The subnets that SkyPilot uses, in its order, by zone from Z to A. Within a zone, where SkyPilot has no
          order of its own, they are sorted by id.
        - Empty with an RV(networks[].error).
      type: list
      elements: dict
      returned: success
      sample:
        - id: subnet-0b2c3d4e5f6071829
          subnet_id: subnet-0b2c3d4e5f6071829
          availability_zone: us-east-1b
          cidr_block: 10.0.1.0/24
          public: true
          name: research-public-b
      contains:
        id:
          description: Its id.
          type: str
          returned: success
          sample: subnet-0b2c3d4e5f6071829
        subnet_id:
          description: The same id.
          type: str
          returned: success
          sample: subnet-0b2c3d4e5f6071829
        availability_zone:
          description: Its zone, by name.
          type: str
          returned: success
          sample: us-east-1b
        cidr_block:
          description: Its IPv4 range.
          type: str
          returned: success
          sample: 10.0.1.0/24
        public:
          description: Whether SkyPilot takes it for public. Always the opposite of O(use_internal_ips) here.
          type: bool
          returned: success
          sample: true
        name:
          description: Its Name tag, or an empty string.
          type: str
          returned: success
          sample: research-public-b
    rejected:
      description: The other subnets of the VPC, or of O(subnet_names) where given, in the same order.
      type: list
      elements: dict
      returned: success
      sample:
        - subnet_id: subnet-0c3d4e5f607182930
          availability_zone: us-east-1a
          reason: "private: route table rtb-0d4e5f60718293041 has no route to an internet gateway"
      contains:
        subnet_id:
          description: Its id.
          type: str
          returned: success
          sample: subnet-0c3d4e5f607182930
        availability_zone:
          description: Its zone, by name.
          type: str
          returned: success
          sample: us-east-1a
        reason:
          description: Why SkyPilot does not use it, in this collection's words.
          type: str
          returned: success
          sample: "private: route table rtb-0d4e5f60718293041 has no route to an internet gateway"
    error:
      description:
        - Why SkyPilot cannot launch in this region, in the words of its log, where
          C(SKYPILOT_ERROR_NO_NODES_LAUNCHED) comes before it; or why the region could not be read. Null where it can
          launch.
        - With several O(vpc_names) this is about the first; the others are in RV(networks[].tried).
      type: str
      returned: success
      sample: The default VPC in us-west-2 either does not exist or has no subnets.
    tried:
      description:
        - The other VPCs of O(vpc_names), in their order. SkyPilot refuses those with an error, and goes on to those
          without one when the chosen VPC has no capacity.
      type: list
      elements: dict
      returned: success
      sample:
        - name: research-old
          vpc_id: null
          error: "No VPC with name 'research-old' is found in us-east-1. To fix: specify a correct VPC name."
      contains:
        name:
          description: The name, from O(vpc_names).
          type: str
          returned: success
          sample: research-old
        vpc_id:
          description: Its id, or null where the name is not that of one VPC.
          type: str
          returned: success
          sample: vpc-0e5f6071829304152
        error:
          description: SkyPilot's text, or null where it is usable.
          type: str
          returned: success
          sample: "No VPC with name 'research-old' is found in us-east-1. To fix: specify a correct VPC name."
sky_config:
  description:
    - The part of C(~/.sky/config.yaml) that makes SkyPilot use this network. C(aws) is empty for public default VPCs.
    - C(use_ssm) comes with C(use_internal_ips) and says what SkyPilot does anyway, without its warning at each
      launch. Where machines are reached through a jump host, put C(ssh_proxy_command) in its place; SkyPilot refuses
      both together. Where their private addresses can be reached directly, set C(use_ssm) to V(false).
  returned: success
  type: dict
  sample:
    aws:
      vpc_names: [research-private]
      use_internal_ips: true
      use_ssm: true
  contains:
    aws:
      description: The fields under C(aws), where needed C(vpc_names), C(subnet_names), C(use_internal_ips), C(use_ssm).
      type: dict
      returned: success
      sample:
        vpc_names: [research-private]
        use_internal_ips: true
        use_ssm: true
steps:
  description: Empty; the module writes nothing.
  returned: always
  type: list
  elements: dict
  sample: []
diff:
  description: Empty before and after; the module writes nothing.
  returned: success
  type: dict
  sample: {"before": {}, "after": {}}
"""

from ansible_collections.sky.aws.plugins.module_utils._module import run_module
from ansible_collections.sky.aws.plugins.module_utils._resources.network import RESOURCE


def main() -> None:
    """Run the module."""
    run_module(RESOURCE)


if __name__ == "__main__":
    main()
