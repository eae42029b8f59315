"""Consents from the command line and from a terminal: only of a person with the gate's role."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from drkit.adapters.consent import GivenConsent, TerminalConsent
from drkit.errors import ConfigurationError
from drkit.model.plan import Person
from drkit.model.step import GateWork, Step
from tests.fakes import plans
from tests.fakes.graphs import step

PLAN = plans.plan(
    people={
        "ana": Person(name="ana", roles=("lead", "dba")),
        "bo": Person(name="bo", roles=("sre",)),
    }
)
GATE = step("consent", gate=True)
AT_ONCE = timedelta(0)
OTHER = step("again", gate=True)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"consent": "bo"}, "bo has not the role `lead`"),
        ({"consent": "eve"}, "eve has not the role `lead`"),
        ({"consnt": "ana"}, "`consnt` is no gate"),
        ({"cutover": "ana"}, "no gate"),
    ],
)
def test_the_wrong_person_role_or_gate_is_refused_before_anything_starts(
    given: dict[str, str], words: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        GivenConsent(PLAN, given)
    [problem] = refused.value.problems
    assert words in problem.message


def test_who_could_consent_is_said() -> None:
    with pytest.raises(ConfigurationError) as refused:
        GivenConsent(PLAN, {"consent": "bo"})
    assert "ana" in refused.value.problems[0].remedy


def test_a_consent_that_was_given_is_recorded_as_unsigned() -> None:
    answer = GivenConsent(PLAN, {"consent": "ana"}).answer(GATE, AT_ONCE)
    assert answer is not None
    assert (answer.person, answer.role, answer.consent, answer.signed) == (
        "ana",
        "lead",
        True,
        False,
    )


def test_a_gate_that_nobody_spoke_of_has_no_answer() -> None:
    assert GivenConsent(PLAN, {}).answer(GATE, AT_ONCE) is None


def test_a_step_that_is_no_gate_has_no_answer() -> None:
    assert GivenConsent(PLAN, {"consent": "ana"}).answer(step("consent"), AT_ONCE) is None


Type = Callable[[str], None]


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Type]:
    """What is typed arrives on stdin."""
    read, write = os.pipe()
    with open(read) as stdin, open(write, "wb", buffering=0) as keys:  # noqa: PTH123
        monkeypatch.setattr(sys, "stdin", stdin)

        def typed(text: str) -> None:
            if text:
                keys.write(text.encode())
            else:
                keys.close()

        yield typed


Asked = Callable[[], str]


@pytest.fixture
def asked(capsys: pytest.CaptureFixture[str]) -> Asked:
    """All that was said on stderr so far."""
    said: list[str] = []

    def so_far() -> str:
        said.append(capsys.readouterr().err)
        return "".join(said)

    return so_far


def terminal(given: dict[str, str] | None = None, *doubts: str) -> TerminalConsent:
    first, left = GivenConsent(PLAN, given or {}), list(doubts)
    return TerminalConsent(
        PLAN,
        text=lambda: "It is proven.",
        doubt=lambda: left.pop(0) if left else "",
        first=first,
    )


def test_a_yes_to_what_has_changed_meanwhile_is_asked_for_once_more(
    keyboard: Type, asked: Asked
) -> None:
    consent = terminal({}, "the old site is back")
    keyboard("yes ana\n")
    assert consent.answer(GATE, AT_ONCE) is None
    assert "the old site is back" in asked()
    keyboard("yes ana all the same\n")
    answer = consent.answer(GATE, AT_ONCE)
    assert answer is not None
    assert answer.comment == "all the same"


def test_a_no_needs_no_second_thought(keyboard: Type, asked: Asked) -> None:
    keyboard("no ana\n")
    assert terminal({}, "the old site is back").answer(GATE, AT_ONCE) is not None


def test_a_person_is_asked_once_and_nobody_is_waited_for(keyboard: Type, asked: Asked) -> None:
    consent = terminal()
    assert [consent.answer(GATE, AT_ONCE) for _ in range(3)] == [None] * 3
    assert asked().count("It is proven.") == 1
    assert "consent waits for lead (ana)" in asked()


def test_yes_and_no_are_taken_with_their_comment(keyboard: Type, asked: Asked) -> None:
    for word, consent in (("yes", True), ("no", False)):
        keyboard(f"{word} ana the card provider is down\n")
        answer = terminal().answer(GATE, AT_ONCE)
        assert answer is not None
        assert (answer.consent, answer.person) == (consent, "ana")
        assert answer.comment == "the card provider is down"


@pytest.mark.parametrize("line", ["yes", "yes bo", "yes eve", "ja ana", "ana yes", "", "yesana"])
def test_what_is_no_answer_of_that_role_is_asked_again(
    keyboard: Type, asked: Asked, line: str
) -> None:
    keyboard(f"{line}\n")
    assert terminal().answer(GATE, AT_ONCE) is None
    assert "not understood, or not a person with that role" in asked()


def test_half_a_line_is_no_answer_yet(keyboard: Type, asked: Asked) -> None:
    consent = terminal()
    keyboard("yes a")
    assert consent.answer(GATE, AT_ONCE) is None
    keyboard("na\n")
    assert consent.answer(GATE, AT_ONCE) is not None


def test_of_two_open_gates_one_is_asked_after_the_other(keyboard: Type, asked: Asked) -> None:
    """An answer names no gate: it must be clear which one it is for."""
    consent = terminal()
    assert consent.answer(GATE, AT_ONCE) is None
    assert consent.answer(OTHER, AT_ONCE) is None
    assert "again waits" not in asked()
    keyboard("yes ana\nno ana\n")
    first, second = consent.answer(GATE, AT_ONCE), consent.answer(OTHER, AT_ONCE)
    assert first is not None
    assert second is not None
    assert (first.step, first.consent) == ("consent", True)
    assert (second.step, second.consent) == ("again", False)
    assert "again waits" in asked()


def test_where_stdin_has_ended_the_gate_stays_open_in_silence(keyboard: Type, asked: Asked) -> None:
    consent = terminal()
    keyboard("")
    assert [consent.answer(GATE, AT_ONCE) for _ in range(50)] == [None] * 50
    assert asked().count("waits for lead") == 1


def test_a_consent_of_the_command_line_needs_no_question(keyboard: Type, asked: Asked) -> None:
    assert terminal({"consent": "ana"}).answer(GATE, AT_ONCE) is not None
    assert asked() == ""


LIMIT = timedelta(minutes=10)


def limited(*, escalate: str | None = None) -> Step:
    return replace(GATE, work=GateWork(role="lead", limit=LIMIT, escalate=escalate))


def test_once_the_limit_is_over_the_question_names_the_other_role_and_takes_it(
    keyboard: Type, asked: Asked
) -> None:
    consent, gate = terminal(), limited(escalate="sre")
    keyboard("yes bo\n")
    assert consent.answer(gate, LIMIT / 2) is None
    assert "not a person with that role" in asked()
    assert consent.answer(gate, LIMIT) is None
    assert "waits for lead or sre (ana, bo)" in asked()
    keyboard("yes bo\n")
    answer = consent.answer(gate, LIMIT)
    assert answer is not None
    assert (answer.person, answer.role) == ("bo", "sre")


def test_what_is_typed_or_was_given_after_the_limit_is_no_answer(
    keyboard: Type, asked: Asked
) -> None:
    keyboard("yes ana\n")
    assert terminal().answer(limited(), LIMIT) is None
    assert terminal({"consent": "ana"}).answer(limited(), LIMIT) is None
    assert terminal({"consent": "ana"}).answer(limited(), LIMIT / 2) is not None


def test_a_question_whose_gate_was_answered_elsewhere_makes_way_for_the_next(
    keyboard: Type, asked: Asked
) -> None:
    consent = terminal()
    consent.answer(GATE, AT_ONCE)
    for _ in range(2):  # from here on the loop asks about the other gate alone
        assert consent.answer(OTHER, AT_ONCE) is None
    assert "again waits for lead" in asked()
    keyboard("yes ana\n")
    answer = consent.answer(OTHER, AT_ONCE)
    assert answer is not None
    assert answer.step == "again"


def test_where_two_are_asked_and_codes_are_sealed_the_question_says_how_to_break_one(
    keyboard: Type, asked: Asked
) -> None:
    plan = replace(PLAN, break_glass=("A" * 64,))
    first = GivenConsent(plan, {})
    consent = TerminalConsent(plan, text=str, doubt=str, first=first, run="run-1")
    consent.answer(replace(GATE, work=GateWork(role="lead", people=2)), AT_ONCE)
    assert "drkit approve run-1 consent --as NAME --break-glass" in asked()
