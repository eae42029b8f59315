"""The records of a journal: all that a report needs, and all that a resume needs.

One dataclass per kind; the kind's name in the file is in :data:`KINDS`. Times are aware UTC.
Invariant: records are only ever appended; a later record never changes what an earlier one says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from drkit.model.outcome import Outcome
from drkit.model.place_record import PLACE_KINDS, PlaceBody
from drkit.model.step import GateWork, RunKind, RunMode

RANGES = 4
"""So many address ranges a site has; its generations take turns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a run builds: one generation of one site."""

    shop: str
    region: str
    generation: int

    @property
    def name(self) -> str:
        """``eu-central-1.g2``: the name of the Pulumi stacks and of the site in every output."""
        return f"{self.region}.g{self.generation}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPlanned:
    """A step as it stands in the graph of a plan."""

    id: str
    kind: str
    needs: tuple[str, ...]
    owner: str
    budget: timedelta | None
    processes: tuple[str, ...]
    """The business processes that wait for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBegan:
    run: str
    kind: RunKind
    target: Target
    plan: Mapping[str, object]
    """The whole ``drkit.yaml`` as parsed (JSON values)."""
    steps: tuple[StepPlanned, ...]
    versions: Mapping[str, str]
    """Tool → version, drkit's own included."""
    operator: str
    """``user@host``; not proven."""
    serving_before: str | None
    """Name of the target that served when the run began."""
    recover_to: datetime | None = None
    """The moment that stores are restored to; None: the last that there is."""
    key: str = ""
    """Public key of the place that writes from here on; empty before journals were signed."""
    mode: RunMode = RunMode.UNPLANNED
    """As it began: a planned one whose old site was lost skips the step ``quiesce``."""
    max_parallel: int | None = None
    """How many steps run side by side; None before that was recorded."""
    given: tuple[str, ...] = ()
    """Gates whose answer came with the command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResumed:
    operator: str
    pid: int
    key: str = ""
    """As in :class:`RunBegan`, and so are the next two."""
    max_parallel: int | None = None
    given: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTakenOver:
    """From here on another place carries the run on; whoever had it before records nothing more."""

    operator: str
    reason: str
    before: str
    """``user@host`` of whoever had it."""
    key: str = ""
    """As in :class:`RunBegan`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLeft:
    """Another run of this kind and site is not over, and this one was begun in its place."""

    run: str
    why: str
    changes: tuple[str, ...]
    """What differs in the plan, key by key; empty where it is the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationLeft:
    """A person gave a generation up: no run builds on it again. In the journal of the run that had
    built it, which ends it, and of the one that builds the next."""

    generation: str
    """``eu-central-1.g2``."""
    next: str
    """The generation that is built in its place."""
    built_by: str
    """The unfinished run that had built it; empty where there was none."""
    run: str
    """The one that builds the next."""
    reason: str
    operator: str
    """Who began the run that builds the next."""
    key: str = ""
    """As in :class:`RunBegan`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChanged:
    """A person carries the run on in spite of a changed plan: from here on this is its plan."""

    changes: tuple[str, ...]
    """What differs from the plan before, key by key."""
    plan: Mapping[str, object]
    """The whole ``drkit.yaml`` as parsed (JSON values)."""
    steps: tuple[StepPlanned, ...]
    again: tuple[str, ...]
    """Steps that were done, or answered, and are not any more."""
    kept: tuple[str, ...]
    """Steps that stay done although they would be told something else now."""
    dropped: tuple[str, ...]
    """Steps that were worked on and are in the plan no more; what they made is still there."""
    reason: str
    operator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentBegan:
    """When customers began to be without the shop, and where that comes from.

    ``source`` is ``probe``, ``since`` or ``run``; with ``run`` (neither was given) the start is
    the run's own and every result is "at least".
    """

    start: datetime
    source: str
    per_process: Mapping[str, datetime] = field(default_factory=dict)
    """By the probe: the start for each process."""
    unobserved: tuple[str, ...] = ()
    """Processes that were down before anybody looked, or that nobody watched: "at least"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    step: str
    number: int
    """1 for the first try."""
    digest: str
    """sha256 of what the try works with (playbook, stack, checks)."""
    log: str
    """Path of the log, relative to the run's folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEnded:
    step: str
    number: int
    outcome: Outcome
    elapsed: timedelta
    """By the monotonic clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSkipped:
    """What needs the step goes on as if it were done; until it is asked for again."""

    step: str
    reason: str
    operator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReopened:
    """A step that was done, or skipped, is to run again; what was built upon it stays."""

    step: str
    operator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GateOpened:
    """From here on a gate waits for people, as ``gate`` says; its limit counts from here."""

    step: str
    gate: GateWork


@dataclass(frozen=True, slots=True, kw_only=True)
class GateOverdue:
    """Nobody answered within the limit. Silence is a no, or brings somebody in: never a yes."""

    step: str
    asks: str | None
    """The role that may answer as well from here on; None: the gate is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateAnswered:
    step: str
    person: str
    role: str
    consent: bool
    comment: str
    signed: bool
    """Whether by each person's key; else the identity is what an operator typed."""
    broken: str = ""
    """Name of the sealed code that stood in for a missing person; empty: nobody was missing."""


OLD_SITE_HEALTHY = "old-site-healthy"
"""The problem by which a rebuild is refused while customers are served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemAccepted:
    problem: str
    reason: str
    operator: str
    affects: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """``stand`` is ``finished``, ``waits`` or ``interrupted``; only a finished run is over."""

    stand: str


Body = (
    RunBegan
    | RunResumed
    | RunTakenOver
    | RunLeft
    | GenerationLeft
    | PlanChanged
    | IncidentBegan
    | StepStarted
    | StepEnded
    | StepSkipped
    | StepReopened
    | GateOpened
    | GateOverdue
    | GateAnswered
    | ProblemAccepted
    | RunEnded
    | PlaceBody
)

KINDS: Mapping[str, type] = {
    "run.began": RunBegan,
    "run.resumed": RunResumed,
    "run.taken": RunTakenOver,
    "run.left": RunLeft,
    "generation.left": GenerationLeft,
    "plan.changed": PlanChanged,
    "incident.began": IncidentBegan,
    "step.started": StepStarted,
    "step.ended": StepEnded,
    "step.skipped": StepSkipped,
    "step.reopened": StepReopened,
    "gate.opened": GateOpened,
    "gate.overdue": GateOverdue,
    "gate.answered": GateAnswered,
    "problem.accepted": ProblemAccepted,
    "run.ended": RunEnded,
    **PLACE_KINDS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    seq: int
    at: datetime
    body: Body
