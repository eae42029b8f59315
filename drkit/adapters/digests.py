"""What a try works with, as one sha256: recorded, so that a mended playbook is seen, never blocked.

The digest covers the step's own folder or file, and for playbooks their roles and what they send.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from drkit.model.plan import Plan
from drkit.model.step import (
    CheckWork,
    LedgerWork,
    PlaybookWork,
    ProofWork,
    QuiesceWork,
    RunKind,
    StackWork,
    Step,
    StoreWork,
)
from drkit.planning.graph import build_graph


def digest_of(root: Path, step: Step) -> str:
    """sha256 over names and contents, hexadecimal; of nothing for steps that use no file."""
    total = hashlib.sha256()
    for path in _sources(step):
        total.update(_digest(root / path).encode())
    return total.hexdigest()


def standby_digests(plan: Plan) -> dict[str, str]:
    """Each step of a standby of ``plan``, and what it would work with now."""
    steps = build_graph(plan, RunKind.STANDBY).steps.values()
    return {step.id: digest_of(plan.root, step) for step in steps}


def _sources(step: Step) -> Iterator[str]:
    match step.work:
        case StackWork(stack=stack):
            yield f"stacks/{stack}"
        case (
            PlaybookWork(playbook=playbook)
            | StoreWork(playbook=playbook)
            | QuiesceWork(playbook=playbook)
        ):
            yield f"playbooks/{playbook}.yml"
            yield "playbooks/roles"
            if isinstance(step.work, PlaybookWork):
                yield from step.work.sends
        case CheckWork(paths=paths):
            yield from paths
        case ProofWork(path=path) | LedgerWork(path=path):
            yield path
        case _:
            return


def _digest(path: Path) -> str:
    """Of ``path`` and all below it, as they are now: a file mended while a person was waited for
    is seen. What cannot be read, or vanishes meanwhile, counts as such and stops nothing.
    """
    total = hashlib.sha256()
    for file in files_below(path):
        total.update(str(file.relative_to(path.parent)).encode(errors="surrogateescape"))
        try:
            total.update(file.read_bytes())
        except OSError as error:
            total.update(f"[{type(error).__name__}]".encode())
    return total.hexdigest()


def files_below(path: Path) -> list[Path]:
    """``path`` itself if it is a file, else all files in it, sorted; none if it is not there."""
    if path.is_file():
        return [path]
    found = []
    # os.walk passes over folders that vanish; Path.rglob raises (Python 3.11)
    for folder, folders, names in os.walk(path):
        if "__pycache__" in folders:
            folders.remove("__pycache__")
        found += [file for name in names if (file := Path(folder, name)).is_file()]
    return sorted(found)
