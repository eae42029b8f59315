"""Whether what a rebuild goes on from stands in a warm site, judged by the journals."""

from __future__ import annotations

from datetime import UTC, datetime

from drkit.model.outcome import Outcome, State
from drkit.model.readiness import Looked, Severity
from drkit.model.record import Target
from drkit.model.step import RunKind
from drkit.planning.graph import build_graph
from drkit.reporting.readiness.site import Site
from drkit.reporting.readiness.standby import Standing, judge_standby
from tests.fakes import plans
from tests.unit.reporting.journals import Records, a_standby

STEPS = ("network", "storage", "compute", "base")
NOW = dict.fromkeys(STEPS, "a3" * 32)
TARGET = Target(shop="boutique", region="eu-central-1", generation=1)


def judged(records: Records | None, digests: dict[str, str] | None = None) -> Looked:
    plan = plans.plan()
    site = Site(
        plan=plan,
        region=TARGET.region,
        graph=build_graph(plan, RunKind.REBUILD),
        now=datetime.now(UTC),
    )
    standing = None if records is None else Standing(target=TARGET, records=records)
    return judge_standby(site, standing, digests or NOW)


def test_one_that_stands_whole_is_good() -> None:
    looked = judged(a_standby())
    assert (looked.findings, looked.good) == ((), "eu-central-1.g1 stands by")


def test_nothing_that_stands_puts_every_process_at_risk_with_the_remedy() -> None:
    [finding] = judged(None).findings
    assert finding.severity is Severity.THREATENS
    assert finding.processes == ("sales", "payment")
    assert "`drkit standby --region eu-central-1`" in finding.remedy


def test_one_of_which_no_journal_tells_is_never_taken_for_whole() -> None:
    [finding] = judged(()).findings
    assert (finding.severity, finding.place) == (Severity.THREATENS, TARGET.name)


def test_one_that_is_not_whole_names_the_steps() -> None:
    [finding] = judged(a_standby({"compute": Outcome(state=State.FAILED)})).findings
    assert finding.severity is Severity.THREATENS
    assert "compute, base not done by" in finding.message


def test_one_that_was_brought_up_by_other_files_is_worth_knowing() -> None:
    [finding] = judged(a_standby(), {**NOW, "base": "b4"}).findings
    assert finding.severity is Severity.NOTE
    assert finding.message.startswith("base: ")
