"""Somebody else's folder: a small shop with one host, and its plan.

Its stacks make no resource, so that no cloud plug-in is needed: they tell of a host that is there
already. The state is in a bucket, and playbook and check reach the host by ssh, as ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

REGION = "eu-west-3"
PASSWORD = "of-the-vault"

_OUTSIDE = """
import pulumi

user = {"user": "baker", "key": "k", "secret": "s"}
sites = pulumi.Config().require_object("sites")
purposes = ("backup", "files", "restore", "epoch", "numbers", "own")
identities = {site: dict.fromkeys(purposes, user) for site in sites}
pulumi.export("identities", pulumi.Output.secret(identities))
"""
_STORAGE = """
import pulumi

address = "{address}"
host = {{"groups": ["oven"], "address": address, "public": address, "host_key": "{key}"}}
pulumi.export("bucket", "bakery-bread")
pulumi.export("hosts", {{"oven-1": host}})
"""
_BAKE = """
- name: Bake
  hosts: oven
  gather_facts: false
  tasks:
    - name: Read the recipes by what drkit brings along
      ansible.builtin.set_fact:
        recipes: "{{ lookup('drkit.recovery.tree', playbook_dir + '/recipes', dest='/x') }}"
    - name: Bake bread
      ansible.builtin.copy:
        dest: /tmp/bread
        content: "{{ recipes | length }} recipe, for {{ drkit.shop }}"
        mode: "0600"
"""
_WINDOW = """
- name: Dress the window
  hosts: oven
  gather_facts: false
  tasks:
    - name: Hang up the sign
      ansible.builtin.copy:
        dest: /tmp/sign
        content: open
        mode: "0600"
"""
_CHECK = """
import pytest

@pytest.mark.each("oven")
def test_there_is_bread(host):
    assert host.file("/tmp/bread").content_string == "1 recipe, for bakery"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Oven:
    """The host, and how to get in."""

    address: str
    host_key: str
    login: str
    """The private key of ``admin``."""


def write_bakery(root: Path, oven: Oven, *, account: str) -> Path:
    """The plan in ``root``, and every file that it names."""
    files = {
        "drkit.yaml": yaml.safe_dump(_plan(account), sort_keys=False),
        "password": PASSWORD,
        "secrets.yml": _vault(oven.login),
        "stacks/outside/Pulumi.yaml": "name: outside\nruntime: python\n",
        "stacks/outside/__main__.py": _OUTSIDE,
        "stacks/storage/Pulumi.yaml": "name: storage\nruntime: python\n",
        "stacks/storage/__main__.py": _STORAGE.format(address=oven.address, key=oven.host_key),
        "playbooks/bake.yml": _BAKE,
        "playbooks/window.yml": _WINDOW,
        "playbooks/recipes/bread": "flour, water, salt",
        "checks/test_bread.py": _CHECK,
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def _plan(account: str) -> dict[str, object]:
    site = {
        "cloud": "sandbox",
        "account": account,
        "ssh": {"jump": "oven"},
        "images": {"host": "oven-1"},
    }
    return {
        "version": 1,
        "shop": "bakery",
        "currency": "EUR",
        "outside": {"region": "eu-north-1", "state": "s3://bakery-dr", "backups": "s3://bakery-b"},
        "secrets": {"vault": "secrets.yml", "password": {"command": "cat password"}},
        "dns": {"name": "bakery.example", "ttl": "10s"},
        "people": {"ana": {"roles": ["lead"]}},
        "sites": {REGION: site, "eu-central-1": site},
        "providers": {},
        "processes": {},
        "stacks": {"storage": {"provides": ["oven"]}},
        "stores": {},
        "services": {},
        "steps": {
            "bake": {"playbook": "bake", "hosts": "oven", "after": ["storage"]},
            "window": {"playbook": "window", "hosts": "oven", "after": ["storage"]},
            "taste": {"checks": ["checks/test_bread.py"], "after": ["bake"]},
        },
    }


def _vault(login: str) -> str:
    entries = {"ssh_key": login, "pulumi_passphrase": "rye"}
    secret = VaultSecret(PASSWORD.encode())
    sealed = VaultLib([("default", secret)]).encrypt(yaml.safe_dump(entries), secret=secret)
    return str(sealed.decode())
