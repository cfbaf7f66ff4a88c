# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account whose names, tags, documents and errors are hostile: nothing of it is obeyed, hidden or forges a line."""

from __future__ import annotations

import itertools
import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest
import yaml

from ansible_collections.sky.aws.plugins.module_utils._text import clean
from ansible_collections.sky.aws.tests.emulator.server import Emulator
from ansible_collections.sky.aws.tests.integration.runs import Run, Runner

if t.TYPE_CHECKING:
    from ansible_collections.sky.aws.tests.reliability.ledger import Ledger

_ids = itertools.count(350000000000)
#: An image of the emulated AWS.
IMAGE = "ami-0a1b2c3d4e5f60718"

FORGED = "ok: forged"
#: What XML can carry: C1, a change of direction, what nobody sees, ends of lines, and a line of ours behind one.
HOSTILE = f"a\u202eb\x9b31mc\u200bd\u2028e\x85f\n{FORGED}"
#: JSON carries what a terminal obeys as well.
IN_JSON = f"\x1b]0;title\x07\x1b[2J\x00\r{HOSTILE}"
#: A tag of IAM's has letters, digits, some signs, and blanks of any kind, the ends of lines and paragraphs among them.
#: https://docs.aws.amazon.com/IAM/latest/APIReference/API_Tag.html
IN_IAM = f"a\u2028b\u2029{FORGED}"
MARK = "sky.aws/managed-by"


@pytest.fixture(scope="module")
def aws() -> t.Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def account(aws: Emulator) -> str:
    account = str(next(_ids))
    aws.internet(account)
    aws.clear_faults()
    return account


class Named(t.NamedTuple):
    """What the account's administrator made, in words of AWS."""

    instance: str
    subnet: str


def spoil(aws: Emulator, account: str) -> Named:
    """Give everything that is read a hostile text, wherever AWS takes one."""
    ec2, iam = aws.client("ec2", account), aws.client("iam", account)
    tags = [{"Key": f"Team{IN_IAM}", "Value": IN_IAM}, {"Key": MARK, "Value": "sky.aws\u2028"}]
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*",
                       "Condition": {"StringEquals": {"aws:ResourceTag/x": HOSTILE}}}],
    }  # fmt: skip
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Sid": HOSTILE, "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
                       "Action": "sts:AssumeRole"}],
    }  # fmt: skip
    iam.create_policy(
        PolicyName="minimal-skypilot-policy", PolicyDocument=json.dumps(document), Description=HOSTILE, Tags=tags
    )
    iam.create_user(UserName="alice", Tags=tags)
    iam.put_user_policy(UserName="alice", PolicyName="mine", PolicyDocument=json.dumps(document))
    iam.create_role(RoleName="skypilot-v1", AssumeRolePolicyDocument=json.dumps(trust), Description=HOSTILE, Tags=tags)
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]]
    ec2.create_tags(
        Resources=[vpc, *subnets], Tags=[{"Key": "Name", "Value": HOSTILE}, {"Key": HOSTILE, "Value": HOSTILE}]
    )
    cluster = [{"Key": "Name", "Value": "box"}, {"Key": "skypilot-cluster-name", "Value": HOSTILE},
               {"Key": "skypilot-user", "Value": HOSTILE}]  # fmt: skip
    launched = ec2.run_instances(
        ImageId=IMAGE, MinCount=1, MaxCount=1, SubnetId=subnets[0],
        TagSpecifications=[{"ResourceType": "instance", "Tags": cluster}],
    )  # fmt: skip
    return Named(launched["Instances"][0]["InstanceId"], subnets[0])


def host(account: str, **variables: t.Any) -> dict[str, t.Any]:
    return {"sky_account_id": account, "sky_users_present": [{"name": "alice"}], **variables}


def check(run: Run, folder: pathlib.Path, ledger: Ledger, what: str) -> None:
    """Nothing of it is in what the run showed, handed on, logged and wrote."""
    ours = [result for _, action, result in run.results if action.startswith("sky.aws.")]
    assert ours
    for result in ours:
        for text in (*str(result.pop("msg", "")).split("\n"), *result.pop("warnings", [])):
            assert clean(text) == text
        result.pop("exception", None)
        assert clean(result) == result
    outcome = json.loads((folder / "outcome.json").read_text())
    messages = [account["failure"]["message"] for account in outcome["accounts"].values() if account["failure"]]
    shown = [run.stdout, (folder / "ansible.log").read_text(), *messages]
    events = [json.loads(path.read_text())["stdout"] for path in (run.folder / "artifacts").rglob("job_events/*.json")]
    for text in (*shown, *events):
        lines = [line.expandtabs() for line in text.replace("\r\n", "\n").split("\n")]
        assert [line for line in lines if clean(line) != line] == []
        assert [line for line in lines if line.strip().startswith(FORGED)] == []
    for account in outcome["accounts"].values():
        del account["failure"]
    assert clean(outcome) == outcome
    assert "\\u202e" in run.stdout, "the test has shown nothing"
    ledger.note("control characters", what, good=True)


def settings(folder: pathlib.Path, callback: str = "ANSIBLE_CALLBACKS_ENABLED=sky.aws.outcome") -> dict[str, str]:
    """A log, an outcome, and no colours, which are control characters of Ansible's own."""
    return {
        "ANSIBLE_NOCOLOR": "true",
        "ANSIBLE_LOG_PATH": str(folder / "ansible.log"),
        "SKY_OUTCOME_FILE": str(folder / "outcome.json"),
        **dict([callback.split("=")]),
    }


@pytest.mark.parametrize("mode", [[], ["--check"]], ids=["run", "check"])
def test_an_account_that_is_onboarded(
    aws: Emulator, account: str, tmp_path: pathlib.Path, ledger: Ledger, mode: list[str]
) -> None:
    spoil(aws, account)
    run = Runner(aws.url, tmp_path).onboard(
        {"ml": host(account)}, "-vvv", "--diff", *mode, environment=settings(tmp_path)
    )
    assert run.rc == 0, run.stdout
    check(run, tmp_path, ledger, f"names, tags and documents of an account, {mode or 'run'}")
    if not mode:
        # What was compared and sent back is as it was, to the byte.
        tags = {tag["Key"]: tag["Value"] for tag in aws.client("iam", account).list_user_tags(UserName="alice")["Tags"]}
        assert tags == {f"Team{IN_IAM}": IN_IAM, MARK: "sky.aws\u2028"}
        assert [drift for result in run.of("ml", "sky_user") for drift in result["drift"]]


def test_a_mark_that_only_looks_like_ours_is_foreign(aws: Emulator, account: str, tmp_path: pathlib.Path) -> None:
    spoil(aws, account)
    variables = {"sky_policy_existing": "fail", "sky_users_present": [], "sky_instance_role_state": "unmanaged"}
    run = Runner(aws.url, tmp_path).onboard({"ml": host(account, **variables)})
    assert run.rc == 2
    assert f"was not made by this collection (no tag {MARK}=sky.aws)" in run.message("ml")


@pytest.mark.parametrize("invisible", ["\u200b", "\u202e", "\n", "\x9b"])
def test_a_name_that_only_looks_like_ours_is_another(
    aws: Emulator, account: str, tmp_path: pathlib.Path, ledger: Ledger, invisible: str
) -> None:
    """The instance is left alone, and the VPC is not found."""
    ec2 = aws.client("ec2", account)
    tags = [{"Key": "Name", "Value": f"box{invisible}"}, {"Key": MARK, "Value": "sky.aws"}]
    kind = {"ResourceType": "instance", "Tags": tags}
    foreign = ec2.run_instances(
        ImageId=IMAGE, MinCount=1, MaxCount=1, TagSpecifications=[kind], ClientToken="sky-aws-forged"
    )
    foreign_id = foreign["Instances"][0]["InstanceId"]
    runner = Runner(aws.url, tmp_path)
    declared = host(account, sky_instances_present=[{"name": "box", "image_id": IMAGE}])
    run = runner.onboard({"ml": declared}, "--tags", "sky_policy,sky_instance_role,sky_instances")
    assert run.rc == 0, run.stdout
    made = run.of("ml", "sky_instance")[0]["instance"]
    assert made["instance_id"] != foreign_id
    assert runner.onboard({"ml": host(account, sky_instances_absent=["box"])}, "--tags", "sky_instances").rc == 0
    described = ec2.describe_instances(InstanceIds=[foreign_id])["Reservations"][0]["Instances"][0]
    assert (described["State"]["Name"], described["Tags"]) == ("running", foreign["Instances"][0]["Tags"])
    ec2.create_tags(
        Resources=[ec2.describe_vpcs()["Vpcs"][0]["VpcId"]], Tags=[{"Key": "Name", "Value": f"lab{invisible}"}]
    )
    run = runner.onboard({"ml": host(account, sky_network_vpc_names=["lab"])}, "--tags", "sky_network")
    assert "No VPC with name 'lab' is found" in run.message("ml")
    ledger.note("control characters", f"names that differ from ours by {invisible!a} are foreign", good=True)


def test_an_instance_of_a_hostile_cluster(aws: Emulator, account: str, tmp_path: pathlib.Path, ledger: Ledger) -> None:
    spoil(aws, account)
    declared = host(account, sky_instances_present=[{"name": "box", "image_id": IMAGE}])
    runner = Runner(aws.url, tmp_path)
    run = runner.onboard({"ml": declared}, "-vvv", "--tags", "sky_instances", environment=settings(tmp_path))
    assert run.rc == 2, run.stdout
    assert "it belongs to SkyPilot's cluster a\\u202eb\\x9b31mc" in run.message("ml")
    check(run, tmp_path, ledger, "tags of an instance in an error")


@pytest.mark.parametrize("api", ["iam:GetPolicy", "iam:CreatePolicy", "ec2:DescribeVpcs", "iam:GetUser"])
def test_an_error_of_aws(aws: Emulator, account: str, tmp_path: pathlib.Path, ledger: Ledger, api: str) -> None:
    aws.fault(api, "AccessDenied", HOSTILE, status=403, account=account)
    runner = Runner(aws.url, tmp_path)
    run = runner.onboard({"ml": host(account)}, "-vvv", environment=settings(tmp_path))
    assert run.rc == 2, run.stdout
    check(run, tmp_path, ledger, f"the text of an error, {api}")


def test_a_secret_of_others(aws: Emulator, account: str, tmp_path: pathlib.Path, ledger: Ledger) -> None:
    """Secrets Manager answers in JSON, which carries every character."""
    tags = [{"Key": MARK, "Value": "sky.aws"}, {"Key": "sky.aws/user", "Value": IN_JSON}]
    aws.client("secretsmanager", account).create_secret(
        Name="sky/alice", SecretString="x", Description=IN_JSON, Tags=tags
    )
    declared = host(account, sky_users_present=[{"name": "alice", "access_key_delivery": {"secret": "sky/alice"}}])
    run = Runner(aws.url, tmp_path).onboard({"ml": declared}, "-vvv", environment=settings(tmp_path))
    assert run.rc == 2, run.stdout
    assert "is for the key of another user" in run.message("ml")
    check(run, tmp_path, ledger, "the tag of a secret in an error")


def test_what_is_left_at_the_end(aws: Emulator, account: str, tmp_path: pathlib.Path, ledger: Ledger) -> None:
    named = spoil(aws, account)
    ec2 = aws.client("ec2", account)
    ec2.delete_tags(Resources=[named.instance], Tags=[{"Key": "skypilot-cluster-name"}])
    ec2.create_tags(
        Resources=[named.instance], Tags=[{"Key": MARK, "Value": "sky.aws\u200b"}, {"Key": "Name", "Value": HOSTILE}]
    )
    run = Runner(aws.url, tmp_path).play(
        "sky.aws.offboard",
        {"ml": host(account, sky_offboard_regions=["us-east-1"])},
        "-vvv",
        extra={"sky_offboard_confirm": account},
        environment=settings(tmp_path),
    )
    assert run.rc == 0, run.stdout
    left = [part for result in run.of("ml", "sky_offboard") for part in result["left"]]
    assert [part["reason"] for part in left if part["type"] == "instance" and "looks like" in part["reason"]]
    check(run, tmp_path, ledger, "names of what an offboarding leaves")


def test_a_rollout(aws: Emulator, account: str, tmp_path: pathlib.Path, ledger: Ledger) -> None:
    spoil(aws, account)
    other = str(next(_ids))
    aws.internet(other)
    aws.fault("iam:GetPolicy", "AccessDenied", HOSTILE, status=403, account=other)
    shown = settings(tmp_path, "ANSIBLE_STDOUT_CALLBACK=sky.aws.rollout")
    run = Runner(aws.url, tmp_path).onboard({"ml": host(account), "bad": host(other)}, environment=shown)
    assert run.rc == 2, run.stdout
    check(run, tmp_path, ledger, "the screen of a rollout")


def test_an_organization(aws: Emulator, tmp_path: pathlib.Path, ledger: Ledger) -> None:
    """Names of hosts and groups, warnings and errors; the variables are what AWS has."""
    one, two = str(next(_ids)), str(next(_ids))
    accounts = [
        {"name": IN_JSON, "unit": IN_JSON.replace("/", ""), "id": one, "tags": {"team": IN_JSON}},
        {"name": IN_JSON.upper(), "unit": IN_JSON.replace("/", ""), "id": two, "tags": {"team": IN_JSON}},
    ]
    aws.organization(aws.management_account, accounts)
    path = tmp_path / "all.sky_accounts.yml"
    options = {"plugin": "sky.aws.sky_accounts", "account_id": aws.management_account, "region": "us-east-1",
               "tag_groups": ["team"], "keyed_groups": [{"key": "sky_account_name", "prefix": "named"}]}  # fmt: skip
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ANSIBLE_"))}
    environment = {**kept, **Runner(aws.url, tmp_path).environment, "ANSIBLE_NOCOLOR": "1"}

    def asked(*arguments: str, **more: t.Any) -> str:
        path.write_text(yaml.safe_dump({**options, **more}))
        command = [str(pathlib.Path(sys.executable).with_name("ansible-inventory")), "-i", str(path), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        return done.stdout + done.stderr

    texts = [asked("--graph"), asked("--graph", "-vvv", include_units=[f"{IN_JSON}x"])]
    assert f"a-b-31mc-d-e-f-ok-forged-{one}" in texts[0]
    assert "share the host name" in texts[0]
    assert "there is no such unit" in texts[1]
    for text in texts:
        assert [line for line in text.split("\n") if clean(line) != line or line.strip().startswith(FORGED)] == []
    ledger.note("control characters", "names of accounts, units and tags in an inventory", good=True)
