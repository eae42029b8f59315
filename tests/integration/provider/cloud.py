"""A small cloud for the tests: moto on loopback, a sandbox.json that says so, and a Pulumi project
on state in a folder."""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import botocore.session
from moto.moto_api._internal.models import moto_api_backend
from moto.server import ThreadedMotoServer
from pulumi import automation as auto

from drkit.adapters.pulumi_workspace import _Cli
from drkit.toolchain.pulumi import find_pulumi

ACCOUNT = "123456789012"  # moto's own, as nobody has signed in
REGIONS = ("eu-west-3", "eu-central-1", "eu-north-1", "global")
Program = Callable[[], object]


@dataclass(frozen=True)
class Cloud:
    """A running moto, and the sandbox folder in which its endpoints stand."""

    server: ThreadedMotoServer
    folder: Path
    home: Path

    @property
    def url(self) -> str:
        _, port = self.server.get_host_and_port()
        return f"http://127.0.0.1:{port}"

    def client(self, service: str, region: str = "eu-west-3") -> Any:
        """A botocore client that asks moto behind Pulumi's back."""
        return _client(self.url, service, region)

    def register_image(self, name: str = "shop-12", region: str = "eu-west-3") -> str:
        """The id of a new image, as `sandbox up` registers one."""
        image = self.client("ec2", region).register_image(
            Name=name, RootDeviceName="/dev/sda1", Architecture="x86_64"
        )
        return str(image["ImageId"])


@functools.cache
def _client(url: str, service: str, region: str) -> Any:
    """One for all who ask: EC2's takes most of a second of a core to make."""
    return botocore.session.get_session().create_client(
        service,
        region_name=region,
        endpoint_url=url,
        aws_access_key_id="operator",
        aws_secret_access_key="secret",
    )


def write_sandbox(folder: Path, url: str, **more: str) -> None:
    """sandbox.json with every region at one URL, but those named."""
    endpoints = {name: more.get(name.replace("-", "_"), url) for name in REGIONS}
    regions = {name: {"endpoint": endpoint, "name": name} for name, endpoint in endpoints.items()}
    folder.mkdir(parents=True, exist_ok=True)
    written = {"version": 1, "account": ACCOUNT, "regions": regions}
    (folder / "sandbox.json").write_text(json.dumps(written))


def start_moto() -> ThreadedMotoServer:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    # moto's state is the process's: what the tests of another folder left is not ours to find
    moto_api_backend.reset()
    return server


@dataclass
class Project:
    """One Pulumi stack whose program a test may exchange."""

    cloud: Cloud
    folder: Path
    region: str = "eu-west-3"
    settings: Mapping[str, object] = field(default_factory=dict)

    def stack(self, program: Program) -> auto.Stack:
        """The stack with this program; region and settings are those it was first asked for by."""

        def as_program() -> None:
            program()

        self._stack.workspace.program = as_program
        return self._stack

    @functools.cached_property
    def _stack(self) -> auto.Stack:
        """Made once, and its settings written as a file: each call of the CLI is half a second."""
        state, work = self.folder / "state", self.folder / "work"
        for each in (state, work):
            each.mkdir(parents=True)
        (work / "Pulumi.yaml").write_text(json.dumps({"name": "provider", "runtime": "python"}))
        config = {"aws:region": self.region, **self.settings}
        (work / "Pulumi.test.yaml").write_text(json.dumps({"config": config}))
        environment = {
            "AWS_ACCESS_KEY_ID": "operator",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "DRKIT_SANDBOX": str(self.cloud.folder),
            "PULUMI_BACKEND_URL": state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_HOME": str(self.cloud.home),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        workspace = auto.LocalWorkspace(
            work_dir=str(work),
            pulumi_home=str(self.cloud.home),
            env_vars=environment,
            pulumi_command=_Cli(find_pulumi()),
        )
        return auto.Stack.create("test", workspace)

    def up(self, program: Program) -> auto.UpResult:
        return self.stack(program).up()

    def preview(self, program: Program) -> auto.PreviewResult:
        return self.stack(program).preview()

    def refresh(self, program: Program) -> auto.RefreshResult:
        return self.stack(program).refresh()

    def destroy(self) -> auto.DestroyResult:
        return self.stack(lambda: None).destroy()


def changes(result: Any) -> dict[str, int]:
    """What an operation did, by kind, such as {"create": 2}."""
    if isinstance(result, auto.PreviewResult):
        return {str(getattr(kind, "value", kind)): n for kind, n in result.change_summary.items()}
    return dict(result.summary.resource_changes or {})
