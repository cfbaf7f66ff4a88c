# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors as one line that names the action, the resource, the account and the mend. PRIVATE to the collection."""

from __future__ import annotations

import traceback
import typing as t

from ._secrets import masked, masked_by_place
from ._text import clean

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: AWS texts are cut here: an encoded authorization message alone may take kilobytes.
MAX_AWS_TEXT = 400

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
MISSING = frozenset({"NoSuchEntity", "NoSuchEntityException", "ResourceNotFoundException", "ParameterNotFound"})
EXISTS = frozenset(
    {"EntityAlreadyExists", "EntityAlreadyExistsException", "ResourceExistsException", "InvalidGroup.Duplicate",
     "InvalidPermission.Duplicate"}
)  # fmt: skip

#: Machines of the kind are all in use; other zones may have some.
NO_CAPACITY = frozenset({"InsufficientInstanceCapacity", "InsufficientCapacity", "InsufficientHostCapacity"})
#: What does not exist, or is not seen yet.
UNSEEN = MISSING | {"InvalidGroup.NotFound", "InvalidInstanceID.NotFound"}
#: What holds a thing is gone, and AWS may not see that yet; or it is not gone.
HELD = frozenset({"DeleteConflict", "DependencyViolation"})
#: IAM refused one of two calls on one thing that came at the same time.
AT_ONCE = frozenset({"ConcurrentModification", "ConcurrentModificationException"})
#: Another run is at work on the same thing; ours, AWS has no such code.
OVERTAKEN = "Overtaken"

#: Marks, in the metadata of an answer, a call that botocore repeated after an attempt whose answer was lost.
REPEATS_LOST = "sky.aws repeats a lost answer"

#: Instead of what a library says: it quotes the credential, the header or the URL, or a part that does not look like one.
_UNUSABLE = "what was given cannot be used; it may be a secret and is not shown"
#: Instead of the whole answer, which may be that of a call for credentials.
_NO_ANSWER = "what came back is not an answer of AWS"

_CREDENTIALS = "give credentials that are valid now (profile, access_key and secret_key, or the environment)"
_THROTTLED = "run fewer accounts at once (--forks) or raise retries.max_attempts in aws_config"

#: What the reader can do about an error, by AWS's code; ``{api}`` and ``{caller}`` are filled in.
_MENDS: Mapping[str, str] = {
    **dict.fromkeys(DENIED, "allow {api} for {caller}, and look for an SCP or a permissions boundary that denies it"),
    **dict.fromkeys(MISSING, "make it first, or correct its name"),
    **dict.fromkeys(EXISTS, "choose another name, or remove what is there"),
    **dict.fromkeys(
        ("InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "ExpiredToken", "ExpiredTokenException",
         "SignatureDoesNotMatch", "RequestExpired"),
        _CREDENTIALS,
    ),
    **dict.fromkeys(("Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"), _THROTTLED),
    **dict.fromkeys(
        ("LimitExceeded", "LimitExceededException", "InstanceLimitExceeded", "VcpuLimitExceeded",
         "MaxSpotInstanceCountExceeded", "SecurityGroupLimitExceeded", "RulesPerSecurityGroupLimitExceeded"),
        "remove what is not needed or ask for a higher quota in Service Quotas",
    ),
    **dict.fromkeys(NO_CAPACITY, "try another instance_type, other subnet_ids or another time"),
    **dict.fromkeys(AT_ONCE, "run it again; something else changed it at the same time"),
    "EntityTemporarilyUnmodifiable": "run it again in some minutes; it was changed a moment ago",
    "OperationNotPermitted": "switch the instance's protection from termination or stopping off, if that is what AWS means",
    "DependencyViolation": "remove what still uses it first (instances, rules of other security groups)",
    "DeleteConflict": "remove what still uses it or belongs to it first",
    "MalformedPolicyDocument": "correct the statement that AWS names (extra_statements)",
    "OptInRequired": "enable the region or the service in the account",
}  # fmt: skip


class SkyError(Exception):
    """What the user reads when a task fails: one line a fault, never a traceback, never a secret.

    ``lines`` may quote texts of others: the line breaks of the message are those between two of them alone. ``steps`` are
    the write calls that had been performed by then, as ``{"api": str, "target": str}``.
    """

    def __init__(self, *lines: str, steps: Iterable[Mapping[str, str]] = ()) -> None:
        self.message = "\n".join(map(clean, lines))
        super().__init__(self.message)
        self.steps = [dict(step) for step in steps]

    @property
    def lines(self) -> list[str]:
        """The message's lines, for another error that says the same."""
        return self.message.split("\n")


class Interrupted(SkyError):
    """A plan that stopped half-way. ``api`` is the call that failed, ``code`` AWS's code for it, or empty.

    ``target`` is the call's, ``repeats_lost`` as in AWSError.
    """

    def __init__(
        self,
        message: str,
        *,
        api: str,
        code: str,
        steps: Iterable[Mapping[str, str]],
        target: str = "",
        repeats_lost: bool = False,
    ) -> None:
        super().__init__(message, steps=steps)
        self.api = api
        self.code = code
        self.target = target
        self.repeats_lost = repeats_lost

    @property
    def step(self) -> dict[str, str]:
        """The call that failed, as results show steps."""
        return {"api": self.api, "target": self.target}


class BadInput(SkyError):
    """Input that was refused before any call; ``faults`` holds one line each. They may quote options, secrets left out."""

    def __init__(self, faults: Iterable[str]) -> None:
        super().__init__(*map(masked, faults))
        self.faults = self.lines


class AWSError(SkyError):
    """An error that AWS answered, or that kept AWS from answering. ``code`` is AWS's own, or botocore's class name.

    ``repeats_lost`` is true for the answer to a call that botocore repeated because an attempt before had no answer, or
    a server error: that attempt may have taken effect.
    """

    def __init__(self, message: str, *, code: str, text: str = "", repeats_lost: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.text = text
        self.repeats_lost = repeats_lost


class Overtaken(SkyError):
    """Another run is at work on the same thing. It has nothing to mend: whoever looks again sees what the other made."""

    code = OVERTAKEN


def aws_error(error: Exception, *, api: str, target: str, account_id: str, caller: str) -> AWSError:
    """The AWSError for what botocore raised.

    :param error: botocore's ClientError, or a BotoCoreError such as EndpointConnectionError.
    :param api: the call, ``iam:CreatePolicy``.
    :param target: name or ARN of the resource.
    :param caller: ARN of the caller, or words for it while it is unknown.
    """
    # botocore's HTTPClientError has a response that is None; its WaiterError has the last answer.
    response = getattr(error, "response", None) or getattr(error, "last_response", None) or {}
    answer = response.get("Error", {})
    code = answer.get("Code") or type(error).__name__
    text = one_line(answer["Message"]) if answer.get("Message") else _said(error)
    mend = _MENDS_BY_TEXT.get(text) or _MENDS.get(code, _MENDS_BY_CLASS.get(type(error).__name__, ""))
    mend = mend.format(api=api, caller=caller)
    where = f" on {target}" if target else ""
    message = f"{api}{where} in account {account_id} failed with {code}: {text.rstrip('.')}."
    lost = REPEATS_LOST in response.get("ResponseMetadata", {})
    return AWSError(f"{message} To mend it: {mend}." if mend else message, code=code, text=text, repeats_lost=lost)


def _said(error: Exception) -> str:
    """The words of an error that is not AWS's own."""
    if type(error).__name__ == "ResponseParserError":
        return _NO_ANSWER
    # Of what was given, the HTTP client and Python complain with a ValueError; those of botocore's own name a region.
    told: Mapping[str, t.Any] = getattr(error, "kwargs", {})
    cause = told["error"] if type(error).__name__ == "HTTPClientError" else error
    if isinstance(cause, ValueError) and not hasattr(cause, "kwargs"):
        return _UNUSABLE
    return one_line(str(error))


_MENDS_BY_TEXT: Mapping[str, str] = {
    _UNUSABLE: "look for line breaks and other stray characters in endpoint_url, the proxies and the credentials",
    _NO_ANSWER: "check that endpoint_url is an AWS",
}
#: botocore's own exceptions have no AWS code.
_MENDS_BY_CLASS: Mapping[str, str] = {
    "NoCredentialsError": _CREDENTIALS,
    "PartialCredentialsError": _CREDENTIALS,
    "ProfileNotFound": "correct profile (or AWS_PROFILE), or add it to the shared AWS configuration",
    "TokenRetrievalError": _CREDENTIALS,
    "UnauthorizedSSOTokenError": "log in again (aws sso login)",
    "SSOTokenLoadError": "log in again (aws sso login)",
    "EndpointConnectionError": "check endpoint_url, region and the network",
    "ConnectTimeoutError": "check endpoint_url, region and the network",
    "ReadTimeoutError": "check the network, or run it again",
    "ConnectionClosedError": "check the network, or run it again",
    "SSLError": "check aws_ca_bundle and validate_certs",
    "ParamValidationError": "correct the option that holds this value",
}


def one_line(text: str) -> str:
    """The text of a library or a service without secrets, line breaks and control characters, cut to a readable length."""
    line = clean(" ".join(masked_by_place(text[: 10 * MAX_AWS_TEXT]).split()))
    return line if len(line) <= MAX_AWS_TEXT else line[:MAX_AWS_TEXT] + "..."


def bug(where: str, error: Exception) -> str:
    """The line about an exception that nobody foresaw."""
    return f"{where} has a bug: {one_line(f'{type(error).__name__}: {error}')}; -vvv shows where"


def trace(error: BaseException) -> str:
    """Where an exception came about and what led to it, each in one line: Python's own text would quote secrets."""
    return "\n".join(
        f"{''.join(traceback.format_tb(each.__traceback__))}{one_line(f'{type(each).__name__}: {each}')}"
        for each in reversed(list(_chain(error)))
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
