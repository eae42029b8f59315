"""What a person is told before saying yes to a cutover: facts of the run, and the old site's word.

Everything in it was measured by this run, or is asked at this moment; nothing is advice.
"""

from __future__ import annotations

from pathlib import Path

from drkit.adapters.journal_file import read_journal
from drkit.adapters.public_answer import public_answer
from drkit.model.outcome import State
from drkit.model.plan import Plan
from drkit.model.record import Target
from drkit.ports import World
from drkit.reporting.report import Report, report


class CutoverQuestion:
    """The question of one run, and whether what it said of the old site still holds."""

    def __init__(self, plan: Plan, target: Target, world: World, journal: Path) -> None:
        self._plan = plan
        self._target = target
        self._world = world
        self._journal = journal
        self._served = False

    def text(self) -> str:
        """A few lines: what is proven, what is not, what is lost, and who answers customers now.

        Raises JournalDamaged.
        """
        answer = public_answer(self._plan, self._world)
        self._served = answer.healthy
        said = report(read_journal(self._journal))
        name = self._plan.dns.name
        return question(said, name=name, target=self._target, public=answer.said)

    def doubt(self) -> str:
        """Why a yes that is given now must be asked for once more; empty where it need not be.

        Whoever thinks about it for an hour may not know that the old site is back: customers have
        ordered since, and what was restored has none of it.
        """
        answer = public_answer(self._plan, self._world)
        if not answer.healthy or self._served:
            return ""
        self._served = True
        return (
            f"{self._plan.dns.name} {answer.said} again: customers are served, and what they did"
            " since the restore is not here. Say no, and the same command restores anew; or say yes"
            " once more"
        )


def question(said: Report, *, name: str, target: Target, public: str) -> str:
    """The same from a report; ``public`` is what a customer gets at ``name`` now."""
    proofs = [step for step in said.steps if step.id.startswith("proof.")]
    proven = [step.id.removeprefix("proof.") for step in proofs if step.state is State.DONE]
    unproven = [step.id.removeprefix("proof.") for step in proofs if step.state is not State.DONE]
    broken = [step.id for step in said.steps if step.state in (State.FAILED, State.UNKNOWN)]
    lines = [f"{target.name} is built. Proven: {', '.join(proven) or 'nothing'}."]
    if unproven:
        lines.append(f"Not proven: {', '.join(unproven)}.")
    if broken:
        lines.append(f"NOT WELL: {', '.join(broken)}.")
    if said.header.incident is not None:  # a deployment restores nothing
        lines.append(f"Missing after the restore: {_missing(said)}.")
    return "\n".join(
        [
            *lines,
            f"{name} now: {public}.",
            f"Yes sends its customers to {target.name} and closes every other site for good.",
        ]
    )


def _missing(said: Report) -> str:
    """A ledger that was not read does not say that nothing is missing: it says nothing."""
    unknown: dict[str, list[str]] = {}
    for process in said.processes:
        if process.rpo is not None and process.rpo.loss.achieved is None:
            unknown.setdefault(process.rpo.loss.reason, []).append(process.name)
    money = ", ".join(str(amount) for amount in said.lost_money) or "no money"
    found = f"{len(said.lost)} promise{'s' if len(said.lost) != 1 else ''}, {money}"
    if not unknown:
        return found
    least = [f"at least {found}"] if said.lost else []
    return "; ".join(
        [*least, *(f"not known for {', '.join(names)}: {why}" for why, names in unknown.items())]
    )
