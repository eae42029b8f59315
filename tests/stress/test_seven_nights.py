"""Seven nights beside a shop that serves its customers, and then a real disaster.

Planted are a check that fails now and then, a step that takes long, and a damaged backup. Each is
named by the night that it was planted in and by no other; and when the region is lost after the
last, the rebuild loses nothing but what was never archived.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import NEW, REBUILD, VALIDATE, Lost, lose, ordering
from tests.e2e.desk import Desk, Run
from tests.e2e.losses import all_that_is_missing_is_listed, only_what_was_not_yet_archived
from tests.e2e.witnesses import OUTSIDE, Customers, resources_in
from tests.stress.conftest import deployed_desk

FLAKY, SLOW, RESTORE = "check.support", "payment", "orders-db"
SECONDS = 180
"""So much longer takes :data:`SLOW` in its night: more than nights differ by on a busy machine."""
_MOODY = """

def test_of_the_seven_nights():
    from pathlib import Path
    assert not Path(__file__).with_name("moody").exists()
"""
_SLEEP = f"""
- name: Something that takes its time
  hosts: app[0]
  gather_facts: false
  tasks:
    - name: Take time
      ansible.builtin.wait_for:
        timeout: {SECONDS}
"""
_BACKUPS = "boutique-backup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    code: int
    run: Run
    left: Mapping[str, list[Any]]
    """What is in the region after it."""

    @property
    def changes(self) -> set[tuple[str, str]]:
        """What it says has changed: how, and of which step."""
        found = set()
        for change in self.run.report["changes"]:
            step = change.get("step") or (change["cause"] or {}).get("step")
            found.add((str(change["change"]), str(step)))
        return found


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with deployed_desk(tmp_path_factory) as found:
        with (found.root / "checks/test_support.py").open("a") as checks:
            checks.write(_MOODY)
        yield found


@pytest.fixture(scope="module")
def customers(desk: Desk) -> Iterator[Customers]:
    with ordering(desk) as found:
        yield found


@pytest.fixture(scope="module")
def nights(desk: Desk, customers: Customers, pytestconfig: pytest.Config) -> tuple[Night, ...]:
    """One after the other, each with what is planted in it."""
    del customers
    planted: tuple[Callable[[Desk], None], ...] = (
        _backed_up, _nothing, _moody, _slow, _moody, _damaged, _backed_up,
    )  # fmt: skip
    found = []
    for plant in planted:
        plant(desk)
        said = desk.drkit(*VALIDATE)
        run, left = desk.runs("validate")[-1], resources_in(desk.sandbox, NEW)
        found.append(Night(code=said.code, run=run, left=left))
        pytestconfig.get_terminal_writer().line(
            f"{plant.__name__}: {said.code}: {run.report['summary']}", flush=True
        )
        _unplant(desk)
    return tuple(found)


def _nothing(desk: Desk) -> None:
    del desk


def _backed_up(desk: Desk) -> None:
    assert desk.drkit("backup", "--type", "full").code == 0


def _moody(desk: Desk) -> None:
    _mood(desk).touch()


def _slow(desk: Desk) -> None:
    path = _playbook(desk)
    path.write_text(path.read_text() + _SLEEP)


def _damaged(desk: Desk) -> None:
    """A byte in the middle of the largest object of the newest backup is another."""
    s3 = desk.sandbox.client("s3", OUTSIDE)
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=_BACKUPS, Prefix="pgbackrest/backup/"
    )
    kept = [
        each for page in pages for each in page.get("Contents", []) if "/bundle/" in each["Key"]
    ]
    newest = max(each["Key"].partition("/bundle/")[0] for each in kept)
    victim = max((e for e in kept if e["Key"].startswith(newest)), key=lambda each: each["Size"])
    body = bytearray(s3.get_object(Bucket=_BACKUPS, Key=victim["Key"])["Body"].read())
    body[len(body) // 2] ^= 0xFF
    s3.put_object(Bucket=_BACKUPS, Key=victim["Key"], Body=bytes(body))


def _unplant(desk: Desk) -> None:
    _mood(desk).unlink(missing_ok=True)
    path = _playbook(desk)
    path.write_text(path.read_text().replace(_SLEEP, ""))


def _mood(desk: Desk) -> Path:
    return desk.root / "checks/moody"


def _playbook(desk: Desk) -> Path:
    return desk.root / f"playbooks/{SLOW}.yml"


def test_each_night_says_how_it_went(nights: tuple[Night, ...]) -> None:
    assert [night.code for night in nights] == [0, 0, 5, 0, 5, 6, 0]


def test_what_was_planted_is_named_and_nothing_else(nights: tuple[Night, ...]) -> None:
    assert [night.changes for night in nights] == [
        set(),
        set(),
        {("newly failing", FLAKY)},
        {("recovered", FLAKY), ("slower", SLOW)},
        {("flaky", FLAKY)},
        {("newly failing", RESTORE)},
        {("recovered", RESTORE), ("flaky", FLAKY)},
    ]


def test_the_slow_step_is_named_for_each_process_that_it_held_up(nights: tuple[Night, ...]) -> None:
    slower = [c for c in nights[3].run.report["changes"] if c["change"] == "slower"]
    assert {change["process"] for change in slower} >= {"sales", "orders", "payment"}
    assert all(change["by_seconds"] > SECONDS / 2 for change in slower)


def test_nothing_of_any_night_stays(nights: tuple[Night, ...]) -> None:
    assert [dict(night.left) for night in nights] == [{}] * len(nights)


def test_not_one_order_failed(customers: Customers, nights: tuple[Night, ...]) -> None:
    del nights
    assert customers.failures() == []


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    code: int
    lost: Lost
    run: Run


@pytest.fixture(scope="module")
def rebuilt(desk: Desk, customers: Customers, nights: tuple[Night, ...]) -> Rebuilt:
    """The region is lost in mid-traffic after the last night."""
    del nights
    lost = lose(desk, customers)
    said = desk.drkit(*REBUILD, "--consent", "consent=ana")
    return Rebuilt(code=said.code, lost=lost, run=desk.runs("rebuild")[-1])


def test_after_them_a_real_disaster_is_survived(rebuilt: Rebuilt) -> None:
    assert rebuilt.code == 0
    assert all(process["live"] for process in rebuilt.run.report["processes"])


def test_the_rebuild_loses_nothing_but_what_was_never_archived(
    customers: Customers, rebuilt: Rebuilt
) -> None:
    all_that_is_missing_is_listed(customers, rebuilt.lost, rebuilt.run)
    only_what_was_not_yet_archived(rebuilt.run)
