# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollout in lines and on a terminal: bounded, complete, and nothing of others lost."""

from __future__ import annotations

import io
import os
import re
import sys

import pytest

from ansible_collections.sky.aws.plugins.plugin_utils._rollout.causes import Group
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.lines import AT_ONCE, Lines
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.result import Report
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.rollout import Rollout, State
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.summary import Causes, Cell, Grid, headline, sections
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.terminal import HAS_RICH, Drawing, Terminal

NAMES = [f"ml-{number}" for number in range(1000)]


def thousand(check_mode: bool = False) -> Rollout:
    rollout = Rollout()
    rollout.check_mode = check_mode
    rollout.begin("play", NAMES, NAMES, 1, 0.0)
    rollout.task = "Keep the policy"
    return rollout


class TestLines:
    def test_a_thousand_accounts_make_few_lines(self):
        written: list[str] = []
        lines, rollout = Lines(written.append, 10.0), thousand()
        lines.begin(rollout, 0.0)
        for number, name in enumerate(NAMES):
            if number % 2:
                report = Report(message=f"no {name} in {number:012}")
                lines.fail(name, rollout.failed(name, "keep", report, state=State.FAILED))
            else:
                rollout.passed(name, "keep", Report((("iam:CreatePolicy", "p"),)), changed=True)
            lines.move(rollout, number / 10)
        lines.end(headline(rollout, 100.0), sections(rollout, calls=True))
        assert len(written) < 60
        assert [line for line in written if " failed: no ml" in line] == [
            "ml-1 failed: no ml-1 in 000000000001",
            "ml-3 failed: no ml-3 in 000000000003",
            "ml-5 failed: no ml-5 in 000000000005 (more like it are in the summary only)",
        ]

    def test_a_line_says_how_far_it_is(self):
        rollout = thousand()
        for name in NAMES[:-1]:
            rollout.passed(name, "keep", changed=True)
        rollout.failed(NAMES[-1], "keep", Report(message="no"), state=State.FAILED)
        written: list[str] = []
        Lines(written.append, 1.0).move(rollout, 10.0)
        assert written == [
            "100%, 1/1000 accounts done, 999 running, 1 failed, about 0:00:00 left: Keep the policy",
        ]

    def test_warnings_go_ansibles_way_and_are_bounded(self):
        written: list[str] = []
        shown: list[str] = []
        lines = Lines(written.append, 1.0)
        for name in NAMES:
            lines.warn(name, f"{name} is odd", shown.append)
        assert len(shown) == AT_ONCE
        assert shown[0] == "ml-0: ml-0 is odd"
        assert written == []

    def test_the_end_in_columns(self):
        grid = Grid(
            "Title:", ("account", "x"), [(Cell("a"), Cell("long")), (Cell("longer name"), Cell("-"))], "and 2 more"
        )
        causes = Causes("", [Group("a cause", ("a", "b"))])
        written: list[str] = []
        Lines(written.append, 1.0).end("all", [grid, causes])
        assert written == [
            "",
            "all",
            "",
            "Title:",
            "  account      x",
            "  a            long",
            "  longer name  -",
            "  and 2 more",
            "",
            "       2 x a cause",
            "           a, b",
        ]


def streams(monkeypatch: pytest.MonkeyPatch) -> tuple[io.StringIO, io.StringIO]:
    """Standard streams of the test's own. Not a fixture: pytest sets others when the test begins."""
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    return out, err


class TestTerminal:
    def test_the_drawing_is_drawn_over_and_gone_in_the_end(self, monkeypatch):
        monkeypatch.setenv("COLUMNS", "80")
        screen, _err = streams(monkeypatch)
        log: list[str] = []
        terminal, rollout = Terminal(lambda line: None, log.append, color=False), thousand()
        terminal.begin(rollout, 0.0)
        assert "0/1000 done, 1000 running" in screen.getvalue()
        terminal.move(rollout, 0.1)  # too soon
        assert screen.getvalue().count("\x1b[3F\x1b[J") == 0
        terminal.move(rollout, 1.0)
        assert screen.getvalue().count("\x1b[3F\x1b[J") == 1
        rollout.failed("ml-7", "keep", Report(message="[bold]no[/bold] \\[x]"), state=State.FAILED)
        rollout.end({"ml-7": State.FAILED})
        terminal.end(headline(rollout, 10.0), sections(rollout, calls=False))
        assert sys.stdout is screen
        final = screen.getvalue().rpartition("\x1b[3F\x1b[J")[2]
        assert "1000 accounts: 999 unchanged, 1 failed; 0:00:10" in re.sub(r"\x1b\[\d*m", "", final)
        assert "[bold]no[/bold] \\[x]" in final
        assert any("1 x [bold]no[/bold]" in line for line in log)

    def test_no_line_is_wider_than_the_terminal(self, monkeypatch):
        monkeypatch.setenv("COLUMNS", "40")
        screen, _err = streams(monkeypatch)
        rollout = thousand()
        rollout.task = "a task with a name that is longer than the terminal is wide"
        for name in NAMES:
            rollout.passed(name, "keep", changed=True)
        terminal = Terminal(lambda line: None, lambda line: None, color=False)
        terminal.begin(rollout, 5000.0)
        terminal.close()
        drawn = re.sub(r"\x1b\[\d*[A-Zm]", "", screen.getvalue()).splitlines()
        assert max(map(len, drawn)) <= 40

    def test_the_table_fits_eighty_columns_and_is_whole(self, monkeypatch):
        monkeypatch.setenv("COLUMNS", "80")
        screen, _err = streams(monkeypatch)
        rollout = Rollout()
        rollout.begin("play", ["hackathon"], ["hackathon"], 1, 0.0)
        parts = ("policy", "users", "users", "role", "network", "instances")
        rollout.passed("hackathon", "keep", Report(effects=tuple((part, "created") for part in parts)), changed=True)
        rollout.end({"hackathon": State.DONE})
        terminal = Terminal(lambda line: None, lambda line: None, color=False)
        terminal.end(headline(rollout, 10.0), sections(rollout, calls=False))
        rows = [line.split() for line in re.sub(r"\x1b\[\d*m", "", screen.getvalue()).splitlines()]
        assert ["account", "status", "policy", "users", "role", "network", "instances"] in rows
        assert ["hackathon", "changed", "created", "2", "created", "created", "created", "created"] in rows

    def test_what_was_left_out_is_said_and_what_failed_is_red(self, monkeypatch):
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.delenv("NO_COLOR", raising=False)
        screen, _err = streams(monkeypatch)
        grid = Grid("", ("account", "status"), [(Cell("a"), Cell("failed", "failed"))], "and 2 more accounts")
        Terminal(lambda line: None, lambda line: None, color=True).end("all", [grid])
        assert "\x1b[1;31mfailed" in screen.getvalue()
        assert "and 2 more accounts" in screen.getvalue()


class TestDrawing:
    def test_what_others_write_goes_above_it(self, monkeypatch):
        out, err = streams(monkeypatch)
        drawing = Drawing(out)
        drawing.open()
        drawing.show("1\n2\n")
        print("a warning", file=sys.stderr)
        assert err.getvalue() == "a warning\n"
        assert out.getvalue() == "1\n2\n\x1b[2F\x1b[J"
        assert drawing.is_erased
        drawing.show("3\n")
        assert out.getvalue().endswith("\x1b[J3\n")
        drawing.close()
        assert (sys.stdout, sys.stderr) == (out, err)

    def test_a_question_is_not_drawn_over(self, monkeypatch):
        out, _err = streams(monkeypatch)
        drawing = Drawing(out)
        drawing.open()
        sys.stdout.write("Continue? ")
        drawing.show("1\n")
        assert out.getvalue() == "Continue? "
        sys.stdout.write("\n")
        drawing.show("1\n")
        drawing.close()
        assert out.getvalue() == "Continue? \n1\n\x1b[1F\x1b[J"

    def test_a_forked_worker_does_not_touch_it_even_where_its_lock_is_held(self, tmp_path, monkeypatch):
        with (tmp_path / "out").open("w+") as out:
            monkeypatch.setattr(sys, "stdout", out)
            drawing = Drawing(out)
            drawing.open()
            drawing.show("1\n")
            with drawing._lock:
                child = os.fork()
                if not child:
                    sys.stdout.write("from the worker\n")
                    sys.stdout.flush()
                    os._exit(0)
                assert os.waitpid(child, 0)[1] == 0
            drawing.close()
            out.seek(0)
            assert out.read() == "1\nfrom the worker\n\x1b[1F\x1b[J"

    def test_the_streams_are_otherwise_what_they_were(self, monkeypatch):
        out, _err = streams(monkeypatch)
        drawing = Drawing(out)
        drawing.open()
        assert (sys.stdout.isatty(), sys.stdout.encoding) == (out.isatty(), out.encoding)
        sys.stdout.writelines(["a\n", "b\n"])
        drawing.close()
        assert out.getvalue() == "a\nb\n"


def test_rich_is_there_for_the_tests():
    assert HAS_RICH
