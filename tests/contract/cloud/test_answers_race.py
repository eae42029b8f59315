"""People who answer one gate at the same moment, each from a process of their own, while its run
waits: the gate comes to one end, which is recorded once and which everybody is told.

Who wins is not said here, and each may: what is said holds whoever does.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drkit.adapters import gate as gate_module
from drkit.adapters.clock import SystemClock
from drkit.adapters.gate import GateKeeper, RunOf
from drkit.adapters.journal_copies import records_outside
from drkit.adapters.journal_file import JournalFile, read_journal
from drkit.adapters.runs_folder import RunsFolder
from drkit.engine.decide import Pass
from drkit.engine.loop import Ended, Hands, Stand, Stop, run_steps
from drkit.errors import Exit
from drkit.model.record import GateAnswered, GateOverdue, Record, StepStarted
from drkit.model.step import Step
from drkit.planning.graph import Graph
from drkit.ports import Journal, World
from tests.contract.cloud.answering_shop import Shop, refused
from tests.contract.cloud.desk import WANTED, Nobody
from tests.contract.cloud.opened import Write
from tests.contract.cloud.places import REGION, RUN
from tests.fakes.observer import Remembering

_WAITS = """
import sys
import drkit.adapters.answers, drkit.adapters.cloud, drkit.adapters.worlds, drkit.answering
from drkit.cli import main
print("ready", flush=True)
sys.stdin.readline()
main()
"""
"""The command, which has imported what it needs, and begins when it is told to."""
_LIMIT = 120.0


class Elsewhere:
    """A person at another terminal, with the command typed and a finger over the return key."""

    def __init__(self, shop: Shop, word: str, person: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _WAITS, *shop.command(word, person)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def is_ready(self) -> None:
        assert self._process.stdout
        assert self._process.stdout.readline() == "ready\n"

    def presses(self) -> None:
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def ends(self) -> tuple[int, str]:
        """Exit code, and what was said."""
        out, err = self._process.communicate(timeout=_LIMIT)
        assert "Traceback" not in err
        assert "defect" not in err
        return self._process.returncode, out + err

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


class Idle:
    """No step runs beside the gate."""

    def prepare(self, step: Step, number: int) -> StepStarted:
        raise AssertionError(f"{step.id} {number} is no gate")

    def start(self, step: Step, number: int, *, look_first: bool) -> None:
        raise AssertionError(f"{step.id} {number} is no gate ({look_first})")

    def wait(self, limit: timedelta) -> Iterator[Ended]:
        threading.Event().wait(limit.total_seconds() / 10)
        return iter(())

    def stop(self) -> None: ...


@contextmanager
def journal_here(shop: Shop) -> Iterator[Journal]:
    """On this machine alone, where the commands look as well."""
    runs = RunsFolder(shop.root)
    runs.folder(RUN).mkdir(parents=True)
    with JournalFile(runs.journal(RUN), now=SystemClock().now) as journal:
        yield journal


@contextmanager
def journal_outside(shop: Shop) -> Iterator[Journal]:
    with shop.place.hold() as held, shop.place.open(held) as journal:
        yield journal


JOURNALS = {"file": journal_here, "outside": journal_outside}


def wait_at_the_gate(shop: Shop, journal: Journal) -> Stand:
    """What a run does that has come so far."""
    journal.append(shop.began)
    gate = replace(WANTED["consent"], work=shop.gate)
    hands = Hands(
        journal=journal,
        attempts=Idle(),
        consent=GateKeeper(
            Nobody(), shop.place.store, RunOf(region=REGION, run=RUN, plan=shop.plan)
        ),
        observer=Remembering(),
        clock=SystemClock(),
        stop=lambda: Stop.NO,
        may_wait=True,
    )
    graph = Graph({"consent": gate}, {"consent": ()})
    return run_steps(Pass(graph=graph, priority={"consent": (0.0, 0.0, 0)}, max_parallel=1), hands)


class Gate:
    """A run that waits at its gate in a thread, and those who will answer it."""

    def __init__(self, shop: Shop, kind: str) -> None:
        self.shop = shop
        self._kind = kind
        self._people: list[Elsewhere] = []

    def answered_at_once(
        self, *said: tuple[str, str], when: Callable[[], bool] = lambda: True
    ) -> list[tuple[int, str]]:
        """All of ``said``, each by a process of its own, once ``when``; how each of them ended.

        Returns when the gate is closed.
        """
        self._people = [Elsewhere(self.shop, word, person) for word, person in said]
        for one in self._people:
            one.is_ready()
        with ThreadPoolExecutor(1) as pool, JOURNALS[self._kind](self.shop) as journal:
            run: Future[Stand] = pool.submit(wait_at_the_gate, self.shop, journal)
            while len(journal.records()) < 2 or not when():
                assert not run.done() or run.exception() is None
                threading.Event().wait(0.01)
            for one in self._people:
                one.presses()
            ends = [one.ends() for one in self._people]
            assert run.result(timeout=_LIMIT) is Stand.FINISHED
        return ends

    def outcome(self) -> GateAnswered | GateOverdue:
        """The one end that is recorded, the same in every copy of the journal."""
        here = read_journal(self._file)
        if self._kind == "outside":
            assert records_outside(self.shop.place.store, REGION, RUN) == here
        [end] = [body for body in map(_body, here) if isinstance(body, GateAnswered | GateOverdue)]
        return end

    @property
    def _file(self) -> Path:
        root = self.shop.root if self._kind == "file" else self.shop.place.plan.root
        return RunsFolder(root).journal(RUN)

    def close(self) -> None:
        for one in self._people:
            one.kill()


def _body(record: Record) -> object:
    return record.body


@pytest.fixture(params=JOURNALS)
def gate(
    request: pytest.FixtureRequest,
    world: World,
    shop: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Gate]:
    monkeypatch.setattr(gate_module, "_LOOK", 0.1)
    made = Gate(Shop(world, shop, tmp_path), request.param)
    made.shop.gate = replace(made.shop.gate, limit=None, escalate=None)
    yield made
    made.close()


def test_two_who_approve_at_once_open_it_together(gate: Gate) -> None:
    ends = gate.answered_at_once(("approve", "ana"), ("approve", "cy"))
    assert [code for code, _ in ends] == [Exit.OK, Exit.OK]
    end = gate.outcome()
    assert isinstance(end, GateAnswered)
    assert (set(end.person.split(" and ")), end.consent) == ({"ana", "cy"}, True)


def test_of_a_yes_and_a_no_at_once_one_is_recorded_and_nobody_is_asked_again(gate: Gate) -> None:
    gate.shop.gate = replace(gate.shop.gate, people=1)
    ends = gate.answered_at_once(("approve", "ana"), ("refuse", "cy"))
    end = gate.outcome()
    assert isinstance(end, GateAnswered)
    won = 0 if end.consent else 1
    assert end.person == ("ana", "cy")[won]
    assert ends[won][0] == Exit.OK
    code, words = ends[1 - won]
    assert code == Exit.OK or "answered already" in words or "was closed meanwhile" in words
    for word, person in (("approve", "ana"), ("refuse", "cy")):
        assert "is answered already" in refused(gate.shop.says(word, person))


def test_the_same_yes_sent_twice_at_once_counts_once(gate: Gate) -> None:
    gate.shop.gate = replace(gate.shop.gate, people=1)
    ends = gate.answered_at_once(("approve", "ana"), ("approve", "ana"))
    assert sorted(code for code, _ in ends) == [Exit.OK, Exit.ANSWER_REFUSED]
    [words] = [words for code, words in ends if code == Exit.ANSWER_REFUSED]
    assert "already" in words
    end = gate.outcome()
    assert isinstance(end, GateAnswered)
    assert (end.person, end.consent) == ("ana", True)


def test_a_yes_that_races_the_limit_is_in_time_or_too_late_and_never_both(gate: Gate) -> None:
    limit = timedelta(seconds=3)
    gate.shop.gate = replace(gate.shop.gate, people=1, limit=limit)
    begun = datetime.now(UTC)

    def nearly_over() -> bool:
        return datetime.now(UTC) - begun > limit - timedelta(seconds=1)

    [(code, words)] = gate.answered_at_once(("approve", "ana"), when=nearly_over)
    end = gate.outcome()
    if isinstance(end, GateAnswered):
        assert (end.person, end.consent, code) == ("ana", True, Exit.OK)
    else:
        assert end == GateOverdue(step="consent", asks=None)
        assert code == Exit.OK or "too late" in words
        assert "too late" in refused(gate.shop.says("approve", "cy"))
