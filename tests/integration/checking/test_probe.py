"""The probe against a real front door: what counts as an answer, and what is written down."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from drkit.adapters import probe
from drkit.adapters.probe import Prober, Shop, watch
from drkit.adapters.probe_results import rows_of_failures
from drkit.reporting.seen import Failing
from tests.fakes.names import Names
from tests.integration.checking.conftest import NAME, Authority, Door

PAGES = {"sales": "/health/storefront", "support": "/health/support"}


def _shop(authority: Authority, names: Names, port: int) -> Shop:
    names.records.setdefault(NAME, ("127.0.0.1", 60))
    resolver = f"127.0.0.1:{names.port}"
    return Shop(name=NAME, pages=PAGES, resolver=resolver, ca=authority.ca, port=port)


def test_each_process_is_asked_for_its_own_page_by_the_public_name(
    authority: Authority, door: Door, names: Names
) -> None:
    def handler(method: str, path: str, body: object, headers: object) -> tuple[int, object]:
        return (503 if path == "/health/support" else 200), {}

    door.handler = handler
    results = Prober(_shop(authority, names, door.port)).ask()
    assert [(r.process, r.ok) for r in results] == [("sales", True), ("support", False)]
    assert "status 503" in results[1].said
    assert {seen["Host"] for seen in door.seen} == {NAME}


def test_the_dns_answer_is_kept_for_its_time_to_live_and_no_longer(
    authority: Authority, door: Door, names: Names
) -> None:
    prober = Prober(_shop(authority, names, door.port))
    prober.ask()
    prober.ask()
    assert names.asked == [NAME]
    names.records[NAME] = ("127.0.0.9", 0)
    other = Prober(_shop(authority, names, door.port))
    assert not any(result.ok for result in other.ask())
    names.records[NAME] = ("127.0.0.1", 0)
    assert all(result.ok for result in other.ask())


def test_a_certificate_of_another_authority_is_no_answer(
    authority: Authority, door: Door, names: Names, tmp_path: Path
) -> None:
    shop = _shop(authority, names, door.port)
    of_the_system = Shop(
        name=shop.name, pages=shop.pages, resolver=shop.resolver, ca=None, port=shop.port
    )
    assert all("certificate" in result.said.lower() for result in Prober(of_the_system).ask())


def test_a_name_without_an_address_fails_every_process(authority: Authority, names: Names) -> None:
    shop = _shop(authority, names, 443)
    names.records.clear()
    assert all("has no address" in result.said for result in Prober(shop).ask())


@contextmanager
def _silent() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)

        def serve() -> None:
            taken: list[socket.socket] = []
            while not over.wait(0.05):
                try:
                    taken.append(server.accept()[0])
                except TimeoutError:
                    continue
            for one in taken:
                one.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        over.set()
        thread.join()


def test_a_host_that_never_answers_costs_no_more_than_the_limit(
    authority: Authority, names: Names
) -> None:
    with _silent() as port:
        begun = time.monotonic()
        results = Prober(_shop(authority, names, port)).ask()
        took = timedelta(seconds=time.monotonic() - begun)
    assert not any(result.ok for result in results)
    assert took < probe.LIMIT + timedelta(seconds=1)


def test_watching_tells_changes_only_and_writes_every_result(
    authority: Authority, door: Door, names: Names, tmp_path: Path
) -> None:
    door.handler = lambda *_: (200 if len(door.seen) <= 4 else 503, {})
    told: list[str] = []
    stop = threading.Event()

    def tell(line: str) -> None:
        told.append(line)
        if len(told) == 4:
            stop.set()

    file = tmp_path / ".drkit" / "probe.jsonl"
    watch(
        Prober(_shop(authority, names, door.port)),
        file,
        every=timedelta(milliseconds=20),
        span=timedelta(seconds=20),
        stop=stop,
        tell=tell,
    )
    assert [line.split()[2:4] for line in told[:2]] == [
        ["sales", "answers"],
        ["support", "answers"],
    ]
    assert all("FAILS" in line for line in told[2:])
    results = [json.loads(line) for line in file.read_text().splitlines()]
    failed = [result for result in results if not result["ok"]]
    assert len(results) >= 6
    rows = rows_of_failures(file, PAGES)
    for process in PAGES:
        first = min(result["at"] for result in failed if result["process"] == process)
        assert rows[process] == Failing(start=datetime.fromisoformat(first), observed=True)
