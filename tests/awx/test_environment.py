# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The execution environment, as far as it goes without a container engine: its build context, and each step's input."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
import typing as t

import pytest
import yaml
from packaging.requirements import Requirement

from ansible_collections.sky.aws.tests.integration.runs import ROOT

DEFINITION = ROOT / "execution-environment.yml"
#: The first boto3 and botocore whose model of Organizations has what the inventory plugin reads.
FIRST = "1.40.27"


def run(program: str, *arguments: str | pathlib.Path, cwd: pathlib.Path, **environment: str) -> str:
    """A command of the test's environment; its output, or a failure with it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHONPATH"))}
    done = subprocess.run(
        [str(pathlib.Path(sys.executable).with_name(program)), *map(str, arguments)],
        cwd=cwd,
        env={**kept, "ANSIBLE_HOME": str(cwd / "home"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The build context, made by the commands that the definition names."""
    folder = tmp_path_factory.mktemp("environment")
    shutil.copy(DEFINITION, folder)
    run("ansible-galaxy", "collection", "build", "--output-path", folder / "build", cwd=ROOT)
    run("ansible-builder", "create", "--output-filename", "Containerfile", cwd=folder)
    return folder / "context"


@pytest.fixture(scope="module")
def installed(context: pathlib.Path) -> pathlib.Path:
    """What the image has at /usr/share/ansible/collections: the galaxy stage's own command, in the context's folder."""
    target = context.parent / "collections"
    run(
        "ansible-galaxy",
        *("collection", "install", "--offline", "-r", "requirements.yml", "--collections-path", target),
        cwd=context / "_build",
        ANSIBLE_COLLECTIONS_PATH=str(target),
    )
    return target


def requirements(texts: t.Iterable[str]) -> dict[str, Requirement]:
    """Requirements by name, from lines that may have comments."""
    wanted = filter(None, (text.partition("#")[0].strip() for text in texts))
    return {requirement.name: requirement for requirement in map(Requirement, wanted)}


class TestContext:
    def test_it_has_the_collection_of_this_version(self, context: pathlib.Path) -> None:
        version = yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"]
        assert [path.name for path in (context / "_build" / "tarballs").iterdir()] == [f"sky-aws-{version}.tar.gz"]
        wanted = yaml.safe_load((context / "_build" / "requirements.yml").read_text())["collections"]
        assert wanted == [{"name": f"tarballs/sky-aws-{version}.tar.gz", "type": "file"}]

    def test_it_makes_an_image_with_what_a_controller_needs(self, context: pathlib.Path) -> None:
        text = (context / "Containerfile").read_text()
        [line] = [line for line in text.splitlines() if line.startswith("ARG ANSIBLE_INSTALL_REFS=")]
        named = requirements(line.partition("=")[2].strip('"').split())
        assert set(named) == {"ansible-core", "ansible-runner"}
        core = requirements((ROOT / "requirements.txt").read_text().splitlines())["ansible-core"]
        assert named["ansible-core"].specifier == core.specifier

    def test_what_the_collection_asks_for_is_installed(self, context: pathlib.Path) -> None:
        """The stage that looks into the collections, and the one that installs what it found."""
        text = (context / "Containerfile").read_text()
        for step in (
            "ansible-galaxy collection install $ANSIBLE_GALAXY_CLI_COLLECTION_OPTS -r requirements.yml",
            "introspect.py introspect --write-bindep=/tmp/src/bindep.txt --write-pip=/tmp/src/requirements.txt",
            "COPY --from=galaxy /usr/share/ansible /usr/share/ansible",
            "RUN /output/scripts/install-from-bindep",
        ):
            assert step in text


class TestIntrospection:
    def test_it_finds_boto3_and_botocore_alone(self, installed: pathlib.Path) -> None:
        said = yaml.safe_load(run("ansible-builder", "introspect", installed, cwd=installed))
        found = requirements(said["python"])
        assert said["system"] == []
        assert set(found) == {"boto3", "botocore"}
        assert all(FIRST in each.specifier for each in found.values())
        assert not any("1.40.26" in each.specifier for each in found.values())

    def test_the_collection_works_where_it_is_installed(self, installed: pathlib.Path) -> None:
        for kind, name in (("inventory", "sky_accounts"), ("module", "sky_user")):
            said = run(
                "ansible-doc",
                *("--type", kind, f"sky.aws.{name}"),
                cwd=installed,
                ANSIBLE_COLLECTIONS_PATH=str(installed),
            )
            assert str(installed) in said
