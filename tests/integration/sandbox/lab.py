"""A sandbox as a test sees it: the CLI, AWS clients, networks with hosts, ssh, and deadlines."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import boto3
import dns.resolver
from botocore.config import Config

SECOND = timedelta(seconds=1)
GLOBAL = frozenset({"iam", "route53"})
ANYWHERE = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def eventually(
    check: Callable[[], bool], *, within: timedelta = 30 * SECOND, what: str = ""
) -> None:
    """Poll until ``check`` holds; fails after the deadline."""
    deadline = time.monotonic() + within.total_seconds()
    while not check():
        assert time.monotonic() < deadline, f"not within {within}: {what}"
        time.sleep(0.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A VPC with one public subnet and one private one, whose way out is a NAT gateway."""

    region: str
    id: str
    public: str
    private: str
    private_routes: str
    nat: str


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """The sandbox that is up in ``folder``."""

    folder: Path
    keys: Path
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return cli(self.folder, *arguments)

    def status(self, region: str) -> dict[str, Any]:
        shown = json.loads(self.cli("status", "--output", "json").stdout)
        return next(found for found in shown["regions"] if found["region"] == region)

    @property
    def state(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "sandbox.json").read_text()))

    def client(self, service: str, region: str = "eu-west-3") -> Any:
        """A client with the operator's key."""
        if (service, region) not in self._clients:
            operator = self.state["credentials"]["operator"]
            self._clients[service, region] = self.client_of(
                service, region, key=operator["key"], secret=operator["secret"]
            )
        return self._clients[service, region]

    def impatient(self, service: str, region: str) -> Any:
        """A client of the operator that waits a second, for an API that should not answer."""
        operator = self.state["credentials"]["operator"]
        return self.client_of(
            service, region, key=operator["key"], secret=operator["secret"], patience=SECOND
        )

    def client_of(
        self, service: str, region: str, *, key: str, secret: str, patience: timedelta = 20 * SECOND
    ) -> Any:
        door = self.state["regions"]["global" if service in GLOBAL else region]
        return boto3.Session(key, secret).client(
            service,  # type: ignore[call-overload]
            region_name="us-east-1" if service in GLOBAL else region,
            endpoint_url=door["endpoint"],
            verify=self.state["ca"],
            config=Config(
                connect_timeout=min(patience, 3 * SECOND).total_seconds(),
                read_timeout=patience.total_seconds(),
                retries={"total_max_attempts": 1},
            ),
        )

    def network(self, region: str, cidr: str) -> Network:
        ec2 = self.client("ec2", region)
        vpc = ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        first, second, *_ = IPv4Network(cidr).subnets(new_prefix=20)
        public = ec2.create_subnet(VpcId=vpc, CidrBlock=str(first))["Subnet"]["SubnetId"]
        private = ec2.create_subnet(VpcId=vpc, CidrBlock=str(second))["Subnet"]["SubnetId"]
        self._routes(ec2, vpc, public, GatewayId=gateway)
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        nat = ec2.create_nat_gateway(SubnetId=public, AllocationId=address)
        identity = nat["NatGateway"]["NatGatewayId"]
        routes = self._routes(ec2, vpc, private, NatGatewayId=identity)
        if not ec2.describe_key_pairs()["KeyPairs"]:
            material = (self.keys / "login.pub").read_text()
            ec2.import_key_pair(KeyName="login", PublicKeyMaterial=material)
        return Network(
            region=region,
            id=vpc,
            public=public,
            private=private,
            private_routes=routes,
            nat=identity,
        )

    @staticmethod
    def _routes(ec2: Any, vpc: str, subnet: str, **target: str) -> str:
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        return str(table)

    def group(self, network: Network, name: str, *permitted: tuple[int, dict[str, Any]]) -> str:
        """A security group: TCP ports and from where."""
        ec2 = self.client("ec2", network.region)
        group = ec2.create_security_group(GroupName=name, Description=name, VpcId=network.id)
        for port, peers in permitted:
            one = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **peers}
            ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[one])
        return str(group["GroupId"])

    def start(self, network: Network, name: str, *, subnet: str, group: str) -> dict[str, Any]:
        """Run one instance with the test's own host key; returns what the API said of it."""
        ec2 = self.client("ec2", network.region)
        images = ec2.describe_images(
            Owners=["self"], Filters=[{"Name": "name", "Values": ["shop-12"]}]
        )["Images"]
        user_data = {
            "hostname": name,
            "ssh_keys": {
                "ed25519_private": (self.keys / "host").read_text(),
                "ed25519_public": (self.keys / "host.pub").read_text(),
            },
        }
        started = ec2.run_instances(
            ImageId=images[0]["ImageId"],
            InstanceType="m5.large",
            MinCount=1,
            MaxCount=1,
            SubnetId=subnet,
            SecurityGroupIds=[group],
            KeyName="login",
            UserData="#cloud-config\n" + json.dumps(user_data),
        )
        return dict(started["Instances"][0])

    def give_address(self, region: str, instance: str) -> str:
        ec2 = self.client("ec2", region)
        address = ec2.allocate_address(Domain="vpc")
        ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=instance)
        return str(address["PublicIp"])

    def condition(self, region: str, instance: str) -> str:
        found = self.client("ec2", region).describe_instances(InstanceIds=[instance])
        return str(found["Reservations"][0]["Instances"][0]["State"]["Name"])

    def ask(self, name: str, kind: str = "A") -> dns.resolver.Answer:
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = [self.state["dns"]]
        resolver.lifetime = 3
        return resolver.resolve(name, kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """ssh to a host with its pinned key, through jump hosts if need be."""

    keys: Path
    address: str
    jump: str = ""

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        hop = ["-o", f"ProxyCommand={self._hop()}"] if self.jump else []
        return subprocess.run(
            [*self._ssh(), *hop, f"admin@{self.address}", command],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def says(self, command: str, expected: str) -> bool:
        return expected in self.run(command).stdout

    def connects(self, address: str, port: int) -> bool:
        """Whether the host can open a TCP connection."""
        return self.run(f"timeout 2 bash -c '</dev/tcp/{address}/{port}'").returncode == 0

    def reached_of(self, targets: list[str], port: int) -> list[str]:
        """Those addresses at which the host can open a TCP connection; all tried at once."""
        one = f'timeout 2 bash -c "</dev/tcp/$a/{port}" 2>/dev/null && echo $a'
        return self.run(f"for a in {' '.join(targets)}; do {one} & done; wait").stdout.split()

    def _hop(self) -> str:
        return " ".join([*self._ssh(), "-W", "%h:%p", f"admin@{self.jump}"])

    def _ssh(self) -> list[str]:
        known = self.keys / "known_hosts"
        key = (self.keys / "host.pub").read_text()
        known.write_text(f"* {key}")
        options = {
            "IdentityFile": self.keys / "login",
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": known,
            "GlobalKnownHostsFile": os.devnull,
            "StrictHostKeyChecking": "yes",
            "BatchMode": "yes",
            "ConnectTimeout": 3,
            "LogLevel": "ERROR",
        }
        return ["ssh", *(f"-o{name}={value}" for name, value in options.items())]


def banner(address: str) -> bool:
    """Whether an ssh server answers there, from this machine."""
    try:
        with socket.create_connection((address, 22), timeout=1) as line:
            line.settimeout(1)
            return line.recv(4) == b"SSH-"
    except OSError:
        return False


def cli(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``drkit sandbox`` as a user types it, with its state in ``folder``."""
    return subprocess.run(
        [sys.executable, "-m", "drkit.cli.sandbox", *arguments],
        capture_output=True,
        text=True,
        timeout=1200,
        env=os.environ | {"DRKIT_SANDBOX": str(folder)},
        check=False,
    )


@cache
def make_keys(folder: Path) -> Path:
    """Two ed25519 keys: ``login`` of the operator, ``host`` of every host."""
    for name in ("login", "host"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", folder / name],
            check=True,
            timeout=20,
        )
    return folder
