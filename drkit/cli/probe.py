"""``drkit probe``: watch the shop from outside, so that the RTO clock has a start that was seen."""

from __future__ import annotations

import signal
import threading
from datetime import timedelta
from pathlib import Path

import click

from drkit.cli.options import plan_option
from drkit.errors import ConfigurationError
from drkit.model.quantities import parse_duration


class Duration(click.ParamType[timedelta]):
    """``90s``, ``30m``, ``1h30m``; more than none."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        try:
            length = value if isinstance(value, timedelta) else parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if not length:
            self.fail(f"{value!r} is no time at all", param, ctx)
        return length


@click.command()
@click.option(
    "--every", type=Duration(), default="5s", show_default=True, help="Time between two questions."
)
@click.option("--for", "span", type=Duration(), help="Stop after this long; else at Ctrl-C.")
@plan_option
def probe(every: timedelta, span: timedelta | None, plan_file: Path) -> int:
    """Ask each process of the plan, as a customer would, whether it works.

    Prints changes of state only; every result goes to .drkit/probe.jsonl beside the plan, where
    `drkit rebuild` finds when the failures began. Run it where no loss of a site can reach it.
    """
    from drkit.adapters.plan_yaml import load_plan
    from drkit.adapters.probe import Prober, Shop, watch
    from drkit.adapters.probe_results import probe_file
    from drkit.adapters.worlds import open_world

    plan = load_plan(plan_file)
    pages = {p.name: p.probe for p in plan.processes.values() if p.probe is not None}
    if not pages:
        raise ConfigurationError(
            f"no process in {plan_file} says what to probe",
            remedy="give one a page that answers 200 while it works, as `probe: /health/orders`",
        )
    world = open_world(plan)
    shop = Shop(name=plan.dns.name, pages=pages, resolver=world.resolver, ca=world.ca)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    watch(
        Prober(shop),
        probe_file(plan.root),
        every=every,
        span=span,
        stop=stop,
        tell=click.echo,
    )
    return 0
