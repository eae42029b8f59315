"""Finds every tool of the table on this machine and asks it for its version.

Decides what is found, too old, broken or missing, and says how to get it. Changes nothing.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial
from importlib import metadata

from drkit import processes
from drkit.errors import ConfigurationError, DrkitError, Problem
from drkit.toolchain.pulumi import VERSION, find_pulumi
from drkit.toolchain.tools import EXTRAS, LIBRARIES, PROGRAMS, Library, Need, Program

_LIMIT = timedelta(seconds=10)
_VERSION = re.compile(r"\d+(?:\.\d+)+")
_LEAST_PYTHON = (3, 11)


class Stand(StrEnum):
    FOUND = "found"
    OLD = "too old"
    BROKEN = "does not work"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One tool: whether it is here, in which version, where, and how to get it if not."""

    name: str
    purpose: str
    need: Need
    stand: Stand
    version: str = ""
    path: str = ""
    remedy: str = ""
    """What to do; empty when nothing is wrong."""

    def hinders(self, needs: frozenset[Need]) -> bool:
        """Whether somebody of ``needs`` cannot work because of this."""
        return self.stand is not Stand.FOUND and self.need in needs


def survey(needs: frozenset[Need] = frozenset(Need)) -> tuple[Finding, ...]:
    """Every tool of the table that somebody of ``needs`` wants, in its order. Asks all of them at
    once: 0.5 s.
    """
    asked: list[Callable[[], Finding]] = [_python, _pulumi] if Need.RUN in needs else []
    asked += [partial(_library, library) for library in LIBRARIES if library.need in needs]
    asked += [partial(_program, program) for program in PROGRAMS if program.need in needs]
    with ThreadPoolExecutor(max_workers=8) as pool:
        return tuple(pool.map(lambda ask: ask(), asked))


def hindrances() -> tuple[Problem, ...]:
    """What of this machine would stop a run, in any cloud: one problem for each tool."""
    needs = frozenset({Need.RUN})
    return tuple(
        Problem(
            place=f"tool {found.name}",
            message=f"{found.stand}: {found.purpose}",
            remedy=found.remedy or "see `drkit doctor`",
        )
        for found in survey(needs)
        if found.hinders(needs)
    )


def _python() -> Finding:
    stand = Stand.FOUND if sys.version_info >= _LEAST_PYTHON else Stand.OLD
    return Finding(
        name="python",
        purpose="runs drkit",
        need=Need.RUN,
        stand=stand,
        version=platform.python_version(),
        path=sys.executable,
        remedy="" if stand is Stand.FOUND else "install Python 3.11 or later",
    )


def _pulumi() -> Finding:
    try:
        path, stand, remedy = str(find_pulumi()), Stand.FOUND, ""
    except ConfigurationError as error:
        path, stand, remedy = "", Stand.MISSING, error.remedy
    return Finding(
        name="pulumi CLI",
        purpose="runs the stacks",
        need=Need.RUN,
        stand=stand,
        version=VERSION if path else "",
        path=path,
        remedy=remedy,
    )


def _library(library: Library) -> Finding:
    wanted = EXTRAS.get(library.name, "drkit")
    try:
        version, stand = metadata.version(library.name), Stand.FOUND
    except metadata.PackageNotFoundError:
        version, stand = "", Stand.MISSING
    return Finding(
        name=library.name,
        purpose=library.purpose,
        need=library.need,
        stand=stand,
        version=version,
        remedy="" if version else f"install it beside drkit: uv pip install '{wanted}'",
    )


def _program(program: Program) -> Finding:
    remedy = f"apt-get install {program.package}"
    where = os.pathsep.join((os.environ.get("PATH", os.defpath), *program.also_in))
    path = shutil.which(program.name, path=where)
    stand, version = Stand.MISSING, ""
    if path is not None:
        try:
            answer = processes.run([path, *program.ask], limit=_LIMIT)
            found = _VERSION.search(answer.out + answer.err)
        except DrkitError:
            found = None
        version = found[0] if found else ""
        stand = _judged(version, program.least)
    if stand is Stand.OLD:
        remedy = f"{program.least_text} or later is needed: {remedy}"
    return Finding(
        name=program.name,
        purpose=program.purpose,
        need=program.need,
        stand=stand,
        version=version,
        path=path or "",
        remedy="" if stand is Stand.FOUND else remedy,
    )


def _judged(version: str, least: tuple[int, ...]) -> Stand:
    if not version:
        return Stand.BROKEN
    parts = tuple(int(part) for part in version.split("."))
    return Stand.FOUND if parts >= least else Stand.OLD
