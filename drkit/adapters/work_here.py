"""A tool's work in this very process, outside of any run: for ``prepare`` and
``reap``.

As discreet as a try: nothing that is said, and no outcome, holds a secret. An error of drkit's own
is an outcome like any other.
"""

from __future__ import annotations

from collections.abc import Callable

from drkit.adapters.discretion import discreet, secrets_of
from drkit.adapters.requests import discreet_outcome, outcome_of_error
from drkit.errors import DrkitError
from drkit.model.outcome import Outcome
from drkit.ports import Context, Progress


def do_here(
    work: Callable[[Context, Progress], Outcome], context: Context, say: Progress
) -> Outcome:
    """Have ``work`` done: what a tool does. Raises StepError for a fact that holds a secret."""
    secrets = secrets_of(context)
    try:
        outcome = work(context, lambda line: say(discreet(line, secrets)))
    except DrkitError as error:
        outcome = outcome_of_error(error)
    return discreet_outcome(outcome, secrets)
