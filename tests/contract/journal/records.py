"""One record of each kind, with awkward values in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from drkit.model.outcome import Failure, Outcome, State
from drkit.model.place_record import CopyRemoved, OutsideBack, OutsideLost, SiteReopened, SiteServed
from drkit.model.record import (
    KINDS,
    Body,
    GateAnswered,
    GateOpened,
    GateOverdue,
    GenerationLeft,
    IncidentBegan,
    PlanChanged,
    ProblemAccepted,
    RunBegan,
    RunEnded,
    RunLeft,
    RunResumed,
    RunTakenOver,
    StepEnded,
    StepPlanned,
    StepReopened,
    StepSkipped,
    StepStarted,
    Target,
)
from drkit.model.step import GateWork, RunKind

AT = datetime(2026, 3, 14, 3, 2, 10, 123456, tzinfo=UTC)

OUTCOME = Outcome(
    state=State.FAILED,
    changed=2,
    message="line one\nline two\u2028 and “quotes” \"'\\",
    facts={"hosts": {"db-1": {"public": None, "ports": [5432]}}, "ratio": 0.5},
    failures=(Failure(message="no", host="db-1", task="Start it", remedy="start it by hand"),),
)

BODIES: tuple[Body, ...] = (
    RunBegan(
        run="20260314-030210-rebuild-eu-central-1",
        kind=RunKind.REBUILD,
        target=Target(shop="boutique", region="eu-central-1", generation=2),
        plan={"version": 1, "shop": "boutique", "sites": {"eu-west-3": None}, "größe": [1, "zwei"]},
        steps=(
            StepPlanned(
                id="network",
                kind="stack",
                needs=(),
                owner="sre",
                budget=timedelta(minutes=1),
                processes=("sales",),
            ),
            StepPlanned(
                id="consent", kind="gate", needs=("network",), owner="x", budget=None, processes=()
            ),
        ),
        versions={"drkit": "0.1.0"},
        operator="ana@night-laptop",
        serving_before=None,
    ),
    IncidentBegan(
        start=AT - timedelta(minutes=4),
        source="probe",
        per_process={"sales": AT},
        unobserved=("sales",),
    ),
    StepStarted(step="network", number=1, digest="a3" * 32, log="logs/network.1.log"),
    StepEnded(step="network", number=1, outcome=OUTCOME, elapsed=timedelta(seconds=5)),
    StepSkipped(step="network", reason="made by hand", operator="bo@laptop"),
    StepReopened(step="network", operator="bo@laptop"),
    SiteReopened(site="eu-west-3.g1", reason="the restore takes too long", operator="bo@laptop"),
    SiteServed(site="eu-west-3.g1", operator="bo@laptop"),
    CopyRemoved(
        generation="eu-central-1.g2",
        removed={"compute": 8},
        stays={"storage": "the bucket is not empty"},
        elapsed=timedelta(seconds=12),
    ),
    ProblemAccepted(problem="p", reason="it is 3 a.m.", operator="ana@x", affects=("a", "b")),
    RunResumed(operator="bo@laptop", pid=4711, max_parallel=3, given=("consent",)),
    RunTakenOver(operator="bo@laptop", reason="ana's laptop died", before="ana@night-laptop"),
    RunLeft(run="20260314-020000-rebuild-eu-central-1", why="its plan", changes=("a: added (1)",)),
    GenerationLeft(
        generation="eu-central-1.g2",
        next="eu-central-1.g3",
        built_by="20260314-020000-rebuild-eu-central-1",
        run="20260314-030000-rebuild-eu-central-1",
        reason="the network cannot be repaired",
        operator="ana@x",
        key="ssh-ed25519 AAAA",
    ),
    PlanChanged(
        changes=("shop: was a, is b",),
        plan={"version": 1, "größe": None},
        steps=(
            StepPlanned(
                id="network", kind="stack", needs=(), owner="sre", budget=None, processes=()
            ),
        ),
        again=("network",),
        kept=(),
        dropped=("images",),
        reason="the carrier moved",
        operator="ana@x",
    ),
    OutsideLost(error="it does not answer"),
    OutsideBack(),
    GateOpened(
        step="consent",
        gate=GateWork(role="lead", people=2, limit=timedelta(minutes=30), escalate="dba"),
    ),
    GateOverdue(step="consent", asks="dba"),
    GateOverdue(step="consent", asks=None),
    GateAnswered(
        step="consent",
        person="ana",
        role="lead",
        consent=True,
        comment="",
        signed=True,
        broken="5f2a91c3",
    ),
    RunEnded(stand="finished"),
)

if {type(body) for body in BODIES} != set(KINDS.values()):
    raise AssertionError("a kind of record has no sample here")
