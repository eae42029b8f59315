"""The lost region comes back, and not one write is accepted there."""

from __future__ import annotations

import sys

from tests.e2e.conftest import OLD, REBUILT, Rebuilt
from tests.e2e.desk import Desk, Said


def test_the_writers_can_write_while_the_site_serves(control: Said) -> None:
    """Else their being refused would show nothing."""
    assert control.code == 0, control.out + control.err


def test_a_region_that_comes_back_accepts_not_one_write(desk: Desk, rebuilt: Rebuilt) -> None:
    said = desk.ended(desk.program(sys.executable, "demo/writers.py", OLD))
    assert said.code == 0, said.out + said.err
    assert "the fence held: not one write was accepted" in said.out


def test_the_new_site_serves_on_when_the_old_one_is_back(desk: Desk, rebuilt: Rebuilt) -> None:
    said = desk.drkit("rebuild", "--region", OLD)
    assert said.code == 3
    assert "old-site-healthy" in said.err
    assert f"answers from {REBUILT}" in said.err
