"""``drkit plan --preview``: what Pulumi would do to a site, asked of it, and nothing done."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import certifi
import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from click.testing import CliRunner

from drkit.adapters.plan_yaml import load_plan
from drkit.adapters.state_bucket import make_state_bucket
from drkit.adapters.vault import open_vault
from drkit.adapters.worlds import open_world
from drkit.cli import cli
from drkit.model.plan import Plan
from drkit.model.record import Target
from drkit.model.step import RunKind
from drkit.ports import Context
from drkit.previewing import preview_stacks
from tests.contract.pulumi.conftest import REGION, ROOT, Site, new_key
from tests.integration.provider.cloud import Cloud, write_sandbox

NEW = re.compile(r"([1-9]\d*) to create, 0 to update, 0 to replace, 0 to delete, (\d+) as they are")
KEPT = re.compile(r"0 to create, 0 to update, 0 to replace, 0 to delete, ([1-9]\d*) as they are")


@dataclass(frozen=True)
class Desk:
    """A shop that nobody has brought up yet, with the reference shop's stacks."""

    plan: Plan
    cloud: Cloud

    @property
    def file(self) -> Path:
        return self.plan.root / "drkit.yaml"

    def bring(self, *stacks: str) -> None:
        """Really bring up stacks of the generation that a preview is of."""
        world = open_world(self.plan)
        context = Context(
            run="r1",
            kind=RunKind.REBUILD,
            plan=self.plan,
            target=Target(shop=self.plan.shop, region=REGION, generation=1),
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


@pytest.fixture
def desk(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
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


def asked(desk: Desk, *options: str) -> str:
    typed = ["plan", "--plan", str(desk.file), "--region", REGION, "--preview", *options]
    answer = CliRunner().invoke(cli, typed, catch_exceptions=False)
    assert answer.exit_code == 0
    return answer.stdout


def test_where_nothing_is_up_only_what_needs_nothing_is_counted_and_nothing_is_written(
    desk: Desk,
) -> None:
    before = desk.written()
    shown = [row.partition("  [") for row in asked(desk).splitlines() if row.startswith("+")]
    found = {
        row.replace("●", "").split()[1]: preview.removesuffix("]") for row, _, preview in shown
    }
    assert NEW.fullmatch(found["network"]), found
    assert NEW.fullmatch(found["storage"]), found
    assert found["compute"] == "after network, storage"
    assert {name for name, preview in found.items() if preview} == {"network", "storage", "compute"}
    assert desk.written() == before


def test_a_stack_is_counted_once_all_that_it_needs_is_up_and_nothing_is_written(
    desk: Desk,
) -> None:
    desk.bring("network")
    made = json.loads(asked(desk, "--output", "json"))
    found = {step["id"]: step["preview"] for step in made["steps"] if step["preview"]}
    assert KEPT.fullmatch(found["network"]), found
    assert NEW.fullmatch(found["storage"]), found
    assert found["compute"] == "after storage", "only what is missing is named"
    desk.bring("storage")
    before = desk.written()
    again = preview_stacks(desk.plan, REGION)
    assert set(again) == {"network", "storage", "compute"}
    assert KEPT.fullmatch(again["storage"]), again
    assert NEW.fullmatch(again["compute"]), again
    assert desk.written() == before
