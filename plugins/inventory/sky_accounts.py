# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Inventory of the accounts of an AWS Organization."""

from __future__ import annotations

DOCUMENTATION = r"""
name: sky_accounts
short_description: Accounts of an AWS Organization as hosts
version_added: 0.1.0
author: the sky.aws authors (@sky-aws)
description:
  - Lists the accounts of an AWS Organization as hosts, in groups that are nested as the organizational units are.
  - The name of its file ends in C(sky_accounts.yml) or C(sky_accounts.yaml).
  - A host has C(sky_account_id), which the roles of this collection need, and beside it C(sky_account_name),
    C(sky_account_email), C(sky_account_status), C(sky_account_joined) (a date, C(2026-03-31)) and C(sky_account_ou_path) (a
    list of names from the root's on). Where tags were read, C(sky_account_organization_tags) has them as a dictionary.
  - A host is named after its account, in lower case, with a hyphen for each run of characters other than letters, digits,
    dots and underscores. Accounts of one name all have their ids behind it and C(sky_account_clash), which says why; the
    modules of this collection refuse such a host, so that no account takes another's place by a new name.
  - The group of a unit is C(ou_) and the names from below the root to its own, in lower case, with two underscores between
    levels, such as C(ou_research__vision). The root's is C(ou_root).
  - O(account_id) is the management account of the organization, or a member that is delegated administrator. The rights it
    takes are C(organizations:ListRoots), C(organizations:ListOrganizationalUnitsForParent) and
    C(organizations:ListAccountsForParent); for tags C(tag:GetResources) or C(organizations:ListTagsForResource).
  - The options of the account and the filters may be templates. Names and tags from AWS are never templated.
extends_documentation_fragment:
  - sky.aws._account.plugins
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description: Says that a file is for this plugin.
    type: str
    required: true
    choices: [sky.aws.sky_accounts]
  include_units:
    description:
      - Only the accounts in these units and in the units beneath them.
      - A unit is given by its path below the root, such as V(Research/Vision), or by its id. The root's own name may come
        first.
      - A unit that is not there is an error, here and in O(exclude_units).
    type: list
    elements: str
    default: []
  exclude_units:
    description: No accounts in these units and in the units beneath them. Goes before O(include_units).
    type: list
    elements: str
    default: []
  include_accounts:
    description: Only these accounts, by their ids in quotes.
    type: list
    elements: raw
    default: []
  exclude_accounts:
    description: Not these accounts, by their ids in quotes.
    type: list
    elements: raw
    default: []
  include_tags:
    description: Only accounts that have all of these tags. A value is text, or a list of texts of which one must fit.
    type: dict
    default: {}
  exclude_tags:
    description: No account that has one of these tags. Values are as in O(include_tags).
    type: dict
    default: {}
  statuses:
    description: Only accounts in these states.
    type: list
    elements: str
    choices: [ACTIVE, PENDING_ACTIVATION, SUSPENDED, PENDING_CLOSURE, CLOSED]
    default: [ACTIVE]
  management_account:
    description: Whether the management account is listed, too.
    type: bool
    default: false
  tags_from:
    description:
      - Where the tags of the accounts are read.
      - V(tagging_api) takes one call for 100 accounts that have tags. It answers the management account only.
      - V(organizations) takes one call for each account that the other filters let in. It answers delegated administrators,
        too.
      - If not set, tags are read only if O(include_tags), O(exclude_tags) or O(tag_groups) need them, as with
        V(tagging_api).
    type: str
    choices: [tagging_api, organizations]
  tag_groups:
    description:
      - Keys of tags. For each value of such a tag there is a group C(tag_<key>__<value>), in lower case, with an underscore
        for each run of characters other than letters and digits.
    type: list
    elements: str
    default: []
  host_name:
    description:
      - What a host is named after. A member account can change its own name, and with it the host's. V(id) never changes;
        give it where C(host_vars) are kept by host.
    type: str
    choices: [name, id]
    default: name
notes:
  - It needs boto3 1.40.27, which knows the C(State) of an account. AWS ends the older C(Status) in September 2026.
  - The source is kept in the cache by its path and its options; a changed option is a new entry. Secrets are not in it.
  - Without tags a listing takes one call for the root, one for each unit and one for every 20 accounts of a unit. For 1000
    accounts in 30 units that is about 95.
seealso:
  - name: Accounts from AWS Organizations
    description: The guide.
    link: https://github.com/sky-aws/sky.aws/tree/main/docs/inventory.md
"""

EXAMPLES = r"""
# accounts.sky_accounts.yml: all active accounts but the management account, for its own credentials
plugin: sky.aws.sky_accounts
account_id: "111111111111"

---
# The research accounts that a team owns, from a role in the delegated administrator
plugin: sky.aws.sky_accounts
account_id: "222222222222"
assume_role: organization-reader
include_units:
  - Research
exclude_units:
  - Research/Archive
tags_from: organizations
include_tags:
  team: [vision, speech]
tag_groups:
  - team
compose:
  sky_policy_features: >-
    ['base', 'launch_tags', 'protect_tags'] + (['spot'] if sky_account_organization_tags.spot is defined else [])
keyed_groups:
  - key: sky_account_joined[:4]
    prefix: joined
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: .cache/inventory
cache_timeout: 3600
"""

import dataclasses
import hashlib
import json
import typing as t

from ansible.errors import AnsibleError, AnsibleOptionsError, AnsibleParserError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.sky.aws.plugins.module_utils._account import Account
from ansible_collections.sky.aws.plugins.module_utils._account_options import ACCOUNT_ARGUMENTS
from ansible_collections.sky.aws.plugins.module_utils._errors import BadInput, SkyError, bug, one_line, trace
from ansible_collections.sky.aws.plugins.module_utils._organization import hosts, names, options, walk
from ansible_collections.sky.aws.plugins.module_utils._organization.facts import Organization
from ansible_collections.sky.aws.plugins.module_utils._secrets import learn, of_options
from ansible_collections.sky.aws.plugins.module_utils._validate import nearest
from ansible_collections.sky.aws.plugins.module_utils._version import VERSION

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ansible.inventory.data import InventoryData
    from ansible.parsing.dataloader import DataLoader

#: The options of ours by all their names.
_OURS = {each for name, option in options.ARGUMENT_SPEC.items() for each in (name, *option.get("aliases", ()))}
#: Those that decide what an organization looks like. Who asks does not: the session is proven to be in the account.
_DECIDING = {"account_id", "endpoint_url", "region"} | options.ARGUMENT_SPEC.keys() - ACCOUNT_ARGUMENTS.keys()


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """The accounts of an organization as hosts."""

    NAME = "sky.aws.sky_accounts"

    def verify_file(self, path: str) -> bool:
        """Whether the file's name is one of this plugin's."""
        return path.endswith(("sky_accounts.yml", "sky_accounts.yaml")) and super().verify_file(path)

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None:
        """Add the hosts and groups to the inventory. Raises AnsibleParserError with one line for each fault."""
        super().parse(inventory, loader, path, cache)
        try:
            params = self._params(self._checked_config(path))
            found = self._kept_organization(path, params, cache) or self._read_organization(path, params)
            listing = hosts.listing(found, params)
        except SkyError as error:
            raise AnsibleParserError(error.message) from None
        except Exception as error:  # noqa: BLE001 - Ansible would show Python's own text of it, with all that it quotes
            self.display.vvv(trace(error))
            raise AnsibleParserError(bug(self.NAME, error)) from None
        self._add(listing)
        for warning in listing.warnings:
            self.display.warning(warning)

    # Options

    def _checked_config(self, path: str) -> dict[str, t.Any]:
        """What the file says, with types as Ansible checks them."""
        try:
            config: dict[str, t.Any] = self._read_config_data(path)
        except AnsibleOptionsError as error:
            raise BadInput([one_line(str(error))]) from error
        return config

    def _params(self, config: Mapping[str, t.Any]) -> dict[str, t.Any]:
        """The options of ours as templated, checked, and of plain JSON types.

        They are taken as the file has them: Ansible's own reading makes ``false`` of a boolean that is misspelt.

        :raises BadInput: one line for each fault, before any call.
        """
        faults = self._unknown(config)
        given = {}
        for name in _OURS & config.keys():
            try:
                given[name] = self._templated(config[name])
            except AnsibleError as error:
                faults.append(f"{name}: {one_line(str(error))}")
        if faults:
            raise BadInput(sorted(faults))
        plain = json.loads(json.dumps(given, default=str))
        validation = ArgumentSpecValidator(options.ARGUMENT_SPEC).validate(plain)
        params: dict[str, t.Any] = validation.validated_parameters
        learn(of_options(params))
        faults = list(map(one_line, validation.error_messages)) or options.faults(params)
        if faults:
            raise BadInput(faults)
        return params

    def _templated(self, value: t.Any) -> t.Any:
        self.templar.available_variables = self._vars
        return self.templar.template(value)

    def _unknown(self, config: Iterable[str]) -> list[str]:
        """Faults of options that there are not. A filter that is misspelt would let in every account."""
        known = {*self._options, *_OURS}
        return [
            f"{name}: there is no such option; {nearest(str(name), known)}see ansible-doc -t inventory {self.NAME}"
            for name in config
            if name not in known
        ]

    # Reading

    def _read_organization(self, path: str, params: Mapping[str, t.Any]) -> Organization:
        organization = walk.read(Account(params), params)
        if self.get_option("cache"):
            self._cache[self._key(path, params)] = organization.as_data()
        return organization

    def _kept_organization(self, path: str, params: Mapping[str, t.Any], cache: bool) -> Organization | None:
        """What the cache has of the organization, unless it is to be asked anew (``--flush-cache``)."""
        if not (cache and self.get_option("cache")):
            return None
        try:
            return Organization.from_data(self._cache[self._key(path, params)])
        except (KeyError, TypeError):
            return None

    def _key(self, path: str, params: Mapping[str, t.Any]) -> str:
        """What is kept is the answer to these options, as this version reads them."""
        asked = {name: params.get(name) for name in sorted(_DECIDING)}
        text = json.dumps([VERSION, asked], sort_keys=True)
        return f"{self.get_cache_key(path)}_{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    # The inventory

    def _add(self, listing: hosts.Listing) -> None:
        for group in listing.groups:
            self.inventory.add_group(group)
        for group, children in listing.groups.items():
            for child in children:
                self.inventory.add_child(group, child)
        for host in listing.hosts:
            self._add_host(self._apart(host))

    def _apart(self, host: hosts.Host) -> hosts.Host:
        """The host under a name that neither a group nor an account of another source has.

        Ansible would take it for that group, or make one host of both accounts. The other account's host is out of use, too.
        """
        account = host.variables["sky_account_id"]
        if host.name in self.inventory.groups:
            return dataclasses.replace(host, name=names.with_id(host.name, account))
        other = (
            self.inventory.hosts[host.name].vars.get("sky_account_id") if host.name in self.inventory.hosts else None
        )
        if other is None or str(other) == account:
            return host
        clash = names.clash(host.name, [one_line(str(other)), account])
        self.inventory.set_variable(host.name, hosts.CLASH, clash)
        self.display.warning(clash)
        return host.clashing(clash)

    def _add_host(self, host: hosts.Host) -> None:
        self.inventory.add_host(host.name)
        for group in host.groups:
            self.inventory.add_group(group)
            self.inventory.add_child(group, host.name)
        variables = _inert(host.variables)
        for name, value in variables.items():
            self.inventory.set_variable(host.name, name, value)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, host.name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, host.name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host.name, strict=strict)


def _inert(value: t.Any) -> t.Any:
    """The value with texts marked that could be templates; before ansible-core 2.19 whatever is not marked is one.

    Only these are marked, since ``ansible-inventory --list`` shows it.
    """
    if isinstance(value, dict):
        return {key: _inert(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_inert(each) for each in value]
    return wrap_var(value) if "{" in value else value
