"""A site of the reference shop as writers find it: its edge, its ports, its database, the ledgers.

Reached past all that could stop a write: by the edge's address, from inside its network, and as
the database's superuser.
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ACCOUNT = Path(".drkit/writers.json")
"""What the control leaves for the attack: the customer's cookie and an order of hers."""
KNOCK = Path(__file__).with_name("knock.py")
TABLES = {
    # but for when something is next due: a site that is cut off goes on trying its partners
    "customers": "t",
    "orders": "(t.number, t.state, t.total_cents)",
    "payments": "t",
    "shipments": "t",
    "tickets": "t",
    "mails": "(t.key, t.subject, t.sent_at)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OldSite:
    hosts: dict[str, tuple[str, str]]
    """Name → (container, private address)."""
    public: str
    sandbox: dict

    @classmethod
    def of(cls, region: str) -> OldSite:
        return cls(hosts=_hosts(region), public=_public_address(), sandbox=_sandbox())

    def become_customer(self) -> None:
        """Sign up and buy one thing; kept in :data:`ACCOUNT`."""
        edge = http.client.HTTPSConnection(self.public, timeout=10, context=self._trust())
        unique = time.time_ns()
        cookie = self._post(
            edge,
            "/api/customers",
            {"email": f"w{unique}@x.example", "name": "w", "password": "wwwwwwww"},
        )[1]
        product = self._product(edge)
        cookie = self._post(edge, "/api/cart", {"product": product, "quantity": 1}, cookie)[1]
        told, cookie = self._post(edge, "/api/orders", {"card": "tok_visa"}, cookie, str(unique))
        ACCOUNT.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        ACCOUNT.touch(mode=0o600)
        kept = {"cookie": cookie, "order": told["number"], "product": product}
        ACCOUNT.write_text(json.dumps(kept))

    def fill_cart(self) -> None:
        """An order of an empty cart is refused for that, and would show nothing."""
        edge = http.client.HTTPSConnection(self.public, timeout=10, context=self._trust())
        kept = json.loads(ACCOUNT.read_text())
        self._post(edge, "/api/cart", {"product": kept["product"], "quantity": 1}, kept["cookie"])

    def knock(self, where: str, *, seconds: float, rate: float) -> dict[str, dict[str, int]]:
        """Write at the ``edge``, or at the application ``ports`` from the edge's host."""
        asked = {"seconds": seconds, "rate": rate, "ca": None, "targets": self._targets(where)}
        if where == "edge":
            asked["ca"] = self.sandbox["ca"]
            command = ["python3", str(KNOCK)]
        else:
            container = self.hosts["edge-1"][0]
            command = ["podman", "exec", "-i", container, "python3", "-c", KNOCK.read_text()]
        return json.loads(_said(command, given=json.dumps(asked), limit=seconds + 60))

    def _targets(self, where: str) -> list[dict]:
        kept = json.loads(ACCOUNT.read_text())
        order = {"order": kept["order"]}
        ports = {8001: "app-1", 8002: "app-2", 8003: "app-1", 8004: "back-1", 8005: "back-1"}
        writes = {
            "sign-up": (
                8001,
                "/api/customers",
                {"email": "k{n}@x.example", "name": "k", "password": "kkkkkkkk"},
            ),
            "order": (8002, "/api/orders", {"card": "tok_visa"}),
            "capture": (8003, "/captures", {**order, "card": "tok_visa"}),
            "parcel": (8004, "/api/shipments", order),
            "ticket": (8005, "/api/tickets", {**order, "text": "where is it? {n}"}),
        }
        if where == "edge":
            del writes["capture"]  # no way leads there from outside
        return [
            {
                "name": name,
                "url": f"https://{self.public}{path}"
                if where == "edge"
                else f"http://{self.hosts[ports[port]][1]}:{port}{path}",
                "headers": {
                    "Host": "shop.example",
                    "Idempotency-Key": "knock-{n}",
                    # a sign-up ends the session that it comes with
                    **({"Cookie": kept["cookie"]} if name != "sign-up" else {}),
                },
                "body": body,
            }
            for name, (port, path, body) in writes.items()
        ]

    def rows(self, but: str) -> dict[str, str]:
        """Table → a digest of its rows, but for mails with the subject ``but``."""
        found = {}
        for table, columns in TABLES.items():
            where = f" WHERE subject <> '{but}'" if table == "mails" else ""
            text = f"coalesce(md5(string_agg({columns}::text, ' ' ORDER BY {columns}::text)), '')"
            found[table] = self._sql(f"SELECT {text} FROM {table} t{where}")
        return found

    def queue_mails(self, subject: str, *, seconds: float, rate: float) -> Callable[[], int]:
        """Put mails into the workers' queue from now on; call what comes back for their number."""
        queued = 0

        def put() -> None:
            nonlocal queued
            psql = subprocess.Popen(
                self._psql("-i"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
            )
            if psql.stdin is None:
                raise AssertionError("started with a pipe")
            begun = time.monotonic()
            while time.monotonic() < begun + seconds:
                psql.stdin.write(
                    "INSERT INTO mails (recipient, subject, text)"
                    f" VALUES ('w@x.example', '{subject}', '{queued}');\n"
                )
                psql.stdin.flush()
                queued += 1
                time.sleep(max(0.0, begun + queued / rate - time.monotonic()))
            psql.stdin.close()
            psql.wait(timeout=30)

        writer = threading.Thread(target=put)
        writer.start()

        def end() -> int:
            writer.join()
            return queued

        return end

    def waiting(self, subject: str) -> int:
        """Mails with this subject that were not sent."""
        where = f"subject = '{subject}' AND sent_at IS NULL"
        return int(self._sql(f"SELECT count(*) FROM mails WHERE {where}"))

    def books(self) -> dict[str, int]:
        """Provider → number of entries in its ledger."""
        world = self.sandbox["world"]
        found = {}
        for name, url in world.items():
            if url.startswith("https://"):
                ask = urllib.request.Request(
                    f"https://{world['address']}/ledger",
                    headers={"Host": url.removeprefix("https://")},
                )
                with urllib.request.urlopen(ask, context=self._trust(), timeout=10) as answer:
                    found[name] = len(json.load(answer)["entries"])
        return found

    def _trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.sandbox["ca"])
        context.check_hostname = False
        return context

    def _product(self, edge: http.client.HTTPSConnection) -> str:
        edge.request("GET", "/api/products", headers={"Host": "shop.example"})
        return json.load(edge.getresponse())["products"][0]["id"]

    def _post(
        self,
        edge: http.client.HTTPSConnection,
        path: str,
        body: dict,
        cookie: str = "",
        key: str = "",
    ) -> tuple[dict, str]:
        """The answer, and the cookie from then on. Raises RuntimeError for anything but a yes."""
        headers = {"Host": "shop.example", "Content-Type": "application/json", "Cookie": cookie}
        edge.request("POST", path, json.dumps(body), headers | {"Idempotency-Key": key})
        answer = edge.getresponse()
        told = answer.read()
        if answer.status not in (200, 201):
            raise RuntimeError(f"{path}: {answer.status} {told[:200]!r}")
        return json.loads(told), answer.headers.get("Set-Cookie", cookie).partition(";")[0]

    def _psql(self, *options: str) -> list[str]:
        container = self.hosts["db-1"][0]
        words = ["podman", "exec", *options, "--user", "postgres", container]
        return [*words, "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "shop"]

    def _sql(self, statement: str) -> str:
        return _said([*self._psql(), "-c", statement]).strip()


def _said(command: list[str], *, given: str = "", limit: float = 60) -> str:
    done = subprocess.run(
        command, input=given, stdout=subprocess.PIPE, text=True, timeout=limit, check=True
    )
    return done.stdout


def _sandbox() -> dict:
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local/state")
    folder = Path(os.environ.get("DRKIT_SANDBOX") or Path(state) / "drkit/sandbox")
    return json.loads((folder / "sandbox.json").read_text())


def _hosts(region: str) -> dict[str, tuple[str, str]]:
    listed = ["podman", "ps", "--filter", f"label=drkit.region={region}", "--format", "{{.ID}}"]
    found = {}
    for container in _said(listed).split():
        seen = json.loads(_said(["podman", "inspect", container]))[0]
        networks = seen["NetworkSettings"]["Networks"].values()
        found[seen["Config"]["Hostname"]] = (container, next(iter(networks))["IPAddress"])
    return found


def _public_address() -> str:
    """The old edge, from the newest deployment on this machine."""
    newest = max(Path(".drkit/runs").glob("*-deploy-*/hosts.json"))
    hosts = json.loads(newest.read_text())
    return next(host["public"] for host in hosts.values() if host["public"])
