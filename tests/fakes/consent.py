"""A person who answers gates, after a while if need be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from drkit.engine.gates import overdue
from drkit.model.record import GateAnswered, GateOverdue
from drkit.model.step import GateWork, Step


class ScriptedConsent:
    """Implements :class:`drkit.ports.Consent`: gate → yes or no; no entry: no answer.

    ``patience`` is how often a gate is asked before its answer comes.
    """

    def __init__(self, answers: Mapping[str, bool] | None = None, *, patience: int = 0) -> None:
        self._answers = answers or {}
        self._patience = patience
        self.asked: list[str] = []

    def answer(self, step: Step, waited: timedelta) -> GateAnswered | GateOverdue | None:
        self.asked.append(step.id)
        if not isinstance(step.work, GateWork):
            return None
        asked = step.work.asks(waited)
        answered = step.id in self._answers and self.asked.count(step.id) > self._patience
        if not asked or not answered:
            return overdue(step, waited)
        return GateAnswered(
            step=step.id,
            person="ana",
            role=asked[-1],
            consent=self._answers[step.id],
            comment="",
            signed=False,
        )
