# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are small and stand for much, or are just big: refused in no time, before anything is built of them."""

from __future__ import annotations

import itertools
import os
import pathlib
import resource
import signal
import time
import typing as t

import pytest

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._files import folder, ini_text, yaml_text
from ansible_collections.sky.aws.plugins.module_utils._resources.config import RESOURCE as config
from ansible_collections.sky.aws.plugins.module_utils._run import run
from ansible_collections.sky.aws.tests.unit.processes import within
from ansible_collections.sky.aws.tests.unit.sandbox import params

LETTERS = "abcdefghijklm"
#: Each of the lists stands for nine of the one before: 9 to the power of 12 in all.
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in itertools.pairwise(LETTERS)
)
#: The same with mappings that are merged, which grow while they are built.
MERGES = "a: &a {x: 1}\n" + "".join(
    f"{name}: &{name} {{<<: [{','.join([f'*{before}'] * 9)}], {name}: 1}}\n"
    for before, name in itertools.pairwise(LETTERS)
)
WHAT = "a SkyPilot configuration file"


def parsed(text: str) -> dict[str, t.Any]:
    return yaml_text.parse(text, "/f", WHAT)


class Files:
    def __init__(self, folder: pathlib.Path) -> None:
        self.sky, self.aws = folder / "config.yaml", folder / "config"

    def run(self, check_mode: bool) -> dict[str, t.Any]:
        options = {"config_file": str(self.sky), "aws_config_file": str(self.aws), "skypilot_python": ""}
        return run(
            config,
            params(config, account_id="111111111111", user="alice", **options),
            check_mode=check_mode,
            warn=lambda _: None,
        )

    def small_run(self, check_mode: bool) -> dict[str, t.Any]:
        """In a process that gets no more memory than it needs without the file."""
        used = int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 200_000_000,) * 2)
        return self.run(check_mode)

    def refused(self) -> str:
        messages = set()
        for check_mode in (True, False):
            with pytest.raises(SkyError) as caught:
                within(20, self.small_run, check_mode)
            messages.add(caught.value.message)
        [message] = messages
        assert "\n" not in message
        return message


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


class TestSize:
    @pytest.mark.parametrize(("name", "option"), [("sky", "config_file"), ("aws", "aws_config_file")])
    def test_a_file_that_is_too_long_is_not_read(self, files, name, option):
        path = getattr(files, name)
        path.touch()
        os.truncate(path, 700_000_000)
        assert files.refused() == f"{option}: {path} has 700000000 bytes; give a file of at most {folder.MAX_BYTES}"

    def test_one_that_grows_meanwhile_is_not_read_further(self, files, monkeypatch):
        files.sky.write_text("#" * (folder.MAX_BYTES + 1_000))
        status = os.fstat

        def as_it_was(descriptor):
            found = list(status(descriptor))
            found[6] = 0
            return os.stat_result(found)

        monkeypatch.setattr(os, "fstat", as_it_was)
        with pytest.raises(SkyError, match=f"has {folder.MAX_BYTES + 1} bytes"):
            files.run(check_mode=True)

    def test_the_longest_is_read(self, files):
        files.sky.write_text("#" * folder.MAX_BYTES)
        assert files.run(check_mode=True)["changed"]

    def test_one_that_would_become_too_long_is_not_written(self, files):
        files.sky.write_text("a: 1\n")
        files.aws.write_text("#" * folder.MAX_BYTES)
        with pytest.raises(
            SkyError, match=rf"^aws_config_file: .* would have \d+ bytes, more than {folder.MAX_BYTES};"
        ):
            files.run(check_mode=False)
        assert files.aws.stat().st_size == folder.MAX_BYTES
        assert files.sky.read_text() == "a: 1\n"


class TestAliases:
    @pytest.mark.parametrize("text", [BOMB, MERGES], ids=["lists", "merges"])
    def test_a_bomb_is_refused(self, files, text):
        files.sky.write_text(text)
        assert len(text) < 700
        assert files.refused() == (
            f"{files.sky} is not read: with the alias in line 5 its aliases stand for more than 10000 nodes; write out what "
            "is meant, or give another path"
        )

    def test_what_holds_itself_is_refused(self, files):
        files.sky.write_text("a: &a [x, *a]\n")
        assert "with the alias in line 1 its aliases stand for more" in files.refused()

    def test_a_long_value_that_is_repeated_is_refused(self, files):
        files.sky.write_text(f"a: &a {'x' * 50_000}\nb: [{', '.join(['*a'] * 50)}]\n")
        assert "its aliases stand for more than 10000 nodes" in files.refused()

    def test_a_value_that_takes_long_to_read_is_refused(self, files):
        """A number to the base of 60, of which each digit is multiplied by all that come after it."""
        files.sky.write_text(f"a: 1{':1' * 300_000}\n")
        assert files.refused() == (
            f"{files.sky} is not read: the value in line 1 has 600001 characters, more than 100000; correct it by hand or "
            "give another path"
        )

    def test_plain_anchors_pass(self):
        text = "base: &base {profile: p, labels: &labels {team: ml}}\n" + "".join(
            f"w{number}: {{<<: *base, labels: *labels}}\n" for number in range(500)
        )
        assert parsed(text)["w499"] == {"profile": "p", "labels": {"team": "ml"}}

    def test_nodes_that_are_written_out_are_not_counted(self):
        text = "w:\n" + "".join(f"  a{number}: {{b: [1, 2, 3]}}\n" for number in range(5_000))
        assert len(parsed(text)["w"]) == 5_000

    @pytest.mark.parametrize(("count", "passes"), [(10_000, True), (10_001, False)])
    def test_the_limit_is_where_it_is_said_to_be(self, count, passes):
        text = f"a: &a x\nb: [{', '.join(['*a'] * count)}]\n"
        if passes:
            assert len(parsed(text)["b"]) == count
        else:
            with pytest.raises(SkyError, match="stand for more than 10000 nodes"):
                parsed(text)

    def test_an_unknown_alias_is_no_yaml(self):
        with pytest.raises(SkyError, match="is not a SkyPilot configuration file: found undefined alias in line 1"):
            parsed("a: *b\n")

    @pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000])
    def test_deep_nesting_is_refused(self, files, text):
        files.sky.write_text(text)
        assert "is not a SkyPilot configuration file: " in files.refused()

    @pytest.mark.parametrize("value", [f"0x{'f' * 9_000}", f"{'[' * 990}{']' * 990}"], ids=["a number", "nesting"])
    def test_what_can_be_read_and_not_written_is_left(self, files, value):
        files.sky.write_text(f"a: {value}\n")
        assert "it cannot be written such that all in it reads as before" in files.refused()

    def test_it_can_be_interrupted(self, files):
        """The biggest file that is read takes seconds, in which a signal counts."""
        line = "  a{}: {{b: [1, 2, 3]}}\n"
        files.sky.write_text("w:\n" + "".join(line.format(number) for number in range(70_000)))
        assert 1_500_000 < files.sky.stat().st_size < folder.MAX_BYTES

        def interrupted() -> float:
            def stop(*_: object) -> None:
                raise KeyboardInterrupt

            signal.signal(signal.SIGALRM, stop)
            signal.setitimer(signal.ITIMER_REAL, 1)
            began = time.monotonic()
            try:
                files.run(check_mode=True)
            except KeyboardInterrupt:
                return time.monotonic() - began
            return 0

        assert 1 <= within(60, interrupted) < 10


class TestBlanks:
    def test_a_line_that_takes_long_to_read_is_refused(self, files):
        files.aws.write_text(f"[default]\nregion = x\ny{' ' * 1_000_000}z\n")
        assert files.refused() == (
            f"{files.aws} is not an AWS configuration file: line 3 has more than 100 blanks in a row; remove them by hand"
        )

    @pytest.mark.parametrize("blank", [" ", "\t", "\u00a0"])
    @pytest.mark.parametrize(("count", "passes"), [(100, True), (101, False)])
    def test_the_limit(self, blank, count, passes):
        text = f"[default]\nregion ={blank * count}x\n"
        if passes:
            assert ini_text.parse(text, "/f", "a file")["default"]["region"] == "x"
        else:
            with pytest.raises(SkyError, match="line 2 has more than 100 blanks"):
                ini_text.parse(text, "/f", "a file")

    def test_empty_lines_are_none(self):
        assert ini_text.parse("\n" * 1_000 + "[default]\nregion = x\n", "/f", "a file").sections() == ["default"]
