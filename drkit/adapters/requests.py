"""What is handed to a try, and back: the request as JSON over a pipe.

The only place where a :class:`drkit.ports.Secret` is written out: into the pipe of a process that
drkit itself started, never into a file, an argument or a log.
"""

from __future__ import annotations

import dataclasses
import json
from functools import cache
from pathlib import Path

import cattrs

from drkit.adapters.codec import converter
from drkit.adapters.discretion import discreet, holding
from drkit.adapters.plan_yaml import structure_plan
from drkit.errors import DrkitError, EffectUnknown, StepError
from drkit.model import step as steps
from drkit.model.calls import mark_of
from drkit.model.outcome import Failure, Outcome, State
from drkit.model.plan import Plan
from drkit.ports import Context, Secret

_CLASSES = {kind: cls for cls, kind in steps.KINDS.items()}


@cache
def _with_secrets() -> cattrs.Converter:
    made = converter().copy()
    made.register_unstructure_hook(Secret, lambda value: value.reveal())
    made.register_structure_hook(Secret, lambda value, _: Secret(value))
    made.register_unstructure_hook(
        Plan, lambda plan: {"root": str(plan.root), "source": plan.source}
    )
    made.register_structure_hook(
        Plan, lambda value, _: structure_plan(value["source"], root=Path(value["root"]))
    )
    return made


def write_request(
    work: steps.Work, context: Context, *, step: str, look_first: bool
) -> dict[str, object]:
    """The JSON value that :func:`read_request` takes. ``step`` is what the work is called."""
    return {
        "kind": steps.KINDS[type(work)],
        "work": _with_secrets().unstructure(work),
        "context": write_context(context),
        "look_first": look_first,
        "mark": mark_of(context.run, step),
    }


def write_context(context: Context) -> object:
    """The JSON value that :func:`read_context` takes, secrets included."""
    return _with_secrets().unstructure(context)


def read_context(value: object) -> Context:
    """The inverse of :func:`write_context`."""
    return _with_secrets().structure(value, Context)


def read_request(request: dict[str, object]) -> tuple[steps.Work, Context, bool]:
    """Work, context, and whether to look before doing."""
    work: steps.Work = _with_secrets().structure(request["work"], _CLASSES[str(request["kind"])])
    return work, read_context(request["context"]), bool(request["look_first"])


def mark_in(request: dict[str, object]) -> str:
    """See :func:`drkit.model.calls.mark_of`."""
    return str(request["mark"])


def log_of(request: dict[str, object]) -> str:
    """Where everything goes that the try's tools print."""
    context = request["context"]
    if not isinstance(context, dict):
        raise TypeError("the context of a request is a mapping")
    return str(context["log"])


def outcome_message(outcome: Outcome, secrets: tuple[str, ...]) -> str:
    """The last line of a try. Raises as :func:`discreet_outcome`, and TypeError for facts that are
    no JSON values.
    """
    said = discreet_outcome(outcome, secrets)
    text = json.dumps({"outcome": converter().unstructure(said)}, ensure_ascii=False)
    return text.encode(errors="replace").decode()


def discreet_outcome(outcome: Outcome, secrets: tuple[str, ...]) -> Outcome:
    """``outcome`` without secrets in its message and failures.

    Facts are never rewritten: what needs the step would work with something else. Raises StepError
    for one that holds a secret.
    """
    for name, value in outcome.facts.items():
        if place := holding(value, secrets, name):
            raise StepError(
                f"the fact `{place}` holds a secret, and facts are written to the journal",
                remedy="take it out of what the step reports; what is no secret (a user's name, a "
                "region) does not belong in the vault",
            )
    failures = tuple(
        Failure(
            message=discreet(failure.message, secrets),
            host=discreet(failure.host, secrets),
            task=discreet(failure.task, secrets),
            remedy=discreet(failure.remedy, secrets),
        )
        for failure in outcome.failures
    )
    message = discreet(outcome.message, secrets)
    return dataclasses.replace(outcome, message=message, failures=failures)


def outcome_of_error(error: BaseException) -> Outcome:
    """How a try ended that raised ``error``: an effect that is not known is not a failure."""
    match error:
        case EffectUnknown():
            state = State.UNKNOWN
        case DrkitError():
            state = State.FAILED
        case _:
            failure = Failure(
                message=f"{type(error).__name__}: {error}",
                remedy="this is a defect in drkit: the log of the step has the traceback",
            )
            return Outcome(state=State.FAILED, message=failure.message, failures=(failure,))
    failure = Failure(message=str(error), remedy=error.remedy)
    transient = False
    if isinstance(error, StepError):
        failure = dataclasses.replace(failure, host=error.host, task=error.task)
        transient = error.transient
    return Outcome(state=state, message=str(error), failures=(failure,), transient=transient)
