"""What Pulumi foresees of one stack, asked in a process of its own: a request as JSON in, what was
said as JSON out.

Of its own, because two projects in one process take each other's modules, and because stacks are
looked at side by side. It is forked and supervised as a try is (:mod:`drkit.forkserver`): the
command line of Pulumi, its plug-in and their files go with it. Writes nothing that outlives it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from drkit import attempt
from drkit.adapters import discretion, requests
from drkit.model.step import StackWork

if TYPE_CHECKING:
    from drkit.ports import Context
    from drkit.reporting.readiness.stacks import Foreseen


class Way(StrEnum):
    """How a stack is looked at."""

    BUILD = "build"
    """What building it would do, its program run; what is there is compared with the cloud."""
    COMPARE = "compare"
    """How the cloud has what is there, without its program."""


WAY = "way"
"""Key of a request (:func:`drkit.adapters.requests.write_request`) that says how to look."""


def look() -> int:
    """The work of such a process: its request from stdin, the answer to stdout."""
    return attempt.answer(_asked)


def _asked(request: dict[str, object]) -> Foreseen:
    from drkit.adapters.pulumi_foresight import not_known

    secrets: tuple[str, ...] = ()
    try:
        work, context, _ = requests.read_request(request)
        if not isinstance(work, StackWork):
            raise TypeError(f"{work} is no stack's")
        secrets = discretion.secrets_of(context)
        return _foreseen(work, context, Way(str(request[WAY])), secrets)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, nothing is known
        ended = requests.discreet_outcome(requests.outcome_of_error(error), secrets)
        return not_known(ended)


def _foreseen(work: StackWork, context: Context, way: Way, secrets: tuple[str, ...]) -> Foreseen:
    from drkit.adapters.pulumi_foresight import compared, foreseen
    from drkit.adapters.pulumi_operation import outcome
    from drkit.adapters.pulumi_stack import StackTool

    tool, build = StackTool(work), way is Way.BUILD
    account = tool.foresee(context, refresh=True) if build else tool.compare(context)
    ended = requests.discreet_outcome(outcome(account, work.stack), secrets)
    return foreseen(account, ended, context) if build else compared(account, ended)
