# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a scenario: each calls what ``sky`` itself calls, with SkyPilot's own code. Used by driver.py.

The order and the arguments are those of backends/cloud_vm_ray_backend.py (RetryingVmProvisioner, teardown_no_lock) and
provision/provisioner.py (bulk_provision). SSH to the instances and the set-up on them are left out.
"""

from __future__ import annotations

import dataclasses
import pathlib
import subprocess
import typing as t

import sky
from sky import cloud_stores, clouds, core, global_user_state, provision, skypilot_config
from sky.backends import backend_utils, cloud_vm_ray_backend
from sky.clouds import aws as sky_aws
from sky.clouds import cloud as sky_cloud
from sky.data import storage as sky_storage
from sky.provision import common as provision_common
from sky.skylet import autostop_lib, events
from sky.utils import resources_utils, status_lib, yaml_utils

STEPS: dict[str, t.Callable[..., t.Any]] = {}


def step(function: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
    STEPS[function.__name__] = function
    return function


@dataclasses.dataclass
class Scenario:
    """What the steps of a scenario have in common: the cluster that they are about."""

    name: str = "demo"
    name_on_cloud: str = ""
    region: str = "us-east-1"
    resources: t.Any = None
    rendered: t.Any = None
    config: t.Any = None
    yaml: dict[str, t.Any] = dataclasses.field(default_factory=dict)

    @property
    def provider(self) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", self.yaml["provider"])

    @property
    def cluster_name(self) -> t.Any:
        return resources_utils.ClusterName(self.name, self.name_on_cloud)


@step
def check_compute(_: Scenario) -> None:
    """``sky check aws``, the compute half."""
    _check(sky_cloud.CloudCapability.COMPUTE)


@step
def check_storage(_: Scenario) -> None:
    """``sky check aws``, the storage half."""
    _check(sky_cloud.CloudCapability.STORAGE)


def _check(capability: t.Any) -> None:
    ok, reason = clouds.AWS.check_credentials(capability)
    if not ok:
        raise RuntimeError(reason)
    workspace = skypilot_config.get_active_workspace()
    global_user_state.set_enabled_clouds(["AWS"], capability, workspace)


@step
def quota(scenario: Scenario) -> bool:
    return bool(scenario.resources.cloud.check_quota_available(scenario.resources))


@step
def render(scenario: Scenario, *, name: str = "demo", nodes: int = 1, **resources: t.Any) -> dict[str, t.Any]:
    """Choose zone and VPC as a launch does at its first try, and write the cluster's YAML.

    ``resources`` are those of a task's YAML: ``instance_type``, ``ports``, ``use_spot``, ``network_tier``...
    """
    wanted = {"instance_type": "m6i.large", "infra": f"aws/{scenario.region}", **resources}
    scenario.name = name
    scenario.resources = sky.Resources(**wanted).assert_launchable()
    cloud = scenario.resources.cloud
    zones = next(
        cloud.zones_provision_loop(
            region=scenario.region,
            num_nodes=nodes,
            instance_type=scenario.resources.instance_type,
            use_spot=scenario.resources.use_spot,
        )
    )
    overrides = next(iter(cloud.yield_cloud_specific_failover_overrides(scenario.region)))
    wheel = pathlib.Path.home() / "wheel"
    wheel.touch()
    written = backend_utils.write_cluster_config(
        scenario.resources,
        nodes,
        "aws-ray.yml.j2",
        name,
        wheel,
        "hash",
        region=clouds.Region(scenario.region),
        zones=zones,
        cloud_specific_failover_overrides=overrides,
    )
    scenario.name_on_cloud = written["cluster_name_on_cloud"]
    scenario.yaml = global_user_state.get_cluster_yaml_dict(written["ray"])
    node_type = scenario.yaml["available_node_types"][scenario.yaml["head_node_type"]]
    scenario.rendered = provision_common.ProvisionConfig(
        provider_config=scenario.yaml["provider"],
        authentication_config=scenario.yaml["auth"],
        docker_config={},
        node_config=node_type["node_config"],
        count=nodes,
        tags={},
        resume_stopped_nodes=True,
        ports_to_open_on_launch=None,
    )
    yaml_utils.dump_yaml(str(pathlib.Path.home() / "cluster.yaml"), scenario.yaml)
    return {"provider": scenario.provider, "auth": scenario.yaml["auth"], "node": node_type["node_config"]}


@step
def bootstrap(scenario: Scenario) -> dict[str, t.Any]:
    """IAM, network and security group."""
    config = provision.bootstrap_instances("AWS", scenario.region, scenario.name_on_cloud, scenario.rendered)
    scenario.config = config
    return {key: config.node_config[key] for key in ("IamInstanceProfile", "SubnetIds", "SecurityGroupIds")}


@step
def run(scenario: Scenario) -> dict[str, t.Any]:
    record = provision.run_instances(
        "AWS", scenario.region, scenario.name, scenario.name_on_cloud, config=scenario.config
    )
    return {"created": record.created_instance_ids, "resumed": record.resumed_instance_ids}


@step
def wait(scenario: Scenario) -> None:
    provision.wait_instances("AWS", scenario.region, scenario.name_on_cloud, state=status_lib.ClusterStatus.UP)


@step
def info(scenario: Scenario) -> int:
    return len(_cluster(scenario).instances)


@step
def query(scenario: Scenario) -> list[str]:
    """The states of the instances."""
    found = provision.query_instances(
        "AWS", scenario.name, scenario.name_on_cloud, scenario.provider, non_terminated_only=True
    )
    return [status.value for status, _ in found.values()]


@step
def stop(scenario: Scenario) -> None:
    provision.stop_instances("AWS", scenario.name_on_cloud, scenario.provider)


@step
def terminate(scenario: Scenario) -> None:
    provision.terminate_instances("AWS", scenario.name_on_cloud, scenario.provider)


@step
def open_ports(scenario: Scenario) -> None:
    """What a launch does with ``ports`` once the cluster is up."""
    provision.open_ports("AWS", scenario.name_on_cloud, scenario.resources.ports, scenario.provider)


@step
def cleanup_ports(scenario: Scenario) -> None:
    """What ``sky down`` does once the instances are told to terminate, whether the cluster has ports or not."""
    provision.cleanup_ports("AWS", scenario.name_on_cloud, scenario.resources.ports or [], scenario.provider)


@step
def clone_disk(scenario: Scenario, *, target_region: str) -> None:
    """``--clone-disk-from`` this stopped cluster into another region; and the image goes as ``sky down`` removes it."""
    cloud = scenario.resources.cloud
    image = cloud.create_image_from_cluster(scenario.cluster_name, scenario.region, None)
    moved = cloud.maybe_move_image(image, scenario.region, target_region, None, None)
    cloud.delete_image(moved, target_region)


@step
def ssm(scenario: Scenario) -> None:
    """The proxy command of the cluster, run as SSH runs it; raises RuntimeError where AWS refuses it.

    That no session comes about is no error: no instance is there to answer, nor the session manager's plugin.
    """
    (address,) = _cluster(scenario).get_feasible_ips()
    command = scenario.yaml["auth"]["ssh_proxy_command"].replace("%h", address).replace("%p", "22")
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    if "AccessDenied" in done.stderr:
        raise RuntimeError(done.stderr)


def _cluster(scenario: Scenario) -> t.Any:
    return provision.get_cluster_info("AWS", scenario.region, scenario.name_on_cloud, scenario.provider)


@step
def autostop(_: Scenario, *, down: bool) -> None:
    """What skylet does on the head node once the cluster is idle; the cluster's file and some ``ray`` must be there."""
    backend = cloud_vm_ray_backend.CloudVmRayBackend.NAME
    autostop_lib.set_autostop(0, backend, autostop_lib.AutostopWaitFor.NONE, down)
    events.StopEvent()._run()


@step
def shell(_: Scenario, *, command: str) -> str:
    """A command that SkyPilot runs on an instance; raises RuntimeError with what it wrote to the standard error."""
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


@step
def storage_upload(_: Scenario, *, bucket: str) -> None:
    """A storage with a local folder as its source: makes the bucket where there is none, and uploads."""
    folder = pathlib.Path.home() / "data"
    folder.mkdir(exist_ok=True)
    (folder / "file").write_text("data")
    _store(sky_storage.Storage(name=bucket, source=str(folder)))


@step
def storage_attach(_: Scenario, *, bucket: str) -> None:
    """A bucket that is there, as the source of a mount."""
    _store(sky_storage.Storage(source=f"s3://{bucket}"))


@step
def storage_copy(_: Scenario, *, bucket: str) -> list[str]:
    """``file_mounts: {/data: s3://bucket}``, mode COPY: the look from where ``sky`` runs, the command on the node."""
    s3 = cloud_stores.S3CloudStorage()
    url = f"s3://{bucket}/"
    if not s3.is_directory(url):
        raise RuntimeError(f"{url} is no directory")
    target = pathlib.Path.home() / "copy"
    command = s3.make_sync_dir_command(url, str(target))
    subprocess.run(command, shell=True, check=True)
    return sorted(path.name for path in target.iterdir())


@step
def storage_delete(_: Scenario, *, bucket: str) -> None:
    """``sky storage delete``."""
    core.storage_delete(bucket)


def _store(storage: t.Any) -> None:
    storage.construct()
    storage.add_store(sky_storage.StoreType.S3, "us-east-1")


@step
def default_group(_: Scenario) -> str:
    """The name of the security group of clusters without ports, which depends on user and host."""
    return str(sky_aws.DEFAULT_SECURITY_GROUP_NAME)


@step
def validate_config(_: Scenario, *, path: str) -> None:
    """Check a file of settings as SkyPilot's server does; raises ValueError."""
    skypilot_config.parse_and_validate_config_file(path)
