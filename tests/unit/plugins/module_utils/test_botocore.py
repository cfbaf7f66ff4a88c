# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shared before the fork is what botocore would make itself."""

from __future__ import annotations

import gzip
import json
import pathlib
import re
import typing as t

import botocore.session
import pytest
from botocore.handlers import BUILTIN_HANDLERS

from ansible_collections.sky.aws.plugins.module_utils import _botocore, _resources
from ansible_collections.sky.aws.plugins.module_utils._models import OPERATIONS


def handlers(session: botocore.session.Session, event: str) -> list[object]:
    emitter = session.get_component("event_emitter")
    return list(getattr(emitter, "_emitter", emitter)._handlers.prefix_search(event))


def test_a_session_has_the_handlers_of_an_ordinary_one_in_the_same_order() -> None:
    ours, ordinary = _botocore.session(None), botocore.session.Session()
    names = [event.replace("*", "CreatePolicy").split(".") for event, *rest in BUILTIN_HANDLERS]
    general = {kind for kind, *rest in names if not rest}
    special = {".".join([kind, *rest]) for kind, *rest in names if rest and rest[0] in _botocore._SERVICES}
    for event in general | special:
        assert handlers(ours, event) == handlers(ordinary, event), event
    assert len(general) > 5
    assert len(special) > 5


@pytest.mark.parametrize(
    "event",
    [
        "docs.example.ec2.RunInstances.complete-section",
        "before-call.rds.CopyDBSnapshot",
        "before-parameter-build.s3.PutObject",
    ],
)
def test_handlers_for_what_is_never_called_are_left_out(event: str) -> None:
    ordinary = handlers(botocore.session.Session(), event)
    assert len(handlers(_botocore.session(None), event)) < len(ordinary)


@pytest.mark.parametrize("service", [*_botocore._MODELS, "organizations", "secretsmanager", "ssm", "sso", "sso-oidc"])
def test_events_have_the_names_that_botocore_registers_under(service: str) -> None:
    ordinary = botocore.session.Session()
    name = client(ordinary, service).meta.service_model.service_id.hyphenize()
    assert name in _botocore._SERVICES
    assert ordinary.get_component("event_emitter")._alias_event_name(f"before-call.{name}.X") == f"before-call.{name}.X"


def client(session: botocore.session.Session, service: str) -> t.Any:
    return session.create_client(service, "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


@pytest.mark.parametrize("service", OPERATIONS)
def test_what_is_kept_of_a_model_is_as_botocore_has_it(service: str) -> None:
    ours = client(_botocore.session(None), service).meta.service_model
    ordinary = client(botocore.session.Session(), service).meta.service_model
    assert set(ours.operation_names) == OPERATIONS[service]

    for name in ours.operation_names:
        kept, whole = ours.operation_model(name), ordinary.operation_model(name)
        for shape in ("input_shape", "output_shape"):
            assert tree(getattr(kept, shape)) == tree(getattr(whole, shape)), name


@pytest.mark.parametrize("service", _botocore._MODELS)
def test_what_a_client_needs_is_there_before_the_fork(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> t.NoReturn:
        raise AssertionError

    _botocore.preload()
    monkeypatch.setattr(_botocore._Names, "list_available_services", refuse)
    monkeypatch.setattr(_botocore._Files, "load_file", refuse)
    made = client(_botocore.session(None), service)
    if "paginators-1" in _botocore._MODELS[service]:
        pages = filter(made.can_paginate, map(botocore.xform_name, made.meta.service_model.operation_names))
        assert [made.get_paginator(operation) for operation in pages]
    if "waiters-2" in _botocore._MODELS[service]:
        assert made.waiter_names


def test_the_session_that_is_made_before_the_fork_is_for_one() -> None:
    _botocore.preload()
    (spare,) = _botocore._spare
    assert _botocore.session("other") is not spare
    assert _botocore.session(None) is spare
    assert _botocore.session(None) is not spare


def test_models_are_read_without_their_documentation(tmp_path: pathlib.Path) -> None:
    shape = {"documentation": "<p>What it is.</p>", "members": {"documentation": {"shape": "String"}}}
    (tmp_path / "plain.json").write_text(json.dumps(shape))
    with gzip.open(tmp_path / "packed.json.gz", "wt") as file:
        json.dump(shape, file)
    for name in ("plain", "packed"):
        assert _botocore._Files().load_file(str(tmp_path / name)) == {"members": {"documentation": {"shape": "String"}}}
    assert _botocore._Files().load_file(str(tmp_path / "none")) is None


def tree(shape: t.Any, above: tuple[str, ...] = ()) -> t.Any:
    """A shape with all below it; one that is within itself is told by its name."""
    if shape is None or shape.name in above:
        return shape and shape.name
    inside = (*above, shape.name)
    below = [*getattr(shape, "members", {}).items()]
    below += [(part, getattr(shape, part)) for part in ("member", "key", "value") if hasattr(shape, part)]
    return shape.name, shape.type_name, dict(shape.serialization), {name: tree(each, inside) for name, each in below}


#: What stands for a part of an operation's name in the code, as in f"iam:{verb}{noun}Policy".
PARTS = {"{noun}": ("User", "Role", "Group", "Policy", "InstanceProfile"), "{verb}": ("Attach", "Detach")}


@pytest.mark.parametrize("service", OPERATIONS)
def test_every_call_in_the_code_is_kept(service: str) -> None:
    code = "".join(path.read_text() for path in pathlib.Path(_resources.__path__[0]).rglob("*.py"))
    names = set(client(botocore.session.Session(), service).meta.service_model.operation_names)
    words = set(re.findall(r"\b[A-Z][A-Za-z]+\b", code))
    nouns = {f"Describe{word}" for word in words}  # as in f"ec2:Describe{noun}"
    composed = set(re.findall(rf'f"{service}:([^"]*)"', code))
    for part, values in PARTS.items():
        composed = {name.replace(part, value) for name in composed for value in values}
    assert names & (words | composed) <= OPERATIONS[service] <= words | composed | nouns


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
