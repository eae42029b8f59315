"""``drkit reap``: what is there of a site's generations, and the removal of one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from drkit.agreeing import Agreement
from drkit.cli import completion
from drkit.cli.options import output_option, plan_option
from drkit.destroying import Reaped
from drkit.errors import Exit, RunBusy, UsageError

if TYPE_CHECKING:
    from drkit.reaping import Found


@click.command()
@click.argument("region", required=False, shell_complete=completion.regions)
@click.option("--generation", type=click.IntRange(min=1), help="Only this one.")
@click.option(
    "--expired",
    is_flag=True,
    help="Only copies of validations that died, or whose --keep is over.",
)
@click.option("--reason", default="", help="Why; recorded, and needed where customers were on it.")
@click.option("--yes", is_flag=True, help="Destroy it; without, nothing is touched.")
@output_option
@plan_option
def reap(
    region: str | None, generation: int | None, expired: bool, yes: bool, **options: Any
) -> int:
    """List what is there of the generations of REGION (of every site, if none is named); with
    --yes, destroy one (--generation), or all that validations left (--expired).

    Refused: the one that serves, and one that a run has built and may still open. One that
    customers were on takes two people, who say yes by `drkit approve`: while one is missing, this
    ends with 7 and touches nothing, and the same command again destroys it. A no ends it with 8.
    What could not be removed is named, and ends with 6.
    """
    from drkit.adapters.plan_yaml import load_plan
    from drkit.reaping import Reaper

    _check(region, generation, expired=expired, yes=yes)
    output, plan = options["output"], load_plan(options["plan_file"])
    reapers = {name: Reaper(plan, name) for name in ([region] if region else plan.sites)}
    busy = _Busy(passed_over=region is None)
    found: list[Found] = []
    for reaper in reapers.values():
        with busy:
            found += reaper.expired() if expired else reaper.found(generation)
    if not yes:
        click.echo(_json([_found(each) for each in found]) if output == "json" else _listed(found))
        return int(busy.told(Exit.OK))
    done: list[Reaped | Agreement] = []
    try:
        for target in (each.target for each in found):
            with busy:
                done.append(
                    reapers[target.region].reap(target.generation, _say, reason=options["reason"])
                )
    finally:  # whatever the last one met, the others are told
        if done or not found:
            click.echo(_done_json(done, many=expired) if output == "json" else _done_text(done))
    return int(busy.told(max((_exit(each) for each in done), default=Exit.OK)))


class _Busy:
    """Sites on which another place works: passed over where all are asked, and told at the end."""

    def __init__(self, *, passed_over: bool) -> None:
        self._passed_over = passed_over
        self._errors: list[RunBusy] = []

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if not self._passed_over or not isinstance(error, RunBusy):
            return False
        self._errors.append(error)
        return True

    def told(self, exit_: Exit) -> Exit:
        """How the command ends that would end with ``exit_`` without them."""
        for error in self._errors:
            click.echo(f"not looked at: {error}", err=True)
            if error.remedy:
                click.echo(f"    → {error.remedy}", err=True)
        return Exit.BUSY if self._errors and exit_ is Exit.OK else exit_


def _done_json(done: list[Reaped | Agreement], *, many: bool) -> str:
    said = [_came(each) for each in done]
    return _json(said if many else said[0])


def _done_text(done: list[Reaped | Agreement]) -> str:
    lines = [line for each in done for line in _came_lines(each)]
    return "\n".join(lines) or "no validation has left anything"


def _exit(came: Reaped | Agreement) -> Exit:
    match came:
        case Agreement(answer=None):
            return Exit.WAITS
        case Agreement():
            return Exit.UNKNOWN  # as of a run whose gate was refused
        case Reaped(stays=stays):
            return Exit.STEP_FAILED if stays else Exit.OK


def _say(line: str) -> None:
    click.echo(f"  {line}", err=True)


def _check(region: str | None, generation: int | None, *, expired: bool, yes: bool) -> None:
    if expired and generation is not None:
        raise UsageError("--expired or --generation, not both", remedy="leave one of the two out")
    if generation is not None and region is None:
        raise UsageError(
            f"of which site is generation {generation}?",
            remedy=f"name it: `drkit reap REGION --generation {generation}`",
        )
    if yes and generation is None and not expired:
        listing = " ".join(filter(None, ("drkit reap", region)))
        raise UsageError(
            "--yes needs a --generation: one is removed at a time",
            remedy=f"`{listing}` lists those that there are; --expired takes all that validations"
            " left",
        )


def _json(said: list[dict[str, Any]] | dict[str, Any]) -> str:
    shape = {"generations": said} if isinstance(said, list) else said
    return json.dumps({"version": 1, **shape}, indent=1)


def _found(found: Found) -> dict[str, Any]:
    from drkit.adapters.codec import format_time

    left = found.left
    return {
        "name": found.target.name,
        "generation": found.target.generation,
        "opened": found.opened,
        "asked": _asked(found.asked) if found.asked else None,
        "stands_by": found.stands_by,
        "left": {
            "at": format_time(left.at),
            "reason": left.reason,
            "operator": left.operator,
            "run": left.run or None,
        }
        if left
        else None,
        "refused": found.refused or (found.lacking.message if found.lacking else None),
        "remedy": found.remedy or (found.lacking.remedy if found.lacking else None) or None,
        "stacks": [
            {"project": each.project, "resources": list(each.resources), "note": each.note or None}
            for each in found.remains
        ],
    }


def _listed(found: Sequence[Found]) -> str:
    lines = [line for each in found for line in (*found_lines(each), *_ways(each))]
    return "\n".join([*lines, "nothing was touched"]) if lines else "no generation holds anything"


def found_lines(found: Found) -> Iterator[str]:
    """A generation, and what would be destroyed of it."""
    words = ["opened to customers"] if found.opened else ["never opened"]
    words += ["the warm standby"] if found.stands_by else []
    if found.left:
        words.append(f"left behind by {found.left.operator}: {found.left.reason}")
    yield f"{found.target.name}: {', '.join(words)}"
    for each in found.remains:
        note = f" ({each.note})" if each.note else ""
        yield f"  {each.project}: {len(each.resources)} resources{note}"
        yield from (f"    {resource}" for resource in each.resources)


def asked_lines(asked: Agreement) -> Iterator[str]:
    """What people are asked, what they said so far, and how who is missing says it."""
    from drkit.reporting.gates import answer_said, gate_waits

    removal = asked.removal
    yield f"  {removal.operator} asks to have it destroyed: {removal.reason}"
    yield from (f"    {answer_said(answer)}" for answer in asked.said)
    if asked.outdated:
        yield f"  no yes to that counts any more: {asked.outdated}; the next asking begins anew"
    elif asked.answer is None:
        way = f"drkit approve {removal.name} {asked.step} --as NAME"
        yield f"  {gate_waits(asked.gate, said=asked.said)}: `{way}`"
        if asked.sealed:
            yield f"  if nobody else can be had, a sealed code stands in: `{way} --break-glass`"


def _ways(found: Found) -> Iterator[str]:
    target, problem = found.target, found.lacking
    way = f"drkit reap {target.region} --generation {target.generation} --yes"
    asked = found.asked
    way += " --reason WHY" if found.opened and not (asked and asked.stands) else ""
    if found.refused:
        yield f"  stays: {found.refused}"
        yield from ([f"    → {found.remedy}"] if found.remedy else [])
    elif problem:
        yield f"  stays: {problem.message}"
        yield f"    → {problem.place}: {problem.remedy}"
    elif asked:
        yield from asked_lines(asked)
        yield f"  {f'then `{way}` destroys all of it' if asked.stands else f'`{way}` asks anew'}"
    else:
        yield f"  `{way}` {'asks two people' if found.opened else 'destroys all of it'}"


def _asked(asked: Agreement) -> dict[str, Any]:
    return {
        "run": asked.removal.name,
        "step": asked.step,
        "reason": asked.removal.reason,
        "operator": asked.removal.operator,
        "people": asked.gate.people,
        "role": asked.gate.role,
        "said": [
            {
                "person": answer.person,
                "consent": answer.consent,
                "comment": answer.comment,
                "broken": answer.broken or None,
            }
            for answer in asked.said
        ],
        "agreed": asked.agreed,
        "outdated": asked.outdated or None,
    }


def _came(came: Reaped | Agreement) -> dict[str, Any]:
    match came:
        case Agreement():
            asked = _asked(came)
            return {"name": came.removal.target.name, "removed": {}, "stays": {}, "asked": asked}
        case Reaped():
            return {
                "name": came.target.name,
                "removed": dict(came.removed),
                "stays": dict(came.stays),
                "asked": _asked(came.agreed) if came.agreed else None,
            }


def _came_lines(came: Reaped | Agreement) -> Iterator[str]:
    match came:
        case Agreement():
            yield f"{came.removal.target.name} stays, and nothing was touched"
            yield from asked_lines(came)
            yield (
                "  then the same command destroys it"
                if came.answer is None
                else ("  that is a no; the same command asks anew")
            )
        case Reaped():
            yield f"{came.target.name}: {sum(came.removed.values())} resources are gone"
            for stack, why in came.stays.items():
                yield f"  {stack} is not, or not wholly: {why}"
            if came.agreed:
                yield from asked_lines(came.agreed)
