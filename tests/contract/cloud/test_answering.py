"""`drkit approve` and `drkit refuse`: what a run would not count is refused at once, with why."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drkit.adapters.break_glass import new_code, seal_name
from drkit.adapters.held import journal_place
from drkit.afar import Afar
from drkit.answering import Given, answer_gate
from drkit.cli import cli
from drkit.errors import AnswerRefused, JournalDamaged, UsageError
from drkit.model.place_record import SiteReopened
from drkit.model.record import Body, GateOverdue
from drkit.ports import World
from tests.contract.cloud.answering_shop import CODE, Shop, answered, refused
from tests.contract.cloud.opened import Write
from tests.contract.cloud.places import REGION, RUN, Place

OVERDUE = GateOverdue(step="consent", asks=None)
EARLIER = "20261122-060000-rebuild-eu-central-1"


@pytest.fixture
def open_shop(world: World, shop: Write, tmp_path: Path) -> Shop:
    return Shop(world, shop, tmp_path)


def test_two_who_approve_open_the_gate(open_shop: Shop) -> None:
    open_shop.waits()
    assert "yes to consent" in open_shop.says("approve", "ana").stdout
    assert open_shop.counted() is None
    assert open_shop.says("approve", "cy").exit_code == 0
    assert open_shop.counted() == answered(person="ana and cy")


def test_one_and_a_sealed_code_open_it_and_the_code_is_named_and_used_up(open_shop: Shop) -> None:
    open_shop.waits()
    result = open_shop.breaks("ana", CODE.reveal().lower())
    name = seal_name(open_shop.plan.break_glass[0])
    assert f"BREAK GLASS: the sealed code {name} stands in" in result.stdout
    assert CODE.reveal() not in result.output
    assert open_shop.counted() == answered(broken=name)
    assert "was used before" in refused(open_shop.breaks("cy", CODE.reveal()))


Case = Callable[[Shop], Result]
REFUSED: dict[str, tuple[Case, str]] = {
    "the wrong role": (lambda s: s.says("approve", "bo"), "bo (sre) is asked from"),
    "nobody of the plan": (lambda s: s.says("refuse", "eve", key="ana"), "eve has not the role"),
    "the wrong key": (lambda s: s.says("approve", "ana", key="cy"), "is not the key"),
    "no key": (lambda s: s.says("approve", "di", key="cy"), "the plan has no key for di"),
    "a code that is none": (lambda s: s.breaks("ana", new_code().reveal()), "none of the 2 sealed"),
    "a code by the wrong role": (lambda s: s.breaks("bo", CODE.reveal()), "bo (sre) is asked from"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_run_would_not_count_is_refused_and_nothing_is_left(
    open_shop: Shop, case: str
) -> None:
    act, words = REFUSED[case]
    open_shop.waits()
    assert words in refused(act(open_shop))
    assert list(open_shop.place.store.names("answers/")) == []
    assert list(open_shop.place.store.names("break-glass/")) == []


def test_nobody_answers_twice(open_shop: Shop) -> None:
    open_shop.waits()
    open_shop.says("approve", "ana")
    assert "ana has answered consent" in refused(open_shop.says("refuse", "ana"))


def test_a_gate_that_was_answered_takes_no_more(open_shop: Shop) -> None:
    open_shop.waits(answered())
    assert "is answered already" in refused(open_shop.says("approve", "cy"))


def test_a_run_that_is_over_takes_no_answer(open_shop: Shop) -> None:
    given_back = SiteReopened(site="eu-west-3.g1", reason="it lives", operator="ana@x")
    open_shop.waits(given_back)
    assert f"{RUN} is over" in refused(open_shop.says("approve", "ana"))


def test_whoever_answers_a_run_that_nobody_works_on_is_told_so(open_shop: Shop) -> None:
    open_shop.waits()
    said = open_shop.says("approve", "ana").stdout
    assert f"nobody works on {RUN} now" in said
    assert f"`drkit resume {RUN}`" in said


def test_after_the_limit_the_other_role_may_answer(open_shop: Shop) -> None:
    open_shop.waits(GateOverdue(step="consent", asks="sre"))
    assert open_shop.says("approve", "bo").exit_code == 0


def test_a_gate_that_its_limit_has_closed_says_that_it_is_too_late(open_shop: Shop) -> None:
    open_shop.waits(GateOverdue(step="consent", asks=None), escalate=None)
    words = refused(open_shop.says("approve", "ana"))
    assert "too late: consent waited 10m for an answer, until 20" in words


def test_it_is_too_late_as_well_where_the_run_has_not_recorded_it_yet(open_shop: Shop) -> None:
    open_shop.waits(escalate=None, limit=timedelta(microseconds=1))
    assert "too late" in refused(open_shop.says("approve", "ana"))


def test_a_gate_of_one_person_takes_no_code_and_uses_none_up(open_shop: Shop) -> None:
    open_shop.waits(people=1)
    assert "no code stands in for the first" in refused(open_shop.breaks("ana", CODE.reveal()))
    assert list(open_shop.place.store.names("break-glass/")) == []


def test_a_code_that_an_earlier_run_here_used_is_refused(open_shop: Shop) -> None:
    open_shop.waits()
    name = seal_name(open_shop.plan.break_glass[0])
    earlier = open_shop.earlier(EARLIER, answered(broken=name))
    assert f"was used in {earlier}" in refused(open_shop.breaks("ana", CODE.reveal()))


def test_no_code_on_stdin_is_wrong_usage(open_shop: Shop) -> None:
    open_shop.waits()
    assert isinstance(open_shop.breaks("ana", "").exception, UsageError)


def test_whoever_answers_vouches_for_the_key_of_the_owner_that_they_answered(
    open_shop: Shop,
) -> None:
    open_shop.waits()
    assert "vouched for by nobody" in open_shop.verified().stdout
    open_shop.says("approve", "ana")
    open_shop.breaks("cy", CODE.reveal())
    assert "vouched for by ana and cy" in open_shop.verified().stdout


def test_a_journal_that_was_written_anew_is_found_by_whom_its_answers_vouch_for(
    open_shop: Shop, world: World
) -> None:
    """By whoever can write the bucket: under a key of their own, lease and all."""
    open_shop.waits()
    open_shop.says("approve", "ana")
    store, journal = open_shop.place.store, f"{journal_place(REGION, RUN)}/"
    for key in (*(f"{journal}{name}" for name in store.names(journal)), f"leases/{REGION}.json"):
        store.remove(key)
    open_shop.place = Place(world, open_shop.plan, "eve")
    open_shop.waits()
    found = open_shop.verified()
    assert isinstance(found.exception, JournalDamaged)
    assert "ana answered by a journal of SHA256:" in str(found.exception)
    assert "it was written anew, or they were shown another" in str(found.exception)


def test_what_no_person_signed_vouches_for_nobody(open_shop: Shop) -> None:
    open_shop.waits()
    open_shop.says("approve", "ana")
    store, place = open_shop.place.store, f"answers/{REGION}/{RUN}/consent/"
    [name] = store.names(place)
    stored = store.read(f"{place}{name}")
    assert stored
    forged = stored.body.replace(b'"person": "ana"', b'"person": "cy"')
    store.remove(f"{place}{name}")
    assert store.put(f"{place}{name}", forged)
    assert "vouched for by nobody" in open_shop.verified().stdout


def test_what_is_no_gate_is_wrong_usage(open_shop: Shop) -> None:
    open_shop.waits()
    command = ["approve", RUN, "cutover", "--as", "ana", "--key", str(open_shop.keys / "ana")]
    result = CliRunner().invoke(cli, [*command, "--plan", str(open_shop.root / "drkit.yaml")])
    assert isinstance(result.exception, UsageError)
    assert "gates: consent" in result.exception.remedy


def test_status_says_whom_a_gate_waits_for_and_how_long_still(open_shop: Shop) -> None:
    open_shop.waits()
    command = ["status", RUN, "--plan", str(open_shop.root / "drkit.yaml")]
    output = CliRunner().invoke(cli, command).output
    assert re.search(r"waits for 2 of lead, (10m|9m 5\ds) left", output)


def test_who_answers_twice_is_told_what_stands(open_shop: Shop) -> None:
    open_shop.waits()
    open_shop.says("approve", "ana")
    assert "has answered consent of" in refused(open_shop.says("approve", "ana"))
    assert "already: yes" in refused(open_shop.says("refuse", "ana"))


@pytest.mark.parametrize("end", [answered(person="cy", consent=False), OVERDUE])
def test_who_is_overtaken_while_they_sign_is_told_what_the_gate_came_to(
    open_shop: Shop, end: Body
) -> None:
    open_shop.waits(escalate=None)
    afar = Afar(open_shop.plan)
    known = afar.known(RUN)
    open_shop.place.record(end)
    given = Given(consent=True, comment="", at=datetime.now(UTC), key=open_shop.keys / "ana")
    with pytest.raises(AnswerRefused, match="was closed meanwhile: "):
        answer_gate(afar, known, "consent", person="ana", given=given)
    agreed = replace(given, consent=False, key=open_shop.keys / "cy")
    answer_gate(afar, known, "consent", person="cy", given=agreed)
