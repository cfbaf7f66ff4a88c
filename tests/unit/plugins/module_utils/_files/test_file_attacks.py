# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Root writes configuration files into a researcher's folder, and she tries to have it write or hand out something else."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import stat
import threading
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._files.place import held
from ansible_collections.sky.aws.plugins.module_utils._resources.config import RESOURCE as config
from ansible_collections.sky.aws.plugins.module_utils._resources.config import work
from ansible_collections.sky.aws.plugins.module_utils._run import run
from ansible_collections.sky.aws.tests.unit.processes import (
    ALICE,
    BOB,
    given,
    linked,
    made,
    needs_root,
    shared_folder,
    within,
    written,
)
from ansible_collections.sky.aws.tests.unit.sandbox import params

pytestmark = needs_root

CREDENTIALS = "[default]\naws_access_key_id = ROOTS\naws_secret_access_key = ROOTS\n"


class Desk:
    """Alice's folders with the files that root writes for her, and root's own, which nobody else can get at."""

    def __init__(self, folder: Path) -> None:
        self.home = made(folder / "alice", ALICE)
        self.sky = made(self.home / ".sky", ALICE, 0o700) / "config.yaml"
        self.aws = made(self.home / ".aws", ALICE, 0o700) / "config"
        self.roots = made(folder / "root", mode=0o700)
        self.shell = written(self.roots / "config.yaml", "shell: start\n")
        self.credentials = written(self.roots / "config", CREDENTIALS)
        written(self.sky, "jobs: {}\n", ALICE)
        written(self.aws, "[default]\nregion = x\n", ALICE)
        self.before = self.roots_files()

    def run(self, *, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        files = {"config_file": str(self.sky), "aws_config_file": str(self.aws)}
        options = {"account_id": "111111111111", "user": "alice", "skypilot_python": "", **files, **options}
        return run(config, params(config, **options), check_mode=check_mode, warn=print)

    def refused(self, **options: t.Any) -> str:
        """The one line of a refusal, in check mode and without, in time; nothing of root's has changed."""
        messages = set()
        for check_mode in (True, False):
            with pytest.raises(SkyError) as caught:
                within(20, lambda mode=check_mode: self.run(check_mode=mode, **options))
            messages.add(caught.value.message)
            assert self.roots_files() == self.before
        [message] = messages
        assert "\n" not in message
        return message

    def roots_files(self) -> dict[str, tuple[t.Any, ...]]:
        """All that is root's own: names, contents, owners, modes."""
        found = {}
        for path in sorted(self.roots.rglob("*")):
            status = path.lstat()
            content = path.read_bytes() if path.is_file() else b""
            found[str(path)] = (content, status.st_uid, stat.S_IMODE(status.st_mode))
        return found

    def handed_out(self) -> list[Path]:
        """The files that Alice can read and that have root's credentials in them."""
        files = [path for path in self.home.rglob("*") if path.is_file() and not path.is_symlink()]
        readable = [path for path in files if path.stat().st_uid == ALICE or path.stat().st_mode & 0o077]
        return [path for path in readable if "ROOTS" in path.read_text()]


@pytest.fixture
def folder():
    yield from shared_folder()


@pytest.fixture
def desk(folder):
    return Desk(folder)


def swap(path: Path, target: Path) -> None:
    """A link of Alice's in place of what was there, which is moved aside."""
    path.rename(path.with_name(f"{path.name}.aside"))
    linked(path, target, ALICE)


class TestLinks:
    def test_a_file_that_is_a_link_of_hers(self, desk):
        swap(desk.sky, desk.shell)
        assert desk.refused() == (
            f"config_file: {desk.sky} is a link of user {ALICE}, who can have it lead anywhere; give the path that it "
            "leads to"
        )

    def test_a_folder_that_is(self, desk):
        swap(desk.aws.parent, desk.roots)
        assert f"aws_config_file: {desk.aws.parent} is a link of user {ALICE}" in desk.refused()

    def test_a_folder_above_that_is(self, desk):
        made(desk.roots / ".sky")
        desk.before = desk.roots_files()
        swap(desk.home, desk.roots)
        assert f"config_file: {desk.home} is a link of user {ALICE}" in desk.refused()

    def test_a_link_of_roots_in_a_folder_of_hers_can_have_been_moved_there(self, desk):
        desk.sky.unlink()
        linked(desk.sky, desk.shell)
        assert "is a link in a folder that others can write; give the path" in desk.refused()

    def test_a_link_into_nowhere_makes_no_file_there(self, desk):
        swap(desk.sky, desk.roots / "new")
        assert "is a link of user" in desk.refused()

    @pytest.mark.parametrize(
        ("owner", "mode", "link", "is_followed"),
        [
            (0, 0o755, 0, True),
            (0, 0o755, ALICE, False),
            (ALICE, 0o755, 0, False),
            (0, 0o777, 0, False),
            (0, 0o1777, 0, True),
            (0, 0o1777, ALICE, False),
            (ALICE, 0o1777, 0, False),
        ],
    )
    def test_a_link_is_followed_where_only_root_can_have_put_it(self, desk, folder, owner, mode, link, is_followed):
        links = made(folder / "links", owner, mode)
        path = linked(links / "link", desk.sky, link)
        if not is_followed:
            assert str(path) in desk.refused(config_file=str(path))
            return
        desk.run(config_file=str(path))
        assert path.is_symlink()
        assert "workspaces" in yaml.safe_load(desk.sky.read_text())

    def test_links_to_links_and_upwards_are_followed_as_the_disk_does(self, desk, folder):
        made(folder / "a")
        made(folder / "a" / "b")
        linked(folder / "a" / "b" / "up", Path(".."))
        linked(folder / "one", Path("a/b/up/../a/./b"))
        linked(folder / "two", folder / "one")
        desk.run(config_file=str(folder / "two" / "file.yaml"))
        assert (folder / "a" / "b" / "file.yaml").is_file()

    def test_links_in_a_circle(self, desk, folder):
        linked(folder / "one", folder / "two")
        linked(folder / "two", folder / "one")
        assert "Too many levels of symbolic links" in desk.refused(config_file=str(folder / "one"))

    def test_a_way_back_from_a_folder_that_does_not_exist(self, desk, folder):
        message = desk.refused(config_file=str(folder / "missing" / ".." / "file"))
        assert message.endswith("No such file or directory; give another path or mend its rights")

    @pytest.mark.parametrize("target", ["/", ".."])
    def test_a_link_to_a_folder_is_no_file(self, desk, folder, target):
        linked(folder / "link", Path(target))
        assert desk.refused(config_file=str(folder / "link"))

    def test_a_lock_that_is_a_link_makes_no_file_where_it_leads(self, desk):
        linked(desk.sky.with_name(".config.yaml.sky-aws.lock"), desk.roots / "lock", ALICE)
        with pytest.raises(SkyError, match=r"^config_file: .*\.lock has become a link") as caught:
            desk.run()
        assert "\n" not in caught.value.message
        assert desk.roots_files() == desk.before

    def test_a_draft_that_is_a_link_is_not_written_through(self, desk):
        linked(desk.sky.with_name(".config.yaml.sky-aws.new"), desk.shell, ALICE)
        desk.run()
        assert desk.roots_files() == desk.before


class TestOtherKinds:
    @pytest.mark.parametrize("name", ["sky", "aws"])
    def test_a_hard_link(self, desk, name):
        path = getattr(desk, name)
        path.unlink()
        os.link(desk.shell if name == "sky" else desk.credentials, path)
        assert f"{path} has 2 names (hard links)" in desk.refused()

    def test_a_fifo_is_not_waited_for(self, desk):
        desk.sky.unlink()
        os.mkfifo(desk.sky)
        assert desk.refused() == f"config_file: {desk.sky} is not a regular file; give the path of one, or remove it"

    def test_a_fifo_for_a_lock_is_not_waited_for(self, desk):
        os.mkfifo(desk.sky.with_name(".config.yaml.sky-aws.lock"))
        with pytest.raises(SkyError, match=r"^config_file: .*\.lock is not a regular file"):
            within(20, desk.run)

    @pytest.mark.parametrize("name", ["config.yaml", ".config.yaml.sky-aws.lock"])
    @pytest.mark.parametrize("kind", ["fifo", "link"])
    def test_what_comes_between_a_look_at_a_name_and_its_opening(self, desk, monkeypatch, kind, name):
        """What is opened is looked at again, and a link is not opened at all."""
        path = written(desk.sky.with_name("other"), "", ALICE).rename(desk.sky.with_name(name))
        look, looks = os.stat, []

        def then_another(asked, **how):
            found = look(asked, **how)
            looks.append(asked)
            # The way to the file looks at its name once, and the lock's is looked at when it is opened.
            if asked == name and looks.count(name) == (2 if path == desk.sky else 1):
                path.unlink()
                os.mkfifo(path) if kind == "fifo" else linked(path, desk.shell, ALICE)
            return found

        monkeypatch.setattr(os, "stat", then_another)
        with pytest.raises(SkyError) as caught:
            within(20, lambda: desk.run(check_mode=path == desk.sky))
        assert (
            "is not a regular file" if kind == "fifo" else "Too many levels of symbolic links"
        ) in caught.value.message
        assert desk.roots_files() == desk.before

    def test_a_draft_that_is_put_there_just_before_ours_is_not_written_to(self, desk, monkeypatch):
        draft, unlink = desk.sky.with_name(".config.yaml.sky-aws.new"), os.unlink

        def then_hers(name, **how):
            with contextlib.suppress(FileNotFoundError):
                unlink(name, **how)
            if name == draft.name:
                written(draft, "hers", ALICE)

        with monkeypatch.context() as patch:
            patch.setattr(os, "unlink", then_hers)
            with pytest.raises(SkyError, match=r"^config_file: .*File exists"):
                desk.run()
        assert draft.read_text() == "hers"

    def test_a_socket(self, desk):
        desk.sky.unlink()
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as server, contextlib.chdir(desk.sky.parent):
            server.bind(desk.sky.name)
            assert "is not a regular file" in desk.refused()

    def test_a_device(self, desk):
        assert "is not a regular file" in desk.refused(config_file="/dev/null")


class Swapped:
    """Something is done between what a run has read, under its locks, and what it writes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, act: t.Callable[[], object]) -> None:
        change = work.change

        def then_act(*arguments: t.Any) -> t.Any:
            found = change(*arguments)
            act()
            return found

        monkeypatch.setattr(work, "change", then_act)


class TestBetweenReadingAndWriting:
    def test_a_link_in_place_of_the_file(self, desk, monkeypatch):
        Swapped(monkeypatch, lambda: swap(desk.sky, desk.shell))
        desk.run()
        assert desk.roots_files() == desk.before
        assert not desk.sky.is_symlink()

    def test_a_link_in_place_of_the_folder(self, desk, monkeypatch):
        held = desk.sky.parent.with_name(".sky.aside")
        Swapped(monkeypatch, lambda: swap(desk.sky.parent, desk.roots))
        desk.run()
        assert desk.roots_files() == desk.before
        assert "workspaces" in yaml.safe_load((held / "config.yaml").read_text())

    def test_a_link_in_place_of_a_folder_above(self, desk, monkeypatch):
        made(desk.roots / ".sky")
        desk.before = desk.roots_files()
        Swapped(monkeypatch, lambda: swap(desk.home, desk.roots))
        desk.run()
        assert desk.roots_files() == desk.before

    def test_a_file_of_hers_does_not_make_her_the_owner_of_what_was_read(self, desk, monkeypatch):
        desk.aws.unlink()
        written(desk.aws, CREDENTIALS)

        def swapped() -> None:
            desk.aws.rename(desk.aws.with_name("aside"))
            written(desk.aws, "", ALICE)

        Swapped(monkeypatch, swapped)
        desk.run()
        assert "ROOTS" in desk.aws.read_text()
        assert desk.handed_out() == []

    def test_a_backup_has_what_was_read_and_belongs_to_its_owner(self, desk, monkeypatch):
        Swapped(monkeypatch, lambda: swap(desk.aws, desk.credentials))
        for path in desk.run()["config"]["backup_files"]:
            assert "ROOTS" not in Path(path).read_text()
            assert (Path(path).stat().st_uid, stat.S_IMODE(Path(path).stat().st_mode)) == (ALICE, 0o600)
        assert desk.handed_out() == []

    def test_in_a_loop(self, desk):
        """She swaps file and folder for links as fast as she can, while root writes."""
        folder, over, numbers = desk.sky.parent, threading.Event(), itertools.count()
        acts = (
            lambda: folder.rename(folder.with_name(f"aside{next(numbers)}")),
            lambda: linked(folder, desk.roots, ALICE),
            desk.aws.unlink,
            lambda: linked(desk.aws, desk.credentials, ALICE),
            folder.unlink,
            lambda: made(folder, ALICE),
            desk.aws.unlink,
            lambda: written(desk.aws, "[default]\n", ALICE),
        )

        def swapping() -> None:
            while not over.is_set():
                for act in acts:
                    with contextlib.suppress(OSError):
                        act()

        thread = threading.Thread(target=swapping)
        thread.start()
        try:
            for number in range(150):
                with contextlib.suppress(SkyError):
                    desk.run(account_id=f"{number:012}")
        finally:
            over.set()
            thread.join()
        assert desk.roots_files() == desk.before
        assert desk.handed_out() == []


def test_a_path_without_a_beginning_is_not_taken_for_one_from_the_root():
    with pytest.raises(ValueError, match="'etc/passwd' is not absolute"), held("etc/passwd"):
        pass


def test_nothing_that_was_held_stays_open(desk):
    descriptors = Path("/proc/self/fd")
    before = {path.name for path in descriptors.iterdir()}
    desk.run()
    swap(desk.sky, desk.shell)
    for check_mode in (True, False):
        with pytest.raises(SkyError):
            desk.run(check_mode=check_mode)
    assert {path.name for path in descriptors.iterdir()} == before


class TestOwners:
    def test_a_file_of_hers_stays_hers(self, desk):
        for path in desk.run()["config"]["backup_files"]:
            assert Path(path).stat().st_uid == ALICE
        assert (desk.sky.stat().st_uid, desk.aws.stat().st_uid) == (ALICE, ALICE)

    def test_a_new_file_is_for_who_writes_it(self, desk):
        desk.sky.unlink()
        desk.run()
        assert (desk.sky.stat().st_uid, stat.S_IMODE(desk.sky.stat().st_mode)) == (0, 0o600)

    def test_a_user_who_cannot_give_files_away_gets_them(self, desk, folder):
        shared = made(folder / "shared", BOB, 0o777)
        path = written(shared / "config.yaml", "jobs: {}\n", ALICE, 0o644)
        within(20, lambda: desk.run(config_file=str(path), aws_config_file=str(shared / "aws")), user=BOB, group=BOB)
        assert (path.stat().st_uid, stat.S_IMODE(path.stat().st_mode)) == (BOB, 0o600)

    @pytest.mark.parametrize("umask", [0, 0o002, 0o077])
    @pytest.mark.parametrize("mode", [0o755, 0o2775])
    def test_nobody_else_can_read_what_is_made(self, desk, folder, mode, umask):
        shared = made(folder / "shared", mode=mode, group=BOB)
        paths = {"config_file": str(shared / "a" / "sky"), "aws_config_file": str(shared / "a" / "aws")}
        within(20, lambda: desk.run(**paths), umask=umask)
        within(20, lambda: desk.run(**paths, account_id="222222222222"), umask=umask)
        found = list((shared / "a").iterdir())
        assert len(found) == 6
        assert {stat.S_IMODE(path.stat().st_mode) for path in found} == {0o600}
        assert stat.S_IMODE((shared / "a").stat().st_mode) & 0o777 == 0o700

    def test_a_draft_is_closed_from_its_first_byte(self, desk, monkeypatch):
        modes = []
        monkeypatch.setattr(os, "fchmod", lambda descriptor, _mode: modes.append(os.fstat(descriptor).st_mode & 0o777))
        before = os.umask(0)
        try:
            desk.run()
        finally:
            os.umask(before)
        assert modes
        assert set(modes) == {0o600}


class TestOrdinaryUsers:
    """The plan says so: root can write anywhere, others cannot."""

    def test_a_folder_that_cannot_be_written(self, desk, folder):
        made(folder / "closed")
        path = folder / "closed" / "sky" / "config.yaml"
        for check_mode, user in itertools.product((True, False), (ALICE,)):
            with pytest.raises(SkyError) as caught:
                within(
                    20, lambda mode=check_mode: desk.run(check_mode=mode, config_file=str(path)), user=user, group=user
                )
            assert caught.value.message == (
                f"config_file: {path} cannot be written, since {folder / 'closed'} is not writable; give another path"
            )

    def test_a_file_that_cannot_be_read(self, desk, folder):
        path = written(made(folder / "open") / "config.yaml", "jobs: {}\n")
        with pytest.raises(SkyError) as caught:
            within(20, lambda: desk.run(check_mode=True, config_file=str(path)), user=ALICE, group=ALICE)
        assert caught.value.message == f"config_file: {path}: Permission denied; give another path or mend its rights"

    def test_a_folder_on_the_way_need_not_be_listed(self, desk, folder):
        made(folder / "way", mode=0o711)
        home = made(folder / "way" / "alice", ALICE, 0o700)
        paths = {"config_file": str(home / "sky"), "aws_config_file": str(home / "aws")}
        within(20, lambda: desk.run(**paths), user=ALICE, group=ALICE)
        assert (home / "sky").stat().st_uid == ALICE

    def test_a_link_of_ones_own(self, desk, folder):
        path = linked(desk.home / "link", desk.sky, ALICE)
        within(20, lambda: desk.run(config_file=str(path)), user=ALICE, group=ALICE)
        assert path.is_symlink()
        assert given(path, BOB).is_symlink()
        with pytest.raises(SkyError, match=f"is a link of user {BOB}"):
            within(20, lambda: desk.run(config_file=str(path)), user=ALICE, group=ALICE)
