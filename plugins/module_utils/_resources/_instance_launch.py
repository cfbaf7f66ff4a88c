# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making an instance and waiting for its states: the calls whose answers decide what comes next. PRIVATE to the collection."""

from __future__ import annotations

import contextlib
import typing as t

from .. import _botocore
from .._errors import AWSError, SkyError, aws_error, one_line
from .._plan import Step
from ._instance_request import MAX_TOKENS, RUN

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from .._account import Account
    from ._instance_facts import Instance
    from ._instance_request import Launch

#: States in which an instance cannot come back.
GOING = frozenset({"shutting-down", "terminated"})

#: Seconds between two looks at an instance's state.
_DELAY = 5

#: Another subnet may do: its zone has other machines, other types, other addresses.
#: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
_NOT_HERE = frozenset({"InsufficientInstanceCapacity", "InsufficientFreeAddressesInSubnet", "Unsupported"})
#: The token made an instance that is terminated. Before 2025 EC2 answered with that instance (boto3 issue 4406).
_TOKEN_SPENT = "IdempotentInstanceTerminated"

#: EC2's texts about a profile or its role that IAM has and EC2 does not see yet, both InvalidParameterValue.
#: Terraform's provider waits for the same two.
_UNSEEN_TEXTS = ("Invalid IAM Instance Profile", "has no associated IAM Roles")
_UNSEEN_CODE = "InvalidParameterValue"


def launch(account: Account, plan: Launch, accepted: list[Step]) -> Instance:
    """Make the instance in the first subnet that has room for it.

    :param accepted: grows by one step for each call that EC2 accepted: one, and one more for each answer that was an
        instance already terminated. A refused call has written nothing and is no step.
    :returns: the instance as RunInstances answers it.
    :raises SkyError: no subnet has room, the tokens are used up, or whatever else EC2 refused.
    """
    refusals: dict[str, AWSError] = {}
    for subnet_id in plan.subnet_ids:
        try:
            return _launch_in(account, plan, subnet_id, accepted)
        except AWSError as error:
            if error.code not in _NOT_HERE:
                raise
            refusals[subnet_id] = error
    raise _no_room(account, plan, refusals)


def _no_room(account: Account, plan: Launch, refusals: Mapping[str, AWSError]) -> SkyError:
    tried = "; ".join(f"{subnet_id}: {error.code}, {error.text.rstrip('.')}" for subnet_id, error in refusals.items())
    return SkyError(
        f"{RUN} on {plan.name} in account {account.account_id} failed in every subnet: {tried}. "
        "To mend it: try another instance_type, more subnet_ids in other zones, or another time."
    )


def _launch_in(account: Account, plan: Launch, subnet_id: str, accepted: list[Step]) -> Instance:
    for request in plan.requests(subnet_id):
        try:
            instance = _run(account, plan.name, request)
        except AWSError as error:
            if error.code != _TOKEN_SPENT:
                raise
            continue
        accepted.append(Step(RUN, plan.name, request))
        if instance["State"]["Name"] not in GOING:
            return instance
    raise SkyError(
        f"{RUN} on {plan.name} in account {account.account_id}: {MAX_TOKENS} ClientTokens in a row belong to terminated "
        "instances. To mend it: change a tag or another option, which changes the tokens, or try again tomorrow."
    )


def _run(account: Account, name: str, request: Mapping[str, t.Any]) -> Instance:
    """RunInstances, once more if EC2 did not see the instance profile at first."""
    try:
        return _run_once(account, name, request)
    except AWSError as error:
        if not _is_profile_unseen(error):
            raise
    _await_profile(account, request)
    try:
        return _run_once(account, name, request)
    except AWSError as error:
        if not _is_profile_unseen(error):
            raise
        raise SkyError(
            f"{error.message} To mend it: make the instance profile {request['IamInstanceProfile']['Name']} with its role "
            "(sky_role), or correct instance_profile; if it is new, run it again."
        ) from error


def _run_once(account: Account, name: str, request: Mapping[str, t.Any]) -> Instance:
    return t.cast("Instance", account.call(RUN, name, **request)["Instances"][0])


def _is_profile_unseen(error: AWSError) -> bool:
    return error.code == _UNSEEN_CODE and any(text in error.text for text in _UNSEEN_TEXTS)


def _await_profile(account: Account, request: Mapping[str, t.Any]) -> None:
    """Wait until EC2 sees the instance profile, about a minute at most.

    A dry run is checked for the profile and changes nothing. What keeps the wait from its end is left to the call that
    follows, which says it better.
    """
    waiter = _botocore.create_waiter_with_client(
        "InstanceProfileVisible", _botocore.WaiterModel(_profile_waiter()), account.client("ec2")
    )
    with contextlib.suppress(_botocore.BotoCoreError):
        waiter.wait(**request, DryRun=True)


def _profile_waiter() -> dict[str, t.Any]:
    """botocore takes the dictionary over, so each waiter has its own. It can match an error by its code only."""
    acceptors = [
        {"matcher": "error", "expected": "DryRunOperation", "state": "success"},
        {"matcher": "error", "expected": _UNSEEN_CODE, "state": "retry"},
    ]
    waiter = {"operation": "RunInstances", "delay": 5, "maxAttempts": 12, "acceptors": acceptors}
    return {"version": 2, "waiters": {"InstanceProfileVisible": waiter}}


def await_state(account: Account, name: str, instance_id: str, state: str, timeout: int) -> None:
    """Wait until the instance is running, stopped or terminated.

    :param timeout: seconds.
    :raises SkyError: it takes longer, or the instance went another way; names the state that it is in.
    """
    waiter = account.client("ec2").get_waiter(f"instance_{state}")
    limits = {"Delay": _DELAY, "MaxAttempts": timeout // _DELAY + 1}
    try:
        waiter.wait(InstanceIds=[instance_id], WaiterConfig=limits)
    except _botocore.BotoCoreError as error:
        raise _not_reached(account, f"{name} ({instance_id})", state, timeout, error) from error


def _not_reached(account: Account, instance: str, state: str, timeout: int, error: Exception) -> SkyError:
    answer = getattr(error, "last_response", {})
    if "Reservations" not in answer:
        cause = _botocore.ClientError(answer, "DescribeInstances") if "Error" in answer else error
        caller = account.identity.arn
        return aws_error(
            cause, api="ec2:DescribeInstances", target=instance, account_id=account.account_id, caller=caller
        )
    found = next((i for reservation in answer["Reservations"] for i in reservation["Instances"]), {})
    now = found.get("State", {}).get("Name", "unknown to EC2")
    reason = one_line(found.get("StateReason", {}).get("Message", "")).rstrip(".")
    mend = "raise wait_timeout and run it again"
    if now in GOING:
        mend = "correct what EC2 says (often volume.kms_key_id, a quota, or spot capacity) and run it again"
    return SkyError(
        f"instance {instance} in account {account.account_id} is {now}, not {state}, after a wait of at most {timeout} s"
        f"{f': {reason}' if reason else ''}. To mend it: {mend}."
    )
