# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role on every SkyPilot instance, and the instance profile of the same name. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ... import _ownership, _tags
from ..._facts import timestamp
from ..._plan import Plan, Step, drift
from ..._policy.compose import compact, trust
from ..._policy.equality import equal
from ..._policy.readable import readable
from .. import _principal
from . import instance_profile, own_policy, service_linked

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..._identity import Identity
    from ..._plan import Facts, Params
    from .found import Found


#: What IAM gives a role whose duration nobody sets, in seconds.
_DEFAULT_SESSION_DURATION = 3600


def trust_policy(identity: Identity) -> dict[str, t.Any]:
    """Who may take the role: EC2, whose service name differs in China (IAM guide, AWS services in China)."""
    domain = "amazonaws.com.cn" if identity.partition == "aws-cn" else "amazonaws.com"
    return trust(f"ec2.{domain}")


def plan(current: Found, params: Params, identity: Identity) -> Plan:
    """From what is there to the declared role and profile, and the policy of the role's own.

    :raises SkyError: one of them is not ours and ``existing`` is ``fail``.
    """
    services = service_linked.plan(current.services)
    if params["state"] == "absent":
        gone = _plan_absent(current, params, identity)
        policy = own_policy.plan(current.policy, params, identity, role_goes=gone.facts["role"] is None)
        return _joined([gone, policy], {**gone.facts, **services.facts, **policy.facts})
    policy = own_policy.plan(current.policy, params, identity)
    params = own_policy.with_policies(params)
    role = _plan_create(params, identity) if current.role is None else _plan_present(current, params, identity)
    profile = instance_profile.plan(current.profile, params, identity, role.facts["role"]["arn"])
    facts = {**role.facts, **profile.facts, **services.facts, **policy.facts}
    return _joined([policy, role, profile, services], facts)


def _joined(plans: Sequence[Plan], facts: Facts) -> Plan:
    """One plan of several, in their order; ``drift`` of the facts is that of all."""
    return Plan(
        steps=[step for each in plans for step in each.steps],
        before={key: shown for each in plans for key, shown in each.before.items()},
        after={key: shown for each in plans for key, shown in each.after.items()},
        facts={**facts, "drift": [item for each in plans for item in each.facts.get("drift", ())]},
        warnings=[warning for each in plans for warning in each.warnings],
    )


def _what(params: Params) -> str:
    return f"role {params['name']}"


def _plan_create(params: Params, identity: Identity) -> Plan:
    name = params["name"]
    trust = trust_policy(identity)
    tags = {**_tags.declared(params), **_tags.OWNER}
    boundary = _principal.wanted_boundary(params, identity) or None
    wanted = _principal.wanted_policies(params, identity)
    optional = {
        "Description": params["description"],
        "MaxSessionDuration": params["max_session_duration"],
        "PermissionsBoundary": boundary,
    }
    described = {
        "RoleName": name,
        "Path": params["path"],
        "AssumeRolePolicyDocument": trust,
        **{key: value for key, value in optional.items() if value},
    }
    arguments = {**described, "AssumeRolePolicyDocument": compact(trust), "Tags": _tags.to_aws(tags)}
    facts = _facts({**described, "Arn": identity.iam_arn(f"role{params['path']}{name}")}, tags, wanted, (), boundary)
    steps = [
        Step("iam:CreateRole", name, arguments),
        *_principal.attachment_steps("Role", name, (), wanted, purge=False),
    ]
    return Plan(steps=steps, after=_shown(facts), facts={"role": facts, "drift": []})


def _plan_present(current: Found, params: Params, identity: Identity) -> Plan:
    role: Mapping[str, t.Any] = current.role or {}
    boundary = _principal.boundary_arn(role)
    found = _facts(role, current.tags, current.rights.attached, current.rights.inline, boundary)
    before = _shown(found)
    left = [*_path_drift(role, params), *_principal.inline_drift(current.rights)]
    ours = _tags.is_ours(current.tags)
    if not _ownership.may_converge(_what(params), ours=ours, existing=params["existing"]):
        left = [*_kept(current, params, identity), *left]
        return Plan(before=before, after=before, facts={"role": found, "drift": left})
    wanted = _principal.wanted_policies(params, identity)
    purge = params["purge_policies"]
    wanted_boundary = _principal.wanted_boundary(params, identity)
    facts = _facts(
        {**role, "AssumeRolePolicyDocument": _trust_after(role, identity), **_settings(role, params)},
        _tags.after(current.tags, _tags.declared(params), purge=params["purge_tags"]),
        _principal.attached_after(current.rights.attached, wanted, purge=purge),
        current.rights.inline,
        boundary if wanted_boundary is None else wanted_boundary or None,
    )
    name = params["name"]
    steps = [
        *_trust_steps(role, name, identity),
        *_setting_steps(role, params),
        *_principal.boundary_steps("Role", name, boundary, wanted_boundary),
        *_principal.attachment_steps("Role", name, current.rights.attached, wanted, purge=purge),
        *_principal.tag_steps("Role", name, current.tags, _tags.declared(params), purge=params["purge_tags"]),
    ]
    return Plan(steps=steps, before=before, after=_shown(facts), facts={"role": facts, "drift": left})


def _trusts(role: Mapping[str, t.Any], wanted: dict[str, t.Any]) -> bool:
    """Whether the role trusts as declared.

    The version only decides whether policy variables work, and the declared trust has none. SkyPilot's own role, made
    without a version, trusts just the same.
    """
    return equal({**role["AssumeRolePolicyDocument"], "Version": wanted["Version"]}, wanted)


def _trust_steps(role: Mapping[str, t.Any], name: str, identity: Identity) -> list[Step]:
    wanted = trust_policy(identity)
    if _trusts(role, wanted):
        return []
    arguments = {"RoleName": name, "PolicyDocument": compact(wanted)}
    return [Step("iam:UpdateAssumeRolePolicy", name, arguments)]


def _trust_after(role: Mapping[str, t.Any], identity: Identity) -> Mapping[str, t.Any]:
    wanted = trust_policy(identity)
    return role["AssumeRolePolicyDocument"] if _trusts(role, wanted) else wanted


def _settings(role: Mapping[str, t.Any], params: Params) -> dict[str, t.Any]:
    """Description and session duration as they will be: what is not declared stays."""
    declared = {"Description": params["description"], "MaxSessionDuration": params["max_session_duration"]}
    return {**_settings_now(role), **{key: value for key, value in declared.items() if value is not None}}


def _settings_now(role: Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {
        "Description": role.get("Description") or "",
        "MaxSessionDuration": role.get("MaxSessionDuration") or _DEFAULT_SESSION_DURATION,
    }


def _setting_steps(role: Mapping[str, t.Any], params: Params) -> list[Step]:
    wanted, name = _settings(role, params), params["name"]
    # UpdateRole sets what it is not given back to its default, so both go together.
    return [] if wanted == _settings_now(role) else [Step("iam:UpdateRole", name, {"RoleName": name, **wanted})]


def _path_drift(role: Mapping[str, t.Any], params: Params) -> list[dict[str, t.Any]]:
    """IAM has no call that moves a role to another path."""
    return [] if role["Path"] == params["path"] else [drift("path", params["path"], role["Path"])]


def _kept(current: Found, params: Params, identity: Identity) -> list[dict[str, t.Any]]:
    role: Mapping[str, t.Any] = current.role or {}
    differences = []
    if _trust_steps(role, params["name"], identity):
        differences.append(drift("trust_policy", trust_policy(identity), role["AssumeRolePolicyDocument"]))
    wanted, is_set = _settings(role, params), _settings_now(role)
    for aspect, key in (("description", "Description"), ("max_session_duration", "MaxSessionDuration")):
        if wanted[key] != is_set[key]:
            differences.append(drift(aspect, wanted[key], is_set[key]))
    differences += _principal.kept_drift(
        params,
        identity,
        attached=current.rights.attached,
        boundary=_principal.boundary_arn(role),
        tags=current.tags,
    )
    return differences


def _plan_absent(current: Found, params: Params, identity: Identity) -> Plan:
    goes = current.role is not None and _tags.is_ours(current.tags)
    profile = instance_profile.plan_absent(current.profile, params, leaving=params["name"] if goes else None)
    removed = {step.arguments["InstanceProfileName"] for step in profile.steps}
    if current.role is None:
        return dataclasses.replace(profile, facts={**profile.facts, "role": None})
    name = params["name"]
    found = _facts(
        current.role,
        current.tags,
        current.rights.attached,
        current.rights.inline,
        _principal.boundary_arn(current.role),
    )
    before = {**_shown(found), **profile.before}
    ours = _tags.is_ours(current.tags)
    if not _ownership.may_delete(_what(params), ours=ours, existing=params["existing"]):
        left = [drift("state", "absent", "present"), *profile.facts["drift"]]
        return Plan(
            steps=profile.steps,
            before=before,
            after={**_shown(found), **profile.after},
            facts={**profile.facts, "role": found, "drift": left},
            warnings=[_ownership.left(_what(params)), *profile.warnings],
        )
    steps = [
        *[instance_profile.unlink(holder, name) for holder in current.profiles if holder not in removed],
        *profile.steps,
        *_principal.removal_steps("Role", name, current.rights),
        Step("iam:DeleteRole", name, {"RoleName": name}),
    ]
    facts = {**profile.facts, "role": None}
    return Plan(steps=steps, before=before, after=profile.after, facts=facts, warnings=profile.warnings)


def _facts(
    role: Mapping[str, t.Any],
    tags: Mapping[str, str],
    attached: t.Sequence[str],
    inline: t.Sequence[str],
    boundary: str | None,
) -> dict[str, t.Any]:
    """The noun of the result, with the key names of amazon.aws's iam_role."""
    return {
        "arn": role["Arn"],
        "role_name": role["RoleName"],
        "role_id": role.get("RoleId"),
        "path": role["Path"],
        "description": role.get("Description") or "",
        "max_session_duration": role.get("MaxSessionDuration") or _DEFAULT_SESSION_DURATION,
        "permissions_boundary": boundary,
        "assume_role_policy_document": dict(role["AssumeRolePolicyDocument"]),
        "attached_policies": _principal.attached_facts(attached),
        "inline_policies": list(inline),
        "create_date": timestamp(role.get("CreateDate")),
        "tags": _tags.visible(tags),
    }


def _shown(facts: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What a diff shows: what is declared, with documents and lists in one order."""
    keys = (
        "role_name",
        "path",
        "description",
        "max_session_duration",
        "permissions_boundary",
        "inline_policies",
        "tags",
    )
    return {
        "role": {
            **{key: facts[key] for key in keys},
            "trust_policy": readable(facts["assume_role_policy_document"]),
            "attached_policies": sorted(policy["policy_arn"] for policy in facts["attached_policies"]),
        }
    }
