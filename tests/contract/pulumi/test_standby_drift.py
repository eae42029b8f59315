"""The standby of a site compared with what its stacks have made, by Pulumi, in the midst of the
validation of a copy: whatever is planted is named with what mends it, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from drkit.adapters import standby_drift
from drkit.adapters.standby_drift import DriftTool
from drkit.errors import EffectUnknown
from drkit.model.outcome import Outcome, State
from drkit.model.plan import Tier
from drkit.model.step import DriftWork, RunKind
from drkit.ports import Context
from drkit.reporting.readiness.stacks import Difference
from drkit.toolbox import tool_for
from tests.contract.pulumi.conftest import REGION
from tests.contract.pulumi.desk import Desk, new_desk
from tests.contract.pulumi.test_ready_previews import open_to_the_world
from tests.integration.provider.cloud import Cloud

SETS_RIGHT = f"`drkit standby --region {REGION}` sets it right"


@pytest.fixture(scope="module")
def desk(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A warm site whose standby is generation 1."""
    with pytest.MonkeyPatch.context() as patch:
        made = new_desk(cloud, tmp_path_factory.mktemp("desk"), patch)
        site = replace(made.plan.sites[REGION], tier=Tier.WARM)
        made = replace(made, plan=replace(made.plan, sites={**made.plan.sites, REGION: site}))
        made.bring("outside", "network", "storage", "compute")
        yield made


def validation(desk: Desk) -> Context:
    """A context of the copy that is proven beside it."""
    context = desk.bring().context
    return replace(context, kind=RunKind.VALIDATE, target=replace(context.target, generation=2))


def looked(desk: Desk, generation: int | None = 1) -> Outcome:
    tool = tool_for(DriftWork(generation=generation))
    assert isinstance(tool, DriftTool)
    context = validation(desk)
    assert tool.look(context) is None
    return tool.do(context, lambda _line: None)


def host_of(desk: Desk, name: str) -> str:
    named = [{"Name": "tag:Name", "Values": [f"{desk.plan.shop}-{REGION}.g1-{name}"]}]
    [found] = desk.cloud.client("ec2", REGION).describe_instances(Filters=named)["Reservations"]
    return str(found["Instances"][0]["InstanceId"])


def test_one_that_stands_as_it_was_made_is_well_and_nothing_is_written(desk: Desk) -> None:
    before = desk.written()
    for _ in range(2):  # a try that was killed is made again
        found = looked(desk)
        assert (found.state, found.changed) == (State.DONE, 0)
        assert found.message.startswith(f"{REGION}.g1 stands as it was made, ")
    assert desk.written() == before


def test_where_nothing_stands_it_says_how_to_bring_it_up(desk: Desk) -> None:
    found = looked(desk, None)
    [failure] = found.failures
    assert found.state is State.FAILED
    assert failure.message == f"nothing stands by in {REGION}"
    assert f"`drkit standby --region {REGION}`" in failure.remedy


def test_a_stack_that_is_not_there_is_named(desk: Desk) -> None:
    found = looked(desk, 3)
    missing = ", ".join(f"{stack} missing" for stack in desk.plan.stacks)
    assert found.message == f"{REGION}.g3 has drifted: {missing}"
    assert [f.message for f in found.failures] == [
        f"{REGION}.g3 {stack}: nothing of it is there" for stack in desk.plan.stacks
    ]


def test_all_that_has_drifted_is_named_with_what_mends_it(desk: Desk) -> None:
    still, gone = host_of(desk, "app-1"), host_of(desk, "app-2")
    open_to_the_world(desk, REGION)
    ec2 = desk.cloud.client("ec2", REGION)
    ec2.stop_instances(InstanceIds=[still])
    ec2.terminate_instances(InstanceIds=[gone])
    found = looked(desk)
    assert found.state is State.FAILED
    remedies = {failure.message.split(": aws:")[0]: failure.remedy for failure in found.failures}
    assert remedies == {
        f"{REGION}.g1 network: was changed since it was built": SETS_RIGHT,
        f"{REGION}.g1 compute: stands still": SETS_RIGHT,
        f"{REGION}.g1 compute: is gone since it was built": SETS_RIGHT,
    }
    assert found.message == (
        f"{REGION}.g1 has drifted: network changed, compute gone, compute stopped"
    )
    named = "".join(failure.message for failure in found.failures)
    assert gone in named
    assert still in named


def test_what_its_stacks_set_right_is_well_again(desk: Desk) -> None:
    """As the next `drkit standby` does."""
    desk.bring("network", "storage", "compute")
    assert looked(desk).state is State.DONE


def test_what_is_not_known_hides_nothing_of_what_has_drifted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ec2 = desk.cloud.client("ec2", REGION)
    ec2.stop_instances(InstanceIds=[host_of(desk, "app-1")])
    compared = standby_drift._compared

    def partly(stack: str, standby: Context) -> tuple[Difference, ...]:
        if stack == "storage":
            raise EffectUnknown("the API of storage does not answer")
        return compared(stack, standby)

    monkeypatch.setattr(standby_drift, "_compared", partly)
    found = looked(desk)
    assert found.state is State.FAILED
    assert [failure.message for failure in found.failures][-1] == (
        "the API of storage does not answer"
    )
    assert len(found.failures) > 1
