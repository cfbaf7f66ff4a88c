# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One line on what a run did to an account, from what the roles registered, if there is something to tell."""

from __future__ import annotations

DOCUMENTATION = r"""
name: account_summary
short_description: One line on what a run did to an account, if there is something to tell
version_added: 0.1.0
author: the sky.aws authors (@sky-aws)
description:
  - Sums up what the roles of the collection registered for a host, noun by noun. What did not run is left out.
  - Where nothing changed, no drift was found and every network will do, there is nothing to tell, and the line is empty.
  - It reads the variables C(sky_*_result), C(sky_account_id) and C(ansible_check_mode) itself. A template that names them
    all costs every account more than the rest of the summary.
options: {}
"""

EXAMPLES = r"""
- name: Say what happened
  ansible.builtin.debug:
    msg: "{{ lookup('sky.aws.account_summary') }}"
# account 111122223333; policy unchanged; users 2, changed: CreateUser, AttachUserPolicy
# (nothing where neither the policy nor a user changed)
"""

RETURN = r"""
_raw:
  description: One line, or nothing.
  type: list
  elements: str
  sample: ["account 111122223333; policy unchanged; role changed: CreateRole; network us-east-1 vpc-0a1b with 6 subnets"]
"""

import typing as t

from ansible.plugins.lookup import LookupBase

Result = t.Mapping[str, t.Any]

#: What the roles register, by noun, in the order of the line.
REGISTERED = {
    "security group": ["sky_network_security_group_result"],
    "policy": ["sky_policy_result", "sky_instance_role_policy_result"],
    "users": ["sky_users_result"],
    "role": ["sky_instance_role_result"],
    "instances": ["sky_instances_result"],
    "offboarding": ["sky_offboard_result"],
    "config": ["sky_config_result"],
    "network": ["sky_network_result"],
}


class LookupModule(LookupBase):
    """Reads the host's variables as they are: what is registered holds no template."""

    def run(self, terms: t.Any, variables: t.Mapping[str, t.Any] | None = None, **kwargs: t.Any) -> list[str]:
        self.set_options(var_options=variables, direct=kwargs)
        known = variables or {}
        nouns = {noun: _results(known.get(name) for name in names) for noun, names in REGISTERED.items()}
        if not any(_is_news(result) for results in nouns.values() for result in results):
            return [""]
        check_mode = bool(known["ansible_check_mode"])
        account_id = self._templar.template(known["sky_account_id"])
        parts = [f"{noun} {_told(results, check_mode)}" for noun, results in nouns.items() if results]
        return ["; ".join([f"account {account_id}", *parts])]


def _results(registered: t.Iterable[t.Any]) -> list[Result]:
    """The results of the tasks that ran, one for each item of a loop."""
    # A variable of the inventory may have the name of what a role would have registered.
    results = [result for each in registered if isinstance(each, dict) for result in each.get("results", [each])]
    return [result for result in results if isinstance(result, dict) and "steps" in result]


def _is_news(result: Result) -> bool:
    unusable = any(network["error"] for network in result.get("networks", ()))
    return bool(result.get("changed") or result.get("drift") or unusable)


def _told(results: t.Sequence[Result], check_mode: bool) -> str:
    networks = [network for result in results for network in result.get("networks", ())]
    if networks:
        return ", ".join(map(_network, networks))
    count = f"{len(results)}, " if len(results) > 1 else ""
    apis = _unique(step["api"].partition(":")[2] for result in results for step in result["steps"])
    verdict = "unchanged"
    if any(result.get("changed") for result in results):
        verdict = ("would change" if check_mode else "changed") + (f": {', '.join(apis)}" if apis else "")
    aspects = _unique(drift["aspect"] for result in results for drift in result.get("drift", ()))
    return count + verdict + (f", drift in {', '.join(aspects)}" if aspects else "")


def _unique(values: t.Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _network(network: Result) -> str:
    if network["error"]:
        return f"{network['region']} unusable"
    return f"{network['region']} {network['vpc']['vpc_id']} with {len(network['subnets'])} subnets"
