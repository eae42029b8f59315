"""Whether a site can be recovered into: what the world is asked is judged, each fault that is
planted is named, and a site that is well has none. Nothing is changed by looking.
"""

from __future__ import annotations

import gc
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drkit.adapters.break_glass import new_code, seal, seal_name
from drkit.adapters.cloud import client
from drkit.adapters.runs_folder import RunsFolder
from drkit.api import ready
from drkit.cli import cli
from drkit.errors import ConfigurationError, Exit, UsageError
from drkit.model.readiness import About, Finding, Readiness, Severity, SiteReadiness
from drkit.model.record import GateAnswered
from drkit.ports import World
from drkit.readying import sources
from drkit.readying.looks import LOOKS
from drkit.sandbox.quotas import Quotas
from drkit.sandbox.trail import Trail
from tests.contract.cloud.opened import Write, served_by
from tests.contract.cloud.places import Place
from tests.contract.cloud.rights import called
from tests.contract.cloud.standby import (
    SERVES,
    STANDBY,
    Standby,
    proven,
    run_of,
    seal_vault,
    standby,
)
from tests.fakes.documents import DOCUMENT

HOUR = timedelta(hours=1)
_LOOKED = """
import sys
from datetime import timedelta
from drkit.api import load_plan, ready
from drkit.readying import sources
sources.PATIENCE = timedelta(minutes=2)
[site] = ready(load_plan(sys.argv[1]), region=sys.argv[2]).sites
print("quotas" in "".join(site.good), *sys.modules)
"""


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests may run beside others, on a machine that is slow."""
    monkeypatch.setattr(sources, "PATIENCE", timedelta(minutes=2))


def about(site: SiteReadiness) -> dict[About, Finding]:
    """The first finding of each kind."""
    return {finding.about: finding for finding in reversed(site.findings)}


def only(findings: tuple[Finding, ...]) -> Finding:
    [finding] = findings
    return finding


def asked(site: Standby, *words: str) -> Result:
    command = ["ready", *words, "--plan", str(site.plan.root / "drkit.yaml")]
    return CliRunner().invoke(cli, command, standalone_mode=False)


def test_a_site_that_is_well_has_no_finding(well: Standby) -> None:
    report = ready(well.plan, region=STANDBY)
    [site] = report.sites
    assert site.findings == ()
    assert site.readiness is Readiness.READY
    assert report.exit is Exit.OK
    assert report.serving == f"{SERVES}.g1"
    [sales] = site.processes
    assert sales.stores == ("orders-db",)
    assert sales.newest
    assert sales.back
    assert sales.back.within == 1
    assert len(site.good) == len(LOOKS.keys() - {About.STANDBY}), "the site is cold"


def test_looking_changes_nothing(well: Standby) -> None:
    def everything() -> object:
        s3 = client(well.world, "s3", "eu-north-1")
        stored = [
            [(entry["Key"], entry["ETag"]) for entry in s3.list_objects_v2(Bucket=name)["Contents"]]
            for name in ("corner-dr", "corner-backup")
        ]
        files = sorted((str(f), f.stat().st_mtime_ns) for f in well.plan.root.rglob("*"))
        return stored, files

    before = everything()
    well.look()
    assert everything() == before


def test_looking_takes_none_of_what_builds(well: Standby) -> None:
    """The import of Pulumi's SDK alone took longer than all the answers of the cloud (measured);
    Ansible's was a tenth of the command, for the vault alone.
    """
    looked = [sys.executable, "-c", _LOOKED, str(well.plan.root / "drkit.yaml"), STANDBY]
    done = subprocess.run(looked, capture_output=True, text=True, timeout=200, check=True)
    compared, *modules = done.stdout.split()
    assert compared == "True"
    packages = {name.split(".")[0] for name in modules}
    assert "botocore" in packages
    spared = {"pulumi", "pulumi_aws", "ansible", "ansible_runner", "boto3", "pytest", "grpc"}
    assert not packages & spared
    assert "httpx" in packages
    assert not packages & {"rich", "pygments"}, "of httpx's command line, which nobody calls"


def test_nobody_waits_for_the_collector_of_garbage_and_it_is_on_again_after(well: Standby) -> None:
    def collections(look: Callable[[], object]) -> int:
        begun: list[str] = []
        gc.callbacks.append(seen := lambda phase, _: begun.append(phase))
        look()
        gc.callbacks.remove(seen)
        return begun.count("start")

    by_command = collections(lambda: asked(well, STANDBY))
    assert gc.isenabled()
    # from Python it is as it was: the collector is the caller's own
    assert collections(well.look) > 3 * by_command


def test_the_site_that_serves_is_none_to_recover_into(well: Standby) -> None:
    [site] = ready(well.plan, region=SERVES).sites
    serving = next(f for f in site.findings if f.about is About.SERVING)
    assert serving.severity is Severity.BLOCKS
    assert "is the site that serves" in serving.message
    assert site.readiness is Readiness.NOT_READY


def test_a_shop_that_was_never_opened_has_nothing_to_recover(shop: Write, world: World) -> None:
    found = {f.about: f for site in ready(shop()).sites for f in site.findings}
    assert "ever opened" in found[About.SERVING].message
    assert found[About.SERVING].severity is Severity.BLOCKS


def test_a_site_that_the_plan_does_not_have_is_wrong_usage(well: Standby) -> None:
    with pytest.raises(UsageError) as refused:
        ready(well.plan, region="eu-centrl-1")
    assert "did you mean `eu-central-1`" in refused.value.remedy


def test_a_plan_with_the_serving_site_alone_can_recover_nowhere(shop: Write, world: World) -> None:
    sites = {SERVES: {**DOCUMENT["sites"][SERVES], "account": "123456789012"}}
    plan = shop(sites=sites)
    served_by(world, plan, SERVES)
    with pytest.raises(ConfigurationError, match="no other site to recover into"):
        ready(plan)


def test_everything_that_is_wrong_is_said_at_once_and_the_worst_first(
    well: Standby, shop: Write, quotas: Quotas
) -> None:
    url = str(well.world.endpoints["global"].url)
    unlike = {"card-a": {"endpoint": url.replace("http:", "https:")}, "card-b": {"endpoint": url}}
    bad = standby(shop, well.world, providers=unlike, sites=DOCUMENT["sites"])
    shutil.rmtree(bad.plan.root / ".drkit")
    (bad.plan.root / "checks" / "buy.py").unlink()
    named = bad.plan.root / "playbooks" / "storefront.yml"
    named.write_text(f"image: registry.{SERVES}.example.com/storefront:1\n")
    seal_vault(bad.plan, without="ssh_key", left=timedelta(days=20))
    quotas.set(STANDBY, "L-1216C47A", 1)
    site = bad.look()
    assert {(f.severity, f.place.split()[-1]) for f in site.findings} == {
        (Severity.BLOCKS, "sites.eu-west-3.account"),
        (Severity.BLOCKS, "sites.eu-central-1.account"),
        (Severity.BLOCKS, "processes.sales.proof"),
        (Severity.BLOCKS, "playbooks/storefront.yml:1"),
        (Severity.BLOCKS, "quota-vcpus"),
        (Severity.BLOCKS, "secrets"),
        (Severity.THREATENS, STANDBY),
        (Severity.THREATENS, "tls_cert"),
        (Severity.THREATENS, "providers.card-a.endpoint"),
    }
    assert [f.severity for f in site.findings] == [Severity.BLOCKS] * 6 + [Severity.THREATENS] * 3
    assert all(finding.remedy for finding in site.findings)
    assert any(words.startswith("card-b answer") for words in site.good)
    assert about(site)[About.PROVIDERS].message.endswith(
        "(asked from here, not from the standby region)"
    )


def test_backups_in_the_region_of_a_site_block(well: Standby, shop: Write) -> None:
    s3 = client(well.world, "s3", SERVES)
    s3.create_bucket(Bucket="corner-near", CreateBucketConfiguration={"LocationConstraint": SERVES})
    outside = {**DOCUMENT["outside"], "backups": "s3://corner-near"}
    [site] = ready(shop(outside=outside), region=STANDBY).sites
    assert "lies in eu-west-3" in about(site)[About.OUTSIDE].message


def test_a_store_without_a_recovery_point_blocks(well: Standby) -> None:
    s3 = client(well.world, "s3", "eu-north-1")
    key = "pgbackrest/backup/orders-db/20260314-010000F/backup.manifest"
    s3.delete_object(Bucket="corner-backup", Key=key)
    lost = only(well.findings())
    assert (lost.severity, lost.place) == (Severity.BLOCKS, "stores.orders-db")
    assert "no recovery point" in lost.message
    assert lost.processes == ("sales",)
    assert well.look().processes[0].newest is None


def test_a_store_whose_archive_has_stopped_threatens_the_rpo(well: Standby) -> None:
    """Only the backup is left, of months ago."""
    s3 = client(well.world, "s3", "eu-north-1")
    for entry in s3.list_objects_v2(Bucket="corner-backup", Prefix="pgbackrest/archive/")[
        "Contents"
    ]:
        s3.delete_object(Bucket="corner-backup", Key=entry["Key"])
    old = only(well.findings())
    assert (old.severity, old.about) == (Severity.THREATENS, About.POINTS)
    assert "older than the RPO allows (sales 1h)" in old.message
    assert ready(well.plan, region=STANDBY).exit is Exit.OBJECTIVE_MISSED


def test_a_backup_bucket_that_cannot_be_read_is_not_known_and_never_good(
    well: Standby, shop: Write
) -> None:
    outside = {**DOCUMENT["outside"], "backups": "s3://corner-nowhere"}
    [site] = ready(shop(outside=outside), region=STANDBY).sites
    missing = next(f for f in site.findings if f.severity is Severity.UNKNOWN)
    assert missing.place == "outside, recovery points"
    assert "s3://corner-nowhere cannot be read" in missing.message
    assert not [words for words in site.good if "points" in words or "outside" in words]


def test_a_proof_of_another_machine_counts(well: Standby, trail: Trail) -> None:
    """Its journal is outside, and not brought here."""
    shutil.rmtree(well.plan.root / ".drkit")
    place = Place(well.world, well.plan, "elsewhere")
    run = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-rebuild-{STANDBY}"
    with place.hold(run) as held, place.open(held, run) as journal:
        journal.append(*run_of(well.plan, run))
        trail.take(called(run, "compute", "ec2:CreateVpc", datetime.now(UTC)))
    assert well.findings() == ()
    assert RunsFolder(well.plan.root).names() == []


def test_a_journal_that_is_damaged_proves_nothing_and_is_named(well: Standby) -> None:
    run = proven(well.plan, ago=timedelta(minutes=5))
    path = RunsFolder(well.plan.root).journal(run)
    path.write_text(path.read_text().replace('"finished"', '"finishee"'))
    damaged = only(well.findings())
    assert (damaged.severity, damaged.place) == (Severity.NOTE, run)
    assert ready(well.plan, region=STANDBY).exit is Exit.OK


def test_what_changed_since_the_proof_is_named_by_steps_and_by_keys(
    well: Standby, shop: Write
) -> None:
    (well.plan.root / "playbooks" / "pg.yml").write_text("# mended\n")
    (well.plan.root / "stacks" / "compute" / "x").write_text("# another subnet\n")
    parts = {key: well.plan.source[key] for key in ("people", "providers", "services")}
    plan = shop(**parts, dns={"name": "corner.example", "ttl": "30s"})
    keys, files = ready(plan, region=STANDBY).sites[0].findings
    assert {keys.about, files.about} == {About.PROOF}
    assert "dns.ttl: was 10s, is 30s" in keys.message
    assert files.message.startswith("compute, orders-db: their stack, playbook, roles or checks")


def test_quotas_that_nothing_can_be_compared_with_are_not_known(well: Standby) -> None:
    key = f".pulumi/stacks/compute/{SERVES}.g1.json"
    client(well.world, "s3", "eu-north-1").delete_object(Bucket="corner-dr", Key=key)
    why = only(well.findings())
    assert (why.severity, why.about) == (Severity.UNKNOWN, About.QUOTAS)
    assert ready(well.plan, region=STANDBY).exit is Exit.UNKNOWN


def test_a_sealed_code_stands_in_until_it_is_used(well: Standby, shop: Write) -> None:
    code = seal(new_code())
    two = {name: {"roles": ["lead"]} for name in ("ana", "bo")}
    site = standby(shop, well.world, people=two, **{"break-glass": [code]})
    assert About.PEOPLE not in about(site.look())
    answer = GateAnswered(
        step="consent",
        person="ana",
        role="lead",
        consent=True,
        comment="",
        signed=True,
        broken=seal_name(code),
    )
    proven(site.plan, answer, ago=timedelta(minutes=5))
    assert "ana and bo alone" in about(site.look())[About.PEOPLE].message


def test_a_vault_that_does_not_open_blocks(well: Standby) -> None:
    (well.plan.root / "password").write_text("wrong")
    shut = only(well.findings())
    assert (shut.severity, shut.about) == (Severity.BLOCKS, About.SECRETS)
    assert "does not open" in shut.message


def test_a_tool_that_is_missing_here_blocks(
    well: Standby, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = tmp_path / "bin"
    few.mkdir()
    (few / "cat").symlink_to(str(shutil.which("cat")))
    monkeypatch.setenv("PATH", str(few))
    found = [f for f in well.findings() if f.about is About.TOOLS]
    assert {f.severity for f in found} == {Severity.BLOCKS}
    assert "tool ssh" in {f.place for f in found}


def test_a_world_that_is_not_there_blocks_and_all_it_would_tell_is_not_known(
    well: Standby,
) -> None:
    (well.plan.root / "sandbox.json").unlink()
    [site] = ready(well.plan, region=STANDBY).sites
    blocks, missing = site.findings
    assert (blocks.severity, blocks.place) == (Severity.BLOCKS, "sites")
    assert missing.severity is Severity.UNKNOWN
    for about in (About.POINTS, About.PROOF, About.TIME, About.QUOTAS, About.PROVIDERS):
        assert str(about) in missing.place


def test_what_does_not_answer_in_time_is_not_known(
    well: Standby, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "PATIENCE", timedelta(0))
    [site] = ready(well.plan, region=STANDBY).sites
    assert {f.severity for f in site.findings} == {Severity.UNKNOWN}
    assert str(About.POINTS) in only(site.findings).place
    assert site.readiness is Readiness.UNKNOWN


def test_the_text_says_it_worst_first_and_the_verdict_last(well: Standby) -> None:
    shutil.rmtree(well.plan.root / ".drkit")
    seal_vault(well.plan, without="ssh_key")
    result = asked(well, STANDBY)
    assert result.return_value == Exit.CONFIGURATION
    process, _, worst, next_worst, good, verdict = result.stdout.splitlines()
    assert process.startswith("sales  not ready  RTO 2h: back after ")
    assert "RPO 1h: newest point " in process
    assert worst.startswith("blocks     secrets: the vault has no `ssh_key` (every process) → ")
    assert next_worst.startswith("threatens  eu-central-1: no rebuild and no validation of it")
    assert good.startswith("good: eu-west-3.g1 serves; the plan; ")
    assert verdict == (
        "✗ corner into eu-central-1: not ready: 1 blocks, 1 threatens (eu-west-3.g1 serves)"
    )


def test_a_site_that_is_well_is_two_lines_and_its_processes(well: Standby) -> None:
    result = asked(well)
    assert result.return_value == 0
    assert result.stdout.splitlines()[-1] == (
        "✓ corner into eu-central-1: ready (eu-west-3.g1 serves)"
    )


def test_the_json_holds_what_the_text_says(well: Standby) -> None:
    seal_vault(well.plan, without="ssh_key")
    result = asked(well, "--output", "json")
    made = json.loads(result.stdout)
    assert (made["version"], made["exit"], made["serving"]) == (1, 3, "eu-west-3.g1")
    [site] = made["sites"]
    assert (site["site"], site["readiness"]) == (STANDBY, "not ready")
    [finding] = site["findings"]
    assert finding == {
        "severity": "blocks",
        "about": "secrets",
        "place": "secrets",
        "message": "the vault has no `ssh_key`",
        "processes": ["sales"],
        "remedy": finding["remedy"],
        "details": [],
    }
    [sales] = site["processes"]
    assert sales["rto_seconds"] == 7200
    assert sales["within_rto"] == 1
    assert sales["p50_seconds"] <= sales["p95_seconds"]
    assert sales["newest_point"]
