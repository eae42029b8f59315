"""The load generator against the real shop: TLS in front, a DNS of its own, a move under way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dnslib import RR
from dnslib.server import BaseResolver, DNSLogger, DNSRecord, DNSServer

from drkit.sandbox.authority import Authority
from tests.integration.shop.conftest import Shop
from tests.integration.shop.servers import ROOT, eventually, free_port, listens_at

Open = Callable[..., Shop]
ALL = ("storefront", "orders", "payment", "shipping", "support")
# loopback addresses of this process alone: tests run side by side, and all want port 443
OLD, NEW = (f"127.88.{os.getpid() % 250}.{site}" for site in (1, 2))
ROUTES = {
    "/": "storefront",
    "/api/orders": "orders",
    "/api/shipments": "shipping",
    "/api/tickets": "support",
}


class Names(BaseResolver):  # type: ignore[misc]
    """The shop's name leads to ``address``, for a second."""

    def __init__(self) -> None:
        self.address, self.asked = OLD, 0

    def resolve(self, request: DNSRecord, handler: object) -> DNSRecord:
        self.asked += 1
        reply = request.reply()
        reply.add_answer(*RR.fromZone(f"{request.q.qname} 1 A {self.address}"))
        return reply


class Edge:
    """nginx with the shop's certificate at one address, as the edge of a site."""

    def __init__(self, shop: Shop, address: str, folder: Path, authority: Authority) -> None:
        folder.mkdir()
        issued = authority.issue("shop.example")
        (folder / "tls.crt").write_text(issued.certificate)
        (folder / "tls.key").write_text(issued.key)
        locations = "".join(
            f"location {path} {{ proxy_pass http://127.0.0.1:{shop.services.port(name)}; }}\n"
            for path, name in ROUTES.items()
        )
        (folder / "nginx.conf").write_text(
            f"daemon off; error_log {folder}/error.log; pid {folder}/pid; user root;\n"
            f"events {{}}\nhttp {{ access_log off; client_body_temp_path {folder}/body;\n"
            f"proxy_temp_path {folder}/proxy; server {{ listen {address}:443 ssl;\n"
            f"ssl_certificate tls.crt; ssl_certificate_key tls.key;\n{locations}}} }}\n"
        )
        self._process = subprocess.Popen(
            ("/usr/sbin/nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"))
        )
        eventually(lambda: listens_at(address, 443), within=10)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)


@dataclass
class Stage:
    shop: Shop
    names: Names
    folder: Path
    authority: Authority

    def edge(self, address: str) -> Edge:
        return Edge(self.shop, address, self.folder / address, self.authority)

    def load(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            (sys.executable, "-m", "drkit", "sandbox", "load", "--output", "json", *words),
            cwd=ROOT,
            env={**os.environ, "DRKIT_SANDBOX": str(self.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def diary(self, kind: str) -> list[dict[str, Any]]:
        file = self.folder / "customers.jsonl"
        text = file.read_text() if file.exists() else ""
        lines = [json.loads(line) for line in text.splitlines(keepends=True) if line[-1] == "\n"]
        return [line for line in lines if line["kind"] == kind]


@pytest.fixture
def stage(open_shop: Open, tmp_path: Path) -> Iterator[Stage]:
    shop = open_shop(*ALL)
    authority = Authority(folder=tmp_path / "authority")
    authority.make()
    names, port = Names(), free_port()
    server = DNSServer(names, address="127.0.0.1", port=port, logger=DNSLogger("-request,-reply"))
    server.start_thread()
    (tmp_path / "sandbox.json").write_text(
        json.dumps({"ca": str(authority.certificate), "dns": f"127.0.0.1:{port}"})
    )
    yield Stage(shop, names, tmp_path, authority)
    server.stop()
    server.server.server_close()


def test_customers_keep_coming_across_the_loss_of_a_site(stage: Stage) -> None:
    edge = stage.edge(OLD)
    load = stage.load("--rate", "5", "--ledger", str(stage.folder / "customers.jsonl"))
    try:
        eventually(lambda: len(stage.diary("promise")) > 5, within=60)
        edge.stop()
        lost = datetime.now(UTC)
        eventually(lambda: len(stage.diary("failure")) > 40, within=60)
        before = len(stage.diary("promise"))
        returned = datetime.now(UTC)
        edge = stage.edge(NEW)
        stage.names.address = NEW
        eventually(lambda: len(stage.diary("promise")) > before + 5, within=60)
        load.send_signal(signal.SIGTERM)
        out, err = load.communicate(timeout=60)
    finally:
        load.kill()
        edge.stop()

    assert load.returncode == 0, err
    summary = json.loads(out)
    promises = stage.diary("promise")
    assert summary["promises"] == len(promises)
    assert summary["failures"]
    assert stage.diary("read")
    heard = lost + timedelta(seconds=1)  # an answer on its way is read a little later
    times = [datetime.fromisoformat(line["at"]) for line in promises]
    assert not [at for at in times if heard < at < returned]
    assert summary["gap"]["seconds"] >= (returned - heard).total_seconds()
    # what customers were promised is in the shop's books and in the card provider's
    held = {(number, cents) for number, cents in stage.shop.rows(
        "SELECT number, total_cents FROM orders WHERE state IN ('paid', 'refunded')"
    )}  # fmt: skip
    told = {(line["number"], line["total_cents"]) for line in promises}
    taken = {
        (entry["order"], entry["amount_cents"])
        for entry in stage.shop.world.ledger("card-a", "capture")
    }
    assert told <= held <= taken


def test_the_load_ends_by_itself_and_asks_the_dns_once_per_time_to_live(stage: Stage) -> None:
    edge = stage.edge(OLD)
    load = stage.load("--rate", "5", "--for", "6s", "--seed", "1")
    out, err = load.communicate(timeout=60)
    edge.stop()
    assert load.returncode == 0, err
    summary = json.loads(out)
    assert summary["visits"] == 30
    assert summary["promises"] > 5
    assert stage.names.asked < 20, "thirty visits, and a name that lives for a second"


def test_a_shop_with_a_certificate_of_another_authority_is_no_shop(stage: Stage) -> None:
    other = Authority(folder=stage.folder / "other")
    other.make()
    edge = Edge(stage.shop, OLD, stage.folder / "impostor", other)
    load = stage.load("--rate", "5", "--for", "1s")
    out, _ = load.communicate(timeout=60)
    edge.stop()
    summary = json.loads(out)
    assert (summary["reads"], summary["failures"]) == (0, {"browse": 5})


def test_without_a_sandbox_the_load_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        (sys.executable, "-m", "drkit", "sandbox", "load", "--for", "1s"),
        cwd=ROOT,
        env={**os.environ, "DRKIT_SANDBOX": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 12
    assert "no sandbox is up" in done.stderr
