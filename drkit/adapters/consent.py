"""Where consents come from: the command line, or a person at this terminal.

Unsigned: the name is what the operator typed, and is recorded as such. A name that the plan does
not know, or that lacks the gate's role, is no consent.
"""

from __future__ import annotations

import os
import select
import sys
import termios
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from drkit.errors import ConfigurationError, Problem
from drkit.model.plan import Plan
from drkit.model.record import GateAnswered
from drkit.model.step import GateWork, Step


def role_of(plan: Plan, person: str, roles: Iterable[str]) -> str | None:
    """The first of ``roles`` that a person has; None for nobody of the plan."""
    found = plan.people.get(person)
    return next((role for role in roles if found and role in found.roles), None)


def able(plan: Plan, roles: Iterable[str]) -> str:
    """The names of all who have one of ``roles``."""
    asked = set(roles)
    return ", ".join(p.name for p in plan.people.values() if asked & set(p.roles))


def consent_problems(plan: Plan, given: Mapping[str, str]) -> tuple[Problem, ...]:
    """What is wrong with ``--consent STEP=PERSON`` before anything starts."""
    found = []
    for step, person in given.items():
        entry = plan.steps.get(step)
        if entry is None or not entry.gate:
            gates = ", ".join(e.name for e in plan.steps.values() if e.gate)
            found.append(
                Problem(
                    place=f"--consent {step}",
                    message=f"`{step}` is no gate of this plan",
                    remedy=f"gates: {gates or 'none'}",
                )
            )
        elif entry.signed:
            found.append(
                Problem(
                    place=f"--consent {step}",
                    message=f"`{step}` takes signed answers only",
                    remedy=f"drkit approve RUN {step} --as {person}",
                )
            )
        elif not role_of(plan, person, (entry.gate, entry.escalate or entry.gate)):
            found.append(
                Problem(
                    place=f"--consent {step}",
                    message=f"{person} has not the role `{entry.gate}` in this plan",
                    remedy=f"who has: {able(plan, (entry.gate,))}",
                )
            )
    return tuple(found)


class GivenConsent:
    """Consents that were given with the command. Raises ConfigurationError for a gate, a person or
    a role that the plan does not have.
    """

    def __init__(self, plan: Plan, given: Mapping[str, str], *, refuse: bool = False) -> None:
        if problems := consent_problems(plan, given):
            raise ConfigurationError("nothing was touched", problems=problems)
        self._plan = plan
        self._given = given
        self._refuse = refuse

    def answer(self, step: Step, waited: timedelta) -> GateAnswered | None:
        if step.id not in self._given or not isinstance(step.work, GateWork):
            return None
        person = self._given[step.id]
        role = role_of(self._plan, person, step.work.asks(waited))
        if role is None:
            return None
        return GateAnswered(
            step=step.id,
            person=person,
            role=role,
            consent=not self._refuse,
            comment="given on the command line",
            signed=False,
        )


class TerminalConsent:
    """Asks on stderr, and reads stdin without ever holding up the run.

    One gate at a time: an answer that names no gate must not be taken for another one's. A yes is
    taken only if nothing has changed since the question that would have changed it. The
    question comes anew when others may answer. Where stdin has ended nobody can answer here.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        text: Callable[[], str],
        doubt: Callable[[], str],
        first: GivenConsent,
        run: str = "RUN",
    ) -> None:
        self._plan = plan
        self._run = run
        self._text = text
        self._doubt = doubt
        self._first = first
        self._asked = ""
        self._roles: tuple[str, ...] = ()
        """Who was asked."""
        self._others: set[str] = set()
        """Gates that were asked about since the one of the question was."""
        self._lines = _Lines()

    def answer(self, step: Step, waited: timedelta) -> GateAnswered | None:
        given = self._first.answer(step, waited)
        if given is not None or not isinstance(step.work, GateWork):
            return given
        roles = step.work.asks(waited)
        if not self._is_turn_of(step.id) or not roles:
            return None
        if not self._asked:
            self._asked = step.id
            self._say(f"\n{self._text()}\n")
        if self._roles != roles:
            self._roles = roles
            self._question(step, step.work)
        if step.work.signed:
            return None
        line = self._lines.next()
        return self._read(step, step.work, line) if line is not None else None

    def _is_turn_of(self, gate: str) -> bool:
        """Whether the question is, or may be, this gate's. A gate that a whole round has passed by
        was answered elsewhere, or closed: its question is void.
        """
        if self._asked == gate:
            self._others.clear()
        elif self._asked and gate not in self._others:
            self._others.add(gate)
            return False
        elif self._asked:
            self._over()
        return True

    def _over(self) -> None:
        self._asked, self._roles = "", ()
        self._others.clear()

    def _read(self, step: Step, gate: GateWork, line: str) -> GateAnswered | None:
        match line.split(maxsplit=2):
            case [("yes" | "no") as word, person, *comment] if role := role_of(
                self._plan, person, self._roles
            ):
                if word == "yes" and (doubt := self._doubt()):
                    self._say(f"\n{doubt}\n")
                    self._question(step, gate)
                    return None
                self._over()
                return GateAnswered(
                    step=step.id,
                    person=person,
                    role=role,
                    consent=word == "yes",
                    comment=" ".join(comment).strip(),
                    signed=False,
                )
            case _:
                self._say("not understood, or not a person with that role")
                self._question(step, gate)
                return None

    def _question(self, step: Step, gate: GateWork) -> None:
        if sys.stdin.isatty():
            # what was typed before the question was asked is no answer to it
            termios.tcflush(sys.stdin, termios.TCIFLUSH)
        who = f"{' or '.join(self._roles)} ({able(self._plan, self._roles)})"
        who = f"{gate.people} of {who}" if gate.people > 1 else who
        if gate.signed:
            self._say(f"{step.id} waits for {who}: drkit approve {self._run} {step.id} --as NAME")
        else:
            self._say(f"{step.id} waits for {who}. Type: yes NAME [comment]  or  no NAME …")
        if gate.people > 1 and self._plan.break_glass:
            how = f"drkit approve {self._run} {step.id} --as NAME --break-glass"
            self._say(f"If nobody else can be had, a sealed code stands in for one: {how}")

    def _say(self, line: str) -> None:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


class _Lines:
    """Whole lines of stdin, as they come. Read by descriptor: a buffered reader keeps a second line
    to itself, and ``select`` does not know of it.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._ended = False

    def next(self) -> str | None:
        """The next line that was typed; None while there is none."""
        while b"\n" not in self._buffer:
            if self._ended or not select.select([sys.stdin], [], [], 0)[0]:
                return None
            data = os.read(sys.stdin.fileno(), 4096)
            # at a terminal Ctrl-D ends a line, not the person
            self._ended = not data and not sys.stdin.isatty()
            self._buffer += data
            if not data:
                return None
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode(errors="replace")
