# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One line on what a run did to an account, from the results of its tasks, if there is something to tell."""

from __future__ import annotations

import typing as t

DOCUMENTATION = r"""
name: account_summary
short_description: One line on what a run did to an account, if there is something to tell
version_added: 0.1.0
author: the sky.aws authors (@sky-aws)
description:
  - Sums up the results that tasks of the collection registered, noun by noun. What did not run is left out.
  - Where nothing changed, no drift was found and every network will do, there is nothing to tell, and the line is empty.
  - It is a filter and not a template, since a template of that size costs every account about 30 ms of CPU.
options:
  _input:
    description: The results by noun. A value is a task's registered result, or a list of them.
    type: dict
    required: true
  account_id:
    description: The account.
    type: str
    required: true
  check_mode:
    description: Whether the run would only have made the changes.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Say what happened
  ansible.builtin.debug:
    msg: "{{ {'policy': sky_policy_result, 'users': sky_users_result} | sky.aws.account_summary('111122223333') }}"
# account 111122223333; policy unchanged; users 2, changed: CreateUser, AttachUserPolicy
# (nothing where neither the policy nor a user changed)
"""

RETURN = r"""
_value:
  description: One line, or nothing.
  type: str
  sample: "account 111122223333; policy unchanged; role changed: CreateRole; network us-east-1 vpc-0a1b with 6 subnets"
"""

Result = t.Mapping[str, t.Any]


def account_summary(
    registered: t.Mapping[str, Result | t.Sequence[Result]],
    account_id: str,
    check_mode: bool = False,
) -> str:
    """``account 111122223333; policy unchanged; users 2, changed: CreateUser``; empty where there is nothing to tell."""
    nouns = {noun: _results(given) for noun, given in registered.items()}
    if not any(_is_news(result) for results in nouns.values() for result in results):
        return ""
    parts = [f"{noun} {_told(results, check_mode)}" for noun, results in nouns.items() if results]
    return "; ".join([f"account {account_id}", *parts])


def _results(given: Result | t.Sequence[Result]) -> list[Result]:
    """The results of the tasks that ran, one for each item of a loop."""
    registered = given if isinstance(given, list) else [given]
    # A variable of the inventory may have the name of what a role would have registered.
    results = [result for each in registered if isinstance(each, dict) for result in each.get("results", [each])]
    return [result for result in results if "steps" in result]


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


class FilterModule:
    """What Ansible asks a file of filters for."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"account_summary": account_summary}
