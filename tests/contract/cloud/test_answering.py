"""`drkit approve` and `drkit refuse`: what a run would not count is refused at once, with why."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from drkit.adapters.break_glass import new_code, seal, seal_name
from drkit.adapters.gate import GateKeeper, RunOf
from drkit.adapters.journal_file import JournalFile
from drkit.adapters.runs_folder import RunsFolder
from drkit.cli import cli
from drkit.errors import AnswerRefused, UsageError
from drkit.model.plan import Plan
from drkit.model.record import (
    Body,
    GateAnswered,
    GateOpened,
    GateOverdue,
    RunBegan,
    StepPlanned,
    Target,
)
from drkit.model.step import GateWork, RunKind
from drkit.ports import World
from tests.contract.cloud.desk import WANTED, Nobody
from tests.contract.cloud.opened import Write
from tests.contract.cloud.places import REGION, RUN, Place
from tests.fakes.clock import START
from tests.fakes.documents import document

CODE, OTHER = new_code(), new_code()
LIMIT = timedelta(minutes=10)
EARLIER = "20261122-060000-rebuild-eu-central-1"


class Shop:
    """A shop with a run that waits at its gate, and people who answer by the command line."""

    def __init__(self, world: World, write: Write, root: Path) -> None:
        self.keys = root / "keys"
        self.keys.mkdir()
        people = {"ana": ["lead"], "cy": ["lead"], "bo": ["sre"], "di": ["lead"]}
        entries = {name: {"roles": has, "key": self._key(name)} for name, has in people.items()}
        del entries["di"]["key"]
        steps = document()["steps"]
        steps["consent"] |= {"people": 2, "limit": "10m", "escalate": "sre"}
        parts = {"people": entries, "steps": steps}
        self.plan: Plan = write(**parts, **{"break-glass": [seal(CODE), seal(OTHER)]})
        self.root = root
        self.place = Place(world, self.plan, "run")
        self.gate = GateWork(role="lead", people=2, limit=LIMIT, escalate="sre")

    def _key(self, name: str) -> str:
        file = self.keys / name
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)]
        subprocess.run(command, check=True)
        return file.with_suffix(".pub").read_text().strip()

    def waits(self, *bodies: Body, **gate: Any) -> None:
        """The run has opened its gate a moment ago, and recorded ``bodies`` since."""
        self.gate = replace(self.gate, **gate)
        step = StepPlanned(
            id="consent", kind="gate", needs=(), owner="x", budget=None, processes=()
        )
        began = RunBegan(
            run=RUN,
            kind=RunKind.REBUILD,
            target=Target(shop="corner", region=REGION, generation=1),
            plan=self.plan.source,
            steps=(step,),
            versions={},
            operator="ana@x",
            serving_before=None,
        )
        self.place.record(began, GateOpened(step="consent", gate=self.gate), *bodies)

    def earlier(self, run: str, *bodies: Body) -> str:
        """Another run, whose journal is on this machine alone."""
        runs = RunsFolder(self.root)
        runs.folder(run).mkdir(parents=True)
        with JournalFile(runs.journal(run), now=lambda: START) as journal:
            journal.append(*bodies)
        return run

    def says(self, word: str, person: str, *more: str, key: str = "", typed: str = "") -> Result:
        command = [word, RUN, "consent", "--as", person, "--key", str(self.keys / (key or person))]
        command += ["--plan", str(self.root / "drkit.yaml"), *more]
        return CliRunner().invoke(cli, command, input=typed)

    def breaks(self, person: str, code: str) -> Result:
        return self.says("approve", person, "--break-glass", typed=f"{code}\n")

    def counted(self) -> GateAnswered | None:
        """What the run makes of all that was left."""
        of = RunOf(region=REGION, run=RUN, plan=self.plan)
        keeper = GateKeeper(Nobody(), self.place.store, of)
        step = replace(WANTED["consent"], work=self.gate)
        said = keeper.answer(step, timedelta(seconds=1))
        assert not isinstance(said, GateOverdue)
        return said


@pytest.fixture
def open_shop(world: World, shop: Write, tmp_path: Path) -> Shop:
    return Shop(world, shop, tmp_path)


def refused(result: Result) -> str:
    assert isinstance(result.exception, AnswerRefused), result.exception
    return f"{result.exception} {result.exception.remedy}"


def answered(**more: Any) -> GateAnswered:
    made = GateAnswered(
        step="consent", person="ana", role="lead", consent=True, comment="", signed=True
    )
    return replace(made, **more)


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
