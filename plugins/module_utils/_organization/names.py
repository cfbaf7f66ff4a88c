# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Safe and unique names of hosts and groups, made from what people call accounts. PRIVATE to the collection.

Pure. A member account chooses its own name, so no choice of its may give it the name of another's host: with the host go
the variables that were meant for the other account.
"""

from __future__ import annotations

import hashlib
import re
import typing as t
import unicodedata

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .facts import Member, Unit

#: What Ansible or this collection takes for something else: an address, a group, the fall-back of another account, the file
#: of another host's variables.
_TAKEN = re.compile(r"[0-9.]+|all|ungrouped|localhost|(ou|tag)_.*|.*-[0-9]{12}|.*\.(ya?ml|json)")
#: How many accounts a line names.
_NAMED = 3


def host_names(members: Iterable[Member]) -> tuple[dict[str, str], dict[str, str]]:
    """The host name of each account by its id, and by the id of each that shares its name what is wrong with that.

    It is the account's name in lower case, with a hyphen for each run of characters other than letters, digits, dots and
    underscores. Accounts that come out alike, whoever was first, and one whose name could be taken for something else have
    their id behind it. An account without a letter or digit in its name has its id.
    """
    bearers: dict[str, list[str]] = {}
    for member in members:
        bearers.setdefault(host_name(member), []).append(member.id)
    names = {account: name for name, (account, *others) in bearers.items() if not others}
    shared = {name: sorted(accounts) for name, accounts in bearers.items() if len(accounts) > 1}
    names |= {account: with_id(name, account) for name, accounts in shared.items() for account in accounts}
    return names, {account: clash(name, accounts) for name, accounts in shared.items() for account in accounts}


def with_id(name: str, account: str) -> str:
    """A host name that no other account can have."""
    return f"{name}-{account}"


def clash(name: str, accounts: Sequence[str]) -> str:
    """What is wrong with accounts that would all be hosts of one name."""
    more = len(accounts) - _NAMED
    named = [*accounts[:_NAMED], *([f"{more} more"] if more > 0 else [])]
    return (
        f"sky_account_name: accounts {', '.join(named[:-1])} and {named[-1]} share the host name {name}, so none of them is "
        "managed; rename all but one of them, or give host_name: id in the inventory"
    )


def host_name(member: Member) -> str:
    """The host name of an account that has its name alone."""
    slug = re.sub(r"[^a-z0-9._]+", "-", _plain(member.name)).strip("-._")
    if not slug:
        return member.id
    if _TAKEN.fullmatch(slug) and not slug.endswith(f"-{member.id}"):
        return with_id(slug, member.id)
    return slug


def unit_groups(units: Sequence[Unit]) -> dict[str, str]:
    """The group of each unit by its id: ``ou_root``, ``ou_research``, ``ou_research__vision``.

    Between levels are two underscores, which no word has. Units of one parent that come out alike, and a unit whose name
    has no letter or digit, have their id behind it after three.

    :param units: each after its parent.
    """
    words: dict[tuple[str, str], list[str]] = {}
    for unit in units:
        words.setdefault((unit.parent, word(unit.path[-1])), []).append(unit.id)
    groups: dict[str, str] = {}
    for unit in units:
        if not unit.parent:
            groups[unit.id] = "ou_root"
            continue
        own = word(unit.path[-1])
        above = "" if groups[unit.parent] == "ou_root" else f"{groups[unit.parent].removeprefix('ou_')}__"
        alike = len(words[unit.parent, own]) > 1 or (not above and own == "root")
        suffix = f"___{unit.id.removeprefix('ou-').replace('-', '_')}" if alike or not own else ""
        groups[unit.id] = f"ou_{above}{own or 'unit'}{suffix}"
    return groups


def tag_group(key: str, value: str) -> str:
    """The group of a tag: ``tag_team__vision``. Values that differ only in case or special characters share one."""
    return f"tag_{_word_or_hash(key)}__{_word_or_hash(value)}"


def word(text: str) -> str:
    """Lower-case letters and digits, with one underscore for each run of other characters; it may be empty."""
    return re.sub(r"[^a-z0-9]+", "_", _plain(text)).strip("_")


def _word_or_hash(text: str) -> str:
    own = word(text)
    if own or not text:
        return own
    return f"x{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()[:8]}"


def _plain(text: str) -> str:
    """ASCII in lower case; accents are taken off, what has no counterpart is a space."""
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return bare.encode("ascii", "replace").decode().replace("?", " ").lower()
