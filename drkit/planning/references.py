"""Names and references of a plan: one name space of steps, and nothing that points nowhere."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping

from drkit.errors import Problem
from drkit.model.plan import Plan
from drkit.planning.cutover import first_of_cutover
from drkit.planning.drift import DRIFT
from drkit.planning.ledgers import AFTER_CUTOVER, read_ledgers
from drkit.planning.muzzled import MUZZLE
from drkit.planning.quiesce import QUIESCE

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""A step's name is also that of its log, and of its stack in Pulumi."""


def _step_names(plan: Plan) -> set[str]:
    names = {*plan.stacks, *plan.stores, *plan.services, QUIESCE, MUZZLE, DRIFT}
    names |= {f"check.{s.name}" for s in plan.services.values() if s.checks}
    names |= {f"{kind}.{process}" for process in plan.processes for kind in ("proof", "live")}
    ledgers = [f"ledger.{provider}" for provider in read_ledgers(plan)]
    names |= {*ledgers, *(f"{ledger}.{AFTER_CUTOVER}" for ledger in ledgers)}
    names |= {entry.name for entry in plan.steps.values() if entry.acts}
    parts = ("epoch", "revoke", "fence", "archive", "open", "dns", "dns-settled")
    names |= {f"{e.name}.{part}" for e in plan.steps.values() if e.cutover for part in parts}
    return names


def unknown_name(
    place: str, word: str, name: str, known: Iterable[str], *, affects: tuple[str, ...] = ()
) -> Problem:
    choices = sorted(known)
    near = difflib.get_close_matches(name, choices, n=1)
    remedy = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(choices) or 'none'}"
    message = f"`{name}` is no {word} of this plan"
    return Problem(place=place, message=message, remedy=remedy, affects=affects)


def name_problems(plan: Plan) -> Iterator[Problem]:
    """Names that cannot be used, names used twice, and steps that do two things or none."""
    acts = {entry.name: entry for entry in plan.steps.values() if entry.acts}
    sections: tuple[tuple[str, Mapping[str, object]], ...] = (
        ("stacks", plan.stacks),
        ("stores", plan.stores),
        ("services", plan.services),
        ("steps", acts),
    )
    yield from _unfit(*sections, ("processes", plan.processes), ("providers", plan.providers))
    yield from _twice(*sections)
    yield from _acts(plan)


def _unfit(*sections: tuple[str, Iterable[str]]) -> Iterator[Problem]:
    for section, names in sections:
        for name in names:
            if not _NAME.fullmatch(name):
                yield Problem(
                    place=f"{section}.{name}",
                    message=f"`{name}` is no name",
                    remedy="use letters, digits, `-`, `_` and `.`, a letter or digit first",
                )


def _twice(*sections: tuple[str, Iterable[str]]) -> Iterator[Problem]:
    """Stacks, stores, services and acts share one space of names: each becomes a step."""
    seen = {QUIESCE: "--mode planned", **dict.fromkeys((MUZZLE, DRIFT), "drkit validate")}
    for section, names in sections:
        for name in names:
            if name in seen:
                yield Problem(
                    place=f"{section}.{name}",
                    message=f"`{name}` is already the name of a step, by `{seen[name]}`",
                    remedy="give one of them another name",
                )
            seen[name] = section


def _acts(plan: Plan) -> Iterator[Problem]:
    for entry in plan.steps.values():
        verbs = [v for v in ("gate", "cutover", "playbook", "checks") if getattr(entry, v)]
        if len(verbs) > 1:
            yield Problem(
                place=f"steps.{entry.name}",
                message=f"one step does one thing, not {' and '.join(verbs)}",
                remedy="split it, and order the parts by `after`",
            )
        if not entry.acts and entry.name not in _step_names(plan):
            yield unknown_name(f"steps.{entry.name}", "step", entry.name, _step_names(plan))
        if entry.cutover and entry.cutover != "dns":
            yield Problem(
                place=f"steps.{entry.name}.cutover",
                message=f"`{entry.cutover}` is no method of cutover",
                remedy="write `cutover: dns`",
            )


def reference_problems(plan: Plan) -> Iterator[Problem]:
    steps = _step_names(plan)
    for section, entries in (
        ("stacks", plan.stacks),
        ("stores", plan.stores),
        ("services", plan.services),
    ):
        for name, entry in entries.items():
            yield from _needs(f"{section}.{name}.needs", name, entry.needs, steps)
    for step in plan.steps.values():
        first = first_of_cutover(step.name) if step.cutover else step.name
        yield from _needs(f"steps.{step.name}.after", step.name, step.after, steps, first=first)
    for process in plan.processes.values():
        place = f"processes.{process.name}"
        affects = (f"proof.{process.name}", f"live.{process.name}")
        for need in process.needs:
            if need not in plan.services:
                known = plan.services
                yield unknown_name(f"{place}.needs", "service", need, known, affects=affects)
        if process.ledger and process.ledger not in plan.providers:
            yield unknown_name(f"{place}.ledger", "provider", process.ledger, plan.providers)
        elif process.ledger and plan.providers[process.ledger].ledger is None:
            yield Problem(
                place=f"{place}.ledger",
                message=f"the provider `{process.ledger}` names no ledger",
                remedy=f"give `providers.{process.ledger}` a `ledger:` file",
            )


def _needs(
    place: str, name: str, needs: Iterable[str], steps: set[str], *, first: str = ""
) -> Iterator[Problem]:
    """``first``: the step that begins ``name``, where that is not one step alone."""
    for need in needs:
        if need == name:
            yield Problem(
                place=place, message="a step cannot wait for itself", remedy=f"take `{name}` out"
            )
        elif need not in steps:
            yield unknown_name(place, "step", need, steps, affects=(first or name,))
