"""A run with every kind of step but one, as a chain: all of it real but what is done with stacks,
for which programs stand in (a stack's own kills are tests/contract/pulumi's and the rebuilds').

``quiesce`` is left out: it is a ``playbook`` on the hosts of another site, which only that site's
own Pulumi stacks name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from drkit.adapters.backup_policy import BackupPolicy, fenced
from drkit.adapters.cloud import client
from drkit.model.plan import Plan
from drkit.model.step import (
    KINDS,
    CheckWork,
    DnsWork,
    DriftWork,
    EpochWork,
    GateWork,
    LedgerWork,
    Mode,
    PlaybookWork,
    ProofWork,
    QuiesceWork,
    RemovalWork,
    RevokeWork,
    Route,
    StackWork,
    StoreWork,
    WaitWork,
    Work,
)
from drkit.ports import World
from tests.chaos.small_shop import PROGRAM
from tests.contract.cloud.opened import STORE
from tests.contract.cloud.values import identity
from tests.fakes.documents import plan_at
from tests.integration.ansible.localhost import write_playbook, write_run

EVERY_KIND = {
    "network": "stack",
    "orders-db": "store",
    "storefront": "playbook",
    "checks": "check",
    "proof.sales": "proof",
    "loss.card-a": "ledger",
    "consent": "gate",
    "epoch": "epoch",
    "revoke": "revoke",
    "fence": "wait",
    "dns": "dns",
    "drift": "drift",
    "remove.network": "removal",
}
"""Step → kind, each needing the one before."""
if set(EVERY_KIND.values()) != set(KINDS.values()) - {KINDS[QuiesceWork]}:
    raise AssertionError("a kind of step is missing here")

HOST = {"groups": ["edge"], "address": "10.68.0.4", "public": "198.18.0.7"}
FACTS: Mapping[str, Mapping[str, object]] = {
    "storage": {"bucket": "corner-eu-central-1-g1"},
    "compute": {"hosts": {"edge-1": HOST}},
}
"""What stacks have said before this run's first step."""
IDENTITIES = {
    site: identity(f"corner-{site}", "backup", "files") for site in ("eu-west-3", "eu-central-1")
}
_CHECK = """
import pathlib
def test_it_is_well():
    with pathlib.Path({effects!r}).open("a") as effects:
        effects.write("{name}\\n")
"""


def plan(folder: Path) -> Plan:
    return plan_at(folder, stores=STORE)


def work(name: str, kind: str) -> Work:
    """The work of a step; its files are named as it is. ``program`` is a ledger's file."""
    works: dict[str, Work] = {
        "program": LedgerWork(provider="card-a", path=f"{name}.py"),
        "stack": StackWork(stack=name),
        "store": StoreWork(store="orders-db", playbook=name, hosts="one", mode=Mode.RESTORE),
        "playbook": PlaybookWork(playbook=name, hosts="one"),
        "check": CheckWork(paths=(f"{name}.py",)),
        "proof": ProofWork(process="sales", path=f"{name}.py", route=Route.OVERRIDE),
        "ledger": LedgerWork(provider="card-a", path=f"{name}.py"),
        "gate": GateWork(role="lead"),
        "epoch": EpochWork(),
        "revoke": RevokeWork(),
        "wait": WaitWork(duration=timedelta(milliseconds=50), reason="for the fence"),
        "dns": DnsWork(),
        "drift": DriftWork(generation=1),
        "removal": RemovalWork(stack=name),
    }
    return works[kind]


def write_every_kind(folder: Path) -> None:
    """The graph, and the files that its steps work with."""
    names = list(EVERY_KIND)
    graph = {
        name: {"kind": EVERY_KIND[name], "needs": names[max(0, at - 1) : at]}
        for at, name in enumerate(names)
    }
    (folder / "graph.json").write_text(json.dumps(graph))
    write_run(folder)
    (folder / "run" / "hosts.json").write_text(json.dumps({"edge-1": HOST}))
    for name, kind in EVERY_KIND.items():
        if kind in {"stack", "ledger", "drift", "removal"}:
            (folder / f"{name}.py").write_text(PROGRAM.format(root=str(folder), name=name))
        elif kind in {"check", "proof"}:
            text = _CHECK.format(effects=str(folder / "effects"), name=name)
            (folder / f"{name}.py").write_text(text)
        elif kind in {"store", "playbook"}:
            made = {"dest": str(folder / f"made-{name}"), "content": name, "mode": "0600"}
            write_playbook(folder, name, {"name": "Make it", "ansible.builtin.copy": made})


def end_state(folder: Path, world: World) -> dict[str, Any]:
    """What a run has come to: here, and in the cloud."""
    s3 = client(world, "s3", "eu-north-1")
    epoch = json.loads(s3.get_object(Bucket="corner-dr", Key="epoch.json")["Body"].read())
    return {
        "made": {path.name: path.read_text() for path in folder.glob("made-*")},
        "effects": set((folder / "effects").read_text().split()),
        "epoch": {key: epoch[key] for key in ("number", "site", "run")}
        | {"before": [before["number"] for before in epoch["before"]]},
        "fenced": {
            arn.rpartition("/")[2] for arn in fenced(BackupPolicy(world, plan(folder)).statements())
        },
        "public": _records(world),
    }


def _records(world: World) -> list[tuple[str, str]]:
    route53 = client(world, "route53", "eu-north-1")
    [zone] = route53.list_hosted_zones()["HostedZones"]
    sets = route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    return [
        (str(found["Name"]), str(record["Value"]))
        for found in sets
        if found["Type"] == "A"
        for record in found["ResourceRecords"]
    ]
