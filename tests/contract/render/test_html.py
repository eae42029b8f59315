"""The HTML file: opens offline, escapes what tools said, and draws what the figures say."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from drkit.adapters import render_html
from drkit.model.outcome import Failure, Outcome, State
from drkit.reporting.report import report
from tests.unit.reporting import journals
from tests.unit.reporting.journals import Story, play, promise, reading
from tests.unit.reporting.nights import FAILED, Night, nights


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def _tags(text: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = _Tags()
    parser.feed(text)
    return parser.seen


@pytest.mark.parametrize("journal", journals.ALL.values(), ids=journals.ALL.keys())
def test_the_file_loads_nothing(journal: journals.Journal) -> None:
    text = render_html.render(report(journal()))
    assert not [tag for tag, _ in _tags(text) if tag in {"script", "link", "img", "iframe"}]
    assert not [a for _, attrs in _tags(text) for a in attrs if a in {"src", "href", "srcset"}]
    assert not re.search(r"url\((?!#)|@import", text)


def test_what_a_tool_said_is_shown_and_never_obeyed() -> None:
    said = "<script>alert('it was here')</script>"
    failed = Outcome(state=State.FAILED, message=said, failures=(Failure(message=said, host=said),))
    text = render_html.render(report(play(Story(ends={"support": failed}))))
    assert "<script" not in text
    assert "&lt;script&gt;alert(" in text


def test_a_clock_that_used_half_its_rto_is_drawn_at_half_of_the_mark() -> None:
    plan = {**journals.PLAN, "processes": {"sales": _process(rto="668s")}}
    text = render_html.render(report(play(Story(plan=plan))))
    fill, limit = _gauge(text)
    assert fill / limit == pytest.approx(0.5, abs=0.005)


def test_a_clock_far_over_its_rto_stays_inside_the_drawing() -> None:
    plan = {**journals.PLAN, "processes": {"sales": _process(rto="10s")}}
    fill, limit = _gauge(render_html.render(report(play(Story(plan=plan)))))
    assert fill == 100
    assert limit == pytest.approx(100 / 3, abs=0.01)


def test_a_long_list_of_lost_promises_is_folded_but_whole() -> None:
    lost = [promise(n, before=timedelta(seconds=n)) for n in range(1, 401)]
    text = render_html.render(report(play(Story(ends={"ledger.card-a": reading("card-a", *lost)}))))
    folds = [attrs for tag, attrs in _tags(text) if tag == "details"]
    assert "open" not in folds[0]
    assert all(f">B-{n}<" in text for n in range(1, 401))


def test_the_runs_before_are_drawn_and_said_in_words_for_who_does_not_see() -> None:
    failed = Night(story=Story(ends={"support": FAILED}))
    unseen = Night(story=Story(incident=None))
    newest = nights([Night(), failed, unseen, *[Night()] * 2, Night(slower={"orders-db": 130})])[0]
    text = render_html.render(newest.run.report, compared=newest)
    labels = [attrs.get("aria-label") or "" for tag, attrs in _tags(text) if tag == "div"]
    assert [label for label in labels if label.startswith("sales, oldest first")] == [
        "sales, oldest first: 5m 34s, not back, at least 1m 9s, 5m 34s, 5m 34s, 7m 44s"
    ]
    drawn = re.findall(
        r'<i class="([a-z ]+)"(?: style="height: max\(2px, ([\d.]+)%\)")? title', text
    )
    past = ["met past", "none past", "unknown past", "met past", "met past", "met"]
    assert [words for words, _ in drawn] == past * 5
    assert [height for _, height in drawn[:6]] == ["72.01", "", "14.94", "72.01", "72.01", "100.00"]
    assert "orders-db took 2m 20s, usually 9.7s" in text


def test_without_a_run_before_there_is_no_such_part() -> None:
    alone = nights([Night()])[0]
    assert "Beside the runs before" not in render_html.render(alone.run.report, compared=alone)
    assert render_html.render(alone.run.report, compared=alone) == render_html.render(
        alone.run.report
    )


def _process(*, rto: str) -> dict[str, str]:
    return {"rto": rto, "rpo": "1h", "impact": "50000/day", "ledger": "card-a"}


def _gauge(text: str) -> tuple[float, float]:
    """Fill and mark of the first gauge, in per cent."""
    fill = re.search(r'class="fill [^"]*" style="width: ([\d.]+)%', text)
    limit = re.search(r'class="limit" style="left: ([\d.]+)%', text)
    assert fill
    assert limit
    return float(fill[1]), float(limit[1])
