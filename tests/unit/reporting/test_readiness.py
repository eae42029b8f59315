"""Facts judged: what blocks, what threatens, what is only noted, and what is good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from drkit.errors import Exit, Problem
from drkit.model.plan import Person, Plan
from drkit.model.readiness import (
    About,
    Back,
    Finding,
    Looked,
    Readiness,
    ReadinessReport,
    Severity,
    SiteReadiness,
    readiness_of,
    worst_first,
)
from drkit.model.step import RunKind
from drkit.planning.graph import build_graph
from drkit.planning.stores_behind import stores_behind
from drkit.reporting.proofs import Proof, changed_steps, proof_of
from drkit.reporting.readiness.certificates import Certificate, judge_certificates
from drkit.reporting.readiness.people import judge_people
from drkit.reporting.readiness.points import judge_points
from drkit.reporting.readiness.proof import Proven, judge_proof
from drkit.reporting.readiness.providers import judge_providers
from drkit.reporting.readiness.site import Site, merged, refused
from drkit.reporting.readiness.times import Times, judge_times
from tests.fakes import plans
from tests.fakes.clock import START
from tests.unit.reporting import journals

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def site(plan: Plan | None = None, **parts: Any) -> Site:
    plan = plan or plans.plan()
    return Site(
        plan=plan,
        region="eu-central-1",
        graph=build_graph(plan, RunKind.REBUILD),
        now=START,
        **parts,
    )


def only(looked: Looked) -> Finding:
    [finding] = looked.findings
    assert not looked.good
    return finding


def finding(severity: Severity, *processes: str, place: str = "x") -> Finding:
    return Finding(
        severity=severity, about=About.PLAN, place=place, message="m", processes=processes
    )


# what findings come to


@pytest.mark.parametrize(
    ("severities", "comes_to", "code"),
    [
        ([], Readiness.READY, Exit.OK),
        ([Severity.NOTE], Readiness.READY, Exit.OK),
        ([Severity.NOTE, Severity.UNKNOWN], Readiness.UNKNOWN, Exit.UNKNOWN),
        ([Severity.UNKNOWN, Severity.THREATENS], Readiness.AT_RISK, Exit.OBJECTIVE_MISSED),
        ([Severity.THREATENS, Severity.BLOCKS], Readiness.NOT_READY, Exit.CONFIGURATION),
    ],
)
def test_the_worst_counts_and_what_is_not_known_is_never_good(
    severities: list[Severity], comes_to: Readiness, code: Exit
) -> None:
    assert readiness_of(severities) is comes_to
    found = tuple(finding(severity) for severity in severities)
    one = SiteReadiness(region="r", findings=found, good=(), processes=())
    well = SiteReadiness(region="s", findings=(), good=(), processes=())
    report = ReadinessReport(at=START, shop="boutique", serving=None, sites=(well, one))
    assert report.exit is code


def test_the_worst_is_told_first_and_the_rest_in_order() -> None:
    note, one, two = (
        finding(severity, place=place)
        for severity, place in (
            (Severity.NOTE, "a"),
            (Severity.BLOCKS, "b"),
            (Severity.BLOCKS, "c"),
        )
    )
    assert worst_first([note, one, two]) == (one, two, note)


def test_what_is_not_known_for_one_reason_is_told_once() -> None:
    found = [finding(Severity.UNKNOWN, place=name) for name in ("quotas", "proof")]
    other = replace(found[0], message="another reason")
    blocks = [finding(Severity.BLOCKS, place=name) for name in ("a", "b")]
    assert [f.place for f in merged([*found, *blocks, other])] == [
        "quotas, proof",
        "a",
        "b",
        "quotas",
    ]


def test_what_is_not_known_for_one_reason_is_so_for_all_the_processes_of_it() -> None:
    found = [finding(Severity.UNKNOWN, *names) for names in (("sales", "payment"), ("payment",))]
    assert [f.processes for f in merged(reversed(found))] == [("payment", "sales")]


def test_a_problem_breaks_the_processes_that_wait_for_what_it_touches() -> None:
    plan = plans.plan(steps={})
    given = {
        "proof.sales": ("sales",),
        "": ("sales", "payment"),
    }
    for step, processes in given.items():
        affects = (step,) if step else ()
        problem = Problem(place="somewhere", message="m", affects=affects)
        [found] = refused(site(plan), About.PLAN, [problem])
        assert (found.severity, found.processes) == (Severity.BLOCKS, processes)
    own = Problem(place="drkit.yaml:7 processes.payment.rto", message="m", acceptable=True)
    assert refused(site(plan), About.PLAN, [own])[0].processes == ("payment",)


# data


def test_the_stores_behind_a_process_are_those_of_its_services() -> None:
    assert [store.name for store in stores_behind(plans.plan(), "payment")] == ["orders-db"]
    services = {**plans.plan().services, "payment": plans.service("payment")}
    assert stores_behind(plans.plan(services=services), "payment") == ()


@pytest.mark.parametrize(
    ("age", "late"), [(0.9, ()), (1.1, ("sales",)), (3.1, ("sales", "payment"))]
)
def test_a_point_is_too_old_for_the_processes_whose_rpo_it_is_older_than(
    age: float, late: tuple[str, ...]
) -> None:
    processes = dict(plans.plan().processes)
    processes["payment"] = replace(processes["payment"], rpo=3 * HOUR)
    looked = judge_points(site(plans.plan(processes=processes)), {"orders-db": START - age * HOUR})
    assert tuple(name for f in looked.findings for name in f.processes) == late
    assert all(f.severity is Severity.THREATENS for f in looked.findings)
    assert bool(looked.good) is not bool(late)


def test_a_store_without_a_point_blocks_all_that_wait_for_it() -> None:
    found = only(judge_points(site(), {"orders-db": None}))
    assert (found.severity, found.processes) == (Severity.BLOCKS, ("sales", "payment"))


def test_a_point_of_a_clock_that_is_ahead_is_new() -> None:
    looked = judge_points(site(), {"orders-db": START + HOUR})
    assert looked.good == "recovery points: orders-db 0s old"


# proofs


def test_a_rebuild_that_brought_every_process_back_is_a_proof() -> None:
    records = journals.undisturbed()
    found = proof_of(records)
    assert found is not None
    assert found.run == "20260314-030210-eu-central-1"
    lives = [r.at for r in records if getattr(r.body, "step", "").startswith("live.")]
    assert found.at == max(lives)
    assert found.digests["compute"] == "a3" * 32


@pytest.mark.parametrize(
    "records",
    [journals.a_deploy, journals.that_waits, journals.with_a_failed_check, journals.of_hosts_alone],
)
def test_no_other_run_is_one(records: journals.Journal) -> None:
    assert proof_of(records()) is None


def proof(**parts: Any) -> Proof:
    given: dict[str, Any] = {
        "run": "run-1",
        "began": START - DAY - HOUR,
        "at": START - DAY,
        "ended": START - DAY,
        "steps": (),
        "plan": {},
        "digests": {},
    }
    return Proof(**(given | parts))


def judged(last: Proof | None, digests: Mapping[str, str] | None = None, **parts: Any) -> Looked:
    return judge_proof(site(**parts), Proven(last=last), digests or {})


def test_a_new_proof_of_what_is_here_now_is_good() -> None:
    looked = judged(proof(digests={"orders": "1", "gone": "2"}), {"orders": "1", "new": "3"})
    assert looked == Looked(good="proven 1d ago by run-1, and nothing has changed since")


def test_a_proof_is_named_when_it_is_older_than_it_may_be_and_where_there_is_none() -> None:
    assert "1d ago, by run-1: more than 23h" in only(judged(proof(), proof_age=23 * HOUR)).message
    assert not judged(proof(), proof_age=25 * HOUR).findings
    assert "no rebuild and no validation of it" in only(judged(None)).message


def test_what_changed_since_is_named_with_the_processes_that_wait_for_it() -> None:
    plan = plans.plan(steps={})
    last = proof(digests={"proof.sales": "1", "network": "1"}, plan={"dns": {"ttl": "5s"}})
    assert changed_steps(last.digests, {"proof.sales": "2", "network": "1"}) == ("proof.sales",)
    keys, files = judge_proof(
        site(plan), Proven(last=last), {"proof.sales": "2", "network": "1"}
    ).findings
    assert "dns: taken out" in keys.message
    assert files.message.startswith("proof.sales: ")
    assert files.processes == ("sales",)


def test_a_journal_that_cannot_be_read_is_a_note() -> None:
    looked = judge_proof(site(), Proven(last=proof(), damaged=("run-2",)), {})
    [note] = looked.findings
    assert (note.severity, note.place, note.processes) == (Severity.NOTE, "run-2", ())


# times


def times(p95: timedelta | None, *, earlier: int = 4) -> Times:
    back = Back(p50=p95 and p95 / 2, p95=p95, within=0.5)
    return Times(back={"payment": back}, earlier=earlier, steps=9)


def test_a_time_within_the_rto_is_good_and_says_what_it_is_made_of() -> None:
    assert judge_times(site(), times(HOUR)).good == (
        "recovery times within every RTO (4 of 9 steps as in earlier runs, the others by budget)"
    )
    assert "by budgets alone" in judge_times(site(), times(HOUR, earlier=0)).good


@pytest.mark.parametrize(
    ("p95", "words"), [(1.5 * HOUR, "after 45m (P95 1h 30m)"), (None, "would not come back")]
)
def test_a_time_over_the_rto_threatens_the_process(p95: timedelta | None, words: str) -> None:
    late = only(judge_times(site(), times(p95)))
    assert (late.severity, late.processes) == (Severity.THREATENS, ("payment",))
    assert words in late.message
    assert "kept in 50% of simulated rebuilds" in late.message


# people


def people(roles: Mapping[str, str], *, seals: int = 0) -> Looked:
    found = {name: Person(name=name, roles=(role,)) for name, role in roles.items()}
    return judge_people(site(plans.plan(people=found)), seals)


def test_a_gate_that_one_more_can_answer_than_are_asked_is_good() -> None:
    looked = people({"ana": "lead", "bo": "lead", "cy": "lead"})
    assert looked == Looked(good="people for every gate")


@pytest.mark.parametrize("roles", [{"ana": "lead"}, {"ana": "lead", "bo": "lead"}])
def test_a_gate_without_a_stand_in_is_a_note(roles: dict[str, str]) -> None:
    [note] = people(roles).findings
    assert note.severity is Severity.NOTE
    assert " and ".join(roles) in note.message


def test_a_sealed_code_stands_in_where_two_are_asked_and_nowhere_else() -> None:
    assert not people({"ana": "lead", "bo": "lead"}, seals=1).findings
    assert people({"ana": "lead"}, seals=1).findings


def test_whom_a_limit_brings_in_stands_in() -> None:
    consent = plans.entry(
        "consent", gate="lead", after=("proof.sales", "proof.payment"), escalate="boss", limit=HOUR
    )
    cutover = plans.entry("cutover", cutover="dns", after=("consent",))
    found = {"ana": Person(name="ana", roles=("lead",)), "bo": Person(name="bo", roles=("boss",))}
    plan = plans.plan(people=found, steps=plans.steps(consent, cutover))
    assert not judge_people(site(plan), 0).findings


def test_a_gate_that_nobody_can_answer_is_not_called_good() -> None:
    assert people({"bo": "sre"}) == Looked()


# secrets and third parties


def certificate(**parts: Any) -> Certificate:
    given: dict[str, Any] = {
        "entry": "tls",
        "names": ("shop.example",),
        "expires": START + 90 * DAY,
    }
    return Certificate(**({"has_key": True} | given | parts))


def test_a_certificate_for_the_public_name_is_good_until_a_month_before_its_end() -> None:
    assert judge_certificates(site(), (certificate(),)).good
    assert judge_certificates(site(), (certificate(names=("*.Example",)),)).good
    soon = certificate(expires=START + 29 * DAY)
    assert "expires in 29d" in only(judge_certificates(site(), (soon,))).message
    assert judge_certificates(site(expiry=28 * DAY), (soon,)).good


@pytest.mark.parametrize(
    ("found", "severity", "words"),
    [
        ((), Severity.NOTE, "no certificate for shop.example"),
        ((certificate(names=("shop.test",)),), Severity.THREATENS, "no certificate for"),
        ((certificate(names=("*.shop.example",)),), Severity.THREATENS, "no certificate for"),
        ((certificate(expires=START),), Severity.BLOCKS, "is over since"),
        ((certificate(has_key=False),), Severity.THREATENS, "no private key"),
        (
            (certificate(), certificate(names=("x.test",), expires=START)),
            Severity.THREATENS,
            "for x.test is over",
        ),
    ],
    ids=["none", "another name", "another level", "over", "no key", "another is over"],
)
def test_a_certificate_that_will_not_do_is_named(
    found: tuple[Certificate, ...], severity: Severity, words: str
) -> None:
    named = only(judge_certificates(site(), found))
    assert named.severity is severity
    assert words in named.message


def test_a_provider_that_is_silent_threatens_who_relies_on_it() -> None:
    processes = dict(plans.plan().processes)
    kept = {**processes, "payment": replace(processes["payment"], ledger="card-a")}
    for given, relying in ((processes, ("sales", "payment")), (kept, ("payment",))):
        looked = judge_providers(site(plans.plan(processes=given)), {"card-a": "no answer (x)"})
        assert only(looked).processes == relying
        assert "no answer (x) (asked from here" in only(looked).message
    assert judge_providers(site(), {}).good.startswith("card-a answer (asked from here")
