"""Where a stack's program, state and secrets meet: one workspace of the Automation API.

A workspace is a temporary folder with a copy of the project's own settings, so nothing is written
into the repository. The program runs in this process (no language host of Pulumi's is needed), the
state is in the plan's state bucket. Refuses to wait for a state bucket that does not answer.
"""

from __future__ import annotations

import http.client
import runpy
import shutil
import ssl
import sys
import tempfile
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pulumi
import yaml
from pulumi.automation import LocalWorkspace, PulumiCommand
from semver import VersionInfo

from drkit.adapters.pulumi_marks import mark_resource
from drkit.errors import StepError
from drkit.model.plan import Plan
from drkit.ports import Secret, World
from drkit.toolchain.pulumi import VERSION, find_pulumi

_V = TypeVar("_V")
MARK = "DRKIT_STACK"
"""In the environment of the CLI and its plug-ins: the stack they work on (:attr:`Opened.mark`)."""
_ANSWER = timedelta(seconds=5)
"""How long the state bucket's endpoint may take to answer before a step begins (law 8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """Where Pulumi keeps its state, and as whom it works."""

    url: str
    """``s3://bucket``, or ``file://folder``."""
    environment: Mapping[str, str]
    endpoint: str | None = None
    """URL that must answer before anything begins; None: nothing to ask."""
    home: Path | None = None
    """PULUMI_HOME, where plugins are; None: the user's own."""


class _Cli(PulumiCommand):
    """The CLI that drkit found. The parent's constructor would ask for its version: 0.2 s a try."""

    def __init__(self, path: Path) -> None:
        self.command = str(path)
        self.version = VersionInfo.parse(VERSION)


@dataclass(slots=True)
class Program:
    """A Pulumi project run as it is, with its secret settings given in memory.

    ``pulumi config set --secret`` takes the value as an argument, which every user of the machine
    can read; a program in this process needs no such way.
    """

    folder: Path
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    transformations: tuple[pulumi.ResourceTransformation, ...] = (mark_resource,)
    settings: dict[str, str] = field(default_factory=dict)
    """Said over those of Pulumi.<stack>.yaml, which the CLI has read by then."""
    error: Exception | None = None
    """What the program raised, kept because the engine only passes a traceback on."""

    def say(self, settings: Mapping[str, str]) -> None:
        """Give it other settings for its next run."""
        self.settings.update(settings)

    def __call__(self) -> None:
        self.error = None
        self._forget()
        for key, value in self.secrets.items():
            pulumi.runtime.set_config(key, value.reveal())
        for key, plain in self.settings.items():
            pulumi.runtime.set_config(key, plain)
        for transformation in self.transformations:
            pulumi.runtime.register_stack_transformation(transformation)
        sys.path.insert(0, str(self.folder.parent))
        try:
            # as a module, so that relative imports of a project with several files work
            runpy.run_module(self.folder.name, run_name="__main__", alter_sys=True)
        except Exception as error:
            self.error = error
            raise

    def _forget(self) -> None:
        """Modules of an earlier run: one that makes resources when it is imported would not make
        them again, and Pulumi would take them for unwanted.
        """
        for name in tuple(sys.modules):
            # by name: a look at a module that loads lazily, as pulumi_aws's do, would load it
            if name.partition(".")[0] == self.folder.name:
                del sys.modules[name]


def backend_of(plan: Plan, world: World, vault: Mapping[str, Secret]) -> Backend:
    """The state bucket of a plan. Raises StepError when the vault has no passphrase for it."""
    if (passphrase := vault.get("pulumi_passphrase")) is None:
        raise StepError(
            "the vault has no `pulumi_passphrase`, with which the secrets of stacks are encrypted",
            remedy="put one there; a lost passphrase cannot be replaced",
        )
    endpoint = world.endpoints.get(plan.outside.region)
    url = endpoint.url if endpoint else None
    environment = {
        "PULUMI_CONFIG_PASSPHRASE": passphrase.reveal(),
        "AWS_REGION": plan.outside.region,
    }
    if (
        url
    ):  # a world of its own; without one the ambient credentials are AWS's and stay as they are
        environment |= {
            "AWS_ACCESS_KEY_ID": world.key.reveal(),
            "AWS_SECRET_ACCESS_KEY": world.secret.reveal(),
            "AWS_SESSION_TOKEN": "",
            "AWS_PROFILE": "",
            "AWS_ENDPOINT_URL_S3": url,
            # a missing plugin must be an error at once, not a download that a network drops
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }
    if world.ca:
        environment |= {"AWS_CA_BUNDLE": str(world.ca), "SSL_CERT_FILE": str(world.ca)}
    return Backend(
        url=f"s3://{plan.outside.state}",
        environment=environment,
        endpoint=url,
        home=world.pulumi_home,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A workspace, and the name of the project in it."""

    workspace: LocalWorkspace
    project: str
    program: Program
    mark: str


@contextmanager
def open_workspace(
    folder: Path,
    backend: Backend,
    *,
    stack: str = "",
    settings: Mapping[str, str] | None = None,
    secrets: Mapping[str, Secret] | None = None,
) -> Iterator[Opened]:
    """The workspace of the project in ``folder``; ``settings`` join those of Pulumi.<stack>.yaml.

    Raises StepError when the folder holds no project or the state cannot be reached.
    """
    project = project_name(folder)
    _reach(backend)
    program = Program(folder, _in_namespace(project, secrets or {}))
    # with its endpoint: another world on this machine may have a stack of the same name
    mark = f"{backend.endpoint or ''} {backend.url}/{project}/{stack}"
    with tempfile.TemporaryDirectory(prefix="drkit-pulumi-") as place:
        shutil.copy(folder / "Pulumi.yaml", place)
        _write_settings(folder, Path(place), stack, _in_namespace(project, settings or {}))
        yield Opened(
            workspace=LocalWorkspace(
                work_dir=place,
                pulumi_home=str(backend.home) if backend.home else None,
                program=program,
                env_vars={
                    **backend.environment,
                    "PULUMI_BACKEND_URL": backend.url,
                    "PULUMI_SKIP_UPDATE_CHECK": "true",
                    MARK: mark,
                },
                pulumi_command=_Cli(find_pulumi()),
            ),
            project=project,
            program=program,
            mark=mark,
        )


def project_name(folder: Path) -> str:
    try:
        document = yaml.safe_load((folder / "Pulumi.yaml").read_text())
    except OSError as error:
        raise StepError(
            f"{folder} is no Pulumi project: {error.strerror}",
            remedy=f"a stack of the plan is a folder stacks/{folder.name} with a Pulumi.yaml",
        ) from error
    return str(document["name"])


def _in_namespace(project: str, values: Mapping[str, _V]) -> dict[str, _V]:
    return {key if ":" in key else f"{project}:{key}": value for key, value in values.items()}


def _write_settings(folder: Path, place: Path, stack: str, settings: Mapping[str, str]) -> None:
    """Pulumi.<stack>.yaml: the project's own, if it has one, and over it what drkit says."""
    if not stack:
        return
    own = folder / f"Pulumi.{stack}.yaml"
    document = (yaml.safe_load(own.read_text()) or {}) if own.exists() else {}
    document["config"] = {**document.get("config", {}), **settings}
    (place / own.name).write_text(yaml.safe_dump(document))


def _reach(backend: Backend) -> None:
    """See that the state's endpoint answers, whatever it says: the CLI would wait for minutes, and
    without end for one that takes the connection and stays silent.
    """
    if not backend.endpoint:
        return
    where = urllib.parse.urlsplit(backend.endpoint)
    limit, name = _ANSWER.total_seconds(), where.hostname or ""
    line = http.client.HTTPConnection(name, where.port, timeout=limit)
    if where.scheme == "https":
        trusted = _trusting(backend.environment.get("AWS_CA_BUNDLE"))
        line = http.client.HTTPSConnection(name, where.port, timeout=limit, context=trusted)
    try:
        with closing(line):
            line.request("HEAD", "/")
            line.getresponse()
    except (OSError, http.client.HTTPException) as error:
        raise StepError(
            f"the state of the stacks cannot be reached at {backend.endpoint}: {error}",
            remedy="nothing was changed; bring the outside location back, then run it again",
        ) from error


def _trusting(authorities: str | None) -> ssl.SSLContext:
    """As boto3 does it; Python 3.13's own default is stricter with private authorities."""
    trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if authorities:
        trusted.load_verify_locations(authorities)
    else:
        trusted.load_default_certs()
    return trusted
