# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of a model is as botocore has it, and what is not kept is answered as botocore answers."""

from __future__ import annotations

import gzip
import json
import pathlib
import re
import typing as t

import botocore.loaders
import botocore.session
import pytest
from botocore.exceptions import BotoCoreError

from ansible_collections.sky.aws.plugins.module_utils import _models, _resources
from ansible_collections.sky.aws.plugins.module_utils._models import OPERATIONS
from ansible_collections.sky.aws.tests.unit.sandbox import client


@pytest.mark.parametrize("service", OPERATIONS)
def test_what_is_kept_of_a_model_is_as_botocore_has_it(service: str) -> None:
    session = botocore.session.Session()
    session.register_component("data_loader", _models.loader(None))
    ours = client(session, service).meta.service_model
    ordinary = client(botocore.session.Session(), service).meta.service_model
    assert set(ours.operation_names) == OPERATIONS[service]

    for name in ours.operation_names:
        kept, whole = ours.operation_model(name), ordinary.operation_model(name)
        for shape in ("input_shape", "output_shape"):
            assert tree(getattr(kept, shape)) == tree(getattr(whole, shape)), name


def tree(shape: t.Any, above: tuple[str, ...] = ()) -> t.Any:
    """A shape with all below it; one that is within itself is told by its name."""
    if shape is None or shape.name in above:
        return shape and shape.name
    inside = (*above, shape.name)
    below = [*getattr(shape, "members", {}).items()]
    below += [(part, getattr(shape, part)) for part in ("member", "key", "value") if hasattr(shape, part)]
    return shape.name, shape.type_name, dict(shape.serialization), {name: tree(each, inside) for name, each in below}


@pytest.mark.parametrize(
    "asked",
    [
        ("sts", "waiters-2"),
        ("iam", "waiters-2", "1999-01-01"),
        ("iam", "service-2", "1999-01-01"),
        ("nowhere", "service-2"),
        ("iam", "nothing-1"),
    ],
    ids=str,
)
def test_what_is_not_there_is_missed_as_botocore_misses_it(asked: tuple[str, ...]) -> None:
    told = []
    for loader in (_models.loader(None), botocore.loaders.Loader()):
        with pytest.raises(BotoCoreError) as caught:
            loader.load_service_model(*asked)
        told.append((type(caught.value), str(caught.value)))
    assert told[0] == told[1]


def test_a_question_of_a_newer_botocore_is_its_own_loaders() -> None:
    class Newer(botocore.loaders.Loader):
        def load_service_model(self, service_name: str, type_name: str, *, flavour: str) -> dict[str, t.Any]:
            return {"asked": [service_name, type_name, flavour]}

    found = _models._Models(Newer()).load_service_model("iam", "service-2", flavour="mild")
    assert found == {"asked": ["iam", "service-2", "mild"]}


def test_models_are_read_without_their_documentation(tmp_path: pathlib.Path) -> None:
    shape = {"documentation": "<p>What it is.</p>", "members": {"documentation": {"shape": "String"}}}
    (tmp_path / "plain.json").write_text(json.dumps(shape))
    with gzip.open(tmp_path / "packed.json.gz", "wt") as file:
        json.dump(shape, file)
    for name in ("plain", "packed"):
        assert _models._Files().load_file(str(tmp_path / name)) == {"members": {"documentation": {"shape": "String"}}}
    assert _models._Files().load_file(str(tmp_path / "none")) is None


def test_a_form_of_file_that_only_botocore_knows_is_read_by_botocore(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(botocore.loaders._JSON_OPEN_METHODS, ".json5", open)
    (tmp_path / "iam.json5").write_text('{"a": 1}')
    assert _models._Files().load_file(str(tmp_path / "iam")) == {"a": 1}


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


class TestDataPath:
    """Models of one's own, as botocore's setting ``data_path`` gives them."""

    @pytest.fixture
    def folder(self, tmp_path: pathlib.Path) -> pathlib.Path:
        """IAM with another name and without ListRoles, and a list of regions with one of one's own."""
        loader = botocore.loaders.Loader()
        model = loader.load_service_model("iam", "service-2")
        model = {**model, "metadata": {**model["metadata"], "serviceFullName": "Mine"}}
        model["operations"] = {name: each for name, each in model["operations"].items() if name != "ListRoles"}
        version = tmp_path / "iam" / loader.determine_latest_version("iam", "service-2")
        version.mkdir(parents=True)
        (version / "service-2.json").write_text(json.dumps(model))
        endpoints = {"partitions": [{"partition": "mine", "regions": {"my-moon-1": {}, "mine-global": {}}}]}
        (tmp_path / "endpoints.json").write_text(json.dumps(endpoints))
        return tmp_path

    def test_its_models_come_before_botocores_own(self, folder: pathlib.Path) -> None:
        model = _models.loader(str(folder)).load_service_model("iam", "service-2")
        assert model["metadata"]["serviceFullName"] == "Mine"
        assert set(model["operations"]) == OPERATIONS["iam"] - {"ListRoles"}
        assert _models.loader(str(folder)).load_service_model("sts", "service-2")
        assert set(_models.loader(None).load_service_model("iam", "service-2")["operations"]) == OPERATIONS["iam"]

    def test_its_regions_are_known(self, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_DATA_PATH", str(folder))
        assert _models.partitions() == {"mine": {"my-moon-1"}}


def test_partitions_and_regions_are_known_offline() -> None:
    known = _models.partitions()
    assert "us-east-1" in known["aws"]
    assert "cn-north-1" in known["aws-cn"]
    assert not any(region.endswith("-global") for regions in known.values() for region in regions)


@pytest.mark.parametrize("text", ['{"regions": []}', "no JSON"])
def test_a_list_of_regions_of_another_form_is_none(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    (tmp_path / "endpoints.json").write_text(text)
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    assert _models.partitions() == {}
