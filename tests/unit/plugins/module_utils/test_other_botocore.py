# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A botocore that is made otherwise inside costs time at most: the modules do the same, and nobody is warned."""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import typing as t

import botocore
import pytest

from ansible_collections.sky.aws.plugins.module_utils._models import PRELOADED
from ansible_collections.sky.aws.tests.unit.new_process import python
from ansible_collections.sky.aws.tests.unit.sandbox import Sandbox

#: Changes botocore as the test says, then plans a policy in the account, both ways.
RUN = """
import boto3.session, botocore.session, gc, importlib, json, sys, types

def without(module, name):
    # botocore's own modules find it still, wherever they call it now.
    real = importlib.import_module(module)
    value = vars(real).pop(name)
    def find(wanted):
        asker = sys._getframe(1).f_globals["__name__"]
        if wanted != name or asker.startswith("ansible_collections.sky.aws.plugins"):
            raise AttributeError(f"module {module!r} has no attribute {wanted!r}")
        return value
    other = types.ModuleType(module)
    other.__dict__.update(vars(real))
    other.__getattr__ = find
    setattr(real, name, value)
    sys.modules[module] = other
    package, _, child = module.rpartition(".")
    setattr(sys.modules[package], child, other)

import botocore.handlers, botocore.loaders, botocore.model, botocore.paginate, botocore.parsers, botocore.utils
exec(sys.argv[1])
from ansible_collections.sky.aws.tests.unit.entry_points import as_action, as_module
for way in (as_action, as_module):
    print(json.dumps(way("sky_iam_policy", json.loads(sys.argv[2]), check_mode=True)))
"""
#: What the collection takes from botocore to save time, by module.
PARTS = [
    ("botocore.credentials", "EnvProvider"),
    ("botocore.configprovider", "ConfiguredEndpointProvider"),
    ("botocore.handlers", "BUILTIN_HANDLERS"),
    ("botocore.handlers", "REGISTER_FIRST"),
    ("botocore.handlers", "REGISTER_LAST"),
    ("botocore.hooks", "EventAliaser"),
    ("botocore.hooks", "HierarchicalEmitter"),
    ("botocore.loaders", "JSONFileLoader"),
    ("botocore.loaders", "Loader"),
    ("botocore.loaders", "create_loader"),
    ("botocore.model", "ServiceModel"),
    ("botocore.paginate", "Paginator"),
    ("botocore.parsers", "create_parser"),
    ("botocore.utils", "get_environ_proxies"),
    ("botocore.utils", "get_service_module_name"),
    ("botocore.utils", "is_valid_endpoint_url"),
    ("botocore.utils", "validate_region_name"),
]
#: Other ways to make the same, which botocore itself would get along with.
FORMS = {
    "a session that takes no handlers": """
made = botocore.session.Session.__init__
botocore.session.Session.__init__ = lambda self, session_vars=None, profile=None: made(self, session_vars, profile=profile)
""",
    "a loader that takes no reader": """
made = botocore.loaders.Loader.__init__
botocore.loaders.Loader.__init__ = lambda self, extra_search_paths=None: made(self, extra_search_paths)
""",
    "a loader that is asked for more": """
asked = botocore.loaders.Loader.load_service_model
def load(self, service_name, type_name, api_version=None, load_extras=True):
    return asked(self, service_name, type_name, api_version)
botocore.loaders.Loader.load_service_model = load
class Asking:
    def __init__(self, loader):
        self.loader = loader
    def __getattr__(self, name):
        return getattr(self.loader, name)
    def load_service_model(self, *asked, **options):
        return self.loader.load_service_model(*asked, **options, load_extras=True)
created = botocore.client.ClientCreator.__init__
def create(self, loader, *others, **options): created(self, Asking(loader), *others, **options)
botocore.client.ClientCreator.__init__ = create
""",
    "handlers as lists": "botocore.handlers.BUILTIN_HANDLERS.append(['before-send', lambda **_: None])",
    "a handler in a place unheard of": "botocore.handlers.BUILTIN_HANDLERS.append(('before-send', print, 'by and by'))",
    "a session that wants no emitter of others": """
def register(self, name, component):
    assert name != "event_emitter" or isinstance(component, botocore.hooks.EventAliaser)
    self._components.register_component(name, component)
botocore.session.Session.register_component = register
""",
    "a client that wants the emitter of a session": """
made = botocore.client.ClientCreator.create_client
def create(self, *others, **options):
    self._event_emitter._alias_event_name("before-call.iam")
    return made(self, *others, **options)
botocore.client.ClientCreator.create_client = create
""",
    "a garbage collector that cannot freeze": "del gc.freeze",
}
#: Files of botocore's data that the collection loads before the fork, and a policy does not need.
FILES = [
    "_retry.json",
    "ec2",
    "iam/2010-05-08/waiters-2.json",
    "sts/2011-06-15/endpoint-rule-set-1.json",
]


def results(code: str, sandbox: Sandbox, tmp_path: pathlib.Path) -> list[dict[str, t.Any]]:
    found = python(RUN, tmp_path, code, json.dumps(sandbox.reach))
    assert len(found) == 2
    return found


def is_planned(result: dict[str, t.Any]) -> bool:
    assert not result.get("failed"), result["msg"]
    assert "warnings" not in result
    return bool(result["steps"] == [{"api": "iam:CreatePolicy", "target": "minimal-skypilot-policy"}])


@pytest.mark.parametrize(("module", "name"), PARTS, ids=[name for _, name in PARTS])
def test_a_part_that_is_gone(sandbox: Sandbox, tmp_path: pathlib.Path, module: str, name: str) -> None:
    assert all(map(is_planned, results(f"without({module!r}, {name!r})", sandbox, tmp_path)))


@pytest.mark.parametrize("form", FORMS)
def test_another_form(sandbox: Sandbox, tmp_path: pathlib.Path, form: str) -> None:
    assert all(map(is_planned, results(FORMS[form], sandbox, tmp_path)))


class TestData:
    @pytest.fixture
    def data(self, tmp_path: pathlib.Path) -> pathlib.Path:
        """botocore's data, with the models that the collection loads."""
        whole, few = pathlib.Path(botocore.__file__).parent / "data", tmp_path / "data"
        for service in PRELOADED:
            shutil.copytree(whole / service, few / service)
        for path in whole.glob("*.json*"):
            shutil.copy(path, few)
        return few

    @pytest.mark.parametrize("name", FILES)
    def test_a_file_that_is_gone(self, sandbox: Sandbox, tmp_path: pathlib.Path, data: pathlib.Path, name: str) -> None:
        remove(data / name)
        code = f"botocore.loaders.Loader.BUILTIN_DATA_PATH = {str(data)!r}"
        assert all(map(is_planned, results(code, sandbox, tmp_path)))

    @pytest.mark.parametrize(
        "name", ["sdk-default-configuration.json", "endpoints.json", "iam", "iam/2010-05-08/service-2.json"]
    )
    def test_one_that_botocore_needs_is_missed_in_one_line(
        self, sandbox: Sandbox, tmp_path: pathlib.Path, data: pathlib.Path, name: str
    ) -> None:
        remove(data / name)
        code = f"botocore.loaders.Loader.BUILTIN_DATA_PATH = {str(data)!r}"
        for result in results(code, sandbox, tmp_path):
            assert result["failed"] is True
            assert re.search("failed with (DataNotFoundError|UnknownServiceError): ", result["msg"])
            assert "\n" not in result["msg"]


def remove(path: pathlib.Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
        return
    (path if path.exists() else path.with_suffix(".json.gz")).unlink()
