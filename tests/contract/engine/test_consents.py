"""What every consent does: answers the gates that somebody spoke of, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from drkit.adapters.consent import GivenConsent
from drkit.model.record import GateAnswered
from drkit.ports import Consent
from tests.fakes import plans
from tests.fakes.consent import ScriptedConsent
from tests.fakes.graphs import step

GATE = step("consent", gate=True)
AT_ONCE = timedelta(0)
OTHER = step("again", gate=True)
PLAN = plans.plan(
    steps=plans.steps(plans.entry("consent", gate="lead"), plans.entry("again", gate="lead"))
)
Speak = Callable[..., Consent]


@pytest.fixture(params=["given with the command", "scripted"])
def speak(request: pytest.FixtureRequest) -> Speak:
    """A consent in which ana answers the named gates, all alike."""

    def spoken(*gates: str, yes: bool = True) -> Consent:
        if request.param == "scripted":
            return ScriptedConsent(dict.fromkeys(gates, yes))
        return GivenConsent(PLAN, dict.fromkeys(gates, "ana"), refuse=not yes)

    return spoken


@pytest.mark.parametrize("yes", [True, False])
def test_an_answer_names_the_gate_its_role_and_the_person_and_is_unsigned(
    speak: Speak, yes: bool
) -> None:
    answer = speak("consent", yes=yes).answer(GATE, AT_ONCE)
    assert isinstance(answer, GateAnswered)
    assert (answer.step, answer.role, answer.person) == ("consent", "lead", "ana")
    assert (answer.consent, answer.signed) == (yes, False)


def test_a_gate_that_nobody_spoke_of_stays_open_however_often_it_is_asked(speak: Speak) -> None:
    assert [speak("again").answer(GATE, AT_ONCE) for _ in range(3)] == [None] * 3


def test_the_answer_of_one_gate_is_none_of_another(speak: Speak) -> None:
    consent = speak("consent")
    assert consent.answer(OTHER, AT_ONCE) is None
    assert consent.answer(GATE, AT_ONCE) is not None


def test_each_gate_has_its_own_answer(speak: Speak) -> None:
    consent = speak("consent", "again")
    answers = [consent.answer(gate, AT_ONCE) for gate in (OTHER, GATE)]
    assert [answer and answer.step for answer in answers] == ["again", "consent"]


def test_a_gate_that_is_asked_again_has_the_same_answer(speak: Speak) -> None:
    consent = speak("consent")
    assert consent.answer(GATE, AT_ONCE) == consent.answer(GATE, AT_ONCE)


def test_a_step_that_is_no_gate_has_no_answer_also_under_a_gates_name(speak: Speak) -> None:
    assert speak("consent").answer(step("consent"), AT_ONCE) is None
