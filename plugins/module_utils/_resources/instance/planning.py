# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is there to the declared instance. Pure. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ... import _tags
from ..._errors import SkyError
from ..._plan import Plan, Step
from . import request as _request
from .facts import differences, facts, is_spot, shown, state_of, tags_of
from .options import METADATA_KEYS
from .ownership import check_ours, only
from .request import RUN, Launch

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..._identity import Identity
    from ..._plan import Params
    from .facts import Instance
    from .found import Found
    from .request import Site


START, STOP, TERMINATE = "ec2:StartInstances", "ec2:StopInstances", "ec2:TerminateInstances"
MODIFY = "ec2:ModifyInstanceMetadataOptions"

#: What an instance becomes by itself. EC2 takes the calls that depend on its state only then.
_SETTLED = {"pending": "running", "stopping": "stopped"}


@dataclasses.dataclass(frozen=True)
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


def plan(current: Found, params: Params, identity: Identity) -> InstancePlan:
    """From what is there to the declared state.

    :raises SkyError: several live instances have the name, or one that is not ours, or none has it and no image is
        declared, or a spot instance is to be stopped.
    """
    where = f"account {identity.account_id}, region {current.region}"
    instance = only(current.live, params["name"], where)
    if instance is not None:
        check_ours(instance, params["name"], where)
    if params["state"] == "absent":
        return _plan_absent(instance, params)
    if instance is not None:
        return _plan_present(instance, current, params)
    if current.site is None:
        raise SkyError(
            f"image_id: instance {params['name']} does not exist in {where} and must be made; give image_id or "
            "image_parameter"
        )
    return _plan_create(current, current.site, params, identity)


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
        steps.append(Step(STOP, params["name"]))
    planned = _request.planned(params, site, making, identity)
    after = facts({**planned, "State": {"Name": _reached(steps, params)}})
    return InstancePlan(
        steps=steps,
        after=shown(after),
        facts={"instance": after, "drift": []},
        name=params["name"],
        launch=making,
        awaits={STOP: "running"},
        final=params["state"] if params["wait"] else None,
        timeout=params["wait_timeout"],
    )


def _reached(steps: Sequence[Step], params: Params) -> str:
    """The state after the last of some steps that change it."""
    if steps[-1].api == STOP:
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
        facts={"instance": after, "drift": differences(instance, params, current.region, current.image_id)},
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
    return [Step(MODIFY, params["name"], {"InstanceId": instance["InstanceId"], **options})]


def _metadata_after(instance: Instance, params: Params) -> dict[str, t.Any]:
    keys = METADATA_KEYS.values()
    found = {key: value for key, value in instance.get("MetadataOptions", {}).items() if key in keys}
    return {**found, **_request.metadata_options(params)}


def _state_steps(instance: Instance, params: Params) -> list[Step]:
    settled = _SETTLED.get(state_of(instance), state_of(instance))
    if params["state"] == settled:
        return []
    if params["state"] == "running":
        return [Step(START, params["name"], {"InstanceIds": [instance["InstanceId"]]})]
    return [Step(STOP, params["name"], {"InstanceIds": [instance["InstanceId"]]})]


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
    gone: dict[str, t.Any] = {"instance": None, "drift": []}
    if instance is None:
        return InstancePlan(facts=gone)
    return InstancePlan(
        steps=[Step(TERMINATE, params["name"], {"InstanceIds": [instance["InstanceId"]]})],
        before=shown(facts(instance)),
        facts=gone,
        name=params["name"],
        instance_id=instance["InstanceId"],
        final="terminated" if params["wait"] else None,
        timeout=params["wait_timeout"],
    )
