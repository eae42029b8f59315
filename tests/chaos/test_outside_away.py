"""The outside location goes away in mid-run, and comes back: the run goes on, and says so."""

from __future__ import annotations

from pathlib import Path

from drkit.adapters.journal_copies import records_outside
from drkit.adapters.journal_file import read_journal
from drkit.adapters.outside_store import OutsideStore
from drkit.model.place_record import OutsideBack, OutsideLost
from drkit.model.record import Record, StepStarted
from drkit.ports import World
from tests.chaos.gone import GoneAndBack
from tests.chaos.setting import REGION, RUN, Setting, journal_of
from tests.chaos.small_shop import check_the_end, drkit
from tests.fakes.documents import plan_at
from tests.integration.attempts.trying import eventually


def kinds(records: tuple[Record, ...]) -> list[type]:
    return [type(record.body) for record in records]


def test_a_run_goes_on_without_the_outside_and_both_copies_are_the_same_at_the_end(
    folder: Path, world: World
) -> None:
    way = GoneAndBack()
    Setting(cloud=way.url, outside=True, sign=0.3).write(folder)
    store = OutsideStore(world, plan_at(folder))
    for name in ("network", "shop"):
        (folder / f"hold-{name}").touch()
    run = drkit(folder)
    eventually((folder / "begun-network").exists, within=60)
    way.go()
    (folder / "hold-network").unlink()
    eventually((folder / "begun-shop").exists, within=60)
    assert OutsideLost in kinds(read_journal(journal_of(folder)))
    outside = records_outside(store, REGION, RUN)
    begun = {record.body.step for record in outside if isinstance(record.body, StepStarted)}
    assert begun == {"network", "storage"}, "what ran since is known here alone"
    way.come_back()
    eventually(lambda: OutsideLost in kinds(records_outside(store, REGION, RUN)), within=60)
    (folder / "hold-shop").unlink()
    assert run.wait(timeout=60) == 0
    way.go()
    check_the_end(folder)
    records = read_journal(journal_of(folder))
    said = [kind for kind in kinds(records) if kind in (OutsideLost, OutsideBack)]
    assert said == [OutsideLost, OutsideBack]
    assert records_outside(store, REGION, RUN) == records
