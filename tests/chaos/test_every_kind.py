"""kill -9 at every step of a run with every kind of step, and the same command again.

One run is killed at one step after another, each time a drkit that carried on from the death
before: so each kill also meets what earlier ones left behind. Every moment of each, and the journal
in a file alone, are for ``make stress``.
"""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from drkit.adapters.epoch import write_first_epoch
from drkit.adapters.journal_copies import records_outside
from drkit.adapters.journal_file import read_journal
from drkit.adapters.outside_store import OutsideStore
from drkit.engine.progress import stand
from drkit.model.outcome import State
from drkit.model.record import RunEnded, StepEnded, StepStarted
from drkit.ports import World
from tests.chaos.deaths import BEGUN, MOMENTS, UNRECORDED
from tests.chaos.kinds import EVERY_KIND, end_state, plan, write_every_kind
from tests.chaos.setting import REGION, RUN, Setting, journal_of, setting_of
from tests.chaos.small_shop import drkit
from tests.integration.attempts.trying import eventually
from tests.survivors import alive_with

MAKERS = ("network", "orders-db", "storefront", "loss.card-a", "drift", "remove.network")
UNDISTURBED = {
    "made": {f"made-{name}": name for name in MAKERS},
    "effects": {"network", "checks", "proof.sales", "loss.card-a", "drift", "remove.network"},
    "epoch": {"number": 1, "site": REGION, "run": RUN, "before": [0]},
    "fenced": {"corner-eu-west-3-backup", "corner-eu-west-3-files"},
    "public": [("corner.example.", "198.18.0.7")],
}


# what is written outside is written to the file first: the file alone says the same in less time
@pytest.fixture(params=[pytest.param("file", marks=pytest.mark.stress), "file-and-outside"])
def shop(
    request: pytest.FixtureRequest, tmp_path: Path, world: World, zone: str, marker: str
) -> Path:
    """A shop of every kind of step, in a cloud of its own, with one journal or both."""
    write_every_kind(tmp_path)
    write_first_epoch(world, plan(tmp_path))
    outside = request.param == "file-and-outside"
    url = world.endpoints["global"].url or ""
    Setting(cloud=url, resolver=world.resolver or "", outside=outside).write(tmp_path)
    return tmp_path


def die(shop: Path, death: str, marker: str) -> bool:
    """Whether drkit came to where it was to die."""
    code = drkit(shop, death).wait(timeout=120)
    assert code in (0, -signal.SIGKILL)
    eventually(lambda: alive_with(marker) == [])
    return code != 0


def check_the_end(shop: Path, world: World) -> None:
    assert end_state(shop, world) == UNDISTURBED
    records = read_journal(journal_of(shop))
    assert records[-1].body == RunEnded(stand="finished")
    assert stand(records).states == dict.fromkeys(EVERY_KIND, State.DONE)
    done: set[str] = set()
    for record in records:
        match record.body:
            case StepStarted(step=step):
                assert step not in done, f"{step} was done and was started again"
            case StepEnded(step=step):
                done.add(step)
            case _:
                pass
    if setting_of(shop).outside:
        assert records_outside(OutsideStore(world, plan(shop)), REGION, RUN) == records


@pytest.mark.stress
def test_a_run_that_is_not_disturbed_comes_to_this_end(
    shop: Path, world: World, marker: str
) -> None:
    """The control: what the killed ones are held against."""
    assert not die(shop, "", marker)
    check_the_end(shop, world)


@pytest.mark.parametrize(
    "moments", [(UNRECORDED,), pytest.param(MOMENTS, marks=pytest.mark.stress)], ids=str
)
def test_a_run_killed_at_every_kind_of_step_comes_to_the_same_end(
    shop: Path, world: World, marker: str, moments: tuple[str, ...]
) -> None:
    deaths = [f"{moment}:{name}" for name in EVERY_KIND for moment in moments]
    for death in deaths:
        if death != f"{BEGUN}:consent":  # a gate has no start on record
            assert die(shop, death, marker), death
    assert not die(shop, "", marker)
    check_the_end(shop, world)
