#!/usr/bin/python
# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module sky_config: documentation and entry point."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sky_config
short_description: Manage an account in the configuration files of SkyPilot and AWS
version_added: 0.1.0
author: the sky.aws authors (@sky-aws)
description:
  - Keeps one account as a workspace of SkyPilot's configuration (C(~/.sky/config.yaml)), with the profile of its user, and
    that profile with its region in AWS's configuration (C(~/.aws/config)).
  - The profile is called by the account id and the user, V(111111111111-alice), as in the credentials file to which
    M(sky.aws.sky_user) delivers the access key.
  - Makes no call to AWS. The account options are there so that C(module_defaults) of the group C(sky.aws.aws) serve this
    module, too; of them it uses O(account_id) and O(region).
  - What others have in the files stays. Many hosts may write into the same files at once. A file is replaced in one step,
    readable for its owner only, and not touched where nothing changes.
  - A file keeps its owner where Ansible runs as root. Other users may be able to write into its folder, but not to have
    another file written. A link is followed only if it belongs to root or to the user that Ansible runs as, in a folder
    where nobody else can replace it. A file that has a second name (hard link), is longer than 2 MB, or is no regular file
    is refused, and so is YAML whose aliases stand for more than 10000 nodes.
  - A file is locked while it is changed. A lock that one process holds for more than 90 seconds is an error.
options:
  user:
    description: Name of the IAM user whose access key the profile is for.
    type: str
  options:
    description:
      - Options of this module in one dictionary, as an item of a list has them. What it has wins over what stands beside it.
      - It takes no account options but O(region). A task gives a list's item whole with it, whatever the item declares.
    type: dict
  state:
    description:
      - V(present) keeps the workspace and the profile.
      - V(absent) removes this workspace, if it uses this profile, and the profile, unless another workspace of the file uses
        it, too. Global values stay.
    type: str
    choices: [present, absent]
    default: present
  workspace:
    description:
      - Name of the workspace, lower-case letters, digits, C(-) and C(_), a letter first. Left out, it is C(aws-) and the
        account id.
      - V(default) is the workspace that SkyPilot takes where none is chosen.
      - A workspace that has another profile is refused.
    type: str
  config_file:
    description:
      - SkyPilot's configuration file, an absolute path or one that starts with V(~/). It is made if it is missing, with its
        folder, for the owner only.
      - With a local connection this is a file on the controller, otherwise on the host that the task runs on.
      - Comments in it are lost when it is changed; the backup keeps them.
    type: path
    default: ~/.sky/config.yaml
  aws_config_file:
    description:
      - AWS's configuration file, an absolute path or one that starts with V(~/). Everything else in it stays as it is,
        comments included.
    type: path
    default: ~/.aws/config
  remote_identity:
    description:
      - Credentials of the machines that SkyPilot starts in the workspace, V(LOCAL_CREDENTIALS), V(SERVICE_ACCOUNT),
        V(NO_UPLOAD) or the name of an instance profile, or a list of single-key dictionaries of a pattern of cluster names
        and one of these.
      - Left out or empty, it stays as it is. Where SkyPilot finds none, it uploads the whole credentials file, with the keys
        of all accounts, to every machine (V(LOCAL_CREDENTIALS)).
    type: raw
  vpc_names:
    description:
      - VPCs by their Name tag, in the order SkyPilot tries them. An empty list declares the default VPC.
      - This and the following options are global values of SkyPilot, for all accounts of the file. Left out, a value is not
        looked at. While no other account of the collection's form of profile is in the file, a declared value is brought
        about; once there is, a value that differs is an error.
      - A declared value that is what SkyPilot does anyway (empty, or V(false)) is never written. Where the file says
        something else, that stays, and is reported in C(drift).
    type: list
    elements: str
  subnet_names:
    description: Subnets by their Name tag. An empty list declares all of the VPC.
    type: list
    elements: str
  use_internal_ips:
    description:
      - Whether instances get private addresses only.
      - Where neither O(ssh_proxy_command) nor O(use_ssm) is there, C(use_ssm) is set, too. SkyPilot would do so itself, with
        a warning at each launch.
    type: bool
  ssh_proxy_command:
    description: Command that SSH uses to reach instances, or a dictionary of regions and commands (null for none).
    type: raw
  use_ssm:
    description: Whether instances are reached through Session Manager. Excludes O(ssh_proxy_command).
    type: bool
  security_group_name:
    description: Security group of the instances, or a list of single-key dictionaries of a pattern of cluster names and one.
    type: raw
  disk_encrypted:
    description: Whether disks are encrypted.
    type: bool
  labels:
    description: Tags of everything that SkyPilot makes. They are added and corrected; others in the file stay.
    type: dict
  backup:
    description:
      - Whether a copy of a file is kept beside it when it is changed, named by process and time as Ansible names backups.
      - Every host that changes a file makes one. Where many accounts are put into one file, V(false) spares the folder.
    type: bool
    default: true
  skypilot_python:
    description:
      - Path of a Python that has SkyPilot. Before SkyPilot's file is changed, SkyPilot itself checks it as it is and as it
        will be, and nothing is written where it refuses one of them. It takes about two seconds for each change, one after
        the other for hosts that share a file.
      - V(auto) takes the Python of the command C(sky) on the PATH. Where there is none, a warning says so.
      - An empty text switches the check off.
    type: path
    default: auto
extends_documentation_fragment:
  - sky.aws._account
  - sky.aws._attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
  idempotent: {support: full}
  action_group: {support: full, membership: [sky.aws.aws]}
requirements:
  - PyYAML
notes:
  - With C(become) the files are those of the other user, and the ordinary module runs.
seealso:
  - module: sky.aws.sky_user
  - module: sky.aws.sky_vpc_lookup
"""

EXAMPLES = r"""
- name: Keep an account in my own files
  sky.aws.sky_config:
    account_id: "111111111111"
    region: us-east-1
    user: alice

- name: Keep one in files for another person, with what SkyPilot needs to know about the network
  sky.aws.sky_config:
    account_id: "111111111111"
    region: us-east-1
    user: alice
    workspace: ml-research
    config_file: /srv/skypilot/alice/config.yaml
    aws_config_file: /srv/skypilot/alice/aws-config
    remote_identity: SERVICE_ACCOUNT
    vpc_names: [lab]
    use_internal_ips: true

- name: Remove the account from the files
  sky.aws.sky_config:
    account_id: "111111111111"
    user: alice
    state: absent
"""

RETURN = r"""
config:
  description: Where the account is in which files.
  returned: success
  type: dict
  sample:
    aws_config_file: /home/me/.aws/config
    backup_files: ["/home/me/.sky/config.yaml.4242.2026-11-24@09:30:00~"]
    checked_by: SkyPilot 0.14.1
    config_file: /home/me/.sky/config.yaml
    profile: 111111111111-alice
    workspace: aws-111111111111
  contains:
    aws_config_file:
      description: Path of AWS's configuration file.
      type: str
      returned: success
      sample: /home/me/.aws/config
    backup_files:
      description: Paths of the backups that were made. Empty in check mode.
      type: list
      elements: str
      returned: success
      sample: ["/home/me/.sky/config.yaml.4242.2026-11-24@09:30:00~"]
    checked_by:
      description:
        - Release of SkyPilot that checked the file as it was and as it is. Null when none did, and when that file does not
          change.
      type: str
      returned: success
      sample: SkyPilot 0.14.1
    config_file:
      description: Path of SkyPilot's configuration file.
      type: str
      returned: success
      sample: /home/me/.sky/config.yaml
    profile:
      description: Name of the profile.
      type: str
      returned: success
      sample: 111111111111-alice
    workspace:
      description: Name of the workspace.
      type: str
      returned: success
      sample: aws-111111111111
drift:
  description:
    - Differences that are reported and not changed, each with what is declared and what was found.
    - They are global values that the file has where SkyPilot's own is declared, and a workspace that is not removed because
      it has another profile.
  returned: success
  type: list
  elements: dict
  sample:
    - aspect: aws.vpc_names
      declared: []
      found: [lab]
steps:
  description: Always empty, since nothing is written to AWS.
  returned: always
  type: list
  elements: dict
  sample: []
diff:
  description: The account's part of both files before and after, as the look at the beginning of the task found it.
  returned: success
  type: dict
  sample:
    before: {}
    after:
      aws_config:
        profile 111111111111-alice: {region: us-east-1}
      sky_config:
        workspaces:
          aws-111111111111: {aws: {profile: 111111111111-alice}}
"""

from ansible_collections.sky.aws.plugins.module_utils._module import run_module
from ansible_collections.sky.aws.plugins.module_utils._resources.config import RESOURCE


def main() -> None:
    """Run the module."""
    run_module(RESOURCE)


if __name__ == "__main__":
    main()
