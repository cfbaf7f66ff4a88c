# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One IAM user with the rights to use SkyPilot. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from .. import _ownership, _tags
from .._facts import timestamp
from .._plan import Plan, Step, drift, perform
from . import _access_key, _key_issue, _key_options, _principal, _user_removal
from ._principal import Rights

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from .._account import Account, Identity
    from .._plan import Facts, Params

ARGUMENT_SPEC: dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    **_principal.PRINCIPAL_ARGUMENTS,
    "existing": _ownership.existing_argument("converge"),
    "manage": {"type": "str", "choices": ["user", "access_key"], "default": "user"},
    **_key_options.ARGUMENTS,
    **_user_removal.ARGUMENTS,
}
SPEC_RULES: dict[str, t.Any] = {"required_if": [("manage", "access_key", ["access_key_delivery"])]}


@dataclasses.dataclass(frozen=True)
class Found:
    """A user as IAM has it; ``key`` is read where a key is declared, ``belongings`` where the user must go."""

    user: Mapping[str, t.Any] | None
    rights: Rights = dataclasses.field(default_factory=Rights)
    key: _access_key.Found | None = None
    belongings: _user_removal.Belongings | None = None

    @property
    def tags(self) -> dict[str, str]:
        return _tags.from_aws((self.user or {}).get("Tags"))


@dataclasses.dataclass
class UserPlan(Plan):
    """A plan whose last steps issue an access key; those are performed by the key's own rules."""

    key: _access_key.KeyPlan | None = None


def validate(params: Params) -> list[str]:
    """Name, policies, tags, the key's delivery, and what goes together; one line a fault."""
    return [*_principal.faults("User", params), *_key_options.faults(params), *_manage_faults(params)]


def _manage_faults(params: Params) -> list[str]:
    if params["manage"] == "user" or params["state"] == "present":
        return []
    return ["manage: access_key keeps a key, so it does not go with state=absent; leave one of them out"]


def read(account: Account, params: Params) -> Found:
    """User and rights: three calls; one or two more for a key that is delivered."""
    name = params["name"]
    answer = account.find("iam:GetUser", name, UserName=name)
    user = answer["User"] if answer else None
    rights = _principal.read_rights(account, "User", name) if user else Rights()
    if params["state"] == "absent":
        return Found(user, rights, belongings=_read_belongings(account, params, user))
    key = _access_key.read(account, params, user) if params["access_key_delivery"] else None
    return Found(user, rights, key=key)


def _read_belongings(
    account: Account, params: Params, user: Mapping[str, t.Any] | None
) -> _user_removal.Belongings | None:
    """What a user of ours has that must go; None for any other."""
    if user is None or not _tags.is_ours(_tags.from_aws(user.get("Tags"))):
        return None
    look = _user_removal.read_keys if _user_removal.keeps_user(params["absent_keys"]) else _user_removal.read
    return look(account, user)


def plan(current: Found, params: Params, identity: Identity) -> UserPlan:
    """From what is there to the declared user.

    :raises SkyError: a user that is not ours and ``existing: fail``, or a key that cannot be made or removed.
    """
    if params["state"] == "absent":
        return _plan_absent(current, params)
    user = _plan_user(current, params, identity)
    if current.key is None or not _may_hold_key(current, params):
        return user
    key = _access_key.plan(current.key, params)
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
    if _user_removal.keeps_user(params["absent_keys"]):
        return _plan_deactivate(found, current.belongings, params)
    name = params["name"]
    steps = [
        *_user_removal.steps(name, current.belongings, params["absent_keys"]),
        *_principal.removal_steps("User", name, current.rights),
        Step("iam:DeleteUser", name, {"UserName": name}),
    ]
    return UserPlan(steps=steps, before=before, facts={"user": None, "access_key": None, "drift": []})


def _plan_deactivate(found: dict[str, t.Any], belongings: _user_removal.Belongings, params: Params) -> UserPlan:
    """The user stays, and its keys are made inactive."""
    steps = _user_removal.deactivations(params["name"], belongings, params["absent_keys"])
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


def apply(account: Account, plan: UserPlan) -> Facts:
    """Perform the steps; what AWS decides (ids, dates) comes from its answers."""
    own = plan.steps[: len(plan.steps) - len(plan.key.steps)] if plan.key else plan.steps
    _principal.await_policies(account, own)
    answers = perform(account, own)
    facts = dict(plan.facts)
    if "iam:CreateUser" in answers:
        made = answers["iam:CreateUser"]["User"]
        learned = {"arn": made["Arn"], "user_id": made["UserId"], "create_date": timestamp(made["CreateDate"])}
        facts["user"] = {**facts["user"], **learned}
    if plan.key and plan.key.steps:
        issued = _key_issue.issue(account, plan.key, done=own)
        plan.steps = [*own, *issued.steps]
        facts["access_key"] = issued.fact
        facts["user"] = {**facts["user"], "tags": _tags.visible({**facts["user"]["tags"], **issued.tags})}
    return facts


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
