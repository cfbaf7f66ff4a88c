# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page docs/features.md, made from the catalogue: ``python -m tests.docs.features [--check]`` from the root."""

from __future__ import annotations

import json
import pathlib
import sys
import typing as t

from ansible_collections.sky.aws.plugins.module_utils._features.catalogue import FEATURES
from ansible_collections.sky.aws.plugins.module_utils._features.combinations import CONTRADICTIONS, SURPRISES
from ansible_collections.sky.aws.plugins.module_utils._skypilot.release import RELEASE
from ansible_collections.sky.aws.tests.rights.proofs import proof

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from ansible_collections.sky.aws.plugins.module_utils._features.feature import Feature

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "features.md"

SIDES = {"both": "Users and role", "user": "Users only", "role": "Role only"}

INTRODUCTION = f"""\
<!-- Made from the catalogue (plugins/module_utils/_features/catalogue) by make features. Do not edit. -->
# Policy features

`sky_policy_features` (option `features` of `sky.aws.sky_iam_policy`) selects what SkyPilot may do. `base`, `create_role` and
`clone_disk` are SkyPilot's documentation page word for word. The others close the gap between that page and SkyPilot
{RELEASE}, each with the narrowest resources and conditions that work. The default is
`[base, launch_tags, protect_tags]`.

Users and the role of the instances share one policy, as on the page. `sky_instance_role_features` gives the role a policy
of its own, with what only the role needs; in a shared policy users have that too.

How each feature is proven, all offline and under an emulated AWS that enforces IAM with an independent evaluator:

- **driven**: SkyPilot {RELEASE}'s own code runs with the feature and passes, and without it is refused (`make rights`).
- **in part**: the actions that it could not be driven to are named below; the evaluator is asked for those.
- **denials**: the feature only denies. SkyPilot runs with it in every use, and nothing is refused; what it denies is.
- **table**: SkyPilot's code cannot be driven that far offline. The evaluator is asked for what its source asks AWS for.

For every feature the tables hold from both sides: what must be refused is, and no statement, action, resource or
condition can go or become wider unseen. For every pair of features, and for all of them, a search over sequences of three
calls finds nothing beyond what is warned of below, and one thing more: user data of any instance can be read, which
`ec2:Describe*` of the page includes. Put no secrets there.

Statements that differ in nothing but their actions are one in the document. `[base]` is the page statement by statement.
"""


def table() -> Iterator[str]:
    yield "| feature | for | users | role | since | proof |"
    yield "|---|---|---|---|---|---|"
    for feature in FEATURES.values():
        cells = [
            f"[`{feature.name}`](#{feature.name})",
            feature.title,
            "yes" if feature.both or feature.user else "",
            "yes" if feature.both or feature.role else "",
            feature.since or "",
            proof(feature.name).replace("driven, but", "in part, but").partition(",")[0],
        ]
        yield f"| {' | '.join(cells)} |"


def section(feature: Feature) -> Iterator[str]:
    yield f"## {feature.name}"
    yield ""
    yield f"**{feature.title}.** {feature.why}"
    yield ""
    since = f"Needed since SkyPilot {feature.since}. " if feature.since else ""
    yield f"{since}Proof: {proof(feature.name)}. Source: {feature.source}."
    for side, words in SIDES.items():
        statements = getattr(feature, side)
        if statements:
            yield ""
            yield f"{words}:"
            yield ""
            yield "```json"
            yield json.dumps(list(statements), indent=2)
            yield "```"
    yield ""


def combinations() -> Iterator[str]:
    yield "## Combinations"
    yield ""
    yield "Refused before the first call:"
    yield ""
    yield from (f"- {combination.says}." for combination in CONTRADICTIONS)
    yield ""
    yield "Taken, with a warning:"
    yield ""
    yield from (f"- {combination.says}." for combination in SURPRISES)


def page() -> str:
    lines = [INTRODUCTION, *table(), ""]
    for feature in FEATURES.values():
        lines += section(feature)
    return "\n".join([*lines, *combinations(), ""])


def main() -> None:
    if "--check" not in sys.argv:
        PAGE.write_text(page())
    elif PAGE.read_text() != page():
        sys.exit(f"{PAGE.relative_to(ROOT)} is not what the catalogue says; run: make features")


if __name__ == "__main__":
    main()
