"""What a console says of the time ahead: asks for a forecast as often as it is worth it, and says
once, not at each tick, that a process will miss its RTO, or will keep it after all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from drkit.cli.forecast import advice, in_time, miss
from drkit.engine.progress import command_of, run_of
from drkit.errors import ConfigurationError, JournalDamaged
from drkit.model.plan import Plan
from drkit.model.record import PlanChanged, Record, RunBegan, RunResumed
from drkit.planning.graph import build_graph
from drkit.reporting.expected import EARLIER, Expectations, expectations, history_of
from drkit.reporting.forecast import Forecast, forecast

_EVERY = timedelta(seconds=1)
_PER_STEP = timedelta(milliseconds=5)
"""Never more often than this times the number of steps: the run waits while its console thinks."""
_MARGIN = timedelta(minutes=1)
"""What was said to be late must be this early to be called in time: else it is said in turns."""

Expecting = Callable[[Sequence[Record]], Expectations]
"""By what a run has recorded so far: its plan, and what its newest command was given."""


def expecting(
    plan: Plan,
    earlier: Callable[[RunBegan], Iterable[Sequence[Record]]],
) -> Expecting:
    """What is expected of a run of ``plan``, by ``earlier`` runs of its kind, newest first."""

    def of(records: Sequence[Record]) -> Expectations:
        began, command = run_of(records), command_of(records)
        if began is None or command is None:
            return Expectations()
        bound = command.max_parallel
        others = (records for records in earlier(began) if not _is_of(records, began.run))
        try:
            # what was refused when it began needs what is not there
            refused = {step.id for step in began.steps}
            graph = build_graph(plan, began.kind, mode=began.mode, refused=refused)
        except ConfigurationError:  # the plan here is another by now: the journal's budgets count
            return Expectations(bound=bound)
        history = history_of(islice(others, EARLIER))
        return expectations(graph, history, bound=bound, given=command.given)

    return of


def _is_of(records: Sequence[Record], run: str) -> bool:
    first = records[0].body if records else None
    return isinstance(first, RunBegan) and first.run == run


class Outlook:
    """The time ahead of one run, as records come in."""

    def __init__(self, expecting: Expecting) -> None:
        self._expecting = expecting
        self._expected: Expectations | None = None
        self._records: list[Record] = []
        self._last: tuple[int, Forecast] | None = None
        self._told_late: set[str] = set()

    def take(self, record: Record) -> None:
        self._records.append(record)
        if isinstance(record.body, RunBegan | RunResumed | PlanChanged):
            self._expected = None

    def at(self, now: datetime) -> Forecast | None:
        """The forecast, at most a second old, of a long run a few. None before the run has begun,
        and for one whose plan cannot be read."""
        if self._expected is None:
            # not with each record: a run that is carried on tells many of them again at once
            if run_of(self._records) is None:
                return None
            self._expected = self._expecting(self._records)
        count = len(self._records)
        if self._last and now - self._last[1].at < self._pause(news=count > self._last[0]):
            return self._last[1]
        try:
            found = forecast(tuple(self._records), self._expected, now)
        except JournalDamaged:  # the report says so; who watches is to see the rest
            return None
        self._last = (count, found)
        return found

    def _pause(self, *, news: bool) -> timedelta:
        began = self._records[0].body
        least = _PER_STEP * len(began.steps) if isinstance(began, RunBegan) else _EVERY
        return least if news else max(least, _EVERY)

    def turns(self, now: datetime) -> Iterator[str]:
        """What to say of processes that will now be late, or no longer, and was not said yet."""
        found = self.at(now)
        said = {""}
        for process in found.processes if found else ():
            if process.live or process.room is None:
                continue
            told = process.name in self._told_late
            if process.late and not told:
                self._told_late.add(process.name)
                words = advice(process)
                yield "; ".join([miss(process, now), *([words] if words not in said else [])])
                said.add(words)
            elif told and process.room >= _MARGIN:
                self._told_late.remove(process.name)
                yield in_time(process, now)
