# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The managed policy of SkyPilot's users and role. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from .. import _ownership, _tags, _validate
from .._facts import timestamp
from .._features import documents
from .._identity import Identity
from .._perform import perform
from .._plan import Outcome, Plan, Step, drift
from .._policy.compose import MAX_SIZE, compact, size
from .._policy.equality import equal, parse
from .._policy.faults import repeated_sid_faults, statement_faults
from .._policy.readable import readable
from .._run import Resource
from .._skypilot.names import POLICY

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from .._account import Account
    from .._perform import Answers
    from .._plan import Facts, Params


#: IAM keeps at most this many versions of a policy (IAM quotas).
MAX_VERSIONS = 5

ARGUMENT_SPEC: dict[str, t.Any] = {
    "name": {"type": "str", "default": POLICY},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "features": {"type": "list", "elements": "str", "default": list(documents.DEFAULT)},
    "custom_identities": {"type": "list", "elements": "str", "default": []},
    "s3_buckets": {"type": "list", "elements": "str", "default": list(documents.ANY_BUCKET)},
    "principals": {"type": "list", "elements": "str", "choices": ["user", "role"], "default": ["user", "role"]},
    "extra_statements": {"type": "list", "elements": "dict", "default": []},
    "path": {"type": "str", "default": "/"},
    "description": {"type": "str"},
    "keep_versions": {"type": "int", "default": MAX_VERSIONS},
    "existing": _ownership.existing_argument("converge"),
    **_tags.TAG_ARGUMENTS,
}


@dataclasses.dataclass(frozen=True)
class Found:
    """A policy as AWS has it.

    ``versions`` (AWS's dicts) are read only where one must go, ``attached`` only where all must:
    ``{"User": [name, ...], "Role": [...], "Group": [...]}``.
    """

    policy: Mapping[str, t.Any]
    document: dict[str, t.Any]
    versions: tuple[Mapping[str, t.Any], ...] = ()
    attached: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)

    @property
    def tags(self) -> dict[str, str]:
        return _tags.from_aws(self.policy.get("Tags"))


def validate(params: Params) -> list[str]:
    """Names, features, statements, tags and the size of the document; one line a fault."""
    faults = [
        *_validate.name_faults("policy", params["name"]),
        *_validate.path_faults(params["path"]),
        *documents.faults(params["features"], params["custom_identities"], params["s3_buckets"]),
        *_tags.faults(params),
    ]
    if not 1 <= params["keep_versions"] <= MAX_VERSIONS:
        faults.append(f"keep_versions: {params['keep_versions']} must be 1 to {MAX_VERSIONS}; IAM keeps no more")
    for index, statement in enumerate(params["extra_statements"]):
        faults += statement_faults(statement, f"extra_statements[{index}]")
    faults += repeated_sid_faults(params["extra_statements"], "extra_statements")
    if params["state"] == "present" and not faults:
        faults += _document_faults(params)
    return faults


def _document_faults(params: Params) -> list[str]:
    account_id = params["account_id"]
    if _validate.account_id_fault(account_id):
        return []
    document = _document(params, Identity(account_id, "aws", ""))
    if not document["Statement"]:
        return ["features: the policy would be empty; give at least one feature or extra_statements"]
    length = size(document)
    if length > MAX_SIZE:
        return [
            f"features: with extra_statements the document has {length} characters and IAM takes "
            f"{MAX_SIZE}; declare a second policy for some of them"
        ]
    return []


def _document(params: Params, identity: Identity) -> dict[str, t.Any]:
    return documents.document(
        params["features"],
        params["extra_statements"],
        account_id=identity.account_id,
        partition=identity.partition,
        principals=params["principals"],
        custom_identities=params["custom_identities"],
        s3_buckets=params["s3_buckets"],
    )


def _arn(params: Params, identity: Identity) -> str:
    return identity.iam_arn(f"policy{params['path']}{params['name']}")


def read(account: Account, params: Params) -> Found | None:
    """The policy and its default version; what must be known besides only where something will be written."""
    arn = _arn(params, account.identity)
    answer = account.find("iam:GetPolicy", arn, PolicyArn=arn)
    if answer is None:
        return None
    policy = answer["Policy"]
    version = account.call("iam:GetPolicyVersion", arn, PolicyArn=arn, VersionId=policy["DefaultVersionId"])
    found = Found(policy, parse(version["PolicyVersion"]["Document"]))
    if params["state"] == "absent":
        return dataclasses.replace(found, versions=_versions(account, arn), attached=_attached(account, arn))
    if equal(found.document, _document(params, account.identity)):
        return found
    return dataclasses.replace(found, versions=_versions(account, arn))


def _versions(account: Account, arn: str) -> tuple[Mapping[str, t.Any], ...]:
    return tuple(account.pages("iam:ListPolicyVersions", "Versions", arn, PolicyArn=arn))


def _attached(account: Account, arn: str) -> dict[str, list[str]]:
    """Who has the policy attached; whom it bounds is left out, and IAM will refuse to delete it then."""
    asked = {"PolicyArn": arn, "PolicyUsageFilter": "PermissionsPolicy"}
    listed = {
        noun: account.pages("iam:ListEntitiesForPolicy", f"Policy{noun}s", arn, **asked, EntityFilter=noun)
        for noun in ("User", "Role", "Group")
    }
    return {noun: [entity[f"{noun}Name"] for entity in entities] for noun, entities in listed.items()}


def plan(current: Found | None, params: Params, identity: Identity) -> Plan:
    """From what is there to the declared policy.

    :raises SkyError: a policy that is not ours and ``existing: fail``, or that has no room for a version.
    """
    if params["state"] == "absent":
        return _plan_absent(current, params, identity)
    found = _plan_create(params, identity) if current is None else _plan_present(current, params, identity)
    surprises = [f"features: {surprise}" for surprise in documents.surprises(params["features"])]
    return dataclasses.replace(found, warnings=[*found.warnings, *surprises])


def _what(params: Params) -> str:
    return f"policy {params['name']}"


def _plan_create(params: Params, identity: Identity) -> Plan:
    document = _document(params, identity)
    tags = {**_tags.declared(params), **_tags.OWNER}
    arguments = {
        "PolicyName": params["name"],
        "Path": params["path"],
        "PolicyDocument": compact(document),
        "Tags": _tags.to_aws(tags),
    }
    if params["description"]:
        arguments["Description"] = params["description"]
    facts = _facts(
        {"PolicyName": params["name"], "Path": params["path"], "Arn": _arn(params, identity), "DefaultVersionId": "v1",
         "Description": params["description"], "AttachmentCount": 0, "PermissionsBoundaryUsageCount": 0,
         "IsAttachable": True},
        document,
        tags,
    )  # fmt: skip
    return Plan(
        steps=[Step("iam:CreatePolicy", params["name"], arguments)],
        after=_shown(facts),
        facts={"policy": facts, "drift": []},
    )


def _plan_present(current: Found, params: Params, identity: Identity) -> Plan:
    ours = _tags.is_ours(current.tags)
    document = _document(params, identity)
    wanted_tags = _tags.declared(params)
    found = _facts(current.policy, current.document, current.tags)
    before = _shown(found)
    left = _unchangeable(current, params)
    if not _ownership.may_converge(_what(params), ours=ours, existing=params["existing"]):
        left += _kept(current, document, wanted_tags)
        return Plan(before=before, after=before, facts={"policy": found, "drift": left})
    steps = []
    tags = _tags.after(current.tags, wanted_tags, purge=params["purge_tags"])
    facts = _facts(current.policy, current.document, tags)
    if not equal(current.document, document):
        steps += _version_steps(current, document, params, ours=ours)
        facts = _facts({**current.policy, "DefaultVersionId": _next_version(current)}, document, tags)
    steps += _tag_steps(current, wanted_tags, params)
    after = _shown(facts) if steps else before
    return Plan(steps=steps, before=before, after=after, facts={"policy": facts, "drift": left})


def _unchangeable(current: Found, params: Params) -> list[dict[str, t.Any]]:
    """IAM has no call that changes a policy's description."""
    found = current.policy.get("Description") or ""
    if params["description"] is None or params["description"] == found:
        return []
    return [drift("description", params["description"], found)]


def _kept(current: Found, document: dict[str, t.Any], wanted_tags: Mapping[str, str]) -> list[dict[str, t.Any]]:
    differences = []
    if not equal(current.document, document):
        differences.append(drift("document", readable(document), readable(current.document)))
    missing = _tags.missing(current.tags, wanted_tags)
    if missing:
        differences.append(drift("tags", missing, {key: current.tags.get(key) for key in missing}))
    return differences


def _version_steps(current: Found, document: dict[str, t.Any], params: Params, *, ours: bool) -> list[Step]:
    """A new default version; room is made before it only at IAM's limit, since the old rights are the way back."""
    arn = current.policy["Arn"]
    spare = sorted((v for v in current.versions if not v["IsDefaultVersion"]), key=_age)
    default = [version for version in current.versions if version["IsDefaultVersion"]]
    full = len(current.versions) >= MAX_VERSIONS
    if full and not ours:
        raise _ownership.no_room(_what(params), MAX_VERSIONS)
    make_room = spare[:1] if full else []
    create = Step(
        "iam:CreatePolicyVersion",
        arn,
        {"PolicyArn": arn, "PolicyDocument": compact(document), "SetAsDefault": True},
    )
    kept = [*spare[len(make_room) :], *default]
    surplus = max(0, len(kept) + 1 - params["keep_versions"]) if ours else 0
    return [
        *[_delete_version(arn, version) for version in make_room],
        create,
        *[_delete_version(arn, version) for version in kept[:surplus]],
    ]


def _age(version: Mapping[str, t.Any]) -> int:
    """Versions are numbered in the order they were made: v1, v2, ... v12."""
    return int(version["VersionId"].removeprefix("v"))


def _next_version(current: Found) -> str:
    return f"v{max(_age(version) for version in current.versions) + 1}"


def _delete_version(arn: str, version: Mapping[str, t.Any]) -> Step:
    return Step("iam:DeletePolicyVersion", arn, {"PolicyArn": arn, "VersionId": version["VersionId"]})


def _tag_steps(current: Found, wanted: Mapping[str, str], params: Params) -> list[Step]:
    arn = current.policy["Arn"]
    to_set, to_remove = _tags.changes(current.tags, wanted, purge=params["purge_tags"])
    steps = []
    if to_set:
        steps.append(Step("iam:TagPolicy", arn, {"PolicyArn": arn, "Tags": _tags.to_aws(to_set)}))
    if to_remove:
        steps.append(Step("iam:UntagPolicy", arn, {"PolicyArn": arn, "TagKeys": to_remove}))
    return steps


def _plan_absent(current: Found | None, params: Params, identity: Identity) -> Plan:
    if current is None:
        return Plan(facts={"policy": None, "drift": []})
    found = _facts(current.policy, current.document, current.tags)
    before = _shown(found)
    ours = _tags.is_ours(current.tags)
    if not _ownership.may_delete(_what(params), ours=ours, existing=params["existing"]):
        facts = {"policy": found, "drift": [drift("state", "absent", "present")]}
        return Plan(before=before, after=before, facts=facts, warnings=[_ownership.left(_what(params))])
    arn = current.policy["Arn"]
    steps = [
        Step(f"iam:Detach{noun}Policy", name, {f"{noun}Name": name, "PolicyArn": arn})
        for noun, names in current.attached.items()
        for name in names
    ]
    steps += [_delete_version(arn, version) for version in current.versions if not version["IsDefaultVersion"]]
    steps.append(Step("iam:DeletePolicy", arn, {"PolicyArn": arn}))
    return Plan(steps=steps, before=before, facts={"policy": None, "drift": []})


def apply(account: Account, plan: Plan) -> Outcome:
    """Perform the steps; what AWS decides (ids, dates) comes from its answers."""
    answers = perform(account, plan.steps)
    return Outcome(learned(plan.facts, answers), plan.steps)


def learned(facts: Facts, answers: Answers) -> Facts:
    """The facts with what IAM decided of the policy: ids and dates."""
    facts = dict(facts)
    if "iam:CreatePolicy" in answers:
        made = answers["iam:CreatePolicy"]["Policy"]
        facts["policy"] = {**facts["policy"], **_of_policy(made)}
    if "iam:CreatePolicyVersion" in answers:
        version = answers["iam:CreatePolicyVersion"]["PolicyVersion"]
        facts["policy"] = {
            **facts["policy"],
            "default_version_id": version["VersionId"],
            "update_date": timestamp(version.get("CreateDate")),
        }
    return facts


def _of_policy(policy: Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {
        "arn": policy["Arn"],
        "policy_id": policy["PolicyId"],
        "create_date": timestamp(policy.get("CreateDate")),
        "update_date": timestamp(policy.get("UpdateDate")),
    }


def _facts(policy: Mapping[str, t.Any], document: Mapping[str, t.Any], tags: Mapping[str, str]) -> dict[str, t.Any]:
    """The noun of the result, with the key names of amazon.aws."""
    return {
        "arn": policy["Arn"],
        "policy_name": policy["PolicyName"],
        "policy_id": policy.get("PolicyId"),
        "path": policy["Path"],
        "description": policy.get("Description") or "",
        "default_version_id": policy["DefaultVersionId"],
        "attachment_count": policy.get("AttachmentCount"),
        "permissions_boundary_usage_count": policy.get("PermissionsBoundaryUsageCount"),
        "is_attachable": policy.get("IsAttachable"),
        "create_date": timestamp(policy.get("CreateDate")),
        "update_date": timestamp(policy.get("UpdateDate")),
        "tags": _tags.visible(tags),
        "document": dict(document),
    }


def _shown(facts: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What a diff shows: what is declared, with the document in one order."""
    shown = {key: facts[key] for key in ("policy_name", "path", "description", "tags")}
    return {"policy": {**shown, "document": readable(facts["document"])}}


RESOURCE = Resource(noun="policy", spec=ARGUMENT_SPEC, validate=validate, read=read, plan=plan, apply=apply)
