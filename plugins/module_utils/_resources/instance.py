# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One instance that carries SkyPilot's instance profile. PRIVATE to the collection.

It is found by its Name tag in the account and region, and by nothing else. Ours is one with our tag and our prefix in
its ClientToken: SkyPilot's policy lets every user tag every instance, but a token is given once, by who made it.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .. import _tags
from .._errors import SkyError
from .._plan import Plan, Step, interrupted
from . import _instance_request as _request
from . import _instance_site as _site
from ._instance_facts import differences, facts, is_spot, name_of, shown, state_of, tags_of
from ._instance_launch import GOING, await_state, launch
from ._instance_options import ARGUMENT_SPEC, validate
from ._instance_request import RUN, TOKEN_PREFIX, Launch, Site

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .._account import Account, Identity
    from .._plan import Facts, Params
    from ._instance_facts import Instance

__all__ = ["ARGUMENT_SPEC", "SPEC_RULES", "Found", "InstancePlan", "apply", "plan", "read", "validate"]

SPEC_RULES: dict[str, t.Any] = {}

_START, _STOP, _TERMINATE = "ec2:StartInstances", "ec2:StopInstances", "ec2:TerminateInstances"
_MODIFY = "ec2:ModifyInstanceMetadataOptions"

#: What an instance becomes by itself. EC2 takes the calls that depend on its state only then.
_SETTLED = {"pending": "running", "stopping": "stopped"}


@dataclasses.dataclass(frozen=True)
class Found:
    """All instances of the Name in every state, as EC2 describes them.

    ``image_id`` is the declared image; ``site`` is known only where an instance must be made.
    """

    region: str
    instances: Sequence[Instance] = ()
    image_id: str | None = None
    site: Site | None = None

    @property
    def live(self) -> list[Instance]:
        return [instance for instance in self.instances if state_of(instance) not in GOING]

    @property
    def spent(self) -> frozenset[str]:
        """The tokens of the instances that are no more."""
        return frozenset(i["ClientToken"] for i in self.instances if state_of(i) in GOING and i.get("ClientToken"))


@dataclasses.dataclass
class InstancePlan(Plan):
    """A plan, and what its calls wait for.

    ``instance_id`` is None for an instance that ``launch`` makes. ``awaits`` are states to be reached before a call, by
    api; ``final`` is the state to be reached at the end, None to wait for nothing. ``timeout`` is in seconds.
    """

    name: str = ""
    instance_id: str | None = None
    launch: Launch | None = None
    awaits: Mapping[str, str] = dataclasses.field(default_factory=dict)
    final: str | None = None
    timeout: int = 0


def read(account: Account, params: Params) -> Found:
    """One call, and one for an image parameter; the rest only where an instance must be made."""
    name = params["name"]
    filters = [{"Name": "tag:Name", "Values": [name]}]
    reservations = account.pages("ec2:DescribeInstances", "Reservations", name, Filters=filters)
    instances = [instance for reservation in reservations for instance in reservation["Instances"]]
    found = Found(account.region, [instance for instance in instances if name_of(instance) == name])
    if params["state"] == "absent" or any(not _is_ours(instance) for instance in found.live):
        return found
    image_id = _site.image_id(account, params)
    found = dataclasses.replace(found, image_id=image_id)
    if found.live or image_id is None:
        return found
    return dataclasses.replace(found, site=_site.look(account, params, image_id))


def plan(current: Found, params: Params, identity: Identity) -> InstancePlan:
    """From what is there to the declared state.

    :raises SkyError: several live instances have the name, or one that is not ours, or none has it and no image is
        declared, or a spot instance is to be stopped.
    """
    where = f"account {identity.account_id}, region {current.region}"
    instance = _only(current, params["name"], where)
    if instance is not None and not _is_ours(instance):
        raise _foreign(instance, params["name"], where)
    if params["state"] == "absent":
        return _plan_absent(instance, params)
    if instance is not None:
        return _plan_present(instance, current, params)
    if current.site is None:
        raise SkyError(
            f"image_id: instance {params['name']} does not exist in {where} and must be made; give image_id or image_parameter"
        )
    return _plan_create(current, current.site, params, identity)


def _only(current: Found, name: str, where: str) -> Instance | None:
    live = current.live
    if len(live) < 2:
        return live[0] if live else None
    listed = ", ".join(sorted(f"{instance['InstanceId']} ({state_of(instance)})" for instance in live))
    raise SkyError(f"name: {len(live)} live instances are named {name} in {where}: {listed}; rename or terminate all but one")


def _has_token(instance: Instance) -> bool:
    return str(instance.get("ClientToken") or "").startswith(TOKEN_PREFIX)


def _is_ours(instance: Instance) -> bool:
    return _tags.is_ours(tags_of(instance)) and _has_token(instance)


def _foreign(instance: Instance, name: str, where: str) -> SkyError:
    return SkyError(
        f"name: instance {name} ({instance['InstanceId']}, {state_of(instance)}) in {where} is not this collection's: "
        f"{_whose(instance)}; nothing was done. Choose another name, or {_way_out(instance)}"
    )


def _whose(instance: Instance) -> str:
    tags = tags_of(instance)
    cluster = tags.get("skypilot-cluster-name") or tags.get("ray-cluster-name")
    if cluster:
        return f"it belongs to SkyPilot's cluster {cluster}" + _of_user(tags.get("skypilot-user"))
    if _has_token(instance):
        return f"it lost its tag {_tags.OWNER_KEY}"
    if _tags.is_ours(tags):
        return f"somebody gave it the tag {_tags.OWNER_KEY}, but its ClientToken says that it was made otherwise"
    return f"it was made otherwise (no tag {_tags.OWNER_KEY})" + _with_key(instance.get("KeyName"))


def _of_user(user: str | None) -> str:
    return f" of user {user}" if user else ""


def _with_key(key_name: str | None) -> str:
    return f", with the key pair {key_name}" if key_name else ""


def _way_out(instance: Instance) -> str:
    if _has_token(instance):
        return f"give it the tag {_tags.OWNER_KEY}={_tags.OWNER[_tags.OWNER_KEY]} again"
    return "have its owner rename or terminate it"


def _plan_create(current: Found, site: Site, params: Params, identity: Identity) -> InstancePlan:
    making = Launch(
        name=params["name"],
        request=_request.request(params, site),
        subnet_ids=[subnet["SubnetId"] for subnet in site.subnets],
        scope=(identity.account_id, current.region, params["name"]),
        spent=current.spent,
    )
    steps = [Step(RUN, params["name"], making.first())]
    if params["state"] == "stopped":
        steps.append(Step(_STOP, params["name"]))
    planned = _request.planned(params, site, making, identity)
    after = facts({**planned, "State": {"Name": _reached(steps, params)}})
    return InstancePlan(
        steps=steps,
        after=shown(after),
        facts={"instance": after, "drift": []},
        name=params["name"],
        launch=making,
        awaits={_STOP: "running"},
        final=params["state"] if params["wait"] else None,
        timeout=params["wait_timeout"],
    )


def _reached(steps: Sequence[Step], params: Params) -> str:
    """The state after the last of some steps that change it."""
    if steps[-1].api == _STOP:
        return "stopped" if params["wait"] else "stopping"
    return "running" if params["wait"] else "pending"


def _plan_present(instance: Instance, current: Found, params: Params) -> InstancePlan:
    if params["state"] == "stopped" and is_spot(instance):
        raise SkyError(
            f"state: instance {params['name']} ({instance['InstanceId']}) is a spot instance, which cannot be stopped; "
            "give state running or absent"
        )
    moves = _state_steps(instance, params)
    metadata = _metadata_steps(instance, params)
    awaits = _settling(instance, [*metadata, *moves])
    after = facts(_after(instance, params, moves, awaits))
    return InstancePlan(
        steps=[*_tag_steps(instance, params), *metadata, *moves],
        before=shown(facts(instance)),
        after=shown(after),
        facts={"instance": after, "drift": differences(instance, params, current.image_id)},
        name=params["name"],
        instance_id=instance["InstanceId"],
        awaits=awaits,
        final=params["state"] if moves and params["wait"] else None,
        timeout=params["wait_timeout"],
    )


def _wanted_tags(params: Params) -> dict[str, str]:
    """With the Name, which no purge may take."""
    return {**_tags.declared(params), "Name": params["name"]}


def _tag_steps(instance: Instance, params: Params) -> list[Step]:
    ids = [instance["InstanceId"]]
    to_set, to_remove = _tags.changes(tags_of(instance), _wanted_tags(params), purge=params["purge_tags"])
    steps = []
    if to_set:
        steps.append(Step("ec2:CreateTags", params["name"], {"Resources": ids, "Tags": _tags.to_aws(to_set)}))
    if to_remove:
        keys = [{"Key": key} for key in to_remove]
        steps.append(Step("ec2:DeleteTags", params["name"], {"Resources": ids, "Tags": keys}))
    return steps


def _metadata_steps(instance: Instance, params: Params) -> list[Step]:
    """All options at once: what is declared, and the rest as it is."""
    options = _metadata_after(instance, params)
    found = instance.get("MetadataOptions", {})
    if all(found.get(key) == value for key, value in options.items()):
        return []
    return [Step(_MODIFY, params["name"], {"InstanceId": instance["InstanceId"], **options})]


def _metadata_after(instance: Instance, params: Params) -> dict[str, t.Any]:
    keys = _request.METADATA_KEYS.values()
    found = {key: value for key, value in instance.get("MetadataOptions", {}).items() if key in keys}
    return {**found, **_request.metadata_options(params)}


def _state_steps(instance: Instance, params: Params) -> list[Step]:
    settled = _SETTLED.get(state_of(instance), state_of(instance))
    if params["state"] == settled:
        return []
    if params["state"] == "running":
        return [Step(_START, params["name"], {"InstanceIds": [instance["InstanceId"]]})]
    return [Step(_STOP, params["name"], {"InstanceIds": [instance["InstanceId"]]})]


def _settling(instance: Instance, steps: Sequence[Step]) -> dict[str, str]:
    """What the first of some steps must wait for, while the instance is between two states."""
    settled = _SETTLED.get(state_of(instance))
    return {steps[0].api: settled} if settled and steps else {}


def _after(instance: Instance, params: Params, moves: Sequence[Step], awaits: Mapping[str, str]) -> dict[str, t.Any]:
    """The instance as EC2 will describe it once the steps are made."""
    tags = _tags.after(tags_of(instance), _wanted_tags(params), purge=params["purge_tags"])
    after = {
        **instance,
        "State": {"Name": next(iter(awaits.values()), state_of(instance))},
        "Tags": _tags.to_aws(tags),
        "MetadataOptions": {**instance.get("MetadataOptions", {}), **_metadata_after(instance, params)},
    }
    if moves:
        # A public address goes when an instance stops, and another comes when it starts.
        after |= {"State": {"Name": _reached(moves, params)}, "PublicIpAddress": None}
    return after


def _plan_absent(instance: Instance | None, params: Params) -> InstancePlan:
    gone = {"instance": None, "drift": []}
    if instance is None:
        return InstancePlan(facts=gone)
    return InstancePlan(
        steps=[Step(_TERMINATE, params["name"], {"InstanceIds": [instance["InstanceId"]]})],
        before=shown(facts(instance)),
        facts=gone,
        name=params["name"],
        instance_id=instance["InstanceId"],
        final="terminated" if params["wait"] else None,
        timeout=params["wait_timeout"],
    )


def apply(account: Account, plan: Plan) -> Facts:
    """Perform the steps, each once the instance is in a state that allows it.

    ``plan.steps`` become the calls that EC2 accepted. They differ from those planned only where EC2 answered
    RunInstances with an instance that is terminated: that call is there once more. A call that EC2 refused, for want of
    capacity in a subnet or of a visible instance profile, has written nothing and is not there.

    :raises SkyError: with the steps that were performed.
    """
    todo = t.cast("InstancePlan", plan)
    planned, done = list(todo.steps), []
    made: Instance | None = None
    for index, step in enumerate(planned):
        try:
            made = _perform(account, todo, step, made, done) or made
        except SkyError as error:
            raise interrupted(error, done, planned[index:]) from error
    todo.steps = done
    instance_id = made["InstanceId"] if made else todo.instance_id
    return _finish(account, todo, instance_id, made)
