"""``drkit history``: from journals on the disk to a table, findings, one line, and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drkit.adapters import journal_lines
from drkit.adapters.journal_lines import GENESIS, write_lines
from drkit.adapters.table import WIDTH
from drkit.cli import cli
from drkit.errors import Exit, JournalDamaged, UsageError
from drkit.model.record import RunBegan
from drkit.model.step import RunKind
from tests.fakes.documents import write_plan
from tests.unit.reporting import journals
from tests.unit.reporting.journals import Story
from tests.unit.reporting.nights import FAILED, Night, records_of

SLOW = Night(slower={"orders-db": 130})
DEPLOY = Night(story=Story(kind=RunKind.DEPLOY, incident=None), region="eu-west-3")
NIGHTS = (DEPLOY, *[Night()] * 4, SLOW, Night(story=Story(ends={"support": FAILED})), Night())
LINE = "shop boutique in eu-central-1: payment back in 5m 34s of 1h, as in the 5 runs before"


def written(root: Path, found: Sequence[Night]) -> list[Path]:
    """The journals of ``found``, oldest first, in the runs of ``root``."""
    return [_written(root, night, number) for number, night in enumerate(found)]


def _written(root: Path, night: Night, number: int) -> Path:
    records = records_of(night, number)
    began = records[0].body
    assert isinstance(began, RunBegan)
    path = root / ".drkit" / "runs" / began.run / "journal.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(write_lines(records, GENESIS)[0])  # a file that is synced 800 times is slow
    return path


def typed(root: Path, *words: str) -> Result:
    """Nothing outside can be asked: no sandbox is up."""
    command = ["history", *words, "--plan", str(root / "drkit.yaml")]
    return CliRunner().invoke(cli, command, standalone_mode=False, catch_exceptions=False)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DRKIT_SANDBOX", str(tmp_path / "none"))
    write_plan(tmp_path)
    return tmp_path


def test_each_run_is_a_line_the_newest_last_then_findings_then_one_line(root: Path) -> None:
    written(root, NIGHTS)
    result = typed(root)
    assert result.return_value == Exit.OK
    table, _, found, line = result.stdout.rstrip("\n").split("\n\n")
    head, *runs, legend = table.splitlines()
    assert head.split() == [
        *("RUN", "TOOK", "SALES", "ORDERS", "PAYMENT", "SHIPPING", "SUPPORT", "EXIT", "STAND")
    ]
    assert [run.split("-")[0] for run in runs] == [f"202603{14 + n}" for n in range(8)]
    assert runs[4].split("  ")[-7].strip() == "5m 34s"
    assert runs[5].count("▲7m 44s") == 5
    assert runs[6].split()[2:] == [*["–"] * 5, "6", "finished"]
    assert legend == "▲ slower than in the runs before"
    assert [each[:20] for each in found.splitlines() if not each.startswith("  ")] == [
        *("2026-03-19 03:02 UTC", "2026-03-20 03:02 UTC", "2026-03-21 03:02 UTC")
    ]
    assert "support has recovered: failed in the run before" in found
    assert line == f"{LINE}; recovered: support"


def test_all_but_the_one_line_fits_a_terminal(root: Path) -> None:
    written(root, [*NIGHTS, Night(slower={"consent": 40000, "orders-db": 40000})])
    *lines, _ = typed(root).stdout.splitlines()
    assert max(map(len, lines)) <= WIDTH


def test_processes_without_room_are_named_and_the_most_urgent_stay(root: Path) -> None:
    many = {f"process-{n}": {**_PROCESS, "rto": f"{n + 1}h"} for n in range(12)}
    written(root, [Night(story=Story(plan={**journals.PLAN, "processes": many}))])
    *lines, _ = typed(root).stdout.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert "PROCESS-0  PROCESS-1 " in lines[0]
    assert "PROCESS-11" not in lines[0]
    [left_out] = [line for line in lines if line.startswith("no room for")]
    assert left_out.startswith("no room for process-4, process-5, ")


_PROCESS = {"rto": "1h", "rpo": "1h", "impact": "50000/day", "ledger": "card-a"}


def test_only_the_last_are_shown_and_those_before_are_what_they_are_compared_with(
    root: Path,
) -> None:
    written(root, [*NIGHTS[:5], SLOW])
    made = json.loads(typed(root, "--last", "1", "--output", "json").stdout)
    [run] = made["runs"]
    assert {change["runs_before"] for change in run["changes"]} == {4}


def test_runs_of_one_site_or_kind(root: Path) -> None:
    written(root, NIGHTS)
    kind = json.loads(typed(root, "--kind", "deploy", "--output", "json").stdout)
    site = json.loads(typed(root, "--region", "eu-central-1", "--output", "json").stdout)
    assert [run["region"] for run in kind["runs"]] == ["eu-west-3"]
    assert [run["kind"] for run in site["runs"]] == ["rebuild"] * 7


def test_the_json_has_all_that_the_words_have(root: Path) -> None:
    written(root, [*NIGHTS[:5], SLOW])
    made = json.loads(typed(root, "--output", "json").stdout)
    assert (made["version"], made["unread"], made["outside"]) == (1, [], False)
    newest = made["runs"][0]
    assert (newest["id"], newest["exit"]) == ("20260319-030210-rebuild-eu-central-1", 0)
    payment = next(each for each in newest["processes"] if each["name"] == "payment")
    assert (payment["recovery_seconds"], payment["achieved_rpo_seconds"]) == (464.4, 0)
    change = next(each for each in newest["changes"] if each["process"] == "payment")
    assert change["by_seconds"] == 130
    assert change["cause"] == {
        "name": "orders-db",
        "step": "orders-db",
        "seconds": 139.7,
        "usual_seconds": 9.7,
        "grew_seconds": 130,
    }
    assert made["summary"] == typed(root).stdout.splitlines()[-1]


def test_what_fails_is_flaky_or_recovered_is_in_the_json(root: Path) -> None:
    fails = Night(story=Story(ends={"support": FAILED}))
    written(root, [Night(), fails, Night(), fails])
    made = json.loads(typed(root, "--output", "json").stdout)
    found = [[each["change"] for each in run["changes"]] for run in made["runs"]]
    assert found == [["flaky"], ["recovered"], ["newly failing"], []]
    assert [run["failed"] for run in made["runs"]] == [["support"], [], ["support"], []]


def test_without_a_run_it_says_how_to_start_one(root: Path) -> None:
    result = typed(root)
    assert result.stdout == "no run yet: `drkit rebuild --region R` starts one\n"
    assert result.return_value == Exit.OK
    none = typed(root, "--region", "eu-central-1", "--kind", "deploy")
    assert none.stdout == "no deploy of eu-central-1 yet\n"
    made = json.loads(typed(root, "--output", "json").stdout)
    assert (made["runs"], made["summary"]) == ([], None)


def test_a_region_that_is_no_site_is_wrong_usage_that_names_those_that_are(root: Path) -> None:
    with pytest.raises(UsageError, match="eu-nowhere-1 is no site") as told:
        typed(root, "--region", "eu-nowhere-1")
    assert told.value.remedy == "sites: eu-west-3, eu-central-1"


def test_a_damaged_journal_is_named_and_the_rest_is_shown(root: Path) -> None:
    damaged = written(root, NIGHTS)[6]
    damaged.write_bytes(damaged.read_bytes().replace(b"ana@", b"eve@", 1))
    result = typed(root)
    assert f"left out: {damaged.parent.name}: {damaged}:1: this record" in result.stderr
    assert len(result.stdout.split("\n\n")[0].splitlines()) == 9
    assert result.stdout.splitlines()[-1] == LINE, "what cannot be read has not recovered"
    assert result.return_value == Exit.OK
    [unread] = json.loads(typed(root, "--output", "json").stdout)["unread"]
    assert unread["run"] == damaged.parent.name


def test_where_the_newest_cannot_be_read_the_one_before_is_the_last(root: Path) -> None:
    written(root, NIGHTS)[-1].write_bytes(b"damaged\n")
    [row, *_] = typed(root, "--last", "1").stdout.splitlines()[1:]
    assert row.startswith("20260320-")


def test_a_run_of_which_nothing_is_recorded_is_named(root: Path) -> None:
    written(root, NIGHTS)[-1].write_bytes(b"")
    result = typed(root)
    assert "left out: 20260321-030210-rebuild-eu-central-1: the journal does not" in result.stderr
    assert result.stdout.splitlines()[-1].endswith("newly failing: support")


def test_where_nothing_can_be_read_it_ends_with_the_code_of_that(root: Path) -> None:
    for path in written(root, NIGHTS[:2]):
        path.write_bytes(path.read_bytes().replace(b"ana@", b"eve@", 1))
    with pytest.raises(JournalDamaged, match="no journal of these runs can be read"):
        typed(root)


def test_journals_of_a_newer_drkit_are_all_named_and_nothing_is_shown(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Left out they would leave the run after them to be compared with the wrong ones."""
    monkeypatch.setattr(journal_lines, "VERSION", 2)
    newer = written(root, NIGHTS[:2])
    monkeypatch.setattr(journal_lines, "VERSION", 1)
    for number, night in enumerate(NIGHTS[2:], start=2):
        _written(root, night, number)
    with pytest.raises(JournalDamaged) as told:
        typed(root)
    assert str(told.value).splitlines() == [
        f"{path}:1: written by a newer drkit (journal version 2, this one reads 1)"
        for path in reversed(newer)
    ]
    assert told.value.remedy == "use the drkit that wrote it"


def test_where_the_outside_cannot_be_asked_it_says_so_and_shows_what_is_here(root: Path) -> None:
    written(root, NIGHTS)
    result = typed(root)
    assert result.stderr.splitlines() == [
        "what is outside cannot be asked: here are the runs of this machine",
        "drkit: the plan's sites are in the sandbox, and the sandbox is not up",
        "    → run `drkit sandbox up`",
    ]


def test_without_a_plan_the_journals_beside_it_are_enough(root: Path) -> None:
    written(root, NIGHTS)
    told = typed(root).stdout
    (root / "drkit.yaml").unlink()
    result = typed(root)
    assert result.stdout == told
    assert "drkit.yaml cannot be read" in result.stderr


def test_a_run_whose_plan_cannot_be_read_is_named(root: Path) -> None:
    other = Night(story=replace(NIGHTS[1].story, plan={"processes": "of another version"}))
    written(root, [other, *NIGHTS[1:3]])
    result = typed(root)
    assert "left out: 20260314-030210-rebuild-eu-central-1: the journal's copy" in result.stderr
    assert len(result.stdout.split("\n\n")[0].splitlines()) == 3


def test_the_page_of_a_run_draws_those_before_it_and_its_text_is_of_the_run_alone(
    root: Path,
) -> None:
    paths = written(root, [*[Night()] * 4, SLOW])

    def page(output: str) -> str:
        command = ["report", paths[-1].parent.name, "--output", output]
        told = CliRunner().invoke(cli, [*command, "--plan", str(root / "drkit.yaml")])
        return told.stdout

    assert "payment, oldest first: 5m 34s, 5m 34s, 5m 34s, 5m 34s, 7m 44s" in page("html")
    before = {output: page(output) for output in ("text", "json", "junit", "html")}
    paths[0].unlink()
    paths[1].write_bytes(b"damaged\n")
    after = {output: page(output) for output in ("text", "json", "junit", "html")}
    assert before["text"] == after["text"]
    assert before["junit"] != after["junit"]
    was, now = json.loads(before["json"]), json.loads(after["json"])
    compared = {"summary", "runs_before", "changes"}
    assert {key for key in was if was[key] != now[key]} == compared
    assert (len(was["runs_before"]), len(now["runs_before"])) == (4, 2)
    assert "payment, oldest first: 5m 34s, 5m 34s, 7m 44s" in after["html"]
