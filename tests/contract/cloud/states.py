"""States of stacks as Pulumi 3.259 writes them; test_shop_stacks.py reads one of the CLI itself."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping

from drkit.adapters.cloud import client
from drkit.ports import World

TYPES = {"instances": "aws:ec2/instance:Instance", "addresses": "aws:ec2/eip:Eip"}


def write_state(
    world: World,
    project: str,
    stack: str,
    *,
    instances: Mapping[str, str] | None = None,
    addresses: tuple[str, ...] = (),
    zipped: bool = False,
) -> None:
    hosts = [
        {
            "type": TYPES["instances"],
            "urn": f"urn:{name}",
            "id": name,
            "inputs": {"instanceType": kind},
        }
        for name, kind in (instances or {}).items()
    ]
    others = [
        {"type": TYPES["addresses"], "urn": f"urn:{name}", "id": name, "inputs": {}}
        for name in addresses
    ]
    root = {"type": "pulumi:pulumi:Stack", "urn": "urn:x"}
    checkpoint = {
        "stack": f"organization/{project}/{stack}",
        "latest": {"resources": [root, *hosts, *others]},
    }
    body = json.dumps({"version": 3, "checkpoint": checkpoint}).encode()
    client(world, "s3", "eu-north-1").put_object(
        Bucket="corner-dr",
        Key=f".pulumi/stacks/{project}/{stack}.json{'.gz' if zipped else ''}",
        Body=gzip.compress(body) if zipped else body,
    )
