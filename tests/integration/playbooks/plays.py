"""Runs the shop's playbooks on hosts of the lab, as drkit does: ansible-runner over ssh."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import ansible_mitogen
import ansible_runner

from drkit.recovery import collections_path
from drkit.sandbox.authority import Authority
from tests.integration.playbooks.lab import OUTSIDE, OWN, Host, Lab
from tests.survivors import alive_with

ROOT = Path(__file__).parents[3]
MITOGEN = Path(ansible_mitogen.__file__).parent / "plugins" / "strategy"
PURPOSES = ("backup", "files", "restore", "epoch", "numbers", "own")
KEY = {"key": "key-of-a-site", "secret": "secret-of-a-site"}
SECRETS = {
    "db_password": "p/w:@%1",
    "restic_password": "restic-secret",
    "pgbackrest_cipher_pass": "cipher-secret",
    "session_key": "session-secret",
    "card_key": "card-secret",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of a playbook: changed tasks (no handlers), files written, failures, facts."""

    ok: bool
    changed: tuple[str, ...]
    written: tuple[str, ...]
    said: str
    facts: Mapping[str, Any]


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
        store = {"name": name, "mode": mode, "to": None, "timeline": "latest", "stanza": "shop"}
        return replace(self, extra={"store": store | {"skip_numbers": 1000} | more})

    def play(
        self,
        playbook: str,
        *,
        strategy: str = "mitogen_linear",
        cut: Callable[[], bool] = lambda: False,
    ) -> Played:
        """Run ``playbooks/NAME.yml`` to its end, or until ``cut`` says so: then it is killed."""
        with tempfile.TemporaryDirectory(prefix="drkit-") as private:
            variables = Path(private) / "vars.json"
            variables.write_text(json.dumps(self._variables()))
            result = ansible_runner.run(
                private_data_dir=private,
                playbook=str(ROOT / "playbooks" / f"{playbook}.yml"),
                inventory=self._inventory(),
                cmdline=f"-e @{variables}",
                envvars=_environment(private, strategy),
                quiet=True,
                cancel_callback=cut,
            )
            _end_workers(private)
            return _played(result)

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


def database_site(lab: Lab, name: str, **parts: Any) -> Site:
    """A site of one new host for the database, with what every host has."""
    site = Site(lab=lab, groups={"db": [lab.host(name)], "app": [], "back": []}, name=name, **parts)
    played = site.play("base")
    assert played.ok, played.said
    return site


def _end_workers(private: str) -> None:
    """Workers sit in sessions of their own and outlive a playbook that was killed."""
    for survivor in alive_with(f"ANSIBLE_LOCAL_TEMP={private}/tmp"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(survivor, signal.SIGKILL)


def _environment(private: str, strategy: str) -> dict[str, str]:
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(collections_path()),
        "ANSIBLE_STRATEGY": strategy,
        "ANSIBLE_STRATEGY_PLUGINS": str(MITOGEN) if strategy.startswith("mitogen") else "",
        "ANSIBLE_PIPELINING": "True",
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "ANSIBLE_SSH_CONTROL_PATH_DIR": f"{private}/cp",
        "ANSIBLE_LOCAL_TEMP": f"{private}/tmp",
    }


def _played(result: Any) -> Played:
    changed, written, said, facts = [], [], [], {}
    for event in result.events:
        data = event.get("event_data", {})
        match event["event"]:
            case "runner_on_ok" if data["res"].get("changed") and not data.get("is_handler"):
                changed.append(f"{data['host']}: {data['task']}")
                written += data["res"].get("paths", [])
            case "runner_on_failed" | "runner_item_on_failed" | "runner_on_unreachable":
                said.append(str(data.get("res", {}).get("msg", event["stdout"])))
            case "playbook_on_stats":
                facts = dict(data.get("artifact_data", {}).get("drkit_facts", {}))
            case _:
                pass
    handlers = _handlers(result)
    kept = tuple(one for one in changed if one.partition(": ")[2] not in handlers)
    with result.stdout as out:
        words = "\n".join(said) or (out.read() if result.rc != 0 else "")
    if result.rc != 0 and not words:  # None where a signal ended it
        words = f"ended as {result.status} with {result.rc}, and said nothing"
    return Played(ok=result.rc == 0, changed=kept, written=tuple(written), said=words, facts=facts)


def _handlers(result: Any) -> set[str]:
    return {
        event["event_data"]["task"]
        for event in result.events
        if event["event"] == "playbook_on_handler_task_start"
    }
