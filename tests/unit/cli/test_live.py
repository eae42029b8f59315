"""The live table, as a person sees it: each tick's frame, read from what reaches the terminal."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from drkit.cli.live import LiveConsole
from drkit.cli.outlook import Outlook
from drkit.model.record import IncidentBegan, Record, RunEnded, RunResumed
from drkit.reporting.expected import Expectations, Expected, Source
from tests.unit.reporting import journals
from tests.unit.reporting.journals import BEGAN, LOST_AT, PROCESSES, SKETCHES, Records, Story, play

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
COMPUTE_RUNS = timedelta(seconds=10)
"""After the start: network and storage are done, compute runs, all others wait."""

Screen = Callable[..., "Terminal"]


class Terminal:
    """A live console, and what it wrote since it was last looked at."""

    def __init__(self, stderr: io.StringIO) -> None:
        self.expected = Expectations()
        self.console = LiveConsole(Outlook(lambda _: self.expected))
        self._stderr = stderr
        self._told = 0

    def written(self) -> str:
        said = self._stderr.getvalue()
        self._stderr.seek(0)
        self._stderr.truncate()
        return said

    def tell(self, records: Records, *, until: datetime) -> None:
        """What is in ``records`` up to a moment, and was not told yet."""
        happened = [record for record in records if record.at <= until]
        for record in happened[self._told :]:
            self.console.recorded(record)
        self._told = len(happened)

    def frame(self, records: Records, after: timedelta) -> list[str]:
        """The lines drawn at ``after`` into the run, without colours."""
        self.tell(records, until=BEGAN + after)
        self.written()
        self.console.ticked(BEGAN + after)
        return plain(self.written())


def plain(text: str) -> list[str]:
    return [line.rstrip() for line in ESCAPE.sub("", text).replace("\r", "").split("\n")]


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    """A terminal of a size, on stderr; given back at the end, as a live table holds it."""
    made: list[Terminal] = []

    def of(*, width: int = 130, height: int = 100) -> Terminal:
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setenv("LINES", str(height))
        # here and not above: between set-up and call pytest puts its own stderr in place
        monkeypatch.setattr(sys, "stderr", stderr := io.StringIO())
        made.append(Terminal(stderr))
        return made[-1]

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    yield of
    for terminal in made:
        ended = Record(seq=999, at=BEGAN, body=RunEnded(stand="interrupted"))
        terminal.console.recorded(ended)


def processes(frame: list[str]) -> dict[str, list[str]]:
    """Process → cells of its row: down for, RTO, back at, waits for."""
    rows = frame[: frame.index("")]
    titles = re.split(r"  +", rows[0].strip())
    assert titles == ["process", "down for", "RTO", "back at", "waits for"]
    cells = [re.split(r"  +", row.strip(), maxsplit=4) for row in rows[1 : 1 + len(PROCESSES)]]
    return {name: rest for name, *rest in cells}


def steps(frame: list[str]) -> dict[str, list[str]]:
    """Step → sign, time, last words; of those that it has."""
    rows = [re.split(r"  +", row.strip()) for row in frame[frame.index("") + 2 :] if row]
    return {name: [sign, *rest] for sign, name, *rest in rows}


def test_each_step_stands_there_with_its_state_and_time(screen: Screen) -> None:
    terminal = screen()
    frame = terminal.frame(journals.undisturbed(), COMPUTE_RUNS)
    assert "rebuild of eu-central-1.g1" in frame[frame.index("") + 1]
    assert steps(frame) == {
        **{sketch.id: ["·"] for sketch in SKETCHES},
        "network": ["✓", "5.1s"],
        "storage": ["✓", "3.9s"],
        "compute": ["▶", "4.9s of 3m"],
    }


def test_each_process_has_its_clock_its_objective_when_it_is_back_and_what_it_waits_for(
    screen: Screen,
) -> None:
    frame = screen().frame(journals.undisturbed(), COMPUTE_RUNS)
    waits = f"compute, base, orders-db and {len(SKETCHES) - 2 - 3} more"
    back = "03:22:10 (in 19m 50s)"
    assert processes(frame) == {
        "sales": ["4m 35s", "2h", back, waits],
        "orders": ["4m 35s", "4h", back, waits],
        "payment": ["4m 35s", "1h", back, waits],
        "shipping": ["4m 35s", "8h", back, waits],
        "support": ["4m 35s", "4h", back, waits],
    }


def test_clocks_go_on_from_frame_to_frame(screen: Screen) -> None:
    terminal, records = screen(), journals.undisturbed()
    terminal.frame(records, COMPUTE_RUNS)
    frame = terminal.frame(records, COMPUTE_RUNS + timedelta(seconds=3))
    assert processes(frame)["payment"][0] == "4m 38s"
    assert steps(frame)["compute"] == ["▶", "7.9s of 3m"]


def test_the_clock_of_a_process_that_is_live_stands_still(screen: Screen) -> None:
    records = journals.undisturbed()
    last = max(record.at for record in records) - BEGAN
    frame = screen().frame(records[:-1], last)
    down, _, back, waits = processes(frame)["payment"]
    assert (back, waits) == (f"{BEGAN + timedelta(seconds=69.4):%H:%M:%S}", "live")
    later = screen().frame(records[:-1], last + timedelta(hours=3))
    assert processes(later)["payment"][0] == down


def test_what_is_down_for_longer_than_its_objective_is_red(screen: Screen) -> None:
    """payment has an hour, sales has two."""
    start = BEGAN + COMPUTE_RUNS - timedelta(hours=1, seconds=1)
    story = Story(incident=IncidentBegan(start=start, source="probe"))
    terminal = screen()
    terminal.tell(play(story), until=BEGAN + COMPUTE_RUNS)
    terminal.console.ticked(BEGAN + COMPUTE_RUNS)
    rows = terminal.written().split("\n")
    [payment] = [row for row in rows if "payment" in row and "1h" in row]
    [sales] = [row for row in rows if "sales" in row and "2h" in row]
    assert "\x1b[31m1h 1s" in payment
    assert "\x1b[31m" not in sales


def slow_database() -> Expectations:
    """It takes an hour and more: payment has one, sales has two."""
    hour = Expected(lasts=timedelta(seconds=3700), source=Source.EARLIER)
    return Expectations(steps={"orders-db": hour})


@pytest.mark.parametrize("width", [80, 130])
def test_a_process_that_will_be_late_is_red_with_what_would_help(
    screen: Screen, width: int
) -> None:
    terminal = screen(width=width, height=24)
    terminal.expected = slow_database()
    terminal.tell(journals.undisturbed(), until=BEGAN + COMPUTE_RUNS)
    terminal.console.ticked(BEGAN + COMPUTE_RUNS)
    written = terminal.written()
    assert re.search(r"\x1b\[31m04:13:50 \(in 1h 11m\), 16m 5s late", written)
    lines = plain(written)
    assert max(map(len, lines)) <= width
    frame = lines[next(n for n, row in enumerate(lines) if row.startswith("process")) :]
    assert len(frame) <= 24
    assert list(processes(frame)) == list(PROCESSES), "a row each, on a narrow screen too"
    above = "\n".join(frame[: frame.index("")])
    assert "payment sooner: answer `consent` as soon as it is asked (saves up to 5m)" in above
    assert "orders-db 1h 1m" in above
    assert "UTC; steps: 1 as in earlier runs" in above


def test_that_a_process_will_be_late_is_left_above_the_table_once(screen: Screen) -> None:
    terminal, records = screen(), journals.undisturbed()
    terminal.expected = slow_database()
    said = "".join(
        "\n".join(terminal.frame(records, COMPUTE_RUNS + timedelta(seconds=n))) for n in range(5)
    )
    assert said.count("03:02:20 payment will miss its RTO by 16m 5s") == 1
    assert said.count("will miss") == 1


def test_behind_a_step_that_failed_there_is_no_time_but_its_name(screen: Screen) -> None:
    records = journals.with_a_failed_playbook()
    frame = screen().frame(records[:-1], records[-1].at - BEGAN)
    assert {cells[2] for cells in processes(frame).values()} == {"stopped by support"}


def test_a_process_that_was_lost_later_has_a_clock_of_its_own(screen: Screen) -> None:
    """As the report counts it."""
    later = {"support": LOST_AT + timedelta(minutes=2)}
    incident = IncidentBegan(start=LOST_AT, source="probe", per_process=later)
    shown = processes(screen().frame(play(Story(incident=incident)), COMPUTE_RUNS))
    assert shown["support"][0] == "2m 35s"
    assert shown["sales"][0] == "4m 35s"


def test_a_deployment_has_no_clocks(screen: Screen) -> None:
    shown = processes(screen().frame(journals.a_deploy(), COMPUTE_RUNS))
    assert {cells[0] for cells in shown.values()} == {"2h", "4h", "1h", "8h"}
    assert set(shown) == set(PROCESSES)


def test_the_last_words_of_a_step_stand_beside_it_cut_to_fit(screen: Screen) -> None:
    terminal, records = screen(), journals.undisturbed()
    terminal.frame(records, COMPUTE_RUNS)
    terminal.console.progressed("compute", "db-1 is made, " * 10)
    frame = terminal.frame(records, COMPUTE_RUNS + timedelta(seconds=1))
    assert steps(frame)["compute"][2] == ("db-1 is made, " * 10)[:70].rstrip()


def test_a_step_that_failed_says_why(screen: Screen) -> None:
    records = journals.with_a_failed_playbook()
    frame = screen().frame(records[:-1], records[-1].at - BEGAN)
    assert steps(frame)["support"] == ["✗", "2.8s", "1 of 6 tasks failed on back-1"]


def test_a_step_that_drkit_lost_is_unknown_and_its_clock_does_not_run_on(screen: Screen) -> None:
    """Nobody knows how long it worked, least of all the night that nobody looked."""
    begun = tuple(r for r in journals.undisturbed() if r.at <= BEGAN + COMPUTE_RUNS)
    night = timedelta(hours=7)
    again = Record(seq=len(begun), at=BEGAN + night, body=RunResumed(operator="bo@laptop", pid=2))
    assert steps(screen().frame((*begun, again), night))["compute"] == ["?"]


def test_on_a_short_screen_what_runs_and_went_wrong_stays_and_what_is_done_goes(
    screen: Screen,
) -> None:
    records = journals.with_a_failed_playbook()
    moment = next(r.at for r in records if "support" in repr(r.body) and "Ended" in repr(r.body))
    frame = screen(height=20).frame(records, moment - BEGAN)
    shown = steps(frame)
    assert len(frame) <= 20
    assert shown["support"][0] == "✗"
    assert "network" not in shown
    assert list(processes(frame)) == list(PROCESSES)


def test_it_is_drawn_at_most_four_times_a_second(screen: Screen) -> None:
    terminal, records = screen(), journals.undisturbed()
    terminal.frame(records, COMPUTE_RUNS)
    drawn = 0
    for tick in range(1, 11):
        terminal.console.ticked(BEGAN + COMPUTE_RUNS + timedelta(seconds=tick / 10))
        drawn += bool(terminal.written())
    assert drawn == 3, "after 0.3, 0.6 and 0.9 s"


def test_while_a_person_is_asked_the_screen_and_stderr_are_theirs(screen: Screen) -> None:
    terminal, records = screen(), play(Story())
    own = sys.stderr
    gate = next(r.at for r in records if "Answered" in repr(r.body)) - BEGAN
    terminal.frame(records, COMPUTE_RUNS)
    assert sys.stderr is not own, "a table is drawn: what others write goes above it"
    terminal.frame(records, gate - timedelta(seconds=1))
    assert sys.stderr is own
    assert terminal.frame(records, gate - timedelta(seconds=0.5)) == [""]
    assert "cutover.epoch" in steps(terminal.frame(records, gate + timedelta(seconds=0.1)))


def test_at_the_end_every_step_is_left_on_the_screen_and_the_cursor_is_back(
    screen: Screen,
) -> None:
    terminal, records = screen(height=20), journals.undisturbed()
    terminal.tell(records[:-1], until=records[-1].at)
    terminal.console.ticked(records[-1].at)
    assert HIDE in terminal.written()
    terminal.console.recorded(records[-1])
    last = terminal.written()
    left = plain(last[last.index(SHOW) :])
    rows = [line.split()[:2] for line in left if line.startswith("✓")]
    assert rows == [["✓", sketch.id] for sketch in SKETCHES]


def test_of_a_standby_no_process_is_shown_as_down(screen: Screen) -> None:
    frame = screen().frame(journals.a_standby(), COMPUTE_RUNS)
    text = "\n".join(frame)
    assert "standby of eu-central-1.g1" in text
    assert "compute" in text
    assert "down for" not in text
    assert not any(line.startswith(PROCESSES) for line in frame)
