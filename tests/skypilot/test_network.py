# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup of networks agrees with SkyPilot's own functions, over layouts that hypothesis draws.

Both look at the same emulated account. Only the order of subnets within one zone is left out: SkyPilot has AWS's, which
no two calls promise to have alike, and ours is by id.
"""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from ansible_collections.sky.aws.plugins.module_utils import _session
from ansible_collections.sky.aws.plugins.module_utils._account import Account
from ansible_collections.sky.aws.plugins.module_utils._account_options import ACCOUNT_ARGUMENTS
from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._resources.network import RESOURCE as network
from ansible_collections.sky.aws.tests.emulator.server import Emulator
from ansible_collections.sky.aws.tests.skypilot.skypilot import SkyPilot, step

REGION = "us-east-1"
SHARES = 4
LAYOUTS = 126

_accounts = itertools.count(700000000000)

SUBNETS = st.fixed_dictionaries(
    {
        "zone": st.sampled_from("abcdf"),
        "name": st.sampled_from(["", "s1", "s2"]),
        "pending": st.sampled_from([False] * 5 + [True]),
        "public_ip": st.booleans(),
        "table": st.sampled_from([None, None, None, 0, 1]),
    }
)
VPCS = st.fixed_dictionaries(
    {
        "default": st.just(False),
        "name": st.sampled_from(["b", "b", "a", ""]),
        "gateway": st.sampled_from([True] * 4 + [False]),
        "main_reaches_out": st.sampled_from([True, True, False]),
        "tables": st.lists(st.booleans(), max_size=2),
        "subnets": st.lists(SUBNETS, min_size=2, max_size=4) | st.lists(SUBNETS, max_size=1),
    }
)
ACCOUNTS = st.tuples(st.lists(VPCS, min_size=1, max_size=3) | st.just([]), st.sampled_from([True, True, False])).map(
    lambda drawn: [{**vpc, "default": drawn[1] and not number} for number, vpc in enumerate(drawn[0])]
)
QUESTIONS = st.lists(
    st.fixed_dictionaries(
        {
            "vpc_names": st.sampled_from([[], ["b"], ["a"], ["a", "b"], ["gone", "b"]]),
            "subnet_names": st.sampled_from([[]] * 5 + [["s1"], ["s1", "s2"], ["gone"]]),
            "use_internal_ips": st.sampled_from([False, False, True]),
        }
    ),
    min_size=2,
    max_size=3,
    unique_by=repr,
)


@pytest.fixture(scope="module", autouse=True)
def models():
    """EC2's models are read once, as in a run of the playbook."""
    _session.preload()


@pytest.fixture(scope="module")
def aws():
    with Emulator({"MOTO_IAM_LOAD_MANAGED_POLICIES": "false", "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def laptop(aws, tmp_path_factory):
    with SkyPilot(aws.url, tmp_path_factory.mktemp("sky")) as sky:
        yield sky.machine()


@pytest.fixture(scope="module")
def sts(aws):
    return aws.client("sts")


def keys(sts, account_id):
    """Credentials in the account, as boto3 takes them."""
    role = f"arn:aws:iam::{account_id}:role/OrganizationAccountAccessRole"
    answer = sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return {
        "aws_access_key_id": answer["AccessKeyId"],
        "aws_secret_access_key": answer["SecretAccessKey"],
        "aws_session_token": answer["SessionToken"],
    }


def reached(url, account_id, credentials):
    """The account as the module reaches it."""
    options = {
        "account_id": account_id,
        "region": REGION,
        "endpoint_url": url,
        "access_key": credentials["aws_access_key_id"],
        "secret_key": credentials["aws_secret_access_key"],
        "session_token": credentials["aws_session_token"],
    }
    return Account({**{name: spec.get("default") for name, spec in ACCOUNT_ARGUMENTS.items()}, **options})


def ours(account, question):
    """The network as the module reports it, and whether it would fail where it must not be unusable."""
    defaults = {name: spec.get("default") for name, spec in network.spec.items()}
    params = {**defaults, **question, "region": REGION, "on_unusable": "report"}
    layouts = network.read(account, params)
    [found] = network.plan(layouts, params, account.identity).facts["networks"]
    try:
        network.plan(layouts, {**params, "on_unusable": "fail"}, account.identity)
    except SkyError as error:
        return found, error.message
    return found, None


def in_any_order(text):
    """SkyPilot prints a set of subnets."""
    found = re.search(r"not usable: \{(.*)\}$", text or "")
    return f"{text[: found.start(1)]}{sorted(found[1].split(', '))}" if found else text


def kind(text):
    """SkyPilot's error without the names and ids in it."""
    return re.sub(r"vpc-\w+|\{.*?\}|\[.*?\]|'\w+'", "...", text)


def by_zone(chosen):
    """Zones in their order, each with its subnets in any."""
    return [
        (zone, {subnet for _, subnet in group}) for zone, group in itertools.groupby(chosen, key=lambda pair: pair[0])
    ]


def compare(found, failure, theirs):
    """``theirs``: SkyPilot's choice for each name of the question, in order; the first that it can use is its choice."""
    name = next((name for name in theirs if theirs[name]["error"] is None), next(iter(theirs)))
    chosen = theirs[name]
    assert in_any_order(found["error"]) == in_any_order(chosen["error"])
    assert by_zone([(each["availability_zone"], each["subnet_id"]) for each in found["subnets"]]) == by_zone(
        [tuple(pair) for pair in chosen["subnets"]]
    )
    usable = {subnet for _, subnet in chosen["subnets"]}
    assert usable.isdisjoint(each["subnet_id"] for each in found["rejected"])
    assert (failure is None) is (chosen["error"] is None)
    if chosen["error"] is None:
        assert found["vpc"]["vpc_id"] == chosen["vpc_id"]
    assert {each["name"]: in_any_order(each["error"]) for each in found["tried"]} == {
        other: in_any_order(theirs[other]["error"]) for other in theirs if other != name
    }


@pytest.mark.parametrize("share", range(SHARES))
def test_agrees_with_skypilot(aws, sts, laptop, share):
    seen = {"layouts": 0, "decisions": 0, "usable": 0}
    reasons = set()

    @seed(share)
    @settings(max_examples=LAYOUTS, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(vpcs=ACCOUNTS, questions=QUESTIONS)
    def run(vpcs, questions):
        account_id = str(next(_accounts) + share * 1_000_000)
        aws.network(account_id, REGION, vpcs)
        credentials = keys(sts, account_id)
        account = reached(aws.url, account_id, credentials)
        asked = [
            {"vpc_name": name, "subnet_names": each["subnet_names"], "use_internal_ips": each["use_internal_ips"]}
            for each in questions
            for name in each["vpc_names"] or [None]
        ]
        report = laptop.run(step("choose_subnets", credentials=credentials, region=REGION, questions=asked))
        assert report.ok, str(report)
        answers = iter(report.result("choose_subnets"))
        for question in questions:
            theirs = {name: next(answers) for name in question["vpc_names"] or [None]}
            found, failure = ours(account, question)
            compare(found, failure, theirs)
            seen["decisions"] += len(theirs)
            seen["usable"] += found["error"] is None
            reasons.update(kind(each["error"]) for each in theirs.values() if each["error"])
        seen["layouts"] += 1

    run()
    assert seen["layouts"] >= LAYOUTS
    assert seen["decisions"] > 2 * LAYOUTS
    assert seen["usable"] > LAYOUTS / 5
    assert len(reasons) >= 7, reasons


def test_another_choice_is_a_difference():
    """The comparison itself can fail."""
    theirs = {None: {"vpc_id": "vpc-1", "subnets": [["us-east-1b", "subnet-2"]], "error": None}}
    subnet = {"availability_zone": "us-east-1a", "subnet_id": "subnet-1"}
    found = {"vpc": {"vpc_id": "vpc-1"}, "subnets": [subnet], "rejected": [], "error": None, "tried": []}
    with pytest.raises(AssertionError):
        compare(found, None, theirs)
