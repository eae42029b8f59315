"""The playbook `muzzle`: a whole one passes, and each rule that is taken away is seen and named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from tests.integration.playbooks.lab import SUBNET, Host, Lab
from tests.integration.playbooks.player import Played
from tests.integration.playbooks.plays import ROOT, Site

NOBODY = f"{SUBNET}.250"
"""An address of the lab's network that no host has: what is sent there is lost."""
GUARDED = ("state", "backup")
PROGRAMS = {"card-a": "card", "carrier": "carrier", "mailbox": "mailbox"}


@contextmanager
def forbidden(lab: Lab, *buckets: str) -> Iterator[None]:
    """The lab's cloud judges no identity; nobody may write these buckets instead."""
    for bucket in buckets:
        resource = f"arn:aws:s3:::{bucket}/muzzle-canary/*"
        said = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": resource}
        policy = {"Version": "2012-10-17", "Statement": [said]}
        lab.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    yield
    for bucket in buckets:
        lab.s3.delete_bucket_policy(Bucket=bucket)


@pytest.fixture(scope="module")
def site(lab: Lab) -> Site:
    edge, app, db = (lab.host(f"muzzle-{group}") for group in ("edge", "app", "db"))
    url = f"http://{edge.address}:8600"
    muzzle = {
        "sink": {"host": edge.name, "address": edge.address, "port": 8600},
        "answers": {
            provider: str(ROOT / f"checks/sinks/{program}.py")
            for provider, program in PROGRAMS.items()
        },
        "providers": {"card-a": f"https://{NOBODY}"},
        "endpoints": [],
    }
    extra = {"muzzle": muzzle, "providers": {name: f"{url}/{name}" for name in PROGRAMS}}
    return Site(
        lab=lab,
        groups={"edge": [edge], "app": [app], "db": [db]},
        kind="validate",
        run="v1",
        purposes=("restore", "epoch"),
        extra=extra | {"dns_name": NOBODY},
    )


def play(site: Site, **settings: Any) -> Played:
    return replace(site, settings=settings).play("muzzle")


def ledger(host: Host) -> list[dict[str, Any]]:
    lines = host.run("cat", "/var/lib/drkit-sink/ledger.jsonl").splitlines()
    return [json.loads(line) for line in lines]


def test_a_whole_muzzle_passes_and_says_how_each_try_was_refused(lab: Lab, site: Site) -> None:
    with forbidden(lab, *GUARDED):
        played = play(site)
    assert played.ok, played.said
    tried = played.facts["canary"]
    assert set(tried) == {"muzzle-edge", "muzzle-app", "muzzle-db"}
    told = tried["muzzle-app"]
    assert told[f"connection to https://{NOBODY}"].startswith(f"{NOBODY}: ")
    assert {told[f"write to s3://{bucket} as `epoch`"] for bucket in GUARDED} == {"forbidden: 403"}
    assert told["reading s3://backup"] == "read"
    url = site.extra["providers"]["mailbox"]
    assert told[f"message to {url}"] == "in the ledger"
    assert f"message to {url}" not in tried["muzzle-db"]  # a database calls no provider
    senders = {entry["asked"]["body"]["canary"] for entry in ledger(site.groups["edge"][0])}
    assert senders == {"v1/muzzle-edge", "v1/muzzle-app"}


def test_a_second_run_changes_nothing_and_a_spoilt_program_is_one_change(
    lab: Lab, site: Site
) -> None:
    path = "/usr/local/lib/drkit-sink/card-a.py"
    with forbidden(lab, *GUARDED):
        assert play(site).changed == ()
        site.groups["edge"][0].shell(f"echo '# spoilt' >> {path}")
        mended = play(site)
    assert mended.ok, mended.said
    assert mended.written == (path,)


@pytest.mark.parametrize("bucket", GUARDED)
def test_a_bucket_that_may_be_written_is_named(lab: Lab, site: Site, bucket: str) -> None:
    with forbidden(lab, *(other for other in GUARDED if other != bucket)):
        played = play(site)
    assert not played.ok
    assert f"write to s3://{bucket} as `restore`: muzzle-canary/v1/" in played.said
    assert "a drill is given identities that only read" in played.said
    assert "taken away again" in played.said
    left = lab.s3.list_objects_v2(Bucket=bucket, Prefix="muzzle-canary/")
    assert "Contents" not in left


def test_a_provider_that_can_be_reached_is_named(lab: Lab, site: Site) -> None:
    with forbidden(lab, *GUARDED):
        played = play(site, canary_shut=[f"{lab.gateway}:443"])
    assert not played.ok
    assert f"connection to {lab.gateway}:443: {lab.gateway} took the connection" in played.said
    assert "the network must let a drill's hosts call nothing but the outside" in played.said


def test_a_sink_that_is_not_reached_is_named(lab: Lab, site: Site) -> None:
    with forbidden(lab, *GUARDED):
        played = play(site, canary_sink={"mailbox": f"http://{NOBODY}:8600/mailbox"})
    assert not played.ok
    assert f"message to http://{NOBODY}:8600/mailbox" in played.said
    assert "the sink must run, be reached from this host" in played.said


def test_an_outside_that_cannot_be_read_is_named(lab: Lab, site: Site) -> None:
    where = {"endpoint_name": "s3.outside.example", "region": "eu-north-1"}
    with forbidden(lab, *GUARDED):
        played = play(site, canary_outside={**where, "backup_bucket": "not-there"})
    assert not played.ok
    assert "reading s3://not-there" in played.said


def test_the_sink_runs_as_its_own_user_who_may_write_its_ledger_only(site: Site) -> None:
    edge = site.groups["edge"][0]
    shown = edge.shell("systemctl show -p User -p ProtectSystem -p NoNewPrivileges drkit-sink")
    assert set(shown.split()) == {"User=drkit-sink", "ProtectSystem=strict", "NoNewPrivileges=yes"}
    assert edge.shell("stat -c '%a %U' /var/lib/drkit-sink/ledger.jsonl").strip() == (
        "600 drkit-sink"
    )
