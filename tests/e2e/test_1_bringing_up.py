"""From nothing to a shop that serves: sandbox, prepare, deploy."""

from __future__ import annotations

from tests.e2e.conftest import OLD, Carried, Up
from tests.e2e.desk import Desk, Said


def test_up_says_what_is_there_and_a_second_up_changes_nothing(up: Up) -> None:
    before = up.desk.sandbox.state
    said = up.desk.drkit("sandbox", "up")
    assert said.code == 0
    assert up.desk.sandbox.state == before
    regions = up.desk.drkit("sandbox", "status", "--output", "json").json()["regions"]
    assert {OLD, "eu-central-1", "eu-north-1", "global"} <= {found["region"] for found in regions}
    assert not any(found["lost"] for found in regions)


def test_prepare_makes_what_is_outside_and_a_second_time_changes_nothing(
    prepared: tuple[Said, Said],
) -> None:
    first, second = prepared
    assert "epoch: 0, nobody serves yet" in first.err
    assert "stack outside: 0 changed" not in first.err
    assert second.code == 0
    assert "stack outside: 0 changed" in second.err
    assert "state bucket s3://boutique-dr: there" in second.err


def test_a_deployment_ends_well_and_every_process_is_proven_live(deployed: Carried) -> None:
    steps = deployed.run.steps
    processes = deployed.run.report["plan"]["processes"]
    assert {steps[f"live.{process}"]["state"] for process in processes} == {"done"}
    assert {step["state"] for step in steps.values()} == {"done"}
    assert deployed.run.report["run"]["target"] == f"{OLD}.g1"
    assert deployed.run.report["run"]["stand"] == "finished"


def test_its_journal_holds_together_and_its_report_can_be_made_again(
    desk: Desk, deployed: Carried
) -> None:
    folder = deployed.run.folder
    assert len(deployed.run.records()) > len(deployed.run.steps)
    for output, ending in (("text", "txt"), ("json", "json"), ("junit", "xml"), ("html", "html")):
        again = desk.drkit("report", folder.name, "--output", output)
        assert again.code == 0
        assert again.out.strip() == (folder / f"report.{ending}").read_text().strip()
        assert f"report.{ending}" in deployed.said.err, "the command names the file"


def test_what_a_run_leaves_is_for_its_owner_only(deployed: Carried) -> None:
    runs = deployed.run.folder.parent
    for folder in (runs, deployed.run.folder, deployed.run.folder / "logs"):
        assert folder.stat().st_mode & 0o077 == 0, folder


def test_customers_reach_the_shop_by_its_name(desk: Desk, deployed: Carried) -> None:
    [address] = desk.sandbox.ask("shop.example")
    public = [host["public"] for host in desk.sandbox.status(OLD)["hosts"] if host["public"]]
    assert public == [str(address)]
