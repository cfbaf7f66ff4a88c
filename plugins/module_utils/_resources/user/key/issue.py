# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make an access key and deliver it, or leave none behind. PRIVATE to the collection.

A secret access key can be read once, in the answer that makes it. So a key that cannot be delivered is worthless and is
deleted again at once; one that a killed run left is found by the next run through the intent noted before.
"""

from __future__ import annotations

import dataclasses
import time
import typing as t

from .... import _tags
from ...._errors import AT_ONCE, MISSING, AWSError, Overtaken, SkyError
from ...._facts import timestamp
from ...._patience import patiently
from ...._perform import NEW_PAUSES, interrupted
from ...._secrets import learn
from . import calls
from .found import with_use
from .key import NewKey
from .notes import DELIVERED, INTENT, Intent, Notes, read_notes, settled

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ...._account import Account
    from ...._plan import Step
    from .planning import Issue, KeyPlan


#: Seconds before each new look for a key just made.
_SEEN_PAUSES = (1, 2, 4, 8)
_OTHERS = "Another run or a person is at work on this user's access keys."


@dataclasses.dataclass(frozen=True)
class Issued:
    """What came of it: the fact ``access_key``, and the tags that were set on the user.

    ``steps`` are those that were performed: those planned, and any that a lost answer added.
    """

    fact: dict[str, t.Any] | None
    tags: dict[str, str]
    steps: list[Step]


def issue(account: Account, plan: KeyPlan, done: Sequence[Step]) -> Issued:
    """Perform the key's steps.

    :param done: what was performed before, for the error.
    :raises SkyError: a call failed, or the place cannot be written; no key that is not delivered is left.
    """
    work = _Work(account, plan)
    try:
        fact = work.issue(plan.issue) if plan.issue else work.perform(plan.steps)
    except SkyError as error:
        raise interrupted(error, [*done, *work.performed], work.left) from error
    return Issued(fact, work.tags, work.performed)


class _Work:
    """The steps of one plan, and how far they came."""

    def __init__(self, account: Account, plan: KeyPlan) -> None:
        self._account = account
        self._name = plan.found.user_name
        self._place = plan.found.place
        self._seen = plan.found.notes
        self._known = {key.id for key in plan.found.keys}
        self._delivered = plan.found.notes.delivered
        self._rotates = plan.found.is_delivered
        self._fact = plan.fact
        self.tags: dict[str, str] = {}
        self.performed: list[Step] = []
        self.left = list(plan.steps)

    def perform(self, steps: Sequence[Step]) -> dict[str, t.Any] | None:
        """Steps that are complete as they are planned."""
        for step in steps:
            self._do(step)
        return self._fact

    def issue(self, issue: Issue) -> dict[str, t.Any]:
        """Note the intent, make the key, deliver it, note that."""
        self.perform(issue.opening)
        intent = self._intent(issue)
        self._do(issue.intent, Tags=_tags.to_aws({INTENT: intent.tag()}))
        notes = Notes(self._delivered, open=intent)
        new = self._made(issue, notes)
        self.perform(issue.closing)
        learned = {"access_key_id": new.id, "status": new.status, "create_date": timestamp(new.created)}
        return {**(self._fact or {}), **learned}

    def _intent(self, issue: Issue) -> Intent:
        """What keys there are and what time it is; asked again, since the look may be a while ago.

        :raises Overtaken: a key was made since.
        """
        name = self._name
        answer = self._account.find("iam:ListAccessKeys", name, UserName=name)
        if answer is None:  # a user made just before may not be seen at once; IAM's documentation speaks of seconds
            self._account.wait("iam:GetUser", "user_exists", name, delay=2, attempts=10, UserName=name)
            answer = self._account.call("iam:ListAccessKeys", name, UserName=name)
        ids = {key["AccessKeyId"] for key in answer["AccessKeyMetadata"]}
        if not ids <= self._known:
            raise Overtaken(f"user {name} has a new access key: {', '.join(sorted(ids - self._known))}.")
        return Intent.now(answer, ids, issue.until)

    def _made(self, issue: Issue, notes: Notes) -> NewKey:
        """The new key, delivered and noted."""
        new = None
        try:
            answer = self._do(issue.create)
            new = _new_key(answer["AccessKey"])
            self._check_alone(new, notes)
            if answer["ResponseMetadata"].get("RetryAttempts"):
                self._sweep(notes, keep=new.id)
            self._place.deliver(new, self._do, self._account.tell)
            self._do(issue.tag, Tags=_tags.to_aws(settled(new.id, issue.replaced, issue.until)))
        except SkyError as error:
            raise self._undone(error, new, notes) from error
        return new

    def _undone(self, error: SkyError, new: NewKey | None, notes: Notes) -> SkyError:
        """The error, once no key and no note of this attempt is left.

        A rotated key that reached its place stays there, with its intent: the one before it is overwritten, and the next
        run has only to note the new one.
        """
        if isinstance(error, Overtaken):
            return self._withdrawn(error, new, notes)
        if new is None and _was_outrun(error):
            return self._withdrawn(Overtaken(f"{error.message} {_OTHERS}"), new, notes)
        if new and self._rotates and self._has_arrived(new):
            where = f"The access key {new.id} that was made is in {self._place.label}, or may be"
            return SkyError(f"{error.message} {where}; the next run goes on from there.")
        said = ""
        try:
            if not self._is_alone(notes):
                return self._withdrawn(Overtaken(f"{error.message} {_OTHERS}"), new, notes)
            if new:
                self._do(calls.delete(self._name, new.id))
                said = f" The access key {new.id} that was made has been deleted again."
            self._sweep(notes, keep=new.id if new else None)
            if new:
                said += self._place.take_back(new.id, self._account.tell)
            self._do(self._closing_note())
        except SkyError as second:
            said += f" Clearing up failed as well, and the next run will: {second.message}"
        return SkyError(f"{error.message}{said}")

    def _withdrawn(self, error: Overtaken, new: NewKey | None, notes: Notes) -> SkyError:
        """The error, once our own key is gone. What another run made, and its notes, are not ours to delete."""
        try:
            if new:
                self._delete_if_there(new)
            seen = self._noted()
            if seen == notes:
                self._do(self._closing_note())
            elif seen and seen.open == notes.open:  # which took the place of what the other run had noted
                replaced = self._delivered if self._delivered != seen.delivered else None
                tags = settled(seen.delivered, replaced, notes.open.until if notes.open else None)
                self._do(calls.tag(self._name, tags))
        except SkyError as second:
            return SkyError(f"{error.message} Clearing up failed, and the next run will: {second.message}")
        return error

    def _delete_if_there(self, new: NewKey) -> None:
        """The other run may have deleted it."""
        try:
            self._do(calls.delete(self._name, new.id))
        except AWSError as error:
            if error.code not in MISSING:
                raise

    def _check_alone(self, new: NewKey, notes: Notes) -> None:
        """Before the key is delivered: nobody took it for that of a killed run, and nobody else delivers one.

        :raises Overtaken: somebody did.
        """
        for pause in (*_SEEN_PAUSES, None):
            listed = self._account.find("iam:ListAccessKeys", self._name, UserName=self._name) or {}
            if new.id in [key["AccessKeyId"] for key in listed.get("AccessKeyMetadata", ())]:
                break
            if pause is None:
                raise Overtaken(f"The access key {new.id} that was made is not there any more. {_OTHERS}")
            self._account.tell(f"the new access key {new.id} is not seen by AWS yet, looking again in {pause} s")
            time.sleep(pause)
        if not self._is_alone(notes):
            raise Overtaken(f"user {self._name}: the tags are not those of this run. {_OTHERS}")

    def _is_alone(self, notes: Notes) -> bool:
        """Whether the user's tags say nothing of another run: they are ours, or, where AWS shows them late, those before."""
        return self._noted() in (notes, self._seen, None)

    def _noted(self) -> Notes | None:
        """What the user's tags say now; None where AWS does not show the user yet."""
        answer = self._account.find("iam:GetUser", self._name, UserName=self._name)
        return read_notes(_tags.from_aws(answer["User"].get("Tags"))) if answer else None

    def _has_arrived(self, new: NewKey) -> bool:
        """Whether the place holds the new key, or may hold it."""
        try:
            return self._place.received(new.id, self._account)
        except SkyError:
            return True

    def _sweep(self, notes: Notes, keep: str | None) -> None:
        """Delete what a lost answer made: botocore repeats the call, and IAM has no token that would tell."""
        listed = self._account.call("iam:ListAccessKeys", self._name, UserName=self._name)["AccessKeyMetadata"]
        others = [key for key in listed if key["AccessKeyId"] != keep]
        for key in with_use(self._account, notes, others):
            if notes.is_half_made(key):
                self._do(calls.delete(self._name, key.id))

    def _closing_note(self) -> Step:
        """The tags as before: an open intent would make the next person's key look like ours."""
        if self._delivered:
            return calls.tag(self._name, settled(self._delivered))
        return calls.untag(self._name, DELIVERED, INTENT)

    def _do(self, step: Step, **completed: t.Any) -> dict[str, t.Any]:
        """One call. What completes it stays out of the step: it may be a secret, and steps are shown."""
        arguments = {**step.arguments, **completed}

        def call() -> dict[str, t.Any]:
            return self._account.call(step.api, step.target, **arguments)

        answer = patiently(call, lambda error: error.code in AT_ONCE, NEW_PAUSES, self._account.tell)
        self.performed.append(step)
        self.tags |= _tags.from_aws(arguments["Tags"]) if step.api == "iam:TagUser" else {}
        if step in self.left:
            self.left.remove(step)
        return answer


def _was_outrun(error: SkyError) -> bool:
    """Whether the user had no room for a key, and not because of one of our own, made by a call whose answer was lost."""
    return isinstance(error, AWSError) and error.code == "LimitExceeded" and not error.repeats_lost


def _new_key(key: dict[str, t.Any]) -> NewKey:
    learn([key["SecretAccessKey"]])
    return NewKey(key["AccessKeyId"], key["SecretAccessKey"], key["Status"], key["CreateDate"])
