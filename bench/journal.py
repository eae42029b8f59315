"""What the journal of a refused rebuild says about time: when it was proven, and by which way.

Times are seconds since the command was typed, so that the start of drkit itself and its look at
the world count too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from drkit.model.outcome import Outcome, State
from drkit.model.record import Record, RunBegan, StepEnded, StepPlanned, StepStarted


@dataclass(frozen=True, slots=True, kw_only=True)
class Did:
    """One step: when it started and ended, and what came of it."""

    id: str
    needs: tuple[str, ...]
    started: float
    ended: float
    outcome: Outcome

    @property
    def seconds(self) -> float:
        return round(self.ended - self.started, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The steps of a rebuild up to its gate; ``gate_needs`` are those that the gate waits for."""

    began: RunBegan
    steps: Mapping[str, Did]
    gate_needs: tuple[str, ...]

    @property
    def wanted(self) -> frozenset[str]:
        """The steps that the gate waits for, directly or not."""
        needs = {step.id: step.needs for step in self.began.steps}
        found, todo = set[str](), list(self.gate_needs)
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo += needs[name]
        return frozenset(found)

    @property
    def failed(self) -> list[str]:
        """Steps that the gate waits for and that are not done."""
        done = {name for name, did in self.steps.items() if did.outcome.state is State.DONE}
        return sorted(self.wanted - done)

    @property
    def proven(self) -> float:
        """When the last proof was done."""
        return max(did.ended for did in self.steps.values() if did.id.startswith("proof."))

    @property
    def ready(self) -> float:
        """When everything was done that the gate waits for: proofs, and all checks."""
        return max(did.ended for did in self._of(self.gate_needs))

    @property
    def whole(self) -> float:
        """When everything was done that waits for no gate: the whole shop, proven."""
        after = set[str]()
        for step in self.began.steps:  # each stands behind what it needs
            if step.kind == "gate" or after.intersection(step.needs):
                after.add(step.id)
        return max(did.ended for did in self.steps.values() if did.id not in after)

    @property
    def critical_path(self) -> list[Did]:
        """From the first step to the last that the gate waited for, each the last needed."""
        path, needs = list[Did](), self.gate_needs
        while found := self._of(needs):
            path.append(max(found, key=lambda did: did.ended))
            needs = path[-1].needs
        return path[::-1]

    @property
    def work(self) -> float:
        """Seconds of all steps that the gate waits for, one after another."""
        return sum(self.steps[name].seconds for name in self.wanted if name in self.steps)

    @property
    def facts(self) -> Mapping[str, Mapping[str, object]]:
        """Step → facts, for those that are done."""
        return {name: did.outcome.facts for name, did in self.steps.items() if did.outcome.done}

    def _of(self, names: Iterable[str]) -> list[Did]:
        return [self.steps[name] for name in names if name in self.steps]


def timeline(records: Iterable[Record], typed: datetime) -> Timeline:
    """Fold ``records`` of a run whose command was typed at ``typed`` (UTC)."""
    began: RunBegan | None = None
    planned: dict[str, StepPlanned] = {}
    started: dict[str, float] = {}
    steps: dict[str, Did] = {}
    for record in records:
        at = round((record.at - typed).total_seconds(), 2)
        match record.body:
            case RunBegan(steps=all_steps):
                began = record.body
                planned = {step.id: step for step in all_steps}
            case StepStarted(step=step):
                started[step] = at
            case StepEnded(step=step, outcome=outcome):
                steps[step] = Did(
                    id=step,
                    needs=planned[step].needs,
                    started=started[step],
                    ended=at,
                    outcome=outcome,
                )
            case _:
                pass
    if began is None:
        raise SystemExit("the journal has no beginning")
    gate = next(step for step in began.steps if step.kind == "gate")
    return Timeline(began=began, steps=steps, gate_needs=gate.needs)
