"""Where the tools of a try put temporary files, secrets among them: one folder a try, removed with
it. What a whole command needs has one as well, by a name that no step has.

The folder is in the system's place for such, because a unix socket's path may have 107 characters.
So that it can be swept when drkit and the supervisor were both killed, a link in the run's private
folder names it: the next try of the step finds it, or whoever takes away what the run has built.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from drkit import processes
from drkit.adapters.private import private_folder

_PREFIX = ".scratch."


def make_scratch(folder: Path, step: str) -> Path:
    """A new folder (0700) for a try of ``step`` in the run ``folder``; an earlier try's is swept.

    Raises OSError.
    """
    sweep_scratch(folder, step)
    made = Path(tempfile.mkdtemp(prefix="drkit-"))
    try:
        _link(folder, step).symlink_to(made)
    except OSError:
        made.rmdir()
        raise
    return made


def scratch_of(folder: Path, step: str) -> Path | None:
    """The folder that was made for ``step``, where it is there."""
    link = _link(folder, step)
    return link.readlink() if link.is_symlink() and link.exists() else None


def sweep_scratch(folder: Path, step: str) -> None:
    """Remove what a try of ``step`` has left, if anything."""
    link = _link(folder, step)
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(link.readlink(), ignore_errors=True)
        link.unlink()


@contextlib.contextmanager
def working_in_scratch(folder: Path, work: str) -> Iterator[Path]:
    """A new folder for ``work`` that is done in this very process, and that it can be swept by when
    it is begun again: temporary files of Python's go there meanwhile. Raises OSError.
    """
    before, made = tempfile.tempdir, make_scratch(folder, work)
    tempfile.tempdir = str(made)
    try:
        yield made
    finally:
        tempfile.tempdir = before
        sweep_scratch(folder, work)


@contextlib.contextmanager
def calling_in_scratch(folder: Path, work: str) -> Iterator[Path]:
    """The same for what several processes may do at once: a folder for each, and what dead ones
    have left is swept. ``folder`` is made if it is not there.
    """
    private_folder(folder.parent)
    private_folder(folder)
    for link in folder.glob(f"{_PREFIX}{work}.*"):
        name = link.name.removeprefix(_PREFIX)
        if not processes.alive(int(name.rpartition(".")[2])):
            sweep_scratch(folder, name)
    with working_in_scratch(folder, f"{work}.{os.getpid()}") as made:
        yield made


def sweep_all(folder: Path) -> None:
    """Remove what any try of the run in ``folder`` has left: of one that is dead, and that nobody
    carries on with.
    """
    for link in folder.glob(f"{_PREFIX}*"):
        sweep_scratch(folder, link.name.removeprefix(_PREFIX))


def _link(folder: Path, step: str) -> Path:
    return folder / f"{_PREFIX}{step}"
