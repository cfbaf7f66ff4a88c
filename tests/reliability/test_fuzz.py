# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile input: what modules say to it, what a policy's comparison makes of it, and that tags arrive to the letter."""

from __future__ import annotations

import importlib
import itertools
import pathlib
import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ansible_collections.sky.aws.plugins.module_utils._account_options import account_faults
from ansible_collections.sky.aws.plugins.module_utils._errors import BadInput, one_line
from ansible_collections.sky.aws.plugins.module_utils._policy import equality, readable
from ansible_collections.sky.aws.plugins.plugin_utils._action import untagged
from ansible_collections.sky.aws.tests.emulator.server import Emulator
from ansible_collections.sky.aws.tests.integration.runs import Runner
from ansible_collections.sky.aws.tests.reliability import hostile
from ansible_collections.sky.aws.tests.unit import strategies

if t.TYPE_CHECKING:
    from ansible_collections.sky.aws.tests.reliability.ledger import Ledger

RESOURCES = "ansible_collections.sky.aws.plugins.module_utils._resources"
ACCOUNT = "111122223333"
NETWORKS = [{"region": "us-east-1", "vpc": {"vpc_id": "vpc-0123456789abcdef0"}, "subnets": []}]
#: Each module's options as they are right, one or several of which are then replaced.
SOUND: dict[str, dict[str, t.Any]] = {
    "policy": {},
    "user": {"name": "alice"},
    "role": {},
    "network": {},
    "security_group": {"name": "skypilot", "networks": NETWORKS},
    "instance": {"name": "smoke", "image_id": "ami-0a1b2c3d4e5f60718"},
    "config": {"user": "alice"},
}
EXAMPLES = 330


def fuzzed(count: int) -> settings:
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    # Shrinking a counterexample takes longer than all else, and the first one found says as much.
    phases = [Phase.generate]
    return settings(max_examples=count, deadline=None, database=None, suppress_health_check=slow, phases=phases)


def said(resource: t.Any, given_options: dict[str, t.Any]) -> list[str]:
    """All faults of options, as a module finds them before its first call."""
    validation = ArgumentSpecValidator(resource.argument_spec, **resource.rules).validate(given_options)
    if validation.error_messages:
        return [one_line(message) for message in validation.error_messages]  # as the action does
    params = untagged(validation.validated_parameters)
    return [*account_faults(params), *resource.validate(params)]


@pytest.mark.parametrize("name", SOUND)
def test_a_module_answers_hostile_options_with_one_line_a_fault(name: str, ledger: Ledger) -> None:
    resource = importlib.import_module(f"{RESOURCES}.{name}").RESOURCE
    spec = resource.argument_spec
    sound = {"account_id": ACCOUNT, "region": "us-east-1", **SOUND[name]}
    assert said(resource, sound) == []
    tried = itertools.count()
    options = {key: hostile.option(spec[key]) for key in sorted(spec)}
    replaced = st.lists(st.sampled_from(list(options)), min_size=1, max_size=3, unique=True)

    @fuzzed(EXAMPLES)
    @given(st.data())
    def fuzz(data: st.DataObject) -> None:
        next(tried)
        faults = said(resource, {**sound, **{key: data.draw(options[key], key) for key in data.draw(replaced)}})
        assert all(isinstance(fault, str) and fault for fault in faults)
        if faults:
            message = BadInput(faults).message
            assert len(message.splitlines()) == len(faults), message
            assert hostile.EVALUATED not in message

    fuzz()
    ledger.note("bad inputs", f"{name}: hostile values of any option, one line a fault", good=True, count=next(tried))


class TestComparison:
    def test_shuffled_and_reshaped_documents_are_equal(self, ledger: Ledger) -> None:
        tried = itertools.count()

        @fuzzed(400)
        @given(st.data())
        def fuzz(data: st.DataObject) -> None:
            next(tried)
            one = data.draw(strategies.documents())
            other = data.draw(strategies.reshaped(data.draw(strategies.recased(one))))
            assert equality.equal(one, data.draw(strategies.texts(other)))

        fuzz()
        ledger.note("bad inputs", "policy documents, shuffled and reshaped: equal", good=True, count=next(tried))

    def test_any_single_change_is_a_difference(self, ledger: Ledger) -> None:
        tried = itertools.count()

        @fuzzed(1000)
        @given(st.data())
        def fuzz(data: st.DataObject) -> None:
            one = data.draw(strategies.documents().filter(lambda document: document["Statement"]))
            for before, after in itertools.combinations(data.draw(strategies.variants(one)), 2):
                next(tried)
                assert not equality.equal(before, after)

        fuzz()
        ledger.note("bad inputs", "policy documents with a single change: different", good=True, count=next(tried))

    def test_what_is_no_policy_document(self, ledger: Ledger) -> None:
        tried = itertools.count()

        @fuzzed(1000)
        @given(
            hostile.texts().filter(lambda text: not text.startswith("{"))
            | st.fixed_dictionaries({"Statement": hostile.values() | hostile.statements()})
        )
        def fuzz(given_document: t.Any) -> None:
            next(tried)
            if isinstance(given_document, str):
                with pytest.raises(ValueError, match="not a policy document"):
                    equality.normal_form(given_document)
                return
            assert equality.equal(given_document, readable.readable(given_document))

        fuzz()
        ledger.note(
            "bad inputs", "what is no policy document: refused, or compared as it is", good=True, count=next(tried)
        )


#: IAM's characters of a tag are letters, spaces, digits and _.:/=+-@; the emulated AWS takes any.
ARRIVING = {
    "quotes": "a'b\"c`d",
    "template": hostile.TEMPLATE,
    "statement": "{% for x in [1] %}" + hostile.TEMPLATE + "{% endfor %}",
    "yaml": "- a: &b !!str c",
    "json": '{"a": [1, null]}',
    "yes": "yes",
    "octal": "0123",
    "float": "1e3",
    "unicode": "\u00e4\u00df \u65e5\u672c \U0001f680",
    "lines": "a\nb\n",
    "spaces": "  a  ",
    "": "",
    "long": "x" * 256,
    "a key with {{ braces }}": "x",
    "k'e\"y": "x",
}


@pytest.fixture(scope="module")
def aws() -> t.Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


def test_hostile_tags_arrive_to_the_letter(aws: Emulator, tmp_path: pathlib.Path, ledger: Ledger) -> None:
    wanted = {key: value for key, value in ARRIVING.items() if key}
    unsafe = {key: {"__ansible_unsafe": value} for key, value in wanted.items()}
    host = {"sky_account_id": ACCOUNT, "sky_users_present": [{"name": "alice", "tags": unsafe}]}
    aws.internet(ACCOUNT)
    runner = Runner(aws.url, tmp_path)
    run = runner.onboard({"ml": host}, "--tags", "sky_policy,sky_users")
    assert run.rc == 0, run.stdout
    found = {tag["Key"]: tag["Value"] for tag in aws.client("iam", ACCOUNT).list_user_tags(UserName="alice")["Tags"]}
    for key, value in wanted.items():
        ledger.note("bad inputs", f"a user's tag to the letter: {key}", found.get(key) == value)
    assert hostile.EVALUATED not in run.stdout
    aws.clear_log()
    assert runner.onboard({"ml": host}, "--tags", "sky_policy,sky_users").changed("ml") == 0
    assert aws.writes() == []
