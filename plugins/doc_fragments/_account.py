# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that reach an account. PRIVATE to the collection.

Plugins other than modules document the environment as a source of its own.
"""

from __future__ import annotations


class ModuleDocFragment:
    """Account options: in every module, and as ``sky.aws._account.plugins`` in other plugins."""

    DOCUMENTATION = r"""
options:
  account_id:
    description:
      - The AWS account that the task is about, a string of 12 digits.
      - The session must be in this account; otherwise the task fails before it writes anything.
      - Put it in quotes. A number is refused, because YAML reads leading zeros as octal.
      - A task that does not give it takes it from the variable C(sky_account_id) of its host, and with it what it does not
        give of O(region), O(assume_role), O(external_id), O(profile) and O(endpoint_url) from C(sky_account_region),
        C(sky_account_assume_role) and so on, with the defaults that these have in the role P(sky.aws.sky_account#role). An
        empty variable counts as not given.
    type: raw
    required: true
  assume_role:
    description:
      - Role to assume in O(account_id), by name, by path and name, or by ARN.
      - Left empty, the credentials are used as they are.
    type: str
  external_id:
    description:
      - External id that the role's trust policy asks for.
      - It is not a secret to AWS and is not masked.
      - If not set, the environment variable E(SKY_EXTERNAL_ID) is used.
    type: str
  session_name:
    description: Name of the assumed session, as CloudTrail in the account shows it.
    type: str
    default: sky.aws
  session_duration:
    description: How long the assumed session lives, in seconds. It is renewed where a run takes longer.
    type: int
    default: 3600
  region:
    description:
      - Region for the calls to regional services; it also decides the partition (V(aws), V(aws-cn), V(aws-us-gov)).
      - If not set, the environment variables E(AWS_REGION), E(AWS_DEFAULT_REGION) and E(EC2_REGION) are used, then the
        profile's region.
    type: str
    aliases: [aws_region, ec2_region]
  profile:
    description:
      - Profile of the shared AWS configuration whose credentials are used.
      - If neither this nor O(access_key) is set, botocore looks for credentials in its usual places, among them
        E(AWS_PROFILE), E(AWS_ACCESS_KEY_ID) with E(AWS_SECRET_ACCESS_KEY), and an instance's or container's role.
    type: str
    aliases: [aws_profile]
  access_key:
    description: Access key id. Excludes O(profile).
    type: str
    aliases: [aws_access_key_id, aws_access_key, ec2_access_key]
  secret_key:
    description: Secret access key that belongs to O(access_key).
    type: str
    aliases: [aws_secret_access_key, aws_secret_key, ec2_secret_key]
  session_token:
    description: Session token that belongs to a temporary O(access_key).
    type: str
    aliases: [aws_session_token, security_token, aws_security_token, access_token]
  endpoint_url:
    description:
      - URL to use instead of AWS's own endpoints, for example of an emulated AWS.
      - If not set, the environment variables E(AWS_URL), E(EC2_URL) and E(S3_URL) are used, then what botocore reads
        itself, such as E(AWS_ENDPOINT_URL).
      - A profile that itself assumes a role does so at E(AWS_ENDPOINT_URL) or at AWS; this option does not reach it.
    type: str
    aliases: [aws_endpoint_url, ec2_url, s3_url]
  validate_certs:
    description: Whether TLS certificates are verified.
    type: bool
    default: true
  aws_ca_bundle:
    description:
      - File of the certificate authorities to trust.
      - If not set, the environment variable E(AWS_CA_BUNDLE) is used.
    type: path
  aws_config:
    description:
      - Options of C(botocore.config.Config) that replace the collection's own, for example C(retries), a dictionary of
        C(mode) and C(max_attempts).
      - The collection sets retry mode C(standard) with 10 retries. What C(retries) does not name stays so.
    type: dict
requirements:
  - python >= 3.11
  - boto3 >= 1.37.0
  - botocore >= 1.37.0
notes:
  - With a local connection the module runs inside the Ansible worker, one AssumeRole for each account and run.
    Over any other connection, with C(become) or with C(async), it runs as an ordinary module.
seealso:
  - name: SkyPilot on AWS
    description: The permissions that SkyPilot needs, click by click.
    link: https://docs.skypilot.co/en/latest/cloud-setup/cloud-permissions/aws.html
"""

    # secret_key and session_token are raw, because Ansible would quote a value of another type in its message.
    PLUGINS = r"""
options:
  account_id:
    description:
      - The AWS account whose API is asked, a string of 12 digits.
      - The session must be in this account; otherwise it fails before it asks for anything.
      - Put it in quotes. A number is refused, because YAML reads leading zeros as octal.
    type: raw
    required: true
  assume_role:
    description:
      - Role to assume in O(account_id), by name, by path and name, or by ARN.
      - Left empty, the credentials are used as they are.
    type: str
  external_id:
    description:
      - External id that the role's trust policy asks for.
      - It is not a secret to AWS and is not masked.
    type: str
    env:
      - name: SKY_EXTERNAL_ID
  session_name:
    description: Name of the assumed session, as CloudTrail in the account shows it.
    type: str
    default: sky.aws
  session_duration:
    description: How long the assumed session lives, in seconds. It is renewed where a run takes longer.
    type: int
    default: 3600
  region:
    description:
      - Region for the calls to regional services; it also decides the partition (V(aws), V(aws-cn), V(aws-us-gov)).
      - If not set, the profile's region is used.
    type: str
    aliases: [aws_region, ec2_region]
    env:
      - name: EC2_REGION
      - name: AWS_DEFAULT_REGION
      - name: AWS_REGION
  profile:
    description:
      - Profile of the shared AWS configuration whose credentials are used.
      - If neither this nor O(access_key) is set, botocore looks for credentials in its usual places, among them
        E(AWS_PROFILE), E(AWS_ACCESS_KEY_ID) with E(AWS_SECRET_ACCESS_KEY), and an instance's or container's role.
    type: str
    aliases: [aws_profile]
  access_key:
    description: Access key id. Excludes O(profile).
    type: str
    aliases: [aws_access_key_id, aws_access_key, ec2_access_key]
  secret_key:
    description: Secret access key that belongs to O(access_key), a string.
    type: raw
    aliases: [aws_secret_access_key, aws_secret_key, ec2_secret_key]
  session_token:
    description: Session token that belongs to a temporary O(access_key), a string.
    type: raw
    aliases: [aws_session_token, security_token, aws_security_token, access_token]
  endpoint_url:
    description:
      - URL to use instead of AWS's own endpoints, for example of an emulated AWS.
      - If not set, botocore's own settings are used, such as E(AWS_ENDPOINT_URL).
      - A profile that itself assumes a role does so at E(AWS_ENDPOINT_URL) or at AWS; this option does not reach it.
    type: str
    aliases: [aws_endpoint_url, ec2_url, s3_url]
    env:
      - name: S3_URL
      - name: EC2_URL
      - name: AWS_URL
  validate_certs:
    description: Whether TLS certificates are verified.
    type: bool
    default: true
  aws_ca_bundle:
    description: File of the certificate authorities to trust.
    type: path
    env:
      - name: AWS_CA_BUNDLE
  aws_config:
    description:
      - Options of C(botocore.config.Config) that replace the collection's own, for example C(retries), a dictionary of
        C(mode) and C(max_attempts).
      - The collection sets retry mode C(standard) with 10 retries. What C(retries) does not name stays so.
    type: dict
requirements:
  - python >= 3.11
  - boto3 >= 1.37.0
  - botocore >= 1.37.0
"""
