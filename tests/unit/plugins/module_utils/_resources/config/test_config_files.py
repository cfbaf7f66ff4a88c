# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration files on disk: modes, owners, links, backups, writers at once, and what is refused."""

from __future__ import annotations

import configparser
import dataclasses
import fcntl
import multiprocessing
import os
import pathlib
import stat
import typing as t

import pytest
import yaml

from ansible_collections.sky.aws.plugins.module_utils._errors import BadInput, SkyError
from ansible_collections.sky.aws.plugins.module_utils._files import lock
from ansible_collections.sky.aws.plugins.module_utils._resources.config import RESOURCE as config
from ansible_collections.sky.aws.plugins.module_utils._run import run
from ansible_collections.sky.aws.tests.unit.sandbox import params

ACCOUNT = "111111111111"
WORKSPACE = {"aws-111111111111": {"aws": {"profile": "111111111111-alice"}}}


class Files:
    """Both files in one folder, and the resource run on them as an entry point does."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.sky = folder / "sky" / "config.yaml"
        self.aws = folder / "aws" / "config"
        self.warnings: list[str] = []
        self.look = config.read

    def run(self, *, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        self.warnings = []
        given = {
            "account_id": ACCOUNT,
            "user": "alice",
            "config_file": str(self.sky),
            "aws_config_file": str(self.aws),
            "skypilot_python": "",
            **options,
        }
        return run(
            dataclasses.replace(config, read=self.look),
            params(config, **given),
            check_mode=check_mode,
            warn=self.warnings.append,
        )

    def refused(self, **options: t.Any) -> str:
        """The message of a refusal: one line, after which both files are as before, whatever mode the run is in."""
        before = self.contents()
        messages = set()
        for check_mode in (True, False):
            with pytest.raises(SkyError) as caught:
                self.run(check_mode=check_mode, **options)
            messages.add(caught.value.message)
            assert self.contents() == before
        [message] = messages
        assert "\n" not in message
        return message

    def write(self, sky: str = "", aws: str = "") -> None:
        for path, text in ((self.sky, sky), (self.aws, aws)):
            path.parent.mkdir(exist_ok=True)
            if text:
                path.write_text(text)

    def contents(self) -> dict[str, bytes]:
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        return {str(path): path.read_bytes() for path in files}

    def backups(self, path: pathlib.Path) -> list[pathlib.Path]:
        return sorted(path.parent.glob(f"{path.name}.*~"))


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


def mode(path: pathlib.Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestWriting:
    def test_the_first_account_makes_folders_and_files_for_the_owner_only(self, files):
        checked = files.run(check_mode=True)
        assert list(files.folder.iterdir()) == []
        done = files.run()
        assert {key: value for key, value in checked.items() if key != "config"} == {
            key: value for key, value in done.items() if key != "config"
        }
        assert (
            done["config"]
            == checked["config"]
            == {
                "config_file": str(files.sky),
                "aws_config_file": str(files.aws),
                "workspace": "aws-111111111111",
                "profile": "111111111111-alice",
                "backup_files": [],
                "checked_by": None,
            }
        )
        assert (done["changed"], done["steps"], files.warnings) == (True, [], [])
        assert [mode(path) for path in (files.sky.parent, files.aws.parent, files.sky, files.aws)] == [
            0o700, 0o700, 0o600, 0o600,
        ]  # fmt: skip
        assert yaml.safe_load(files.sky.read_text()) == {"workspaces": WORKSPACE}
        assert files.aws.read_text() == "[profile 111111111111-alice]\nregion = us-east-1\n"

    def test_nothing_is_written_where_nothing_changes(self, files):
        files.run()
        # With another form and mode than a write would give.
        files.sky.write_text("workspaces: {aws-111111111111: {aws: {profile: 111111111111-alice}}} # mine\n")
        files.sky.chmod(0o640)
        os.utime(files.sky, (1, 1))
        os.utime(files.aws, (1, 1))
        before = files.contents()
        again = files.run()
        assert again["changed"] is False
        assert again["diff"]["before"] == again["diff"]["after"] != {}
        assert files.contents() == before
        assert (files.sky.stat().st_mtime, files.aws.stat().st_mtime, mode(files.sky)) == (1, 1, 0o640)

    def test_a_backup_keeps_what_was_there(self, files):
        files.write(sky="# mine\njobs: {}\n", aws="[default]\nregion = x\n")
        files.sky.chmod(0o644)
        checked = files.run(check_mode=True)
        assert checked["config"]["backup_files"] == []
        done = files.run()
        assert "has comments, which are lost where it is changed; the backup keeps them" in files.warnings[0]
        [sky], [aws] = files.backups(files.sky), files.backups(files.aws)
        assert done["config"]["backup_files"] == [str(aws), str(sky)]
        assert sky.read_text() == "# mine\njobs: {}\n"
        assert aws.read_text() == "[default]\nregion = x\n"
        assert [mode(path) for path in (sky, aws, files.sky)] == [0o600] * 3

    def test_what_is_said_to_be_written_is_on_the_disk(self, files, monkeypatch):
        """Each new file, and each folder that names it."""
        synced = []
        monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
        files.run()
        assert set(synced) == {
            path.stat().st_ino for path in (files.sky, files.aws, files.sky.parent, files.aws.parent)
        }

    def test_only_the_file_that_changes_is_backed_up(self, files):
        files.run()
        done = files.run(region="eu-west-1")
        assert [pathlib.Path(path).parent for path in done["config"]["backup_files"]] == [files.aws.parent]

    def test_no_backup_takes_the_place_of_another(self, files):
        for region in ("eu-west-1", "eu-west-2", "us-west-1", "us-west-2"):
            files.run(region=region)
        assert sorted(path.read_text().split()[-1] for path in files.backups(files.aws)) == [
            "eu-west-1", "eu-west-2", "us-west-1",
        ]  # fmt: skip

    def test_backups_can_be_left_out(self, files):
        files.write(sky="jobs: {}\n")
        assert files.run(backup=False)["config"]["backup_files"] == []
        assert files.backups(files.sky) == []

    def test_the_owner_is_kept(self, files):
        files.write(sky="jobs: {}\n")
        owner = 12345 if os.geteuid() == 0 else os.geteuid()
        os.chown(files.sky, owner, -1)
        [backup] = files.run()["config"]["backup_files"]
        assert files.sky.stat().st_uid == pathlib.Path(backup).stat().st_uid == owner

    def test_a_link_stays_a_link(self, files):
        files.write(sky="jobs: {}\n")
        link = files.folder / "link"
        link.symlink_to(files.sky)
        files.run(config_file=str(link))
        assert link.is_symlink()
        assert yaml.safe_load(files.sky.read_text()) == {"jobs": {}, "workspaces": WORKSPACE}
        assert len(files.backups(files.sky)) == 1

    def test_a_link_into_nowhere_is_followed(self, files):
        link = files.folder / "link"
        link.symlink_to(files.sky)
        files.run(config_file=str(link))
        assert files.sky.is_file()

    def test_absent_does_not_make_files(self, files):
        assert files.run(state="absent")["changed"] is False
        assert list(files.folder.iterdir()) == []

    def test_what_another_run_wrote_since_the_look_stays(self, files):

        def overtaken(account, given):
            found = config.read(account, given)
            files.write(sky="workspaces: {b: {aws: {profile: 222222222222-bob}}}\n", aws="[default]\nregion = x\n")
            return found

        files.look = overtaken
        files.run()
        assert sorted(yaml.safe_load(files.sky.read_text())["workspaces"]) == ["aws-111111111111", "b"]
        assert "[default]" in files.aws.read_text()

    def test_a_value_that_another_run_wrote_since_the_look_is_a_conflict(self, files):

        def overtaken(account, given):
            found = config.read(account, given)
            files.write(sky="aws: {vpc_names: [a]}\nworkspaces: {b: {aws: {profile: 222222222222-bob}}}\n")
            return found

        files.look = overtaken
        with pytest.raises(SkyError, match=r"aws.vpc_names is \['a'\] for workspace b, but \['b'\] is declared"):
            files.run(vpc_names=["b"])
        assert not files.aws.exists()

    def test_a_write_that_fails_leaves_the_old_file_and_says_so(self, files, monkeypatch):
        files.write(sky="jobs: {}\n", aws="[default]\n")
        before = files.contents()

        def full(_descriptor):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(SkyError, match=r"aws_config_file: .*No space left on device"):
            files.run(backup=False)
        left = {name: text for name, text in files.contents().items() if not name.endswith(".lock")}
        assert left == before


class TestRefusals:
    def test_no_yaml(self, files):
        files.write(sky="a: [\n")
        assert "config.yaml is not a SkyPilot configuration file: did not find expected" in files.refused()

    @pytest.mark.parametrize("name", ["sky", "aws"])
    def test_no_utf_8(self, files, name):
        files.write()
        getattr(files, name).write_bytes(b"a: \xff\n")
        assert "it is not UTF-8 text; give another path" in files.refused()

    @pytest.mark.parametrize("name", ["sky", "aws"])
    def test_a_folder_in_place_of_the_file(self, files, name):
        getattr(files, name).mkdir(parents=True)
        assert "is not a regular file; give the path of one" in files.refused()

    def test_a_file_in_place_of_the_folder(self, files):
        files.sky.parent.write_text("")
        assert files.refused() == (f"config_file: {files.sky}: Not a directory; give another path or mend its rights")

    def test_links_in_a_circle(self, files):
        files.write()
        files.sky.symlink_to(files.sky)
        assert "config_file: " in files.refused()

    def test_one_file_for_both(self, files):
        files.write()
        files.aws.symlink_to(files.sky)
        assert "config_file and aws_config_file: both are" in files.refused()

    def test_files_that_become_one_after_the_look(self, files):
        files.write(sky="jobs: {}\n")

        def then_one(account, given):
            found = config.read(account, given)
            files.aws.symlink_to(files.sky)
            return found

        files.look = then_one
        with pytest.raises(SkyError, match="config_file and aws_config_file: both are"):
            files.run()
        assert files.sky.read_text() == "jobs: {}\n"

    def test_all_wait_for_the_file_that_most_of_them_share(self, files, monkeypatch):
        """Whoever waits for AWS's holds no other lock that others would wait for without seeing it move on."""
        monkeypatch.setattr(lock, "PATIENCE", 0.2)
        files.run()
        for path in files.sky.parent.glob(".*.lock"):
            path.unlink()
        with open(files.aws.with_name(".config.sky-aws.lock")) as taken:
            fcntl.flock(taken, fcntl.LOCK_EX)
            with pytest.raises(SkyError, match=r"^aws_config_file: .* has been locked by one process for 0.2 seconds"):
                files.run(region="eu-west-1")
        assert [path.name for path in files.sky.parent.iterdir()] == ["config.yaml"]

    def test_two_files_of_one_name(self, files):
        files.sky, files.aws = files.folder / "a" / "b" / "config", files.folder / "b" / "config"
        assert files.run(check_mode=True)["changed"]
        files.run()
        assert files.sky.is_file()
        assert files.aws.is_file()

    def test_bad_input_comes_before_any_look(self, files):
        files.write(sky="a: [\n")
        with pytest.raises(BadInput) as caught:
            files.run(user="a b", config_file="relative", workspace="1")
        assert [fault.split(":")[0] for fault in caught.value.faults] == ["user", "workspace", "config_file"]


WRITERS = 20


def write_one(folder: str, number: int) -> None:
    files = Files(pathlib.Path(folder))
    link = pathlib.Path(folder) / "link"
    files.run(
        account_id=f"{number:012}", vpc_names=["lab"], backup=number == 0,
        config_file=str(link if number % 2 else files.sky),
    )  # fmt: skip


def test_writers_at_once_lose_nothing(files):
    (files.folder / "link").symlink_to(files.sky)
    mine = "# mine\n[default]\nregion = eu-west-1\n"
    files.write(sky="aws: {vpc_names: lab}\njobs: {}\n", aws=mine)
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write_one, args=(str(files.folder), number)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    names = [f"{number:012}" for number in range(WRITERS)]
    assert yaml.safe_load(files.sky.read_text()) == {
        "aws": {"vpc_names": "lab"},
        "jobs": {},
        "workspaces": {f"aws-{name}": {"aws": {"profile": f"{name}-alice"}} for name in names},
    }
    parser = configparser.RawConfigParser()
    parser.read(files.aws)
    assert parser.sections() == ["default", *(f"profile {name}-alice" for name in names)]
    assert files.aws.read_text().startswith(mine)
    assert len(files.backups(files.sky)) == len(files.backups(files.aws)) == 1
    assert not list(files.folder.rglob("*.new"))
