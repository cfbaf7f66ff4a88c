# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom we trust with a file: root, and the user we run as. PRIVATE to the collection."""

from __future__ import annotations

import contextlib
import dataclasses
import grp
import os
import pathlib
import pwd
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterator

#: What Docker, and Podman and CRI-O, put into a container, and what the kubelet puts into its environment.
_CONTAINER_FILES = ("/.dockerenv", "/run/.containerenv")
_CONTAINER_VARIABLE = "KUBERNETES_SERVICE_HOST"


@dataclasses.dataclass(frozen=True)
class Owner:
    """A user and a group that a file or folder belongs to, by number."""

    uid: int
    gid: int


def trusted() -> frozenset[int]:
    """Whoever runs us, and root, who can do everything anyway."""
    return frozenset({0, os.geteuid()})


def called(uid: int) -> str:
    """A user in words: ``user alice``, or ``user 4711`` where the number has no name."""
    try:
        return f"user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"user {uid}"


def is_group_of(gid: int, users: frozenset[int]) -> bool:
    """Whether nobody but these users is in a group: a user's own group, or group 0 in a container.

    A group without members counts as anybody's: programs and services get groups in other ways than by name. OpenShift,
    and AWX on it, run a container with a random user in group 0, which means nothing there, and give that group rights on
    what the user needs (https://docs.openshift.com/container-platform/latest/openshift_images/create-images.html).
    """
    if gid == 0 and _is_container():
        return True
    try:
        listed = grp.getgrgid(gid).gr_mem
    except KeyError:
        return False
    accounts = [*pwd.getpwall(), *_accounts(users)]
    members = {*listed, *(account.pw_name for account in accounts if account.pw_gid == gid)}
    return bool(members) and members <= {account.pw_name for account in accounts if account.pw_uid in users}


def _accounts(users: frozenset[int]) -> Iterator[pwd.struct_passwd]:
    """Those of these users, asked for by number: a directory service need not list everybody."""
    for uid in users:
        with contextlib.suppress(KeyError):
            yield pwd.getpwuid(uid)


def _is_container() -> bool:
    return _CONTAINER_VARIABLE in os.environ or any(pathlib.Path(path).exists() for path in _CONTAINER_FILES)


@contextlib.contextmanager
def acting_as(owner: Owner) -> Iterator[None]:
    """Be this user to the file system for one call; what it makes is the user's from the first moment.

    :raises PermissionError: only root may be somebody else.
    """
    uid, gid = os.geteuid(), os.getegid()
    if (uid, gid) == (owner.uid, owner.gid):
        yield
        return
    try:
        os.setegid(owner.gid)
        os.seteuid(owner.uid)
        yield
    finally:
        os.seteuid(uid)
        os.setegid(gid)
