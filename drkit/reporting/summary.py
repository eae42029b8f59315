"""What changed between runs, in words: a line for each finding, and one line fit for a chat.

Decides what is said together: processes that one cause held up are one finding to a reader. The
line for the chat never says that all is as before of a run that came to no good end, or that too
few runs stand behind; of a drill it says that it was one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from drkit.errors import Exit
from drkit.model.quantities import format_duration
from drkit.reporting.failing import Flaky, NewlyFailing, Recovered
from drkit.reporting.headline import names
from drkit.reporting.history import Change, Compared
from drkit.reporting.recoveries import BEFORE, Recovery
from drkit.reporting.slower import Cause, Slower, comparable
from drkit.reporting.usual import LEAST


def findings(changes: Sequence[Change]) -> Iterator[str]:
    """A line for each; what was slower for the same reason is one."""
    for group in _by_cause(changes):
        yield f"{_slower(group)}: {_at_length(group[0].cause)}"
    for change in changes:
        match change:
            case NewlyFailing():
                yield f"{change.step} newly fails: done in {_runs(change.done_before)}"
            case Recovered():
                yield f"{change.step} has recovered: failed in {_runs(change.failed_before)}"
            case Flaky():
                again = ", and came up again with nothing of it changed" if change.within else ""
                yield (
                    f"{change.step} is flaky: failed in {change.failed} of the last"
                    f" {change.of} runs{again}"
                )
            case Slower():
                pass


def summary(newest: Compared) -> str:
    """One line: the most urgent process, what was slower besides, which steps changed."""
    report = newest.run.report
    header, where = report.header, report.header.target
    parts = [] if report.exit is Exit.OK else [report.headline.removesuffix(".")]
    urgent = _urgent(newest)
    parts += [_back(urgent, newest)] if urgent is not None else []
    for group in _by_cause(newest.changes):
        if urgent is None or urgent.name not in {change.process for change in group}:
            parts.append(f"{_slower(group, short=True)}: {_in_short(group[0].cause)}")
    for kind, word in ((NewlyFailing, "newly failing"), (Flaky, "flaky"), (Recovered, "recovered")):
        found = tuple(change.step for change in newest.changes if isinstance(change, kind))
        parts += [f"{word}: {names(found)}"] if found else []
    if not parts:
        parts.append(f"{header.kind.value} took {format_duration(header.length)}")
    marks = [header.kind.noun] if header.drill else []
    marks += ["sandbox"] if header.sandbox else []
    marked = f" ({', '.join(marks)})" if marks else ""
    return f"shop {where.shop} in {where.region}{marked}: {'; '.join(parts)}"


def _urgent(newest: Compared) -> Recovery | None:
    """Of the processes that came back, the one with the shortest RTO."""
    back = [one for one in newest.run.recoveries.values() if one.took is not None]
    return min(back, key=lambda one: one.process.objectives.rto, default=None)


def _back(urgent: Recovery, newest: Compared) -> str:
    took, goal = urgent.took or timedelta(0), urgent.process.objectives.rto
    least = "at least " if urgent.at_least else ""
    of = f" of {format_duration(goal)}" if urgent.process.rto else ""
    verb = "back in" if urgent.process.rto else "live after"
    said = f"{urgent.name} {verb} {least}{format_duration(took)}{of}"
    mine = [
        group
        for group in _by_cause(newest.changes)
        if urgent.name in {change.process for change in group}
    ]
    for group in mine:
        own = [change for change in group if change.process == urgent.name]
        others = tuple(change.process for change in group if change.process != urgent.name)
        said += f", {_slower(own, short=True, named=False)}: {_in_short(own[0].cause)}"
        said += f" (and so {'are' if len(others) > 1 else 'is'} {names(others)})" if others else ""
    count = len(comparable(urgent, newest.before))
    if mine:
        return said
    if count < LEAST:
        return f"{said}, too few runs before to compare ({count})" if count else said
    return f"{said}, as in the {_runs(count)}"


def _by_cause(changes: Sequence[Change]) -> list[list[Slower]]:
    groups: dict[tuple[bool, str], list[Slower]] = {}
    for change in changes:
        if isinstance(change, Slower):
            key = change.in_work, change.cause.what if change.cause else ""
            groups.setdefault(key, []).append(change)
    return list(groups.values())


def _slower(group: Sequence[Slower], *, short: bool = False, named: bool = True) -> str:
    """``sales, payment slower by 2m 8s to 2m 10s``, at length with what they took."""
    by = _span(group, lambda change: change.by)
    who = f"{names(tuple(change.process for change in group))} " if named else ""
    work = " in the work of the tools" if group[0].in_work else ""
    said = f"{who}slower by {by}{work}"
    if short:
        return said
    took, usual = _span(group, lambda c: c.took), _span(group, lambda c: c.usual)
    return f"{said} ({took}, usually {usual})"


def _span(group: Sequence[Slower], length: Callable[[Slower], timedelta]) -> str:
    least, most = (format_duration(f(length(one) for one in group)) for f in (min, max))
    return least if least == most else f"{least} to {most}"


def _at_length(cause: Cause | None) -> str:
    if cause is None:
        return _in_short(cause)
    took = format_duration(cause.took)
    usual = (
        f", usually {format_duration(cause.usual)}" if cause.usual is not None else ", and is new"
    )
    if cause.what == BEFORE:
        return f"the run was begun {took} after the incident{usual}"
    if cause.step is None:
        return f"nobody worked on the run for {took}{usual}"
    if cause.step.kind == "gate":
        return f"{cause.what} was answered after {took}{usual}"
    tries = f" in {len(cause.step.tries)} tries" if len(cause.step.tries) > 1 else ""
    return f"{cause.what} took {took}{tries}{usual}"


def _in_short(cause: Cause | None) -> str:
    return cause.what if cause else "no one step accounts for it"


def _runs(count: int) -> str:
    return f"{count} runs before" if count > 1 else "the run before"
