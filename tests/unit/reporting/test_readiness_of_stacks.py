"""What Pulumi foresees, judged: a refusal blocks, drift counts by what it means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drkit.model.outcome import Failure
from drkit.model.readiness import Severity
from drkit.model.record import Target
from drkit.reporting.readiness.stacks import (
    Difference,
    Foreseen,
    How,
    judge_building,
    judge_drift,
    judge_outside,
)
from tests.unit.reporting.test_readiness import only, site

HERE = Target(shop="corner", region="eu-west-3", generation=1)
THERE = Target(shop="corner", region="eu-central-1", generation=2)
RULE = Difference(
    resource="aws:ec2/securityGroup:SecurityGroup db",
    id="sg-1",
    how=How.CHANGED,
    properties=("ingress",),
)
HOST = "aws:ec2/instance:Instance app-1"
STILL = Difference(resource=HOST, id="i-1", how=How.STOPPED)
GONE = Difference(resource=HOST, id="i-1", how=How.GONE)
CLEAN = Foreseen()


@pytest.mark.parametrize(
    ("difference", "serving", "standby"),
    [
        (RULE, Severity.THREATENS, Severity.THREATENS),
        (STILL, Severity.NOTE, Severity.THREATENS),
        (GONE, Severity.NOTE, Severity.THREATENS),
    ],
)
def test_drift_counts_where_what_is_rebuilt_would_be_otherwise_and_on_a_standby_always(
    difference: Difference, serving: Severity, standby: Severity
) -> None:
    found = {"compute": Foreseen(differences=(difference,))}
    assert only(judge_drift(site(), HERE, found)).severity is serving
    assert only(judge_building(site(), THERE, found)).severity is standby


def test_drift_is_one_finding_for_each_kind_of_it_and_every_host_is_started() -> None:
    hosts = tuple(replace(STILL, id=f"i-{number}") for number in range(1, 6))
    found = {"compute": Foreseen(differences=(RULE, *hosts))}
    changed, still = judge_drift(site(), HERE, found).findings
    assert changed.message.endswith(f"{RULE.resource} (sg-1): ingress")
    assert still.message.endswith("(i-3) and 2 more")
    assert still.remedy.endswith("--region eu-west-3 --instance-ids i-1 i-2 i-3 i-4 i-5`")


def test_what_nothing_can_be_said_of_is_not_known_and_nothing_is_called_good() -> None:
    silent = Foreseen(unknown="no answer", remedy="ask again")
    for looked in (
        judge_building(site(), THERE, {"compute": silent}),
        judge_drift(site(), HERE, {"compute": silent}),
    ):
        assert only(looked).severity is Severity.UNKNOWN


def test_a_stack_that_would_be_refused_blocks_with_the_words_of_who_refuses() -> None:
    no = Failure(message="no such image", task=HOST)
    refused = only(judge_building(site(), THERE, {"compute": Foreseen(refused=(no,))}))
    assert (refused.severity, refused.place) == (Severity.BLOCKS, "stacks.compute")
    assert refused.message == f"{HOST}: no such image"
    assert refused.remedy


def test_what_was_looked_at_and_is_well_is_named() -> None:
    built = {"network": Foreseen(creates=3), "compute": Foreseen(creates=4)}
    assert judge_building(site(), THERE, built).good == (
        "previews of eu-central-1.g2 (network, compute: 7 to create)"
    )
    assert "eu-west-3.g1" in judge_drift(site(), HERE, {"compute": CLEAN}).good


def test_what_prepare_would_change_outside_threatens_and_what_is_refused_is_not_known() -> None:
    otherwise = only(judge_outside(site(), Foreseen(changes=("update aws:kms/key:Key backups",))))
    assert otherwise.severity is Severity.THREATENS
    assert otherwise.message.endswith("`drkit prepare` would update aws:kms/key:Key backups")
    refused = Foreseen(refused=(Failure(message="no such zone", remedy="make it"),))
    assert only(judge_outside(site(), refused)).severity is Severity.UNKNOWN
    assert judge_outside(site(), CLEAN).good == "no drift of outside"
