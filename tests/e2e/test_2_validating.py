"""The standby is proven beside the site that serves: whole, unseen, and nothing of it stays."""

from __future__ import annotations

import itertools

from drkit.model.place_record import CopyRemoved
from drkit.model.record import StepEnded
from tests.e2e.conftest import NEW, OLD, Validated
from tests.e2e.desk import Desk
from tests.e2e.witnesses import Customers, told_to_providers


def test_every_process_is_proven_within_its_objectives(validated: Validated) -> None:
    report = validated.run.report
    assert validated.said.code == 0, validated.said.out + validated.said.err
    assert report["run"]["kind"] == "validate"
    assert {p["rto"]["verdict"] for p in report["processes"]} == {"met"}
    assert {p["rpo"]["verdict"] for p in report["processes"]} == {"met"}
    assert report["cost"] is None
    assert "rebuild" not in validated.said.out, "a drill is never called one"


def test_nothing_of_it_stays_nor_of_the_one_that_was_killed(validated: Validated) -> None:
    removed = [r.body for r in validated.run.records() if isinstance(r.body, CopyRemoved)]
    assert [copy.generation for copy in removed] == [f"{NEW}.g1", f"{NEW}.g2"]
    assert [dict(copy.stays) for copy in removed] == [{}, {}]
    assert all(sum(copy.removed.values()) > 0 for copy in removed)
    assert validated.left == {}


def test_its_proofs_reached_its_own_sink_and_no_provider(desk: Desk, validated: Validated) -> None:
    run = validated.run.folder.name
    told = told_to_providers(desk.sandbox)
    assert len(told) > 5, "customers' orders are there"
    assert not [entry for entry in told if entry.get("proof") == run]
    [facts] = [
        record.body.outcome.facts
        for record in validated.run.records()
        if isinstance(record.body, StepEnded) and record.body.step == "muzzle"
    ]
    canary = facts["canary"]
    assert isinstance(canary, dict)
    assert len(canary) == len(desk.sandbox.status(OLD)["hosts"]), "every host was tried"
    assert all("connection to https://card-a.example" in tried for tried in canary.values())


def test_customers_were_served_all_the_while(customers: Customers, validated: Validated) -> None:
    moments = sorted(
        promise.at
        for promise in customers.promises()
        if validated.began < promise.at < validated.ended
    )
    gaps = [(later - at).total_seconds() for at, later in itertools.pairwise(moments)]
    assert max(gaps) < 15, "seconds without an order"
    assert customers.failures() == [], "and not one order failed"


def test_it_is_the_proof_that_the_standby_was_without(desk: Desk, validated: Validated) -> None:
    said = desk.drkit("ready", "--output", "json")
    [site] = said.json()["sites"]
    wrong = [f["about"] for f in site["findings"] if f["severity"] != "note"]
    assert (site["site"], site["readiness"], wrong) == (NEW, "ready", []), validated.run


def test_the_site_that_serves_is_refused(desk: Desk, validated: Validated) -> None:
    del validated
    said = desk.drkit("validate", "--region", OLD)
    assert said.code == 3
    assert f"{OLD} is the site that serves" in said.err
    assert len(desk.runs("validate")) == 2, "and no run was begun"
