"""What is looked at before the first step: the world, the vault, recovery points, who serves. All
problems at once, and nothing is touched.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from drkit.adapters.cloud import client
from drkit.compose import look_around, open_plan
from drkit.errors import ConfigurationError
from drkit.model.step import RunKind, RunMode
from drkit.model.wish import Wish
from drkit.ports import World
from tests.contract.cloud.opened import (
    MOMENT,
    Write,
    backed_up,
    places,
    rebuild,
    served_by,
    settled,
)
from tests.fakes.documents import DOCUMENT


def test_a_world_that_is_well_has_no_problem(shop: Write, world: World) -> None:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    backed_up(world)
    opened = rebuild(plan)
    assert opened.problems == ()
    assert opened.vault["ssh_key"].reveal() == "k"
    assert opened.unfinished is None


def test_everything_that_is_wrong_is_said_at_once(shop: Write, world: World) -> None:
    plan = shop(sites=DOCUMENT["sites"])
    (plan.root / "playbooks" / "pg.yml").unlink()
    problems = rebuild(plan, "eu-west-1").problems
    assert set(places(problems)) == {
        "stores.orders-db.playbook",
        "--region",
        "sites.eu-west-3.account",
        "sites.eu-central-1.account",
        "epoch",
        "stores.orders-db",
    }
    with pytest.raises(ConfigurationError) as refused:
        settled(problems, {})
    assert refused.value.problems == problems


def test_what_lies_in_the_region_that_served_is_refused_before_the_first_step(
    shop: Write, world: World
) -> None:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    backed_up(world)
    named = plan.root / "playbooks" / "storefront.yml"
    named.write_text("image: registry.eu-west-3.example.com/storefront:1\n")
    [problem] = rebuild(plan).problems
    assert problem.name == "playbooks/storefront.yml:1"
    assert "counts as lost" in problem.message
    assert settled((problem,), {problem.name: "it is mirrored"})
    planned = {problem.name: problem for problem in rebuild(plan, mode=RunMode.PLANNED).problems}
    assert "may be lost before the move is over" in planned[problem.name].message
    named.write_text("image: registry.eu-north-1.example.com/storefront:1\n")
    assert rebuild(plan).problems == ()


def test_the_site_that_serves_is_not_rebuilt(shop: Write, world: World) -> None:
    plan = shop()
    served_by(world, plan, "eu-central-1")
    backed_up(world)
    [problem] = rebuild(plan).problems
    assert problem.name == "--region"
    assert "site that serves" in problem.message


def test_a_shop_that_never_was_is_not_rebuilt_and_one_that_is_not_deployed(
    shop: Write, world: World
) -> None:
    plan = shop()
    backed_up(world)
    assert places(rebuild(plan).problems) == ["epoch"]
    served_by(world, plan, "eu-west-3")
    wish = Wish(plan=plan, kind=RunKind.DEPLOY, region="eu-central-1")
    found = open_plan(look_around(wish)).problems
    assert places(found) == ["epoch", "stores.orders-db"]


def test_without_a_recovery_point_only_what_needs_the_store_is_refused(
    shop: Write, world: World
) -> None:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    [problem] = rebuild(plan).problems
    assert "no usable recovery point" in problem.message
    assert problem.affects == ("orders-db",)
    [(accepted, reason)] = settled((problem,), {"stores.orders-db": "sell without it"})
    assert (accepted, reason) == (problem, "sell without it")


def test_what_cannot_be_accepted_is_not(shop: Write, world: World) -> None:
    plan = shop()
    served_by(world, plan, "eu-central-1")
    backed_up(world)
    problems = rebuild(plan).problems
    with pytest.raises(ConfigurationError):
        settled(problems, {"--region": "I want it"})


def test_a_vault_that_does_not_open_is_said_with_the_rest(shop: Write, world: World) -> None:
    plan = shop(sites=DOCUMENT["sites"])
    (plan.root / "password").write_text("wrong")
    with pytest.raises(ConfigurationError) as refused:
        rebuild(plan)
    assert {"secrets", "sites.eu-west-3.account"} <= set(places(refused.value.problems))


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("cat nowhere", "gave no password"),
        ("nosuchtool", "cannot be started"),
        ("cat 'unbalanced", "is no command"),
        ("true", "gave no password"),
        ("", "is no command"),
    ],
)
def test_a_password_that_is_not_to_be_had_is_said(
    shop: Write, world: World, command: str, words: str
) -> None:
    plan = shop(secrets={"vault": "secrets.yml", "password": {"command": command}})
    with pytest.raises(ConfigurationError) as refused:
        rebuild(plan)
    [problem] = [p for p in refused.value.problems if p.name == "secrets"]
    assert words in problem.message
    assert problem.remedy


@pytest.mark.parametrize("held", ["- a list", "a: [unclosed", "just words"])
def test_a_vault_that_holds_no_names_is_said(shop: Write, world: World, held: str) -> None:
    plan = shop()
    sealed = VaultLib([("default", VaultSecret(b"open sesame"))]).encrypt(held)
    (plan.root / "secrets.yml").write_bytes(sealed)
    with pytest.raises(ConfigurationError) as refused:
        rebuild(plan)
    assert "secrets" in places(refused.value.problems)


def test_a_sandbox_that_is_not_up_is_said_with_what_to_type(shop: Write, world: World) -> None:
    plan = shop()
    (plan.root / "sandbox.json").unlink()
    with pytest.raises(ConfigurationError) as refused:
        rebuild(plan)
    [problem] = [p for p in refused.value.problems if p.name == "sites"]
    assert "drkit sandbox up" in problem.remedy


def test_an_outside_that_cannot_be_read_stops_everything(shop: Write, world: World) -> None:
    plan = shop(outside={**DOCUMENT["outside"], "state": "s3://nowhere"})
    with pytest.raises(ConfigurationError) as refused:
        rebuild(plan)
    assert "outside.state" in places(refused.value.problems)


def test_a_vault_without_what_drkit_reads_is_said_before_anything_starts(
    shop: Write, tmp_path: Path
) -> None:
    plan = shop()
    vault = VaultLib([("default", VaultSecret(b"open sesame"))])
    (tmp_path / "secrets.yml").write_bytes(vault.encrypt("pulumi_passphrase: p\n"))
    opened = rebuild(plan)
    assert "the vault has no `ssh_key`" in [problem.message for problem in opened.problems]


def test_a_repository_without_a_backup_is_no_recovery_point(shop: Write, world: World) -> None:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    s3 = client(world, "s3", "eu-north-1")
    key = "pgbackrest/backup/orders-db/backup.info"
    s3.put_object(Bucket="corner-backup", Key=key, Body=b"x")
    assert places(rebuild(plan).problems) == ["stores.orders-db"]


def test_a_moment_before_the_first_backup_cannot_be_restored(shop: Write, world: World) -> None:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    backed_up(world)
    early = datetime(2026, 3, 14, 0, 30, tzinfo=UTC)
    [problem] = rebuild(plan, recover_to=early).problems
    assert problem.name == "stores.orders-db"
    assert "the first is of 2026-03-14T01:00" in problem.message
    assert rebuild(plan, recover_to=MOMENT).problems == ()


def test_a_bucket_that_lies_in_a_site_is_refused(shop: Write, world: World) -> None:
    place = {"LocationConstraint": "eu-west-3"}
    s3 = client(world, "s3", "eu-west-3")
    s3.create_bucket(Bucket="corner-near", CreateBucketConfiguration=place)
    plan = shop(outside={**DOCUMENT["outside"], "backups": "s3://corner-near"})
    served_by(world, plan, "eu-west-3")
    assert "outside.backups" in places(rebuild(plan).problems)


def test_a_region_that_the_sandbox_has_not_is_said_and_nobody_else_is_asked(
    shop: Write, world: World
) -> None:
    plan = shop(outside={**DOCUMENT["outside"], "region": "eu-south-1"})
    with pytest.raises(ConfigurationError) as refused:
        rebuild(plan)
    assert places(refused.value.problems) == ["outside.region"]
    with pytest.raises(ConfigurationError, match="has no eu-south-1"):
        client(world, "sts", "eu-south-1")


def test_a_consent_for_no_gate_is_said_with_the_rest(shop: Write, world: World) -> None:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    found = rebuild(plan, consent={"consnt": "ana"}).problems
    assert places(found) == ["consnt", "stores.orders-db"]
