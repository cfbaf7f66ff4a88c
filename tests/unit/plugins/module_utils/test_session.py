# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sessions share is what botocore would make itself, and nothing of it depends on how botocore is made."""

from __future__ import annotations

import json
import pathlib
import re
import typing as t

import boto3.session
import botocore.session
import pytest
from botocore import handlers
from botocore.handlers import BUILTIN_HANDLERS, REGISTER_FIRST

from ansible_collections.sky.aws.plugins.module_utils import _models, _organization, _resources, _session
from ansible_collections.sky.aws.plugins.module_utils._resources.account import RESOURCE as account
from ansible_collections.sky.aws.tests.unit.sandbox import MANAGEMENT, client, params


def opened(**options: t.Any) -> _session.Session:
    return _session.Session(params(account, **MANAGEMENT, **options))


def event_name(service: str) -> str:
    return str(client(botocore.session.Session(), service).meta.service_model.service_id.hyphenize())


def hook(**kwargs: object) -> None:
    """A handler that does nothing."""


def registered(session: botocore.session.Session, event: str) -> list[object]:
    emitter = session.get_component("event_emitter")
    return list(getattr(emitter, "_emitter", emitter)._handlers.prefix_search(event))


class TestHandlers:
    def test_a_session_has_those_of_an_ordinary_one_in_the_same_order(self) -> None:
        ours, ordinary = opened().core, _session._ordinary(None).core
        names = [event.replace("*", "CreatePolicy").split(".") for event, *rest in BUILTIN_HANDLERS]
        general = {kind for kind, *rest in names if not rest}
        called = {".".join(name) for name in names if name[1:] and name[1] not in _session._UNCALLED}
        special = {event for event in called if not event.startswith("docs.")}
        for event in general | special:
            assert registered(ours, event) == registered(ordinary, event), event
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
    def test_those_for_what_is_never_called_are_left_out(self, event: str) -> None:
        ordinary = registered(botocore.session.Session(), event)
        assert len(registered(opened().core, event)) < len(ordinary)

    def test_a_service_that_is_called_is_not_left_out(self) -> None:
        folders = (pathlib.Path(package.__path__[0]) for package in (_resources, _organization))
        code = "".join(path.read_text() for folder in folders for path in folder.rglob("*.py"))
        called = set(re.findall(r'"([a-z][a-z0-9-]+):[A-Z{]', code))
        services = called & set(botocore.session.Session().get_available_services())
        assert {"iam", "ec2", "secretsmanager", "ssm", "organizations"} <= services
        assert _session._UNCALLED.isdisjoint(services | {event_name(service) for service in services})

    @pytest.mark.parametrize("name", sorted(_session._UNCALLED))
    def test_a_service_that_nobody_calls_has_all_if_somebody_does(self, name: str) -> None:
        ordinary = botocore.session.Session()
        wanted = [(event, handler) for event, handler, *_ in BUILTIN_HANDLERS if event.split(".")[1:2] == [name]]
        service = {"lex-runtime-v2": "lexv2-runtime", "s3-control": "s3control"}.get(name, name)
        if service not in ordinary.get_available_services():
            assert not wanted  # an older botocore
            return
        registered = opened().client(service).meta.events._emitter._handlers
        for event, handler in wanted:
            current = ordinary.get_component("event_emitter")._alias_event_name(event)
            assert handler in registered.prefix_search(current.replace("*", "X")), event

    def test_one_of_one_session_is_not_in_another(self) -> None:
        one, other = opened().core, opened().core
        one.register("before-call.iam.GetUser", hook)
        assert hook in registered(one, "before-call.iam.GetUser")
        assert hook not in registered(other, "before-call.iam.GetUser")

    @pytest.mark.parametrize("event", ["before-send", "before-send.*.GetUser", "before-send.*", "*.iam.GetUser"])
    def test_one_that_a_library_adds_to_botocore_is_in_later_sessions(
        self, event: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        opened()
        monkeypatch.setattr(_session, "_spare", [])
        monkeypatch.setattr(handlers, "BUILTIN_HANDLERS", [*BUILTIN_HANDLERS, (event, hook)])
        assert hook in registered(opened().core, "before-send.iam.GetUser")

    @pytest.mark.parametrize("form", [list, lambda entry: (*entry, "by and by")], ids=["list", "unknown place"])
    def test_of_another_form_they_are_registered_by_botocore(
        self, form: t.Callable[[t.Any], t.Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_session, "_spare", [])
        monkeypatch.setattr(handlers, "BUILTIN_HANDLERS", [*BUILTIN_HANDLERS, form(("before-send", hook))])
        ours, ordinary = opened().core, _session._ordinary(None).core
        assert registered(ours, "before-send.s3.X") == registered(ordinary, "before-send.s3.X")
        assert registered(ours, "before-parameter-build.s3.PutObject")

    def test_a_place_is_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_session, "_spare", [])
        monkeypatch.setattr(handlers, "BUILTIN_HANDLERS", [*BUILTIN_HANDLERS, ("before-call", hook, REGISTER_FIRST)])
        assert registered(opened().core, "before-call")[0] is hook

    @pytest.mark.parametrize(
        "service", [*_models.PRELOADED, "organizations", "secretsmanager", "ssm", "sso", "sso-oidc"]
    )
    def test_events_have_the_names_that_botocore_registers_under(self, service: str) -> None:
        ordinary = botocore.session.Session()
        event = f"before-call.{event_name(service)}.X"
        assert ordinary.get_component("event_emitter")._alias_event_name(event) == event


class TestBoto3:
    def test_clients_are_its_own(self) -> None:
        session = opened()
        assert isinstance(session._pair.boto, boto3.session.Session)
        for made in (session.client("iam"), session.whole_client("iam")):
            assert f"Boto3/{boto3.__version__}" in made.meta.config.user_agent

    def test_it_does_not_lengthen_the_search_for_models(self) -> None:
        before = [*_models.loader(None).search_paths]
        opened()
        _session._sharing(None)
        assert _models.loader(None).search_paths == before


class TestDataPath:
    @pytest.fixture
    def folder(self, tmp_path: pathlib.Path) -> pathlib.Path:
        model = botocore.session.Session().get_component("data_loader").load_service_model("sts", "service-2")
        version = tmp_path / "models" / "sts" / "2011-06-15"
        version.mkdir(parents=True)
        text = json.dumps({**model, "metadata": {**model["metadata"], "serviceFullName": "Mine"}})
        (version / "service-2.json").write_text(text)
        return tmp_path / "models"

    def name(self, **options: t.Any) -> str:
        return str(opened(**options).client("sts").meta.service_model.metadata["serviceFullName"])

    def test_of_the_environment(self, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
        _session.preload()
        monkeypatch.setenv("AWS_DATA_PATH", str(folder))
        assert self.name() == "Mine"
        monkeypatch.delenv("AWS_DATA_PATH")
        assert self.name() != "Mine"

    def test_of_a_profile(self, folder: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "config").write_text(f"[profile mine]\ndata_path = {folder}\n[profile plain]\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        for profile, is_mine in (("mine", True), ("plain", False)):
            session = _session.Session({**params(account), "profile": profile})
            session.sign_with(botocore.credentials.Credentials("x", "x"))
            name = session.client("sts").meta.service_model.metadata["serviceFullName"]
            assert (name == "Mine") is is_mine


class TestBeforeTheFork:
    @pytest.mark.parametrize("service", _models.PRELOADED)
    def test_what_a_client_needs_is_there(self, service: str, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> t.NoReturn:
            raise AssertionError

        _session.preload()
        monkeypatch.setattr(_models._Names, "list_available_services", refuse)
        monkeypatch.setattr(_models._Files, "load_file", refuse)
        monkeypatch.setattr(botocore.loaders.JSONFileLoader, "load_file", refuse)
        made = opened().client(service)
        if "paginators-1" in _models.PRELOADED[service]:
            pages = filter(made.can_paginate, map(botocore.xform_name, made.meta.service_model.operation_names))
            assert [made.get_paginator(operation) for operation in pages]
        if "waiters-2" in _models.PRELOADED[service]:
            assert made.waiter_names

    def test_the_session_that_is_made_then_is_for_one(self) -> None:
        _session.preload()
        (spare,) = _session._spare
        assert _session._opened(None) is spare
        assert _session._opened(None) is not spare

    def test_a_profile_has_a_session_of_its_own(self, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "config").write_text("[profile other]\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        _session.preload()
        (spare,) = _session._spare
        assert _session._opened("other") is not spare

    def test_no_configuration_is_read_then(self, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A task has its own environment."""
        monkeypatch.setenv("AWS_PROFILE", "nobody")
        _session.preload()
        (tmp_path / "config").write_text("[profile mine]\nregion = eu-west-1\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.setenv("AWS_PROFILE", "mine")
        (spare,) = _session._spare
        session = _session.Session({**params(account), "region": None})
        assert session.core is spare.core
        assert session.region == "eu-west-1"
