# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The instance profile that carries the role; it has the role's name. PRIVATE to the collection.

SkyPilot looks for a profile of this name and takes any role that is in it.
"""

from __future__ import annotations

import typing as t

from ... import _ownership, _tags
from ..._facts import timestamp
from ..._plan import Plan, Step, drift
from .. import _principal

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..._identity import Identity
    from ..._perform import Answers
    from ..._plan import Params


def plan(profile: Mapping[str, t.Any] | None, params: Params, identity: Identity, role_arn: str) -> Plan:
    """From what is there to a profile with just the role in it.

    :param role_arn: of the role as it will be; one that is kept may have another path than the declared one.
    :raises SkyError: the profile is not ours and ``existing`` is ``fail``.
    """
    if profile is None:
        return _plan_create(params, identity, role_arn)
    return _plan_present(profile, params, role_arn)


def _what(params: Params) -> str:
    return f"instance profile {params['name']}"


def _plan_create(params: Params, identity: Identity, role_arn: str) -> Plan:
    name = params["name"]
    tags = {**_tags.declared(params), **_tags.OWNER}
    described = {"InstanceProfileName": name, "Path": params["path"]}
    facts = _facts(
        {**described, "Arn": identity.iam_arn(f"instance-profile{params['path']}{name}")},
        [{"role_name": name, "arn": role_arn}],
        tags,
    )
    steps = [
        Step("iam:CreateInstanceProfile", name, {**described, "Tags": _tags.to_aws(tags)}),
        _link(name, name),
    ]
    return Plan(steps=steps, after=_shown(facts), facts={"instance_profile": facts, "drift": []})


def _plan_present(profile: Mapping[str, t.Any], params: Params, role_arn: str) -> Plan:
    name = params["name"]
    tags = _tags.from_aws(profile.get("Tags"))
    roles = [{"role_name": role["RoleName"], "arn": role["Arn"]} for role in profile["Roles"]]
    before = _facts(profile, roles, tags)
    others = [role["role_name"] for role in roles if role["role_name"] != name]
    converge = _ownership.may_converge(_what(params), ours=_tags.is_ours(tags), existing=params["existing"])
    if others and not converge:
        left = [drift("instance_profile", [name], others)]
        warning = (
            f"{_what(params)} holds role {', '.join(others)} and not {name}: SkyPilot will use that role, and users need "
            "iam:PassRole on it; set existing to converge to put the declared role in"
        )
        shown = _shown(before)
        facts = {"instance_profile": before, "drift": left}
        return Plan(before=shown, after=shown, facts=facts, warnings=[warning])
    linked = name in [role["role_name"] for role in roles]
    steps = [unlink(name, other) for other in others]
    # Without the link SkyPilot cannot use the role, so it is made even where the rest is kept.
    steps += [] if linked else [_link(name, name)]
    wanted_tags = _tags.declared(params) if converge else {}
    purge = params["purge_tags"] and converge
    steps += _principal.tag_steps("InstanceProfile", name, tags, wanted_tags, purge=purge)
    roles_after = roles if linked and not others else [{"role_name": name, "arn": role_arn}]
    after = _facts(profile, roles_after, _tags.after(tags, wanted_tags, purge=purge))
    return Plan(steps=steps, before=_shown(before), after=_shown(after), facts={"instance_profile": after, "drift": []})


def plan_absent(profile: Mapping[str, t.Any] | None, params: Params, *, leaving: str | None) -> Plan:
    """Unlink the role and delete the profile, if it is ours.

    :param leaving: the role that is deleted and so taken out of every profile by its own plan.
    """
    if profile is None:
        return Plan(facts={"instance_profile": None, "drift": []})
    name = params["name"]
    tags = _tags.from_aws(profile.get("Tags"))
    roles = [{"role_name": role["RoleName"], "arn": role["Arn"]} for role in profile["Roles"]]
    found = _facts(profile, roles, tags)
    if not _ownership.may_delete(_what(params), ours=_tags.is_ours(tags), existing=params["existing"]):
        kept = _facts(profile, [role for role in roles if role["role_name"] != leaving], tags)
        return Plan(
            before=_shown(found),
            after=_shown(kept),
            facts={"instance_profile": kept, "drift": [drift("instance_profile_state", "absent", "present")]},
            warnings=[_ownership.left(_what(params))],
        )
    steps = [unlink(name, role["role_name"]) for role in roles]
    steps.append(Step("iam:DeleteInstanceProfile", name, {"InstanceProfileName": name}))
    return Plan(steps=steps, before=_shown(found), facts={"instance_profile": None, "drift": []})


def _link(profile: str, role: str) -> Step:
    return Step("iam:AddRoleToInstanceProfile", profile, {"InstanceProfileName": profile, "RoleName": role})


def unlink(profile: str, role: str) -> Step:
    """Take a role out of a profile."""
    return Step("iam:RemoveRoleFromInstanceProfile", profile, {"InstanceProfileName": profile, "RoleName": role})


def learned(answers: Answers) -> dict[str, t.Any]:
    """What AWS decided about a profile that was made."""
    made = answers["iam:CreateInstanceProfile"]["InstanceProfile"]
    return {
        "arn": made["Arn"],
        "instance_profile_id": made["InstanceProfileId"],
        "create_date": timestamp(made["CreateDate"]),
    }


def _facts(
    profile: Mapping[str, t.Any], roles: Sequence[Mapping[str, str]], tags: Mapping[str, str]
) -> dict[str, t.Any]:
    """The noun of the result, with the key names of amazon.aws's iam_instance_profile."""
    return {
        "arn": profile["Arn"],
        "instance_profile_name": profile["InstanceProfileName"],
        "instance_profile_id": profile.get("InstanceProfileId"),
        "path": profile["Path"],
        "roles": [dict(role) for role in roles],
        "create_date": timestamp(profile.get("CreateDate")),
        "tags": _tags.visible(tags),
    }


def _shown(facts: Mapping[str, t.Any]) -> dict[str, t.Any]:
    shown = {key: facts[key] for key in ("instance_profile_name", "path", "tags")}
    return {"instance_profile": {**shown, "roles": [role["role_name"] for role in facts["roles"]]}}
