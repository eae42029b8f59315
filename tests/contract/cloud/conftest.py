"""A cloud of one process: moto with the plan's outside buckets, and a DNS server that reads it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import certifi
import moto.ec2.responses  # noqa: F401 - takes seconds, for which no client waits
import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from dnslib import QTYPE, RR, A, DNSRecord
from dnslib.server import BaseResolver, DNSServer
from moto import settings
from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.authorization import ActionAuthenticatorMixin
from moto.iam.access_control import IAMRequestBase
from moto.iam.responses import IamResponse
from moto.moto_api._internal.models import moto_api_backend
from moto.server import ThreadedMotoServer
from moto.servicequotas.models import ServiceQuotasBackend

from drkit.adapters import gate as gate_module
from drkit.adapters.cloud import client
from drkit.adapters.plan_yaml import load_plan
from drkit.destroying import Destroying, Reaped
from drkit.model.plan import Plan
from drkit.ports import World
from drkit.sandbox.corrections import (
    answer_lookups,
    answer_quotas,
    answer_simulations,
    keep,
    know_the_services,
    list_what_is_there,
)
from drkit.sandbox.quotas import Quotas
from drkit.sandbox.trail import Trail
from tests.contract.cloud.desk import Desk
from tests.contract.cloud.opened import FILES, SITES, STORE, Write
from tests.contract.cloud.places import Place
from tests.contract.cloud.rights import called, sign_in
from tests.contract.cloud.standby import STANDBY, Standby, standby
from tests.contract.cloud.values import KEY, REGIONS, world_at
from tests.fakes.documents import plan_at, write_plan


@pytest.fixture(scope="session")
def cloud() -> Iterator[str]:
    """The address of the API."""
    list_what_is_there()
    know_the_services()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


class FromRoute53(BaseResolver):  # type: ignore[misc]  # dnslib is untyped
    """Answers what the zones of the cloud hold."""

    def __init__(self, world: World) -> None:
        self._route53 = client(world, "route53", "eu-north-1")

    def resolve(self, request: DNSRecord, handler: object) -> DNSRecord:
        reply, name = request.reply(), str(request.q.qname)
        for zone in self._route53.list_hosted_zones()["HostedZones"]:
            sets = self._route53.list_resource_record_sets(HostedZoneId=zone["Id"])
            for found in sets["ResourceRecordSets"]:
                if found["Name"] == name and found["Type"] == "A":
                    for record in found["ResourceRecords"]:
                        answer = RR(name, QTYPE.A, ttl=found["TTL"], rdata=A(record["Value"]))
                        reply.add_answer(answer)
        return reply


@pytest.fixture(scope="session")
def resolver(cloud: str) -> Iterator[str]:
    """The address of the DNS server that customers use."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = DNSServer(FromRoute53(world_at(cloud)), address="127.0.0.1", port=port)
    server.start_thread()
    yield f"127.0.0.1:{port}"
    server.stop()
    server.server.server_close()


@pytest.fixture
def world(cloud: str, resolver: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """An empty cloud with the buckets of the outside, which keep versions, as `drkit prepare`'s."""
    # as in the sandbox: AWS's own images take 0.05 s of a core for each region
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    moto_api_backend.reset()
    made = world_at(cloud, resolver=resolver)
    s3 = client(made, "s3", "eu-north-1")
    for bucket in ("corner-dr", "corner-backup"):
        place = {"LocationConstraint": "eu-north-1"}
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return made


@pytest.fixture
def zone(world: World) -> str:
    """The zone of the shop's name, without which no cutover begins."""
    route53 = client(world, "route53", "eu-north-1")
    made = route53.create_hosted_zone(Name="corner.example", CallerReference="test")
    return str(made["HostedZone"]["Id"])


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return plan_at(tmp_path)


@pytest.fixture
def lost(world: World) -> World:
    """The same world from where nothing of it can be reached."""
    return world_at("http://127.0.0.1:9")


@pytest.fixture
def shop(tmp_path: Path, world: World, zone: str, monkeypatch: pytest.MonkeyPatch) -> Write:
    """A shop's folder with all its files, its vault, and a sandbox that is this cloud."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "password").write_text("open sesame\n")
    vault = VaultLib([("default", VaultSecret(b"open sesame"))])
    (tmp_path / "secrets.yml").write_bytes(vault.encrypt("ssh_key: k\npulumi_passphrase: p\n"))
    monkeypatch.setenv("DRKIT_SANDBOX", str(tmp_path))
    url = world.endpoints["global"].url
    state = {
        "version": 1,
        "account": "123456789012",
        "ca": certifi.where(),
        "dns": world.resolver,
        "regions": {name: {"endpoint": url, "name": name} for name in REGIONS},
        "credentials": {"operator": {"key": KEY, "secret": "operator-secret-key"}},
        "pulumi_home": str(tmp_path),
    }
    (tmp_path / "sandbox.json").write_text(json.dumps(state))

    def write(**parts: Any) -> Plan:
        return load_plan(write_plan(tmp_path, **({"sites": SITES, "stores": STORE} | parts)))

    return write


@pytest.fixture
def desk(world: World, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(gate_module, "_LOOK", 0.0)
    keys = tmp_path / "keys"
    keys.mkdir()
    return Desk(Place(world, plan, "run"), keys)


@pytest.fixture
def trail(monkeypatch: pytest.MonkeyPatch) -> Trail:
    """The sandbox's record of calls, and its simulation of them, of which moto has neither."""
    name = "_authenticate_and_authorize_action"
    # what these put there is taken away again at the end of the test
    monkeypatch.setattr(ActionAuthenticatorMixin, name, vars(ActionAuthenticatorMixin)[name])
    monkeypatch.setattr(CloudTrailResponse, "lookup_events", None, raising=False)
    monkeypatch.setattr(IamResponse, "simulate_principal_policy", None, raising=False)
    held = Trail("123456789012")
    keep(held)
    answer_lookups(held)
    answer_simulations()
    return held


@pytest.fixture
def enforced(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The world, whose operator may do what policies say from now on, as in the sandbox."""
    sign_in(world)
    # it fails for calls without a body (see drkit.sandbox.signature)
    monkeypatch.setattr(IAMRequestBase, "check_signature", lambda _: None)
    monkeypatch.setattr(settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0)
    return world


@pytest.fixture
def quotas(monkeypatch: pytest.MonkeyPatch) -> Quotas:
    """The sandbox's, in place of the few that moto has."""
    # what `answer_quotas` puts there is taken away again at the end of the test
    monkeypatch.setattr(
        ServiceQuotasBackend, "get_service_quota", ServiceQuotasBackend.get_service_quota
    )
    held = Quotas()
    answer_quotas(held)
    return held


@pytest.fixture
def well(shop: Write, world: World, quotas: Quotas, trail: Trail) -> Standby:
    quotas.set(STANDBY, "L-1216C47A", 8)
    quotas.set(STANDBY, "L-0263D0A3", 5)
    quotas.set(STANDBY, "L-F678F1CE", 5)
    sign_in(world)
    made = standby(shop, world)
    moment = datetime.now(UTC) - timedelta(hours=1)
    trail.take(called(made.run, "compute", "ec2:CreateVpc", moment))
    return made


@pytest.fixture
def destroyed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The generations that were handed to Pulumi, in place of Pulumi."""
    found: list[str] = []

    def note(work: Destroying, _remains: object) -> Reaped:
        found.append(work.target.name)
        return Reaped(target=work.target, removed={}, stays={})

    monkeypatch.setattr(Destroying, "all_of", note)
    return found
