"""The files by which a run reaches its hosts: ssh configuration, pinned keys, inventory.

Everything comes from the outputs of the stacks that provide hosts; nobody types an address. The
same ``ssh_config`` serves Ansible, mitogen and testinfra.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import yaml

from drkit.adapters.hosts_output import Hosts, entrance, groups_of, hosts_of
from drkit.ports import Secret

__all__ = ["Hosts", "hosts_of", "write_ssh_files"]


def write_ssh_files(folder: Path, hosts: Hosts, *, jump: str, key: Secret) -> None:
    """Write ssh_config, known_hosts, ssh_key, hosts.json and inventory/hosts.yml into ``folder``.

    Before the stack with the jump host is up, private hosts have no way in: who needs one says so
    (:func:`drkit.adapters.hosts_output.entrance`), and the step that brings it must still start.
    """
    gate = entrance(hosts, jump)
    _private(folder / "ssh_key", key.reveal().rstrip("\n") + "\n")
    _private(folder / "known_hosts", _known_hosts(hosts))
    _private(folder / "ssh_config", _ssh_config(folder, hosts, gate))
    _private(folder / "hosts.json", json.dumps(hosts, indent=1))
    (folder / "inventory").mkdir(exist_ok=True, mode=0o700)
    _private(folder / "inventory" / "hosts.yml", yaml.safe_dump(_inventory(folder, hosts)))


def _ssh_config(folder: Path, hosts: Hosts, gate: str | None) -> str:
    """One block per host. The checks here are the only ones: no file of the user's is read."""
    blocks = []
    for name, host in hosts.items():
        lines = [
            f"Host {name} {host['address']}" + (f" {host['public']}" if host.get("public") else ""),
            f"  HostName {host.get('public') or host['address']}",
            f"  HostKeyAlias {name}",
        ]
        if gate is not None and name != gate:
            # a shell's word, in which ssh takes % for its own
            way = shlex.quote(f"{folder}/ssh_config").replace("%", "%%")
            lines.append(f"  ProxyCommand ssh -F {way} -W %h:%p {gate}")
        blocks.append("\n".join(lines))
    common = [
        "Host *",
        "  User admin",
        f"  IdentityFile {_word(folder / 'ssh_key')}",
        "  IdentitiesOnly yes",
        "  BatchMode yes",
        f"  UserKnownHostsFile {_word(folder / 'known_hosts')}",
        "  GlobalKnownHostsFile /dev/null",
        "  StrictHostKeyChecking yes",
        "  ConnectTimeout 5",
        "  ConnectionAttempts 20",
        "  ServerAliveInterval 5",
        "  ServerAliveCountMax 3",
        "  LogLevel ERROR",
    ]
    return "\n\n".join([*blocks, "\n".join(common)]) + "\n"


def _word(path: Path) -> str:
    """One word of an ssh configuration: the plan's folder may have spaces in its name."""
    return '"{}"'.format(str(path).replace("%", "%%"))


def _known_hosts(hosts: Hosts) -> str:
    return "".join(f"{name} {host['host_key']}\n" for name, host in hosts.items())


def _inventory(folder: Path, hosts: Hosts) -> dict[str, object]:
    groups = sorted({group for host in hosts.values() for group in groups_of(host)})
    return {
        "all": {
            "hosts": {
                # ssh_config knows each host by its private address too, and how to get there
                name: {"ansible_host": host["address"]}
                for name, host in hosts.items()
            },
            "vars": {
                "ansible_user": "admin",
                "ansible_ssh_common_args": f"-F {shlex.quote(str(folder / 'ssh_config'))}",
                "ansible_python_interpreter": "/usr/bin/python3",
            },
            "children": {
                group: {"hosts": {n: {} for n, h in hosts.items() if group in groups_of(h)}}
                for group in groups
            },
        }
    }


def _private(path: Path, text: str) -> None:
    """Replaced in one move, and only if it changed: steps that run just now are reading it."""
    if path.is_file() and path.read_text() == text:
        return
    fresh = path.with_name(f".{path.name}.new")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(path)
