"""The wheel alone, in another folder, runs a small plan of its own."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from tests.integration.playbooks.lab import Host
from tests.integration.wheel.bakery import REGION
from tests.integration.wheel.conftest import ROOT, Installed

FEW_LINES = """
from drkit import Options, deploy, load_plan

class Heard:
    records = 0
    def recorded(self, record): self.records += 1
    def progressed(self, step, line): ...
    def ticked(self, now): ...

heard = Heard()
plan = load_plan("drkit.yaml")
report = deploy(plan, region="eu-west-3", options=Options(max_parallel=2), observer=heard)
run = report.header
counted = f"{len(report.steps)} steps, {heard.records} records"
print(int(report.exit), run.target.name, run.stand, counted)
"""


def test_the_package_comes_from_the_wheel_and_needs_nothing_of_the_repository(
    installed: Installed,
) -> None:
    where = Path(installed.python("import drkit; print(drkit.__file__)"))
    assert installed.programs.parent in where.parents
    assert str(ROOT) not in installed.python("import sys; print(sys.path)")
    assert installed.drkit("--version").returncode == 0


def test_it_carries_the_collection_the_schemas_and_the_pages(
    wheel: Path, installed: Installed
) -> None:
    found = Path(
        installed.python("from drkit.recovery import collections_path; print(collections_path())")
    )
    assert installed.programs.parent in found.parents
    collection = found / "ansible_collections" / "drkit" / "recovery"
    tracked = ROOT / "drkit" / "recovery" / "ansible_collections" / "drkit" / "recovery"
    ours = {str(p.relative_to(tracked)) for p in tracked.rglob("*.yml")}
    assert {str(p.relative_to(collection)) for p in collection.rglob("*.yml")} == ours
    names = zipfile.ZipFile(wheel).namelist()
    assert "drkit/py.typed" in names
    assert not [name for name in names if name.startswith(("tests/", "shop/", "stacks/"))]


def test_the_library_is_imported_from_its_root(installed: Installed) -> None:
    said = installed.python(
        "from drkit import Plan, rebuild; print(Plan.__name__, callable(rebuild))"
    )
    assert said == "Plan True"


def test_a_plan_of_another_folder_is_printed(installed: Installed) -> None:
    said = installed.drkit("plan", "--region", REGION, "--output", "json")
    assert said.returncode == 0, said.stderr
    steps = [step["id"] for step in json.loads(said.stdout)["steps"]]
    assert steps == ["storage", "bake", "window", "taste"]


def test_a_plan_of_another_folder_is_run_to_its_end(prepared: Installed, host: Host) -> None:
    said = prepared.drkit("deploy", "--region", REGION, "--output", "json")
    assert said.returncode == 0, said.stdout + said.stderr
    report = json.loads(said.stdout)
    assert {step["id"]: step["state"] for step in report["steps"]} == {
        "storage": "done",
        "bake": "done",
        "window": "done",
        "taste": "done",
    }
    assert host.run("cat", "/tmp/bread") == "1 recipe, for bakery"


def test_a_few_lines_of_python_do_the_same(prepared: Installed) -> None:
    assert prepared.python(FEW_LINES) == "0 eu-west-3.g1 finished 4 steps, 10 records"


def test_without_the_extra_the_sandbox_says_how_to_get_it(installed: Installed) -> None:
    said = installed.drkit("sandbox", "up")
    assert said.returncode != 0
    assert "drkit[sandbox]" in said.stderr
