"""``drkit schedule install | show | remove``: a validation each night, by systemd."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from drkit.cli import completion
from drkit.cli.options import output_option, plan_option, with_all
from drkit.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from drkit.adapters.systemd import Systemd
    from drkit.model.plan import Plan
    from drkit.scheduling import Night

VERSION = 1
"""Of the JSON output."""
_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class Clock(click.ParamType[time]):
    """Hour and minute, as 02:30."""

    name = "hh:mm"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> time:
        try:
            hour, minute = str(value).split(":")
            return time(int(hour), int(minute))
        except ValueError:
            self.fail(f"{value!r} is no time of day: write 02:30", param, ctx)


_REGION = click.option(
    "--region", required=True, shell_complete=completion.regions, help="The standby site."
)
_SYSTEM = click.option(
    "--system", is_flag=True, help="By the machine's systemd, as root; else by that of the user."
)


_NOTICE = (
    click.option(
        "--webhook",
        metavar="URL",
        envvar="DRKIT_WEBHOOK",
        help="Where a night is posted to as {'text': …}. In the variable it is seen by nobody"
        " else.",
    ),
    click.option(
        "--mail", metavar="ADDRESS", default="", help="Who is told of a night by sendmail."
    ),
    click.option(
        "--tell",
        type=click.Choice(["always", "failures"]),
        help="After which nights. With always, a morning without a word says that something is"
        " wrong. [default: failures]",
    ),
)
"""Who is told how a night ended."""


@click.group()
def schedule() -> None:
    """Have a standby site validated each night by systemd."""


@schedule.command()
@_REGION
@click.option(
    "--at",
    type=Clock(),
    default="02:30",
    show_default=True,
    help="When, by the machine's time zone; begun within 10 minutes from then.",
)
@_SYSTEM
@with_all(_NOTICE)
@plan_option
def install(region: str, at: time, system: bool, plan_file: Path, **told: Any) -> int:
    """Write and enable a systemd timer that runs `drkit validate --region R` each night.

    With this drkit, in the plan's folder, with the PATH of now; nothing is begun yet. What a
    machine that was off has missed is made up for. Its output goes to the systemd journal; where a
    webhook or an address is named, one line tells how a night ended. A second time replaces the
    first.
    """
    from drkit.adapters.night_units import Nightly, Tell
    from drkit.ports import Secret
    from drkit.scheduling import install as begin

    plan, systemd = _opened(plan_file, region, system)
    nightly = Nightly(
        shop=plan.shop,
        region=region,
        plan_file=plan_file.resolve(),
        python=Path(sys.executable),
        at=at,
        environment=_kept(),
        system=system,
        webhook=Secret(told["webhook"]) if told["webhook"] else None,
        mail=told["mail"],
        tell=Tell(told["tell"]) if told["tell"] else None,
    )
    for file in begin(nightly, systemd):
        click.echo(file)
    _say_what_is_left(plan, systemd)
    return 0


def _kept() -> Mapping[str, str]:
    """What a night finds of the environment of now, with this drkit first on its PATH."""
    from drkit.adapters.night_units import KEPT

    path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}:/usr/sbin"
    return {name: os.environ[name] for name in KEPT if os.environ.get(name)} | {"PATH": path}


def _say_what_is_left(plan: Plan, systemd: Systemd) -> None:
    """What only the person who installs it can see to."""
    from drkit.model.plan import Cloud

    if not systemd.lingers:
        click.echo("it runs only while you are logged in: `loginctl enable-linger`", err=True)
    given = [name for name in _KEYS if os.environ.get(name)]
    aws = any(site.cloud is Cloud.AWS for site in plan.sites.values())
    if given and aws and not os.environ.get("AWS_PROFILE"):
        click.echo(
            f"{', '.join(given)} of this shell are not written anywhere: the nights need"
            " AWS_PROFILE, set when you install, or the machine's own role",
            err=True,
        )


@schedule.command()
@click.option("--region", shell_complete=completion.regions, help="Only this site.")
@_SYSTEM
@output_option
@plan_option
def show(region: str | None, system: bool, output: str, plan_file: Path) -> int:
    """Say when the next night begins, and how the last one ended.

    How it went in detail: `drkit history --kind validate`. Ends with 3 where nothing is scheduled.
    """
    from drkit.scheduling import shown

    plan, systemd = _opened(plan_file, region, system)
    nights = shown(plan, (region,) if region else tuple(plan.sites), systemd)
    if output == "json":
        click.echo(json.dumps(_as_json(plan, nights), indent=1))
    else:
        for night in nights:
            click.echo(_told(night))
    if not nights:
        raise ConfigurationError(
            f"nothing is scheduled by the systemd of the {'machine' if system else 'user'}",
            remedy=f"see {'without' if system else 'with'} --system, or `drkit schedule install`",
        )
    return 0


@schedule.command()
@_REGION
@_SYSTEM
@plan_option
def remove(region: str, system: bool, plan_file: Path) -> int:
    """Disable the timer of a site, and remove the files that `install` wrote.

    A night that runs now goes on to its end. Nothing else is touched; where there is nothing, that
    is said.
    """
    from drkit.planning.sites import must_be_site
    from drkit.scheduling import remove as end

    # a site that is in the plan no more may still have its timer
    plan, systemd = _opened(plan_file, None, system)
    files = end(plan_file.resolve(), plan, region, systemd)
    for file in files:
        click.echo(f"removed {file}")
    if not files:
        must_be_site(plan, region)
        click.echo("nothing was scheduled")
    return 0


def _opened(plan_file: Path, region: str | None, system: bool) -> tuple[Plan, Systemd]:
    from drkit.adapters.systemd import Systemd
    from drkit.api import load_plan
    from drkit.planning.sites import must_be_site

    plan = load_plan(plan_file)
    if region is not None:
        must_be_site(plan, region)
    if system and os.geteuid() != 0:
        raise UsageError("--system is for root alone", remedy="with sudo, or without --system")
    return plan, Systemd(system=system)


def _told(night: Night) -> str:
    """In one line."""
    from drkit.adapters.codec import format_time

    ahead = format_time(night.next) if night.next else "not known"
    parts = [f"next {ahead}" if night.active else "not active: install it again"]
    if night.running and night.began:
        parts.append(f"running since {format_time(night.began)}")
    elif night.ended and night.began:
        span = f"{format_time(night.began)} to {format_time(night.ended)}"
        parts.append(f"last {span}: exit {night.exit} ({night.result})")
    else:
        parts.append("none since the machine started")
    tells = {"always": "every night is told", "failures": "a failure is told"}
    parts.append(tells[night.tells] if night.tells else "nobody is told of a failure")
    return f"{night.unit}: {'; '.join(parts)}"


def _as_json(plan: Plan, nights: tuple[Night, ...]) -> dict[str, object]:
    from drkit.adapters.codec import format_time

    return {
        "version": VERSION,
        "shop": plan.shop,
        "nights": [
            {
                "region": night.region,
                "unit": night.unit,
                "active": night.active,
                "next": format_time(night.next) if night.next else None,
                "running": night.running,
                "began": format_time(night.began) if night.began else None,
                "ended": format_time(night.ended) if night.ended else None,
                "result": night.result or None,
                "exit": night.exit,
                "tells": night.tells is not None,
                "told": night.tells.value if night.tells else None,
            }
            for night in nights
        ],
    }
