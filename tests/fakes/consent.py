"""A person who answers gates, after a while if need be."""

from __future__ import annotations

from collections.abc import Mapping

from drkit.model.record import GateAnswered
from drkit.model.step import GateWork, Step


class ScriptedConsent:
    """Implements :class:`drkit.ports.Consent`: gate → yes or no; no entry: no answer.

    ``patience`` is how often a gate is asked before its answer comes.
    """

    def __init__(self, answers: Mapping[str, bool] | None = None, *, patience: int = 0) -> None:
        self._answers = answers or {}
        self._patience = patience
        self.asked: list[str] = []

    def answer(self, step: Step) -> GateAnswered | None:
        self.asked.append(step.id)
        if not isinstance(step.work, GateWork) or step.id not in self._answers:
            return None
        if self.asked.count(step.id) <= self._patience:
            return None
        return GateAnswered(
            step=step.id,
            person="ana",
            role=step.work.role,
            consent=self._answers[step.id],
            comment="",
            signed=False,
        )
