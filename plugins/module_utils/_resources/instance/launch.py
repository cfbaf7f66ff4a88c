# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make an instance, and wait for its states. PRIVATE to the collection.

Here is what a step as data cannot say: what the answer to a call means for the next one.
"""

from __future__ import annotations

import typing as t

from ..._errors import NO_CAPACITY, AWSError, SkyError, one_line
from ..._patience import patiently
from ..._plan import Step
from .facts import is_live, state_of
from .request import MAX_TOKENS, RUN

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ..._account import Account
    from .facts import Instance
    from .request import Launch


_DESCRIBE = "ec2:DescribeInstances"
#: Seconds between two looks at an instance's state.
_DELAY = 5

#: Another subnet may do: its zone has other machines, other types, other addresses.
#: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
_NOT_HERE = NO_CAPACITY | {"InsufficientFreeAddressesInSubnet", "Unsupported"}
#: The token made an instance that is terminated. Before 2025 EC2 answered with that instance (boto3 issue 4406).
_SPENT = "IdempotentInstanceTerminated"

#: EC2's texts about a profile or its role that IAM has and EC2 does not see yet, both InvalidParameterValue.
#: Terraform's provider waits for the same two.
_UNSEEN_TEXTS = ("Invalid IAM Instance Profile", "has no associated IAM Roles")
_UNSEEN_CODE = "InvalidParameterValue"
#: Seconds before each new attempt; IAM's changes are with EC2 after 5 to 10 s as a rule, and later at times.
_PROFILE_PAUSES = (2, 3, *(5,) * 11)


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
            if error.code != _SPENT:
                raise
            continue
        accepted.append(Step(RUN, plan.name, request))
        if is_live(instance):
            return instance
    raise SkyError(
        f"{RUN} on {plan.name} in account {account.account_id}: {MAX_TOKENS} ClientTokens in a row belong to instances "
        "that are terminated. To mend it: change a tag or another option, which changes the tokens, or run it tomorrow."
    )


def _run(account: Account, name: str, request: Mapping[str, t.Any]) -> Instance:
    """RunInstances, again for about a minute while EC2 does not see the instance profile.

    It is the call itself that is repeated: what was refused used no ClientToken up, and EC2 does not say that a dry run
    looks at the profile.
    """

    def run() -> Instance:
        return t.cast("Instance", account.call(RUN, name, **request)["Instances"][0])

    try:
        return patiently(run, _is_profile_unseen, _PROFILE_PAUSES, account.tell)
    except AWSError as error:
        if not _is_profile_unseen(error):
            raise
        profile = request["IamInstanceProfile"]["Name"]
        raise SkyError(
            f"{error.message} EC2 does not see the instance profile {profile} with a role in it, and it was asked for "
            f"{sum(_PROFILE_PAUSES)} s. To mend it: make both (sky_role) or correct instance_profile; if they are new, "
            "run it again."
        ) from error


def _is_profile_unseen(error: AWSError) -> bool:
    return error.code == _UNSEEN_CODE and any(text in error.text for text in _UNSEEN_TEXTS)


def await_state(account: Account, name: str, instance_id: str, state: str, timeout: int) -> None:
    """Wait until the instance is running, stopped or terminated.

    :param timeout: seconds.
    :raises SkyError: it takes longer, or the instance went another way; names the state that it is in.
    """
    attempts, ids = timeout // _DELAY + 1, [instance_id]
    try:
        account.wait(_DESCRIBE, f"instance_{state}", name, delay=_DELAY, attempts=attempts, InstanceIds=ids)
    except AWSError as error:
        # The last answer that botocore's waiter saw; it is an error, or there is none, where the look itself failed.
        answer = getattr(error.__cause__, "last_response", {})
        if "Reservations" not in answer:
            raise
        instance = answer["Reservations"][0]["Instances"][0]
        told = f"is {state_of(instance)}, not {state}, after a wait of at most {timeout} s{_reason(instance)}"
        where = f"instance {name} ({instance_id}) in account {account.account_id}"
        raise SkyError(f"{where} {told}. To mend it: {_state_mend(instance)}.") from error


def _reason(instance: Instance) -> str:
    """EC2's own reason for the state, such as Client.InternalError for a key that may not be used."""
    reason = one_line(instance.get("StateReason", {}).get("Message", "")).rstrip(".")
    return f": {reason}" if reason else ""


def _state_mend(instance: Instance) -> str:
    if is_live(instance):
        return "raise wait_timeout and run it again"
    return "correct what EC2 says (often volume.kms_key_id, a quota, or spot capacity) and run it again"
