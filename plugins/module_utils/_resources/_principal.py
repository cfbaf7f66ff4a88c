# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user and a role have in common: attached and inline policies, boundary, tags. PRIVATE to the collection.

``noun`` is IAM's own word in its calls: ``User`` or ``Role``.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .. import _tags, _validate
from .._plan import Step, drift
from .._skypilot.names import S3_POLICY

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .._account import Account
    from .._identity import Identity
    from .._plan import Params


#: IAM attaches at most this many managed policies to a user or role unless the quota is raised (IAM quotas).
MAX_ATTACHED = 10

#: A policy made just before may not be seen at once; IAM's documentation speaks of seconds.
_POLICY_WAIT_DELAY = 2
_POLICY_WAIT_ATTEMPTS = 10

PRINCIPAL_ARGUMENTS: dict[str, t.Any] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "policies": {"type": "list", "elements": "str", "default": []},
    "purge_policies": {"type": "bool", "default": True},
    "s3_access": {"type": "bool", "default": False},
    "permissions_boundary": {"type": "str"},
    "path": {"type": "str", "default": "/"},
    **_tags.TAG_ARGUMENTS,
}


@dataclasses.dataclass(frozen=True)
class Rights:
    """The rights of a user or role as IAM has them: attached managed policies by ARN, inline ones by name."""

    attached: tuple[str, ...] = ()
    inline: tuple[str, ...] = ()


def faults(noun: str, params: Params) -> list[str]:
    """Faults of the options that users and roles share."""
    found = [
        *_validate.name_faults(noun.lower(), params["name"]),
        *_validate.path_faults(params["path"]),
        *_validate.policy_refs_faults(params["policies"], "policies"),
        *_tags.faults(params),
    ]
    if params["permissions_boundary"]:
        found += _validate.policy_ref_faults(params["permissions_boundary"], "permissions_boundary")
    return found


def read_rights(account: Account, noun: str, name: str) -> Rights:
    """The rights of a user or role that exists; two calls."""
    key = f"{noun}Name"
    attached = account.pages(f"iam:ListAttached{noun}Policies", "AttachedPolicies", name, **{key: name})
    inline = account.pages(f"iam:List{noun}Policies", "PolicyNames", name, **{key: name})
    return Rights(tuple(policy["PolicyArn"] for policy in attached), tuple(inline))


def policy_arn(ref: str, identity: Identity) -> str:
    """The ARN for a policy's ARN, path and name, or name."""
    if ref.startswith("arn:"):
        return ref
    return identity.iam_arn(f"policy{ref}" if ref.startswith("/") else f"policy/{ref}")


def wanted_policies(params: Params, identity: Identity) -> list[str]:
    """ARNs of the declared policies, in the order declared, S3 last."""
    arns = [policy_arn(ref, identity) for ref in params["policies"]]
    if params["s3_access"]:
        arns.append(identity.aws_policy_arn(S3_POLICY))
    return list(dict.fromkeys(arns))


def wanted_boundary(params: Params, identity: Identity) -> str | None:
    """The boundary's ARN; ``""`` to have none, None to leave it as it is."""
    ref = params["permissions_boundary"]
    return policy_arn(ref, identity) if ref else ref


def attached_after(current: Sequence[str], wanted: Sequence[str], *, purge: bool) -> list[str]:
    """What is attached once the steps are made."""
    kept = [arn for arn in current if arn in wanted or not purge]
    return [*kept, *[arn for arn in wanted if arn not in kept]]


def attachment_steps(noun: str, name: str, current: Sequence[str], wanted: Sequence[str], *, purge: bool) -> list[Step]:
    """Attach before detach, so that no right is missing in between."""
    to_attach = [arn for arn in wanted if arn not in current]
    to_detach = [arn for arn in current if arn not in wanted] if purge else []
    return [
        *[_policy_step("Attach", noun, name, arn) for arn in to_attach],
        *[_policy_step("Detach", noun, name, arn) for arn in to_detach],
    ]


def _policy_step(verb: str, noun: str, name: str, arn: str) -> Step:
    return Step(f"iam:{verb}{noun}Policy", name, {f"{noun}Name": name, "PolicyArn": arn})


def boundary_steps(noun: str, name: str, current: str | None, wanted: str | None) -> list[Step]:
    """Set or remove the permissions boundary where it differs."""
    if wanted is None or wanted == (current or ""):
        return []
    if wanted:
        arguments = {f"{noun}Name": name, "PermissionsBoundary": wanted}
        return [Step(f"iam:Put{noun}PermissionsBoundary", name, arguments)]
    return [Step(f"iam:Delete{noun}PermissionsBoundary", name, {f"{noun}Name": name})]


def tag_steps(
    noun: str, name: str, current: Mapping[str, str], wanted: Mapping[str, str], *, purge: bool
) -> list[Step]:
    """Add, correct and remove tags; also for an ``InstanceProfile``."""
    to_set, to_remove = _tags.changes(current, wanted, purge=purge)
    steps = []
    if to_set:
        steps.append(Step(f"iam:Tag{noun}", name, {f"{noun}Name": name, "Tags": _tags.to_aws(to_set)}))
    if to_remove:
        steps.append(Step(f"iam:Untag{noun}", name, {f"{noun}Name": name, "TagKeys": to_remove}))
    return steps


def removal_steps(noun: str, name: str, rights: Rights) -> list[Step]:
    """What IAM demands before a user or role can be deleted: no attached and no inline policy."""
    return [
        *[_policy_step("Detach", noun, name, arn) for arn in rights.attached],
        *[
            Step(f"iam:Delete{noun}Policy", name, {f"{noun}Name": name, "PolicyName": policy})
            for policy in rights.inline
        ],
    ]


def inline_drift(rights: Rights) -> list[dict[str, t.Any]]:
    """Inline policies are rights that nobody declared."""
    return [drift("inline_policies", [], list(rights.inline))] if rights.inline else []


def kept_drift(
    params: Params,
    identity: Identity,
    *,
    attached: Sequence[str],
    boundary: str | None,
    tags: Mapping[str, str],
) -> list[dict[str, t.Any]]:
    """The differences in what users and roles share, for one that is kept as it is."""
    differences = []
    wanted = wanted_policies(params, identity)
    after = attached_after(attached, wanted, purge=params["purge_policies"])
    if sorted(after) != sorted(attached):
        differences.append(drift("attached_policies", sorted(after), sorted(attached)))
    wanted_limit = wanted_boundary(params, identity)
    if wanted_limit is not None and wanted_limit != (boundary or ""):
        differences.append(drift("permissions_boundary", wanted_limit, boundary))
    missing = _tags.missing(tags, _tags.declared(params))
    if missing:
        differences.append(drift("tags", missing, {key: tags.get(key) for key in missing}))
    return differences


def await_policies(account: Account, steps: Sequence[Step]) -> None:
    """Before the first write: every policy that will be attached must be seen by IAM.

    So a missing policy never leaves half a user or role, and one made just before has time to spread. What the steps
    themselves create is not waited for.

    :raises SkyError: a policy that is not there within 20 seconds.
    """
    created = {
        account.identity.iam_arn(f"policy{step.arguments['Path']}{step.arguments['PolicyName']}")
        for step in steps
        if step.api == "iam:CreatePolicy"
    }
    for step in steps:
        if step.api.startswith("iam:Attach") and step.arguments["PolicyArn"] not in created:
            arn = step.arguments["PolicyArn"]
            account.wait(
                "iam:GetPolicy",
                "policy_exists",
                arn,
                delay=_POLICY_WAIT_DELAY,
                attempts=_POLICY_WAIT_ATTEMPTS,
                PolicyArn=arn,
            )


def boundary_arn(described: Mapping[str, t.Any]) -> str | None:
    """The boundary in AWS's description of a user or role."""
    arn: str | None = (described.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
    return arn


def attached_facts(arns: Sequence[str]) -> list[dict[str, str]]:
    """Attached policies with the key names of amazon.aws."""
    return [{"policy_arn": arn, "policy_name": arn.rpartition("/")[2]} for arn in arns]
