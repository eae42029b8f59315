"""`drkit sandbox load`: customers who drive the shop at a set rate, whatever becomes of it.

They know its name and nothing else: it is looked up by the sandbox's DNS alone, kept for its time
to live, and asked for over TLS with the sandbox's authority. Visits begin on time also while the
shop is gone; only a bound on those under way holds new ones back.
"""

from __future__ import annotations

import json
import random
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

import click
import httpx

from drkit.model.quantities import parse_duration
from drkit.sandbox.folder import Folder
from drkit.sandbox.world.customer import Customer, Visit
from drkit.sandbox.world.diary import Diary
from drkit.sandbox.world.way import way

_AT_ONCE = 64
_RETURNING = 0.9
"""Most have an account: a password costs a tenth of a second of the shop's processor."""


class Crowd:
    """All customers: who comes next, and how each reaches the shop."""

    def __init__(self, reach: Callable[[], httpx.Client], diary: Diary, seed: int | None) -> None:
        self._reach, self._diary = reach, diary
        self._chance = random.Random(seed)
        self._session = f"{self._chance.getrandbits(32):08x}{time.time_ns():x}"
        self._regulars: list[Customer] = []
        self._room = threading.Semaphore(_AT_ONCE)
        self._lock = threading.Lock()
        self._came = 0
        self._fault: BaseException | None = None

    def come(self, pool: ThreadPoolExecutor, stop: threading.Event) -> None:
        """Begin one visit in the background, if there is room."""
        if self._fault is not None:
            raise self._fault
        if not self._room.acquire(blocking=False):
            self._diary.was_held_back()
            return
        self._diary.came()
        chance = random.Random(self._chance.getrandbits(64))
        pool.submit(self._visit, self._next(), chance, stop).add_done_callback(self._ended)

    def _visit(self, customer: Customer, chance: random.Random, stop: threading.Event) -> None:
        try:
            with self._reach() as http:
                http.cookies = customer.cookies
                visit = Visit(
                    customer=customer, http=http, diary=self._diary, chance=chance, stop=stop
                )
                if visit.run():
                    with self._lock:
                        self._regulars.append(customer)
        finally:
            self._room.release()

    def _ended(self, visit: Future[None]) -> None:
        # A failure of the shop is in the diary; what ends here is a fault of the load's own.
        if (fault := visit.exception()) is not None:
            self._fault = fault

    def _next(self) -> Customer:
        with self._lock:
            self._came += 1
            if self._regulars and self._chance.random() < _RETURNING:
                return self._regulars.pop(self._chance.randrange(len(self._regulars)))
            return Customer(
                email=f"c{self._came}.{self._session}@customers.example",
                password=f"{self._chance.getrandbits(64):x}",
            )


def drive(crowd: Crowd, *, rate: float, limit: timedelta | None, stop: threading.Event) -> None:
    """Visits at ``rate`` a second until ``stop`` or ``limit``; those under way then end.

    Each begins at its planned time, so that a slow shop is not asked less often.
    """
    began = time.monotonic()
    end = began + limit.total_seconds() if limit else float("inf")
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        count = 0
        while (due := began + count / rate) < end:
            if stop.wait(max(0.0, due - time.monotonic())):
                return
            crowd.come(pool, stop)
            count += 1
        stop.wait(max(0.0, end - time.monotonic()))
        stop.set()


def _duration(_: click.Context, __: click.Parameter, text: str | None) -> timedelta | None:
    try:
        return None if text is None else parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command("load")
@click.option(
    "--rate",
    type=click.FloatRange(0, 100, min_open=True),
    default=5.0,
    show_default=True,
    help="Visits a second.",
)
@click.option(
    "--for", "limit", callback=_duration, metavar="TIME", help="Until stopped, if left out."
)
@click.option(
    "--ledger",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The customers' own ledger, as JSON lines.",
)
@click.option("--seed", type=int, help="Decides who comes and what they want.")
@click.option("--output", type=click.Choice(("text", "json")), default="text", show_default=True)
def load_command(
    *, rate: float, limit: timedelta | None, ledger: Path | None, seed: int | None, output: str
) -> None:
    """Drive the shop as customers do, RATE visits a second.

    They look around, and more than half buy; some have it sent or write to support. FILE is the
    customers' ledger: a line of JSON for each promised order, failure and page. Stop it with
    SIGTERM or Ctrl-C; the summary tells the longest time without a promised order.
    """
    reach, stop = way(Folder.chosen()).reach, threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    with ledger.open("a", encoding="utf-8") if ledger else nullcontext() as file:
        diary = Diary(file)
        drive(Crowd(reach, diary, seed), rate=rate, limit=limit, stop=stop)
        summary = diary.summary()
    click.echo(json.dumps(summary.json()) if output == "json" else summary.text())
