"""What changed between runs as JSON: the same in the report of a run and in the history of all."""

from __future__ import annotations

from collections.abc import Sequence

from drkit.adapters.json_values import seconds
from drkit.reporting.failing import Flaky, NewlyFailing, Recovered
from drkit.reporting.history import Change
from drkit.reporting.slower import Cause, Slower


def changes(found: Sequence[Change]) -> list[dict[str, object]]:
    """An object for each, told apart by its ``change``."""
    return [_change(change) for change in found]


def _change(change: Change) -> dict[str, object]:
    match change:
        case Slower():
            return {
                "change": "slower",
                "process": change.process,
                "what": "work" if change.in_work else "recovery",
                "seconds": seconds(change.took),
                "usual_seconds": seconds(change.usual),
                "by_seconds": seconds(change.by),
                "runs_before": change.before,
                "cause": _cause(change.cause) if change.cause else None,
            }
        case NewlyFailing(step=step, done_before=before):
            return {"change": "newly failing", "step": step, "runs_before": before}
        case Recovered(step=step, failed_before=before):
            return {"change": "recovered", "step": step, "runs_before": before}
        case Flaky(step=step, within=within, failed=failed, of=of):
            return {
                "change": "flaky",
                "step": step,
                "within_the_run": within,
                "failed_runs": failed,
                "of_runs": of,
            }


def _cause(cause: Cause) -> dict[str, object]:
    return {
        "name": cause.what,
        "step": cause.step.id if cause.step else None,
        "seconds": seconds(cause.took),
        "usual_seconds": seconds(cause.usual),
        "grew_seconds": seconds(cause.grew),
    }
