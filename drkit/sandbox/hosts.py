"""Hosts (EC2 instances) as podman containers with systemd, sshd and cloud-init.

A container has its instance's private address, user data, key pair and host name, trusts the
sandbox's authority, and speaks IPv4 only. Only containers with the sandbox's label are touched.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import tenacity

from drkit.sandbox import addresses, commands, ground, networks, seed
from drkit.sandbox.commands import CommandFailed, podman
from drkit.sandbox.landscape import Host
from drkit.sandbox.running import Running

IMAGE = f"localhost/drkit-sandbox/{addresses.IMAGE}"
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
GRACE = timedelta(seconds=3)
LIMITS = ("--ulimit", "nofile=20000:20000", "--ulimit", "nproc=20000:20000")
"""podman's default limits are above what an unprivileged machine may set (measured)."""


LIGHT = ("--cpu-shares", "128")
"""An eighth of what a host counts for when processors are short: on this machine a rehearsal and
the site that serves share them, which they do in no cloud."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """The authority's certificate, and the name under which OpenSSL looks it up in a folder."""

    certificate: Path
    hashed_name: str


def container(identity: str) -> str:
    return f"drkit-{identity}"


def start(host: Host, *, folder: Path, trust: Trust) -> Running:
    """Start a host for the first time. Raises SandboxError, also when it ended at once."""
    place = folder / host.id
    seed.write(host, place / "seed")
    mounts = (
        f"{place / 'seed'}:/var/lib/cloud/seed/nocloud:ro",
        f"{trust.certificate}:{BUNDLE}:ro",
        f"{trust.certificate}:/etc/ssl/certs/{trust.hashed_name}.0:ro",
    )
    podman(
        "run", "--detach", "--name", container(host.id), "--hostname", seed.host_name(host),
        "--label", networks.LABEL, "--label", f"drkit.region={host.region}",
        "--label", f"drkit.instance={host.id}",
        "--network", networks.name(host.network), "--ip", host.address,
        "--mac-address", ground.hardware_address(host.address),
        "--dns", addresses.NAME_SERVER, "--dns-search", ".",
        "--sysctl", "net.ipv6.conf.all.disable_ipv6=1",
        "--pidfile", str(place / "pid"), "--pull", "never", "--systemd", "always",
        *LIMITS, *(LIGHT if host.passing else ()),
        *(word for mount in mounts for word in ("--volume", mount)),
        IMAGE, "/lib/systemd/systemd",
    )  # fmt: skip
    return Running(int((place / "pid").read_text()))


def resume(host: Host) -> Running:
    """Start a stopped host again. Raises SandboxError, also when it ended at once."""
    podman("start", container(host.id))
    return Running(int(podman("inspect", "--format", "{{.State.Pid}}", container(host.id))))


def stop(identity: str) -> None:
    """Shut a host down, as its power button would."""
    podman("stop", "--time", str(int(GRACE.total_seconds())), container(identity))


def remove(identity: str, *, folder: Path) -> None:
    _remove(container(identity))
    shutil.rmtree(folder / identity, ignore_errors=True)


def _is_slow_death(error: BaseException) -> bool:
    return isinstance(error, CommandFailed) and "did not die within" in error.output


def exists(identity: str) -> bool:
    """Whether a host's container is there. Raises CommandFailed when podman does not say."""
    return commands.exists("container", container(identity))


def remove_all() -> tuple[str, ...]:
    """Remove every container of the sandbox by its label; returns their names."""
    wanted = ("--filter", f"label={networks.LABEL}", "--format", "{{.Names}}")
    names = tuple(podman("ps", "--all", *wanted).split())
    if names:
        _remove(*names)
    return names


@tenacity.retry(
    retry=tenacity.retry_if_exception(_is_slow_death),
    stop=tenacity.stop_after_attempt(6),
    wait=tenacity.wait_fixed(2),
    reraise=True,
)
def _remove(*containers: str) -> None:
    """Remove containers. On a busy machine podman (4.3.1) finds that what it has just killed does
    not die soon enough, and gives up; asked again, it finds it dead.
    """
    podman("rm", "--force", "--time", "0", "--volumes", "--ignore", *containers)


def route(host: Running, gateway: str) -> None:
    """Give a started host its default route: an internal network has none."""
    host.inside(["ip", "route", "replace", "default", "via", gateway])


def guard(host: Running, rules: str) -> None:
    """Bring security groups (:func:`drkit.sandbox.groups.rules`) into force in a host."""
    host.inside(["iptables-restore", "-w"], given=rules)
