# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""demo/aws.py: start, stop, status and env, and what the seeding leaves in the accounts."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import time

import pytest
from botocore.exceptions import ClientError

from ansible_collections.sky.aws.demo import launch, seed

AWS = launch.REPO / "demo" / "aws.py"
PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"


def demo(folder, *arguments, **environ):
    command = [sys.executable, str(AWS), "--state-dir", str(folder), *arguments]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, **environ},
        check=False,
    )


def state(folder):
    return json.loads((folder / "aws.json").read_text())


def lives(pid):
    try:
        return b"demo.server" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo folder") / ".demo"  # with a space
    # What a user may have set must not turn the server aside.
    started = demo(
        folder,
        "start",
        MOTO_ACCOUNT_ID="999999999999",
        AWS_PROFILE="missing",
        HTTP_PROXY="http://127.0.0.1:9",
    )
    assert started.returncode == 0, started.stderr
    yield folder
    demo(folder, "stop")


@pytest.fixture(scope="module")
def cloud(folder):
    return seed.Cloud(state(folder)["endpoint"])


@pytest.fixture(scope="module")
def account(cloud):
    """A client in an account of the inventory: account("genomics", "ec2")."""
    ids = {name: number for accounts in seed.read_inventory().values() for name, number in accounts.items()}
    return lambda name, service, region="us-east-1": cloud.client(service, region, cloud.assume(ids[name]))


def test_a_second_start_says_that_it_runs(folder):
    before = state(folder)
    again = demo(folder, "start")
    assert (again.returncode, state(folder)) == (0, before)
    assert f"runs already: {before['endpoint']}" in again.stdout
    assert before["endpoint"].startswith("http://127.0.0.1:")


def test_status_counts_calls_and_writes(folder, account):
    (folder / "calls.jsonl").write_text("")
    account("workshop", "iam").list_users()
    assert "2 API calls, 0 of them writes" in demo(folder, "status").stdout
    account("workshop", "iam").create_group(GroupName="guests")
    assert "4 API calls, 1 of them writes" in demo(folder, "status").stdout
    line = json.loads((folder / "calls.jsonl").read_text().splitlines()[-1])
    assert (line["account"], line["api"], line["target"]) == (
        "504573797903",
        "iam:CreateGroup",
        "guests",
    )


@pytest.mark.parametrize("target", ["onboard", "check"])
def test_make_runs_the_playbook_with_the_settings_of_the_demo(target):
    recipe = subprocess.run(["make", "-n", target], cwd=launch.REPO, capture_output=True, text=True, check=True).stdout
    [run] = [line for line in recipe.splitlines() if "ansible-playbook" in line]
    assert " ANSIBLE_CONFIG=demo/ansible.cfg ansible-playbook sky.aws.onboard -i demo/inventory" in run
    assert ("--check --diff" in run) is (target == "check")


def test_a_persons_own_ansible_cfg_does_not_reach_the_demo(folder, tmp_path):
    (tmp_path / ".ansible.cfg").write_text("[defaults]\nstdout_callback = minimal\nforks = none at all\n")
    playbook = "ansible playbook sky.aws.onboard -i demo/inventory --limit sandbox --check"
    own = {
        "HOME": str(tmp_path),
        "ANSIBLE_HOME": str(tmp_path / "ansible"),
        "ANSIBLE_CONFIG": "demo/ansible.cfg",
        "SKY_OUTCOME_FILE": str(tmp_path / "rollout.json"),
    }
    done = subprocess.run(
        ["sh", "-c", f'eval "$1" && exec "{sys.executable}" -m {playbook}', "sh", demo(folder, "env").stdout],
        cwd=launch.REPO,
        capture_output=True,
        text=True,
        env={**os.environ, **own},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "2 accounts: 2 to change" in done.stdout
    assert json.loads((tmp_path / "rollout.json").read_text())["check_mode"]


def test_env_replaces_the_users_own_settings(folder):
    own = {
        "AWS_PROFILE": "work",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "NO_PROXY": "intern.example",
    }
    code = (
        "import os, botocore.session as b; print(b.Session().create_client('sts').get_caller_identity()['Account'],"
        " os.environ['NO_PROXY'], 'AWS_PROFILE' in os.environ)"
    )
    shell = f'eval "$1" && exec "{sys.executable}" -c "$2"'
    settings = demo(folder, "env", **own).stdout
    done = subprocess.run(
        ["sh", "-c", shell, "sh", settings, code],
        capture_output=True,
        text=True,
        env={**os.environ, **own},
        check=False,
    )
    assert done.stdout.split() == [
        "123456789012",
        "intern.example,127.0.0.1",
        "False",
    ], done.stderr


def test_the_organization_is_that_of_the_inventory(cloud):
    organizations = cloud.client("organizations")
    root = organizations.list_roots()["Roots"][0]["Id"]
    units = organizations.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"]
    found = {
        unit["Name"]: {
            account["Name"]: account["Id"]
            for account in organizations.list_accounts_for_parent(ParentId=unit["Id"])["Accounts"]
        }
        for unit in units
    }
    assert found == seed.read_inventory()
    assert sorted(len(accounts) for accounts in found.values()) == [2, 2, 2]
    assert any(number.startswith("0") for accounts in found.values() for number in accounts.values())


def vpcs(ec2):
    """{name or "default": [GatewayIds of all routes]}"""
    found = {}
    for vpc in ec2.describe_vpcs()["Vpcs"]:
        name = next((tag["Value"] for tag in vpc.get("Tags", []) if tag["Key"] == "Name"), None)
        tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["RouteTables"]
        gateways = [route.get("GatewayId", "") for table in tables for route in table["Routes"]]
        found["default" if vpc["IsDefault"] else name] = [gateway for gateway in gateways if gateway.startswith("igw-")]
    return found


@pytest.mark.parametrize("name", ["imaging", "training", "serving", "workshop", "hackathon"])
def test_a_default_vpc_leads_to_the_internet(account, name):
    found = vpcs(account(name, "ec2"))
    assert list(found) == ["default"]
    assert len(found["default"]) == 1


def test_one_region_has_no_default_vpc(account):
    assert vpcs(account("serving", "ec2", "eu-central-1")) == {}


def test_the_private_vpc(account):
    ec2 = account("genomics", "ec2")
    assert vpcs(ec2) == {"research-private": []}
    subnets = ec2.describe_subnets()["Subnets"]
    assert len({subnet["AvailabilityZone"] for subnet in subnets}) == 2
    kinds = {(subnet["State"], subnet["MapPublicIpOnLaunch"], subnet["DefaultForAz"]) for subnet in subnets}
    assert kinds == {("available", False, False)}


def test_the_role_is_that_of_skypilot(account):
    iam = account("training", "iam")
    profile = iam.get_instance_profile(InstanceProfileName="skypilot-v1")["InstanceProfile"]
    role = iam.get_role(RoleName="skypilot-v1")["Role"]
    assert [member["RoleName"] for member in profile["Roles"]] == ["skypilot-v1"]
    assert role["AssumeRolePolicyDocument"] == {
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ]
    }
    assert (role["Path"], role.get("Tags", []), role.get("PermissionsBoundary")) == (
        "/",
        [],
        None,
    )
    attached = iam.list_attached_role_policies(RoleName="skypilot-v1")["AttachedPolicies"]
    assert sorted(policy["PolicyName"] for policy in attached) == [
        "AmazonEC2FullAccess",
        "AmazonS3FullAccess",
    ]
    inline = iam.get_role_policy(RoleName="skypilot-v1", PolicyName="SkyPilotPassRolePolicy")["PolicyDocument"]
    assert [statement["Resource"] for statement in inline["Statement"]] == [
        role["Arn"],
        profile["Arn"],
    ]


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_the_image_of_the_parameter_and_the_own_one_can_be_launched(account, region):
    image = account("hackathon", "ssm", region).get_parameter(Name=PARAMETER)["Parameter"]["Value"]
    for image_id in (image, "ami-0a1b2c3d4e5f60718"):
        with pytest.raises(ClientError, match="DryRunOperation"):
            account("hackathon", "ec2", region).run_instances(
                ImageId=image_id,
                InstanceType="t3.micro",
                MinCount=1,
                MaxCount=1,
                DryRun=True,
            )


def test_stop_ends_the_server_and_removes_everything(tmp_path):
    folder = tmp_path / ".demo"
    process = kill_half_way(folder)
    (folder / "keys").mkdir()
    (folder / "keys" / "imaging").write_text("secret")
    stopped = demo(folder, "stop")
    assert "stopped and removed" in stopped.stdout, stopped.stderr
    assert not folder.exists()
    assert not lives(process)
    assert "did not run" in demo(folder, "stop").stdout


def kill_half_way(folder):
    """SIGKILL a start while it is seeding; the pid of the server it leaves behind."""
    with subprocess.Popen([sys.executable, str(AWS), "--state-dir", str(folder), "start"]) as starting:
        for _ in range(6000):
            if (folder / "calls.jsonl").exists() and len((folder / "calls.jsonl").read_text().splitlines()) > 3:
                break
            time.sleep(0.01)
        starting.kill()
    left = state(folder)
    assert not left["seeded"]
    assert lives(left["pid"])
    return left["pid"]


def test_a_start_killed_half_way_does_not_look_seeded_and_is_replaced(tmp_path):
    folder = tmp_path / ".demo"
    left = kill_half_way(folder)
    assert demo(folder, "status").returncode == 1
    assert demo(folder, "env").stdout == ""
    try:
        assert demo(folder, "start").returncode == 0
        assert state(folder)["pid"] != left
        assert not lives(left)
        assert demo(folder, "status").returncode == 0
    finally:
        demo(folder, "stop")


def test_a_process_that_took_over_the_pid_is_not_killed(tmp_path):
    folder = tmp_path / ".demo"
    folder.mkdir()
    with subprocess.Popen(["sleep", "600"]) as stranger:
        stale = {
            "pid": stranger.pid,
            "endpoint": "http://127.0.0.1:9",
            "started": "2026-01-01",
            "seeded": True,
        }
        (folder / "aws.json").write_text(json.dumps(stale))
        assert "does not run" in demo(folder, "status").stderr
        assert "did not run" in demo(folder, "stop").stdout
        assert stranger.poll() is None
        stranger.kill()
    assert not folder.exists()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"pid": 1}',
        '{"pid": "x", "endpoint": "", "started": "", "seeded": true}',
    ],
)
def test_a_broken_state_file_is_that_of_no_server(tmp_path, text):
    (tmp_path / "aws.json").write_text(text)
    status = demo(tmp_path, "status")
    assert (status.returncode, status.stderr.count("\n")) == (1, 1)
    assert demo(tmp_path, "stop").returncode == 0
    assert not tmp_path.exists()


@pytest.mark.parametrize("command", ["start", "stop"])
def test_a_folder_of_somebody_else_is_left_alone(tmp_path, command):
    (tmp_path / "thesis.tex").write_text("text")
    refused = demo(tmp_path, command)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "not the demo's" in refused.stderr
    assert (tmp_path / "thesis.tex").read_text() == "text"


def test_a_server_that_dies_at_start_shows_its_log(tmp_path):
    (tmp_path / "flask.py").write_text("raise ImportError('a broken flask')")
    failed = demo(tmp_path / ".demo", "start", PYTHONPATH=str(tmp_path))
    assert failed.returncode == 1
    assert "ImportError: a broken flask" in failed.stderr
    assert "Traceback" not in failed.stderr.splitlines()[0]


def test_without_moto_the_error_says_what_to_install(tmp_path):
    command = [
        sys.executable,
        "-S",
        str(AWS),
        "--state-dir",
        str(tmp_path / ".demo"),
        "start",
    ]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    failed = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)
    assert (failed.returncode, failed.stderr.count("\n")) == (1, 1)
    assert "pip install -r demo/requirements.txt" in failed.stderr
