"""What a step that was broken off may have left half done, and what the way back is: by its kind.

Said of every try that ended without a word, that a limit ended, or a person. Refuses to guess what
really happened: the next try looks.
"""

from __future__ import annotations

from drkit.model.step import (
    CheckWork,
    DriftWork,
    GateWork,
    LedgerWork,
    Mode,
    PlaybookWork,
    ProofWork,
    RemovalWork,
    StackWork,
    Step,
    StoreWork,
    WaitWork,
)


def way_back(step: Step) -> str:
    """What may be left, and where, and what takes it up or ends it."""
    match step.work:
        case StackWork():
            return (
                "the cloud may go on making what it was asked for: the next try finds it, takes it"
                " in, and makes nothing twice"
            )
        case RemovalWork(stack=stack):
            return (
                f"a part of {stack} may still be there: the next drkit that validates the site, or"
                " `drkit reap`, takes it away"
            )
        case StoreWork(store=store, hosts=hosts, mode=Mode.RESTORE):
            return (
                f"on {hosts} a restore may go on by itself, and the next try finds it; to end it"
                f" there: `systemctl stop drkit-restore-{store}`"
            )
        case StoreWork(hosts=hosts) | PlaybookWork(hosts=hosts):
            return f"on {hosts} a part of it may be done: the next try changes what is left"
        case ProofWork():
            return "an order of the proof may be left in the shop, marked as one"
        case CheckWork() | LedgerWork() | DriftWork():
            return "it only looks: nothing is left half done"
        case GateWork() | WaitWork():
            return "it begins again: nothing is left half done"
        case _:
            return "the next try asks what holds now before it acts"
