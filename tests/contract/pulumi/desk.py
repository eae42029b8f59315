"""A shop of its own in the cloud of these tests, with the reference shop's stacks, as a person who
types commands has it.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import certifi
import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from drkit.adapters.plan_yaml import load_plan
from drkit.adapters.state_bucket import make_state_bucket
from drkit.adapters.vault import open_vault
from drkit.adapters.worlds import open_world
from drkit.model.plan import Plan
from drkit.model.record import Target
from drkit.model.step import RunKind
from drkit.ports import Context
from tests.contract.pulumi.conftest import REGION, ROOT, Site, new_key
from tests.integration.provider.cloud import Cloud, write_sandbox


@dataclass(frozen=True)
class Desk:
    """A shop that nobody has brought up yet, with the reference shop's stacks."""

    plan: Plan
    cloud: Cloud

    @property
    def file(self) -> Path:
        return self.plan.root / "drkit.yaml"

    def bring(self, *stacks: str, region: str = REGION) -> Site:
        """Really bring up stacks of a site's first generation: in ``REGION`` what a preview is
        of.
        """
        world = open_world(self.plan)
        context = Context(
            run="r1",
            kind=RunKind.REBUILD,
            plan=self.plan,
            target=Target(shop=self.plan.shop, region=region, generation=1),
            world=world,
            folder=self.plan.root,
            log=self.plan.root / "try.log",
            facts={},
            vault=open_vault(self.plan),
        )
        site = Site(context=context, cloud=self.cloud)
        for stack in stacks:
            outcome = site.bring(stack)
            assert outcome.done, outcome.failures
        return site

    def written(self) -> Any:
        """All that a preview could have changed: state with its history, cloud, and the folder."""
        s3 = self.cloud.client("s3", self.plan.outside.region)
        found = s3.list_object_versions(Bucket=self.plan.outside.state)
        objects = [(v["Key"], v["VersionId"]) for v in found.get("Versions", ())]
        objects += [(v["Key"], v["VersionId"]) for v in found.get("DeleteMarkers", ())]
        ec2 = self.cloud.client("ec2", REGION)
        vpcs = {vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"]}
        buckets = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
        root = self.plan.root
        files = sorted(str(p) for p in root.rglob("*") if "__pycache__" not in p.parts)
        stacks = sorted(str(p) for p in (ROOT / "stacks").rglob("*") if p.suffix != ".pyc")
        return sorted(objects), vpcs, buckets, files, stacks


def new_desk(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    root, shop = tmp_path / "shop", f"shop-{uuid.uuid4().hex[:8]}"
    root.mkdir()
    document = yaml.safe_load((ROOT / "drkit.yaml").read_text()) | {"shop": shop}
    document["outside"] |= {"state": f"s3://{shop}-dr", "backups": f"s3://{shop}-backup"}
    document["secrets"] = {"vault": "secrets.yml", "password": {"command": "echo sesame"}}
    (root / "drkit.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    for folder in ("stacks", "playbooks", "checks"):
        (root / folder).symlink_to(ROOT / folder)
    vault = VaultLib([("default", VaultSecret(b"sesame"))])
    held = {"pulumi_passphrase": "long enough", "ssh_key": new_key().reveal()}
    (root / "secrets.yml").write_bytes(vault.encrypt(yaml.safe_dump(held)))
    write_sandbox(tmp_path / "sandbox", cloud.url)
    state = json.loads((tmp_path / "sandbox" / "sandbox.json").read_text()) | {
        "ca": certifi.where(),
        "dns": None,
        "credentials": {"operator": {"key": "operator", "secret": "secret"}},
        "pulumi_home": str(cloud.home),
    }
    (tmp_path / "sandbox" / "sandbox.json").write_text(json.dumps(state))
    monkeypatch.setenv("DRKIT_SANDBOX", str(tmp_path / "sandbox"))
    plan = load_plan(root / "drkit.yaml")
    make_state_bucket(open_world(plan), plan)
    # as `drkit prepare` leaves it: the CLI writes this once into a bucket that it has never seen
    s3 = cloud.client("s3", plan.outside.region)
    s3.put_object(Bucket=plan.outside.state, Key=".pulumi/meta.yaml", Body=b"version: 1\n")
    return Desk(plan=plan, cloud=cloud)
