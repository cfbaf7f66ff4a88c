# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shared before the fork is what botocore would make itself."""

from __future__ import annotations

import botocore.session
from botocore.handlers import BUILTIN_HANDLERS

from ansible_collections.sky.aws.plugins.module_utils import _botocore


def handlers(session: botocore.session.Session, event: str) -> list[object]:
    return list(session.get_component("event_emitter")._emitter._handlers.prefix_search(event))


def test_a_session_has_the_handlers_of_an_ordinary_one_in_the_same_order() -> None:
    ours, ordinary = _botocore.session(None), botocore.session.Session()
    events = {event.replace("*", "CreatePolicy") for event, *rest in BUILTIN_HANDLERS}
    for event in events:
        assert handlers(ours, event) == handlers(ordinary, event), event
    assert sum(bool(handlers(ours, event)) for event in events) > 50


def test_a_handler_of_one_session_is_not_in_another() -> None:
    def watch(**kwargs: object) -> None:
        """Does nothing."""

    one, other = _botocore.session(None), _botocore.session(None)
    one.register("before-call.iam.GetUser", watch)
    assert watch in handlers(one, "before-call.iam.GetUser")
    assert watch not in handlers(other, "before-call.iam.GetUser")


def test_partitions_and_regions_are_known_offline() -> None:
    known = _botocore.partitions()
    assert "us-east-1" in known["aws"]
    assert "cn-north-1" in known["aws-cn"]
    assert not any(region.endswith("-global") for regions in known.values() for region in regions)


def test_a_handler_that_a_library_adds_to_botocore_is_in_later_sessions() -> None:
    def hook(**kwargs: object) -> None:
        """Does nothing."""

    _botocore.session(None)
    BUILTIN_HANDLERS.append(("before-send", hook))
    try:
        assert hook in handlers(_botocore.session(None), "before-send.iam.GetUser")
    finally:
        BUILTIN_HANDLERS.remove(("before-send", hook))
