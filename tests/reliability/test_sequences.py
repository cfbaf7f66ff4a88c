# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rights that add up: how many selections of features were searched (tests/rights/test_escalation.py has each case)."""

from __future__ import annotations

import typing as t

from ansible_collections.sky.aws.tests.emulator.iam.evaluator import Evaluator
from ansible_collections.sky.aws.tests.rights.escalation import SELECTIONS, search, shared_policy, unknown

if t.TYPE_CHECKING:
    from ansible_collections.sky.aws.tests.reliability.ledger import Ledger


def test_no_selection_leads_to_what_it_is_not_known_for(ledger: Ledger) -> None:
    with Evaluator() as evaluator:
        found = search(evaluator, {name: shared_policy(features) for name, features in SELECTIONS.items()})
    wrong = {name: ends for name in found if (ends := unknown(name, found[name]))}
    what = "every pair of features beside its base, and all that go together, with protect_tags"
    ledger.note("sequences of rights", what, not wrong, count=len(SELECTIONS))
