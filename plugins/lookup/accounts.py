# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The accounts that a playbook runs on, and its batches, from the extra vars of the run."""

from __future__ import annotations

DOCUMENTATION = r"""
name: accounts
short_description: The accounts that a playbook runs on, and its batches
version_added: 0.1.0
author: the sky.aws authors (@sky-aws)
description:
  - Gives the header of a play its C(hosts), C(serial) and C(max_fail_percentage), from the extra vars of the run. The
    playbooks of this collection have their headers from it.
  - What is invalid is an error before the play begins. Ansible itself takes a batch of 0 for all hosts, and ends well with
    nothing done where a pattern matches no host.
  - The variables are extra vars (C(-e), or a survey of AWX). The header of a play sees no variables of the inventory.
  - One host is one account. A play in which two hosts have the same C(sky_account_id) is refused, whether they have it from
    variables of their own, from those of a group or from an extra var. Ids count as the inventory has them. A template is
    left to M(sky.aws.sky_account), and so is a host without an id. Hosts that the pattern or C(--limit) leaves out do not
    count, nor do those of other slices of an AWX job.
options:
  _terms:
    description:
      - V(hosts) is the pattern for C(hosts). Where the inventory is empty it is C(localhost), which then fails for want of
        an account id.
      - V(batches) is the list for C(serial).
      - V(share) is the percentage for C(max_fail_percentage).
    type: list
    elements: str
    choices: [hosts, batches, share]
    required: true
  hosts:
    description:
      - A pattern of hosts and groups, or a list of patterns. What it names first comes first, so V(canary:all) is the canary
        and then all others.
      - A pattern that matches nothing, or nothing that C(--limit) leaves, is an error, unless O(sliced).
    type: raw
    default: all
    vars:
      - name: sky_hosts
  batch:
    description:
      - Sizes of batches, in accounts or percentages of all, such as V(10), V(25%) or V(1,10%,100%). The last one holds for
        the rest.
      - A list, or the text of one, as forms and C(-e) give it. What is empty is all accounts at once.
    type: raw
    default: 100%
    vars:
      - name: sky_batch
  max_fail_percentage:
    description:
      - From 0 to 100. Where more of a batch than this have failed, the batch stops at that task, and no further one begins.
        V(0) stops at the first failure. What is empty is 100.
    type: raw
    default: 100
    vars:
      - name: sky_max_fail_percentage
  sliced:
    description: Whether the run is a slice of an AWX job, in which a pattern may match nothing.
    type: bool
    default: false
    vars:
      - name: sky_sliced
"""

EXAMPLES = r"""
# A play on the accounts of sky_hosts: ansible-playbook mine.yml -e sky_hosts=canary:all -e sky_batch=1,100%
- name: Look at every account
  hosts: "{{ lookup('sky.aws.accounts', 'hosts') }}"
  connection: local
  gather_facts: false
  serial: "{{ lookup('sky.aws.accounts', 'batches') }}"
  max_fail_percentage: "{{ lookup('sky.aws.accounts', 'share') }}"
  tasks:
    - name: Look up the network
      sky.aws.sky_vpc_lookup:
        on_unusable: report
"""

RETURN = r"""
_raw:
  description: The value of the keyword, for each term.
  type: list
  elements: raw
  sample: ["canary:all", ["1", "10%", "100%"], "50"]
"""

import inspect
import typing as t

from ansible.errors import AnsibleError, AnsibleLookupError
from ansible.executor.playbook_executor import PlaybookExecutor
from ansible.plugins.lookup import LookupBase

from ansible_collections.sky.aws.plugins.module_utils._errors import BadInput
from ansible_collections.sky.aws.plugins.plugin_utils import _accounts

Variables = t.Mapping[str, t.Any]


class LookupModule(LookupBase):
    """Reads what the run was given, and the inventory that the executor of the playbook has."""

    def run(self, terms: t.Sequence[str], variables: Variables | None = None, **kwargs: t.Any) -> list[t.Any]:
        known = variables or {}
        try:
            self.set_options(var_options=self._given(known), direct=kwargs)
            return [self._value(term, known) for term in terms]
        except BadInput as error:
            # Of the errors that a lookup may raise, ansible-core 2.18 shows this one without a preface of its own.
            raise AnsibleLookupError(error.message) from error

    def _given(self, variables: Variables) -> dict[str, t.Any]:
        """The variables of the options, templated; Ansible gives a lookup's options the variables as they are."""
        names = [source["name"] for option in self.option_definitions.values() for source in option.get("vars", ())]
        given = {name: self._templar.template(variables[name]) for name in names if name in variables}
        for name, value in given.items():
            # Ansible would take the default, all accounts at once; most likely somebody meant something else.
            if value is None:
                raise BadInput([f"{name}: null is invalid; give a value, or leave it out"])
        return given

    def _value(self, term: str, variables: Variables) -> t.Any:
        if term == "hosts":
            return self._hosts(variables.get("ansible_limit"))
        if term == "batches":
            return _accounts.batches(self.get_option("batch"))
        if term == "share":
            return _accounts.share(self.get_option("max_fail_percentage"))
        raise BadInput([f"sky.aws.accounts: {term} is invalid; give hosts, batches or share"])

    def _hosts(self, limit: str | None) -> t.Any:
        pattern = _accounts.pattern(self.get_option("hosts"))
        executor = _executor()
        matched = _matched(executor._inventory, pattern)
        if not matched and not self.get_option("sliced"):
            if executor._inventory.hosts:
                raise _accounts.no_match(pattern, limit)
            return "localhost"
        manager = executor._variable_manager
        ids = {host.name: manager.get_vars(host=host, include_hostvars=False).get("sky_account_id") for host in matched}
        _accounts.check_ids(ids)
        return pattern


def _matched(inventory: t.Any, pattern: t.Any) -> list[t.Any]:
    """The hosts of the inventory that a pattern and ``--limit`` leave."""
    try:
        found = inventory.get_hosts(pattern)
    except AnsibleError:
        # What is no pattern matches nothing.
        return []
    return [host for host in found if not host.implicit]


def _executor() -> PlaybookExecutor:
    """The executor that is about to run the play.

    Ansible hands a lookup no inventory, and the header of a first play has no ``hostvars`` yet. But it is the executor that
    has the header templated, so it is among the callers.
    """
    frame = inspect.currentframe()
    while frame:
        caller = frame.f_locals.get("self")
        if isinstance(caller, PlaybookExecutor):
            return caller
        frame = frame.f_back
    raise BadInput(["sky.aws.accounts: no playbook runs; use it in the header of a play"])
