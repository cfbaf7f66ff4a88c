# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process of another user does, and what must not take for ever: calls in a process of their own."""

from __future__ import annotations

import multiprocessing
import os
import queue
import shutil
import tempfile
import typing as t
from pathlib import Path

import pytest

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be other users")

#: Users and groups of no name.
ALICE, BOB = 4711, 4712


def within(
    seconds: float, call: Callable[..., t.Any], *arguments: t.Any, user: int = 0, group: int = 0, umask: int = 0o022
) -> t.Any:
    """What the call returns or raises, in a process of its own.

    :param user: whose process it is; 0 for who runs the tests.
    """
    context = multiprocessing.get_context("fork")
    answers = context.Queue()

    def work() -> None:
        os.umask(umask)
        if (user, group) != (0, 0):
            os.setgroups([])
            os.setresgid(group, group, group)
            os.setresuid(user, user, user)
        try:
            answers.put((call(*arguments), None))
        except SkyError as error:
            answers.put((None, error.message))

    process = context.Process(target=work)
    process.start()
    try:
        answer, message = answers.get(timeout=seconds)
    except queue.Empty:
        pytest.fail(f"no answer within {seconds} seconds")
    finally:
        process.kill()
        process.join()
    if message is not None:
        raise SkyError(message)
    return answer


def shared_folder() -> Iterator[Path]:
    """A folder that every user can go into, unlike pytest's own; for a fixture."""
    folder = Path(tempfile.mkdtemp(prefix="sky-aws-tests-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def given(path: Path, owner: int, mode: int | None = None, group: int = -1) -> Path:
    """The path, once it belongs to this user."""
    os.chown(path, owner, group, follow_symlinks=False)
    if mode is not None:
        path.chmod(mode)
    return path


def made(path: Path, owner: int = 0, mode: int = 0o755, group: int = -1) -> Path:
    """A new folder of this user."""
    path.mkdir()
    return given(path, owner, mode, group)


def written(path: Path, text: str, owner: int = 0, mode: int = 0o600) -> Path:
    """A new file of this user."""
    path.write_text(text)
    return given(path, owner, mode)


def linked(path: Path, target: Path, owner: int = 0) -> Path:
    """A new link of this user."""
    path.symlink_to(target)
    return given(path, owner)
