"""What the probe wrote down, on disk: which rows of failures last still, and what is forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drkit.adapters.probe_results import Result, append, recovered_since, rows_of_failures
from drkit.reporting.seen import Failing

NOW = datetime(2026, 3, 14, 3, 0, tzinfo=UTC)
WEEK = 7 * 24 * 3600


def row(path: Path, *seconds_and_ok: tuple[int, bool], process: str = "sales") -> Path:
    for seconds, ok in seconds_and_ok:
        at = NOW - timedelta(seconds=seconds)
        append(path, (Result(at=at, process=process, ok=ok, said=""),))
    return path


def failing(start: int, *, observed: bool) -> Failing:
    return Failing(start=NOW - timedelta(seconds=start), observed=observed)


@pytest.mark.parametrize(
    ("results", "found"),
    [
        ([], None),
        ([(10, True), (5, True)], None),
        ([(15, False), (10, False), (5, True)], None),
        ([(15, True), (10, False), (5, False)], failing(10, observed=True)),
        ([(20, False), (15, True), (10, False), (5, False)], failing(10, observed=True)),
        ([(10, False), (5, False)], failing(10, observed=False)),
        ([(9000, False), (8000, False), (10, False)], failing(10, observed=False)),
        ([(9000, True), (10, False)], failing(10, observed=False)),
        ([(9000, False), (8000, False)], None),
    ],
    ids=["none", "well", "over", "now", "second", "always", "hole", "hole before it", "stale"],
)
def test_a_row_begins_with_its_first_failure_and_is_observed_if_an_answer_came_just_before(
    tmp_path: Path, results: list[tuple[int, bool]], found: Failing | None
) -> None:
    path = row(tmp_path / "probe.jsonl", *results)
    rows = rows_of_failures(path, ["sales", "support"], now=NOW)
    assert rows == ({"sales": found} if found else {})


def test_each_process_has_its_own_row_in_one_reading(tmp_path: Path) -> None:
    path = row(tmp_path / "probe.jsonl", (30, True), (20, False))
    row(path, (25, False), (20, False), process="support")
    row(path, (20, True), process="orders")
    assert rows_of_failures(path, ["sales", "support", "orders"], now=NOW) == {
        "sales": failing(20, observed=True),
        "support": failing(25, observed=False),
    }


def test_a_line_torn_by_a_crash_is_passed_over(tmp_path: Path) -> None:
    path = row(tmp_path / "probe.jsonl", (10, False))
    with path.open("a") as file:
        file.write('{"at": "2026-03-14T02:5')
    assert rows_of_failures(path, ["sales"], now=NOW) == {"sales": failing(10, observed=False)}


def test_a_row_longer_than_a_block_is_read_to_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "probe.jsonl"
    ok = Result(at=NOW - timedelta(seconds=5001), process="sales", ok=True, said="")
    append(path, (ok, *failures("sales", range(5000, 0, -1))))
    assert path.stat().st_size > 4 << 16
    assert rows_of_failures(path, ["sales"], now=NOW) == {"sales": failing(5000, observed=True)}


def test_only_as_much_is_read_as_the_rows_are_long(tmp_path: Path) -> None:
    """Lines further back than an hour with an answer after them are not even looked at."""
    path = tmp_path / "probe.jsonl"
    lie = Result(at=NOW, process="sales", ok=False, said="a result that would change the answer")
    append(path, (lie, *answers("sales", range(9000, 0, -5)), *failures("sales", [0])))
    assert rows_of_failures(path, ["sales", "never asked"], now=NOW) == {
        "sales": failing(0, observed=True)
    }


def test_a_file_that_has_grown_large_is_cut_down_and_every_row_stays(tmp_path: Path) -> None:
    path = tmp_path / "probe.jsonl"
    append(path, answers("sales", range(WEEK, WEEK // 2, -600)))
    append(path, answers("support", [WEEK]))
    append(path, failures("support", range(WEEK - 600, 0, -600)))
    append(path, failures("sales", range(1800, 0, -60)))
    large = path.stat().st_size
    before = rows_of_failures(path, ["sales", "support"], now=NOW)
    append(path, failures("sales", [0]), largest=large - 1)
    assert path.stat().st_size < large / 3
    assert rows_of_failures(path, ["sales", "support"], now=NOW) == before
    assert before["support"] == failing(WEEK - 600, observed=True), "a row of a week, whole"
    assert (tmp_path / "probe.older.jsonl").stat().st_size == large, "nothing is lost at once"


def test_what_is_written_is_private_also_in_a_folder_that_was_not(tmp_path: Path) -> None:
    folder = tmp_path / ".drkit"
    folder.mkdir(mode=0o755)
    path = row(folder / "probe.jsonl", (10, True))
    assert (folder.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)


def failures(process: str, seconds: Iterable[int]) -> list[Result]:
    return [_result(process, one, ok=False) for one in seconds]


def answers(process: str, seconds: Iterable[int]) -> list[Result]:
    return [_result(process, one, ok=True) for one in seconds]


def _result(process: str, seconds: int, *, ok: bool) -> Result:
    return Result(at=NOW - timedelta(seconds=seconds), process=process, ok=ok, said="")


@pytest.mark.parametrize(
    ("results", "recovered"),
    [
        ([], False),
        ([(90, False), (30, False)], False),
        ([(90, False), (30, True), (10, False)], True),
        ([(90, True), (30, True)], False),
        ([(30, True)], False),
    ],
    ids=["none", "still down", "served meanwhile", "never failed", "not watched before"],
)
def test_who_failed_and_answered_since_has_served_meanwhile(
    tmp_path: Path, results: list[tuple[int, bool]], recovered: bool
) -> None:
    path = row(tmp_path / "probe.jsonl", (95, True), process="support")
    row(path, *results)
    row(path, (5, True), process="support")
    assert recovered_since(path, NOW - timedelta(seconds=60)) is recovered
