"""Every error that drkit raises on purpose, and the exit code that each ends in.

    DrkitError
    ├── UsageError            2   the command line is wrong
    ├── ConfigurationError    3   plan, credentials, tools or world are not fit: nothing was touched
    ├── StepError             6   a tool could not do its work (raised by adapters, ends a step)
    ├── EffectUnknown         8   a tool vanished or timed out: what it did is not known
    ├── AnswerRefused         9   a gate does not take this answer: nothing was recorded
    ├── RunBusy              10   another drkit works on this run or site
    ├── RunTaken             13   somebody took this run over: nothing more is done here
    ├── JournalDamaged       11   the journal does not hold together
    └── SandboxError         12   the sandbox could not do what was asked

An expected "no" (a failed check, a missed objective) is a value, never an error: see
:class:`drkit.model.outcome.Outcome` and :mod:`drkit.reporting.verdict`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """How a command ends. Of several verdicts the first of 6, 5, 4, 8 counts."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    CONFIGURATION = 3
    OBJECTIVE_MISSED = 4
    CHECK_FAILED = 5
    STEP_FAILED = 6
    WAITS = 7
    UNKNOWN = 8
    ANSWER_REFUSED = 9
    BUSY = 10
    JOURNAL = 11
    SANDBOX = 12
    TAKEN = 13
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong before a run: where, what, and what to do about it."""

    place: str
    message: str
    remedy: str = ""
    affects: tuple[str, ...] = ()
    """Ids of the steps that this problem touches; empty: the whole run."""
    acceptable: bool = False
    """Whether ``--accept`` may pass over it although it touches the whole run."""

    @property
    def name(self) -> str:
        """What ``--accept`` calls it: the place without file and line."""
        return self.place.split()[-1]

    @property
    def may_be_accepted(self) -> bool:
        """Whether a run may go on in spite of it: it touches a part, or is somebody's to judge."""
        return bool(self.affects) or self.acceptable

    def __str__(self) -> str:
        remedy = f"\n    → {self.remedy}" if self.remedy else ""
        return f"{self.place}: {self.message}{remedy}"


class DrkitError(Exception):
    """The root of the tree. ``remedy`` is one sentence that says what to do next."""

    exit_code = Exit.UNEXPECTED

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class UsageError(DrkitError):
    exit_code = Exit.USAGE


class ConfigurationError(DrkitError):
    """Nothing was touched. Carries all problems at once, each with place and remedy."""

    exit_code = Exit.CONFIGURATION

    def __init__(
        self, message: str, *, problems: tuple[Problem, ...] = (), remedy: str = ""
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.problems = problems


class StepError(DrkitError):
    """The tool answered, and the answer is that it failed; ``host`` and ``task`` place it.

    ``transient``: the same again may well end otherwise.
    """

    exit_code = Exit.STEP_FAILED

    def __init__(
        self,
        message: str,
        *,
        host: str = "",
        task: str = "",
        remedy: str = "",
        transient: bool = False,
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.host = host
        self.task = task
        self.transient = transient


class EffectUnknown(DrkitError):
    """The tool did not answer: the next try must look before it acts (law 4)."""

    exit_code = Exit.UNKNOWN


class AnswerRefused(DrkitError):
    """An answer to a gate that counts for nothing: not that person's, not in time, given before, or
    with a code that is none. The gate stands as it stood.
    """

    exit_code = Exit.ANSWER_REFUSED


class RunBusy(DrkitError):
    exit_code = Exit.BUSY


class RunTaken(DrkitError):
    """Another owner has the run now: this one records nothing more and ends what it runs."""

    exit_code = Exit.TAKEN


class JournalDamaged(DrkitError):
    exit_code = Exit.JOURNAL


class SandboxError(DrkitError):
    exit_code = Exit.SANDBOX
