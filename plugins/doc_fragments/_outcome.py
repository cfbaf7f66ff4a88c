# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outcome file of a rollout. PRIVATE to the collection."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of the callbacks that write an outcome file."""

    DOCUMENTATION = r"""
options:
  outcome_file:
    description:
      - A JSON file to write, with what came of each account. Its folder is made where there is none.
      - It is written where the run begins, at most every ten seconds where a batch begins, and where the run ends or breaks
        off; each time as a whole, with mode 0600.
      - Beside it, with C(.retry) in place of its extension, are the names of the accounts that failed, could not be reached,
        or were not finished or begun, for C(--limit @FILE). There is no such file where all are done.
      - Without it nothing is written.
    type: path
    env:
      - name: SKY_OUTCOME_FILE
    ini:
      - section: sky_rollout
        key: outcome_file
"""
