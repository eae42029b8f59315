"""A shop that is served from one region and ready to be recovered into the other, and what takes
that away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from drkit.adapters.cloud import client
from drkit.adapters.digests import digest_of
from drkit.adapters.journal_file import JournalFile
from drkit.adapters.runs_folder import RunsFolder
from drkit.api import ready
from drkit.model.outcome import Outcome, State
from drkit.model.plan import Plan
from drkit.model.readiness import Finding, SiteReadiness
from drkit.model.record import Body, RunBegan, RunEnded, StepEnded, StepStarted, Target
from drkit.model.step import RunKind
from drkit.planning.graph import build_graph
from drkit.ports import World
from tests.contract.cloud.opened import Write, backed_up, served_by
from tests.contract.cloud.states import write_state

STANDBY, SERVES = "eu-central-1", "eu-west-3"
TOOK, DONE = timedelta(seconds=40), Outcome(state=State.DONE)
SEGMENT = (
    f"pgbackrest/archive/orders-db/17-1/0000000100000000/000000010000000000000007-{'a' * 40}.zst"
)
STORE_BEHIND = {"storefront": {"needs": ["orders-db"], "hosts": "app"}}
"""So that the shop's process has data to lose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standby:
    """Written by :func:`standby`, where all is as it should be."""

    plan: Plan
    world: World
    run: str
    """Its proof."""

    def look(self, **limits: Any) -> SiteReadiness:
        [site] = ready(self.plan, region=STANDBY, **limits).sites
        return site

    def findings(self, **limits: Any) -> tuple[Finding, ...]:
        return self.look(**limits).findings


def standby(shop: Write, world: World, **parts: Any) -> Standby:
    """Two people who can say yes; a provider that answers; one proof, of an hour ago."""
    answering = world.endpoints["global"].url
    given: dict[str, Any] = {
        "people": {name: {"roles": ["lead"]} for name in ("ana", "bo", "cy")},
        "providers": {"card-a": {"endpoint": answering}},
        "services": STORE_BEHIND,
    }
    plan = shop(**(given | parts))
    served_by(world, plan, SERVES)
    write_state(world, "compute", f"{SERVES}.g1", instances={"i-1": "m5.large"})
    backed_up(world)
    archived(world)
    seal_vault(plan)
    run = proven(plan, ago=timedelta(hours=1))
    return Standby(plan=plan, world=world, run=run)


def archived(world: World) -> None:
    """A segment of WAL, now."""
    client(world, "s3", "eu-north-1").put_object(Bucket="corner-backup", Key=SEGMENT, Body=b"x")


def proven(plan: Plan, *more: Body, ago: timedelta) -> str:
    """The journal, on this machine, of a run that ended well, and recorded ``more``."""
    runs, moment = RunsFolder(plan.root), datetime.now(UTC) - ago
    run = runs.new(RunKind.REBUILD, STANDBY, moment)
    with JournalFile(runs.journal(run), now=lambda: moment) as journal:
        journal.append(*run_of(plan, run), *more)
    return run


def run_of(plan: Plan, run: str) -> tuple[Body, ...]:
    graph = build_graph(plan, RunKind.REBUILD)
    bodies: list[Body] = [
        RunBegan(
            run=run,
            kind=RunKind.REBUILD,
            target=Target(shop="corner", region=STANDBY, generation=1),
            plan=plan.source,
            steps=graph.planned(),
            versions={},
            operator="ana@x",
            serving_before=f"{SERVES}.g1",
        )
    ]
    for step in graph.steps.values():
        bodies += [
            StepStarted(step=step.id, number=1, digest=digest_of(plan.root, step), log=""),
            StepEnded(step=step.id, number=1, outcome=DONE, elapsed=TOOK),
        ]
    return (*bodies, RunEnded(stand="finished"))


def seal_vault(plan: Plan, *, left: timedelta = timedelta(days=200), without: str = "") -> None:
    """What drkit reads, and the shop's certificate, all but the entry ``without``."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = certificate(key, "corner.example", left)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    entries = {"ssh_key": "k", "pulumi_passphrase": "p", "tls_cert": pem, "tls_key": private}
    kept = {name: value for name, value in entries.items() if name != without}
    vault = VaultLib([("default", VaultSecret(b"open sesame"))])
    (plan.root / "secrets.yml").write_bytes(vault.encrypt(yaml.safe_dump(kept)))


def certificate(key: ec.EllipticCurvePrivateKey, name: str, left: timedelta) -> str:
    """PEM, signed by itself, and valid for as long as is ``left``."""
    whose = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    end = datetime.now(UTC) + left
    made = (
        x509.CertificateBuilder()
        .subject_name(whose)
        .issuer_name(whose)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(end - timedelta(days=365))
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()
