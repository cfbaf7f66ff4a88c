# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes docs/reliability.md from the notes of a run: ``python -m tests.reliability.report FOLDER [--check]``."""

from __future__ import annotations

import argparse
import pathlib
import sys

from ansible_collections.sky.aws.tests.reliability.ledger import PAGE, ROOT, page, trials


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--check", action="store_true", help="only say whether the page is current")
    arguments = parser.parse_args()
    text = page(trials(arguments.folder))
    if not arguments.check:
        PAGE.write_text(text)
    elif not PAGE.exists() or PAGE.read_text() != text:
        sys.exit(f"{PAGE.relative_to(ROOT)} is not what the tests tried; run: make reliability")


if __name__ == "__main__":
    main()
