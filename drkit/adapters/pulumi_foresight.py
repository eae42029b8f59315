"""What a preview or a comparison of one stack came to, for who has to judge it.

Decides what is a refusal and what is only not known: a cloud that does not answer, and a program
that stumbles over an input that nobody can know before the stacks that it needs are there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from drkit.adapters.pulumi_drift import differences
from drkit.adapters.pulumi_events import UNKNOWN, Account
from drkit.model.outcome import Outcome
from drkit.ports import Context
from drkit.reporting.readiness.stacks import Foreseen

_MEANT = re.compile(r"RunError: |Exception: invoke of ")
"""How the end that a program chooses itself begins, and a look-up that the cloud refuses (pulumi
3.259)."""


def foreseen(account: Account, ended: Outcome, context: Context) -> Foreseen:
    """Of a preview; ``ended`` is what ``account`` came to, without secrets."""
    drift = differences(account.refreshed)
    if ended.done:
        creates = account.counts.get("create", 0)
        return Foreseen(
            creates=creates,
            changes=tuple(account.planned),
            outputs=ended.facts,
            differences=drift,
        )
    if ended.transient:
        return not_known(ended)
    if (waits_for := _not_known_yet(context)) and _stumbled(ended):
        return Foreseen(
            unknown=f"its program does not run before the outputs of {' and '.join(waits_for)}"
            f" are known: {ended.message}",
            remedy=f"`drkit validate --region {context.target.region}` builds it",
        )
    return Foreseen(refused=ended.failures, differences=drift)


def compared(account: Account, ended: Outcome) -> Foreseen:
    """Of a comparison with the cloud."""
    if ended.done:
        return Foreseen(differences=differences(account.refreshed))
    return not_known(ended)


def not_known(ended: Outcome) -> Foreseen:
    """Of what ended otherwise than by an answer."""
    return Foreseen(unknown=ended.message, remedy=ended.failures[0].remedy)


def _stumbled(ended: Outcome) -> bool:
    """Whether the program ended over a value that is not known, as far as can be told."""
    return not any(
        failure.task or (_MEANT.match(failure.message) and UNKNOWN not in failure.message)
        for failure in ended.failures
    )


def _not_known_yet(context: Context) -> list[str]:
    """The stacks of whose outputs some are not known."""
    return [stack for stack, told in context.facts.items() if _holds_unknown(told)]


def _holds_unknown(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_unknown(part) for part in value.values())
    if isinstance(value, list | tuple):
        return any(_holds_unknown(part) for part in value)
    return value == UNKNOWN
