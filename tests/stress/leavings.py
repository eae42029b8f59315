"""What a validation could leave behind, looked for by others than drkit: in the API of the cloud,
in podman, the kernel's routes and rules, the buckets outside, and this machine's temporary files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from drkit.adapters.pulumi_settings import VALIDATION
from tests.e2e.desk import Desk
from tests.e2e.witnesses import OUTSIDE, STATE, resources_in
from tests.integration.sandbox.lab import eventually
from tests.integration.sandbox.test_life import said

_BACKUPS = "boutique-backup"
_OURS = ("--filter", "label=drkit.sandbox=1")
_RANGE = "10.6", "10.7"
"""Beginnings of the addresses of all sites of a sandbox, 10.64.0.0/12."""


def stands(desk: Desk, region: str) -> Mapping[str, Any]:
    """All of it that is there now, comparable with another moment's."""
    return {
        **_in_cloud(desk, region),
        **_on_machine(),
        "temporary files": sorted(path.name for path in temporary(desk).iterdir()),
        "outside": _outside(desk, region),
        "copies": _tagged(desk, region),
    }


def temporary(desk: Desk) -> Path:
    """Where the commands of the desk put temporary files."""
    return Path(desk.environment["TMPDIR"])


def nothing_new(desk: Desk, region: str, before: Mapping[str, Any]) -> None:
    """Fails unless all is as ``before``, byte for byte, within half a minute."""
    seen: dict[str, Any] = {}

    def same() -> bool:
        seen.clear()
        seen.update(stands(desk, region))
        return seen == before

    with suppress(AssertionError):
        eventually(same, within=timedelta(seconds=30))
    other = [kind for kind in {**before, **seen} if seen.get(kind) != before.get(kind)]
    told = {kind: {"was": before.get(kind), "is": seen.get(kind)} for kind in other}
    assert not other, f"not as before: {json.dumps(told, indent=1, default=str)}"


def _in_cloud(desk: Desk, region: str) -> Mapping[str, Any]:
    """Every resource as the API describes it, so that one that was changed shows as well."""
    ec2 = desk.sandbox.client("ec2", region)
    found = resources_in(desk.sandbox, region)
    gateways = ec2.describe_nat_gateways()["NatGateways"]
    # moto 5.2.5 keeps the interface of a NAT gateway that is gone, and so is its VPC
    vpcs = {vpc["VpcId"] for vpc in found.get("vpcs", [])}
    interfaces = ec2.describe_network_interfaces()["NetworkInterfaces"]
    return {
        **found,
        "route tables": ec2.describe_route_tables()["RouteTables"],
        "interfaces": [each for each in interfaces if each["VpcId"] in vpcs],
        "volumes": ec2.describe_volumes()["Volumes"],
        "NAT gateways": [each for each in gateways if each["State"] != "deleted"],
    }


def _tagged(desk: Desk, region: str) -> list[str]:
    """What is tagged as a validation's; an instance or gateway stays listed when it is gone."""
    tagging = desk.sandbox.client("resourcegroupstaggingapi", region)
    pages = tagging.get_paginator("get_resources").paginate(
        TagFilters=[{"Key": "kind", "Values": [VALIDATION]}]
    )
    found = [each["ResourceARN"] for page in pages for each in page["ResourceTagMappingList"]]
    return sorted(arn for arn in found if not arn.split(":")[5].startswith(("instance", "natg")))


def _outside(desk: Desk, region: str) -> list[str]:
    """What is kept of generations and their stacks, and the locks on any stack."""
    s3 = desk.sandbox.client("s3", OUTSIDE)
    pages = s3.get_paginator("list_objects_v2")
    keys = [
        f"{bucket}/{each['Key']}"
        for bucket in (STATE, _BACKUPS)
        for page in pages.paginate(Bucket=bucket)
        for each in page.get("Contents", [])
    ]
    words = (f"{region}.g", f"generations/{region}/", "/.pulumi/locks/")
    return sorted(key for key in keys if any(word in key for word in words))


def _on_machine() -> Mapping[str, Any]:
    routes = json.loads("".join(said("ip", "-json", "route", "show", "table", "all")))
    return {
        "containers": sorted(said("podman", "ps", "--all", *_OURS, "--format", "{{.Names}}")),
        "networks": sorted(said("podman", "network", "ls", *_OURS, "--format", "{{.Name}}")),
        "pods' volumes": sorted(said("podman", "volume", "ls", *_OURS, "--format", "{{.Name}}")),
        "routes": sorted(each["dst"] for each in routes if each["dst"].startswith(_RANGE)),
        "rules": sorted(line for line in said("iptables-save") if "DRKIT" in line and "-A" in line),
    }
