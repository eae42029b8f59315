"""A forecast in words and as JSON values: the same on every console and in ``drkit status``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from drkit.adapters.codec import format_time
from drkit.model.quantities import format_duration
from drkit.planning.order import NOMINAL
from drkit.reporting.expected import PERSON, Source
from drkit.reporting.forecast import Forecast, Help, ProcessForecast, slowest

_MOST = 3
"""So many helps are told: who reads ten does none."""


def when(process: ProcessForecast, at: datetime) -> str:
    """``05:12:10 (in 22m 3s)``; the moment alone for what is back; why there is none."""
    if process.back is None:
        return f"stopped by {', '.join(process.stopped_by)}"
    if process.live:
        return _clock(process.back, at)
    left = _whole(process.back - at)
    return f"{_clock(process.back, at)} ({'in ' + format_duration(left) if left else 'due now'})"


def lateness(process: ProcessForecast) -> str:
    """``12m late``; empty for what is in time, or for what nobody can tell."""
    if process.room is None or not process.late:
        return ""
    return f"{'' if process.observed else '≥ '}{_short(-process.room)} late"


def miss(process: ProcessForecast, at: datetime) -> str:
    """``payment will miss its RTO by 12m``, and when it is expected."""
    if process.room is None or process.deadline is None or process.back is None:
        return ""
    by = f"by {'' if process.observed else 'at least '}{_short(-process.room)}"
    word = "will miss its RTO" if process.deadline >= at else "is past its RTO, and will miss it"
    return f"{process.name} {word} {by}: expected back at {when(process, at)}"


def in_time(process: ProcessForecast, at: datetime) -> str:
    room = _short(process.room) if process.room is not None else ""
    back = when(process, at)
    return f"{process.name} is expected within its RTO again, at {back}: {room} to spare"


def advice(process: ProcessForecast) -> str:
    """What would bring it back sooner, as far as the numbers show it."""
    told = [_advice(help_) for help_ in process.helps[:_MOST]]
    if slow := [f"{step.id} {_long(step.to_go, step.over)}" for step in slowest(process)]:
        told.append(f"slowest on its way: {', '.join(slow)}")
    return "; ".join(told)


def basis(forecast: Forecast) -> str:
    """What the times are made of: UTC, where durations come from, what is assumed. Empty where
    no process is expected back."""
    if not forecast.processes:
        return ""
    named = {
        Source.EARLIER: "as in earlier runs",
        Source.BUDGET: "by budget",
        Source.NOMINAL: f"at {_short(NOMINAL)}",
    }
    from_ = [
        f"{count} {words}"
        for source, words in named.items()
        if (count := forecast.sources.get(source))
    ]
    told = [f"steps: {', '.join(from_)}"] if from_ else []
    if forecast.sources.get(Source.PERSON):
        told.append(f"a person: {_short(PERSON)} (assumed)")
    if forecast.sources and forecast.bound is None:
        told.append("as if all could run side by side")
    return "; ".join(["UTC", *told]) if told else ""


def line(process: ProcessForecast, at: datetime) -> str:
    """One process in one line, without its name."""
    if process.back is None:
        told = when(process, at)
        return f"{told}; RTO until {_clock(process.deadline, at)}" if process.deadline else told
    told = ("back since " if process.live else "expected back at ") + when(process, at)
    if process.deadline is None or process.room is None:
        return told
    room = lateness(process) or f"{_short(process.room)} to spare"
    return f"{told}, RTO until {_clock(process.deadline, at)}: {room}"


def as_json(forecast: Forecast) -> Mapping[str, Any]:
    return {
        "at": format_time(forecast.at),
        "max_parallel": forecast.bound,
        "steps_left": {str(source): count for source, count in forecast.sources.items()},
        "person_seconds": PERSON.total_seconds(),
        "processes": [_process_json(process) for process in forecast.processes],
    }


def _process_json(process: ProcessForecast) -> Mapping[str, Any]:
    return {
        "name": process.name,
        "live": process.live,
        "back_at": format_time(process.back) if process.back else None,
        "rto_until": format_time(process.deadline) if process.deadline else None,
        "rto_observed": process.observed,
        "room_seconds": _seconds(process.room),
        "stopped_by": list(process.stopped_by),
        "path": [
            {"step": step.id, "seconds": _seconds(step.to_go), "over_seconds": _seconds(step.over)}
            for step in process.path
        ],
        "helps": [
            {
                "step": help_.step,
                "kind": help_.kind,
                "asked": help_.asked,
                "saves_seconds": _seconds(help_.gain),
            }
            for help_ in process.helps
        ],
    }


def _seconds(value: timedelta | None) -> float | None:
    return round(value.total_seconds(), 1) if value is not None else None


def _advice(help_: Help) -> str:
    saves = f" (saves up to {_short(help_.gain)})" if help_.gain else ""
    if help_.kind == "gate":
        how = "now" if help_.asked else "as soon as it is asked"
        return f"answer `{help_.step}` {how}{saves}"
    return f"skip `{help_.step}`{saves}: what it shows is then not proven"


def _long(to_go: timedelta, over: timedelta) -> str:
    return f"runs {_short(over)} longer than expected" if over else _short(to_go)


def _short(value: timedelta) -> str:
    return format_duration(_whole(value))


def _whole(value: timedelta) -> timedelta:
    """In seconds: nobody knows tenths beforehand."""
    return timedelta(seconds=round(value.total_seconds()))


def _clock(moment: datetime, at: datetime) -> str:
    return f"{moment:%H:%M:%S}" if moment.date() == at.date() else f"{moment:%d %b %H:%M}"
