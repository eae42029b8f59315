"""The region is lost in mid-traffic, and the shop is rebuilt in another: the main job.

One rebuild is killed three times, carries on and is refused at its gate; the next finds everything
in place, waits, is run again with a consent, and serves.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest

from drkit.model.outcome import State
from drkit.model.record import Record, RunResumed, StepEnded, StepStarted
from tests.e2e.conftest import NEW, OLD, REBUILT, Carried, Lost, Rebuilt
from tests.e2e.desk import Desk, Run
from tests.e2e.kills import Killed
from tests.e2e.losses import all_that_is_missing_is_listed, only_what_was_not_yet_archived
from tests.e2e.witnesses import Customers, counted, resources_in


def is_start_of(step: str, record: Record) -> bool:
    return isinstance(record.body, StepStarted) and record.body.step == step


def repeated(run: Run) -> list[str]:
    """Steps that were started again after they were done."""
    done: set[str] = set()
    again = []
    for record in run.records():
        match record.body:
            case StepStarted(step=step) if step in done:
                again.append(step)
            case StepEnded(step=step, outcome=outcome) if outcome.done:
                done.add(step)
            case _:
                pass
    return again


def tries(records: tuple[Record, ...]) -> Counter[str]:
    return Counter(record.body.step for record in records if isinstance(record.body, StepStarted))


def test_there_was_nothing_in_the_new_region(lost: Lost) -> None:
    assert lost.there_before == {}


@pytest.mark.parametrize("number", range(3))
def test_a_killed_rebuild_leaves_no_process_and_a_journal_that_holds(
    killed: tuple[Killed, ...], number: int
) -> None:
    kill = killed[number]
    assert kill.survivors == []
    assert kill.said.code == -9
    assert kill.states[kill.moment.step] is State.UNKNOWN
    assert kill.run == killed[0].run, "it carries on, and begins no other"
    assert not (kill.run.folder / "report.json").exists(), "it died before its report"


def test_the_same_command_carries_on_and_repeats_no_step_that_was_done(
    desk: Desk, killed: tuple[Killed, ...], refused: Carried
) -> None:
    records = refused.run.records()
    assert len([r for r in records if isinstance(r.body, RunResumed)]) == len(killed)
    assert repeated(refused.run) == []
    cut = Counter(
        step for kill in killed for step, state in kill.states.items() if state is State.UNKNOWN
    )
    more = {step: times - 1 for step, times in tries(records).items() if times > 1}
    assert more == cut, "only what a kill cut off is tried again, once for each"
    assert desk.runs("rebuild")[0] == refused.run


def test_nothing_that_a_kill_cut_off_is_made_twice(
    desk: Desk, lost: Lost, refused: Carried
) -> None:
    """The same stacks in the first region, undisturbed, say how many there are to be."""
    assert counted(resources_in(desk.sandbox, NEW)) == lost.serving_had


def test_a_consent_that_is_refused_at_the_terminal_ends_the_run_before_the_cutover(
    desk: Desk, refused: Carried
) -> None:
    report = refused.run.report
    assert report["run"]["stand"] == "finished"
    [answer] = report["consents"]
    assert (answer["person"], answer["consent"]) == ("ana", False)
    assert answer["comment"] == "the old site may yet come back"
    assert refused.said.code == report["exit"]
    assert report["exit"] in {4, 8}, "no process is live, and no step has failed"
    after = {step["state"] for name, step in refused.run.steps.items() if after_consent(name)}
    assert after == {"not run"}


def after_consent(name: str) -> bool:
    return name.startswith(("cutover", "live.", "protect"))


def test_a_second_rebuild_finds_everything_in_place_and_changes_nothing(
    desk: Desk, refused: Carried, waiting: Carried
) -> None:
    assert waiting.run != refused.run
    acted = {
        step["id"]: step["changed"]
        for step in waiting.run.steps.values()
        if step["kind"] in {"stack", "store", "playbook"} and not after_consent(step["id"])
    }
    assert len(acted) > 10
    assert acted == dict.fromkeys(acted, 0)


def test_without_a_terminal_and_a_consent_the_rebuild_waits(waiting: Carried) -> None:
    assert waiting.said.code == 7, waiting.said.out + waiting.said.err
    assert waiting.run.steps["consent"]["state"] == "waiting"
    assert waiting.run.steps["cutover.epoch"]["state"] == "waiting"


def test_with_a_consent_it_carries_on_and_repeats_nothing(
    waiting: Carried, rebuilt: Rebuilt
) -> None:
    assert repeated(rebuilt.run) == []
    counted = tries(rebuilt.run.records())
    assert {counted[step] for step in rebuilt.started_before} == {1}
    [answer] = rebuilt.run.report["consents"]
    assert (answer["person"], answer["consent"], answer["signed"]) == ("ana", True, False)


def test_the_command_ends_with_what_the_report_says(rebuilt: Rebuilt) -> None:
    report = rebuilt.run.report
    assert rebuilt.said.code == report["exit"]
    assert report["exit"] in {0, 4}, rebuilt.said.out
    verdicts = {p["name"]: (p["rto"]["verdict"], p["rpo"]["verdict"]) for p in report["processes"]}
    assert (report["exit"] == 0) == (set(verdicts.values()) == {("met", "met")}), verdicts


def test_the_rebuild_is_part_of_the_history(desk: Desk, rebuilt: Rebuilt) -> None:
    said = desk.drkit("history", "--output", "json")
    assert said.code == 0, said.err
    shown = said.json()["runs"][0]
    assert shown["id"] == rebuilt.run.folder.name
    took = {process["name"]: process["recovery_seconds"] for process in shown["processes"]}
    assert all(seconds > 0 for seconds in took.values()), took


def test_every_process_is_live_in_the_new_region(desk: Desk, rebuilt: Rebuilt) -> None:
    report = rebuilt.run.report
    assert all(process["live"] for process in report["processes"])
    live = {name: s["state"] for name, s in rebuilt.run.steps.items() if name.startswith("live.")}
    assert live == {f"live.{process}": "done" for process in report["plan"]["processes"]}
    assert (report["run"]["serving_before"], report["run"]["target"]) == (f"{OLD}.g1", REBUILT)
    [address] = desk.sandbox.ask("shop.example")
    public = [host["public"] for host in desk.sandbox.status(NEW)["hosts"] if host["public"]]
    assert public == [str(address)]


def test_the_clock_starts_where_the_probe_saw_the_first_failure(
    lost: Lost, rebuilt: Rebuilt
) -> None:
    incident = rebuilt.run.report["run"]["incident"]
    assert incident["source"] == "probe"
    late = datetime.fromisoformat(incident["start"]) - lost.at
    assert -timedelta(seconds=5) < late < timedelta(seconds=10)


def test_what_the_report_calls_lost_is_what_the_customers_miss(
    customers: Customers, lost: Lost, rebuilt: Rebuilt
) -> None:
    all_that_is_missing_is_listed(customers, lost, rebuilt.run)


def test_no_more_is_lost_than_what_was_not_yet_archived(rebuilt: Rebuilt) -> None:
    only_what_was_not_yet_archived(rebuilt.run)


def test_order_numbers_go_on_above_the_highest_ever_issued(
    customers: Customers, lost: Lost, rebuilt: Rebuilt
) -> None:
    after = [p.number for p in customers.promises() if p.at > lost.at + timedelta(seconds=5)]
    assert after
    assert min(after) > rebuilt.last_number


def test_the_gap_that_customers_saw_is_the_clock_of_the_report(
    customers: Customers, rebuilt: Rebuilt
) -> None:
    """It begins when customers fail, and ends with a proof that was begun once they were sent over.
    Last: they go home.
    """
    said = customers.leave()
    assert said.code == 0, said.err
    gap = said.json()["gap"]
    since, until = (datetime.fromisoformat(gap[end]) for end in ("from", "to"))
    report = rebuilt.run.report
    start = datetime.fromisoformat(report["run"]["incident"]["start"])
    assert abs(start - since) < timedelta(seconds=15), "the probe looks every few seconds"
    [sales] = [p for p in report["processes"] if p["name"] == "sales"]
    sent = [r.at for r in rebuilt.run.records() if is_start_of("cutover.dns", r)]
    assert min(sent) < until < start + timedelta(seconds=sales["rto"]["down_seconds"])
