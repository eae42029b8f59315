"""What holds for every test: hypothesis without surprises, and unit tests that touch nothing."""

from __future__ import annotations

import gc
import os
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.sdk import load_whole
from tests.survivors import alive_with

UNIT = Path(__file__).parent / "unit"
OF_THE_SANDBOX = ("tests/e2e/", "tests/integration/sandbox/")
"""Tests that bring up the sandbox, of which there is one on a machine: one of them at a time."""
OF_THE_LAB = ("tests/integration/playbooks/", "tests/integration/wheel/")
"""Tests on the lab's hosts: one of them at a time, and beside those of the sandbox."""
LONGEST_FIRST = (
    # compares the whole machine before and after, and so comes before the lab changes it
    "tests/integration/sandbox/test_life.py",
    *OF_THE_SANDBOX,
    # of another process, which has no more to do with hosts than that one takes
    "tests/contract/pulumi/test_lost_state.py",
    *OF_THE_LAB,
    "tests/contract/pulumi/",
    "tests/integration/provider/",
    "tests/chaos/",
    "tests/integration/",
    "tests/contract/",
)
"""As measured: what is short comes last, so that no process waits long for another's end."""

settings.register_profile(
    "drkit",
    deadline=None,  # shared machines stall: a slow example is no defect
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("drkit")


class ByPlace(LoadScopeScheduling):  # type: ignore[misc]  # xdist is untyped
    """The tests of one place stay in one process, in order; the rest is spread by files.

    (xdist 3.8 has groups for this, and pytest 9.2 does not let it see them.)
    """

    def schedule(self) -> None:
        """In the order of the collection; xdist's own begins with the file of the most tests."""
        self.config.option.loadscopereorder = False
        super().schedule()

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(OF_THE_SANDBOX):
            return "sandbox"
        return "lab" if nodeid.startswith(OF_THE_LAB) else nodeid.partition("::")[0]


def pytest_configure() -> None:
    """In a process of many tests: load whole what stacks use of the SDK. Its packages load when
    they are first asked for (pulumi-aws 7.51), and one that was asked for a part, or broken off,
    lacks the rest for whoever comes later in the process.

    And the collector of Pulumi's CLI, which runs for moments, took a tenth of each of its hundreds
    of calls.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:
        os.environ.setdefault("GOGC", "400")
        load_whole("ec2", "iam", "kms", "route53", "s3", "vpc")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _place(item.nodeid))


def _place(test: str) -> int:
    places = (n for n, place in enumerate(LONGEST_FIRST) if test.startswith(place))
    return next(places, len(LONGEST_FIRST))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByPlace:
    return ByPlace(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """What takes longest goes first where several want the machine; and all that it starts."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        places = {OF_THE_SANDBOX: 0, OF_THE_LAB: 5}
        nice = (nice for place, nice in places.items() if item.nodeid.startswith(place))
        os.setpriority(os.PRIO_PROCESS, 0, next(nice, 10))


@pytest.fixture(autouse=True, scope="module")
def _few_to_look_through() -> None:
    """Have the collector look never again through what stands when a file begins: each pytest
    within a test collects five times at its end, which took 2 s of a core late in the tests.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def guard(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """In tests/unit: no process, no connection, no sleep; and no file but in pytest's own folder:
    drkit keeps the report of a defect, which some of them provoke.
    """
    if UNIT not in request.path.parents:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in (
            (subprocess, "Popen"),
            (socket.socket, "connect"),
            (socket.socket, "bind"),
            (time, "sleep"),
        ):
            patch.setattr(owner, name, _refuse(f"{owner.__name__}.{name}"))
        patch.setattr(tempfile, "tempdir", str(tmp_path_factory.getbasetemp()))
        yield


@pytest.fixture
def marker(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Stands in the environment of every process of the test; none may be left at its end."""
    mark = f"DRKIT_TEST_MARK={uuid.uuid4().hex}"
    monkeypatch.setenv(*mark.split("="))
    yield mark
    assert alive_with(mark) == []


class TouchedTheWorldError(Exception):
    """A unit test did what belongs to tests/integration."""


def _refuse(name: str) -> object:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise TouchedTheWorldError(f"{name} in a unit test: move it to tests/integration")

    return refuse
