"""Many questions to many hosts for the price of one: a single command per host, all at once.

A command over ssh costs 0.1 to 0.3 s, whatever it asks; a suite that asks one thing at a time on
one host after another is most of the time of a rebuild's checks. Questions only read: what they
would change is nobody's to change in a check.
"""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from testinfra.host import Host

from drkit.checking.hosts import name

LIMIT = timedelta(seconds=20)
"""How long one question may take on its host."""

_NOT_BEGUN = ("kex_exchange_identification", "stdio forwarding failed", "Connection refused")

_UNIT, _RECORD = "\x1f", "\x1e"
# The names are ASCII's own for what they part: units, and records of units.
_FUNCTION = (
    'q() {{ o=$(timeout {seconds} /bin/sh -c "$2" 2>&1); '
    'printf \'%s\\037%s\\037%s\\036\' "$1" $? "$o"; }}'
)


class HostSilent(AssertionError):
    """A host could not be asked: ssh did not get there, or what came back is no answer."""

    def __init__(self, host: str, words: str) -> None:
        super().__init__(f"{host} cannot be asked: {words}")
        self.host = host


@dataclass(frozen=True, slots=True)
class Answer:
    """What one command said on one host: exit status and output, without the last newline."""

    status: int
    text: str

    @property
    def ok(self) -> bool:
        return self.status == 0

    @property
    def json(self) -> Any:
        """The output as a JSON value. Raises AssertionError that shows it where it is none."""
        try:
            return json.loads(self.text)
        except ValueError as error:
            raise AssertionError(f"no JSON, status {self.status}: {self.text!r}") from error

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(self.text.splitlines())


Answers = Mapping[str, Answer]
T = TypeVar("T")


def ask(
    hosts: Iterable[Host], questions: Mapping[str, str], *, limit: timedelta = LIMIT
) -> Mapping[Host, Answers]:
    """Run each question (name → shell command, as root) on each host.

    Returns host → question → :class:`Answer`; a command that fails or exceeds ``limit`` (status
    124) is an answer too. Raises :class:`HostSilent` for the first host that cannot be asked.
    """
    function = _FUNCTION.format(seconds=limit.total_seconds())
    calls = [f"q {shlex.quote(key)} {shlex.quote(text)}" for key, text in questions.items()]
    script = "\n".join((function, *calls))
    return at_once(hosts, lambda host: _parse(host, run(host, script), questions))


def at_once(hosts: Iterable[Host], work: Callable[[Host], T]) -> Mapping[Host, T]:
    """``work`` on all hosts side by side. Raises what the first of them raised."""
    wanted = tuple(hosts)
    with ThreadPoolExecutor(max_workers=max(1, len(wanted))) as pool:
        return dict(zip(wanted, pool.map(work, wanted), strict=True))


def run(host: Host, command: str) -> str:
    """The output of ``command``, which must exit with 0. Raises :class:`HostSilent`.

    A connection that was dropped before it began is tried once more: a jump host that many knock
    at drops some, and the command has not run.
    """
    result = _result(host, command, again=True)
    if result.rc != 0:
        raise HostSilent(name(host), f"exit status {result.rc}: {result.stderr.strip()}")
    return str(result.stdout)


def _result(host: Host, command: str, *, again: bool) -> Any:
    try:
        return host.run(command)
    except RuntimeError as error:
        # testinfra raises RuntimeError(result) where ssh itself exits with 255
        words = getattr(error.args[0], "stderr", str(error)) if error.args else str(error)
        if again and any(sign in words for sign in _NOT_BEGUN):
            time.sleep(1)
            return _result(host, command, again=False)
        raise HostSilent(name(host), f"ssh: {words.strip()}") from error


def _parse(host: Host, output: str, questions: Iterable[str]) -> Answers:
    answers = {}
    for record in output.split(_RECORD)[:-1]:
        key, status, text = record.split(_UNIT, 2)
        answers[key] = Answer(int(status), text)
    missing = [key for key in questions if key not in answers]
    if missing:
        raise HostSilent(name(host), f"no answer to {', '.join(missing)}")
    return answers
