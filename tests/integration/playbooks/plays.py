"""Runs the shop's playbooks on hosts of the lab, as drkit does: ansible-runner over ssh."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from drkit.sandbox.authority import Authority
from tests.integration.playbooks.lab import OUTSIDE, OWN, Host, Lab
from tests.integration.playbooks.player import STRATEGY, Play, Played

ROOT = Path(__file__).parents[3]
PURPOSES = ("backup", "files", "restore", "epoch", "numbers", "own")
KEY = {"key": "key-of-a-site", "secret": "secret-of-a-site"}
SECRETS = {
    "db_password": "p/w:@%1",
    "restic_password": "restic-secret",
    "pgbackrest_cipher_pass": "cipher-secret",
    "session_key": "session-secret",
    "card_key": "card-secret",
}
PARTS = ("db", "app", "back", "cache", "edge")
"""The groups of the shop's hosts."""
SERVICES = ("storefront", "orders", "payment", "shipping", "support")
STORES = {"postgres": "orders-db", "files": "images"}
HOLDERS = {"orders-db": "db", "images": "app"}
TOGETHER = (("base",), ("postgres",), ("files",), ("cache", *SERVICES, "edge"))
"""What the shop is made with, in this order: a store is told by variables of its playbook alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Hosts with their groups, and what a run hands to playbooks."""

    lab: Lab
    groups: Mapping[str, Sequence[Host]]
    name: str = "site-a"
    bucket: str = "own-a"
    run: str = "r1"
    kind: str = "deploy"
    epoch: int = 1
    purposes: Sequence[str] = PURPOSES
    extra: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def with_store(self, name: str, mode: str, **more: Any) -> Site:
        """The same, for a store's playbook."""
        store = {"name": name, "hosts": HOLDERS[name], "mode": mode, "to": None}
        always = {"timeline": "latest", "stanza": "shop", "skip_numbers": 1000}
        return replace(self, extra={"store": store | always | more})

    def backups(self) -> list[dict[str, Any]]:
        """Of the database outside, as pgBackRest tells them, the oldest first."""
        told = self.groups["db"][0].run(
            *("runuser", "-u", "postgres", "--"),
            *("pgbackrest", "--stanza=shop", "--repo=2", "--output=json", "info"),
        )
        return list(json.loads(told)[0]["backup"])

    def play(
        self,
        *playbooks: str,
        strategy: str = STRATEGY,
        cut: Callable[[], bool] = lambda: False,
    ) -> Played:
        """Run ``playbooks/NAME.yml`` to its end, or until ``cut`` says so: then it is killed. Of
        several the next begins when one has gone well.
        """
        with tempfile.TemporaryDirectory(prefix="drkit-") as private:
            (Path(private) / "hosts.json").write_text(json.dumps(self._inventory()))
            (Path(private) / "vars.json").write_text(json.dumps(self._variables()))
            play = Play(
                private=private,
                playbooks=[str(ROOT / "playbooks" / f"{name}.yml") for name in playbooks],
                strategy=strategy,
            )
            return self.lab.player.play(play, cut=cut)

    def _inventory(self) -> dict[str, Any]:
        common = f"-F {self.lab.ssh_config}"
        return {
            "all": {
                "vars": {"ansible_user": "admin", "ansible_ssh_common_args": common},
                "children": {
                    group: {"hosts": {host.name: {"ansible_host": host.address} for host in hosts}}
                    for group, hosts in self.groups.items()
                },
            }
        }

    def _variables(self) -> dict[str, Any]:
        stores = {
            "orders-db": {"stanza": "shop", "skip_numbers": 1000},
            "images": {"stanza": "images"},
        }
        partners = ("card-a", "card-b", "carrier", "mailbox")
        outside = {"endpoint_name": OUTSIDE, "region": "eu-north-1"}
        authority = Authority(folder=self.lab.folder / "proof")
        authority.make()
        certificate = self.lab.folder / "tls.json"
        if not certificate.exists():
            made = self.lab.authority.issue("shop.example")
            certificate.write_text(json.dumps([made.certificate, made.key]))
        public, private = json.loads(certificate.read_text())
        drkit = {
            "shop": "boutique", "run": self.run, "kind": self.kind, "site": self.name,
            "region": self.name, "generation": 1, "epoch": self.epoch, "archive_timeout": 60,
            "outside": outside | {"state_bucket": "state", "backup_bucket": "backup"},
            "own": {"endpoint_name": OWN, "region": "eu-north-1", "bucket": self.bucket},
            "dns_name": "shop.example", "stores": stores,
            "providers": {name: f"https://{name}.example" for name in partners},
            "proof_ca": authority.certificate.read_text(), **self.extra,
        }  # fmt: skip
        if "store" in drkit:
            del drkit["stores"]
        return {
            **self.settings,
            "drkit": drkit,
            "secrets": SECRETS | {"tls_cert": public, "tls_key": private},
            "identities": dict.fromkeys(self.purposes, KEY),
        }


def made_of(site: Site, playbooks: Sequence[str]) -> Site:
    """The site as one of :data:`TOGETHER` wants it: a store is created."""
    store = STORES.get(playbooks[0])
    return site.with_store(store, "create") if store else site


def database_site(lab: Lab, host: str, **parts: Any) -> Site:
    """A site of one new host for the database, with what every host has."""
    groups = {"db": [lab.host(host)], "app": [], "back": []}
    site = Site(lab=lab, groups=groups, **parts)
    played = site.play("base")
    assert played.ok, played.said
    return site
