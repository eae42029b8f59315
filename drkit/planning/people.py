"""Who may answer gates, and how many are asked: their keys and roles, and the seals of the codes
that stand in for them.

What cannot be undone takes two people, unless the plan says one or has no second. To destroy what
customers were on takes two always.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from drkit.errors import Problem
from drkit.model.plan import Person, Plan, StepEntry
from drkit.model.step import GateWork
from drkit.planning.closure import closure
from drkit.planning.cutover import first_of_cutover

_KEY = re.compile(r"ssh-ed25519 AAAA[A-Za-z0-9+/]+={0,2}( .*)?")
_SEAL = re.compile(r"[A-Za-z0-9+/]{64}")


def people_asked(plan: Plan, entry: StepEntry) -> int:
    """How many different people must say yes at a gate: as the plan says, else two before a
    cutover where two could, else one.
    """
    if entry.people is not None:
        return entry.people
    two = entry.name in _last_before_cutover(plan) and len(_able(plan, entry)) > 1
    return 2 if two else 1


def _last_before_cutover(plan: Plan) -> frozenset[str]:
    """The gates behind which a cutover comes and no further gate: their yes fences the old site
    and opens the new one to customers, which is what promotes its databases.
    """
    cutovers = [entry.name for entry in plan.steps.values() if entry.cutover]
    first = {*cutovers, *map(first_of_cutover, cutovers)}
    gates = {entry.name for entry in plan.steps.values() if entry.gate}

    def before(name: str) -> tuple[str, ...]:
        entry = plan.steps.get(name)
        return entry.after if entry and name not in gates else ()

    behind = [name for entry in plan.steps.values() if entry.name in first for name in entry.after]
    return closure(behind, before) & gates


def _able(plan: Plan, entry: StepEntry) -> list[Person]:
    """All who can answer a gate: with its role, and a key where it takes signed answers only."""
    return _answering(_with_role(plan, entry.gate), entry)


def could_answer(plan: Plan, entry: StepEntry) -> tuple[str, ...]:
    """Names of all who can answer a gate, now or once its limit brings them in."""
    later = entry.escalate if entry.limit else None
    return tuple(p.name for p in _answering(_with_role(plan, entry.gate, later), entry))


def _answering(people: list[Person], entry: StepEntry) -> list[Person]:
    return [person for person in people if person.key or not entry.signed]


def _with_role(plan: Plan, *roles: str | None) -> list[Person]:
    return [p for p in plan.people.values() if any(role in p.roles for role in roles)]


def gate_of_removal(plan: Plan) -> GateWork:
    """Who is asked before a generation is destroyed that customers were on: two people who sign, of
    the role that sends customers over. Only for a plan without :func:`removal_problem`.
    """
    return GateWork(role=_role_of_cutover(plan) or "", people=2, signed=True)


def removal_problem(plan: Plan) -> Problem | None:
    """Why too few could agree to that; None: enough could."""
    role = _role_of_cutover(plan)
    if role is None:
        return Problem(
            place="steps",
            message="no gate before a cutover says whose yes destroys what customers were on",
            remedy="add a step `consent: {gate: ROLE}`, and cut over after it",
        )
    able = [person for person in _with_role(plan, role) if person.key]
    if twice := next(_under_two_names(able), None):
        return twice
    signing = [person.name for person in able]
    if len(signing) > 1 or (signing and plan.break_glass):
        return None
    code = "; or `drkit break-glass new`: a sealed code stands in for the second"
    return Problem(
        place="people",
        message="to destroy what customers were on takes two who sign, and"
        f" {f'only {signing[0]}' if signing else 'nobody'} has the role `{role}` and a key",
        remedy=f"give two people the role `{role}` and `key: ssh-ed25519 AAAA…`"
        + (code if signing else ""),
    )


def _role_of_cutover(plan: Plan) -> str | None:
    last = _last_before_cutover(plan)
    return next((entry.gate for entry in plan.steps.values() if entry.name in last), None)


def _under_two_names(people: Iterable[Person]) -> Iterator[Problem]:
    """Keys that sign for two: who holds one of them would be two people."""
    first: dict[str, str] = {}
    for person in people:
        fields = (person.key or "").split()
        if len(fields) > 1:  # what comes behind is a comment
            name = first.setdefault(fields[1].rstrip("="), person.name)
            if name != person.name:
                yield Problem(
                    place=f"people.{person.name}.key",
                    message=f"this is the key of {name} too: one person would be two",
                    remedy=f"write {person.name}'s own key, or take one of the two names out",
                )


def people_problems(plan: Plan) -> Iterator[Problem]:
    """Keys and seals that are none, a key of two people, and gates that too few could answer."""
    yield from _under_two_names(plan.people.values())
    roles = {role for person in plan.people.values() for role in person.roles}
    for person in plan.people.values():
        if person.key is not None and not _KEY.fullmatch(person.key.strip()):
            yield Problem(
                place=f"people.{person.name}.key",
                message="this is no ed25519 public key",
                remedy="write the line of ~/.ssh/id_ed25519.pub: ssh-ed25519 AAAA…",
            )
    for entry in plan.steps.values():
        yield from _enough_people(plan, entry)
        if entry.gate and entry.gate not in roles:
            yield Problem(
                place=f"steps.{entry.name}.gate",
                message=f"nobody in `people` has the role `{entry.gate}`",
                remedy=f"roles there are: {', '.join(sorted(roles)) or 'none'}",
            )
        if entry.gate and entry.escalate and entry.escalate not in roles - {entry.gate}:
            yield Problem(
                place=f"steps.{entry.name}.escalate",
                message=f"this brings in nobody: `{entry.escalate}` must be another role that"
                " somebody in `people` has",
                remedy=f"roles there are: {', '.join(sorted(roles - {entry.gate})) or 'no other'}",
            )
        if entry.gate and entry.limit is not None and not entry.limit:
            yield Problem(
                place=f"steps.{entry.name}.limit",
                message="a gate that waits no time cannot be answered",
                remedy="write how long it waits, as 30m, or take it out",
            )
    yield from _seals(plan)


def _enough_people(plan: Plan, entry: StepEntry) -> Iterator[Problem]:
    able = _with_role(plan, entry.gate)
    signing = [person for person in able if person.key]
    wanted = people_asked(plan, entry)
    if entry.gate and able and not 1 <= wanted <= len(able):
        yield Problem(
            place=f"steps.{entry.name}.people",
            message=f"{wanted} people cannot answer: {len(able)} have the role `{entry.gate}`",
            remedy=f"write 1 to {len(able)}, or give more people the role",
        )
    elif entry.gate and entry.signed and len(signing) < wanted:
        yield Problem(
            place=f"steps.{entry.name}.signed",
            message=f"{len(signing)} of the {len(able)} people with the role `{entry.gate}` have a"
            f" key, and {wanted} must sign",
            remedy="give them `key: ssh-ed25519 AAAA…` in `people`",
        )


def _seals(plan: Plan) -> Iterator[Problem]:
    for number, seal in enumerate(plan.break_glass):
        if not _SEAL.fullmatch(seal):
            yield Problem(
                place=f"break-glass.{number}",
                message="this is no seal: 64 characters of base 64",
                remedy="copy the whole line that `drkit break-glass new` printed",
            )
    for seal, times in Counter(plan.break_glass).items():
        if times > 1:
            yield Problem(
                place="break-glass",
                message=f"{seal} stands here {times} times: its code works once",
                remedy="keep one of them",
            )
