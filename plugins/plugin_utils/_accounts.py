# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the header of a playbook may say: batches, a share of failures, and hosts that are one account each.

PRIVATE to the collection.
"""

from __future__ import annotations

import collections
import re
import typing as t

from ansible_collections.sky.aws.plugins.module_utils._errors import BadInput, one_line

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NAME = re.compile(r"[^\s,:]")
_SIZE = re.compile(r"[1-9][0-9]*|([1-9][0-9]?|100)%")
_PERCENTAGE = re.compile(r"(100|[0-9]{1,2}([.][0-9]+)?)%?")

#: How many accounts, and how many hosts of each, an error names.
_NAMED = 3


def pattern(given: object) -> str | list[str]:
    """The value of ``hosts``.

    :param given: a pattern of hosts and groups, or a list of patterns. A host may have a number for a name.
    :raises BadInput: for one that names nothing. Ansible takes it for all hosts.
    """
    patterns = [str(each) for each in given] if isinstance(given, list) else [str(given)]
    if not patterns or not all(map(_NAME.search, patterns)):
        raise BadInput([f"sky_hosts: {_shown(given)} names nothing; give hosts and groups of the inventory"])
    return patterns if isinstance(given, list) else patterns[0]


def batches(given: object) -> list[str]:
    """The value of ``serial``: numbers of hosts and percentages, such as ``["1", "10%"]``.

    :param given: a list, or the text of one as forms and ``-e`` give it. What is empty is one batch of all hosts.
    :raises BadInput: for any other size. Ansible itself takes a 0 for all hosts.
    """
    sizes = re.findall(r"[^][,\s'\"]+", str(given)) or ["100%"]
    if not all(_SIZE.fullmatch(size) for size in sizes):
        wanted = "numbers of accounts or percentages, such as 10, 25% or 1,10%,100%"
        raise BadInput([f"sky_batch: {_shown(given)} is invalid; give {wanted}"])
    return sizes


def share(given: object) -> str:
    """The value of ``max_fail_percentage``: a percentage from 0 to 100, such as ``"30"`` or ``"2.5%"``.

    :param given: a number, or its text. What is empty is 100.
    :raises BadInput: for anything else.
    """
    percentage = str(given) or "100"
    if not _PERCENTAGE.fullmatch(percentage):
        raise BadInput([f"sky_max_fail_percentage: {_shown(given)} is invalid; give a percentage from 0 to 100"])
    return percentage


def no_match(given: object, limit: object) -> BadInput:
    """The error for a pattern that matches no host of the inventory, or none that ``--limit`` leaves."""
    where = f"{_shown(given)} within --limit {_shown(limit)}" if limit else _shown(given)
    return BadInput([f"sky_hosts: no account in the inventory matches {where}; give hosts and groups of it"])


def check_ids(given: Mapping[str, object]) -> None:
    """Check that no two hosts are one account.

    :param given: by host name, its ``sky_account_id`` before templating; None where it has none.
    :raises BadInput: with one line that names the accounts and the hosts, of many the first.
    """
    hosts = collections.defaultdict(list)
    for host, value in given.items():
        if account := _account(value):
            hosts[account].append(host)
    shared = [f"{_shown(account)} ({_some(names)})" for account, names in hosts.items() if len(names) > 1]
    if shared:
        raise BadInput(
            [
                f"sky_account_id: hosts share an account: {_some(shared)}; give each host an id of its own in the "
                "inventory (an extra var or a variable of a group gives one id to all)"
            ]
        )


def _account(value: object) -> str | None:
    """The account that a value names. Without one it is for sky_account to judge, as are templates."""
    if not isinstance(value, str | int):
        return None
    text = str(value).strip()
    return None if "{" in text else text


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _shown(given: object) -> str:
    return one_line(str(given)) or "an empty text"
