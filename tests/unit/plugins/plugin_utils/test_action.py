# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What code in the worker must keep: plain types, no secret, the task's environment, one line for every exception."""

from __future__ import annotations

import json
import os
import typing as t

import pytest
from ansible.errors import AnsibleError

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.plugin_utils import _action
from ansible_collections.sky.aws.tests.unit.entry_points import action, as_action, trusted
from ansible_collections.sky.aws.tests.unit.new_process import python
from ansible_collections.sky.aws.tests.unit.sandbox import MANAGEMENT

REACH = {"account_id": "111122223333", "region": "us-east-1", **MANAGEMENT}


@pytest.fixture
def seen(monkeypatch):
    """What run() is given; it answers with ``answer``, or raises it."""
    record: dict[str, t.Any] = {"answer": {"changed": False, "steps": []}}

    def run(resource, params, **options):
        record.update(params=params, environ=dict(os.environ), resource=resource, **options)
        if isinstance(record["answer"], BaseException):
            raise record["answer"]
        return dict(record["answer"])

    monkeypatch.setattr(_action, "run", run)
    return record


def plain(value: t.Any) -> bool:
    """Whether it is made of JSON's own types and none of their children."""
    if type(value) is dict:
        return all(type(key) is str and plain(item) for key, item in value.items())
    if type(value) is list:
        return all(plain(item) for item in value)
    return type(value) in (str, int, float, bool, type(None))


class TestOptions:
    @pytest.mark.parametrize(
        ("name", "options"),
        [
            ("sky_user", {"name": "alice", "access_key_delivery": 1.5}),
            ("sky_instance", {"name": "i", "instance_type": "t3.micro", "volume": {"throughput": float("-inf")}}),
        ],
    )
    def test_a_value_that_breaks_ansibles_own_check_is_bad_input(self, seen, name, options):
        result = as_action(name, {**REACH, **options})
        assert result["failed"]
        assert "an option has a value that Ansible cannot check" in result["msg"]
        assert "bug" not in result["msg"]
        assert "params" not in seen

    def test_marks_of_ansible_end_at_the_boundary(self, seen):
        tags = {trusted("team"): trusted("ml")}
        args = {**{key: trusted(value) for key, value in REACH.items()}, "tags": tags, "features": [trusted("base")]}
        as_action("sky_iam_policy", args)
        assert plain(seen["params"])
        assert (seen["params"]["tags"], seen["params"]["features"]) == ({"team": "ml"}, ["base"])

    def test_the_marks_were_there(self):
        if trusted is not str and hasattr(type(trusted("x")), "_ansible_tags_mapping"):
            assert not plain(trusted("x"))
        assert plain(_action.untagged({"x": trusted("x")}))

    def test_arguments_of_the_task_stay_as_they_are(self, seen):
        args = {**REACH, "tags": {"a": 1}}
        running = action("sky_iam_policy", args)
        running.run(task_vars={})
        assert running._task.args == args

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_check_mode_is_handed_on(self, seen, check_mode):
        as_action("sky_account", REACH, check_mode=check_mode)
        assert seen["check_mode"] is check_mode

    def test_aliases_and_conversions(self, seen):
        as_action("sky_role", {**REACH, "s3_access": "yes", "policies": "a,b", "resource_tags": {"x": "1"}})
        given = seen["params"]
        assert (given["s3_access"], given["policies"], given["tags"]) == (True, ["a", "b"], {"x": "1"})

    def test_null_is_as_good_as_omitted(self, seen, monkeypatch):
        monkeypatch.setenv("SKY_EXTERNAL_ID", "tenant-8")
        as_action("sky_role", {**REACH, "external_id": None, "name": None, "service_linked_roles": None})
        given = seen["params"]
        assert (given["external_id"], given["name"], given["service_linked_roles"]) == ("tenant-8", "skypilot-v1", [])


class TestItems:
    """An item of a list, as the tasks of the roles pass it."""

    ITEM: t.ClassVar[dict[str, t.Any]] = {"name": "b", "region": "eu-west-1", "tags": {"desk": "7"}}

    def test_it_wins_over_what_stands_beside_it(self, seen):
        as_action("sky_instance", {**REACH, "options": self.ITEM, "tags": {"team": "ml"}, "key_name": "ops"})
        given = seen["params"]
        assert (given["name"], given["region"], given["key_name"]) == ("b", "eu-west-1", "ops")
        assert given["tags"] == {"team": "ml", "desk": "7"}
        assert given["options"] is None

    def test_null_in_it_is_as_good_as_omitted(self, seen):
        as_action("sky_user", {**REACH, "options": {"name": "a", "policies": None}, "policies": ["p"]})
        assert seen["params"]["policies"] == []

    def test_what_it_cannot_have_is_refused(self, seen):
        result = as_action("sky_user", {**REACH, "options": {"name": "a", "region": "eu-west-1"}})
        assert result["failed"]
        assert result["msg"].startswith("options.region: there is no such option")
        assert "params" not in seen

    def test_one_without_a_name_is_refused(self, seen):
        result = as_action("sky_user", {**REACH, "options": {"s3_access": True}})
        assert result["failed"]
        assert "name, options" in result["msg"]


class TestWhatIsShown:
    def test_a_warning_names_its_account(self, seen, monkeypatch):
        monkeypatch.setattr(_action, "run", lambda *_, warn, **__: warn("role r differs") or {"steps": []})
        result = as_action("sky_role", REACH, variables={"inventory_hostname": "ml-research"})
        assert result["warnings"] == ["ml-research: role r differs"]

    @pytest.mark.parametrize("verbosity", [2, 3])
    def test_the_effective_options_are_shown_at_vvv_without_secrets(self, seen, monkeypatch, verbosity):
        monkeypatch.setattr(_action.display, "verbosity", verbosity)
        secret = {"access_key": "AKIA0123456789EXAMPL", "secret_key": "topsecretkey"}
        result = as_action("sky_role", {**REACH, **secret, "name": "gpu"})
        assert ("invocation" in result) is (verbosity == 3)
        if verbosity == 3:
            shown = result["invocation"]["module_args"]
            assert (shown["name"], shown["purge_policies"]) == ("gpu", True)
        assert "topsecretkey" not in str(result)


class TestAccount:
    """The items of a loop run one after the other in a worker; each is an action of its own for the same task."""

    class Reached:
        def __init__(self, params, cache):
            self.cache = cache

    def reached(self, seen, kind=Reached, task="one", **options):
        as_action("sky_account", {**REACH, **options}, _uuid=task)
        return seen["reach"](kind, seen["params"])

    def test_the_items_of_a_loop_share_it(self, seen):
        first = self.reached(seen)
        assert first.cache is not None
        assert self.reached(seen) is first

    @pytest.mark.parametrize(
        "other",
        [
            {"task": "two"},
            {"kind": type("Other", (Reached,), {})},
            {"account_id": "444455556666"},
            {"region": "eu-west-1"},
            {"secret_key": "x"},
            {"aws_config": {"read_timeout": 5}},
        ],
        ids=lambda other: next(iter(other)),
    )
    def test_nothing_that_differs_is_shared(self, seen, other):
        first = self.reached(seen)
        second = self.reached(seen, **other)
        assert second is not first
        assert self.reached(seen, **other) is second
        assert self.reached(seen) is not first

    def test_nor_in_another_environment(self, seen, monkeypatch):
        first = self.reached(seen)
        monkeypatch.setenv("AWS_CONFIG_FILE", "/elsewhere")
        assert self.reached(seen) is not first

    def test_one_that_could_not_be_reached_is_tried_again(self, seen):
        def refused(*_):
            raise SkyError("no")

        first = self.reached(seen)
        for _ in range(2):
            with pytest.raises(SkyError):
                self.reached(seen, kind=refused)
        assert self.reached(seen) is first


class TestSecrets:
    TOKEN = "a-token-nobody-may-see"

    @pytest.mark.parametrize(
        "answer",
        [
            {"note": f"x {TOKEN} y", "list": [{"deep": TOKEN}]},
            SkyError(f"refused {TOKEN}"),
            RuntimeError(f"odd {TOKEN}"),
        ],
        ids=["result", "error", "bug"],
    )
    def test_they_are_stripped(self, seen, answer):
        seen["answer"] = answer
        result = as_action("sky_account", {**REACH, "session_token": self.TOKEN})
        assert self.TOKEN not in json.dumps(result)

    def test_they_are_stripped_from_warnings(self, seen, monkeypatch):
        monkeypatch.setattr(_action, "run", lambda *_, warn, **__: warn(f"about {self.TOKEN}") or {"changed": False})
        result = as_action("sky_account", {**REACH, "session_token": self.TOKEN})
        assert "about" in result["warnings"][0]
        assert self.TOKEN not in json.dumps(result)

    @pytest.mark.parametrize("token", ["two\nlines-of-a-token", "short\n", "\u202eturned-token"])
    def test_they_are_stripped_before_a_text_is_cleaned(self, seen, monkeypatch, token):
        """Cleaned it would be another text, which nobody knows for a secret."""
        monkeypatch.setattr(_action.display, "verbosity", 3)
        result = as_action("sky_account", {**REACH, "session_token": token})
        assert result["invocation"]["module_args"]["session_token"] in (
            "********",
            "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER",
        )

    @pytest.mark.parametrize(
        "options",
        [
            {"endpoint_url": "http://corp:Pa55word@host"},
            {"endpoint_url": "http://u:p@host"},
            {"aws_config": {"proxies": {"https": "http://corp:Pa55word@host"}}},
        ],
        ids=str,
    )
    def test_nor_is_the_user_info_of_a_url_shown(self, seen, monkeypatch, options):
        monkeypatch.setattr(_action.display, "verbosity", 3)
        shown = str(as_action("sky_account", {**REACH, **options})["invocation"])
        assert "host" in shown
        assert "Pa55word" not in shown
        assert "u:p@" not in shown

    def test_a_bug_shows_where_and_no_secret(self, seen, monkeypatch):
        told = []
        monkeypatch.setattr(_action.display, "vvv", told.append)
        cause = ValueError(f"Invalid header value b'{self.TOKEN}'")
        cause.__cause__ = KeyError(f"{self.TOKEN}\nforged")
        seen["answer"] = cause
        as_action("sky_account", {**REACH, "session_token": self.TOKEN})
        (text,) = told
        assert "in run" in text
        assert self.TOKEN not in text
        assert not [line for line in text.splitlines() if line.startswith("forged")]

    def test_the_options_are_not_in_the_result(self, seen):
        assert "invocation" not in as_action("sky_account", REACH)


class TestEnvironment:
    def test_it_is_there_before_the_options_fall_back_to_it(self, seen):
        args = {key: value for key, value in REACH.items() if key != "region"}
        as_action("sky_account", args, environment=[{"AWS_REGION": "eu-west-1", "NUMBER": 7}])
        assert seen["params"]["region"] == "eu-west-1"
        assert seen["environ"]["NUMBER"] == "7"

    def test_the_inner_wins_and_templates_are_filled_in(self, seen):
        environment = [{"AWS_REGION": "eu-west-1"}, None, {"AWS_REGION": trusted("{{ place }}")}]
        args = {key: value for key, value in REACH.items() if key != "region"}
        as_action("sky_account", args, environment=environment, variables={"place": "eu-west-2"})
        assert seen["params"]["region"] == "eu-west-2"

    @pytest.mark.parametrize("answer", [{"changed": False}, SkyError("no"), RuntimeError("odd")], ids=str)
    def test_it_is_put_back(self, seen, monkeypatch, answer):
        monkeypatch.setenv("AWS_PROFILE", "before")
        before = dict(os.environ)
        seen["answer"] = answer
        as_action("sky_account", REACH, environment=[{"AWS_PROFILE": "within", "NEW": "1"}])
        assert seen["environ"]["AWS_PROFILE"] == "within"
        assert dict(os.environ) == before

    def test_credentials_in_it_reach_the_account(self, sandbox):
        keys = {
            f"AWS_{name.upper()}": value
            for name, value in (
                ("access_key_id", MANAGEMENT["access_key"]),
                ("secret_access_key", MANAGEMENT["secret_key"]),
            )
        }
        args = {key: value for key, value in sandbox.reach.items() if key not in MANAGEMENT}
        assert as_action("sky_account", args)["failed"] is True
        assert as_action("sky_account", args, environment=[keys])["account"]["account_id"] == sandbox.account_id


class TestWhereItRuns:
    @pytest.mark.parametrize("task", [{"transport": "ssh"}, {"become": True}, {"async_val": 30}], ids=str)
    def test_elsewhere_the_module_runs(self, seen, monkeypatch, task):
        running = action("sky_account", REACH, **task)
        asked: dict[str, t.Any] = {}
        monkeypatch.setattr(running, "_execute_module", lambda **options: asked.update(options) or {"module": True})
        assert running.run(task_vars={"x": 1}) == {"module": True}
        assert asked["task_vars"] == {"x": 1}
        assert asked["wrap_async"] == task.get("async_val", 0)
        assert "params" not in seen

    def test_elsewhere_too_the_account_is_that_of_the_host(self, seen, monkeypatch):
        running = action("sky_user", {"name": "alice"}, transport="ssh")
        monkeypatch.setattr(running, "_execute_module", lambda **_: {"module": True})
        running.run(task_vars={"sky_account_id": "111122223333", "sky_account_assume_role": ""})
        assert running._task.args == {"account_id": "111122223333", "region": "us-east-1", "name": "alice"}

    def test_an_account_variable_that_cannot_be_filled_in_is_one_line(self, seen):
        result = as_action("sky_user", {"name": "alice"}, variables={"sky_account_id": trusted("{{ nowhere }}")})
        assert result["failed"]
        assert result["msg"].startswith("sky_account_id: ")
        assert "nowhere" in result["msg"]
        assert len(result["msg"].splitlines()) == 1
        assert "params" not in seen

    def test_here_no_module_runs(self, seen, monkeypatch):
        running = action("sky_account", REACH)
        monkeypatch.setattr(running, "_execute_module", lambda **_: pytest.fail("a module ran"))
        assert running.run(task_vars={})["changed"] is False

    def test_credentials_are_kept_in_the_folder_of_the_run(self, seen):
        as_action("sky_account", REACH)
        # It is held, so that nobody can put another in its place.
        folder = os.path.realpath(seen["reach"](lambda _params, cache: cache, seen["params"])._working_dir)
        assert folder.endswith("sky-aws-credentials")
        assert f"{os.stat(folder).st_mode & 0o777:o}" == "700"  # noqa: PTH116

    def test_one_assume_for_all_tasks_of_a_run(self, sandbox):
        for name in ("sky_account", "sky_iam_policy", "sky_role"):
            assert not as_action(name, sandbox.reach, check_mode=True).get("failed")
        assert [call["api"] for call in sandbox.emulator.calls()].count("sts:AssumeRole") == 1


class TestErrors:
    @pytest.mark.parametrize(
        ("error", "message"),
        [
            (SkyError("no.", "and no."), "no.\nand no."),
            (
                RuntimeError("first\nsecond"),
                "sky.aws.sky_account has a bug: RuntimeError: first second; -vvv shows where",
            ),
            (KeyError("x"), "sky.aws.sky_account has a bug: KeyError: 'x'; -vvv shows where"),
            (RecursionError(), "sky.aws.sky_account has a bug: RecursionError:; -vvv shows where"),
        ],
    )
    def test_each_is_told_without_a_traceback(self, seen, error, message):
        seen["answer"] = error
        result = as_action("sky_account", REACH)
        assert result["failed"] is True
        assert result["msg"] == message
        assert "Traceback" not in json.dumps(result)
        assert result["steps"] == []

    def test_what_was_done_before_is_told(self, seen):
        steps = [{"api": "iam:CreateUser", "target": "alice"}]
        seen["answer"] = SkyError("no", steps=steps)
        assert as_action("sky_account", REACH)["steps"] == steps

    @pytest.mark.parametrize("error", [SystemExit(0), KeyboardInterrupt()])
    def test_being_told_to_stop_is_no_error_of_ours(self, seen, error):
        seen["answer"] = error
        with pytest.raises(type(error)):
            as_action("sky_account", REACH)

    def test_warnings_before_a_failure_are_told(self, monkeypatch):
        def run(*_, warn, **__):
            warn("look")
            raise SkyError("no")

        monkeypatch.setattr(_action, "run", run)
        assert as_action("sky_account", REACH)["warnings"] == ["look"]

    def test_an_environment_that_cannot_be_read_fails_the_task(self, seen):
        with pytest.raises(AnsibleError, match="nowhere"):
            as_action("sky_account", REACH, environment=[{"X": trusted("{{ nowhere }}")}])
        assert "params" not in seen


IMPORTED = """
import gc, json, sys, threading
from ansible_collections.sky.aws.plugins.action import sky_iam_policy
from ansible_collections.sky.aws.plugins.module_utils import _models
from botocore.session import Session
gc.unfreeze()  # what is frozen is not listed
print(json.dumps({
    "threads": threading.active_count(),
    "sessions": sum(isinstance(item, Session) for item in gc.get_objects()),
    "models": sorted(str(key) for key in _models.configured()._cache),
    "trimmed": _models._called.cache_info().currsize,
}))
"""

WITHOUT = """
import json, sys
sys.modules[sys.argv[1]] = None
from ansible_collections.sky.aws.tests.unit.entry_points import as_action, as_module
for way in (as_action, as_module):
    print(json.dumps(way("sky_account", {"account_id": "111122223333", "region": "us-east-1"})))
"""


class TestImport:
    def test_models_are_loaded_and_nothing_runs(self, tmp_path):
        (found,) = python(IMPORTED, tmp_path)
        assert found["threads"] == 1
        assert found["sessions"] == 1  # the spare one
        assert found["trimmed"] == 2
        assert any("'sts', 'service-2'" in key for key in found["models"])

    @pytest.mark.parametrize("package", ["boto3", "botocore"])
    def test_without_boto3_both_ways_say_so(self, tmp_path, package):
        for result in python(WITHOUT, tmp_path, package):
            assert result["failed"] is True
            assert result["msg"].startswith("boto3 and botocore are needed and cannot be imported (")
            assert package in result["msg"].partition("(")[2]
            assert result["msg"].endswith("pip install boto3")
