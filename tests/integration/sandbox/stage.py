"""A stage for the reconciler and its fleet: a network of its own instead of the machine's, a podman
that makes processes instead of containers, and moto's tables in this process.

Run as ``unshare --net python -m tests.integration.sandbox.stage FOLDER SCENE``; prints JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from drkit.sandbox import firewall, ground, hosts, observed
from drkit.sandbox.fleet import Fleet
from drkit.sandbox.lost import Losses
from drkit.sandbox.reconciler import Reconciler
from tests.integration.sandbox.lab import eventually

REGION = "eu-west-3"
PODMAN = """\
#!/bin/sh
# podman --runtime runc VERB …: hosts are processes in networks of their own
shift 2
cd {folder}
echo "$1 $2" >> asked
case "$1 $2" in
"network exists") test -e network/$3 ;;
"network create")
    for name in "$@"; do :; done
    test -e refused && grep -q "$name" refused && {{ echo "range in use" >&2; exit 125; }}
    mkdir -p network && touch network/$name ;;
"network inspect")
    echo '[{{"network_interface": "{bridge}", "labels": {{"drkit.sandbox": "1"}}}}]' ;;
"network rm") rm network/$3 ;;
"run --detach")
    while [ $# -gt 1 ]; do
        [ "$1" = --pidfile ] && pidfile=$2
        [ "$1" = --ip ] && ip=$2
        shift
    done
    setsid unshare --net sh -c "ip link add d0 type bridge && ip address add $ip/16 dev d0 &&
        ip link set d0 up && touch $pidfile.up && exec sleep $(cat lives)" >/dev/null 2>&1 &
    echo $! > $pidfile
    while ! test -e $pidfile.up; do sleep 0.01; done ;;
"rm --force") exit 0 ;;
"container exists") exit 0 ;;
*) echo "no such verb" >&2; exit 125 ;;
esac
"""
BRIDGE = "drkit-stage"


@dataclass
class Stage:
    folder: Path
    woken: threading.Event = field(default_factory=threading.Event)
    bridge: str = BRIDGE
    lives: str = "20"

    def __post_init__(self) -> None:
        programs = self.folder / "bin"
        programs.mkdir()
        fake = programs / "podman"
        fake.write_text(PODMAN.format(folder=self.folder, bridge=self.bridge))
        fake.chmod(0o755)
        (self.folder / "lives").write_text(self.lives)
        os.environ["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"
        subprocess.run(["ip", "link", "add", BRIDGE, "type", "bridge"], check=True, timeout=10)
        ground.lay("/stage")
        firewall.enter()
        trust = hosts.Trust(certificate=self.folder / "ca", hashed_name="ca")
        self.fleet = Fleet(folder=self.folder, trust=trust, changed=self.woken.set)
        self.reconciler = Reconciler(fleet=self.fleet, losses=Losses(), woken=self.woken)

    def network(self, cidr: str) -> tuple[str, str]:
        """A VPC with a subnet of its whole range."""
        ec2 = observed.backend(REGION)
        vpc = ec2.create_vpc(cidr)
        return vpc.id, ec2.create_subnet(vpc.id, cidr, availability_zone=f"{REGION}a").id

    def instance(self, subnet: str) -> Any:
        named = {"instance_type": "m5.large", "is_instance_type_default": False}
        more = {"region_name": REGION, "tags": {}, "subnet_id": subnet}
        ec2 = observed.backend(REGION)
        (started,) = ec2.run_instances("ami-1", 1, None, [], **named, **more).instances
        return started

    def asked(self, what: str) -> int:
        return (self.folder / "asked").read_text().splitlines().count(what)


def refused_network(folder: Path) -> dict[str, object]:
    """Of two networks one cannot be made."""
    stage = Stage(folder=folder)
    refused, _ = stage.network("10.64.0.0/16")
    _, subnet = stage.network("10.65.0.0/16")
    (folder / "refused").write_text(f"drkit-{refused}")
    instance = stage.instance(subnet)
    stage.reconciler.begin()
    stage.woken.set()
    eventually(lambda: instance.id in stage.reconciler.standing(), what="the other's host")
    filters = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout
    return {"firewall": f"-i {BRIDGE} -j DRKIT-ENTER" in filters, "state": instance.state}


def lost_subnet(folder: Path) -> dict[str, object]:
    """An instance whose subnet is gone, and its route tables with it."""
    stage = Stage(folder=folder)
    vpc, subnet = stage.network("10.64.0.0/16")
    orphan = stage.instance(subnet)
    ec2 = observed.backend(REGION)
    ec2.delete_subnet(subnet)
    (seen,) = observed.landscape().hosts
    for table in list(ec2.route_tables.values()):
        if table.vpc_id == vpc:
            del ec2.route_tables[table.id]
    (again,) = observed.landscape().hosts
    return {"id": seen.id == orphan.id, "ways": [seen.seen_as, again.seen_as]}


def broken_look(folder: Path) -> dict[str, object]:
    """moto's tables cannot be read for a while, and for a reason that nobody thought of."""
    stage = Stage(folder=folder)
    ec2 = observed.backend(REGION)
    tables, ec2.vpcs = ec2.vpcs, None
    stage.reconciler.begin()
    stage.woken.set()
    eventually(lambda: not stage.woken.is_set(), what="it looked")
    ec2.vpcs = tables
    _, subnet = stage.network("10.64.0.0/16")
    instance = stage.instance(subnet)
    stage.woken.set()
    eventually(lambda: instance.id in stage.reconciler.standing(), what="it follows again")
    return {"state": instance.state}


def no_bridge(folder: Path) -> dict[str, object]:
    """A host's start fails with what is no error of ours: its bridge is not there."""
    stage = Stage(folder=folder, bridge="drkit-none")
    _, subnet = stage.network("10.64.0.0/16")
    instance = stage.instance(subnet)
    stage.reconciler.begin()
    stage.woken.set()
    eventually(lambda: instance.state == "terminated", what="the API learns of it")
    eventually(lambda: not stage.fleet.busy(), what="it is no longer under way")
    return {"standing": sorted(stage.fleet.standing()), "removed": stage.asked("rm --force")}


def early_death(folder: Path) -> dict[str, object]:
    """A host's init dies while the host is still being started: the fake `ip` takes a second."""
    stage = Stage(folder=folder, lives="0.5")
    slow = folder / "bin" / "ip"
    real = subprocess.run(["which", "ip"], capture_output=True, text=True, check=True).stdout
    slow.write_text(f'#!/bin/sh\n[ "$2" = replace ] && sleep 1\nexec {real.strip()} "$@"\n')
    slow.chmod(0o755)
    _, subnet = stage.network("10.64.0.0/16")
    instance = stage.instance(subnet)
    stage.reconciler.begin()
    stage.woken.set()
    eventually(
        lambda: instance.state == "stopped",
        within=timedelta(seconds=60),
        what="the API learns of it",
    )
    return {"pid": stage.fleet.standing()[instance.id].pid}


SCENES = {
    scene.__name__: scene
    for scene in (refused_network, lost_subnet, broken_look, no_bridge, early_death)
}

if __name__ == "__main__":
    sys.stdout.write(json.dumps(SCENES[sys.argv[2]](Path(sys.argv[1]))))
    sys.stdout.flush()
    os._exit(0)
