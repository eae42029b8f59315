"""What all attempts do: start tries side by side, and tell of each its one end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from drkit.engine.loop import Said
from drkit.model.outcome import State
from tests.contract.engine.bench import TICK, Bench, ProcessGround, VirtualGround
from tests.integration.attempts.trying import Tries

SLACK = timedelta(seconds=5)
"""A shared machine stalls; the fake's clock does not."""


@pytest.fixture(params=["processes", "virtual"])
def bench(request: pytest.FixtureRequest, tmp_path: Path, marker: str) -> Iterator[Bench]:
    if request.param == "virtual":
        ground = VirtualGround()
        yield Bench(attempts=ground.attempts, ground=ground)
        return
    tries = Tries(root=tmp_path)
    made = Bench(attempts=tries.attempts, ground=ProcessGround(tries))
    yield made
    tries.over()


def test_a_try_that_goes_well_ends_once_as_done_and_has_its_effect_once(bench: Bench) -> None:
    bench.start(bench.ground.well("db"))
    [end] = bench.to_the_end("db")
    assert end.outcome.state is State.DONE
    assert timedelta(0) < end.elapsed < timedelta(minutes=1)
    assert bench.ground.effects() == ["db"]


def test_a_try_that_goes_badly_ends_once_as_failed_and_says_why(bench: Bench) -> None:
    bench.start(bench.ground.badly("db"))
    [end] = bench.to_the_end("db")
    assert end.outcome.state is State.FAILED
    assert "it failed" in end.outcome.message
    assert bench.ground.effects() == []


def test_what_a_try_says_comes_before_its_end_and_nothing_after_it(bench: Bench) -> None:
    bench.start(bench.ground.well("db"))
    bench.to_the_end("db")
    for _ in range(3):
        bench.turn()
    *before, last = bench.events
    assert before
    assert all(isinstance(event, Said) and event.step == "db" and event.line for event in before)
    assert last == bench.ends("db")[0]


def test_preparing_names_the_try_and_its_own_log_and_starts_nothing(bench: Bench) -> None:
    work = bench.ground.well("db")
    first, second = (bench.attempts.prepare(work, number) for number in (1, 2))
    assert [(body.step, body.number) for body in (first, second)] == [("db", 1), ("db", 2)]
    assert first.log != second.log, "a second try does not write over what the first one said"
    assert first.log.startswith("logs/db."), "relative to the run's folder"
    bench.turn()
    assert bench.events == []
    assert bench.ground.effects() == []


def test_tries_run_side_by_side_and_one_that_fails_ends_no_other(bench: Bench) -> None:
    ground = bench.ground
    bench.start(ground.forever("slow"), ground.badly("bad"), ground.well("good"))
    bad, good = bench.to_the_end("bad", "good")
    assert (bad.outcome.state, good.outcome.state) == (State.FAILED, State.DONE)
    assert bench.ends("slow") == []


def test_waiting_ends_at_its_limit_where_nothing_happens(bench: Bench) -> None:
    bench.start(bench.ground.forever("slow"))
    before = bench.ground.passed()
    bench.turn(TICK)
    assert bench.ground.passed() - before < TICK + SLACK
    assert bench.ends("slow") == []


def test_waiting_for_nothing_lets_the_time_pass_and_says_nothing(bench: Bench) -> None:
    """A gate may be all that is left: the loop must neither stand still nor spin."""
    before = bench.ground.passed()
    bench.turn(TICK)
    assert TICK <= bench.ground.passed() - before < TICK + SLACK
    assert bench.events == []


def test_a_stop_ends_every_try_as_unknown_and_without_its_effect(bench: Bench) -> None:
    bench.start(bench.ground.forever("db"), bench.ground.forever("files"))
    bench.turn()
    bench.attempts.stop()
    ends = bench.to_the_end("db", "files")
    assert [end.outcome.state for end in ends] == [State.UNKNOWN] * 2
    assert all("effect unknown" in end.outcome.message for end in ends)
    assert bench.ground.effects() == []


def test_the_end_of_a_stopped_try_is_told_by_waiting_and_only_once(bench: Bench) -> None:
    bench.start(bench.ground.forever("db"))
    bench.turn()
    bench.attempts.stop()
    bench.attempts.stop()
    assert bench.ends("db") == []
    bench.to_the_end("db")
    bench.turn()
    bench.to_the_end("db")


def test_a_stop_changes_nothing_of_what_has_ended_and_nothing_where_nothing_runs(
    bench: Bench,
) -> None:
    bench.attempts.stop()
    bench.turn()
    assert bench.events == []
    bench.start(bench.ground.well("db"))
    [end] = bench.to_the_end("db")
    bench.attempts.stop()
    bench.turn()
    assert bench.to_the_end("db") == [end]


def test_a_step_can_be_tried_again_after_its_end(bench: Bench) -> None:
    work = bench.ground.well("db")
    bench.start(work)
    bench.to_the_end("db")
    bench.start(work, number=2)
    bench.until(lambda: len(bench.ends("db")) == 2)
    assert [end.outcome.state for end in bench.ends("db")] == [State.DONE] * 2
    assert bench.ground.effects() == ["db", "db"]
