"""A validation each night: put into the hands of this machine's systemd, looked at, taken back.

Touches only files that carry the mark of the same plan and region. Refuses what could not work at
night (no systemd, nobody to carry a notice) with all that is wrong at once, before anything is
written. Nothing is begun now.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from drkit.adapters.night_units import Nightly, Tell, Written, mark, names, night_files, unit_name
from drkit.adapters.private import private_file
from drkit.adapters.systemd import Systemd, moment
from drkit.errors import ConfigurationError, Problem
from drkit.model.plan import Plan

_ADDRESS = re.compile(r"https?://[^\s\"\\@]+")
_MAIL = re.compile(r"[^\s@,<>-][^\s@,<>]*@[^\s@,<>]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """How the validation of one site stands with systemd."""

    region: str
    unit: str
    """Its timer."""
    active: bool
    next: datetime | None
    """None: not known while it runs, or not to come."""
    running: bool
    began: datetime | None
    """The last one; None: none that systemd knows of, which forgets it when the machine ends."""
    ended: datetime | None
    result: str
    exit: int | None
    tells: Tell | None
    """After which nights somebody is told; None: after none."""


def install(nightly: Nightly, systemd: Systemd) -> tuple[Path, ...]:
    """Write and enable what makes the validation run each night; returns the files. A second time
    it takes the place of the first.

    Raises ConfigurationError: nothing was changed then.
    """
    problems = tuple(_problems(nightly, systemd))
    if problems:
        raise ConfigurationError("nothing was scheduled", problems=problems)
    before = _kept(systemd.folder, nightly.unit)
    wanted = night_files(nightly, systemd.folder)
    try:
        _put(systemd.folder, nightly.unit, wanted)
        systemd.load()
        systemd.enable(f"{nightly.unit}.timer")
    except (OSError, ConfigurationError):
        _take_back(systemd, nightly.unit, before)
        raise
    return tuple(systemd.folder / name for name in wanted)


def _take_back(systemd: Systemd, unit: str, before: Mapping[str, Written]) -> None:
    """As it was, so far as systemd still answers: what it said first is what counts."""
    if not before:
        with suppress(ConfigurationError):
            systemd.disable(f"{unit}.timer")
    _put(systemd.folder, unit, before)
    with suppress(ConfigurationError):
        systemd.load()


def remove(plan_file: Path, plan: Plan, region: str, systemd: Systemd) -> tuple[Path, ...]:
    """Disable the timer and remove its files, which are returned; none where there is none. A
    validation that runs now goes on to its end. Raises ConfigurationError for another plan's.
    """
    unit = unit_name(plan.shop, region)
    there = tuple(_kept(systemd.folder, unit))
    strange = tuple(_strange(systemd.folder, unit, mark(region, plan_file)))
    if strange:
        raise ConfigurationError("nothing was removed", problems=strange)
    if f"{unit}.timer" in there:
        systemd.disable(f"{unit}.timer")
        systemd.forget(f"{unit}.timer", *(n for n in there if n.endswith(".service")))
    _put(systemd.folder, unit, {})
    if there:
        systemd.load()
    return tuple(systemd.folder / name for name in there)


def shown(plan: Plan, regions: tuple[str, ...], systemd: Systemd) -> tuple[Night, ...]:
    """Of each of ``regions`` that has a timer. Raises ConfigurationError if systemd is silent."""
    units = {region: unit_name(plan.shop, region) for region in regions}
    there = {r: unit for r, unit in units.items() if (systemd.folder / f"{unit}.timer").exists()}
    return tuple(_night(region, unit, systemd) for region, unit in there.items())


def _night(region: str, unit: str, systemd: Systemd) -> Night:
    timer = systemd.properties(f"{unit}.timer", "ActiveState")
    began, ended = "ExecMainStartTimestamp", "ExecMainExitTimestamp"
    states = ("ActiveState", "Result", "ExecMainStatus", began, ended, "OnFailure", "OnSuccess")
    service = systemd.properties(f"{unit}.service", *states)
    running = service["ActiveState"] in {"activating", "deactivating"}
    over = moment(service[ended]) if not running else None
    return Night(
        region=region,
        unit=f"{unit}.timer",
        active=timer["ActiveState"] == "active",
        next=systemd.next(f"{unit}.timer"),
        running=running,
        began=moment(service[began]),
        ended=over,
        result=service["Result"] if over else "",
        exit=int(service["ExecMainStatus"]) if over else None,
        tells=_tells(service),
    )


def _tells(service: Mapping[str, str]) -> Tell | None:
    """By the unit as systemd knows it."""
    if service["OnSuccess"]:
        return Tell.ALWAYS
    return Tell.FAILURES if service["OnFailure"] else None


def cron_line(nightly: Nightly) -> str:
    """The same by cron, which starts it again while it runs, and makes up for nothing missed."""
    command = f"cd {shlex.quote(str(nightly.plan_file.parent))} && {shlex.join(nightly.command)}"
    return f"{nightly.at.minute} {nightly.at.hour} * * * {command}".replace("%", "\\%")


def _problems(nightly: Nightly, systemd: Systemd) -> Iterator[Problem]:
    if why := systemd.why_not():
        yield Problem(
            place="systemd",
            message=why,
            remedy=("" if nightly.system else "as root with --system, or ")
            + f"by cron: {cron_line(nightly)}",
        )
    yield from _strange(systemd.folder, nightly.unit, mark(nightly.region, nightly.plan_file))
    for place, text in {"--plan": str(nightly.plan_file), **nightly.environment}.items():
        if not text.isprintable():
            yield Problem(
                place=place,
                message=f"{text!r} has letters that no unit can hold",
                remedy="take a folder with another name",
            )
    yield from _notice_problems(nightly)


def _notice_problems(nightly: Nightly) -> Iterator[Problem]:
    path = nightly.environment.get("PATH", "")
    if nightly.tell is not None and nightly.tells is None:
        yield Problem(
            place="--tell", message="nobody is named who is told", remedy="with --webhook or --mail"
        )
    if nightly.webhook is not None:
        if not _ADDRESS.fullmatch(nightly.webhook.reveal()):
            yield Problem(
                place="--webhook",
                message="it is no address of a webhook",
                remedy="write https://HOST/PATH, without a user's name",
            )
        if shutil.which("curl", path=path) is None:
            yield Problem(
                place="--webhook", message="there is no curl here", remedy="apt-get install curl"
            )
    if nightly.mail:
        if not _MAIL.fullmatch(nightly.mail):
            yield Problem(
                place="--mail",
                message=f"{nightly.mail!r} is no address",
                remedy="write one, as ana@shop.example",
            )
        if shutil.which("sendmail", path=path) is None:
            yield Problem(
                place="--mail",
                message="there is no sendmail here, by which it would go",
                remedy="install a mail server that has it (apt-get install postfix), or --webhook",
            )


def _strange(folder: Path, unit: str, known: str) -> Iterator[Problem]:
    """Files of these names that are another plan's, or somebody's own."""
    for name, found in _kept(folder, unit).items():
        marks = [line for line in found.text.splitlines()[:2] if line.startswith("# Written by")]
        if marks != [known]:
            whose = marks[0].removeprefix("# ") if marks else "not written by drkit"
            yield Problem(
                place=str(folder / name),
                message=f"it is another's: {whose}",
                remedy="remove that schedule with its own plan, or move the file away",
            )


def _kept(folder: Path, unit: str) -> dict[str, Written]:
    """The files of these names as they are."""
    paths = [folder / name for name in names(unit)]
    return {
        path.name: Written(
            text=path.read_text(errors="surrogateescape"), mode=path.stat().st_mode & 0o777
        )
        for path in paths
        if path.exists()
    }


def _put(folder: Path, unit: str, wanted: Mapping[str, Written]) -> None:
    """Have these files there, and no other of their names. Each is whole at any moment."""
    if wanted:
        folder.mkdir(parents=True, exist_ok=True)
    for name in names(unit):
        path, fresh = folder / name, folder / f".{name}.new"
        if name in wanted:
            with private_file(fresh, "w") as file:
                file.write(wanted[name].text)
            fresh.chmod(wanted[name].mode)
            fresh.replace(path)
        else:
            path.unlink(missing_ok=True)
