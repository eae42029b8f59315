"""One operation of Pulumi on one stack: run it, write its log, and say what it came to.

A resource that could not be made is an answer (FAILED, with its name and the provider's words).
What the CLI refuses before it begins is an error of drkit's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pulumi.automation import (
    CommandError,
    CommandResult,
    ConcurrentUpdateError,
    Deployment,
    OutputMap,
    Stack,
    StackAlreadyExistsError,
    StackNotFoundError,
    UpdateSummary,
    Workspace,
)

from drkit.adapters.pulumi_events import Account
from drkit.adapters.pulumi_state import StackState, locked
from drkit.adapters.pulumi_workspace import Opened
from drkit.adapters.stored_states import ENDINGS, StoredState
from drkit.errors import StepError
from drkit.model.outcome import Failure, Outcome, State
from drkit.ports import Progress

Operation = Literal["up", "preview", "refresh", "preview_refresh", "destroy"]
_TRANSIENT = re.compile(
    r"Throttl|RequestLimitExceeded|SlowDown|ServiceUnavailable|InternalError|InternalFailure"
    r"|RequestTimeout|connection reset|i/o timeout|TLS handshake timeout|EOF",
    re.IGNORECASE,
)
"""Words of AWS (its common error codes) and of Go's network library that pass by themselves."""
_PROGRAM_RUNS: frozenset[Operation] = frozenset({"up", "preview"})
NEW = Deployment(version=3, deployment={})
"""The state of a stack that was just made."""


class _Stack(Stack):
    """The SDK asks the CLI for outputs and history after each operation: three calls of 0.4 s
    (measured with pulumi 3.259), and the events have said it all.
    """

    def __init__(self, name: str, workspace: Workspace) -> None:
        """Of a stack that is there. The parent's asks the CLI to select it: 0.4 s more, for each
        operation names its stack.
        """
        self.name, self.workspace = name, workspace

    def outputs(self) -> OutputMap:
        return {}

    def info(self, show_secrets: bool = True) -> UpdateSummary:  # noqa: ARG002 - as the parent's
        return UpdateSummary("", datetime.now(UTC), "", {}, {}, "")


def _quiet(stack: Stack) -> Stack:
    """The SDK's ``create`` makes a plain Stack, of whatever class it is asked."""
    stack.__class__ = _Stack
    return stack


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStack:
    """A stack that is there, and what its state said when it was opened."""

    name: str
    opened: Opened
    stack: Stack
    state: StackState
    log: Path
    """The CLI's own words go here and nowhere else."""

    def run(self, operation: Operation, progress: Progress, *, refresh: bool = False) -> Account:
        """Run to the end. Raises StepError, EffectUnknown for what kept it from beginning."""
        if self.state.sealed and operation in _PROGRAM_RUNS:
            raise AssertionError(f"{operation} of {self.name} without its secrets")
        account = Account(progress, refreshes=operation == "preview_refresh")
        options: dict[str, object] = {"refresh": True} if refresh else {}
        self.log.touch(mode=0o600)
        with self.log.open("a", buffering=1) as log:

            def write(line: str) -> None:
                log.write(f"{line}\n")

            try:
                getattr(self.stack, operation)(
                    on_event=account.hear,
                    on_output=write,
                    on_error=write,
                    color="never",
                    suppress_progress=True,
                    **options,
                )
            except ConcurrentUpdateError:
                raise
            except CommandError:
                if not self._explains(account):
                    raise
                return account
        account.must_have_ended(operation)
        return account

    def _explains(self, account: Account) -> bool:
        """Whether a failure has a cause to show. The program's own words beat its traceback."""
        account.wait_for_end()
        if (error := self.opened.program.error) is not None:
            account.failures = [failure for failure in account.failures if failure.task]
            account.failures.append(
                Failure(
                    message=f"{type(error).__name__}: {str(error).strip()}",
                    remedy=f"the program stacks/{self.name} says so: mend it or its configuration",
                )
            )
        return bool(account.failures)


def create_or_select(opened: Opened, stack: str) -> tuple[Stack, Deployment]:
    """The stack, made if it is not there, and its state (secrets in the clear).

    Creating comes first: in a rebuild the stack is new, and each call of the CLI costs 0.3 s. A
    locked one is there, too.
    """
    try:
        return _quiet(Stack.create(stack, opened.workspace)), NEW
    except (StackAlreadyExistsError, ConcurrentUpdateError):
        return select(opened, stack)


def select(opened: Opened, stack: str) -> tuple[Stack, Deployment]:
    """A stack that exists, and its state (secrets in the clear); raises StackNotFoundError."""
    there = _Stack(stack, opened.workspace)
    return there, there.export_stack()


def as_stored(opened: Opened, stack: str, document: Mapping[str, Any]) -> tuple[Stack, Deployment]:
    """A stack that exists, and its state out of the ``document`` that Pulumi keeps it in (secrets
    encrypted): the CLI is not asked.
    """
    state = document["checkpoint"].get("latest") or {}
    return _Stack(stack, opened.workspace), Deployment(NEW.version, state)


def as_new(opened: Opened, stack: str, folder: Path) -> tuple[Stack, Deployment]:
    """A new stack whose state is kept in ``folder``, an empty one, as Pulumi keeps it in a bucket;
    the CLI, which would be asked to make one, is not: it takes ``{}`` for what has nothing yet
    (pulumi 3.259).
    """
    state = folder / StoredState(project=opened.project, stack=stack, ending=ENDINGS[0]).key
    state.parent.mkdir(parents=True)
    state.write_text("{}")
    (folder / ".pulumi" / "meta.yaml").write_text("version: 1\n")
    return _Stack(stack, opened.workspace), NEW


def not_there(stack: str) -> StackNotFoundError:
    """What the CLI would raise, without asking it."""
    said = f"error: no stack named '{stack}' found"
    return StackNotFoundError(CommandResult(stdout="", stderr=said, code=255))


def outcome(account: Account, stack: str) -> Outcome:
    """DONE with the outputs that are no secrets, or FAILED with what went wrong."""
    if account.failures:
        first = account.failures[0]
        return Outcome(
            state=State.FAILED,
            changed=account.changed,
            message=f"stack {stack}: {first.task + ': ' if first.task else ''}{first.message}",
            failures=tuple(account.failures),
            transient=all(_TRANSIENT.search(failure.message) for failure in account.failures),
        )
    return Outcome(state=State.DONE, changed=account.changed, facts=account.public_outputs())


@contextmanager
def translated(stack: str) -> Iterator[None]:
    """Turn what the CLI refuses into StepError or EffectUnknown, with a remedy."""
    try:
        yield
    except StackNotFoundError:
        raise
    except ConcurrentUpdateError as error:
        raise locked(stack, str(error)) from error
    except CommandError as error:
        said = str(error)
        if "incorrect passphrase" in said:
            raise StepError(
                f"the state of stack {stack} was made with another passphrase",
                remedy="put the `pulumi_passphrase` it was made with back into the vault",
            ) from error
        if "load checkpoint" in said:
            raise StepError(
                f"the state of stack {stack} is damaged: {_cause(said)}",
                remedy="bring the stack up (`drkit prepare` does it for outside): that brings its "
                "state back from a copy",
            ) from error
        raise StepError(
            f"Pulumi could not work on stack {stack}: {_cause(said)}",
            remedy="the log of the step has all that it said",
        ) from error


def _cause(said: str) -> str:
    """The CLI's error in a line: what stands behind its ``error:``."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line.removeprefix("stderr:").strip() for line in lines if "error:" in line]
    return (errors or lines or ["it said nothing"])[-1].removeprefix("error:").strip()
