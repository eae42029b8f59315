"""One moto for all tests of this folder; a fresh Pulumi project for each."""

from __future__ import annotations

import gc
import socket
import threading
import warnings
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from drkit.sandbox.provider import install
from tests.integration.provider.cloud import Cloud, Project, start_moto, write_sandbox


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """pulumi-aws 7.51 reads its own deprecated properties, and warns, when it reads an answer.

    pulumi 3.259 leaves the event loop of a program that failed open.
    """
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore:.* is deprecated"))
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"))


@pytest.fixture(autouse=True)
def swept() -> Iterator[None]:
    """What Pulumi left open is collected here, not in the next test."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    server = start_moto()
    folder = tmp_path_factory.mktemp("cloud")
    home = folder / "pulumi-home"
    install(home)
    running = Cloud(server=server, folder=folder / "sandbox", home=home)
    write_sandbox(running.folder, running.url)
    yield running
    server.stop()


@pytest.fixture
def project(cloud: Cloud, tmp_path: Path) -> Project:
    return Project(cloud=cloud, folder=tmp_path)


class _Failing(BaseHTTPRequestHandler):
    """Answers everything with 503, as an API does whose region is in trouble."""

    def _fail(self) -> None:
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD = do_POST = do_PUT = _fail  # noqa: N815  named by http.server

    def log_message(self, *_arguments: object) -> None:
        return


@pytest.fixture
def failing() -> Iterator[str]:
    """The URL of an API that only says 503."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Failing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of an API that answers no connection: a listener whose queue is full."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for each in (first, second):
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
