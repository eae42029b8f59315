"""One try of one step, in a process of its own: a request as JSON in, messages as JSON lines out.

Two processes: the supervisor (:func:`supervise`), which adopts every orphan of the try and
ends them all when the try is over, when it is asked to, and when drkit dies; and its child, which
does the work. Everything that a tool prints goes to the log of the try, never to the channel. What
tools leave in the folder for temporary files goes with the try, also when they are killed.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from typing import NoReturn, TextIO

from drkit import processes

_MARKED_BY = ("AWS_SDK_UA_APP_ID", "TF_APPEND_USER_AGENT")
"""Whoever calls AWS below a try puts what these hold into the call's user agent: AWS's SDKs the
first, Pulumi's published `aws` plugin the second, too."""


def supervise(*, parent: int, scratch: str, work: Callable[[], int]) -> NoReturn:
    """Have ``work`` done in a child, supervised for as long as the process ``parent`` lives; its
    temporary files go to the folder ``scratch``, and with it.

    Exits as the child did; with 128 and the signal's number where a signal ended it.
    """
    supervisor = os.getpid()

    def on_signal(_number: int, _frame: object) -> None:
        if os.getpid() == supervisor:  # else: the child, which has not put this away yet
            processes.end_descendants()
            shutil.rmtree(scratch, ignore_errors=True)
        os._exit(1)

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    processes.adopt_orphans()
    processes.die_with_parent(signal.SIGTERM, parent=parent)
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        processes.die_with_parent(signal.SIGKILL, parent=supervisor)
        os.environ["TMPDIR"] = tempfile.tempdir = scratch
        os._exit(work())
    os.close(1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    processes.end_descendants()
    shutil.rmtree(scratch, ignore_errors=True)
    os._exit(code if code >= 0 else 128 - code)


def try_step() -> int:
    """The work of a try: its request from stdin, its messages to stdout."""
    channel = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    try:
        request = json.load(sys.stdin)
        last = _do(request, _teller(channel))
    except KeyboardInterrupt:
        return 1
    channel.write(last + "\n")
    channel.flush()
    return 0


def answer(asked: Callable[[dict[str, object]], object]) -> int:
    """The work of a process that is asked one thing: the request from stdin, what ``asked`` makes
    of it to stdout.
    """
    from drkit.adapters import requests
    from drkit.adapters.codec import to_json

    with os.fdopen(os.dup(1), "w", encoding="utf-8") as channel:
        request = json.load(sys.stdin)
        print_to(requests.log_of(request))
        json.dump(to_json(asked(request)), channel)
    return 0


def _teller(channel: TextIO) -> Callable[[str], None]:
    def say(line: str) -> None:
        channel.write(json.dumps({"said": line}) + "\n")

    return say


def _do(request: dict[str, object], say: Callable[[str], None]) -> str:
    """The last message: the outcome. Whatever goes wrong is one, too."""
    from drkit.adapters import discretion, requests

    secrets: tuple[str, ...] = ()
    try:
        print_to(requests.log_of(request))
        os.environ.update(dict.fromkeys(_MARKED_BY, requests.mark_in(request)))
        work, context, look_first = requests.read_request(request)
        secrets = discretion.secrets_of(context)
        from drkit.toolbox import tool_for

        tool = tool_for(work)
        outcome = tool.look(context) if look_first else None
        if outcome is None:
            outcome = tool.do(context, lambda line: say(discretion.discreet(line, secrets)))
        return requests.outcome_message(outcome, secrets)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a try is its own program: any end counts
        traceback.print_exc()
        return requests.outcome_message(requests.outcome_of_error(error), secrets)


def print_to(log: str) -> None:
    """Have all that this process prints from here on go to the file ``log``."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
