"""The story of the end-to-end tests up to the loss of the region; each test here is marked.

Without its nights: what is rebuilt here is the first generation of its region.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.conftest import (
    OLD,
    Lost,
    backed_up,
    control,
    customers,
    deployed,
    desk,
    lose,
    prepared,
    up,
)
from tests.e2e.desk import Desk, Said
from tests.e2e.witnesses import Customers

__all__ = ["backed_up", "control", "customers", "deployed", "desk", "prepared", "up"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """First those that bring up a sandbox of their own: there is one on a machine, and the story's
    stands to the end.
    """
    here = [place for place, item in enumerate(items) if Path(__file__).parent in item.path.parents]
    own_first = sorted((items[place] for place in here), key=lambda item: not _has_own(item))
    for place, item in zip(here, own_first, strict=True):
        items[place] = item
        item.add_marker(pytest.mark.stress)
        item.add_marker(pytest.mark.timeout(3 * 3600))


def _has_own(item: pytest.Item) -> bool:
    """Whether the file of a test makes the desk that it is about."""
    module = item.getparent(pytest.Module)
    return module is not None and hasattr(module.obj, "desk")


@pytest.fixture(scope="package")
def lost(desk: Desk, customers: Customers, backed_up: tuple[Said, Said]) -> Lost:
    del backed_up
    return lose(desk, customers)


@contextmanager
def deployed_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The shop in its first region, in a sandbox of its own. What the desk's commands put aside is
    told from others'.
    """
    short = tmp_path_factory.mktemp("t")  # a unix socket's path may have 107 characters
    desk = Desk.at(tmp_path_factory.mktemp("desk"))
    desk = replace(desk, environment={**desk.environment, "TMPDIR": str(short)})
    try:
        for command in (
            ("sandbox", "up"),
            ("sandbox", "secrets"),
            ("prepare",),
            ("deploy", "--region", OLD, "--consent", "consent=ana"),
        ):
            said = desk.drkit(*command)
            assert said.code == 0, said.out + said.err
        yield desk
    finally:
        assert desk.drkit("sandbox", "down").code == 0
