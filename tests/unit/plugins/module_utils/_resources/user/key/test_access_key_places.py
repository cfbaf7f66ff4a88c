# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose folders and files take a key: private ones, or those of the user whose own the file is declared to be."""

from __future__ import annotations

import grp
import os
import pwd
import stat
import struct
import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.sky.aws.plugins.module_utils._errors import BadInput, SkyError
from ansible_collections.sky.aws.plugins.module_utils._files import trust
from ansible_collections.sky.aws.plugins.module_utils._resources.user import RESOURCE as user
from ansible_collections.sky.aws.plugins.module_utils._resources.user.key import in_file
from ansible_collections.sky.aws.plugins.module_utils._resources.user.key.key import NewKey
from ansible_collections.sky.aws.tests.unit.key_scene import Scene, apis
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

if t.TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs_root

PROFILE = "111111111111-alice"
KEY = NewKey("ID", "SECRET", "Active", None)
TEXT = f"[{PROFILE}]\naws_access_key_id = ID\naws_secret_access_key = SECRET\n"


@pytest.fixture
def folder():
    yield from shared_folder()


@pytest.fixture
def no_container(monkeypatch):
    """Group 0 is root's."""
    monkeypatch.setattr(trust, "_CONTAINER_FILES", ())
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)


def deliver(path: Path, owner: str | None = None) -> None:
    in_file.read(str(path), PROFILE, owner).deliver(KEY, print)


def fault(path: Path, owner: str | None = None) -> str | None:
    return in_file.read(str(path), PROFILE, owner).fault


def refused(path: Path, owner: str | None = None) -> str:
    """The one line of a refusal, which a look gives, too; nothing is written but perhaps a lock."""
    before = contents(path.parent)
    with pytest.raises(SkyError) as caught:
        deliver(path, owner)
    assert fault(path, owner) == caught.value.message
    assert "\n" not in caught.value.message
    assert contents(path.parent) == before
    return caught.value.message


def contents(folder: Path) -> dict[Path, os.stat_result]:
    return {path: path.lstat() for path in folder.rglob("*") if path.suffix != ".lock"}


def whose(path: Path) -> tuple[int, int]:
    status = path.lstat()
    return status.st_uid, stat.S_IMODE(status.st_mode)


class TestOthersFolders:
    def test_a_folder_of_another_user(self, folder):
        path = made(folder / "alice", ALICE) / "credentials"
        assert refused(path) == (
            f"access_key_delivery.file: {path.parent} is no place for a secret of yours: it belongs to user {ALICE}; give a "
            "path in a folder of your own (chmod 700), or declare the user whose own file it is (access_key_delivery.owner)"
        )

    def test_a_file_of_another_user(self, folder):
        path = written(folder / "credentials", "", ALICE)
        assert f"credentials in it belongs to user {ALICE}; give a path" in refused(path)

    @pytest.mark.parametrize("mode", [0o777, 0o1777, 0o703])
    def test_a_folder_that_everybody_can_write(self, folder, mode):
        path = made(folder / "open", mode=mode) / "credentials"
        assert f"others can write into it (mode {mode:04o})" in refused(path)

    def test_a_new_folder_in_one_of_another_user_is_ours(self, folder):
        path = made(folder / "alice", ALICE) / "keys" / "credentials"
        deliver(path)
        assert [whose(path.parent), whose(path)] == [(0, 0o700), (0, 0o600)]

    def test_a_folder_that_is_put_in_the_place_of_the_new_one(self, folder, monkeypatch):
        path = made(folder / "alice", ALICE) / "keys" / "credentials"
        mkdir = os.mkdir

        def swapped(name, *arguments, **more):
            mkdir(name, *arguments, **more)
            path.parent.rename(path.parent.with_name("aside"))
            mkdir(path.parent)
            given(path.parent, ALICE)

        monkeypatch.setattr(os, "mkdir", swapped)
        with pytest.raises(SkyError, match=f"it belongs to user {ALICE}"):
            deliver(path)
        assert list(path.parent.iterdir()) == []

    def test_a_file_that_is_put_in_place_after_the_folder_was_looked_at(self, folder, monkeypatch):
        """Its owner would be the new file's."""
        path = folder / "credentials"
        place = in_file.read(str(path), PROFILE)
        written(path, "", ALICE)
        with pytest.raises(SkyError, match=f"credentials in it belongs to user {ALICE}"):
            place.deliver(KEY, print)
        assert path.read_text() == ""

    def test_the_plan_refuses_and_makes_no_key(self, emulator, folder):
        for check_mode in (True, False):
            scene = Scene(emulator, made(folder / f"alice{check_mode}"), "file")
            made(scene.path.parent, ALICE)
            with pytest.raises(SkyError, match=f"it belongs to user {ALICE}"):
                scene.run(check_mode=check_mode)
            assert [api for api in scene.writes() if "AccessKey" in api] == []

    def test_a_key_that_was_delivered_there_is_warned_of(self, folder):
        path = written(made(folder / "alice", ALICE) / "credentials", TEXT, ALICE)
        place = in_file.read(str(path), PROFILE)
        assert place.held == "ID"
        assert place.warning == place.fault
        path.write_text("")
        assert in_file.read(str(path), PROFILE).warning is None


#: An account's name, number and group; a group's name, number and listed members.
ACCOUNTS = {"root": (0, 0), "me": (1000, 1000), "alice": (ALICE, ALICE), "lab": (BOB, 50)}
GROUPS = {0: [], 1000: [], ALICE: [], 50: [], 60: ["me"], 61: ["me", "alice"], 62: [], 63: ["me", "elsewhere"]}


class TestGroups:
    @pytest.fixture(autouse=True)
    def machine(self, monkeypatch, no_container):
        accounts = [pwd.struct_passwd((name, "", *ids, "", "/", "/")) for name, ids in ACCOUNTS.items()]

        def account(uid):
            return next((found for found in accounts if found.pw_uid == uid), None) or {}[uid]

        def group(gid):
            return grp.struct_group((str(gid), "", gid, GROUPS[gid]))

        monkeypatch.setattr(pwd, "getpwall", lambda: accounts)
        monkeypatch.setattr(pwd, "getpwuid", account)
        monkeypatch.setattr(grp, "getgrgid", group)

    @pytest.mark.parametrize(
        ("gid", "is_own"),
        [(1000, True), (60, True), (0, True), (50, False), (61, False), (62, False), (63, False), (99, False)],
    )
    def test_a_group_is_ones_own_without_other_members(self, gid, is_own):
        assert trust.is_group_of(gid, frozenset({0, 1000})) is is_own

    def test_those_who_are_only_found_by_number_count(self, monkeypatch):
        monkeypatch.setattr(pwd, "getpwall", list)
        assert trust.is_group_of(1000, frozenset({0, 1000}))

    def test_another_with_group_0_ends_it(self, monkeypatch):
        monkeypatch.setitem(GROUPS, 0, ["alice"])
        assert not trust.is_group_of(0, frozenset({0, 1000}))
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
        assert trust.is_group_of(0, frozenset({0, 1000}))

    @pytest.mark.parametrize("mode", [0o775, 0o2775])
    @pytest.mark.parametrize(("gid", "is_private"), [(1000, True), (61, False)])
    def test_a_folder_that_a_group_can_write(self, folder, mode, gid, is_private):
        """As umask 002 makes them, which is common where each user has a group."""
        path = made(folder / "me", 1000, mode, gid) / "credentials"
        if is_private:
            within(20, deliver, path, user=1000, group=1000, umask=0o002)
            assert whose(path) == (1000, 0o600)
        else:
            with pytest.raises(SkyError, match=rf"others can write into it \(mode {mode:04o}\)"):
                within(20, deliver, path, user=1000, group=1000, umask=0o002)


class TestContainers:
    """A random user in group 0, as OpenShift runs containers, and AWX on it."""

    @pytest.mark.parametrize("owner", [0, ALICE])
    @pytest.mark.parametrize("marker", ["file", "variable"])
    def test_group_0_is_nobodys(self, folder, no_container, monkeypatch, owner, marker):
        monkeypatch.setattr(grp, "getgrgid", lambda gid: grp.struct_group(("root", "", gid, ["operator"])))
        path = made(folder / "runner", owner, 0o2775, 0) / "credentials"
        with pytest.raises(SkyError, match="others can write into it"):
            within(20, deliver, path, user=ALICE, group=0, umask=0o002)
        if marker == "file":
            monkeypatch.setattr(trust, "_CONTAINER_FILES", (str(folder),))
        else:
            monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
        within(20, deliver, path, user=ALICE, group=0, umask=0o002)
        assert whose(path) == (ALICE, 0o600)
        assert path.read_text() == TEXT


class TestAccessControlLists:
    """Their entries are as the kernel has them (acl(5), linux/posix_acl_xattr.h)."""

    def entries(self, *named: tuple[int, int, int]) -> bytes:
        plain = [(0x01, 7, 0xFFFFFFFF), *named, (0x04, 5, 0xFFFFFFFF), (0x10, 7, 0xFFFFFFFF), (0x20, 5, 0xFFFFFFFF)]
        return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in plain)

    def test_a_user_who_may_write_by_one(self, folder, monkeypatch):
        path = made(folder / "list", mode=0o755) / "credentials"
        monkeypatch.setattr(trust, "is_group_of", lambda gid, users: True)
        try:
            os.setxattr(path.parent, "system.posix_acl_access", self.entries((0x02, 7, ALICE)))
        except OSError:
            pytest.skip("this file system has no such lists")
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o775
        assert "others can write into it" in refused(path)
        os.removexattr(path.parent, "system.posix_acl_access")
        path.parent.chmod(0o775)
        assert fault(path) is None


#: Accounts that every Linux has.
HER, OTHER = pwd.getpwnam("daemon"), pwd.getpwnam("bin")


class TestTheUsersOwnFile:
    """``owner``: root delivers into the folder of the user."""

    @pytest.fixture
    def home(self, folder):
        return made(folder / "home", HER.pw_uid, 0o755, HER.pw_gid)

    @pytest.mark.parametrize("umask", [0, 0o002, 0o077])
    def test_folder_and_file_are_made_hers(self, home, umask):
        path = home / ".aws" / "more" / "credentials"
        within(20, deliver, path, HER.pw_name, umask=umask)
        assert [whose(path.parent.parent), whose(path.parent), whose(path)] == [
            (HER.pw_uid, 0o700), (HER.pw_uid, 0o700), (HER.pw_uid, 0o600),
        ]  # fmt: skip
        assert {found.stat().st_gid for found in (path.parent, path)} == {HER.pw_gid}
        assert path.read_text() == TEXT
        assert (os.geteuid(), os.getegid()) == (0, 0)

    def test_a_file_of_hers_is_replaced_by_one_of_hers(self, home):
        path = written(home / "credentials", "[default]\nregion = x\n", HER.pw_uid, 0o644)
        deliver(path, HER.pw_name)
        assert whose(path) == (HER.pw_uid, 0o600)
        assert path.read_text() == "[default]\nregion = x\n\n" + TEXT
        assert in_file.read(str(path), PROFILE, HER.pw_name).take_back("ID")
        assert path.read_text() == "[default]\nregion = x\n"

    def test_a_file_of_hers_in_a_folder_of_roots(self, folder):
        path = made(folder / "keys") / "credentials"
        deliver(path, HER.pw_name)
        assert whose(path) == (HER.pw_uid, 0o600)

    def test_a_file_of_roots_is_not_given_to_her(self, home):
        path = written(home / "credentials", "[default]\naws_access_key_id = ROOTS\n")
        assert f"{path} belongs to user root, and is not given to user {HER.pw_name}; chown it if" in refused(
            path, HER.pw_name
        )

    def test_a_file_that_becomes_roots_after_the_look_is_not_given_to_her(self, home):
        path = home / "credentials"
        place = in_file.read(str(path), PROFILE, HER.pw_name)
        written(path, "[default]\naws_access_key_id = ROOTS\n")
        with pytest.raises(SkyError, match="is not given to"):
            place.deliver(KEY, print)
        assert whose(path) == (0, 0o600)

    @pytest.mark.parametrize("owner", [OTHER.pw_uid, ALICE])
    def test_a_folder_of_a_third_user(self, folder, owner):
        path = made(folder / "other", owner) / "credentials"
        assert f"is no place for a secret of user {HER.pw_name}: it belongs to user" in refused(path, HER.pw_name)

    def test_a_folder_that_everybody_can_write(self, home):
        home.chmod(0o777)
        assert "others can write into it (mode 0777)" in refused(home / "credentials", HER.pw_name)

    def test_a_folder_that_her_own_group_can_write(self, home):
        home.chmod(0o2775)
        deliver(home / "credentials", HER.pw_name)
        assert whose(home / "credentials") == (HER.pw_uid, 0o600)

    def test_a_missing_folder_in_one_of_roots_is_for_the_operator_to_make(self, folder):
        path = folder / "new" / "credentials"
        assert f"{folder / 'new'} does not exist; create it for user {HER.pw_name}" in refused(path, HER.pw_name)

    def test_a_link_of_hers(self, home, folder):
        made(folder / "root", mode=0o700)
        path = linked(home / "credentials", folder / "root" / "credentials", HER.pw_uid)
        with pytest.raises(SkyError, match=f"is a link of user {HER.pw_name}, who can have it lead anywhere"):
            deliver(path, HER.pw_name)
        assert list((folder / "root").iterdir()) == []

    def test_no_folder_of_roots_becomes_hers(self, home, monkeypatch):
        """She puts one of root's, which lies in hers, in the place of the folder that is just made for her."""
        roots = made(home / "roots", mode=0o700)
        mkdir = os.mkdir

        def swapped(name, *arguments, **more):
            mkdir(name, *arguments, **more)
            (home / ".aws").rename(home / "aside")
            roots.rename(home / ".aws")

        monkeypatch.setattr(os, "mkdir", swapped)
        deliver(home / ".aws" / "credentials", HER.pw_name)
        assert whose(home / ".aws") == (0, 0o700)

    def test_only_root_writes_files_of_others(self, home):
        path = home / "credentials"
        with pytest.raises(
            SkyError, match=rf"^access_key_delivery.owner: only root can write a file of user {HER.pw_name}"
        ):
            within(20, deliver, path, HER.pw_name, user=ALICE, group=ALICE)
        within(20, deliver, path, HER.pw_name, user=HER.pw_uid, group=HER.pw_gid)
        assert whose(path) == (HER.pw_uid, 0o600)

    def test_a_user_that_does_not_exist(self, home):
        with pytest.raises(SkyError) as caught:
            fault(home / "credentials", "no-such-user")
        assert caught.value.message == (
            "access_key_delivery.owner: there is no user 'no-such-user' on this machine; give the name of one"
        )

    @pytest.mark.parametrize("name", ["", "a\nb", "a\0b"])
    def test_what_is_no_name_is_refused_before_any_call(self, emulator, home, name):
        with pytest.raises(BadInput, match=r"^access_key_delivery.owner: .* is not the name of a user"):
            Scene(emulator, home, "file").run(owner=name)

    def test_a_secret_has_no_such_owner(self):
        options = {"account_id": "1" * 12, "access_key_delivery": {"secret": "sky/alice", "owner": HER.pw_name}}
        messages = ArgumentSpecValidator(user.argument_spec).validate(options).error_messages
        assert any("required by 'owner': file" in message for message in messages)

    def test_delivered_rotated_and_taken_away(self, emulator, home):
        scene = Scene(emulator, home, "file")
        done = scene.run(owner=HER.pw_name)
        assert "iam:CreateAccessKey" in apis(done)
        assert whose(scene.path) == (HER.pw_uid, 0o600)
        assert scene.delivered() is not None
        again = scene.run(owner=HER.pw_name)
        assert (again["changed"], scene.warnings) == (False, [])
        scene.path.unlink()
        scene.run(owner=HER.pw_name, reissue=True)
        assert whose(scene.path) == (HER.pw_uid, 0o600)
