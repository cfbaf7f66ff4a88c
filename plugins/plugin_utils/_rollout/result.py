# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rollout may know of a task's result: a few named keys, never the whole. Pure. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.sky.aws.plugins.module_utils import _text
from ansible_collections.sky.aws.plugins.module_utils._plan import DIFFERS
from ansible_collections.sky.aws.plugins.plugin_utils._rollout.parts import BY_MODULE

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ansible_collections.sky.aws.plugins.plugin_utils._nouns import Noun

    Result = Mapping[str, t.Any]

HIDDEN = "the message is hidden by no_log"
NO_MESSAGE = "the task failed without a message"

#: What can come of a resource, the most notable first. One that has drift may also have changed.
EFFECTS = ("failed", "unusable", "created", "changed", "deleted", "drift", "unchanged")
#: How the names of API calls begin that bring a resource into being, or end it.
_CREATING = ("Create", "Run")
_DELETING = ("Delete", "Terminate")


@dataclasses.dataclass(frozen=True, slots=True)
class Drift:
    """A difference that a module reported and left. ``declared`` and ``found`` are JSON types.

    ``name`` is that of the resource, empty where the result names none; ``word`` is what kind it is.
    """

    part: str
    word: str
    name: str
    aspect: str
    declared: t.Any
    found: t.Any


@dataclasses.dataclass(frozen=True, slots=True)
class DeliveredKey:
    """Where a user's access key is: ``{"file": ..., "profile": ...}`` or ``{"secret": ...}``."""

    user: str
    place: dict[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """What is kept of a result.

    ``steps`` are ``(api, target)``, in order; ``effects`` are ``(part, effect)``, those of EFFECTS. ``account_id`` is empty
    where none is told.
    """

    steps: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    message: str = ""
    account_id: str = ""
    effects: tuple[tuple[str, str], ...] = ()
    drift: tuple[Drift, ...] = ()
    keys: tuple[DeliveredKey, ...] = ()


def read(result: Result, *, host: str, module: str = "") -> Report:
    """Take what is to be kept of a result.

    :param result: a task's result as Ansible hands it to callbacks; that of a loop has ``results``.
    :param host: its host. Where a warning begins with that name, it goes: whoever shows the warning puts it there.
    :param module: this collection's module, ``sky_user``, whose further keys are known; empty for the modules of others.
    """
    shown = [item for item in items(result) if not is_hidden(item)]
    warnings = [text.removeprefix(f"{host}: ") for text in _warnings(result, shown)]
    if not module:
        return Report(warnings=_unique(warnings))
    noun = BY_MODULE.get(module)
    return Report(
        steps=tuple(step for item in shown for step in _steps(item)),
        # A drift is kept with its values.
        warnings=_unique(text for text in warnings if DIFFERS not in text),
        account_id=_account_id(result),
        effects=tuple((noun.part, effect) for item in shown for effect in _effects(item)) if noun else (),
        drift=tuple(drift for item in shown for drift in _drift(item, noun)) if noun else (),
        keys=tuple(key for item in shown for key in _keys(item)),
    )


def read_failure(result: Result, *, host: str, module: str = "") -> Report:
    """As ``read``, of a failed or unreachable task: with its message, and with a failure among its effects."""
    report = read(result, host=host, module=module)
    noun = BY_MODULE.get(module)
    failure = (noun.part, "failed") if noun else None
    effects = report.effects if failure is None or failure in report.effects else (*report.effects, failure)
    return dataclasses.replace(report, message=_lines(_message(result)) or NO_MESSAGE, effects=effects)


def items(result: Result) -> list[Result]:
    """The results of a loop's items, or the result itself."""
    looped = result.get("results")
    if isinstance(looped, list) and looped and all(isinstance(item, dict) for item in looped):
        return looped
    return [result]


def is_hidden(result: Result) -> bool:
    """Whether no_log holds for the result."""
    return bool(result.get("_ansible_no_log")) or "censored" in result


def clean(text: object) -> str:
    """The text as one line that shows all that is in it; tasks of others may have any."""
    return _text.clean(str(text).strip())


def _lines(text: str) -> str:
    """The same of a message, its lines and columns kept."""
    return "\n".join(clean(line.expandtabs()) for line in text.splitlines()).strip()


def _clean_all(value: t.Any) -> t.Any:
    """JSON types, each text in them clean."""
    if isinstance(value, dict):
        return {clean(key): _clean_all(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_clean_all(inner) for inner in value]
    return value if value is None or isinstance(value, bool | int | float) else clean(value)


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _dictionaries(value: t.Any) -> list[dict[str, t.Any]]:
    """The dictionaries in a list; none where it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _steps(result: Result) -> Iterator[tuple[str, str]]:
    for step in _dictionaries(result.get("steps")):
        if "api" in step:
            yield clean(step["api"]), clean(step.get("target", ""))


def _warnings(result: Result, shown: list[Result]) -> Iterator[str]:
    for one in [result, *shown] if not is_hidden(result) else []:
        warnings = one.get("warnings")
        yield from map(clean, warnings if isinstance(warnings, list) else [])


def _is_unusable(result: Result) -> bool:
    """Whether SkyPilot cannot use a network that was looked up, where the task is to go on in spite of it."""
    return any(network.get("error") for network in _dictionaries(result.get("networks")))


def _effects(result: Result) -> Iterator[str]:
    """What came of one resource; nothing where the module did not run."""
    if "steps" not in result:
        return
    change = _change(result)
    if change != "unchanged" or not result.get("drift"):
        yield change
    if result.get("drift"):
        yield "drift"


def _change(result: Result) -> str:
    """Created is what was not there and is there by a call that creates: another run may have been faster with it.

    What is not in AWS changes without a call. The results of this collection have a diff unless they failed; whether they
    say ``failed`` to callbacks depends on the release of Ansible.
    """
    if "diff" not in result:
        return "failed"
    if _is_unusable(result):
        return "unusable"
    if not result.get("changed"):
        return "unchanged"
    diff = result["diff"]
    before, after = (diff.get("before"), diff.get("after")) if isinstance(diff, dict) else (None, None)
    if after and not before and _has_call(result, _CREATING):
        return "created"
    if before and not after and _has_call(result, _DELETING):
        return "deleted"
    return "changed"


def _has_call(result: Result, verbs: tuple[str, ...]) -> bool:
    """Whether one of the calls begins so, or there is none at all."""
    apis = [api for api, target in _steps(result)]
    return not apis or any(api.partition(":")[2].startswith(verbs) for api in apis)


def _drift(result: Result, noun: Noun) -> Iterator[Drift]:
    for found in _dictionaries(result.get("drift")):
        yield Drift(
            part=noun.part,
            word=noun.word,
            # A security group says in which network it differs.
            name="/".join(filter(None, (clean(found.get("network", "")), _name(result, noun)))),
            aspect=clean(found.get("aspect", "")),
            declared=_clean_all(found.get("declared")),
            found=_clean_all(found.get("found")),
        )


def _name(result: Result, noun: Noun) -> str:
    value = result.get(noun.key)
    named = [value] if isinstance(value, dict) else _dictionaries(value)
    return ", ".join(dict.fromkeys(clean(one[noun.named]) for one in named if one.get(noun.named)))


def _keys(result: Result) -> Iterator[DeliveredKey]:
    """The access key that a result says is delivered; in check mode, one that is not made yet has no id."""
    key = result.get("access_key")
    if not isinstance(key, dict) or not key.get("access_key_id") or not isinstance(key.get("delivered_to"), dict):
        return
    place = key["delivered_to"]
    yield DeliveredKey(
        clean(key.get("user_name", "")),
        {name: clean(place[name]) for name in ("file", "profile", "secret") if name in place},
    )


def _message(result: Result) -> str:
    return HIDDEN if is_hidden(result) else str(result.get("msg") or result.get("reason") or "")


def _account_id(result: Result) -> str:
    account = result.get("account")
    if not isinstance(account, dict) or is_hidden(result):
        return ""
    return clean(account.get("account_id", ""))
