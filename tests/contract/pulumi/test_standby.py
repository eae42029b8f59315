"""A standby brought up by the command's own way, on moto: AWS's API, without hosts behind it, so of
a shop whose stores wait for stacks alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
import yaml

from drkit.adapters.plan_yaml import load_plan
from drkit.adapters.worlds import open_world
from drkit.api import ready, standby
from drkit.errors import Exit
from drkit.model.readiness import About
from drkit.readying import sources
from drkit.reporting.report import Report
from tests.contract.cloud.opened import served_by
from tests.contract.pulumi.conftest import REGION
from tests.contract.pulumi.desk import Desk, new_desk
from tests.contract.pulumi.test_ready_previews import SERVES, open_to_the_world
from tests.integration.provider.cloud import ACCOUNT, Cloud


@pytest.fixture(scope="module")
def desk(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "PATIENCE", sources.PATIENCE * 15)
        made = new_desk(cloud, tmp_path_factory.mktemp("desk"), patch)
        document = yaml.safe_load(made.file.read_text())
        for site in document["sites"].values():
            site["account"] = ACCOUNT
        document["sites"][REGION]["tier"] = "warm"
        for store in document["stores"].values():
            store["needs"] = ["compute"]
        made.file.write_text(yaml.safe_dump(document, sort_keys=False))
        made = Desk(plan=load_plan(made.file), cloud=cloud)
        made.bring("outside")
        served_by(open_world(made.plan), made.plan, SERVES)
        yield made


def brought_up(desk: Desk) -> Report:
    report = standby(desk.plan, region=REGION)
    assert report.exit is Exit.OK, report.steps
    assert report.header.target.name == f"{REGION}.g1"
    return report


def changed(report: Report) -> Mapping[str, int | None]:
    return {step.id: step.changed for step in report.steps}


def of_the_standby(desk: Desk) -> list[str]:
    [site] = ready(desk.plan, region=REGION).sites
    return [finding.message for finding in site.findings if finding.about is About.STANDBY]


def test_it_is_brought_up_once_and_then_nothing_changes(desk: Desk) -> None:
    [missing] = of_the_standby(desk)
    assert "nothing stands there" in missing
    first = brought_up(desk)
    assert list(changed(first)) == ["network", "storage", "compute"]
    assert all(changed(first).values())
    assert of_the_standby(desk) == []
    assert changed(brought_up(desk)) == dict.fromkeys(desk.plan.stacks, 0)


def test_what_has_drifted_is_set_right_and_nothing_else(desk: Desk) -> None:
    open_to_the_world(desk, REGION)
    assert changed(brought_up(desk)) == {"network": 1, "storage": 0, "compute": 0}
