"""Options and parameter types that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from drkit.model.quantities import parse_duration

if TYPE_CHECKING:
    from drkit.model.step import RunMode

F = TypeVar("F", bound=Callable[..., Any])


def with_all(given: Sequence[Callable[..., Any]]) -> Callable[[F], F]:
    """Several options and arguments as one decorator, for commands that share them."""

    def decorate(function: F) -> F:
        for one in reversed(given):
            function = one(function)
        return function

    return decorate


def plan_option(function: F) -> F:
    """``--plan FILE``: default ``drkit.yaml`` here, or ``$DRKIT_PLAN``."""
    return click.option(
        "--plan",
        "plan_file",
        type=click.Path(path_type=Path, dir_okay=False),
        default=Path("drkit.yaml"),
        envvar="DRKIT_PLAN",
        show_default=True,
        help="The recovery plan.",
    )(function)


def output_option(function: F) -> F:
    """``--output text|json``: what stdout carries."""
    return click.option(
        "--output", type=click.Choice(["text", "json"]), default="text", show_default=True
    )(function)


def mode_option(*, default: RunMode | None, said: str) -> Callable[[F], F]:
    """``--mode planned|unplanned``."""
    from drkit.model.step import RunMode

    return click.option(
        "--mode",
        type=click.Choice([mode.value for mode in RunMode]),
        default=default and default.value,
        show_default=default is not None,
        help=said,
    )


class When(click.ParamType[datetime]):
    """A moment: ISO 8601 with its zone, as 2026-11-23T05:00:00Z."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no time: write 2026-11-23T05:00:00Z", param, ctx)
        if moment.tzinfo is None:
            self.fail(f"{value!r} names no zone: add Z for UTC", param, ctx)
        return moment.astimezone(UTC)


class Duration(click.ParamType[timedelta]):
    """A number and a unit, as in the plan: 90s, 30m, 1h30m."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        if isinstance(value, timedelta):
            return value
        try:
            return parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Pair(click.ParamType[tuple[str, str]]):
    """``NAME=VALUE``."""

    name = "name=value"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        name, sign, rest = str(value).partition("=")
        if not (name and sign and rest):
            self.fail(f"{value!r}: write NAME=VALUE", param, ctx)
        return name, rest


def as_mapping(pairs: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    """Later pairs win."""
    return dict(pairs)
