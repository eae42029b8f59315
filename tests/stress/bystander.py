"""Somebody else's shop in the region that is validated: a Pulumi stack of the same account, whose
state lies beside the shop's, and a bucket with files. Its tags say all that a copy's do but one: it
is no validation's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from drkit.adapters.plan_yaml import load_plan
from drkit.adapters.pulumi_operation import create_or_select
from drkit.adapters.pulumi_workspace import backend_of, open_workspace
from drkit.adapters.vault import open_vault
from drkit.adapters.worlds import open_world
from tests.e2e.desk import Desk
from tests.e2e.witnesses import OUTSIDE, STATE
from tests.sdk import load_whole

PROJECT, STACK, BUCKET = "kiosk", "prod", "kiosk-files"
_PROGRAM = """
import json
import pulumi
from pulumi_aws import ec2, s3
from pulumi_aws.provider import Provider

config = pulumi.Config()
tags = config.require_object("tags")
aws = Provider("aws", region=pulumi.Config("aws").require("region"), default_tags={"tags": tags})
made_by = pulumi.ResourceOptions(provider=aws)
vpc = ec2.Vpc("vpc", cidr_block="10.77.0.0/16", opts=made_by)
subnet = ec2.Subnet("subnet", vpc_id=vpc.id, cidr_block="10.77.0.0/20", opts=made_by)
group = ec2.SecurityGroup("group", vpc_id=vpc.id, description="kiosk", opts=made_by)
login = ec2.KeyPair(
    "login", key_name="kiosk", public_key=config.require("publicKey"), opts=made_by
)
image = ec2.get_ami(
    most_recent=True,
    owners=["self"],
    filters=[ec2.GetAmiFilterArgs(name="name", values=["shop-12"])],
    opts=pulumi.InvokeOptions(provider=aws),
)
ec2.Instance(
    "till",
    ami=image.id,
    instance_type="t3.small",
    subnet_id=subnet.id,
    vpc_security_group_ids=[group.id],
    key_name=login.key_name,
    user_data="#cloud-config\\n" + json.dumps({"hostname": "till"}),
    opts=made_by,
)
s3.Bucket("files", bucket=config.require("bucket"), opts=made_by)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bystander:
    """It is there, in ``region``."""

    desk: Desk
    region: str

    def bytes_of_all(self) -> Mapping[str, bytes]:
        """What it keeps: its files, and every object of its stack's state."""
        found = {}
        for place, bucket, prefix in (
            (self.region, BUCKET, ""),
            (OUTSIDE, STATE, f".pulumi/stacks/{PROJECT}/"),
        ):
            s3 = self.desk.sandbox.client("s3", place)
            for each in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", []):
                body = s3.get_object(Bucket=bucket, Key=each["Key"])["Body"]
                found[f"{bucket}/{each['Key']}"] = bytes(body.read())
        return found


@contextmanager
def as_operator(desk: Desk) -> Iterator[None]:
    """This process is at the desk: it finds the desk's programs and its sandbox."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DRKIT_SANDBOX", "PATH"):
            patch.setenv(name, desk.environment[name])
        patch.chdir(desk.root)
        yield


def settle_in(desk: Desk, region: str) -> Bystander:
    """Bring it up in ``region``."""
    folder = desk.root / PROJECT
    folder.mkdir()
    (folder / "__main__.py").write_text(_PROGRAM)
    (folder / "Pulumi.yaml").write_text(f"name: {PROJECT}\nruntime: python\n")
    tags = {"shop": "boutique", "site": region, "generation": "1", "kind": "site"}
    settings = {
        "aws:region": region,
        "bucket": BUCKET,
        "tags": json.dumps(tags),
        "publicKey": (desk.root / "login.pub").read_text().strip(),
    }
    load_whole("ec2", "s3")
    with as_operator(desk):
        plan = load_plan(desk.root / "drkit.yaml")
        backend = backend_of(plan, open_world(plan), open_vault(plan))
        with open_workspace(folder, backend, stack=STACK, settings=settings) as opened:
            stack, _ = create_or_select(opened, STACK)
            stack.up(color="never", suppress_progress=True)
    found = Bystander(desk=desk, region=region)
    files: Any = desk.sandbox.client("s3", region)
    for name in ("till.db", "photos/1"):
        files.put_object(Bucket=BUCKET, Key=name, Body=os.urandom(4096))
    return found
