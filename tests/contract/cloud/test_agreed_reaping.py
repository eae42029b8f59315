"""What customers were on is destroyed once two people have signed for it, and not before."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from drkit.adapters.break_glass import new_code, seal, seal_name
from drkit.adapters.journal_file import JournalFile
from drkit.adapters.left_generations import LeftGeneration, leave_generation
from drkit.adapters.outside_store import OutsideStore
from drkit.adapters.removals import read_removal
from drkit.adapters.runs_folder import RunsFolder
from drkit.cli import cli
from drkit.errors import AnswerRefused, ConfigurationError, Exit, UsageError
from drkit.model.outcome import State
from drkit.model.plan import Plan
from drkit.model.record import RunBegan, RunEnded, StepPlanned, Target
from drkit.model.step import RunKind
from drkit.operating import operator
from drkit.ports import World
from drkit.reaping import Reaper
from tests.contract.cloud.opened import Write, served_by
from tests.contract.cloud.states import write_state
from tests.contract.cloud.test_carrying_on import ended, left
from tests.contract.cloud.test_reaping import REGION, YES, silent
from tests.fakes.clock import START

OLD = Target(shop="corner", region="eu-west-3", generation=1)
REASON = ("--reason", "paid twice")
CODE = new_code()
PEOPLE = {"ana": ["lead"], "cy": ["lead"], "bo": ["sre"]}


class Owners:
    """Of a shop that was served from eu-west-3, and is now from eu-central-1."""

    def __init__(self, world: World, write: Write, root: Path) -> None:
        self.root = root
        self.keys = root / "keys"
        self.keys.mkdir()
        self.write = write
        self.people = dict(PEOPLE)
        self.world = world
        self.plan = self.has(*PEOPLE)
        (root / "stacks" / "compute" / "Pulumi.yaml").write_text("name: compute\n")
        served_by(world, self.plan, OLD.region)
        served_by(world, self.plan, REGION, run="run-2", number=2)
        for target in (OLD.name, f"{REGION}.g1"):
            write_state(world, "compute", target, instances={"i-1": "m5.large"})

    def has(self, *names: str, codes: bool = False) -> Plan:
        """From now on only these of the people have a key, and the plan sealed codes or not."""
        people: dict[str, Any] = {name: {"roles": roles} for name, roles in self.people.items()}
        for name in names:
            people[name]["key"] = self._key(name)
        more = {"break-glass": [seal(CODE)]} if codes else {}
        self.plan = self.write(people=people, **more)
        return self.plan

    def _key(self, name: str) -> str:
        file = self.keys / name
        if not file.exists():
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)]
            subprocess.run(command, check=True)
        return file.with_suffix(".pub").read_text().strip()

    def reaps(self, *more: str) -> Result:
        return self._typed("reap", OLD.region, "--generation", "1", "--yes", *more)

    def lists(self, *more: str) -> Result:
        return self._typed("reap", OLD.region, *more)

    def says(self, word: str, person: str, *more: str, key: str = "", typed: str = "") -> Result:
        said = [word, self.asked, "destroy", "--as", person, "--key", self.keys / (key or person)]
        return self._typed(*map(str, said), *more, given=typed)

    @property
    def asked(self) -> str:
        removal = read_removal(OutsideStore(self.world, self.plan), OLD)
        return removal.name if removal else "20261128-004501-reap-eu-west-3.g1-0000"

    def stored(self, place: str) -> dict[str, Any] | None:
        """The last word there."""
        store, folder = OutsideStore(self.world, self.plan), f"{place}/{OLD.region}/"
        found = [store.read(f"{folder}{name}") for name in store.names(folder)]
        return json.loads(found[-1].body) if found and found[-1] else None

    def _typed(self, *words: str, given: str = "") -> Result:
        where = ["--plan", str(self.root / "drkit.yaml")]
        return CliRunner().invoke(cli, [*words, *where], input=given, standalone_mode=False)


@pytest.fixture
def owners(world: World, shop: Write, tmp_path: Path) -> Owners:
    return Owners(world, shop, tmp_path)


def test_it_goes_when_two_have_signed_and_not_before(owners: Owners, destroyed: list[str]) -> None:
    first = owners.reaps(*REASON)
    assert first.return_value == Exit.WAITS
    assert f"waits for 2 of lead: `drkit approve {owners.asked} destroy --as" in first.output
    assert owners.says("approve", "ana", "--comment", "no bill").return_value == 0
    assert owners.reaps().return_value == Exit.WAITS, "the reason is on record"
    listed = owners.lists().output
    assert "ana (lead) consented: no bill" in listed
    assert f"waits for 1 more of lead: `drkit approve {owners.asked} destroy --as" in listed
    assert destroyed == []
    assert owners.stored("reaped") is None
    shown = owners.says("approve", "cy")
    assert "aws:ec2/instance:Instance urn:i-1 i-1" in shown.output
    assert "asks to have it destroyed: paid twice" in shown.output
    assert destroyed == [], "an answer destroys nothing"
    assert owners.reaps(*REASON).return_value == Exit.OK
    assert destroyed == [OLD.name]


def test_who_agreed_and_why_is_outside_before_the_first_resource_goes(
    owners: Owners, destroyed: list[str]
) -> None:
    owners.reaps(*REASON)
    owners.says("approve", "ana")
    owners.says("approve", "cy")
    owners.reaps("--reason", "another one")
    assert destroyed == [OLD.name]
    said = owners.stored("reaped")
    assert said is not None
    assert (said["reason"], bool(said["operator"]), bool(said["at"])) == ("paid twice", True, True)
    assert said["destroyer"] == operator()
    assert (said["agreed"]["person"], said["agreed"]["signed"]) == ("ana and cy", True)


def test_what_could_not_be_removed_needs_no_further_yes(
    owners: Owners, destroyed: list[str]
) -> None:
    owners.reaps(*REASON)
    owners.says("approve", "ana")
    owners.says("approve", "cy")
    owners.reaps(*REASON)
    owners.reaps(*REASON)
    assert destroyed == [OLD.name, OLD.name]


def test_one_no_is_enough_and_the_next_asking_begins_anew(
    owners: Owners, destroyed: list[str]
) -> None:
    owners.reaps(*REASON)
    owners.says("approve", "ana")
    owners.says("refuse", "cy", "--comment", "the auditors come")
    before = owners.asked
    assert isinstance(owners.says("approve", "ana").exception, AnswerRefused)
    said = owners.reaps(*REASON)
    assert said.return_value == Exit.UNKNOWN
    assert "cy (lead) refused: the auditors come" in said.output
    assert owners.reaps(*REASON).return_value == Exit.WAITS
    assert owners.asked != before
    owners.says("approve", "cy")
    assert owners.reaps(*REASON).return_value == Exit.WAITS, "ana's yes was to another asking"
    owners.says("approve", "ana")
    owners.reaps(*REASON)
    assert destroyed == [OLD.name]


def test_one_and_a_sealed_code_are_two_and_it_is_shouted_and_used_up(
    owners: Owners, destroyed: list[str]
) -> None:
    owners.has("ana", codes=True)
    assert "destroy --as NAME --break-glass`" in owners.reaps(*REASON).output
    name = seal_name(owners.plan.break_glass[0])
    broken = owners.says("approve", "ana", "--break-glass", typed=f"{CODE.reveal()}\n")
    assert f"BREAK GLASS: the sealed code {name}" in broken.output
    gone = owners.reaps(*REASON)
    assert f"BREAK GLASS: the sealed code {name} stood in" in gone.output
    assert destroyed == [OLD.name]
    assert OutsideStore(owners.world, owners.plan).read(f"break-glass/{name}.json") is not None


Case = Callable[[Owners], Result]
COUNTS_FOR_NOTHING: dict[str, tuple[Case, str]] = {
    "the wrong role": (lambda o: o.says("approve", "bo"), "bo has not the role `lead`"),
    "another's key": (lambda o: o.says("approve", "cy", key="ana"), "not the key"),
    "twice by one": (lambda o: o.says("approve", "ana"), "has answered destroy"),
}


@pytest.mark.parametrize("case", COUNTS_FOR_NOTHING)
def test_an_answer_that_does_not_count_is_refused_at_once(
    owners: Owners, destroyed: list[str], case: str
) -> None:
    say, why = COUNTS_FOR_NOTHING[case]
    owners.reaps(*REASON)
    owners.says("approve", "ana")
    result = say(owners)
    assert isinstance(result.exception, AnswerRefused)
    assert why in str(result.exception)
    assert owners.reaps(*REASON).return_value == Exit.WAITS
    assert destroyed == []


def test_who_answers_what_is_not_asked_is_told_what_is(owners: Owners) -> None:
    said = owners.says("approve", "ana").exception
    assert isinstance(said, UsageError)
    assert "`drkit reap eu-west-3` says" in said.remedy


@pytest.mark.parametrize("have", [(), ("ana",), ("ana", "bo")])
def test_too_few_with_a_key_are_told_what_remedy_there_is(
    owners: Owners, destroyed: list[str], have: tuple[str, ...]
) -> None:
    owners.has(*have)
    refused = owners.reaps(*REASON).exception
    assert isinstance(refused, ConfigurationError)
    [problem] = refused.problems
    who = "only ana has" if have else "nobody has"
    assert f"{who} the role `lead` and a key" in problem.message
    assert "give two people the role `lead` and `key:" in problem.remedy
    assert ("break-glass new" in problem.remedy) is bool(have)
    assert problem.remedy in owners.lists().output
    assert owners.stored("removals") is None
    assert destroyed == []


def test_listed_as_data_it_says_who_is_asked_and_what_they_said(owners: Owners) -> None:
    def data(result: Result) -> dict[str, Any]:
        return json.loads(result.stdout)  # type: ignore[no-any-return]

    [before] = data(owners.lists("--output", "json"))["generations"]
    assert before["asked"] is None
    waits = data(owners.reaps(*REASON, "--output", "json"))
    owners.says("approve", "ana")
    [listed] = data(owners.lists("--output", "json"))["generations"]
    assert (waits["asked"]["run"], waits["asked"]["said"]) == (owners.asked, [])
    assert [said["person"] for said in listed["asked"]["said"]] == ["ana"]
    assert (listed["asked"]["people"], listed["asked"]["agreed"]) == (2, False)


def test_without_a_reason_nobody_is_asked(owners: Owners, destroyed: list[str]) -> None:
    result = owners.reaps("--reason", " ")
    assert isinstance(result.exception, UsageError)
    assert "--reason" in str(result.exception)
    assert owners.stored("removals") is None
    assert destroyed == []


def test_what_serves_is_not_asked_about(owners: Owners, destroyed: list[str]) -> None:
    with pytest.raises(ConfigurationError, match="the epoch names it"):
        Reaper(owners.plan, REGION).reap(1, silent, reason="paid twice")
    assert destroyed == []


def test_it_stays_while_the_cutover_from_it_may_still_fail_whoever_agreed(
    owners: Owners, destroyed: list[str]
) -> None:
    owners.reaps(*REASON)
    owners.says("approve", "ana")
    run = left(owners.plan, YES, *ended(State.FAILED), RunEnded(stand="finished"))
    served_by(owners.world, owners.plan, REGION, run=run, number=3)
    late = owners.says("approve", "cy").exception
    assert isinstance(late, AnswerRefused)
    assert "is not over" in str(late)
    assert isinstance(owners.reaps(*REASON).exception, ConfigurationError)
    done = left(owners.plan, YES, *ended(State.DONE), RunEnded(stand="finished"))
    served_by(owners.world, owners.plan, REGION, run=done, number=4)
    owners.says("approve", "cy")
    owners.reaps(*REASON)
    assert destroyed == [OLD.name]


@pytest.mark.parametrize(("state", "asks"), [(State.DONE, True), (State.FAILED, False)])
def test_the_journal_of_its_run_says_that_it_was_opened_where_the_epoch_does_not(
    owners: Owners, destroyed: list[str], state: State, *, asks: bool
) -> None:
    """An older version of the epoch object was brought back. What raised nothing opened nothing."""
    runs, third = RunsFolder(owners.root), Target(shop="corner", region=OLD.region, generation=3)
    write_state(owners.world, "compute", third.name, instances={"i-1": "m5.large"})
    run = runs.new(RunKind.REBUILD, OLD.region, START)
    epoch = StepPlanned(
        id="cutover.epoch", kind="epoch", needs=(), owner="sre", budget=None, processes=()
    )
    began = RunBegan(
        run=run,
        kind=RunKind.REBUILD,
        target=third,
        plan=owners.plan.source,
        steps=(epoch,),
        versions={},
        operator="ana@x",
        serving_before=None,
    )
    with JournalFile(runs.journal(run), now=lambda: START) as journal:
        journal.append(began, *ended(state, "cutover.epoch"))
    mark = LeftGeneration(target=third, reason="stuck", operator="ana@x", at=START)
    leave_generation(OutsideStore(owners.world, owners.plan), mark)
    [found] = Reaper(owners.plan, OLD.region).found(3)
    assert found.opened is asks
    came = Reaper(owners.plan, OLD.region).reap(3, silent, reason="paid twice")
    assert destroyed == ([] if asks else [third.name]), came
