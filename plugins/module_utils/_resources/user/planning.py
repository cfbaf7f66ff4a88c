# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One IAM user with the rights to use SkyPilot. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ... import _ownership, _tags
from ..._facts import timestamp
from ..._plan import Plan, Step, drift
from .. import _principal
from . import removal
from .key.planning import plan as plan_key

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ..._identity import Identity
    from ..._plan import Params
    from .found import Found
    from .key.planning import KeyPlan


@dataclasses.dataclass(frozen=True)
class UserPlan(Plan):
    """A plan whose last steps issue an access key; those are performed by the key's own rules."""

    key: KeyPlan | None = None


def plan(current: Found, params: Params, identity: Identity) -> UserPlan:
    """From what is there to the declared user.

    :raises SkyError: a user that is not ours and ``existing: fail``, or a key that cannot be made or removed.
    """
    if params["state"] == "absent":
        return _plan_absent(current, params)
    user = _plan_user(current, params, identity)
    if current.key is None or not _may_hold_key(current, params):
        return user
    key = plan_key(current.key, params)
    return UserPlan(
        steps=[*user.steps, *key.steps],
        before={**user.before, **key.before},
        after={**user.after, **key.after},
        facts={**user.facts, "access_key": key.fact, "drift": [*user.facts["drift"], *key.drift]},
        warnings=[*user.warnings, *key.warnings],
        key=key,
    )


def _plan_user(current: Found, params: Params, identity: Identity) -> UserPlan:
    """The user without its key."""
    if params["manage"] == "access_key":
        return _plan_untouched(current, params)
    return _plan_create(params, identity) if current.user is None else _plan_present(current, params, identity)


def _may_hold_key(current: Found, params: Params) -> bool:
    """A user that is kept as it is gets no key either."""
    if current.user is None:
        return params["manage"] == "user"
    return _tags.is_ours(current.tags) or params["existing"] == "converge"


def _what(params: Params) -> str:
    return f"user {params['name']}"


def _plan_create(params: Params, identity: Identity) -> UserPlan:
    name = params["name"]
    tags = {**_tags.declared(params), **_tags.OWNER}
    boundary = _principal.wanted_boundary(params, identity) or None
    wanted = _principal.wanted_policies(params, identity)
    described = {"UserName": name, "Path": params["path"]}
    if boundary:
        described["PermissionsBoundary"] = boundary
    facts = _facts({**described, "Arn": identity.iam_arn(f"user{params['path']}{name}")}, tags, wanted, (), boundary)
    steps = [
        Step("iam:CreateUser", name, {**described, "Tags": _tags.to_aws(tags)}),
        *_principal.attachment_steps("User", name, (), wanted, purge=False),
    ]
    return UserPlan(steps=steps, after=_shown(facts), facts={"user": facts, "access_key": None, "drift": []})


def _plan_untouched(current: Found, params: Params) -> UserPlan:
    """The user as it is, there or not."""
    if current.user is None:
        facts = {"user": None, "access_key": None, "drift": [drift("state", "present", "absent")]}
        return UserPlan(facts=facts, warnings=[f"{_what(params)} does not exist, so there is no access key to manage"])
    _ownership.may_converge(_what(params), ours=_tags.is_ours(current.tags), existing=params["existing"])
    found = _found_facts(current)
    shown = _shown(found)
    return UserPlan(before=shown, after=shown, facts={"user": found, "access_key": None, "drift": []})


def _plan_present(current: Found, params: Params, identity: Identity) -> UserPlan:
    user: Mapping[str, t.Any] = current.user or {}
    boundary = _principal.boundary_arn(user)
    found = _found_facts(current)
    before = _shown(found)
    left = _principal.inline_drift(current.rights)
    ours = _tags.is_ours(current.tags)
    if not _ownership.may_converge(_what(params), ours=ours, existing=params["existing"]):
        left = [*_kept(current, params, identity), *left]
        return UserPlan(before=before, after=before, facts={"user": found, "access_key": None, "drift": left})
    name, purge = params["name"], params["purge_policies"]
    wanted = _principal.wanted_policies(params, identity)
    wanted_boundary = _principal.wanted_boundary(params, identity)
    facts = _facts(
        {**user, "Path": params["path"], "Arn": identity.iam_arn(f"user{params['path']}{name}")},
        _tags.after(current.tags, _tags.declared(params), purge=params["purge_tags"]),
        _principal.attached_after(current.rights.attached, wanted, purge=purge),
        current.rights.inline,
        boundary if wanted_boundary is None else wanted_boundary or None,
    )
    steps = [
        *_path_steps(user, params),
        *_principal.boundary_steps("User", name, boundary, wanted_boundary),
        *_principal.attachment_steps("User", name, current.rights.attached, wanted, purge=purge),
        *_principal.tag_steps("User", name, current.tags, _tags.declared(params), purge=params["purge_tags"]),
    ]
    return UserPlan(
        steps=steps, before=before, after=_shown(facts), facts={"user": facts, "access_key": None, "drift": left}
    )


def _path_steps(user: Mapping[str, t.Any], params: Params) -> list[Step]:
    if user["Path"] == params["path"]:
        return []
    return [Step("iam:UpdateUser", params["name"], {"UserName": params["name"], "NewPath": params["path"]})]


def _kept(current: Found, params: Params, identity: Identity) -> list[dict[str, t.Any]]:
    user: Mapping[str, t.Any] = current.user or {}
    differences = [] if user["Path"] == params["path"] else [drift("path", params["path"], user["Path"])]
    return differences + _principal.kept_drift(
        params,
        identity,
        attached=current.rights.attached,
        boundary=_principal.boundary_arn(user),
        tags=current.tags,
    )


def _plan_absent(current: Found, params: Params) -> UserPlan:
    if current.user is None:
        return UserPlan(facts={"user": None, "access_key": None, "drift": []})
    found = _found_facts(current)
    before = _shown(found)
    ours = _tags.is_ours(current.tags)
    if not _ownership.may_delete(_what(params), ours=ours, existing=params["existing"]) or current.belongings is None:
        facts = {"user": found, "access_key": None, "drift": [drift("state", "absent", "present")]}
        return UserPlan(before=before, after=before, facts=facts, warnings=[_ownership.left(_what(params))])
    if removal.keeps_user(params["absent_keys"]):
        return _plan_deactivate(found, current.belongings, params)
    name = params["name"]
    steps = [
        *removal.steps(name, current.belongings, params["absent_keys"]),
        *_principal.removal_steps("User", name, current.rights),
        Step("iam:DeleteUser", name, {"UserName": name}),
    ]
    return UserPlan(steps=steps, before=before, facts={"user": None, "access_key": None, "drift": []})


def _plan_deactivate(found: dict[str, t.Any], belongings: removal.Belongings, params: Params) -> UserPlan:
    """The user stays, and its keys are made inactive."""
    steps = removal.deactivations(params["name"], belongings, params["absent_keys"])
    closed = {step.arguments["AccessKeyId"] for step in steps}
    before = {key.id: key.status for key in belongings.keys}
    after = {key_id: "Inactive" if key_id in closed else status for key_id, status in before.items()}
    active = [key_id for key_id, status in after.items() if status == "Active"]
    return UserPlan(
        steps=steps,
        before={**_shown(found), "access_keys": before},
        after={**_shown(found), "access_keys": after},
        facts={
            "user": found,
            "access_key": None,
            "drift": [drift("access_keys", [], active)] if active else [],
        },
    )


def _found_facts(current: Found) -> dict[str, t.Any]:
    """The user as it is."""
    user: Mapping[str, t.Any] = current.user or {}
    boundary = _principal.boundary_arn(user)
    return _facts(user, current.tags, current.rights.attached, current.rights.inline, boundary)


def _facts(
    user: Mapping[str, t.Any],
    tags: Mapping[str, str],
    attached: t.Sequence[str],
    inline: t.Sequence[str],
    boundary: str | None,
) -> dict[str, t.Any]:
    """The noun of the result, with the key names of amazon.aws's iam_user."""
    return {
        "arn": user["Arn"],
        "user_name": user["UserName"],
        "user_id": user.get("UserId"),
        "path": user["Path"],
        "permissions_boundary": boundary,
        "attached_policies": _principal.attached_facts(attached),
        "inline_policies": list(inline),
        "create_date": timestamp(user.get("CreateDate")),
        "tags": _tags.visible(tags),
    }


def _shown(facts: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What a diff shows: what is declared, lists in one order."""
    shown = {key: facts[key] for key in ("user_name", "path", "permissions_boundary", "inline_policies", "tags")}
    return {"user": {**shown, "attached_policies": sorted(p["policy_arn"] for p in facts["attached_policies"])}}
