"""Journals as runs of the reference shop would leave them, played forward from a sketch.

Each step begins when all that it needs is done and takes the seconds of the sketch, so the times
hang together as in a real journal. What deviates (an outcome, an answer, an incident) is said by
the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from drkit.model.outcome import Failure, Outcome, State
from drkit.model.record import (
    Body,
    GateAnswered,
    IncidentBegan,
    Record,
    RunBegan,
    RunEnded,
    StepEnded,
    StepPlanned,
    StepStarted,
    Target,
)
from drkit.model.step import RunKind, RunMode

Records = tuple[Record, ...]
Journal = Callable[[], Records]

BEGAN = datetime(2026, 3, 14, 3, 2, 10, tzinfo=UTC)
LOST_AT = BEGAN - timedelta(minutes=4, seconds=25)
"""The region's loss: when the probe's row of failures begins."""

RESTORED_AT = BEGAN + timedelta(seconds=5.1 + 11.4 + 7.0 + 6.2)
"""When a validation begins to restore its stores."""

CLOSED = BEGAN + timedelta(seconds=30)
"""When a planned move has closed the old site."""

PLAN: Mapping[str, object] = {
    "version": 1,
    "shop": "boutique",
    "currency": "EUR",
    "outside": {
        "region": "eu-north-1",
        "state": "s3://boutique-dr",
        "backups": "s3://boutique-backup",
    },
    "dns": {"name": "shop.example", "ttl": "10s"},
    "people": {"ana": {"roles": ["lead", "dba"]}},
    "processes": {
        "sales": {"rto": "2h", "rpo": "1h", "impact": "50000/day", "ledger": "card-a"},
        "orders": {"rto": "4h", "rpo": "2h", "impact": "25000/day", "ledger": "card-a"},
        "payment": {"rto": "1h", "rpo": "30m", "impact": "75000/day", "ledger": "card-a"},
        "shipping": {"rto": "8h", "rpo": "4h", "impact": "10000/day", "ledger": "carrier"},
        "support": {"rto": "4h", "rpo": "4h", "impact": "5000/day", "ledger": "mailbox"},
    },
}

PROCESSES = ("sales", "orders", "payment", "shipping", "support")
LEDGERS = ("card-a", "carrier", "mailbox")


@dataclass(frozen=True, slots=True)
class Sketch:
    id: str
    kind: str
    needs: tuple[str, ...]
    seconds: float
    budget: int | None = None
    owner: str = "sre"


QUIESCE = Sketch("quiesce", "quiesce", ("base", "edge"), 8.0)


MUZZLE = Sketch("muzzle", "playbook", ("compute",), 7.0)


def _sketches_of(mode: RunMode, kind: RunKind = RunKind.REBUILD) -> tuple[Sketch, ...]:
    """Of a planned move: what is restored waits until the old site is closed. A validation ends
    with the proofs, a standby before the first store.
    """
    if kind is RunKind.STANDBY:
        return SKETCHES[:4]
    if kind is RunKind.VALIDATE:
        kinds = {"stack", "playbook", "store", "check", "proof"}
        kept = [s for s in SKETCHES if s.kind in kinds and not s.id.startswith(("live.", "cut"))]
        kept = [replace(s, needs=("muzzle",)) if s.id == "base" else s for s in kept]
        return (*kept[:3], MUZZLE, *[s for s in kept[3:] if s.id != "protect"])
    if mode is RunMode.UNPLANNED:
        return SKETCHES
    late = {"orders-db", "images"}
    found = [replace(s, needs=("quiesce",)) if s.id in late else s for s in SKETCHES]
    return (*found[:4], *[s for s in found if s.id == "edge"], QUIESCE, *[
        s for s in found[4:] if s.id != "edge"
    ])  # fmt: skip


def _sketches() -> tuple[Sketch, ...]:
    services = ("storefront", "orders", "payment", "shipping", "support")
    return (
        Sketch("network", "stack", (), 5.1, 60),
        Sketch("storage", "stack", (), 3.9, 60),
        Sketch("compute", "stack", ("network", "storage"), 11.4, 180),
        Sketch("base", "playbook", ("compute",), 6.2, 60),
        Sketch("orders-db", "store", ("base",), 9.7, 600, "dba"),
        Sketch("images", "store", ("base",), 4.4, 300),
        Sketch("sessions", "store", ("base",), 2.1),
        Sketch("edge", "playbook", ("base",), 3.3),
        *(Sketch(name, "playbook", ("orders-db",), 2.8) for name in services),
        *(Sketch(f"check.{name}", "check", (name,), 1.9) for name in services),
        *(
            Sketch(f"proof.{name}", "proof", tuple(f"check.{s}" for s in services), 1.2)
            for name in PROCESSES
        ),
        *(Sketch(f"ledger.{name}", "ledger", ("check.orders",), 0.8) for name in LEDGERS),
        Sketch("consent", "gate", tuple(f"proof.{name}" for name in PROCESSES), 9.0, owner="lead"),
        Sketch("cutover.epoch", "epoch", ("consent",), 0.3),
        Sketch("cutover.revoke", "revoke", ("cutover.epoch",), 0.4),
        Sketch("cutover.fence", "wait", ("cutover.revoke",), 6.0),
        Sketch("cutover.archive", "playbook", ("cutover.fence",), 2.2),
        Sketch("cutover.open", "playbook", ("cutover.archive",), 1.5),
        Sketch("cutover.dns", "dns", ("cutover.open",), 0.6),
        Sketch("cutover.dns-settled", "wait", ("cutover.dns",), 10.0),
        *(
            Sketch(f"live.{name}", "proof", ("cutover.dns-settled", f"proof.{name}"), 1.1)
            for name in PROCESSES
        ),
        Sketch("protect", "playbook", ("cutover.dns-settled",), 14.0, owner="dba"),
    )


SKETCHES = _sketches()
DONE = Outcome(state=State.DONE, changed=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What is particular about a run; the default is a rebuild in which all goes well."""

    kind: RunKind = RunKind.REBUILD
    mode: RunMode = RunMode.UNPLANNED
    incident: IncidentBegan | None = field(
        default_factory=lambda: IncidentBegan(start=LOST_AT, source="probe")
    )
    consent: bool | None = True
    """None: nobody answered."""
    ends: Mapping[str, Outcome | None] = field(default_factory=dict)
    """Step → its outcome; None: the step began and no end is recorded."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Step → how long it takes, where that is not the sketch's."""
    plan: Mapping[str, object] = field(default_factory=lambda: PLAN)
    stand: str | None = "finished"
    """None: the journal just ends."""


def play(story: Story) -> Records:
    """The journal of ``story``, in the order of time."""
    happened: list[tuple[datetime, Body]] = [(BEGAN, _began(story))]
    if story.incident is not None:
        happened.append((BEGAN, story.incident))
    ended: dict[str, datetime] = {}
    for sketch in _sketches_of(story.mode, story.kind):
        sketch = replace(sketch, seconds=story.seconds.get(sketch.id, sketch.seconds))
        if not all(need in ended for need in sketch.needs):
            continue
        begin = max((ended[need] for need in sketch.needs), default=BEGAN)
        end = begin + timedelta(seconds=sketch.seconds)
        bodies = _bodies(sketch, story)
        happened.extend((begin if isinstance(body, StepStarted) else end, body) for body in bodies)
        if _went_well(bodies):
            ended[sketch.id] = end
    if story.stand is not None:
        last = max(at for at, _ in happened)
        happened.append((last, RunEnded(stand=story.stand)))
    happened.sort(key=lambda event: event[0])
    return tuple(Record(seq=seq, at=at, body=body) for seq, (at, body) in enumerate(happened))


def _began(story: Story) -> RunBegan:
    return RunBegan(
        run="20260314-030210-eu-central-1",
        kind=story.kind,
        target=Target(shop="boutique", region="eu-central-1", generation=1),
        plan=story.plan,
        steps=tuple(
            StepPlanned(
                id=sketch.id,
                kind=sketch.kind,
                needs=sketch.needs,
                owner=sketch.owner,
                budget=timedelta(seconds=sketch.budget) if sketch.budget else None,
                processes=() if story.kind is RunKind.STANDBY else PROCESSES,
            )
            for sketch in _sketches_of(story.mode, story.kind)
        ),
        versions={"drkit": "0.1.0", "pulumi": "3.259.0", "ansible-core": "2.19.14"},
        operator="ana@night-laptop",
        serving_before="eu-west-3.g1",
        mode=story.mode,
    )


def _bodies(sketch: Sketch, story: Story) -> tuple[Body, ...]:
    if sketch.kind == "gate":
        if story.consent is None:
            return ()
        comment = "the old site answers nothing" if story.consent else "wait for the provider"
        return (
            GateAnswered(
                step=sketch.id,
                person="ana",
                role="lead",
                consent=story.consent,
                comment=comment,
                signed=False,
            ),
        )
    start = StepStarted(step=sketch.id, number=1, digest="a3" * 32, log=f"logs/{sketch.id}.1.log")
    outcome = story.ends.get(sketch.id, _well(sketch))
    if outcome is None:
        return (start,)
    length = timedelta(seconds=sketch.seconds)
    return start, StepEnded(step=sketch.id, number=1, outcome=outcome, elapsed=length)


def _well(sketch: Sketch) -> Outcome:
    if sketch.kind == "ledger":
        return reading(sketch.id.removeprefix("ledger."))
    return DONE


def _went_well(bodies: tuple[Body, ...]) -> bool:
    match bodies[-1] if bodies else None:
        case StepEnded(outcome=outcome):
            return outcome.done
        case GateAnswered(consent=consent):
            return consent
        case _:
            return False


def reading(ledger: str, *missing: Mapping[str, object]) -> Outcome:
    """A ledger's reading in which ``missing`` (as :func:`promise` makes them) were not found."""
    facts = {
        "provider": ledger,
        "read_at": (BEGAN + timedelta(seconds=41)).isoformat(),
        "until": LOST_AT.isoformat(),
        "promises": 1480,
        "missing": list(missing),
    }
    return Outcome(state=State.DONE, facts=facts)


def promise(number: int, *, before: timedelta, cents: int = 4990) -> dict[str, object]:
    """An order that was promised ``before`` the loss."""
    return {
        "id": f"B-{number}",
        "at": (LOST_AT - before).isoformat(),
        "cents": cents,
        "currency": "EUR",
        "what": "order",
    }


def undisturbed() -> Records:
    """A rebuild in which all is well, and seven orders of the last 38 seconds are lost."""
    lost = [
        promise(1473 + n, before=timedelta(seconds=38 - 5 * n), cents=2450 + 731 * n)
        for n in range(7)
    ]
    return play(Story(ends={"ledger.card-a": reading("card-a", *lost)}))


def with_a_failed_playbook() -> Records:
    """The support service's playbook fails on its host."""
    failure = Failure(
        host="back-1",
        task="Install the unit of support",
        message="Could not find the requested service shop-support: host",
        remedy="see the log, mend the playbook, run the same command again",
    )
    failed = Outcome(
        state=State.FAILED, message="1 of 6 tasks failed on back-1", failures=(failure,)
    )
    return play(Story(ends={"support": failed}))


def with_a_failed_check() -> Records:
    """The payment journey finds that paying does not work."""
    failure = Failure(
        task="checks/journeys/pay.py::test_a_customer_pays", message="POST /api/orders: 502"
    )
    failed = Outcome(state=State.FAILED, message="1 of 3 checks failed", failures=(failure,))
    return play(Story(ends={"proof.payment": failed}))


def with_a_state_brought_back() -> Records:
    """The network was up all the time; the state of its stack was not."""
    words = "its state was lost and is brought back as it was at 2026-11-22 10:00:00 UTC"
    return play(Story(ends={"network": Outcome(state=State.DONE, changed=0, message=words)}))


def that_waits() -> Records:
    """All is proven and nobody has consented yet."""
    return play(Story(consent=None, stand="waits"))


def a_planned_move() -> Records:
    """The old site is closed four seconds after the step that does it began; nothing is lost."""
    closed = Outcome(state=State.DONE, changed=9, facts={"closed": CLOSED.isoformat()})
    return play(Story(mode=RunMode.PLANNED, incident=None, ends={"quiesce": closed}))


def of_hosts_alone() -> Records:
    """A plan that names no process: stacks, and a playbook on their hosts."""
    bare = ("network", "storage", "compute", "base")
    records: list[Record] = []
    for record in play(Story(plan={**PLAN, "processes": {}})):
        body = record.body
        if isinstance(body, RunBegan):
            steps = (replace(step, processes=()) for step in body.steps if step.id in bare)
            body = replace(body, steps=tuple(steps))
        if getattr(body, "step", "base") in bare:
            records.append(replace(record, seq=len(records), body=body))
    return tuple(records)


def a_deploy() -> Records:
    return play(Story(kind=RunKind.DEPLOY, incident=None))


def a_standby(ends: Mapping[str, Outcome | None] | None = None) -> Records:
    return play(Story(kind=RunKind.STANDBY, incident=None, ends=ends or {}))


ALL: Mapping[str, Journal] = {
    "undisturbed": undisturbed,
    "failed playbook": with_a_failed_playbook,
    "failed check": with_a_failed_check,
    "waits": that_waits,
    "planned": a_planned_move,
    "deploy": a_deploy,
    "hosts alone": of_hosts_alone,
    "standby": a_standby,
}


def restored(*, before: timedelta) -> Outcome:
    """A store that came back to ``before`` the moment at which its restore began."""
    facts = {"recovery_point": "latest", "recovered_to": (RESTORED_AT - before).isoformat()}
    return Outcome(state=State.DONE, changed=3, facts=facts)


def a_validation(ends: Mapping[str, Outcome | None] | None = None) -> Records:
    """What is restored is 40 s old; ``ends``: what deviates, by step."""
    stores = {name: restored(before=timedelta(seconds=40)) for name in ("orders-db", "images")}
    story = Story(kind=RunKind.VALIDATE, incident=None, ends={**stores, **(ends or {})})
    return play(story)
