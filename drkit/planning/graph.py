"""The graph of a run: which steps there are, and what each needs.

Stacks, stores, services, checks, proofs and ledgers become steps by themselves; ``steps:`` adds
acts and settings. The graph is a value: the same plan, kind of run and region give the same
graph, in the same order. Cycles and unknown names are refused here, because nothing after this
point could end.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from drkit.errors import ConfigurationError, Problem
from drkit.model.plan import Plan, RestoreTool, StepEntry
from drkit.model.record import StepPlanned
from drkit.model.step import (
    CheckWork,
    GateWork,
    Mode,
    PlaybookWork,
    ProofWork,
    QuiesceWork,
    Route,
    RunKind,
    RunMode,
    StackWork,
    Step,
    StoreWork,
    Work,
    last_proof,
)
from drkit.planning.closure import closure
from drkit.planning.cutover import cutover_steps, last_of_cutover
from drkit.planning.ledgers import StepMaker, ledger_steps
from drkit.planning.making import step_of
from drkit.planning.muzzled import muzzled
from drkit.planning.people import people_asked
from drkit.planning.quiesce import QUIESCE, around_quiesce
from drkit.planning.standby import standing_by


@dataclass(frozen=True, slots=True)
class Graph:
    """Steps by id, in a stable topological order, and which processes wait for each."""

    steps: Mapping[str, Step]
    processes: Mapping[str, tuple[str, ...]]

    def ancestors(self, step_id: str) -> frozenset[str]:
        """Everything that ``step_id`` needs, directly or not."""
        return closure(self.steps[step_id].needs, lambda name: self.steps[name].needs)

    def needed_by(self, process: str) -> frozenset[str]:
        """Every step without which ``process`` is not live."""
        last = last_proof(process, self.steps)
        return self.ancestors(last) | {last} if last in self.steps else frozenset()

    def planned(self) -> tuple[StepPlanned, ...]:
        """The steps as a journal records them."""
        return tuple(
            StepPlanned(
                id=step.id,
                kind=step.kind,
                needs=step.needs,
                owner=step.owner,
                budget=step.budget,
                processes=self.processes[step.id],
            )
            for step in self.steps.values()
        )


def step_names(plan: Plan, kind: RunKind, mode: RunMode) -> frozenset[str]:
    """The ids of all steps of a run of ``kind``, also where they do not join."""
    return frozenset(step.id for step in _drafts(plan, kind, mode))


def build_graph(
    plan: Plan,
    kind: RunKind,
    *,
    mode: RunMode = RunMode.UNPLANNED,
    refused: Collection[str] = (),
) -> Graph:
    """The graph of a run of ``kind``. Raises ConfigurationError for cycles and unknown names.

    ``refused`` are steps that will not run: what they need, and is not there, is passed over.
    """
    drafts = {step.id: step for step in _drafts(plan, kind, mode)}
    elsewhere = _left_out(plan, kind, drafts)
    steps = {
        name: dataclasses.replace(step, needs=tuple(_resolved(step.needs, elsewhere)))
        for name, step in drafts.items()
    }
    problems = []
    for step in steps.values():
        unknown = [need for need in step.needs if need not in steps]
        if unknown and step.id in refused:
            known = tuple(need for need in step.needs if need in steps)
            steps[step.id] = dataclasses.replace(step, needs=known)
        else:
            problems += [_unknown(step.id, need, kind) for need in unknown]
    if problems:
        raise ConfigurationError("the plan's steps do not join", problems=tuple(problems))
    if QUIESCE in steps:
        steps = around_quiesce(steps, refused=refused)
    ordered = _ordered(steps)
    if kind is RunKind.VALIDATE:
        ordered = _ordered(muzzled(plan, ordered))
    if kind is RunKind.STANDBY:
        ordered = standing_by(plan, ordered)
    return Graph(ordered, _waiting_processes(plan, ordered))


def _left_out(
    plan: Plan, kind: RunKind, drafts: Mapping[str, Step]
) -> Mapping[str, tuple[str, ...]]:
    """Names that stand for other steps: a cutover for its last part, and a step that only a rebuild
    has (a ledger, the fence) for what it needs itself, so that the order stays what it was. Where
    no site is closed beforehand, nothing waits for that.
    """
    names: dict[str, tuple[str, ...]] = {
        entry.name: (last_of_cutover(entry.name),) for entry in plan.steps.values() if entry.cutover
    }
    if QUIESCE not in drafts:
        names[QUIESCE] = ()
    if kind is RunKind.DEPLOY:
        whole = {s.id: s.needs for s in _drafts(plan, RunKind.REBUILD, RunMode.UNPLANNED)}
        names |= {name: needs for name, needs in whole.items() if name not in drafts}
    return names


def _resolved(needs: Iterable[str], stands_for: Mapping[str, tuple[str, ...]]) -> dict[str, None]:
    found: dict[str, None] = {}
    for need in needs:
        found |= _resolved(stands_for[need], stands_for) if need in stands_for else {need: None}
    return found


def _unknown(step: str, need: str, kind: RunKind) -> Problem:
    return Problem(
        place=f"step {step}",
        message=f"needs `{need}`, which is no step of a {kind} of this plan",
        remedy="name a step that `drkit plan` lists",
    )


def _drafts(plan: Plan, kind: RunKind, mode: RunMode) -> Iterator[Step]:
    step = partial(step_of, plan)
    for stack in plan.stacks.values():
        yield step(stack.name, StackWork(stack=stack.name), stack.needs)
    for store in plan.stores.values():
        fresh = kind is RunKind.DEPLOY or store.restore is RestoreTool.REBUILD
        work = StoreWork(
            store=store.name,
            playbook=store.playbook,
            hosts=store.hosts,
            mode=Mode.CREATE if fresh else Mode.RESTORE,
        )
        yield step(store.name, work, store.needs)
    for service in plan.services.values():
        yield step(
            service.name,
            PlaybookWork(playbook=service.playbook, hosts=service.hosts),
            service.needs,
        )
        if service.checks:
            paths = tuple(str(path) for path in service.checks)
            yield step(f"check.{service.name}", CheckWork(paths=paths), [service.name])
    yield from _proof_drafts(plan, kind, step)
    if mode is RunMode.PLANNED:
        yield step(QUIESCE, QuiesceWork(playbook=QUIESCE), [])
    for entry in plan.steps.values():
        if entry.cutover:
            yield from cutover_steps(entry, plan, kind)
        elif entry.acts:
            yield step(entry.name, _work_of(plan, entry), [])


def _proof_drafts(plan: Plan, kind: RunKind, step: StepMaker) -> Iterator[Step]:
    cutovers = [last_of_cutover(entry.name) for entry in plan.steps.values() if entry.cutover]
    for process in plan.processes.values():
        needs = _sound(plan, process.needs)
        path = str(process.proof)
        proof = ProofWork(process=process.name, path=path, route=Route.OVERRIDE)
        yield step(f"proof.{process.name}", proof, needs)
        live = ProofWork(process=process.name, path=path, route=Route.DNS)
        yield step(f"live.{process.name}", live, [*cutovers, f"proof.{process.name}"])
    if kind is not RunKind.DEPLOY:
        yield from ledger_steps(plan, partial(_sound, plan), step)


def _sound(plan: Plan, names: Iterable[str]) -> list[str]:
    """The steps after which the services ``names`` are known to be sound: their checks, if any."""
    return [
        f"check.{name}" if plan.services[name].checks else name
        for name in _services_behind(plan, names)
    ]


def _services_behind(plan: Plan, names: Iterable[str]) -> tuple[str, ...]:
    """The services among ``names`` and, through them, all that they need, in stable order."""
    found: dict[str, None] = {}
    todo = list(names)
    while todo:
        name = todo.pop(0)
        if name in plan.services and name not in found:
            found[name] = None
            todo.extend(plan.services[name].needs)
    return tuple(found)


def _work_of(plan: Plan, entry: StepEntry) -> Work:
    if entry.gate:
        return gate_work(plan, entry, entry.gate)
    if entry.playbook:
        return PlaybookWork(playbook=entry.playbook, hosts=entry.hosts or "all")
    return CheckWork(paths=tuple(str(path) for path in entry.checks))


def gate_work(plan: Plan, entry: StepEntry, role: str) -> GateWork:
    """The gate that ``entry`` of ``plan`` asks for, of people with ``role``."""
    return GateWork(
        role=role,
        people=people_asked(plan, entry),
        signed=entry.signed,
        limit=entry.limit,
        escalate=entry.escalate,
    )


def _ordered(steps: Mapping[str, Step]) -> dict[str, Step]:
    """Topological, ties in the order of the plan. Raises ConfigurationError that shows a cycle."""
    ordered: dict[str, Step] = {}
    left = dict(steps)
    while left:
        ready = [name for name, step in left.items() if all(n in ordered for n in step.needs)]
        if not ready:
            cycle = " → ".join(_cycle(left))
            raise ConfigurationError(
                "the plan's steps wait for each other",
                problems=(
                    Problem(
                        place="steps",
                        message=f"cycle: {cycle}",
                        remedy="take one of these needs away: nothing in it could ever start",
                    ),
                ),
            )
        for name in ready:
            ordered[name] = left.pop(name)
    return ordered


def _cycle(left: Mapping[str, Step]) -> list[str]:
    path = [next(iter(left))]
    while True:
        onward = next(need for need in left[path[-1]].needs if need in left)
        if onward in path:
            return [*path[path.index(onward) :], onward]
        path.append(onward)


def _waiting_processes(plan: Plan, steps: Mapping[str, Step]) -> dict[str, tuple[str, ...]]:
    graph = Graph(steps, {})
    waiting: dict[str, list[str]] = {name: [] for name in steps}
    for process in plan.processes:
        for name in graph.needed_by(process):
            waiting[name].append(process)
    return {name: tuple(processes) for name, processes in waiting.items()}
