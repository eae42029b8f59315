"""Who reaches whom: security groups, jump hosts, ways out, elastic IPs, and a lost region."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from botocore.exceptions import ConnectTimeoutError

from drkit.sandbox import addresses
from tests.integration.sandbox.conftest import Site
from tests.integration.sandbox.lab import SECOND, Sandbox, Shell, banner, eventually

OUTSIDE = "https://aws.eu-north-1.sandbox.example/"
ANSWERED = "MissingAuthenticationToken"


@contextmanager
def listening(shell: Shell, port: int) -> Iterator[None]:
    """A server on a port of a host."""
    unit = f"listen-{port}"
    shell.run(f"sudo systemd-run --quiet --unit {unit} python3 -m http.server {port}")
    eventually(lambda: shell.connects("127.0.0.1", port), what=f"port {port} is open")
    yield
    shell.run(f"sudo systemctl stop {unit}")


def test_a_host_is_what_the_api_said(site: Site, sandbox: Sandbox) -> None:
    shown = sandbox.client("ec2", "eu-central-1").describe_instances()
    addresses_told = {
        instance["InstanceId"]: instance["PrivateIpAddress"]
        for reservation in shown["Reservations"]
        for instance in reservation["Instances"]
    }
    for name, shell in (("edge", site.edge), ("app", site.app), ("db", site.db)):
        assert addresses_told[site.instances[name]] in shell.run("hostname -I").stdout.split()
    assert site.app.says("sudo id -un", "root")
    assert site.app.says("systemctl is-system-running --wait", "running")


def test_security_groups_are_honoured_between_two_hosts(site: Site) -> None:
    with listening(site.db, 5432), listening(site.db, 5433):
        assert site.app.connects(site.db.address, 5432)
        assert not site.app.connects(site.db.address, 5433), "no group permits this port"
        assert not site.edge.connects(site.db.address, 5432), "only app may"


def test_a_changed_security_group_is_in_force_at_once(site: Site, sandbox: Sandbox) -> None:
    ec2 = sandbox.client("ec2", "eu-central-1")
    groups = ec2.describe_security_groups()["SecurityGroups"]
    group = next(found["GroupId"] for found in groups if found["GroupName"] == "db")
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 7000,
        "ToPort": 7009,
        "IpRanges": [{"CidrIp": f"{site.app.address}/32"}],
    }
    with listening(site.db, 7004):
        assert not site.app.connects(site.db.address, 7004)
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
        eventually(lambda: site.app.connects(site.db.address, 7004), what="the new rule")
        ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[permission])
        eventually(lambda: not site.app.connects(site.db.address, 7004), what="the rule is gone")


def test_egress_is_honoured(site: Site, sandbox: Sandbox) -> None:
    ec2 = sandbox.client("ec2", "eu-central-1")
    groups = ec2.describe_security_groups()["SecurityGroups"]
    group = next(found for found in groups if found["GroupName"] == "app")
    with listening(site.db, 5432):
        ec2.revoke_security_group_egress(
            GroupId=group["GroupId"], IpPermissions=group["IpPermissionsEgress"]
        )
        eventually(lambda: not site.app.connects(site.db.address, 5432), what="no way out")
        ec2.authorize_security_group_egress(
            GroupId=group["GroupId"], IpPermissions=group["IpPermissionsEgress"]
        )
        eventually(lambda: site.app.connects(site.db.address, 5432), what="the way is back")


def test_a_private_host_is_reached_only_through_the_jump_host(site: Site) -> None:
    assert site.app.says("hostname", "app-1")
    assert not banner(site.app.address)
    assert not site.db.connects(site.app.address, 22), "the group names the jump host alone"


def test_a_private_host_has_the_way_out_that_its_routes_give_it(
    site: Site, sandbox: Sandbox
) -> None:
    ec2 = sandbox.client("ec2", "eu-central-1")
    look = f"curl -sS --max-time 2 {OUTSIDE}"
    assert site.app.says(look, ANSWERED), "over TLS that the host trusts"
    route = {"RouteTableId": site.network.private_routes, "DestinationCidrBlock": "0.0.0.0/0"}
    ec2.delete_route(**route)
    eventually(lambda: not site.app.says(look, ANSWERED), what="no route, no way out")
    assert site.app.says("getent hosts card-a.example", addresses.WORLD), "names always resolve"
    ec2.create_route(**route, NatGatewayId=site.network.nat)
    eventually(lambda: site.app.says(look, ANSWERED), what="the way out is back")


@pytest.mark.parametrize("who", ["edge", "app"])
def test_a_host_reaches_nothing_else_of_this_machine(site: Site, who: str) -> None:
    """Its gateway, the endpoints' other ports, and this machine's own addresses are shut."""
    shell: Shell = getattr(site, who)
    listener = subprocess.Popen(
        ["python3", "-m", "http.server", "8097"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        own = subprocess.run(
            ["hostname", "-I"], capture_output=True, text=True, timeout=10, check=True
        ).stdout.split()
        eventually(lambda: _open_here(8097), what="the listener is up")
        targets = ["10.68.0.1", addresses.WORLD, *(a for a in own if ":" not in a)]
        assert shell.reached_of(["127.0.0.1", *targets], 22)[:1] == ["127.0.0.1"]
        assert shell.reached_of(targets, 8097) == []
    finally:
        listener.kill()
        listener.wait()


def _open_here(port: int) -> bool:
    return (
        subprocess.run(
            ["bash", "-c", f"</dev/tcp/127.0.0.1/{port}"],
            capture_output=True,
            timeout=10,
            check=False,
        ).returncode
        == 0
    )


def test_other_networks_are_reached_by_elastic_ips_only(site: Site, sandbox: Sandbox) -> None:
    other = sandbox.network("eu-west-3", "10.64.0.0/16")
    group = sandbox.group(other, "edge", (22, {"IpRanges": [{"CidrIp": str(addresses.ELASTIC)}]}))
    started = sandbox.start(other, "edge-1", subnet=other.public, group=group)
    elastic = sandbox.give_address("eu-west-3", started["InstanceId"])
    eventually(lambda: site.app.connects(elastic, 22), what="from behind a NAT gateway")
    assert not site.app.connects(started["PrivateIpAddress"], 22)
    assert not banner(elastic), "this machine is not in the group: rules see who asks"
    sandbox.client("ec2").terminate_instances(InstanceIds=[started["InstanceId"]])


def test_no_packet_leaves_when_a_bridge_is_dead(site: Site) -> None:
    """The route of a network is gone, and the floor refuses what the default route would take.

    "No route to host" is the floor's answer; without it, it would be the default route's, or
    "Network is unreachable".
    """
    target = site.app.address
    bridge = _route_to(target).split(" dev ")[1].split()[0]
    subprocess.run(["ip", "link", "set", bridge, "down"], check=True, timeout=10)
    try:
        for address in (target, "10.79.255.1", "198.18.0.254", "198.51.100.254"):
            assert "No route to host" in _route_to(address), address
            with pytest.raises(OSError, match="No route to host"):
                socket.create_connection((address, 22), timeout=2)
    finally:
        subprocess.run(["ip", "link", "set", bridge, "up"], check=True, timeout=10)
    eventually(lambda: site.app.says("hostname", "app-1"), what="the bridge is back")


def _route_to(address: str) -> str:
    shown = subprocess.run(
        ["ip", "route", "get", address], capture_output=True, text=True, timeout=10, check=False
    )
    return shown.stdout + shown.stderr


def test_a_lost_region_drops_everything_and_comes_back(site: Site, sandbox: Sandbox) -> None:
    ec2 = sandbox.client("ec2", "eu-central-1")
    marked = site.app.run("sudo systemd-run --quiet --unit alive sleep infinity")
    assert marked.returncode == 0
    assert sandbox.cli("lose", "eu-central-1").returncode == 0
    assert not banner(site.elastic)
    with pytest.raises(ConnectTimeoutError):
        sandbox.impatient("ec2", "eu-central-1").describe_vpcs()
    lost = sandbox.status("eu-central-1")
    assert lost["lost"]
    assert lost["dropped_endpoint"] > 0
    assert lost["dropped_hosts"] > 0
    assert sandbox.client("ec2", "eu-west-3").describe_vpcs(), "other regions live"

    started = time.monotonic()
    assert sandbox.cli("restore", "eu-central-1").returncode == 0
    assert ec2.describe_vpcs()["Vpcs"]
    eventually(lambda: banner(site.elastic), within=2 * SECOND, what="the region is back")
    assert timedelta(seconds=time.monotonic() - started) < 5 * SECOND
    assert site.app.says("systemctl is-active alive", "active"), "its hosts went on living"
    assert not sandbox.status("eu-central-1")["lost"]


def test_hosts_of_a_lost_region_speak_to_nobody(site: Site, sandbox: Sandbox) -> None:
    # Under cgroups v1 systemd may miss that a unit's last child is gone, and waits this long.
    probe = (
        "sudo systemd-run --quiet --unit probe --property TimeoutStopSec=1 bash -c '"
        f"while sleep 0.2; do curl -s --max-time 1 {OUTSIDE} >/dev/null"
        " && date +%s.%N >> /tmp/out;"
        f' timeout 1 bash -c "</dev/tcp/{site.db.address}/22" && date +%s.%N >> /tmp/in; done\''
    )
    assert site.edge.run(probe).returncode == 0
    eventually(lambda: site.edge.says("cat /tmp/out /tmp/in | wc -l", "4"), what="it speaks")
    sandbox.cli("lose", "eu-central-1")
    lost = time.time()
    eventually(lambda: time.time() > lost + 3, what="three seconds pass")
    back = time.time()
    sandbox.cli("restore", "eu-central-1")
    eventually(lambda: banner(site.elastic), what="the region is back")
    for file in ("/tmp/out", "/tmp/in"):
        spoken = [float(line) for line in site.edge.run(f"cat {file}").stdout.split()]
        assert spoken
        assert not [moment for moment in spoken if lost + 0.1 < moment < back], file
    site.edge.run("sudo systemctl stop probe")


def test_a_host_killed_by_hand_shows_as_drift(site: Site, sandbox: Sandbox) -> None:
    victim = site.instances["db"]
    subprocess.run(
        ["podman", "kill", f"drkit-{victim}"], check=True, capture_output=True, timeout=30
    )
    eventually(lambda: sandbox.condition("eu-central-1", victim) == "stopped", what="stopped")
    sandbox.client("ec2", "eu-central-1").start_instances(InstanceIds=[victim])
    eventually(lambda: site.db.says("hostname", "db-1"), what="it starts again")
    with listening(site.db, 5433):
        assert not site.app.connects(site.db.address, 5433), "its groups are in force again"
    subprocess.run(
        ["podman", "rm", "--force", "--time", "0", f"drkit-{victim}"],
        check=True,
        capture_output=True,
        timeout=30,
    )
    eventually(lambda: sandbox.condition("eu-central-1", victim) == "terminated", what="terminated")


def test_a_terminated_instance_takes_its_container_along(site: Site, sandbox: Sandbox) -> None:
    victim = site.instances["app"]
    sandbox.client("ec2", "eu-central-1").terminate_instances(InstanceIds=[victim])
    eventually(lambda: f"drkit-{victim}" not in _containers(), what="the container is gone")


def _containers() -> list[str]:
    return subprocess.run(
        ["podman", "ps", "--all", "--format", "{{.Names}}"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    ).stdout.split()
