# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bounded waits for what AWS has and does not show yet, or refuses for a moment. PRIVATE to the collection.

IAM and EC2 are eventually consistent: what was made a moment ago may be missing in the next answer.
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
"""

from __future__ import annotations

import time
import typing as t

from ._errors import AWSError

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Answer = t.TypeVar("Answer")


def silent(line: str) -> None:
    """Tells nobody."""


def patiently(
    call: Callable[[], Answer],
    is_passing: Callable[[AWSError], bool],
    pauses: Sequence[int],
    tell: Callable[[str], object],
) -> Answer:
    """Make the call, and again after each of the pauses while AWS does not see what it is about, or will soon allow it.

    :param is_passing: whether an error is of that kind; others are raised at once.
    :param pauses: seconds; as many more calls are made at most.
    :param tell: takes one line before each pause.
    :returns: what the call returns.
    :raises AWSError: the last error.
    """
    for index, pause in enumerate(pauses):
        try:
            return call()
        except AWSError as error:
            if not is_passing(error):
                raise
            left = sum(pauses[index:])
            tell(f"AWS refuses it for now, trying again in {pause} s, for {left} s at most: {error.message}")
        time.sleep(pause)
    return call()
