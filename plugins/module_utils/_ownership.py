# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be done to a resource that is there already. PRIVATE to the collection.

Ours is what carries our tag: it is always converged, and only it is ever deleted. For what is not ours, the option
``existing`` decides.
"""

from __future__ import annotations

import typing as t

from ._errors import SkyError
from ._tags import OWNER_TAG


def existing_argument(default: str) -> dict[str, t.Any]:
    """The argument_spec of ``existing``."""
    return {"type": "str", "choices": ["keep", "converge", "fail"], "default": default}


def may_converge(what: str, *, ours: bool, existing: str) -> bool:
    """Whether a resource that is there is brought to the declared state.

    :param what: the resource in words: ``policy research``.
    :raises SkyError: it is not ours and ``existing`` is ``fail``.
    """
    if not ours and existing == "fail":
        raise SkyError(
            f"{what} exists and was not made by this collection (no tag {OWNER_TAG}); set existing to keep or converge, "
            "or choose another name"
        )
    return ours or existing == "converge"


def may_delete(what: str, *, ours: bool, existing: str) -> bool:
    """Whether a resource that is there is deleted: only ours. The caller warns about the rest (:func:`left`).

    :raises SkyError: it is not ours and ``existing`` is ``fail``.
    """
    if not ours and existing == "fail":
        raise SkyError(
            f"{what} was not made by this collection (no tag {OWNER_TAG}) and is not deleted; delete it by hand"
        )
    return ours


def left(what: str) -> str:
    """The warning about what is declared absent, is there, and is not ours."""
    return f"{what} was not made by this collection (no tag {OWNER_TAG}) and is left in place; delete it by hand"


def no_room(what: str, limit: int) -> SkyError:
    """A policy that is not ours has all the versions IAM allows, and none of them is ours to delete."""
    return SkyError(
        f"{what} has {limit} versions, the most IAM keeps, and was not made by this collection; "
        "delete a version that is not the default one by hand"
    )
