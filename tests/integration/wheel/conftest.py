"""The wheel, built and installed alone into an environment of its own; and a cloud to run in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import certifi
import pytest
from moto.moto_api._internal.models import moto_api_backend

from drkit.sandbox.conditions import honour_conditions
from tests.alone import with_others
from tests.integration.playbooks.lab import Host, Lab
from tests.integration.provider.cloud import ACCOUNT, REGIONS, start_moto
from tests.integration.wheel.bakery import REGION, Oven, write_bakery

ROOT = Path(__file__).parents[3]
UV = ROOT / "tools" / "uv"
LIMIT = 300
"""Seconds for any one command; the first install on a machine fetches packages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """An environment that holds the wheel, and a folder of somebody else."""

    programs: Path
    folder: Path
    environment: Mapping[str, str]

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.programs / program, *arguments],
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )

    def drkit(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("drkit", *arguments)

    def python(self, program: str) -> str:
        """What a few lines of Python print in this environment."""
        done = self.run("python", "-c", program)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


def uv(*arguments: str | Path) -> None:
    done = subprocess.run(
        [UV, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module", autouse=True)
def beside_others() -> Iterator[None]:
    """The lab's host changes this machine."""
    with with_others():
        yield


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    uv("build", "--quiet", "--wheel", "--out-dir", folder)
    [built] = folder.glob("drkit-*.whl")
    return built


@pytest.fixture(scope="session")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the new environment's programs are. Versions are those of requirements.txt."""
    environment = tmp_path_factory.mktemp("alone") / "env"
    python = environment / "bin" / "python"
    uv("venv", "--quiet", "--python", sys.executable, environment)
    locked = ("--constraint", ROOT / "requirements.txt")
    uv("pip", "install", "--quiet", "--python", python, *locked, wheel)
    return python.parent


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """moto with the endpoints of every region, as a sandbox's folder tells them."""
    honour_conditions()  # moto would deny everything by "deny what is not encrypted"
    folder = tmp_path_factory.mktemp("cloud")
    server = start_moto()
    url = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    state = {
        "version": 1,
        "account": ACCOUNT,
        "ca": certifi.where(),
        "dns": "127.0.0.1",
        "regions": {name: {"endpoint": url, "name": name} for name in REGIONS},
        "credentials": {"operator": {"key": "operator", "secret": "secret"}},
        "pulumi_home": str(folder / "pulumi"),
    }
    (folder / "sandbox.json").write_text(json.dumps(state))
    yield folder
    server.stop()


@pytest.fixture(scope="session")
def host(lab: Lab) -> Host:
    with with_others():  # made before the lock of a module, which this outlives
        return lab.host("oven-1")


@pytest.fixture
def oven(lab: Lab, host: Host) -> Oven:
    """The host, without the bread of the test before."""
    host.run("rm", "-f", "/tmp/bread")
    pinned = host.run("cat", "/etc/ssh/ssh_host_ed25519_key.pub").split()[:2]
    login = (lab.folder / "key").read_text()
    return Oven(address=host.address, host_key=" ".join(pinned), login=login)


@pytest.fixture
def installed(programs: Path, cloud: Path, oven: Oven, tmp_path: Path) -> Installed:
    """The wheel in a folder with nothing of this repository on any path."""
    kept = {
        name: os.environ[name] for name in ("HOME", "LANG", "XDG_CACHE_HOME") if name in os.environ
    }
    return Installed(
        programs=programs,
        folder=write_bakery(tmp_path / "bakery", oven, account=ACCOUNT),
        environment={
            **kept,
            "PATH": f"{programs}{os.pathsep}{os.defpath}",
            "DRKIT_SANDBOX": str(cloud),
        },
    )


@dataclass(slots=True)
class Outside:
    """The cloud with what `drkit prepare` made, and the way back to that: a run changes nothing
    but what is in buckets.
    """

    url: str
    made: Mapping[str, frozenset[tuple[str, str]]] = field(default_factory=dict)
    """Bucket → key and version of each object."""

    @property
    def _s3(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="eu-north-1",
            aws_access_key_id="operator",
            aws_secret_access_key="secret",
        )

    def remember(self) -> None:
        names = [bucket["Name"] for bucket in self._s3.list_buckets()["Buckets"]]
        self.made = {name: frozenset(self._objects(name)) for name in names}

    def go_back(self) -> None:
        s3 = self._s3
        for bucket in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
            for key, version in set(self._objects(bucket)) - self.made[bucket]:
                s3.delete_object(Bucket=bucket, Key=key, VersionId=version)
            assert frozenset(self._objects(bucket)) == self.made[bucket], bucket

    def _objects(self, bucket: str) -> Iterator[tuple[str, str]]:
        found = self._s3.list_object_versions(Bucket=bucket)
        assert not found["IsTruncated"]
        for each in (*found.get("Versions", ()), *found.get("DeleteMarkers", ())):
            yield each["Key"], each["VersionId"]


@pytest.fixture(scope="session")
def outside(cloud: Path) -> Outside:
    """Nothing but what was prepared: moto is one per process, and other tests fill it, too."""
    regions = json.loads((cloud / "sandbox.json").read_text())["regions"]
    url = regions[REGION]["endpoint"]
    moto_api_backend.reset()
    return Outside(url=url)


@pytest.fixture
def prepared(installed: Installed, outside: Outside) -> Installed:
    """With what is outside, made; and nothing of the tests before: runs are kept there, too."""
    if outside.made:
        outside.go_back()
        return installed
    said = installed.drkit("prepare")
    assert said.returncode == 0, said.stderr
    outside.remember()
    return installed
