"""How a step ended. Unknown is not failed: an unknown effect is looked at before it is repeated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    """A person said no."""
    NOT_RUN = "not run"
    """Something that it needs did not end well."""
    SKIPPED = "skipped"
    """A person took it as done: what it would have proven is not proven."""


SATISFIED = frozenset({State.DONE, State.SKIPPED})
"""States that let what needs the step begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One thing that went wrong inside a step, where, and what the tool said."""

    message: str
    host: str = ""
    task: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a tool's work came to.

    ``state`` is DONE, FAILED or UNKNOWN. ``changed`` counts what the tool changed (resources,
    tasks); None where it has no notion of it. ``facts`` is what later steps and the report may
    read: JSON values, never a secret.
    """

    state: State
    changed: int | None = None
    message: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    transient: bool = False
    """Of a failure: whether the same again may well end otherwise (no answer, a limit of calls), so
    that a further try is worth its time. An unknown effect always is."""

    @property
    def done(self) -> bool:
        return self.state is State.DONE
