"""A state's backend that takes connections and never answers: nothing waits for it without end."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from drkit.adapters import pulumi_deadline, pulumi_outputs, pulumi_workspace
from drkit.adapters.pulumi_outputs import outputs
from drkit.adapters.pulumi_return import kept
from drkit.adapters.pulumi_stack import StackTool
from drkit.adapters.pulumi_workspace import Backend, open_workspace
from drkit.adapters.state_copies import StateCopies
from drkit.errors import ConfigurationError, StepError
from drkit.model.step import StackWork
from drkit.ports import Context, Endpoint, Secret, World
from drkit.sandbox.authority import Authority
from tests.integration.pulumi.conftest import PASSPHRASE, Project

pytestmark = pytest.mark.timeout(240)
"""The one thing that these tests are about: that they come to an end."""


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken: list[socket.socket] = []

        def take() -> None:
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        for each in taken:
            each.close()


@pytest.fixture
def lost(silent: str) -> Backend:
    environment = {
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-north-1",
        "AWS_ENDPOINT_URL_S3": silent,
    }
    return Backend(url="s3://boutique-dr", environment=environment, endpoint=silent)


def test_a_try_says_which_backend_is_silent_and_changes_nothing(
    project: Project, context: Context, lost: Backend, silent: str
) -> None:
    project("base", "")
    with pytest.raises(StepError, match="cannot be reached at") as raised:
        StackTool(StackWork(stack="base"), backend=lost).do(context, lambda _line: None)
    assert silent in str(raised.value)


def test_a_cli_that_waits_for_its_backend_is_ended(
    project: Project, context: Context, lost: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first guard taken away: it fell silent only after it was asked."""
    project("outside", "")
    monkeypatch.setattr(pulumi_workspace, "_reach", lambda _backend: None)
    monkeypatch.setattr(pulumi_outputs, "_LIMIT", timedelta(seconds=2))
    monkeypatch.setattr(pulumi_deadline, "_CLEAN_END", timedelta(seconds=2))
    with pytest.raises(ConfigurationError, match="s3://boutique-dr did not end within 2 s"):
        outputs(context.plan, lost, name="outside", stack="outside")


def test_a_copy_is_given_up_when_the_bucket_is_silent(context: Context, silent: str) -> None:
    world = World(
        account="000000000000",
        endpoints={"eu-north-1": Endpoint(region="eu-north-1", url=silent, name="outside")},
        key=Secret("key"),
        secret=Secret("secret"),
        ca=None,
        resolver=None,
        pulumi_home=None,
    )
    copies = StateCopies(world, context.plan, project="base", stack="eu-central-1.g2")
    assert "could not be copied to s3://boutique-backup/stacks/base/" in kept(copies)


class Refusing(BaseHTTPRequestHandler):
    """Answers, if only with a no."""

    def do_HEAD(self) -> None:
        self.send_error(403)

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - the parent's


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[str]:
    """The URL of a server with a certificate of the authority in ``tmp_path``."""
    authority = Authority(folder=tmp_path / "authority")
    authority.make()
    issued = authority.issue("127.0.0.1")
    (tmp_path / "pem").write_text(issued.key + issued.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pem")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(10)
    server.server_close()


def test_a_backend_that_says_no_answers_and_one_that_nobody_vouches_for_does_not(
    project: Project, encrypted: str, tmp_path: Path
) -> None:
    folder = project("base", "")
    for trusted in (True, False):
        environment = {"AWS_CA_BUNDLE": str(tmp_path / "authority/ca.crt")} if trusted else {}
        backend = Backend(url="s3://boutique-dr", environment=environment, endpoint=encrypted)
        refused = pytest.raises(StepError, match="CERTIFICATE_VERIFY")
        with nullcontext() if trusted else refused, open_workspace(folder, backend) as opened:
            assert opened.project == "base"


def test_a_stack_of_the_same_name_in_another_world_is_another_one(project: Project) -> None:
    """What outlived a killed update is found, and ended, by this mark."""
    folder, marks = project("base", ""), []
    for _ in range(2):
        server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        backend = Backend(
            url="s3://boutique-dr",
            environment={},
            endpoint=f"http://127.0.0.1:{server.server_port}",
        )
        with open_workspace(folder, backend, stack="eu-central-1.g2") as opened:
            marks.append(opened.mark)
        server.shutdown()
        server.server_close()
    assert len(set(marks)) == 2
