"""Throw-away hosts for playbooks: one network of their own, an S3 with TLS, nothing of the sandbox.

Everything carries one label and is removed by it, at the end and before the beginning. The network
has its own unreachable floor, so that no packet for it can leave the machine.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import boto3
from mypy_boto3_s3 import S3Client

from drkit.sandbox.authority import Authority
from drkit.sandbox.commands import CommandFailed, podman, run
from drkit.sandbox.hosts import BUNDLE, IMAGE, LIMITS
from tests.integration.playbooks.player import Player

LABEL = "drkit.test=playbooks"
NETWORK = "drkit-test-playbooks"
SUBNET = "10.79.240"
FLOOR = ("unreachable", f"{SUBNET}.0/24", "metric", "4278198272")
OUTSIDE, OWN = "s3.outside.example", "s3.own.example"
BUCKETS = ("state", "backup", "own-a", "own-b", "own-c")


def eventually(what: Callable[[], object], *, within: float) -> None:
    """Ask until it is true. Raises AssertionError with what it last said."""
    deadline = time.monotonic() + within
    while not (said := what()):
        assert time.monotonic() < deadline, f"not within {within} s: {said!r}"
        time.sleep(0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A container with systemd and sshd."""

    name: str
    address: str

    def run(self, *words: str) -> str:
        """Run a command as root and return its output. Raises CommandFailed."""
        return podman("exec", f"drkit-test-{self.name}", *words)

    def shell(self, line: str) -> str:
        return self.run("bash", "-c", line)

    def sql(self, statement: str, database: str = "shop") -> str:
        """One statement as the superuser; its rows as psql prints them."""
        return self.run(
            *("runuser", "-u", "postgres", "--"),
            *("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", statement),
        ).strip()

    def json(self, path: str) -> dict[str, object]:
        read: dict[str, object] = json.loads(self.run("cat", path))
        return read

    def lose(self) -> None:
        """Pull the plug."""
        podman("kill", f"drkit-test-{self.name}")

    def find_again(self) -> None:
        """Plug a lost one in: it boots with what was on its disks."""
        podman("start", f"drkit-test-{self.name}")
        eventually(self.booted, within=60)

    def booted(self) -> bool:
        line = "systemctl is-system-running || true"
        return self.shell(line).strip() in {"running", "degraded"}


class Lab:
    """The network, the S3 and the hosts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.player = Player()
        self._servers: list[subprocess.Popen[bytes]] = []
        self._last = 10

    @property
    def gateway(self) -> str:
        return f"{SUBNET}.1"

    @property
    def ssh_config(self) -> Path:
        return self.folder / "ssh_config"

    @property
    def s3(self) -> S3Client:
        return boto3.client(
            "s3", endpoint_url="http://127.0.0.1:5871", region_name="eu-north-1",
            aws_access_key_id="k", aws_secret_access_key="s",
        )  # fmt: skip

    def start(self) -> None:
        sweep()
        run(["ip", "route", "replace", *FLOOR])
        podman(
            "network", "create", "--label", LABEL, "--disable-dns",
            "--subnet", f"{SUBNET}.0/24", "--gateway", self.gateway, NETWORK,
        )  # fmt: skip
        self.authority = Authority(folder=self.folder / "ca")
        self.authority.make()
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / "key")])
        self.ssh_config.write_text(
            f"Host *\n  IdentityFile {self.folder}/key\n  IdentitiesOnly yes\n  BatchMode yes\n"
            f"  UserKnownHostsFile {self.folder}/known_hosts\n  StrictHostKeyChecking yes\n"
            "  GlobalKnownHostsFile /dev/null\n"
        )
        # The bridge, and with it the gateway's address, exists once a first host does.
        self.host("first")
        self._start_s3()

    def _start_s3(self) -> None:
        served = "from moto.server import main; main(['-H', '127.0.0.1', '-p', '5871'])"
        self._spawn([sys.executable, "-c", served], S3_IGNORE_SUBDOMAIN_BUCKETNAME="1")
        issued = self.authority.issue(OUTSIDE, OWN, self.gateway)
        (self.folder / "s3.crt").write_text(issued.certificate)
        (self.folder / "s3.key").write_text(issued.key)
        places = "".join(
            f"{kind}_temp_path {self.folder}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (self.folder / "nginx.conf").write_text(
            f"user root; daemon off; pid {self.folder}/nginx.pid; events {{}} http {{ {places}"
            "access_log off; client_max_body_size 0; proxy_request_buffering off;"
            f"server {{ listen {self.gateway}:443 ssl;"
            f"ssl_certificate {self.folder}/s3.crt; ssl_certificate_key {self.folder}/s3.key;"
            "location / { proxy_pass http://127.0.0.1:5871; proxy_set_header Host $http_host; } } }"
        )
        words = ["-e", f"{self.folder}/nginx.log", "-c", f"{self.folder}/nginx.conf"]
        self._spawn(["nginx", *words])
        eventually(self._answers, within=30)
        for bucket in BUCKETS:
            where = {"LocationConstraint": "eu-north-1"}
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)  # type: ignore[arg-type]
        self.epoch(1, "site-a")

    def _answers(self) -> bool:
        probe = ["curl", "-s", "--cacert", str(self.authority.certificate), "-o", "/dev/null"]
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", 5871)):
                return False
        return not subprocess.run([*probe, f"https://{self.gateway}/"], check=False).returncode

    def _spawn(self, argv: list[str], **environment: str) -> None:
        """Start a server that ends with these tests, however they end: the next want its port.

        It is asked for by a program, because Python would have to fork: see the player.
        """
        with (self.folder / f"{Path(argv[0]).name}.out").open("wb") as out:
            self._servers.append(
                subprocess.Popen(
                    ["setpriv", "--pdeathsig", "TERM", *argv],
                    stdout=out,
                    stderr=out,
                    env={**os.environ, **environment},
                )
            )

    def epoch(self, number: int, site: str) -> None:
        """Write the epoch object: this site, generation 1, serves."""
        body = json.dumps({"number": number, "site": site, "generation": 1, "run": "r"})
        self.s3.put_object(Bucket="state", Key="epoch.json", Body=body.encode())

    def empty(self, bucket: str, prefix: str = "") -> None:
        listed = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for entry in (entry for page in listed for entry in page.get("Contents", [])):
            self.s3.delete_object(Bucket=bucket, Key=entry["Key"])

    def forget(self) -> None:
        """Be as before any site was: no backup, no number, and the first site is to serve."""
        self.empty("state", "numbers/")
        for bucket in BUCKETS[1:]:
            self.empty(bucket)
        self.epoch(1, "site-a")

    def host(self, name: str) -> Host:
        """A new host that takes ssh, its key pinned."""
        host = self._started(name)
        eventually(host.booted, within=60)
        public = (self.folder / "key.pub").read_text().strip()
        host.shell(
            "set -e; useradd --create-home --shell /bin/bash admin;"
            "echo 'admin ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/admin;"
            f"install -d -o admin ~admin/.ssh; echo '{public}' > ~admin/.ssh/authorized_keys;"
            "ssh-keygen -A > /dev/null; systemctl reset-failed; systemctl restart ssh"
        )
        key = host.run("cat", "/etc/ssh/ssh_host_ed25519_key.pub")
        with (self.folder / "known_hosts").open("a") as known:
            known.write(f"{host.address} {key}")
        return host

    def _started(self, name: str) -> Host:
        """Podman (4.3) keeps the address of a container whose end was cut off, for good: the next
        one is taken then.
        """
        while True:
            self._last += 1
            host = Host(name=name, address=f"{SUBNET}.{self._last}")
            try:
                self._start(host)
            except CommandFailed as error:
                if "is already allocated" not in str(error):
                    raise
                podman("rm", "--force", "--ignore", f"drkit-test-{name}")
            else:
                return host

    def _start(self, host: Host) -> None:
        trusted = (BUNDLE, f"/etc/ssl/certs/{self.authority.hashed_name}.0")
        podman(
            "run", "--detach", "--name", f"drkit-test-{host.name}", "--hostname", host.name,
            "--label", LABEL, "--network", NETWORK, "--ip", host.address, "--pull", "never",
            "--systemd", "always", *LIMITS,
            *(f"--add-host={endpoint}:{self.gateway}" for endpoint in (OUTSIDE, OWN)),
            *(f"--volume={self.authority.certificate}:{place}:ro" for place in trusted),
            IMAGE, "/lib/systemd/systemd",
        )  # fmt: skip

    @property
    def names(self) -> tuple[str, ...]:
        """Of the hosts that are there, dead or alive."""
        listed = podman("ps", "-a", "--filter", f"label={LABEL}", "--format", "{{.Names}}")
        return tuple(name.removeprefix("drkit-test-") for name in listed.split())

    def end(self, *names: str) -> None:
        """Take hosts away: each costs the machine a watcher's reads for as long as it is there."""
        for name in names:
            podman("rm", "--force", "--ignore", "--time", "0", f"drkit-test-{name}")

    def stop(self) -> None:
        self.player.end()
        for server in self._servers:
            server.terminate()
            server.wait(10)
        sweep()
        subprocess.run(["ip", "route", "del", *FLOOR], check=False)
        shutil.rmtree(self.folder)


def sweep() -> None:
    """Remove every container and network with the label, also those of a run that crashed."""
    for container in podman("ps", "-aq", "--filter", f"label={LABEL}").split():
        podman("rm", "--force", "--time", "0", container)
    for network in podman("network", "ls", "-q", "--filter", f"label={LABEL}").split():
        podman("network", "rm", "--force", network)
