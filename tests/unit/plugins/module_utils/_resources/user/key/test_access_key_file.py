# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The credentials file: edits that leave all else alone, modes, links, writers at once, refusals."""

from __future__ import annotations

import configparser
import io
import multiprocessing
import os
import stat

import pytest
from botocore.configloader import raw_config_parse
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._resources.user.key import in_file
from ansible_collections.sky.aws.plugins.module_utils._resources.user.key.in_file import with_profile, without_key
from ansible_collections.sky.aws.plugins.module_utils._resources.user.key.key import NewKey
from ansible_collections.sky.aws.tests.unit.processes import ALICE, needs_root, shared_folder, within

PROFILE = "111111111111-alice"
KEY = "[111111111111-alice]\naws_access_key_id = ID\naws_secret_access_key = SECRET/+=\n"


def put(text: str) -> str:
    return with_profile(text, PROFILE, "ID", "SECRET/+=")


def new(number: object = "") -> NewKey:
    return NewKey(f"ID{number}", f"SECRET{number}", "Active", None)


EDITS = {
    "empty": ("", KEY),
    "comment only": ("# mine", "# mine\n\n" + KEY),
    "no line end": ("[default]\nregion = x", "[default]\nregion = x\n\n" + KEY),
    "a blank line is there": ("[default]\nregion = x\n\n", "[default]\nregion = x\n\n" + KEY),
    "between others": (
        "[a]\n# one\nx = 1\n\n[111111111111-alice]\naws_access_key_id=O\naws_secret_access_key: O\n\n; two\n[b]\ny = 2\n",
        "[a]\n# one\nx = 1\n\n" + KEY + "\n; two\n[b]\ny = 2\n",
    ),
    "own options and comments stay": (
        "[111111111111-alice]\n# mine\nregion = eu-west-1\nAWS_ACCESS_KEY_ID = OLD\naws_secret_access_key = OLD\n",
        KEY + "# mine\nregion = eu-west-1\n",
    ),
    "a session token goes": (
        "[111111111111-alice]\naws_session_token = T\n  continued\nregion = x\n",
        KEY + "region = x\n",
    ),
    "continued lines of others stay": (
        "[111111111111-alice]\ns3 =\n  max_queue_size = 1\n  aws_access_key_id = no\n",
        KEY + "s3 =\n  max_queue_size = 1\n  aws_access_key_id = no\n",
    ),
    "indented options": (
        "[111111111111-alice]\n  aws_access_key_id = OLD\n  region = x\n",
        "[111111111111-alice]\n  aws_access_key_id = ID\n  aws_secret_access_key = SECRET/+=\n  region = x\n",
    ),
    "windows line ends": ("[default]\r\nregion = x\r\n", "[default]\r\nregion = x\r\n\r\n" + KEY.replace("\n", "\r\n")),
    "a longer name": ("[111111111111-alice2]\nregion = x\n", "[111111111111-alice2]\nregion = x\n\n" + KEY),
    "with defaults": ("[DEFAULT]\nregion = x\n", "[DEFAULT]\nregion = x\n\n" + KEY),
    "header without line end": ("[111111111111-alice]", KEY),
}


@pytest.mark.parametrize("case", EDITS)
def test_an_edit_changes_the_key_and_nothing_else(case):
    before, after = EDITS[case]
    assert put(before) == after
    assert put(after) == after


def test_a_key_is_taken_out_with_its_profile():
    before = "# mine\n[default]\nregion = x\n"
    assert without_key(put(before), PROFILE) == before


def test_taking_a_key_out_leaves_a_profile_with_other_options():
    assert without_key(KEY + "region = x\n\n[b]\ny = 1\n", PROFILE) == f"[{PROFILE}]\nregion = x\n\n[b]\ny = 1\n"


def test_taking_out_what_is_not_there_changes_nothing():
    assert without_key("[default]\nregion = x\n", PROFILE) == "[default]\nregion = x\n"


@pytest.mark.parametrize("option", ["aws_session_token", "aws_access_key_id"])
def test_a_key_for_all_profiles_is_refused(option):
    with pytest.raises(ValueError, match="DEFAULT holds a key"):
        put(f"[DEFAULT]\n{option} = T\n")


def test_an_edit_that_would_reach_another_profile_is_refused():
    with pytest.raises(ValueError, match="cannot be"):
        put("[a]\nx = 1\n  [111111111111-alice]\n  y = 2\n")


def read(text: str) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser()
    parser.read_file(io.StringIO(text, newline=None))
    return {section: dict(parser.items(section)) for section in parser.sections()}


OPTIONS = [
    "x = 1",
    "y: 2",
    "  z = 3",
    "aws_access_key_id = OLD",
    "  aws_secret_access_key=OLD",
    "aws_session_token = T",
]
OTHERS = ["[b] # x", "[DEFAULT]", f"[{PROFILE}]", "# c", "; d", "", "\tgo on", "\x0c", "  [c]", f" [{PROFILE}]"]
LINES = st.lists(st.sampled_from(OPTIONS + OTHERS), max_size=9, unique=True).map(lambda lines: ["[a]", *lines])


@given(lines=LINES, end=st.sampled_from(["\n", "\r\n"]), last=st.booleans())
def test_any_file_is_edited_right_or_refused(lines, end, last):
    text = end.join(lines) + (end if last else "")
    try:
        old = read(text)
        after = put(text)
    except (configparser.Error, ValueError):
        return
    found = read(after)
    assert (found[PROFILE]["aws_access_key_id"], found[PROFILE]["aws_secret_access_key"]) == ("ID", "SECRET/+=")
    assert "aws_session_token" not in found[PROFILE]
    found.pop(PROFILE)
    old.pop(PROFILE, None)
    assert found == old
    kept = iter(after.splitlines())
    maybe_replaced = ("aws_", " ", "\t")
    assert all(line in kept for line in text.splitlines() if line and not line.startswith(maybe_replaced))


def test_the_first_delivery_makes_folder_and_file_for_the_owner_only(tmp_path):
    path = tmp_path / "a" / "b" / "credentials"
    place = in_file.read(str(path), PROFILE)
    assert (place.held, place.fault, list(tmp_path.iterdir())) == (None, None, [])
    place.deliver(new(), print)
    assert [stat.S_IMODE(p.stat().st_mode) for p in (path.parent.parent, path.parent, path)] == [0o700, 0o700, 0o600]
    assert raw_config_parse(str(path)) == {PROFILE: {"aws_access_key_id": "ID", "aws_secret_access_key": "SECRET"}}
    assert in_file.read(str(path), PROFILE).holds("ID")


def test_a_file_that_others_can_read_is_warned_of_and_closed(tmp_path):
    path = tmp_path / "credentials"
    path.write_text("[default]\n")
    path.chmod(0o644)
    place = in_file.read(str(path), PROFILE)
    assert place.warning == f"{path} can be read by others (mode 0644); chmod 600 it"
    place.deliver(new(), print)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_stays_a_link(tmp_path):
    target, link = tmp_path / "real" / "credentials", tmp_path / "link"
    link.symlink_to(target)
    in_file.read(str(link), PROFILE).deliver(new(), print)
    assert link.is_symlink()
    assert "ID" in target.read_text()


def test_what_a_killed_writer_left_is_removed(tmp_path):
    path = tmp_path / "credentials"
    (tmp_path / ".credentials.sky-aws.new").write_text("half a secr")
    in_file.read(str(path), PROFILE).deliver(new(), print)
    assert sorted(p.name for p in tmp_path.iterdir()) == [".credentials.sky-aws.lock", "credentials"]


def test_a_failing_write_leaves_the_old_file_and_no_draft(tmp_path, monkeypatch):
    path = tmp_path / "credentials"
    path.write_text("[default]\n")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    place = in_file.read(str(path), PROFILE)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SkyError, match="No space left on device") as caught:
        place.deliver(new(), print)
    assert "SECRET" not in caught.value.message
    assert path.read_text() == "[default]\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == [".credentials.sky-aws.lock", "credentials"]


REFUSED = {
    "no header": b"aws_secret_access_key = TOPSECRET\n",
    "no option": b"[default]\nTOPSECRET\n",
    "twice": b"[a]\nx = 1\n[a]\nx = TOPSECRET\n",
    "no text": b"[default]\nx = TOPSECRET\xff\n",
}


@pytest.mark.parametrize("case", REFUSED)
def test_no_credentials_file_is_refused_without_showing_it(tmp_path, case):
    path = tmp_path / "credentials"
    path.write_bytes(REFUSED[case])
    with pytest.raises(SkyError, match="is not an AWS credentials file") as caught:
        in_file.read(str(path), PROFILE)
    assert "TOPSECRET" not in caught.value.message
    assert path.read_bytes() == REFUSED[case]


def test_a_folder_in_place_of_the_file_is_refused(tmp_path):
    with pytest.raises(SkyError, match="not a regular file"):
        in_file.read(str(tmp_path), PROFILE)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "x").write_text("")
    with pytest.raises(SkyError, match="Not a directory"):
        in_file.read(str(tmp_path / "x" / "credentials"), PROFILE)


@needs_root
def test_a_folder_that_cannot_be_made_is_a_fault():
    for folder in shared_folder():
        found = within(20, in_file.read, str(folder / "a" / "credentials"), PROFILE, user=ALICE, group=ALICE)
        assert found.fault == (
            f"access_key_delivery.file: {folder}/a/credentials cannot be written, since {folder} is not writable; "
            "give another path"
        )


def test_only_its_own_key_is_taken_back(tmp_path):
    path = str(tmp_path / "credentials")
    place = in_file.read(path, PROFILE)
    assert place.take_back("ID") == ""
    place.deliver(new(), print)
    assert place.take_back("OTHER") == ""
    assert in_file.read(path, PROFILE).holds("ID")
    assert place.take_back("ID") == f" It was taken out of profile {PROFILE} of file {path}."
    assert in_file.read(path, PROFILE).held is None


WRITERS, PROFILES = 8, 6


def write_some(path: str, writer: int) -> None:
    for number in range(PROFILES):
        in_file.read(path, f"{writer}-{number}").deliver(new(f"{writer}{number}"), print)


def test_writers_at_once_lose_nothing(tmp_path):
    path, link = tmp_path / "credentials", tmp_path / "link"
    mine = "# mine\n[default]\naws_access_key_id = MINE ; no comment\n# end\n"
    path.write_text(mine)
    link.symlink_to(path)
    context = multiprocessing.get_context("fork")
    writers = [
        context.Process(target=write_some, args=(str(link if number % 2 else path), number))
        for number in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    found = raw_config_parse(str(path))
    assert found.pop("default") == {"aws_access_key_id": "MINE ; no comment"}
    assert found == {
        f"{w}-{n}": {"aws_access_key_id": f"ID{w}{n}", "aws_secret_access_key": f"SECRET{w}{n}"}
        for w in range(WRITERS)
        for n in range(PROFILES)
    }
    assert path.read_text().startswith(mine)
