"""What the events of a preview and of a refresh come to: drift, a refusal, or not known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pulumi.automation.events import StepEventMetadata

from drkit.adapters.pulumi_drift import differences
from drkit.adapters.pulumi_events import UNKNOWN, Account
from drkit.adapters.pulumi_foresight import compared, foreseen
from drkit.model.outcome import Failure, Outcome, State
from drkit.ports import Context
from drkit.reporting.readiness.stacks import Difference, How
from tests.contract.cloud.values import context_in, world_at
from tests.fakes.documents import plan_at

HOST, GROUP = "aws:ec2/instance:Instance", "aws:ec2/securityGroup:SecurityGroup"
RUNS = {"instanceState": "running", "instanceType": "m5.large"}
NOWHERE = "http://127.0.0.1:9"


def refreshed(kind: str, *, before: Any = None, now: Any = None, **more: Any) -> StepEventMetadata:
    urn = f"urn:pulumi:eu-west-3.g1::compute::{kind}::one"

    def state(outputs: Any) -> Any:
        return {"urn": urn, "type": kind, "id": "x-1", "outputs": outputs, "inputs": {}}

    step = {"op": "refresh", "urn": urn, "type": kind, "old": state(before or {})}
    new = {} if now is None else {"new": state(now)}
    return StepEventMetadata.from_json({**step, **new, **more})


def of(step: StepEventMetadata) -> list[tuple[How, tuple[str, ...]]]:
    return [(found.how, found.properties) for found in differences([step])]


def test_what_is_gone_changed_or_stands_still_is_drift_and_other_outputs_are_none() -> None:
    path = {"ingress[3]": {"diffKind": "add", "inputDiff": True}}
    changed = refreshed(GROUP, now={}, diffs=["ingress"], detailedDiff=path)
    assert differences([changed]) == (
        Difference(resource=f"{GROUP} one", id="x-1", how=How.CHANGED, properties=("ingress[3]",)),
    )
    assert of(refreshed(GROUP, now={}, diffs=["tags"])) == [(How.CHANGED, ("tags",))]
    assert of(refreshed(GROUP)) == [(How.GONE, ())]
    assert of(refreshed(HOST, before=RUNS, now=RUNS | {"publicIp": "198.18.0.7"})) == []
    still = refreshed(HOST, before=RUNS, now=RUNS | {"instanceState": "stopped"})
    assert of(still) == [(How.STOPPED, ())]


def test_another_type_of_a_host_is_drift_though_the_provider_is_not_asked() -> None:
    bigger = refreshed(HOST, before=RUNS, now=RUNS | {"instanceType": "m5.4xlarge"})
    assert of(bigger) == [(How.CHANGED, ("instanceType",))]


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """Of a stack of whose inputs one is not known before the network is there."""
    facts = {"network": {"subnets": {"public": UNKNOWN}}}
    return context_in(world_at(NOWHERE), plan_at(tmp_path), facts=facts)


def failed(message: str, *, task: str = "", transient: bool = False) -> Outcome:
    failure = Failure(message=message, task=task, remedy="mend it")
    return Outcome(state=State.FAILED, message=message, failures=(failure,), transient=transient)


def account() -> Account:
    return Account(lambda _line: None)


@pytest.mark.parametrize(
    "said",
    [
        failed("no such type", task=f"{HOST} one"),
        failed("RunError: eu-central-1 offers none of the instance types m5.large"),
        failed("Exception: invoke of aws:ec2/getAmi:getAmi failed: no image"),
    ],
)
def test_what_the_cloud_or_the_program_refuses_is_refused(context: Context, said: Outcome) -> None:
    assert foreseen(account(), said, context).refused == said.failures


@pytest.mark.parametrize(
    "said",
    [
        failed("TypeError: string indices must be integers, not 'str'"),
        failed(f"ValueError: '{UNKNOWN}' does not appear to be a network"),
        failed(f"Exception: invoke of aws:ec2/getSubnet:getSubnet failed: no {UNKNOWN}"),
        failed("RequestLimitExceeded", task=f"{HOST} one", transient=True),
    ],
)
def test_a_program_that_stumbles_over_what_is_not_known_yet_is_not_refused(
    context: Context, said: Outcome
) -> None:
    found = foreseen(account(), said, context)
    assert said.message in found.unknown
    assert not found.refused


def test_a_program_that_knows_all_its_inputs_and_fails_is_refused(tmp_path: Path) -> None:
    known = context_in(world_at(NOWHERE), plan_at(tmp_path), facts={"network": {"vpc": "vpc-1"}})
    said = failed("TypeError: string indices must be integers, not 'str'")
    assert foreseen(account(), said, known).refused == said.failures


def test_a_comparison_that_fails_has_found_nothing() -> None:
    said = failed("the region does not answer", task=f"{HOST} one")
    assert compared(account(), said).unknown == "the region does not answer"
