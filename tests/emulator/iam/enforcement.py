# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A WSGI layer that answers what the caller's policies do not allow, as AWS would."""

from __future__ import annotations

import dataclasses
import threading
import typing as t

from answers import refuse
from botocore.exceptions import BotoCoreError
from moto.utilities.utils import get_partition
from werkzeug.wrappers import Response

from demo.call_log import CALL, Call

from .authorization import Check, UnknownAction, checks
from .evaluator import Decision, Evaluator, EvaluatorError, Question, frozen
from .principals import Principal, UnknownKey, principal
from .requests import structured
from .signature import is_signed_with
from .state import State

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

#: Error code and HTTP status of a refusal, by protocol.
REFUSALS = {
    "ec2": ("UnauthorizedOperation", 403),
    "query": ("AccessDenied", 403),
    "rest": ("AccessDenied", 403),
    "json": ("AccessDeniedException", 400),
}
#: Code, status and text for an access key id that is not in force.
UNKNOWN_KEYS = {
    "ec2": ("AuthFailure", 401, "AWS was not able to validate the provided access credentials"),
    "query": ("InvalidClientTokenId", 403, "The security token included in the request is invalid."),
    "rest": ("InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records."),
    "json": ("UnrecognizedClientException", 400, "The security token included in the request is invalid."),
}
#: The same for a signature that another secret made.
WRONG_SIGNATURE = "The request signature we calculated does not match the signature you provided."
WRONG_SECRETS = {
    "ec2": UNKNOWN_KEYS["ec2"],
    "query": ("SignatureDoesNotMatch", 403, WRONG_SIGNATURE),
    "rest": ("SignatureDoesNotMatch", 403, WRONG_SIGNATURE),
    "json": ("InvalidSignatureException", 400, WRONG_SIGNATURE),
}
#: How AWS names the policies that did not allow. https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
POLICIES = {"identity": "identity-based policy", "pb": "permissions boundary", "resource": "resource-based policy"}


@dataclasses.dataclass(frozen=True)
class Refusal:
    """An error in place of the call's answer."""

    code: str
    status: int
    message: str


class Decisions:
    """Every check so far and what came of it, in order."""

    def __init__(self) -> None:
        self._made: list[dict[str, t.Any]] = []
        self._lock = threading.Lock()

    def add(self, call: Call, check: Check, caller: Principal, allowed: bool) -> None:
        entry = {
            "account": call.account,
            "api": call.api,
            "action": check.action,
            "resource": check.resource,
            "context": check.context,
            "principal": caller.arn,
            "allowed": allowed,
        }
        with self._lock:
            self._made.append(entry)

    def shown(self) -> list[dict[str, t.Any]]:
        with self._lock:
            return list(self._made)

    def clear(self) -> None:
        with self._lock:
            self._made.clear()


class Enforcement:
    """WSGI middleware inside the call log: what is refused is in the log and reaches nothing behind."""

    def __init__(self, app: WSGIApplication, evaluator: Evaluator, decisions: Decisions) -> None:
        self._app = app
        self._evaluator = evaluator
        self._decisions = decisions

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        call = environ.get(CALL)
        if call is None and not environ.get("PATH_INFO", "").startswith("/moto-api/"):
            return Response("the request is not signed", status=403)(environ, start_response)
        refusal = self._refusal(call, environ) if call else None
        if call is None or refusal is None:
            return self._app(environ, start_response)
        return refuse(environ, start_response, call, refusal.status, refusal.code, refusal.message)

    def _refusal(self, call: Call, environ: WSGIEnvironment) -> Refusal | None:
        token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN")
        try:
            caller = principal(call.access_key, call.account, call.region, token)
        except UnknownKey:
            return Refusal(*UNKNOWN_KEYS[call.protocol])
        try:
            if not is_signed_with(environ, caller.secret):
                return Refusal(*WRONG_SECRETS[call.protocol])
            return self._judged(structured(call, environ), caller)
        except (UnknownAction, EvaluatorError, KeyError, ValueError, BotoCoreError) as error:
            # Never let through: the tables have a gap, or the request is not what botocore would send.
            return Refusal("NotImplemented", 501, f"the emulator cannot authorize {call.api}: {error!r}")

    def _judged(self, call: Call, caller: Principal) -> Refusal | None:
        partition = get_partition(call.region)
        wanted = checks(call, State(call.account, partition), caller.source, partition)
        asked = [check for check in wanted if caller.kind != "root" or check.policy is not None]
        decisions = self._evaluator.decide_all([_question(check, caller) for check in asked])
        answers = zip(asked, decisions, strict=True)
        refused = [(check, decision) for check, decision in answers if not decision.allowed]
        denied = [check for check, _ in refused]
        for check in wanted:
            self._decisions.add(call, check, caller, allowed=check not in denied)
        if not refused:
            return None
        check, decision = refused[0]
        return Refusal(*REFUSALS[call.protocol], refusal_text(call, check, caller, decision))


def _question(check: Check, caller: Principal) -> Question:
    return Question(
        caller.arn,
        check.action,
        check.resource,
        check.account,
        frozen(check.context),
        caller.policies,
        caller.boundary,
        check.policy,
    )


def refusal_text(call: Call, check: Check, caller: Principal, decision: Decision) -> str:
    """AWS's own words. https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html

    Those of EC2 are encoded where AWS says more than that an action is not allowed; here they never are.
    """
    text = f"User: {caller.arn} is not authorized to perform: {check.action}"
    if check.resource != "*":
        text += f' on resource: "{check.resource}"' if call.service == "s3" else f" on resource: {check.resource}"
    if check.action != "sts:AssumeRole":
        blamed = POLICIES.get(decision.denied_by[0] if decision.denied_by else "identity", "identity-based policy")
        if decision.kind == "ExplicitlyDenied":
            article = "an" if blamed[0] in "ai" else "a"
            text += f" with an explicit deny in {article} {blamed}"
        else:
            text += f" because no {blamed} allows the {check.action} action"
    return f"You are not authorized to perform this operation. {text}" if call.protocol == "ec2" else text
