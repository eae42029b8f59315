"""What others than drkit say: the customers, the cloud's API, the database, the process list."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from drkit.sandbox import addresses
from tests.e2e.desk import Desk, Said
from tests.integration.sandbox.lab import Sandbox

OUTSIDE = "eu-north-1"
STATE = "boutique-dr"
_NOT_TERMINATED = {
    "Name": "instance-state-name",
    "Values": ["pending", "running", "stopping", "stopped"],
}
"""EC2 lists one that is gone for a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """An order that a customer was promised."""

    number: int
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Customers:
    """The load generator, the probe beside it, and the customers' own ledger."""

    desk: Desk
    ledger: Path
    load: subprocess.Popen[str]
    probe: subprocess.Popen[str]

    @classmethod
    def begin(cls, desk: Desk) -> Customers:
        ledger = desk.root / "customers.jsonl"
        load = ["sandbox", "load", "--rate", "5", "--ledger", str(ledger), "--output", "json"]
        return cls(
            desk=desk,
            ledger=ledger,
            load=desk.begin(*load),
            probe=desk.begin("probe", "--every", "2s"),
        )

    def promises(self) -> list[Promise]:
        """Every order that was promised so far."""
        lines = self.ledger.read_text().splitlines() if self.ledger.exists() else []
        entries = [json.loads(line) for line in lines if '"promise"' in line and line[-1] == "}"]
        return [
            Promise(number=entry["number"], at=datetime.fromisoformat(entry["at"]))
            for entry in entries
            if entry["kind"] == "promise"
        ]

    def failures(self) -> list[dict[str, Any]]:
        """What did not work for a customer so far."""
        lines = self.ledger.read_text().splitlines()
        entries = [json.loads(line) for line in lines if line[-1:] == "}"]
        return [entry for entry in entries if entry["kind"] == "failure"]

    def last_probed(self) -> bool | None:
        """What the probe saw last of the sales; None before it looked."""
        seen = self.desk.root / ".drkit" / "probe.jsonl"
        lines = seen.read_text().splitlines() if seen.exists() else []
        results = [json.loads(line) for line in lines if '"sales"' in line and line[-1] == "}"]
        return bool(results[-1]["ok"]) if results else None

    def leave(self) -> Said:
        """They go home: how the load ended, with its summary. Can be repeated by nobody."""
        self.desk.interrupted(self.probe)
        return self.desk.interrupted(self.load)

    def gone(self) -> bool:
        return self.load.poll() is not None


def told_to_providers(sandbox: Sandbox) -> list[dict[str, Any]]:
    """All that the ledgers of the world outside hold."""
    trust = ssl.create_default_context(cafile=sandbox.state["ca"])
    told: list[dict[str, Any]] = []
    with httpx.Client(verify=trust, trust_env=False) as http:
        for service in addresses.WORLD_SERVICES:
            name = addresses.world_name(service)
            answer = http.get(
                f"https://{addresses.WORLD}/ledger",
                headers={"Host": name},
                extensions={"sni_hostname": name},
            )
            told += answer.raise_for_status().json()["entries"]
    return told


def state_of(sandbox: Sandbox) -> dict[tuple[str, str], str]:
    """Every version of every object of the state bucket: key and version → its tag."""
    listed = sandbox.client("s3", OUTSIDE).get_paginator("list_object_versions")
    return {
        (version["Key"], version["VersionId"]): version["ETag"]
        for page in listed.paginate(Bucket=STATE)
        for version in page.get("Versions", [])
    }


def state_objects(sandbox: Sandbox) -> Iterator[tuple[str, bytes]]:
    """Each version of each object of the state bucket."""
    s3 = sandbox.client("s3", OUTSIDE)
    for key, version in state_of(sandbox):
        body = s3.get_object(Bucket=STATE, Key=key, VersionId=version)["Body"]
        yield f"s3://{STATE}/{key}", body.read()


def resources_in(sandbox: Sandbox, region: str) -> dict[str, list[Any]]:
    """What the API lists in ``region``, by kind; a kind without any is left out."""
    ec2, s3 = sandbox.client("ec2", region), sandbox.client("s3", region)
    buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    found = {
        "vpcs": ec2.describe_vpcs()["Vpcs"],
        "subnets": ec2.describe_subnets()["Subnets"],
        "instances": ec2.describe_instances(Filters=[_NOT_TERMINATED])["Reservations"],
        "groups": ec2.describe_security_groups()["SecurityGroups"],
        "addresses": ec2.describe_addresses()["Addresses"],
        "gateways": ec2.describe_internet_gateways()["InternetGateways"],
        "keys": ec2.describe_key_pairs()["KeyPairs"],
        "buckets": [name for name in buckets if region in name],
        "hosts": hosts_in(region),
    }
    return {kind: listed for kind, listed in found.items() if listed}


def counted(resources: dict[str, list[Any]]) -> dict[str, int]:
    """How many there are of each kind."""
    return {kind: len(found) for kind, found in resources.items()}


def hosts_in(region: str) -> list[str]:
    """The containers that are the region's hosts."""
    ours = ["--filter", "label=drkit.sandbox=1", "--filter", f"label=drkit.region={region}"]
    return _said("podman", "ps", *ours, "--format", "{{.ID}}").split()


def host_in(region: str, name: str) -> str:
    """The container that is the newest of the region's hosts of this name."""
    inspected = json.loads(_said("podman", "inspect", *hosts_in(region)))
    named = [host for host in inspected if host["Config"]["Hostname"] == name]
    return str(max(named, key=lambda host: host["Created"])["Id"])


def on_host(host: str, script: str) -> str:
    """What a script of the shell says on a host, as root."""
    return _said("podman", "exec", host, "sh", "-euc", script)


def logs_in(region: str) -> Iterator[tuple[str, bytes]]:
    """What each host of the region has logged: its journal, and every file of /var/log."""
    for host in hosts_in(region):
        for what, *command in (
            ("journal", "journalctl", "--no-pager", "--output=cat"),
            ("/var/log", "find", "/var/log", "-type", "f", "-exec", "cat", "{}", "+"),
        ):
            inside = ["podman", "exec", host, *command]
            done = subprocess.run(inside, capture_output=True, timeout=60, check=True)
            yield f"{what} of {host}", done.stdout


def orders_in(region: str) -> set[int]:
    """The numbers of all customers' orders in the newest database of the region, asked directly."""
    ask = ["podman", "exec", "--user", "postgres", host_in(region, "db-1")]
    ask += ["psql", "-XAtq", "shop", "-c"]
    return {int(n) for n in _said(*ask, "SELECT number FROM orders WHERE proof IS NULL").split()}


def _said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


@dataclass(kw_only=True)
class ProcessList:
    """Every command line that anybody on this machine could have seen while it was watched."""

    every: timedelta = timedelta(milliseconds=250)
    _seen: set[bytes] = field(default_factory=set)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> ProcessList:
        self._watching = threading.Thread(target=self._watch, daemon=True)
        self._watching.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._watching.join()

    def seen(self) -> set[bytes]:
        return set(self._seen)

    def _watch(self) -> None:
        while not self._stop.wait(self.every.total_seconds()):
            for entry in Path("/proc").iterdir():
                if entry.name.isdigit():
                    try:
                        self._seen.add((entry / "cmdline").read_bytes())
                    except OSError:  # it has ended meanwhile
                        continue
