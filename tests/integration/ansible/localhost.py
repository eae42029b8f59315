"""A run's folder whose hosts are this machine, and playbooks for it."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

HOSTS = ("one", "two")


def write_run(root: Path, *, strategy: str = "linear") -> None:
    """The folder of a run after the stack with hosts: two names for this machine."""
    run = root / "run"
    (run / "inventory").mkdir(parents=True, exist_ok=True)
    (run / "logs").mkdir(exist_ok=True)
    (run / "proof_ca.crt").write_text("")
    local = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
    }
    inventory = {"all": {"hosts": dict.fromkeys(HOSTS, local)}}
    (run / "inventory" / "hosts.yml").write_text(yaml.safe_dump(inventory))
    (root / "strategy").write_text(strategy)


def write_playbook(root: Path, name: str, *tasks: dict[str, object], **play: object) -> None:
    """``playbooks/NAME.yml``: one play of ``tasks`` on every host."""
    folder = root / "playbooks"
    folder.mkdir(exist_ok=True)
    head: dict[str, object] = {"name": name, "hosts": "all", "gather_facts": False}
    document = [{**head, **play, "tasks": list(tasks)}]
    # JSON is YAML, and keeps what Ansible's templates hold as it is
    (folder / f"{name}.yml").write_text(json.dumps(document, indent=1))


FACTS = {"storage": {"bucket": "corner-eu-central-1-g1"}}
"""What an earlier stack's outputs must hold before a playbook can run."""
