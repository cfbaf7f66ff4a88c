# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where single requests that are allowed lead, one after the other: a breadth-first search that the evaluator judges.

The state is small: a machine that is not the user's, a machine that the collection made, the role of SkyPilot's machines.
It is the set of facts that hold; a move is a call, possible where AWS itself would take it, that makes one more true.
Users act with their policy, which is the role's too, as on the page. Once users have given policies to the role it acts
with these alone: a role that SkyPilot made has no other.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import typing as t

from ansible_collections.sky.aws.plugins.module_utils._features import documents
from ansible_collections.sky.aws.plugins.module_utils._features.catalogue import FEATURES
from ansible_collections.sky.aws.tests.emulator.iam.evaluator import Question

from .needs import BUCKETS, IDENTITIES
from .requests import ACCOUNT, COMMON, PRINCIPALS, REGION, ROLE, TO_EC2, Request, ec2, image, of, requested

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ansible_collections.sky.aws.tests.emulator.iam.evaluator import Evaluator

    State = frozenset[str]
    Path = tuple[str, ...]

DEPTH = 3
FOREIGN = ec2("instance/i-0f0e1690000000001")
OURS = ec2("instance/i-0a5500000000000001")
NEW = ec2("instance/*")
GROUP = ec2("security-group/sg-0a1b2c3d4e5f60718")

# Facts. Those of the tags of the foreign machine and of the policies of the role decide what is allowed next.
CLUSTER = "the foreign machine has the cluster tag"
CLUSTER_IN_OTHER_CASE = "the foreign machine has the cluster tag in another case"
MARKED = "the foreign machine has our mark"
STOPPED = "the foreign machine is stopped"
REWRITTEN = "the user data of the foreign machine is rewritten"
READ = "the user data of the foreign machine is read"
IMAGED = "the disks of the foreign machine are in an image"
OTHER_PROFILE = "the foreign machine has another instance profile"
OTHER_GROUPS = "the foreign machine has other security groups"
SESSION = "a session on the foreign machine is open"
UNMARKED = "our machine has lost our mark"
FORGED = "a machine of the user's has our mark"
AS_SKYPILOT = "the role has the policies that SkyPilot attaches"
WIDENED = "the role has any policy"

OUR_MARK = {"sky.aws/managed-by": "sky.aws"}
#: The tags of the foreign machine.
TAGS = {
    CLUSTER: {"ray-cluster-name": "c-1a2b"},
    CLUSTER_IN_OTHER_CASE: {"Ray-Cluster-Name": "c-1a2b"},
    MARKED: OUR_MARK,
}
#: What the role may do by the policies that users gave it.
OF_THE_ROLE = {AS_SKYPILOT: ("ec2:*", "s3:*"), WIDENED: ("*",)}
#: The features that let users change the policies of the role.
MAKING_THE_ROLE = frozenset({"create_role", "create_role_inline", "create_role_bounded"})
ANY_POLICY = MAKING_THE_ROLE - {"create_role_bounded"}
#: The feature that denies what base alone would lead to.
GUARD = "protect_tags"
BASES = frozenset({"base", "base_named_group"})

#: What nobody must reach, each with the features that are known to lead there: users are warned of them.
FORBIDDEN = {
    REWRITTEN: MAKING_THE_ROLE,
    MARKED: MAKING_THE_ROLE,
    FORGED: MAKING_THE_ROLE,
    UNMARKED: MAKING_THE_ROLE,
    OTHER_PROFILE: ANY_POLICY,
    OTHER_GROUPS: MAKING_THE_ROLE,
    SESSION: MAKING_THE_ROLE,
    IMAGED: MAKING_THE_ROLE | {"clone_disk"},
    READ: BASES,
    WIDENED: ANY_POLICY,
}


@dataclasses.dataclass(frozen=True)
class Move:
    """A call that makes ``adds`` true if AWS allows all of ``requests``; ``on`` is what must hold for AWS to take it."""

    label: str
    adds: str
    requests: tuple[Request, ...]
    on: frozenset[str] = frozenset()

    def possible(self, state: State) -> bool:
        """Whether AWS takes it and it changes anything."""
        return self.on <= state and self.adds not in state


def move(label: str, adds: str, *requests: Request, on: Iterable[str] = ()) -> Move:
    return Move(label, adds, requests, frozenset(on))


def attach(policy: str) -> Request:
    return of("iam:AttachRolePolicy", ROLE, {"iam:PolicyARN": f"arn:aws:iam::aws:policy/{policy}"})


#: A launch of the user's own, with our mark.
LAUNCH = {"ec2:CreateAction": "RunInstances", **requested(**OUR_MARK)}
USER_DATA = {"ec2:Attribute/UserData": "IyEvYmluL3NoCg=="}
MOVES = (
    move("tag as a cluster's", CLUSTER, of("ec2:CreateTags", FOREIGN, requested(ray__cluster__name="c-1a2b"))),
    move(
        "tag as a cluster's in another case",
        CLUSTER_IN_OTHER_CASE,
        of("ec2:CreateTags", FOREIGN, requested(Ray__Cluster__Name="c-1a2b")),
    ),
    move("tag as ours", MARKED, of("ec2:CreateTags", FOREIGN, requested(**OUR_MARK))),
    move("tag as ours and more", MARKED, of("ec2:CreateTags", FOREIGN, requested(team="x", **OUR_MARK))),
    move(
        "launch as ours", FORGED, of("ec2:RunInstances", NEW, requested(**OUR_MARK)), of("ec2:CreateTags", NEW, LAUNCH)
    ),
    move("stop", STOPPED, of("ec2:StopInstances", FOREIGN)),
    move("rewrite the user data", REWRITTEN, of("ec2:ModifyInstanceAttribute", FOREIGN, USER_DATA), on=[STOPPED]),
    move("read the user data", READ, of("ec2:DescribeInstanceAttribute", FOREIGN)),
    move("take an image", IMAGED, of("ec2:CreateImage", FOREIGN), of("ec2:CreateImage", image("*"))),
    move(
        "replace the profile",
        OTHER_PROFILE,
        of("ec2:ReplaceIamInstanceProfileAssociation", FOREIGN),
        of("iam:PassRole", ROLE, TO_EC2),
    ),
    move(
        "replace the groups",
        OTHER_GROUPS,
        of("ec2:ModifyInstanceAttribute", FOREIGN),
        of("ec2:ModifyInstanceAttribute", GROUP),
    ),
    move(
        "open a session",
        SESSION,
        of("ssm:StartSession", FOREIGN),
        of("ssm:StartSession", f"arn:aws:ssm:{REGION}::document/AWS-StartSSHSession"),
    ),
    move("remove our mark", UNMARKED, of("ec2:DeleteTags", OURS, requested(**OUR_MARK))),
    move("remove all tags", UNMARKED, of("ec2:DeleteTags", OURS)),
    move("overwrite our mark", UNMARKED, of("ec2:CreateTags", OURS, requested(**{"sky.aws/managed-by": "x"}))),
    move("attach what SkyPilot attaches", AS_SKYPILOT, attach("AmazonEC2FullAccess")),
    move("attach AdministratorAccess", WIDENED, attach("AdministratorAccess")),
    move("write an inline policy", WIDENED, of("iam:PutRolePolicy", ROLE)),
)


@dataclasses.dataclass(frozen=True)
class Step:
    """A move that somebody may try in a state that the moves of ``path`` led to."""

    path: Path
    state: State
    actor: str
    move: Move

    @property
    def after(self) -> tuple[State, Path]:
        return self.state | {self.move.adds}, (*self.path, f"{self.actor}: {self.move.label}")

    def questions(self, shared: str) -> list[Question]:
        given = [_allowing(actions) for fact, actions in OF_THE_ROLE.items() if fact in self.state]
        return [
            Question.of(
                PRINCIPALS[self.actor],
                request.action,
                request.resource,
                {**COMMON, **dict(request.context), **_tags_of(request, self.state)},
                given if self.actor == "role" else [shared],
                account=ACCOUNT,
            )
            for request in self.move.requests
        ]


def _allowing(actions: Sequence[str]) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _tags_of(request: Request, state: State) -> dict[str, str]:
    """The context of the tags that the machine of the request has."""
    tags = {OURS: OUR_MARK, FOREIGN: {key: value for fact in state for key, value in TAGS.get(fact, {}).items()}}
    prefix = "ssm:resourceTag" if request.action.startswith("ssm:") else "aws:ResourceTag"
    return {f"{prefix}/{key}": value for key, value in tags.get(request.resource, {}).items()}


def without_contradiction(features: Sequence[str]) -> bool:
    identities = IDENTITIES if "custom_identity" in features else ()
    buckets = BUCKETS if any(name.startswith("s3_") for name in features) else documents.ANY_BUCKET
    return not documents.faults(features, identities, buckets)


def selections() -> Iterator[list[str]]:
    """Each pair beside the base that goes with it, and the largest, all with the guard."""
    for pair in itertools.combinations([name for name in FEATURES if name != GUARD], 2):
        based = list(pair) if {"base", "base_named_group"}.intersection(pair) else ["base", *pair]
        if without_contradiction(based):
            yield [*based, GUARD]
    for base, role in itertools.product(("base", "base_named_group"), ("create_role", "create_role_bounded")):
        left = {"base", "base_named_group", "create_role", "create_role_bounded"} - {base, role}
        left |= {"ports"} if base == "base_named_group" else set()
        yield [name for name in FEATURES if name not in left]
    yield [name for name in FEATURES if name != "base_named_group" and not name.startswith("create_role")]


#: By their names in one text.
SELECTIONS = {" ".join(names): names for names in selections()}


def shared_policy(features: Iterable[str]) -> str:
    """The policy of users and role."""
    return json.dumps(
        documents.document(
            features, account_id=ACCOUNT, partition="aws", custom_identities=IDENTITIES, s3_buckets=BUCKETS
        )
    )


def search(evaluator: Evaluator, policies: Mapping[str, str], start: Iterable[str] = ()) -> dict[str, dict[str, Path]]:
    """By the name of a policy: the forbidden facts that can be made true in DEPTH moves, each with a shortest path.

    All policies are searched at the same time, so that a level is one round trip to the evaluator.
    """
    first = frozenset(start)
    reached: dict[str, dict[State, Path]] = {name: {first: ()} for name in policies}
    frontier = reached
    for _level in range(DEPTH):
        steps = [(name, step) for name, states in frontier.items() for step in _steps(states)]
        frontier = {name: {} for name in policies}
        for name, step in _permitted(evaluator, policies, steps):
            state, path = step.after
            if state not in reached[name]:
                frontier[name].setdefault(state, path)
        reached = {name: {**reached[name], **frontier[name]} for name in policies}
    return {name: _ends(states, first) for name, states in reached.items()}


def _steps(states: Mapping[State, Path]) -> Iterator[Step]:
    for state, path in states.items():
        actors = ("user", "role") if state & OF_THE_ROLE.keys() else ("user",)
        yield from (Step(path, state, actor, each) for actor in actors for each in MOVES if each.possible(state))


def _permitted(
    evaluator: Evaluator, policies: Mapping[str, str], steps: Sequence[tuple[str, Step]]
) -> Iterator[tuple[str, Step]]:
    questions = [step.questions(policies[name]) for name, step in steps]
    flat = list(dict.fromkeys(question for some in questions for question in some))
    decisions = dict(zip(flat, evaluator.decide_all(flat), strict=True))
    for named, some in zip(steps, questions, strict=True):
        if all(decisions[question].allowed for question in some):
            yield named


def _ends(states: Mapping[State, Path], first: State) -> dict[str, Path]:
    """The states are in the order in which they were reached, the nearest first."""
    ends: dict[str, Path] = {}
    for state, path in states.items():
        for fact in (state - first) & FORBIDDEN.keys():
            ends.setdefault(fact, path)
    return ends


def unknown(name: str, ends: Mapping[str, Path]) -> dict[str, Path]:
    """What a selection must not lead to, and did."""
    return {end: path for end, path in ends.items() if FORBIDDEN[end].isdisjoint(SELECTIONS[name])}
