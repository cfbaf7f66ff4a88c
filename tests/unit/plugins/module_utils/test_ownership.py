# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be done to what is there already."""

from __future__ import annotations

import pytest

from ansible_collections.sky.aws.plugins.module_utils import _ownership
from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError

WHAT = "role skypilot-v1"


@pytest.mark.parametrize(
    ("ours", "existing", "converge", "delete"),
    [
        (True, "keep", True, True),
        (True, "converge", True, True),
        (True, "fail", True, True),
        (False, "keep", False, False),
        (False, "converge", True, False),
    ],
)
def test_ours_always_foreign_as_declared(ours, existing, converge, delete):
    assert _ownership.may_converge(WHAT, ours=ours, existing=existing) is converge
    assert _ownership.may_delete(WHAT, ours=ours, existing=existing) is delete


@pytest.mark.parametrize("rule", [_ownership.may_converge, _ownership.may_delete])
def test_fail_stops_and_says_why(rule):
    with pytest.raises(
        SkyError, match=r"role skypilot-v1 .*not made by this collection.*sky\.aws/managed-by"
    ) as caught:
        rule(WHAT, ours=False, existing="fail")
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("default", ["keep", "converge", "fail"])
def test_the_option(default):
    assert _ownership.existing_argument(default) == {
        "type": "str",
        "choices": ["keep", "converge", "fail"],
        "default": default,
    }


def test_what_is_left_is_named():
    assert _ownership.left(WHAT).startswith("role skypilot-v1 was not made by this collection")
    assert "by hand" in _ownership.left(WHAT)


def test_no_room_names_the_limit_and_the_mend():
    assert "policy x has 5 versions" in _ownership.no_room("policy x", 5).message
    assert "delete a version" in _ownership.no_room("policy x", 5).message
