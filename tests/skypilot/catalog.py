# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SkyPilot's catalog of instance types, images and quotas, which it downloads: a few lines of it, with images of ours.

The columns are those that catalog/aws_catalog.py and catalog/common.py of SkyPilot read. Without checksums
beside them SkyPilot takes the files as the user's own and never fetches others.
"""

from __future__ import annotations

import csv
import hashlib
import pathlib

#: constants.CATALOG_SCHEMA_VERSION of SkyPilot.
FOLDER = ".sky/catalogs/v8/aws"
#: Name, vCPUs, GiB, GPU, GPUs, network interfaces that speak EFA.
TYPES = (
    ("m6i.large", 2, 8, "", "", ""),
    ("m6i.2xlarge", 8, 32, "", "", ""),
    ("p4d.24xlarge", 96, 1152, "A100", 8, 4),
)
REGIONS = {"us-east-1": "use1", "us-west-2": "usw2"}
IMAGES = ("skypilot:custom-cpu-ubuntu", "skypilot:custom-gpu-ubuntu-cuda13", "skypilot:custom-gpu-ubuntu")
#: Quotas of EC2: on demand and spot, standard and P instances.
QUOTAS = (("m6i.large", "L-1216C47A", "L-34B43A08"), ("p4d.24xlarge", "L-417A185B", "L-7212CCBC"))

VMS = (
    "InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,Price,SpotPrice,Region,AvailabilityZone,"
    "Arch,LocalDiskType,NVMeSupported,LocalDiskSize,LocalDiskCount,MaximumEfaInterfaces"
)


def write_catalog(home: pathlib.Path, image: str) -> None:
    """Write the catalog under ``home``; every image of SkyPilot's is ``image``."""
    folder = home / FOLDER
    folder.mkdir(parents=True)
    vms = [
        [name, gpu, gpus, cpus, memory, "", 1, 0.5, region, f"{zone}-az{number}", "x86_64", "", "", "", "", efa]
        for name, cpus, memory, gpu, gpus, efa in TYPES
        for region, zone in REGIONS.items()
        for number in range(1, 7)
    ]
    images = [[tag, region, "ubuntu", "22.04", image, "20250101", ""] for tag in IMAGES for region in REGIONS]
    _write(folder / "vms.csv", VMS, vms)
    _write(folder / "images.csv", "Tag,Region,OS,OSVersion,ImageId,CreationDate,BaseImageId", images)
    _write(
        folder / "instance_quota_mapping.csv",
        "InstanceType,OnDemandInstanceCode,SpotInstanceCode",
        [list(row) for row in QUOTAS],
    )


def write_zones(home: pathlib.Path, user_id: str, zones: list[tuple[str, str]]) -> None:
    """Write what the first ``sky check`` of a user finds, the names of the account's zones by their ids.

    It takes a call in each of 23 regions, and moto 2 seconds. (catalog/aws_catalog.py:94-122)
    """
    digest = hashlib.md5(user_id.encode(), usedforsecurity=False).hexdigest()[:8]
    path = home / FOLDER / f"az_mappings-{digest}.csv"
    _write(path, "AvailabilityZoneName,AvailabilityZone", [list(zone) for zone in zones])


def _write(path: pathlib.Path, header: str, rows: list[list[object]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header.split(","), *rows])
